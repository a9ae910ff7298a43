#!/usr/bin/env python3
"""Draws a figure of Zucchet et al. 2025 (arXiv 2503.21676) from the runs of its study.

usage: figures.py NAME DIR... [-o PICTURE]

NAME is that of the paper (2, 3, 4, 5, A, C, D, F to X) or "questions"; DIR what `lore run -o DIR` left, or a
file of `lore collect`. The picture goes to DIR/figNAME.png, the numbers that it shows beside it as .nc. Runs
that are not finished are drawn as far as they are. doc/figures.md says which study makes which figure.
"""

import argparse
import sys
from pathlib import Path

import figures_patching as patching
import figures_phases as phases
import figures_schedules as schedules
import figures_sequential as sequential
import figures_tuning as tuning
from lore_files import command, open_study

FIGURES = {
    "2": phases.figure_2, "3": patching.figure_3, "4": schedules.figure_4, "5": tuning.figure_5,
    "A": phases.figure_a, "C": phases.figure_c, "D": patching.figure_d, "F": phases.figure_f,
    "G": schedules.figure_g, "H": schedules.figure_h, "I": schedules.figure_i, "J": schedules.figure_j,
    "K": schedules.figure_k, "L": schedules.figure_l, "M": phases.figure_m, "N": tuning.figure_n,
    "O": tuning.figure_o, "P": tuning.figure_p, "Q": tuning.figure_q, "R": tuning.figure_r,
    "S": sequential.figure_s, "T": sequential.figure_t, "U": sequential.figure_u, "V": sequential.figure_v,
    "W": patching.figure_w, "X": sequential.figure_x, "questions": schedules.figure_questions,
}


def some(names, count=4):
    return ", ".join(names[:count]) + (f" and {len(names) - count} more" if len(names) > count else "")


def gaps(study):
    """What is missing, in words."""
    lines = []
    if study.missing:
        lines.append(f"not begun: {some(study.missing)}")
    if study.damaged:
        lines.append(f"cannot be read: {some(study.damaged)}")
    if study.unfinished:
        lines.append(f"not finished: {some(study.unfinished)}")
    return lines


def draw(name, study, picture):
    sheet = FIGURES[name](study)
    for line in gaps(study):
        sheet.note(line)
    sheet.save(picture)
    return sheet


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help=", ".join(FIGURES))
    parser.add_argument("directory", nargs="+", help="what lore run -o wrote, or a file of lore collect")
    parser.add_argument("-o", "--output", help="picture (default: figNAME.png in the first DIR)")
    arguments = parser.parse_args()
    name = arguments.name.removeprefix("fig")
    name = name if name in FIGURES else name.upper()
    if name not in FIGURES:
        sys.exit(f"there is no figure '{arguments.name}'; figures are {', '.join(FIGURES)}")
    first = Path(arguments.directory[0])
    picture = Path(arguments.output or (first.parent if first.is_file() else first) / f"fig{name}.png")
    if picture.suffix not in (".png", ".pdf", ".svg"):
        sys.exit(f"{picture}: a picture is a .png, .pdf or .svg")
    sheet = draw(name, open_study(*arguments.directory), picture)
    for line in sheet.notes:
        print(f"figure {name}: {line}", file=sys.stderr)
    print(f"{picture} {picture.with_suffix('.nc')}")


if __name__ == "__main__":
    command(main)
