"""Runs `lore check` on the studies of case files, here, and compares what it prints with their messages.

usage: refused_studies.py LORE CASE-FILE ...

The first lines of tests/broken/*.cases describe the format. All cases are run, or only the one that
LORE_CASE names; the exit code is 1 if one of them fails.
"""

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

HEADER = re.compile(r"=== ([a-z0-9_]+)( escaped)?")
ESCAPE = re.compile(rb"\\(t|r|\\|x[0-9A-F]{2})")
SECTIONS = ["study", "options", "message"]


class Case:
    """`place` is where it begins; `lines` are those of each section, as they stand in the file."""

    def __init__(self, place, header):
        match = HEADER.fullmatch(header)
        if not match:
            sys.exit(f"{place}: '{header}' is not '=== name' or '=== name escaped', with a name of a-z, 0-9 and _")
        self.place = place
        self.name = match[1]
        self.escaped = match[2] is not None
        self.lines = {"study": []}
        self.section = "study"

    def add(self, place, line):
        if line in ("--- options", "--- message"):
            last = SECTIONS.index(self.section)
            self.section = line.removeprefix("--- ")
            if SECTIONS.index(self.section) <= last:
                sys.exit(f"{place}: '{line}' is out of order")
            self.lines[self.section] = []
        elif line != line.rstrip() or not line.isprintable():
            sys.exit(f"{place}: what cannot be seen, such as a tab or a space at the end, is written with escapes")
        else:
            self.lines[self.section].append(line)

    def finish(self):
        """All lines are there: makes bytes of them."""
        message = self.lines.get("message", [])
        while message and not message[-1]:
            message.pop()
        if not message:
            sys.exit(f"{self.place}: case '{self.name}' has no message")
        if not self.lines["study"]:
            sys.exit(f"{self.place}: case '{self.name}' has no study; an empty one is '\\c' in an escaped case")
        self.study = self.text(self.lines["study"])
        self.options = self.lines.get("options", [])
        self.message = self.text(message)

    def text(self, lines):
        text = "".join(line + "\n" for line in lines).encode()
        if not self.escaped:
            return text
        text = text.removesuffix(b"\\c\n")
        stray = re.search(rb"\\.?", ESCAPE.sub(b"", text))
        if stray:
            sys.exit(f"{self.place}: case '{self.name}' has the unknown escape '{stray[0].decode()}'")
        return ESCAPE.sub(lambda match: unescape(match[1]), text)


def unescape(escape):
    return {b"t": b"\t", b"r": b"\r", b"\\": b"\\"}.get(escape) or bytes([int(escape[1:], 16)])


def read_cases(paths):
    """All cases by name; ends the program if a file does not keep to the format."""
    cases = {}
    for path in paths:
        case = None
        for number, line in enumerate(Path(path).read_bytes().decode().removesuffix("\n").split("\n"), 1):
            place = f"{path}:{number}"
            if line.startswith("=== "):
                if case:
                    case.finish()
                case = Case(place, line)
                if case.name in cases:
                    sys.exit(f"{place}: case '{case.name}' stands in {cases[case.name].place} already")
                cases[case.name] = case
            elif case:
                case.add(place, line)
            elif line and not line.startswith("#"):
                sys.exit(f"{place}: '{line}' stands before the first case")
        if not case:
            sys.exit(f"{path}: has no case")
        case.finish()
    return cases


def visible(text):
    return text.decode(errors="backslashreplace").splitlines()


def faults(case, lore):
    """What is wrong with what `lore check` does to the study, in a directory of its own; [] if nothing."""
    directory = Path(case.name)
    directory.mkdir()
    study = directory / f"{case.name}.yaml"
    study.write_bytes(case.study)
    command = [lore, "check", *case.options, study.name]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return ["it does not end in 5 s"]
    found = []
    if done.returncode != 2:
        found.append(f"its exit code is {done.returncode} instead of 2")
    if done.stdout:
        found += ["it prints on stdout:", *visible(done.stdout)]
    files = sorted(path.name for path in directory.iterdir() if path != study)
    if files or study.read_bytes() != case.study:
        found.append(f"it writes files: {', '.join(files) or study.name}")
    if done.stderr != case.message:
        found += difflib.unified_diff(visible(case.message), visible(done.stderr), "expected", "printed", lineterm="")
        if visible(done.stderr) == visible(case.message):
            found.append("the ends of lines differ")
    return found


def main(lore, paths):
    cases = read_cases(paths)
    only = os.environ.get("LORE_CASE")
    if only and only not in cases:
        sys.exit(f"LORE_CASE: there is no case '{only}'")
    chosen = [cases[only]] if only else list(cases.values())
    failed = 0
    for case in chosen:
        found = faults(case, lore)
        if found:
            failed += 1
            print(f"{case.place}: case '{case.name}' fails:", *found, sep="\n")
    print(f"{len(chosen) - failed} of {len(chosen)} studies are refused as they should be")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
