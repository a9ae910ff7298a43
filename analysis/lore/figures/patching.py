"""Figures 3, D, W: attention patterns of a reference run put in place of the model's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, INK, shades
from lore.figures.phases import ATTENTION, draw_attention, top_of_loss
from lore.figures.schedules import draw_grid
from lore.selections.families import final_loss, plateau_ends
from lore.selections.patching import from_first_start, patched, reference_of, references, start_of
from lore.study import Floats, Study
from lore.words import short

Cells = Sequence[tuple[float, Study]]  # (reference step, runs)


def draw_final(panel: Panel, cells: Cells, values: Callable[[Study], Floats], unpatched: Study) -> None:
    panel.points({reference: values(own) for reference, own in cells}, colour=BLUE)
    panel.steps_from_zero([reference for reference, _ in cells])
    if len(unpatched) and np.isfinite(values(unpatched)).any():
        panel.baseline(float(np.nanmean(values(unpatched))), "own attention")


def draw_references(sheet: Sheet, cells: Cells, unpatched: Study, group: str, title: str) -> Panel:
    """Loss of a group, a curve for each reference step."""
    panel = sheet.panel(title, "training step", "attribute loss (nats)")
    for (reference, own), colour in zip(cells, shades(len(cells))):
        panel.curve(own, "attribute_loss", group, label=f"of step {short(reference)}", colour=colour)
    panel.curve(unpatched, "attribute_loss", group, label="own attention", colour=INK, style="--")
    runs = [run for _, own in cells for run in own]
    panel.baseline(runs[0].scalars["no_knowledge_baseline"])
    return panel


def figure_3(study: Study) -> Sheet:
    runs = patched(study)
    cells, unpatched = from_first_start(runs), references(study, runs)
    sheet = Sheet("Patched attention: patterns of a reference run, from its start", 2, 2)
    draw_final(sheet.panel("Final loss", "step that the patterns are taken from", "attribute loss (nats)"),
               cells, final_loss, unpatched)
    panel = draw_references(sheet, cells, unpatched, "known", "Patched from the start with patterns")
    top_of_loss(panel, runs, "known")
    if len(unpatched):
        for variable, title in ATTENTION[:2]:
            draw_attention(sheet, unpatched, variable, title)
    else:
        sheet.note("The reference runs are missing.")
    return sheet


def figure_d(study: Study) -> Sheet:
    runs = patched(study)
    sheet = Sheet("Patching: where patterns come from, and when they are put in", 1, 3)
    for title, values, unit in (("Final loss", final_loss, "nats"), ("End of the plateau", plateau_ends, "step")):
        panel = sheet.panel(title, "step that the patterns are taken from", "step at which patching begins")
        draw_grid(sheet, panel, runs, reference_of, start_of, values, unit)
    panel = sheet.panel("Attention frozen at a step", "step", "final attribute loss (nats)")
    frozen = runs.pick([reference_of(run) == start_of(run) for run in runs])
    draw_final(panel, frozen.by_number("patch_reference"), final_loss, references(study, runs))
    return sheet


def figure_w(study: Study) -> Sheet:
    runs = patched(study, "sequential")
    cells, unpatched = from_first_start(runs), references(study, runs)
    groups = int(runs["curriculum_groups"][0])
    sheet = Sheet(f"Patterns of a run that met {groups} groups one after the other", 1, 3)
    draw_final(sheet.panel("Final loss of all", "step that the patterns are taken from", "attribute loss (nats)"),
               cells, final_loss, unpatched)
    panel = sheet.panel("Loss of each group at the end", "step that the patterns are taken from",
                        "attribute loss (nats)")
    names = [f"group_{k}" for k in range(1, groups + 1)]
    for name, colour in zip(names, shades(groups)):
        panel.points({reference: own.final("attribute_loss", name) for reference, own in cells},
                     name.replace("_", " "), colour)
    panel.steps_from_zero([reference for reference, _ in cells])
    panel = draw_references(sheet, cells, unpatched, "group_1", "Loss of the first group, patterns")
    top_of_loss(panel, runs, "group_1")
    return sheet
