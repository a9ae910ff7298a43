"""Does the precision of matrix products change what is found?"""

from __future__ import annotations

from collections.abc import Mapping

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, GREY, INK, ORANGE, PALE, Colour
from lore.selections.precision import Comparison, comparisons
from lore.statistics import HOLDS
from lore.study import Study

COLOURS = (BLUE, ORANGE, INK, GREY)


def draw_intervals(panel: Panel, found: list[Comparison]) -> None:
    """Differences in units of their margins."""
    panel.axes.axvspan(-1, 1, color=PALE, lw=0, zorder=0)
    panel.axes.axvline(0, color=GREY, lw=0.8, zorder=1)
    for place, c in enumerate(reversed(found)):
        colour = BLUE if c.result.verdict == HOLDS else ORANGE
        panel.span(c.result.low / c.margin, c.result.mean / c.margin, c.result.high / c.margin, place,
                   f"{c.kind}: {c.quantity}", colour, c.result.count)
    panel.axes.set_yticks(range(len(found)), [f"{c.quantity} $\\pm$ {c.margin:.2g}\n{c.kind}, {c.result.count} pairs" for c in reversed(found)], fontsize=7)
    panel.axes.set_ylim(-0.6, len(found) - 0.4)
    panel.axes.set_xlim(-1.3, 1.3)


def draw_pairs(panel: Panel, found: list[Comparison], colours: Mapping[str, Colour]) -> None:
    """A point for each seed, float32 against bf16, on or beside the diagonal."""
    for c in found:
        first, second = c.values["float32"], c.values["bf16"]
        seeds = sorted(set(first) & set(second))
        panel.pairs([first[s] for s in seeds], [second[s] for s in seeds], c.kind, colours[c.kind])
    low, high = panel.axes.get_xlim()
    panel.axes.axline((low, low), (high, high), color=GREY, lw=0.8, zorder=1)


def figure_precision(study: Study) -> Sheet:
    found = comparisons(study)
    kinds = list(dict.fromkeys(c.kind for c in found))
    quantities = list(dict.fromkeys(c.quantity for c in found))
    colours = dict(zip(kinds, COLOURS))
    columns = 3
    sheet = Sheet("Matrix products in bf16 and in float32", -(-(1 + len(quantities)) // columns), columns, width=4.6,
                  height=4)
    draw_intervals(sheet.panel("Mean difference of pairs, 90 % interval", "bf16 - float32, in margins", "", "differences"),
                   found)
    for quantity in quantities:
        panel = sheet.panel(quantity[0].upper() + quantity[1:], "float32", "bf16")
        draw_pairs(panel, [c for c in found if c.quantity == quantity], colours)
    sheet.note("Equal (blue): the interval lies within the margin, which was written before the first run"
               " (jobs/studies/small/precision.yaml)")
    return sheet
