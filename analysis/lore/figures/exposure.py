"""Figure exposure: how often must an individual be shown until it is known?"""

from __future__ import annotations

import numpy as np

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import Colour, shades
from lore.selections.exposure import EXPOSURES, STEPS_AGO, Bins, at_end, binned, half_exposures, with_bins
from lore.selections.families import by_alpha
from lore.study import Floats, Run, Study

MOMENTS = 5  # records that the course of training is drawn by


def title_of(alpha: float) -> str:
    return "uniform" if alpha == 0 else f"alpha {alpha:g}"


def draw_bins(panel: Panel, rows: list[Floats], number: Floats, label: str, colour: Colour) -> None:
    """Means over runs against the bins' numbers, where all have values."""
    table = np.array(rows)
    there = np.isfinite(table).all(axis=0) & (number > 0)
    panel.line(number[there], table[:, there].mean(axis=0), table[:, there].min(axis=0), table[:, there].max(axis=0), label,
               colour, marker="o", seeds=len(rows))


def draw_ends(panel: Panel, cells: list[tuple[float, Study]], kind: str, accuracy: bool) -> None:
    for (alpha, runs), colour in zip(cells, shades(len(cells))):
        ends = [at_end(run, kind) for run in runs]
        draw_bins(panel, [end.accuracy if accuracy else end.mean_loss for end in ends], ends[0].number, title_of(alpha), colour)
    panel.axes.set_xscale("log", base=2)


def moments_of(run: Run) -> list[int]:
    """Indices of records, evenly spread from a fifth of them on to the last."""
    return sorted(set(np.linspace(len(run.steps) // MOMENTS, len(run.steps) - 1, MOMENTS).astype(int).tolist()))


def draw_course(panel: Panel, runs: Study) -> None:
    """Accuracy by exposures at several steps of the same runs."""
    moments = moments_of(runs.runs[0])
    for at, colour in zip(moments, shades(len(moments))):
        now: list[Bins] = [binned(run, EXPOSURES, "known", slice(at, at + 1)) for run in runs]
        draw_bins(panel, [bins.accuracy for bins in now], now[0].number, f"step {runs.runs[0].steps[at]}", colour)
    panel.axes.set_xscale("log", base=2)


def figure_exposure(study: Study) -> Sheet:
    cells = by_alpha(with_bins(study))
    steepest = cells[-1]
    sheet = Sheet("How often must an individual be shown until it is known?", 2, 3)
    accuracy, loss = "attribute accuracy", "loss of values (nats)"
    draw_ends(sheet.panel("By exposures, when training ends", "exposures", accuracy, "end_accuracy"), cells, EXPOSURES, True)
    draw_ends(sheet.panel("The same", "exposures", loss, "end_loss"), cells, EXPOSURES, False)
    draw_course(sheet.panel(f"In the course of training, {title_of(steepest[0])}", "exposures", accuracy, "course"),
                steepest[1])
    draw_ends(sheet.panel("By steps since the last exposure, when training ends", "steps", accuracy, "recency"), cells,
              STEPS_AGO, True)
    panel = sheet.panel("Exposures until half of the values are known", "alpha of the power law", "exposures", "half")
    panel.points({alpha: [half_exposures(run) for run in runs] for alpha, runs in cells})
    sheet.note("Half: where a logistic curve of log exposures, fitted to all evaluations of a run, is one half")
    return sheet
