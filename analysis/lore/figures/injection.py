"""Figure injection: what is left of individuals that a running training has shown a few times?"""

from __future__ import annotations

import numpy as np

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import COLOURS, GREY, Colour
from lore.selections.injection import GROUP, Knowledge, courses, gains, injections, kinds
from lore.statistics import mean_of
from lore.study import Study


def draw_knowledge(panel: Panel, found: list[Knowledge], label: str, colour: Colour) -> None:
    """The mean over the seeds that were evaluated at the same steps."""
    after = found[0].after
    table = np.array([one.nats for one in found if np.array_equal(one.after, after)])
    panel.line(after, table.mean(axis=0), table.min(axis=0), table.max(axis=0), label, colour, seeds=len(table))


def draw_courses(sheet: Sheet, name: str, what: str, rows: dict[str, list[Knowledge]], colours: dict[str, Colour]) -> None:
    panel = sheet.panel(f"{name.capitalize()}: {what}", "steps since the last injection", "nats", name)
    for title, found in rows.items():
        draw_knowledge(panel, found, title, colours[title])
        power, exponential = (mean_of(miss) for miss in zip(*(one.misses() for one in found)))
        if np.isfinite(power):
            sheet.note(f"{title}: log {name} is {power:.2g} from a line over log steps, {exponential:.2g} from one over steps")
    panel.axes.set_xscale("log")
    panel.axes.set_ylim(bottom=0)


def draw_kept(sheet: Sheet, name: str, rows: dict[str, list[Knowledge]], colours: dict[str, Colour]) -> None:
    panel = sheet.panel(f"{name.capitalize()} kept at the last step", "share", "", f"{name} kept")
    for place, (title, found) in enumerate(reversed(rows.items())):
        panel.row([one.kept for one in found], place, title, colours[title], lacking="nothing known")
    panel.axes.set_yticks(range(len(rows)), list(reversed(rows)), fontsize=8)
    panel.axes.set_ylim(-0.6, len(rows) - 0.4)
    panel.axes.set_xlim(left=0)


def figure_injection(study: Study) -> Sheet:
    cells = kinds(study)
    palette: list[Colour] = [GREY, *COLOURS] if "never" in cells else list(COLOURS)
    colours = dict(zip(cells, palette))
    sheet = Sheet("What is left of individuals that a running training has shown a few times?", 2, 3, width=5.4)
    for variable, unit in (("attribute_loss", "attribute loss (nats)"), ("attribute_accuracy", "attribute accuracy")):
        panel = sheet.panel("Injected individuals", "training step", unit)
        for title, runs in cells.items():
            panel.curve(runs, variable, GROUP, label=title, colour=colours[title])
        for step in sorted({step for runs in cells.values() for run in runs for step in injections(run)[-1:]}):
            panel.mark_end(step, "last injection")
        if variable == "attribute_loss":
            panel.baseline(study.baseline)
    knowledge = {title: found for title, runs in cells.items() if (found := courses(runs))}
    gained = {title: found for title, runs in cells.items() if (found := gains(study, runs))}
    draw_courses(sheet, "knowledge", "loss below the baseline", knowledge, colours)
    draw_courses(sheet, "gain", "loss below that of never shown", gained, colours)
    draw_kept(sheet, "knowledge", knowledge, colours)
    draw_kept(sheet, "gain", gained, colours)
    return sheet
