"""Known individuals as a part of a stream that is otherwise about fresh ones."""

from __future__ import annotations

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import family
from lore.statistics import BySeed
from lore.study import Study

KNOWN = 0.1  # a model that knows less without fresh individuals has no critical share
Accuracies = dict[float, BySeed]  # {share of known ones: {seed: final accuracy}}


def share_of(fresh: float) -> float:
    return 1 - fresh


def accuracies(runs: Study) -> Accuracies:
    """Of finished runs that differ in distribution.fresh and seed only, shares ascending."""
    cells = [(share_of(fresh), own.by_seed(own.final("attribute_accuracy", "known")))
             for fresh, own in runs.by_number("distribution_fresh")]
    return {share: row for share, row in sorted(cells) if row}


def by_width(study: Study) -> dict[float, Study]:
    """{width: runs that differ in distribution.fresh and seed only}; MissingRuns without such runs."""
    constant = study.chosen(run for run in study if run.number("distribution_final_fresh", -1) < 0
                            and family(run) in ("uniform", "mixture"))
    found: dict[float, Study] = {}
    for runs in constant.along("distribution_fresh"):
        width = float(runs["model_width"][0])
        if len(accuracies(runs)) > 2 and width not in found:
            found[width] = runs
    if not found:
        raise MissingRuns("no finished runs with three shares of fresh individuals (distribution.fresh)", study.title)
    return dict(sorted(found.items()))


def critical_share(table: Accuracies, seed: int) -> float:
    """Where the accuracy is half of that without fresh ones, linear in the logarithm of the share between the neighbours of
    the largest share that has less; NaN if none has, a share lacks the seed, or hardly anything is known without fresh
    ones."""
    if any(seed not in row for row in table.values()) or 1.0 not in table or table[1.0][seed] < KNOWN:
        return np.nan
    half, shares = table[1.0][seed] / 2, sorted(table, reverse=True)
    for above, below in zip(shares, shares[1:]):
        high, low = table[above][seed], table[below][seed]
        if low < half:
            part = (high - half) / (high - low)
            return float(np.exp(np.log(above) + part * (np.log(below) - np.log(above))))
    return np.nan


def critical_shares(runs: Study) -> BySeed:
    table = accuracies(runs)
    seeds = sorted({seed for row in table.values() for seed in row})
    found = {seed: critical_share(table, seed) for seed in seeds}
    return {seed: share for seed, share in found.items() if np.isfinite(share)}
