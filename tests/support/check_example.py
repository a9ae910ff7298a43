"""Runs the Python blocks of a page in order, as a notebook does, and compares what they print with the text blocks below them.

check_example.py [--fill] ANALYSIS_DIRECTORY PAGE     --fill writes what they print into the page

Blank space does not count, nor where tables are wrapped. Run where the paths of the page are.
"""

import ast
import contextlib
import io
import re
import sys
import warnings
from pathlib import Path

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```\n", re.S | re.M)


def run(code, names):
    """What a block prints, and the value of its last line if that is an expression, as a notebook shows it."""
    tree, out = ast.parse(code), io.StringIO()
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "page", "exec"), names)
        value = eval(compile(last, "page", "eval"), names) if last else None
        if value is not None and type(value).__name__ != "Axes":
            print(value)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def main():
    fill = "--fill" in sys.argv
    analysis, page = (Path(word) for word in sys.argv[1:] if word != "--fill")
    sys.path.insert(0, str(analysis))
    import matplotlib
    matplotlib.use("Agg")
    for kind in (DeprecationWarning, FutureWarning, UserWarning):
        warnings.simplefilter("error", kind)
    names, text, printed, blocks, wrong = {}, page.read_text(encoding="utf-8"), None, 0, 0
    filled, end = "", 0
    for block in BLOCK.finditer(text):
        filled += text[end:block.start()]
        end, own = block.end(), block.group()
        if block[1] == "python":
            blocks += 1
            printed = run(block[2], names)
        elif printed is not None:
            line = text[:block.start()].count("\n") + 1
            if printed.split() != block[2].split():
                wrong += 1
                print(f"{page}:{line}: it prints\n{printed}")
            own, printed = f"```text\n{printed}\n```\n", None
        filled += own
    if fill:
        page.write_text(filled + text[end:], encoding="utf-8")
    print(f"{blocks} blocks, {wrong} with another output")
    sys.exit(bool(wrong) and not fill)


main()
