#!/usr/bin/env python3
"""The table of findings, computed a second time and compared.

usage: second_findings.py JSON DIRECTORY...

JSON is what `findings.py DIRECTORY... --json JSON` wrote; a directory has files of `lore collect`, and
is a scale. Prints a line for each row that differs and exits 1, or one line that all agree."""

from __future__ import annotations

import json
import sys

import numpy as np
import second_groups  # noqa: F401  adds its rows
import second_beyond  # noqa: F401, I001  the same, after those
from second_rows import ROWS
from second_runs import read_scale

TOLERANCE = 1e-6  # relative; two orders of adding numbers differ by about 1e-13
# Rows of as many intervals as there are settings or sets, whose order the criteria leave open.
ANY_ORDER = ("Phases are robust to hyperparameters", "Sequential: new groups get easier",
             "Sequential: new groups are learned sooner", "Sequential: forgetting is faster than learning")
NAMES = {1: "holds", -1: "does not hold", 0: "not decidable here"}


def table(runs):
    """Verdict, p, fragile and intervals of each row, for the runs of one scale."""
    seeds = sorted({run.seed for run in runs})
    parts = [[run for run in runs if run.seed != seed] for seed in seeds]
    rows = {}
    for name, row in ROWS.items():
        verdict, p, intervals = row(runs)
        fragile = verdict != 0 and any(row(part)[0] != verdict for part in parts)
        rows[name] = {"verdict": verdict, "p": p, "fragile": fragile, "intervals": intervals}
    return rows


def correct(tables):
    """Benjamini and Hochberg at 5 % over all rows of all scales."""
    rows = [row for rows in tables for row in rows.values()]
    tests = sum(row["p"] is not None for row in rows)
    decided = sorted(row["p"] for row in rows if row["verdict"] and row["p"] is not None)
    most = max((p for rank, p in enumerate(decided, 1) if p <= 0.05 * rank / tests), default=-1.0)
    for row in rows:
        row["stays"] = bool(row["verdict"] and row["p"] is not None and row["p"] <= most)


def close(one, other, size=0.0):
    """Whether two numbers are equal; NaN and null are no number."""
    one, other = (np.nan if x is None else float(x) for x in (one, other))
    return bool(np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE * size, equal_nan=True))


def differences(mine, theirs, any_order):
    """What differs in a row, in words."""
    said = []
    if NAMES[mine["verdict"]] != theirs["verdict"]:
        said.append(f"verdict {NAMES[mine['verdict']]} against {theirs['verdict']}")
    if not close(mine["p"], theirs["p"]):
        said.append(f"p {mine['p']} against {theirs['p']}")
    said += [f"{word} {mine[word]} against {theirs[word]}" for word in ("stays", "fragile")
             if mine[word] != theirs[word]]
    ours = [vars(one) for one in mine["intervals"] if one.seeds]
    others = [{word: np.nan if x is None else x for word, x in one.items()}
              for one in theirs["intervals"] if one["seeds"]]
    if len(ours) != len(others):
        said.append(f"{len(ours)} intervals against {len(others)}")
    elif any_order:
        ours, others = (sorted(some, key=lambda one: one["mean"]) for some in (ours, others))
    for one, other in zip(ours, others):
        size = np.nanmax([abs(one["mean"]), one["high"] - one["low"]])
        said += [f"{word} {one[word]} against {other[word]}"
                 for word in ("mean", "low", "high", "seeds") if not close(one[word], other[word], size)]
    return said


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        theirs = json.load(file)
    tables = [table(read_scale(directory)) for directory in sys.argv[2:]]
    correct(tables)
    mine = [(name, rows[name]) for name in ROWS for rows in tables]
    wrong = [name for name, _ in mine] != [row["finding"] for row in theirs]
    if wrong:
        print("other rows, or another order of them")
    for (name, row), other in zip(mine, theirs):
        said = differences(row, other, name in ANY_ORDER)
        if said:
            print(f"{other['scale']}: {name}: {'; '.join(said)}")
            wrong = True
    if wrong:
        sys.exit(1)
    print(f"all {len(ROWS)} rows agree, in every number, at each of {len(tables)} scales")


if __name__ == "__main__":
    main()
