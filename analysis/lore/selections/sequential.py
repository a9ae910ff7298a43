"""Runs that show groups of individuals one after the other, and what each visit teaches and takes away."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.statistics import time_to
from lore.study import ASIDE, Floats, Run, Setting, Study
from lore.words import setting


class Turn(NamedTuple):
    """A visit of a group: from step `begin` to before step `end`."""
    begin: int
    end: int
    group: str


class Visit(NamedTuple):
    """Of a visit: its number from 1; loss of its group when it ends, in nats; steps until half of what it teaches is
    learnt (NaN if nothing is), and until half of what the group before knew is forgotten (NaN for the first visit, and if
    nothing was known; infinite if it is not before that group's next visit or the end)."""
    number: int
    loss: float
    learning: float
    forgetting: float


def sequential(study: Study, **wanted: Setting) -> Study:
    """Runs of a sequential curriculum with these settings; MissingRuns if there are none."""
    runs = of_family(study, "sequential").where(**wanted)
    if not len(runs):
        asked = "".join(f", {setting(name)} {value}" for name, value in wanted.items())
        raise MissingRuns(f"no run with curriculum.kind sequential{asked}", study.title)
    return runs


def once(study: Study, **wanted: Setting) -> Study:
    """Sequential runs that visit each group once."""
    return sequential(study, curriculum_repeats=1.0, **wanted)


def turns_of(run: Run) -> list[Turn]:
    """The visits, in order."""
    groups, count = int(run.number("curriculum_groups")), int(run.number("curriculum_groups") *
                                                              run.number("curriculum_repeats"))
    bounds = [-(-k * int(run.number("train_steps")) // count) for k in range(count + 1)]
    return [Turn(bounds[k], bounds[k + 1], f"group_{k % groups + 1}") for k in range(count)]


def part(run: Run, group: str, begin: float, end: float) -> tuple[Floats, Floats]:
    """The curve of a group's loss, (steps, nats), from `begin` to `end`, both bounds interpolated."""
    steps, values = run.curve("attribute_loss", group)
    inside = (steps > begin) & (steps < end)
    bounds = [run.at(step, "attribute_loss", group) for step in (begin, min(end, run.steps[-1]))]
    return (np.concatenate([[begin], steps[inside], [min(end, run.steps[-1])]]),
            np.concatenate([bounds[:1], values[inside], bounds[1:]]))


def half_time(run: Run, group: str, begin: float, end: float) -> float:
    """Steps after `begin` until half of the knowledge that comes by `end` has come; NaN if none comes.

    What lies above the baseline (first steps, hallucination) is not knowledge and does not count.
    """
    steps, values = part(run, group, begin, end)
    values = np.minimum(values, run.scalars["no_knowledge_baseline"])
    if len(steps) < 2 or not np.isfinite(values).all() or values[0] <= values[-1]:
        return np.nan
    return time_to(steps, values, (values[0] + values[-1]) / 2, rising=False) - begin


def forgetting_time(run: Run, group: str, begin: float, end: float) -> float:
    """Steps after `begin`, when a group's visit is over, until half of what it knew then is gone: its loss is half-way from
    there to the baseline. NaN if it knew nothing, infinite if half is not gone by `end`."""
    steps, values = part(run, group, begin, end)
    baseline = run.scalars["no_knowledge_baseline"]
    values = np.minimum(values, baseline)
    if len(steps) < 2 or not np.isfinite(values).all() or values[0] == baseline:
        return np.nan
    time = time_to(steps, values, (values[0] + baseline) / 2, rising=True) - begin
    return time if np.isfinite(time) else np.inf


def next_visit(turns: list[Turn], k: int) -> int:
    """The step at which the group of turn k is visited again, or the end."""
    return next((turn.begin for turn in turns[k + 1:] if turn.group == turns[k].group), turns[-1].end)


def visits(run: Run) -> list[Visit]:
    rows = []
    turns = turns_of(run)
    for k, (begin, end, group) in enumerate(turns):
        forgetting = forgetting_time(run, turns[k - 1].group, begin, next_visit(turns, k - 1)) if k else np.nan
        rows.append(Visit(k + 1, run.at(end, "attribute_loss", group), half_time(run, group, begin, end), forgetting))
    return rows


def draws_of(run: Run) -> str:
    """The settings, beside the seed, that decide which individuals are shown at which step."""
    return str(sorted((name, value) for name, value in run.settings.items() if not name.startswith(ASIDE) and
                      name.startswith(("population_", "distribution_", "curriculum_", "train_steps", "train_batch"))))


def measured_once(sets: list[tuple[Study, set[int]]]) -> list[Study]:
    """Of the sets, each with the seeds that have a value, that show the same individuals at the same steps and share such a
    seed one each, as they are no independent measurements: of constant learning rate, if any is; then of most such seeds; then
    of the least rate."""
    chosen: list[tuple[Study, set[int]]] = []
    for own, seeds in sorted(sets, key=lambda one: (one[0].runs[0].text("train_schedule") != "constant", -len(one[1]),
                                                    one[0].runs[0].number("train_learning_rate"))):
        if not any(draws_of(own.runs[0]) == draws_of(other.runs[0]) and seeds & others for other, others in chosen):
            chosen.append((own, seeds))
    return [own for own, _ in chosen]


def first_evaluations(run: Run) -> list[float]:
    """Of each visit: steps from its beginning to the first evaluation in it; NaN if there is none yet."""
    turns = turns_of(run)
    steps = run.curve("attribute_loss", turns[0].group)[0]
    return [next((float(step - turn.begin) for step in steps if step > turn.begin), np.nan) for turn in turns]
