"""Figures S, T, U, V and X: groups of people one after the other."""

import numpy as np

from figures_phases import ATTENTION, attention_panel, draw_layers
from lore_sheet import BLUE, GREY, INK, ORANGE, Sheet, shades, short
from lore_study import of_family


def sequential(study, **wanted):
    """Runs of a sequential curriculum; SystemExit if there are none."""
    runs = of_family(study, "sequential").where(**wanted)
    if not len(runs):
        asked = "".join(f", {name.replace('_', '.', 1)} {value}" for name, value in wanted.items())
        raise SystemExit(f"{study.title}: no run with curriculum.kind sequential{asked}")
    return runs


def turns_of(run):
    """[(first step, end, group name)] of the visits, in order."""
    s = run.settings
    groups, count = int(s["curriculum_groups"]), int(s["curriculum_groups"] * s["curriculum_repeats"])
    bounds = [-(-k * int(s["train_steps"]) // count) for k in range(count + 1)]
    return [(bounds[k], bounds[k + 1], f"group_{k % groups + 1}") for k in range(count)]


def time_to(steps, values, level, rising):
    """First time that the curve passes `level`, interpolated; NaN if never."""
    beyond = values >= level if rising else values <= level
    if not beyond.any():
        return np.nan
    at = int(np.argmax(beyond))
    if at == 0:
        return float(steps[0])
    share = (level - values[at - 1]) / (values[at] - values[at - 1])
    return float(steps[at - 1] + share * (steps[at] - steps[at - 1]))


def part(run, group, begin, end):
    """The curve of a group's loss from `begin` to `end`, both bounds interpolated."""
    steps, values = run.curve("attribute_loss", group)
    inside = (steps > begin) & (steps < end)
    bounds = [run.at(step, "attribute_loss", group) for step in (begin, min(end, run.steps[-1]))]
    return (np.concatenate([[begin], steps[inside], [min(end, run.steps[-1])]]),
            np.concatenate([bounds[:1], values[inside], bounds[1:]]))


def half_time(run, group, begin, end):
    """Steps after `begin` until half of the knowledge that comes or goes by `end` has come or gone.

    What lies above the baseline (first steps, hallucination) is not knowledge and does not count.
    """
    steps, values = part(run, group, begin, end)
    values = np.minimum(values, run.scalars["no_knowledge_baseline"])
    if len(steps) < 2 or not np.isfinite(values).all() or values[0] == values[-1]:
        return np.nan
    middle = (values[0] + values[-1]) / 2
    return time_to(steps, values, middle, values[-1] > values[0]) - begin


def visits(run):
    """Of each visit: number, loss at its end, half-time of learning it, of forgetting the one before."""
    rows = []
    turns = turns_of(run)
    for k, (begin, end, group) in enumerate(turns):
        forgetting = half_time(run, turns[k - 1][2], begin, end) if k else np.nan
        rows.append((k + 1, run.at(end, "attribute_loss", group), half_time(run, group, begin, end), forgetting))
    return rows


def first_evaluations(run):
    """Of each visit: steps from its beginning to the first evaluation in it; NaN if there is none yet."""
    steps = run.curve("attribute_loss", turns_of(run)[0][2])[0]
    return [next((step - begin for step in steps if step > begin), np.nan) for begin, _, _ in turns_of(run)]


def draw_groups(sheet, runs, title):
    panel = sheet.panel(title, "training step", "attribute loss (nats)")
    names = sorted({group for *_, group in turns_of(runs.runs[0])}, key=lambda g: int(g.split("_")[1]))
    for name, colour in zip(names, shades(len(names))):
        panel.curve(runs, "attribute_loss", name, label=name.replace("_", " "), colour=colour)
    for begin, _, _ in turns_of(runs.runs[0])[1:]:
        panel.mark_end(begin, "next group")
    panel.baseline(runs.baseline, "")
    panel.axes.set_ylim(0, max(2 * runs.baseline, min(5 * runs.baseline, highest(runs, names))) * 1.05)
    return panel


def highest(runs, groups):
    values = [run.curve("attribute_loss", g)[1][2:] for run in runs for g in groups]
    return max((v.max() for v in values if len(v)), default=0)


def draw_visits(sheet, runs):
    rows = [(*row, first) for run in runs for row, first in zip(visits(run), first_evaluations(run))]
    number = sorted({row[0] for row in rows})
    panel = sheet.panel("Loss of a group when its visit ends", "visit", "attribute loss (nats)")
    panel.points({k: [r[1] for r in rows if r[0] == k] for k in number})
    panel.baseline(runs.baseline)
    panel.axes.set_ylim(bottom=0)
    panel.whole_x()
    panel = sheet.panel("Half of the change takes", "visit", "steps")
    for column, label, colour in ((2, "learning", BLUE), (3, "forgetting the last", ORANGE)):
        draw_half_times(panel, {k: [(r[column], r[4]) for r in rows if r[0] == k] for k in number}, label, colour)
    panel.log_y()
    panel.whole_x()


def draw_half_times(panel, table, label, colour):
    """{visit: [(half-time, steps to the first evaluation)] of seeds}. Of what is half done by that evaluation only this
    is known; it takes at most so long."""
    table = {k: [pair for pair in pairs if np.isfinite(pair).all()] for k, pairs in table.items()}
    panel.points({k: [max(pair) for pair in pairs] for k, pairs in table.items()}, label, colour)
    for k, pairs in table.items():
        if any(half <= first for half, first in pairs):
            panel.key("at most", [k], [np.mean([max(pair) for pair in pairs])], marker="v", ls="", ms=7, color=colour,
                      zorder=4)


def sequential_sheet(runs, title):
    cells = runs.cells("curriculum_groups", "train_learning_rate")
    sheet = Sheet(title, len(cells), 3, width=5, height=3.3)
    for (groups, rate), own in cells:
        draw_groups(sheet, own, f"{groups:g} groups, learning rate {rate:g}")
        draw_visits(sheet, own)
    return sheet


def once(study, **wanted):
    """Sequential runs that visit each group once."""
    return sequential(study, curriculum_repeats=1.0, **wanted)


def figure_s(study):
    runs = once(study, train_schedule="cosine")
    runs = runs.where(train_steps=min(runs["train_steps"]))
    return sequential_sheet(runs, "Groups one after the other")


def figure_t(study):
    return sequential_sheet(once(study, train_schedule="constant"), "Groups one after the other, constant learning rate")


def figure_u(study):
    runs = once(study)
    longest = max(runs["train_steps"])
    return sequential_sheet(runs.where(train_steps=longest), f"Groups one after the other, {short(longest)} steps")


def figure_v(study):
    runs = sequential(study, curriculum_groups=2.0)
    cells = runs.cells("train_learning_rate", "curriculum_repeats")
    columns = min(3, len(cells))
    sheet = Sheet("Two groups in turn", -(-(len(cells) + 1) // columns), columns)
    for (rate, repeats), own in cells:
        often = f"{repeats:g} times each" if repeats > 1 else "once each"
        draw_groups(sheet, own, f"{often}, learning rate {rate:g}")
    draw_last_visited(sheet, runs)
    return sheet


def draw_last_visited(sheet, runs):
    """The loss of the group whose visit has just ended. The more visits, the shorter they are."""
    last = turns_of(runs.runs[0])[-1][2]
    panel = sheet.panel("The group visited last, when its visit ends", "visits of each group, and their length",
                        "attribute loss (nats)")
    for ((rate,), own), colour in zip(runs.cells("train_learning_rate"), (BLUE, ORANGE, INK, GREY)):
        panel.points({repeats: at.final("attribute_loss", last) for (repeats,), at in own.cells("curriculum_repeats")},
                     f"rate {rate:g}", colour)
    panel.log_x(sorted(set(runs["curriculum_repeats"])))
    steps = max(runs["train_steps"])
    panel.axes.xaxis.set_major_formatter(lambda repeats, _: f"{repeats:g}\n({steps / 2 / repeats:.4g} steps)")
    panel.axes.set_ylim(bottom=0)
    sheet.note("More visits are shorter ones, so that loss rises anyway: what changes cost is how much more it rises at "
               "a higher rate.")


def figure_x(study):
    runs = once(study)
    runs = runs.along("curriculum_groups")[0].cells("curriculum_groups")[0][1]
    groups = int(runs["curriculum_groups"][0])
    sheet = Sheet(f"Attention along {groups} groups", 2, 2)
    for variable, title in ATTENTION:
        panel = attention_panel(sheet, runs, variable, title)
        panel.legend(draw_layers(panel, runs, variable))
        for begin, _, _ in turns_of(runs.runs[0])[1:]:
            panel.mark_end(begin, "next group")
        panel.axes.set_ylim(bottom=0)
    return sheet
