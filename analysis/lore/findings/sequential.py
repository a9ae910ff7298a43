"""Findings of figures S to V: groups of individuals one after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lore.findings.finding import Decision, Theme, loss_by_seed, need
from lore.selections.sequential import Visit, measured_once, once, sequential, turns_of, visits
from lore.statistics import BySeed, Interval, above, below, every, interval, paired, slopes_of_seeds
from lore.study import Floats, Study
from lore.words import short

THEME = Theme()


def along_visits(study: Study, quantity: Callable[[Floats], Floats], tell: Callable[[Interval], str]) -> Decision:
    """Slope of `quantity` of visits (visit, 4) along the number of the visit from the second on, one per seed, for every
    set of runs that visit each of three groups or more once; all that count below 0 holds."""
    slopes: list[tuple[Study, Interval]] = []
    seeds: list[tuple[Study, set[int]]] = []
    for own in once(study).along():
        done = own.pick(own.finished)
        tables = [np.array(visits(run))[1:] for run in done]
        values = done.by_seed(float(np.polyfit(rows[:, 0], quantity(rows), 1)[0])
                              if len(rows) > 1 and np.isfinite(quantity(rows)).all() else np.nan for rows in tables)
        if len(values) > 1:
            slopes.append((own, interval(values.values())))
            seeds.append((own, set(values)))
    need(slopes, "no set of finished sequential runs with three groups and two seeds")
    counted = measured_once(seeds)
    constant = [own for own in counted if own.runs[0].text("train_schedule") == "constant"]
    counted = constant or counted
    texts = [f"{describe(own)}: {tell(i)}" + ("" if own in counted else ", not counted") for own, i in slopes]
    return "; ".join(texts), every(*(below(i) for own, i in slopes if own in counted))


@THEME.finding("Sequential: new groups get easier", "easier over time", "S", changed="2026-11-29")
def easier(study: Study) -> Decision:
    """Every set of finished sequential runs, equal but for the seed, with two seeds, that visit each of three groups or
    more once. Slope of a group's attribute_loss at the end of its visit over the number of the visit, from the second
    visit on (the first starts from random weights), one per seed. Sets that show the same individuals at the same steps
    and share a seed with a slope are one measurement: that of constant rate counts, of these that with most such seeds,
    of these that of the least rate. Where a constant rate counts, sets of other schedules do not (their last visits learn
    less for that reason alone). Holds if all 95 % intervals that count are below 0; not if one is above."""
    return along_visits(study, lambda rows: rows[:, 1], lambda i: f"{i.text()} nats per visit")


@THEME.finding("Sequential: new groups are learned sooner", "easier over time", "S", changed="2026-11-29")
def sooner(study: Study) -> Decision:
    """Slope of ln of the steps in which half of what a visit teaches is learned (as defined above), decided as the loss
    at the end of visits: each visit takes that many times as long as the one before. A seed with a visit that teaches
    nothing is left out. The row itself was added after the first runs had been seen."""
    return along_visits(study, lambda rows: np.asarray(np.log(rows[:, 2])), times_as_long)


def times_as_long(i: Interval) -> str:
    """Of an interval of logarithms."""
    return f"{np.exp(i.mean):.2g} times as long [{np.exp(i.low):.2g}, {np.exp(i.high):.2g}] ({i.count} seeds)"


def describe(runs: Study) -> str:
    s = runs.runs[0].settings
    return (f"{s['curriculum_groups']:g} groups, {short(s['train_steps'])} steps, {s['train_schedule']} rate "
            f"{s['train_learning_rate']:g}")


def log_ratio(rows: list[Visit], left: list[float]) -> float:
    """ln of (steps of forgetting / steps of learning), mean over the groups that were left; NaN without any. What is not
    forgotten by the end took longer than what was `left` of the run (visit), which counts."""
    logs = [np.log(min(after.forgetting, steps) / before.learning)
            for before, after, steps in zip(rows, rows[1:], left[1:]) if after.forgetting > 0 and before.learning > 0]
    return float(np.mean(logs)) if logs else np.nan


@THEME.finding("Sequential: forgetting is faster than learning", "faster", "S", changed="2026-11-29")
def forgetting(study: Study) -> Decision:
    """Every set of finished sequential runs, equal but for the seed, with two seeds, that visit each of two groups or
    more once. For each group but the last: ln of (steps after its visit until half of what it knew is forgotten / steps
    in which half of what its visit teaches was learned; both as defined above), mean over the groups that have both and
    neither 0, one per seed. Sets that show the same individuals at the same steps count once, as for the loss at the end
    of visits; of any schedule. Holds if all 95 % intervals are below 0; not if one is above. Where half is gone at the
    first evaluation, the ratio is an upper bound, and said to be; where half is not gone at the end of the run, that end
    counts."""
    ratios: list[tuple[Study, Interval]] = []
    seeds: list[tuple[Study, set[int]]] = []
    for own in once(study).along():
        done = own.pick(own.finished)
        values = done.by_seed(log_ratio(visits(run), [run.number("train_steps") - turn.begin for turn in turns_of(run)])
                              for run in done)
        if len(values) > 1:
            ratios.append((own, interval(values.values())))
            seeds.append((own, set(values)))
    need(ratios, "no set of finished sequential runs with two seeds")
    counted = measured_once(seeds)
    texts = [f"{describe(own)}: {'at most ' if is_coarse(own) else ''}{times_as_long(i)}" +
             ("" if own in counted else ", not counted") for own, i in ratios]
    return "; ".join(texts), every(*(below(i) for own, i in ratios if own in counted))


def is_coarse(runs: Study) -> bool:
    """Is half of any group's knowledge gone at the first evaluation after its visit?"""
    return any(visit.forgetting < run.number("evaluate_every") for run in runs if run.finished for visit in visits(run)[1:])


@THEME.finding("Sequential: many changes at a high learning rate reduce plasticity", "reduce it", "T, V")
def plasticity(study: Study) -> Decision:
    """Sequential runs of two groups at a constant rate that differ in train.learning_rate and curriculum.repeats only
    (the set with most of these; equal train.steps, so that more visits are shorter ones). Final attribute_loss of the
    group that was visited last: slope over log2 of curriculum.repeats, one per seed that has all, at the highest rate
    minus that at the lowest: 95 % interval over seeds above 0 holds, below 0 does not."""
    runs = sequential(study, curriculum_groups=2.0, train_schedule="constant")
    runs = runs.along("train_learning_rate", "curriculum_repeats")[0]
    rates = runs.by_number("train_learning_rate")
    need(len(rates) > 1, "only one learning rate for two groups in turn")
    lowest, highest = rates[0], rates[-1]
    i = interval(paired(slopes_along_visits(highest[1]), slopes_along_visits(lowest[1])))
    return f"slope {i.text()} nats larger at {highest[0]:g} than at {lowest[0]:g}", above(i)


def slopes_along_visits(runs: Study) -> BySeed:
    """Of the loss of the group that was visited last, against log2 of the visits of each group."""
    table = {float(np.log2(r)): loss_by_seed(at, turns_of(at.runs[0])[-1].group)
             for r, at in runs.by_number("curriculum_repeats")}
    need(len(table) > 1, "only one number of visits for two groups in turn")
    return slopes_of_seeds(table)
