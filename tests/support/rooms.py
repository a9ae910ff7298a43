"""The walls between the rooms of src/, read from the sources themselves.

    rooms.py SOURCE check      what is not as doc/architecture.md says; exit code 1 if anything
    rooms.py SOURCE picture    the includes between rooms as a Mermaid graph
    rooms.py SOURCE count      the numbers of doc/architecture.md, "One concept, one pair"
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

GENERATED = {"config.h", "commit.h"}  # by configure and make
SHARED = {"layers.h", "commands.h"}  # one header for a file per layer, and per command
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# clang-format puts what has external linkage at the start of a line.
FUNCTION = re.compile(r"^(?!static|typedef|extern|#|/|\*)[A-Za-z][\w \*]*?\b(lore_\w+)\(([^;{}]*)\)\s*"
                      r"(?:__attribute__\(.*?\)\)\s*)?([;{])", re.M)


def room_of(file):
    parts = file.parts
    return parts[2] if parts[0] == "include" else parts[1]


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


class Tree:
    def __init__(self, root):
        files = sorted([*root.glob("src/*/*.[ch]"), *root.glob("include/lore/*/*.h")])
        self.text = {f.relative_to(root): without_comments(f.read_text()) for f in files}
        self.page = (root / "doc/architecture.md").read_text()

    def table(self):
        """Room -> rooms that it may include, in the order of the page: lowest first."""
        rows = re.findall(r"^\| src/(\w+) \|[^|]*\| ([^|]*) \|$", self.page, re.M)
        return {room: set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", rooms))) - {"nothing"}
                for room, rooms in rows}

    def includes(self, file):
        return INCLUDE.findall(self.text[file])

    def arrows(self):
        """(room, included room) -> files."""
        found = defaultdict(set)
        for file in self.text:
            for name in self.includes(file):
                if name.startswith("lore/") and name.split("/")[1] != room_of(file):
                    found[room_of(file), name.split("/")[1]].add(file)
        return found

    def functions(self, ending):
        """Function -> files that declare it (";") or define it ("{")."""
        found = defaultdict(set)
        for file, text in self.text.items():
            if (file.suffix == ".h") == (ending == ";"):
                for name, _, end in FUNCTION.findall(text):
                    if end == ending:
                        found[name].add(file)
        return found

    def elsewhere(self):
        """(header, function, file) of what is not defined in the header's own file, and how many
        functions there are."""
        defined, wrong, count = self.functions("{"), [], 0
        for name, headers in self.functions(";").items():
            for file in defined[name]:
                count += 1
                for header in headers:
                    if (header.stem, room_of(header)) != (file.stem, room_of(file)) \
                            and header.name not in SHARED:
                        wrong.append((header, name, file))
        return wrong, count

    def calls(self):
        """File -> files that define what it calls."""
        defined = {name: next(iter(files)) for name, files in self.functions("{").items()}
        calls = defaultdict(set)
        for file, text in self.text.items():
            if file.suffix == ".c":
                for name in set(re.findall(r"\blore_\w+", text)):
                    if name in defined and defined[name] != file:
                        calls[file].add(defined[name])
        return calls


def circles(graph):
    """Strongly connected components of more than one node (Tarjan 1972)."""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in number:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == number[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in number:
            visit(node)
    return found


def misplaced_includes(tree):
    for file in tree.text:
        for name in tree.includes(file):
            if name in GENERATED:
                continue
            if name.startswith("lore/"):
                if Path("include", name) not in tree.text:
                    yield f"{file}: no such header: {name}"
            elif "/" in name or file.parts[0] == "include":
                yield f'{file}: "{name}" is neither "lore/<room>/<module>.h" nor of its own folder'
            elif file.parent / name not in tree.text:
                yield f"{file}: {name} is not in {file.parent}"


def forbidden_arrows(tree):
    table = tree.table()
    order = list(table)
    for room, rooms in table.items():
        for other in sorted(rooms):
            if other not in table or order.index(other) >= order.index(room):
                yield f"doc/architecture.md: src/{room} may not include {other}, which is not above it"
    seen = {room_of(file) for file in tree.text}
    for room in sorted(seen ^ set(table)):
        yield f"src/{room}: in the table or in the tree, not in both"
    for (room, other), files in sorted(tree.arrows().items()):
        if other not in table.get(room, set()):
            yield f"{', '.join(map(str, sorted(files)))}: src/{room} may not include lore/{other}"
    for room, rooms in table.items():
        for other in sorted(rooms):
            if (room, other) not in tree.arrows():
                yield f"doc/architecture.md: nothing in src/{room} includes lore/{other}"


def picture(tree):
    lines = ["```mermaid", "graph BT"]
    for room, other in sorted(tree.arrows()):
        lines.append(f"  {room} --> {other}")
    return "\n".join(lines + ["```"])


def check(tree):
    wrong = [*misplaced_includes(tree), *forbidden_arrows(tree)]
    wrong += [f"{file}: {name} is declared in {header}" for header, name, file in tree.elsewhere()[0]]
    wrong += ["a circle of files: " + " ".join(map(str, c)) for c in circles(tree.calls())]
    if picture(tree) not in tree.page:
        wrong.append("doc/architecture.md: the picture is not what 'tests/support/rooms.py . picture' prints")
    return wrong


def count(tree):
    sources = [f for f in tree.text if f.suffix == ".c"]
    wrong, functions = tree.elsewhere()
    print(f"{len(sources)} .c files")
    print(f"{len(wrong)} of {functions} functions ({100 * len(wrong) / functions:.1f} %) "
          "defined outside their header's file")
    print(f"{len(circles(tree.calls()))} circles of files")


def main():
    tree = Tree(Path(sys.argv[1]))
    command = sys.argv[2]
    if command == "picture":
        print(picture(tree))
    elif command == "count":
        count(tree)
    else:
        wrong = check(tree)
        print(*wrong, sep="\n")
        sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
