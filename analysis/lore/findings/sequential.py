"""Findings of figures S to V: groups of individuals one after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lore.findings.finding import Decision, Theme, loss_by_seed, need
from lore.selections.sequential import once, sequential, turns_of, visits
from lore.statistics import BySeed, Interval, Verdict, above, below, every, interval, paired, slopes_of_seeds
from lore.study import Floats, Study
from lore.words import short

THEME = Theme()


def along_visits(study: Study, quantity: Callable[[Floats], Floats], tell: Callable[[Interval], str]) -> Decision:
    """Slope of `quantity` of visits (visit, 4) along the number of the visit from the second on, one per seed, for every set
    of runs that visit each of three groups or more once; all below 0 holds. The first visit starts from random weights, so
    it takes longer for that alone. Sets whose rate falls are told, and count only where none has a constant one: their
    last visits learn less for that reason alone."""
    texts = []
    verdicts: dict[str, list[Verdict]] = {}
    for own in once(study).along():
        tables = [np.array(visits(run))[1:] for run in own if run.finished]
        slopes = [np.polyfit(rows[:, 0], quantity(rows), 1)[0] for rows in tables
                  if len(rows) > 1 and np.isfinite(quantity(rows)).all()]
        if len(slopes) > 1:
            i = interval(slopes)
            verdicts.setdefault(own.runs[0].text("train_schedule"), []).append(below(i))
            texts.append(f"{describe(own)}: {tell(i)}")
    need(texts, "no set of finished sequential runs with three groups and two seeds")
    return "; ".join(texts), every(*verdicts.get("constant", [verdict for own in verdicts.values() for verdict in own]))


@THEME.finding("Sequential: new groups get easier", "easier over time", "S")
def easier(study: Study) -> Decision:
    """Slope of a group's loss at the end of its visit against the number of the visit (from the second on), one per seed,
    for every set of runs that visit each of three groups or more once (of constant rate, where there are any): holds if
    all 95 % intervals are below 0; not if one is above."""
    return along_visits(study, lambda rows: rows[:, 1], lambda i: f"{i.text()} nats per visit")


@THEME.finding("Sequential: new groups are learned sooner", "easier over time", "S")
def sooner(study: Study) -> Decision:
    """Slope of ln of the steps until half of what a visit teaches is there, decided as the loss above: each visit takes that
    many times as long as the one before."""
    return along_visits(study, lambda rows: np.asarray(np.log(rows[:, 2])), times_as_long)


def times_as_long(i: Interval) -> str:
    """Of an interval of logarithms."""
    return f"{np.exp(i.mean):.2g} times as long [{np.exp(i.low):.2g}, {np.exp(i.high):.2g}] ({i.count} seeds)"


def describe(runs: Study) -> str:
    s = runs.runs[0].settings
    return (f"{s['curriculum_groups']:g} groups, {short(s['train_steps'])} steps, {s['train_schedule']} rate "
            f"{s['train_learning_rate']:g}")


@THEME.finding("Sequential: forgetting is faster than learning", "faster", "S")
def forgetting(study: Study) -> Decision:
    """ln of (steps until half of a group's knowledge is gone after its visit / steps in which half of it was
    gained in the visit), mean over visits, one per seed, for every set of runs: holds if all 95 % intervals
    are below 0; not if one is above. Loss above the baseline counts as the baseline. Where half is gone at the first
    evaluation, the ratio is an upper bound, and said to be."""
    texts, verdicts = [], []
    for own in once(study).along():
        ratios, coarse = [], False
        for run in own:
            rows = visits(run) if run.finished else []
            coarse |= any(after.forgetting < run.number("evaluate_every") for after in rows[1:])
            logs = [np.log(after.forgetting / before.learning) for before, after in zip(rows, rows[1:])
                    if after.forgetting > 0 and before.learning > 0]
            if logs:
                ratios.append(np.mean(logs))
        if len(ratios) > 1:
            i = interval(ratios)
            verdicts.append(below(i))
            texts.append(f"{describe(own)}: {'at most ' if coarse else ''}{times_as_long(i)}")
    need(texts, "no set of finished sequential runs with two seeds")
    return "; ".join(texts), every(*verdicts)


@THEME.finding("Sequential: many changes at a high learning rate reduce plasticity", "reduce it", "T, V")
def plasticity(study: Study) -> Decision:
    """Loss of the group that was visited last, against log2 of the visits of each group (two groups, constant
    rate, equal steps in all, so that more visits are shorter ones): slope at the highest rate minus that at the lowest,
    one per seed: 95 % interval above 0 holds, below 0 does not."""
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
