"""What is known of individuals by how often, or how long ago, training has shown them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.statistics import fit_logistic
from lore.study import Floats, Run, Study, drawn

EXPOSURES, STEPS_AGO = "exposure", "recency"


@dataclass
class Bins:
    """By bin: a number in its middle, evaluated values, how many of them are right, and the sum of their losses (nats)."""
    number: Floats
    values: Floats
    right: Floats
    loss: Floats

    @property
    def accuracy(self) -> Floats:
        """NaN without values."""
        return np.asarray(self.right / np.where(self.values > 0, self.values, np.nan))

    @property
    def mean_loss(self) -> Floats:
        return np.asarray(self.loss / np.where(self.values > 0, self.values, np.nan))


def middles(least: list[int]) -> Floats:
    """The geometric mean of the smallest and the largest number of each bin; of the last, whose end is open, the smallest."""
    most = [*(number - 1 for number in least[1:]), least[-1]]
    return np.array([np.sqrt(low * max(low, high)) for low, high in zip(least, most)], float)


def binned(run: Run, kind: str, group: str, records: slice) -> Bins:
    """Sums over some records; MissingRuns if the run was trained by a version without bins."""
    values, accuracy, loss = (run.binned(f"{kind}_{name}", group)[records] for name in ("values", "accuracy", "loss"))
    if not values.size or not run.bins:
        raise MissingRuns(f"{run.name} has no {kind}_values of group {group}; an earlier version trained it")
    values = np.nan_to_num(values)
    return Bins(middles(run.bins), values.sum(axis=0), np.nansum(values * accuracy, axis=0), np.nansum(values * loss, axis=0))


def at_end(run: Run, kind: str, group: str = "known") -> Bins:
    return binned(run, kind, group, slice(-1, None))


def over_time(run: Run, group: str = "known") -> Bins:
    """By exposures, values of all records: an individual is in more and more of the bins."""
    return binned(run, EXPOSURES, group, slice(None))


def half_exposures(run: Run, group: str = "known") -> float:
    """Exposures until half of the values are known: where a logistic curve of the logarithm of exposures, fitted to all
    records, is one half. NaN if it does not rise, or is one half only outside of what was seen."""
    bins = over_time(run, group)
    seen = (bins.values > 0) & (bins.number > 0)
    if seen.sum() < 3:
        return np.nan
    x = np.log2(bins.number[seen])
    offset, slope = fit_logistic(x, bins.right[seen], bins.values[seen])
    half = -offset / slope if slope > 0 else np.nan
    return float(2**half) if x.min() <= half <= x.max() else np.nan


def with_bins(study: Study) -> Study:
    """Uniform runs and power laws that have bins of known individuals; MissingRuns if there are none."""
    counted = study.chosen(run for run in of_family(study, "uniform", "power law")
                           if run.bins and run.binned("exposure_values", "known").size)
    runs = study.chosen(drawn(counted))
    if not len(runs):
        raise MissingRuns("no run with exposure_values of known individuals", study.title)
    return runs
