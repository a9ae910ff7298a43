"""Types into an interactive shell and waits for what it should show.

usage: typed_lines.py SETUP SHELL... <LINES

SETUP is a line that the shell runs first. Each of LINES has what is typed before the Tab key, a bar,
and what has to appear then. After each of them the line is thrown away.
"""

import os
import pty
import re
import select
import sys
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\r\x07]")
PATIENCE = 30  # s


def read_until(terminal, text):
    seen, end = "", time.time() + PATIENCE
    while text not in seen:
        if time.time() > end:
            sys.exit(f"'{text}' does not appear; there is {seen!r}")
        if select.select([terminal], [], [], 0.2)[0]:
            seen = ESCAPES.sub("", seen + os.read(terminal, 4096).decode(errors="replace"))


def main(setup, shell, lines):
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(PS1="> ", TERM="dumb", INPUTRC="/dev/null")
        os.execvp(shell[0], shell)
    os.write(terminal, f"{setup}; echo rea''dy\n".encode())
    read_until(terminal, "ready\n")
    for line in lines:
        typed, expected = line.rstrip("\n").split("|")
        os.write(terminal, f"{typed}\t".encode())
        read_until(terminal, expected)
        os.write(terminal, b"\x15")
    os.write(terminal, b"\x15exit\n")
    os.close(terminal)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:], sys.stdin)
