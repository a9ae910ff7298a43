#!/usr/bin/env python3
"""Checks the Markdown pages and the man page of a source tree.

check_pages.py [--fill] ROOT

Prints one line PATH:LINE: MISTAKE for each mistake and exits with 1 if there is any. Mistakes are:

- a line of prose longer than 100 columns, or a paragraph that is not filled: the first word of the
  next line would have fitted. Tables, code blocks and words that are longer than a line are exempt;
  inline code is kept on one line.
- a relative link, or the #anchor of one, that leads nowhere.
- a page that the table in README.md, or the man page, does not list.
- a section of science.md that a comment in a C file refers to and that does not exist.
- a path of this repository (src/..., doc/... and so on) that does not exist. An upper-case word,
  <...>, {...} or * in a path stands for anything.

--fill first wraps the prose of all pages anew.
"""

import argparse
import re
import sys
from pathlib import Path

WIDTH = 100
FOLDERS = ("analysis", "data", "doc", "include", "jobs", "m4", "src", "tests")
MAN_PAGE = "doc/man/lore.1.in"

ITEM = re.compile(r"( *)([-*+]|\d+[.)]) +(?=\S)")
ATOM = re.compile(r"(?:(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|\S)+")
MARKER = re.compile(r"[-+*=#]+|\d+[.)]|[>|].*")  # at the start of a line these would mean something
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
PATH = re.compile(rf"(?<![\w/.~-])(?:{'|'.join(FOLDERS)})/[\w./*<>{{}},-]*")
PLACEHOLDER = re.compile(r"<[^>]*>|\{[^}]*\}|\b[A-Z][A-Z_]+\b")


class Paragraph:
    """Lines first .. first+len(lines)-1 of a page; `prefix` begins the first, `indent` the others."""

    def __init__(self, first, prefix, text):
        self.first, self.prefix, self.lines = first, prefix, [prefix + text]
        self.indent = " " * len(prefix)

    def filled(self):
        words = []
        for match in ATOM.finditer(" ".join(line[len(self.prefix):].strip() for line in self.lines)):
            if words and MARKER.fullmatch(match.group()):
                words[-1] += " " + match.group()
            else:
                words.append(match.group())
        lines = [self.prefix + words[0]]
        for word in words[1:]:
            if len(lines[-1]) + 1 + len(word) <= WIDTH:
                lines[-1] += " " + word
            else:
                lines.append(self.indent + word)
        return lines


def paragraphs(lines):
    """The paragraphs of prose: what is neither heading, table, code nor blank."""
    found, current, fence, indented, listed, blank = [], None, False, False, 0, True
    for number, line in enumerate(lines):
        text = line.strip()
        depth = len(line) - len(line.lstrip())
        if text and not fence and not current:
            listed = min(listed, depth)  # how far the text of the current item of a list is indented
        indented = not fence and depth >= listed + 4 and (indented or blank and not current)
        if text.startswith("```"):
            fence, current = not fence, None
        elif fence or indented or not text or text.startswith(("|", "#")):
            current = None
        elif item := ITEM.match(line):
            current = Paragraph(number, item.group(), line[item.end():])
            listed = item.end()
            found.append(current)
        elif current:
            current.lines.append(line)
        else:
            current = Paragraph(number, " " * depth, text)
            found.append(current)
        blank = not text
    return found


def check_filling(lines):
    for paragraph in paragraphs(lines):
        for offset, (is_now, should) in enumerate(zip(paragraph.lines, paragraph.filled() + [""])):
            if is_now == should:
                continue
            number = paragraph.first + offset + 1
            if len(is_now) > WIDTH:
                yield number, f"{len(is_now)} columns; prose has at most {WIDTH}"
            elif should.startswith(is_now + " "):
                word = should[len(is_now) + 1:].split()[0]
                yield number, f"the paragraph is not filled: '{word}' of the next line fits here"
            else:
                yield number, "not wrapped as --fill wraps it: surplus spaces, or inline code on two lines"
            break


def fill(page):
    lines = page.read_text().split("\n")
    for paragraph in reversed(paragraphs(lines)):
        lines[paragraph.first:paragraph.first + len(paragraph.lines)] = paragraph.filled()
    page.write_text("\n".join(lines))


def without_code(text):
    """The text with code blocks and inline code blanked; lines stay where they are."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    text = re.sub(r"^ *```.*?^ *```", blank, text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(CODE, blank, text)


def anchors(page):
    """What GitHub calls the headings of a page."""
    found = set()
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        heading = re.sub(r"\]\([^)]*\)", "", heading)
        name = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = 1
        unique = name
        while unique in found:
            unique, number = f"{name}-{number}", number + 1
        found.add(unique)
    return found


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_links(page, text):
    text = without_code(text)
    for match in LINK.finditer(text):
        path, _, anchor = match.group(1).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = page.parent / path if path else page
        if not target.exists():
            yield line_of(text, match.start()), f"the link leads nowhere: {match.group(1)}"
        elif anchor and anchor not in anchors(target):
            yield line_of(text, match.start()), f"no heading makes this anchor: {match.group(1)}"


def check_paths(root, text):
    for match in PATH.finditer(text):
        path = match.group().rstrip(".,-")
        if not any(root.glob(PLACEHOLDER.sub("*", path).rstrip("/"))):
            yield line_of(text, match.start()), f"there is no such file: {path}"


def check_table(root, pages):
    readme = root / "README.md"
    rows = "\n".join(line for line in readme.read_text().split("\n") if line.startswith("|"))
    listed = {(root / link.partition("#")[0]).resolve() for link in LINK.findall(rows)}
    manual = (root / MAN_PAGE).read_text().partition(".SH SEE ALSO")[2]
    for page in pages:
        if page == readme or page.parent not in (root, root / "doc"):
            continue
        if page.resolve() not in listed:
            yield "README.md", 1, f"the table of pages does not list {page.relative_to(root)}"
        if page.parent != root and not re.search(rf"(?<!\w){re.escape(page.name)}", manual):
            yield MAN_PAGE, 1, f"SEE ALSO does not list {page.name}"


def check_sections(root):
    """Sections of science.md that comments refer to: "science.md section 2", "science.md 2"."""
    page = root / "doc/science.md"
    numbers = re.findall(r"^## (\d+)\.", page.read_text(), re.MULTILINE) if page.exists() else []
    for source in sorted(file for folder in FOLDERS for file in (root / folder).rglob("*.[ch]")):
        text = source.read_text()
        for match in re.finditer(r"science\.md[\s*]+(?:section[\s*]+)?(\d+)", text):
            if match.group(1) not in numbers:
                number = line_of(text, match.start())
                yield str(source.relative_to(root)), number, f"science.md has no section {match.group(1)}"


def pages_of(root):
    return sorted(page for folder in ("", *FOLDERS) for page in (root / folder).glob("*.md"))


def mistakes(root, pages):
    for page in pages:
        text = page.read_text()
        for check in (check_filling(text.split("\n")), check_links(page, text), check_paths(root, text)):
            for number, mistake in check:
                yield str(page.relative_to(root)), number, mistake
    for number, mistake in check_paths(root, (root / MAN_PAGE).read_text()):
        yield MAN_PAGE, number, mistake
    yield from check_table(root, pages)
    yield from check_sections(root)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--fill", action="store_true", help="first wrap the prose of all pages anew")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    pages = pages_of(root)
    if arguments.fill:
        for page in pages:
            fill(page)
    found = sorted(mistakes(root, pages))
    for path, number, mistake in found:
        print(f"{path}:{number}: {mistake}")
    print(f"{len(pages)} pages, {len(found)} mistakes")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
