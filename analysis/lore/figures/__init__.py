"""Every figure of Zucchet et al. 2025 (arXiv 2503.21676), drawn from the runs of its study.

A figure is a function of a Study that returns a Sheet; FIGURES names them. What is drawn of single runs is beside them:
quickstart.py and probe.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lore.drawing.sheet import Sheet
from lore.figures import asking, bits, exposure, injection, mixture, optimizers, patching, phases, precision, schedules, sequential, tuning
from lore.study import Study
from lore.words import some

FIGURES: dict[str, Callable[[Study], Sheet]] = {
    "2": phases.figure_2, "3": patching.figure_3, "4": schedules.figure_4, "5": tuning.figure_5,
    "A": phases.figure_a, "C": phases.figure_c, "D": patching.figure_d, "F": phases.figure_f,
    "G": schedules.figure_g, "H": schedules.figure_h, "I": schedules.figure_i, "J": schedules.figure_j,
    "K": schedules.figure_k, "L": schedules.figure_l, "M": phases.figure_m, "N": tuning.figure_n,
    "O": tuning.figure_o, "P": tuning.figure_p, "Q": tuning.figure_q, "R": tuning.figure_r,
    "S": sequential.figure_s, "T": sequential.figure_t, "U": sequential.figure_u, "V": sequential.figure_v,
    "W": patching.figure_w, "X": sequential.figure_x, "questions": schedules.figure_questions,
    "precision": precision.figure_precision, "exposure": exposure.figure_exposure, "injection": injection.figure_injection,
    "mixture": mixture.figure_mixture, "optimizers": optimizers.figure_optimizers,
    "bits": bits.figure_bits, "asking": asking.figure_asking,
}


def gaps(study: Study) -> list[str]:
    """What is missing, in words."""
    lines = []
    if study.missing:
        lines.append(f"not begun: {some(study.missing)}")
    if study.damaged:
        lines.append(f"cannot be read: {some(study.damaged)}")
    if study.unfinished:
        lines.append(f"not finished: {some(study.unfinished)}")
    return lines


def draw(name: str, study: Study, picture: Path) -> Sheet:
    """Draws a figure and writes it, with its numbers beside it. MissingRuns if the study has no runs for it."""
    sheet = FIGURES[name](study)
    for line in gaps(study):
        sheet.note(line)
    sheet.save(picture)
    return sheet
