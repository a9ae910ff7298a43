"""Figure bits: where is a model's memory full?"""

from __future__ import annotations

import numpy as np

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import COLOURS, GREY
from lore.selections.bits import Memory, capacity_text, memories
from lore.study import Floats, Study


def draw_points(panel: Panel, memory: Memory, values: Floats, colour: str) -> None:
    table: dict[float, list[float]] = {}
    for x, y in zip(memory.offered.tolist(), values.tolist()):
        table.setdefault(float(f"{x:.6g}"), []).append(y)
    panel.points(table, memory.title, colour)
    panel.axes.set_xscale("log", base=2)


def figure_bits(study: Study) -> Sheet:
    found = memories(study)
    sheet = Sheet("What a model stores of its individuals", 1, 2, width=5.6, height=4.2)
    offered = "bits to store, for each parameter of the layers"
    panel = sheet.panel("When training ends", offered, "bits stored, for each parameter of the layers", "stored")
    for memory, colour in zip(found, COLOURS):
        draw_points(panel, memory, memory.stored, colour)
    every = np.concatenate([memory.offered for memory in found])
    ends = [float(every.min()), float(every.max())]
    panel.key("all that there is", ends, ends, color=GREY, lw=0.9, ls=":")
    panel.axes.set_yscale("log", base=2)
    panel = sheet.panel("The same", offered, "attribute accuracy", "accuracy")
    for memory, colour in zip(found, COLOURS):
        draw_points(panel, memory, memory.accuracy, colour)
    sheet.note(f"The most for each parameter: {'; '.join(f'{capacity_text(memory)} ({memory.title})' for memory in found)}")
    sheet.note("Stored bits are a lower bound (doc/science.md); names are not counted")
    return sheet
