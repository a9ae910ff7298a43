"""Figures 5, N, O, P, Q and R: new individuals or pairs after training, and what becomes of the old ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, GREY, INK, ORANGE, shades
from lore.errors import MissingRuns
from lore.figures.phases import ATTENTION, attention_panel, draw_groups, draw_layers, draw_loss
from lore.selections.families import parent
from lore.selections.phases import example, name_layer
from lore.selections.tuning import INDIVIDUALS, PAIRS, Kind, by_count, by_weight, plain_memories, tuned
from lore.study import Study
from lore.words import short

Cells = Sequence[tuple[float, Study]]  # (number of new ones or weight of the replay, runs)


def label_weight(value: float) -> str:
    return "no replay" if value == 0 else f"replay {value:g}" if value >= 1 else f"replay 1/{1 / value:g}"


def label_count(value: float) -> str:
    return f"{short(value)} new"


def draw_group(sheet: Sheet, cells: Cells, group: str, label: Callable[[float], str], variable: str, title: str,
               unit: str, baseline: float = np.nan) -> None:
    """A curve of one group for each cell."""
    panel = sheet.panel(title, "step of fine-tuning", unit)
    for (value, own), colour in zip(cells, shades(len(cells))):
        panel.curve(own, variable, group, label=label(value), colour=colour)
    panel.baseline(baseline)
    panel.axes.set_ylim(bottom=0)


def draw_tuning(sheet: Sheet, study: Study, kind: Kind, variable: str, unit: str) -> None:
    """Old and new, by number of new ones and by weight of the replay."""
    runs = tuned(study, kind)
    baseline = runs.baseline if variable == "attribute_loss" else np.nan
    counts, weights = by_count(runs, kind), by_weight(runs, kind)
    fixed = short(weights[0][1][kind.new][0])
    for group, title in (("known", "Old"), ("new", "New")):
        draw_group(sheet, counts, group, label_count, variable, f"{title}, {label_weight(min(runs.numbers(kind.weight)))}",
                   unit, baseline)
    if len(weights) < 2:
        sheet.note("Only one weight of the replay is there.")
        return
    for group, title in (("known", "Old"), ("new", "New")):
        draw_group(sheet, weights, group, label_weight, variable, f"{title}, {fixed} new with replay", unit, baseline)


def figure_5(study: Study) -> Sheet:
    runs = example(study)
    sheet = Sheet("Held-out people while knowledge forms; fine-tuning on new people", 2, 2)
    draw_loss(sheet, runs, ("known", "held_out"), "While knowledge forms")
    panel = sheet.panel("Confidence", "training step", "probability of the most likely token")
    draw_groups(panel, runs, "max_probability")
    panel.axes.set_ylim(0, 1.03)
    counts = by_count(tuned(study))
    for group, title in (("known", "Fine-tuning: old individuals"), ("new", "Fine-tuning: new individuals")):
        draw_group(sheet, counts, group, label_count, "attribute_loss", title, "attribute loss (nats)", runs.baseline)
    return sheet


def figure_n(study: Study) -> Sheet:
    sheet = Sheet("Fine-tuning on new individuals", 2, 4, width=4.2)
    draw_tuning(sheet, study, INDIVIDUALS, "attribute_loss", "attribute loss (nats)")
    draw_tuning(sheet, study, INDIVIDUALS, "attribute_accuracy", "attribute accuracy")
    return sheet


def figure_o(study: Study) -> Sheet:
    counts = by_count(tuned(study))
    count, own = counts[len(counts) // 2]
    sheet = Sheet(f"Attention while fine-tuning on {short(count)} new individuals", 2, 2)
    before = study.chosen(filter(None, (parent(study, run) for run in own)))
    x_title = "step of fine-tuning"
    if len(before):
        trained = max(run.steps[-1] for run in before)
        x_title += f" (dotted: all {short(trained)} steps of training, squeezed)"
    for variable, title in ATTENTION:
        panel = attention_panel(sheet, own, variable, title, x_title, "when fine-tuning begins")
        panel.names.legend(draw_layers(panel, own, variable, lambda run: name_layer(run, last=False)))
        draw_before(panel, before, own, variable)
        panel.mark(0, "fine-tuning", GREY)
        panel.axes.set_ylim(0, None)
        panel.axes.xaxis.set_major_formatter(lambda step, _: short(step) if step >= 0 else "")
    return sheet


def draw_before(panel: Panel, before: Study, own: Study, variable: str) -> None:
    """Training, squeezed into a strip to the left of step 0."""
    width = 0.4 * max(run.steps[-1] for run in own)

    def squeezed(steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray((steps / steps[-1] - 1) * width) if len(steps) else steps
    draw_layers(panel, before, variable, name="{}, training", style=":", place=squeezed)


def figure_p(study: Study) -> Sheet:
    runs = study.pick([run.text("distribution_among", "all") != "all" for run in study])
    if not len(runs):
        raise MissingRuns("no fine-tuning on some of the known individuals (distribution.among)", study.title)
    cells = runs.cells("distribution_among")
    sheet = Sheet("Fine-tuning on individuals who were seen before", 1, len(cells))
    colours = {"celebrities": ORANGE, "others": BLUE, "known": INK}
    for (among,), own in cells:
        ones = "rare" if among == "others" else "frequent"
        panel = sheet.panel(f"On the {ones} ones", "step of fine-tuning", "attribute accuracy")
        for group, colour in colours.items():
            name = {"others": "rare", "celebrities": "frequent", "known": "all"}[group]
            panel.curve(own, "attribute_accuracy", group, label=name, colour=colour)
        panel.axes.set_ylim(0, 1.03)
    return sheet


def figure_q(study: Study) -> Sheet:
    runs = plain_memories(study)
    if not len(runs):
        raise MissingRuns("no run of the toy memory (task memory) without new pairs", study.title)
    sheet = Sheet("Toy memory: pairs that it learns, and pairs that it has never seen", 2, 2)
    for variable, unit in (("attribute_loss", "loss (nats)"), ("attribute_accuracy", "accuracy"),
                           ("max_probability", "probability of the most likely value"),
                           ("entropy", "entropy of predictions (nats)")):
        panel = sheet.panel("", "training step", unit, name=variable)
        draw_groups(panel, runs, variable)
        if variable in ("attribute_loss", "entropy"):
            panel.baseline(runs.baseline)
        panel.axes.set_ylim(bottom=0)
    return sheet


def figure_r(study: Study) -> Sheet:
    sheet = Sheet("Toy memory: fine-tuning on new pairs", 2, 4, width=4.2)
    draw_tuning(sheet, study, PAIRS, "attribute_loss", "loss (nats)")
    draw_tuning(sheet, study, PAIRS, "attribute_accuracy", "accuracy")
    return sheet
