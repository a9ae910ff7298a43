"""Figures S, T, U, V and X: groups of individuals one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, GREY, INK, ORANGE, Colour, shades
from lore.figures.phases import ATTENTION, attention_panel, draw_layers
from lore.selections.sequential import first_evaluations, once, sequential, turns_of, visits
from lore.study import Study
from lore.words import short


def mark_turns(panel: Panel, runs: Study) -> None:
    for turn in turns_of(runs.runs[0])[1:]:
        panel.mark_end(turn.begin, "next group")


def draw_groups(sheet: Sheet, runs: Study, title: str) -> None:
    """Loss of each group."""
    panel = sheet.panel(title, "training step", "attribute loss (nats)")
    names = sorted({turn.group for turn in turns_of(runs.runs[0])}, key=lambda g: int(g.split("_")[1]))
    for name, colour in zip(names, shades(len(names))):
        panel.curve(runs, "attribute_loss", name, label=name.replace("_", " "), colour=colour)
    mark_turns(panel, runs)
    panel.baseline(runs.baseline, "")
    panel.axes.set_ylim(0, max(2 * runs.baseline, min(5 * runs.baseline, highest(runs, names))) * 1.05)


def highest(runs: Study, groups: Sequence[str]) -> float:
    """The largest loss of any group but for the first two evaluations."""
    values = [run.curve("attribute_loss", g)[1][2:] for run in runs for g in groups]
    return max((float(v.max()) for v in values if len(v)), default=0.0)


def draw_visits(sheet: Sheet, runs: Study) -> None:
    """Losses when visits end, and half-times."""
    rows = [(visit, first) for run in runs for visit, first in zip(visits(run), first_evaluations(run))]
    numbers = sorted({visit.number for visit, _ in rows})
    panel = sheet.panel("Loss of a group when its visit ends", "visit", "attribute loss (nats)")
    panel.points({k: [visit.loss for visit, _ in rows if visit.number == k] for k in numbers})
    panel.baseline(runs.baseline)
    panel.axes.set_ylim(bottom=0)
    panel.whole_x()
    panel = sheet.panel("Half of the knowledge comes or goes within", "visit", "steps")
    draw_half_times(panel, {k: [(visit.learning, first) for visit, first in rows if visit.number == k] for k in numbers},
                    "learning", BLUE)
    draw_half_times(panel, {k: [(visit.forgetting, first) for visit, first in rows if visit.number == k] for k in numbers},
                    "forgetting the last", ORANGE)
    panel.log_y()
    panel.whole_x()


def draw_half_times(panel: Panel, table: Mapping[int, Iterable[tuple[float, float]]], label: str, colour: Colour) -> None:
    """{visit: [(half-time, steps to the first evaluation)] of seeds}. Of what is half done by that evaluation only this
    is known; it takes at most so long."""
    finite = {k: [pair for pair in pairs if np.isfinite(pair).all()] for k, pairs in table.items()}
    panel.points({k: [max(pair) for pair in pairs] for k, pairs in finite.items()}, label, colour)
    for k, pairs in finite.items():
        if any(half <= first for half, first in pairs):
            panel.key("at most", [k], [float(np.mean([max(pair) for pair in pairs]))], marker="v", ls="", ms=7,
                      color=colour, zorder=4)


def sequential_sheet(runs: Study, title: str) -> Sheet:
    cells = runs.cells("curriculum_groups", "train_learning_rate")
    sheet = Sheet(title, len(cells), 3, width=5, height=3.3)
    for (groups, rate), own in cells:
        draw_groups(sheet, own, f"{groups:g} groups, learning rate {rate:g}")
        draw_visits(sheet, own)
    return sheet


def figure_s(study: Study) -> Sheet:
    runs = once(study, train_schedule="cosine")
    runs = runs.where(train_steps=min(runs.numbers("train_steps")))
    return sequential_sheet(runs, "Groups one after the other")


def figure_t(study: Study) -> Sheet:
    return sequential_sheet(once(study, train_schedule="constant"), "Groups one after the other, constant learning rate")


def figure_u(study: Study) -> Sheet:
    runs = once(study)
    longest = max(runs.numbers("train_steps"))
    return sequential_sheet(runs.where(train_steps=longest), f"Groups one after the other, {short(longest)} steps")


def figure_v(study: Study) -> Sheet:
    runs = sequential(study, curriculum_groups=2.0)
    cells = runs.cells("train_learning_rate", "curriculum_repeats")
    columns = min(3, len(cells))
    sheet = Sheet("Two groups in turn", -(-(len(cells) + 1) // columns), columns)
    for (rate, repeats), own in cells:
        often = f"{repeats:g} times each" if float(repeats) > 1 else "once each"
        draw_groups(sheet, own, f"{often}, learning rate {rate:g}")
    draw_last_visited(sheet, runs)
    return sheet


def draw_last_visited(sheet: Sheet, runs: Study) -> None:
    """The loss of the group whose visit has just ended. The more visits, the shorter they are."""
    last = turns_of(runs.runs[0])[-1].group
    panel = sheet.panel("The group visited last, when its visit ends", "visits of each group, and their length",
                        "attribute loss (nats)")
    for (rate, own), colour in zip(runs.by_number("train_learning_rate"), (BLUE, ORANGE, INK, GREY)):
        panel.points({repeats: at.final("attribute_loss", last) for repeats, at in own.by_number("curriculum_repeats")},
                     f"rate {rate:g}", colour)
    panel.log_x(sorted(set(runs.numbers("curriculum_repeats"))))
    steps = max(runs.numbers("train_steps"))
    panel.axes.xaxis.set_major_formatter(lambda repeats, _: f"{repeats:g}\n({steps / 2 / repeats:.4g} steps)")
    panel.axes.set_ylim(bottom=0)
    sheet.note("More visits are shorter ones, so that loss rises anyway: what changes cost is how much more it rises at "
               "a higher rate.")


def figure_x(study: Study) -> Sheet:
    runs = once(study).along("curriculum_groups")[0].cells("curriculum_groups")[0][1]
    groups = int(runs["curriculum_groups"][0])
    sheet = Sheet(f"Attention along {groups} groups", 2, 2)
    for variable, title in ATTENTION:
        panel = attention_panel(sheet, runs, variable, title)
        panel.names.legend(draw_layers(panel, runs, variable))
        mark_turns(panel, runs)
        panel.axes.set_ylim(bottom=0)
    return sheet
