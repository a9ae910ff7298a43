"""Runs that differ in the optimiser, with what belongs to it, and in how they draw individuals."""

from __future__ import annotations

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import alpha_of, family
from lore.study import Run, Study

# Settings that go with the optimiser.
OWN = ("train_optimizer", "train_learning_rate", "train_final_learning_rate", "train_matrix_learning_rate", "train_momentum",
       "train_beta1", "train_beta2", "train_epsilon", "train_weight_decay")


def optimizer_of(run: Run) -> str:
    return run.text("train_optimizer", "adamw")


def by_optimizer(study: Study) -> dict[str, Study]:
    """{optimiser: runs}, "adamw" first, of the set with most runs; MissingRuns without two optimisers. Of an optimiser that has
    several rates, those count with which its uniform runs end lowest."""
    runs = study.chosen(run for run in study if family(run) in ("uniform", "power law"))
    sets = [own for own in runs.along(*OWN, "distribution_kind", "distribution_alpha") if len(set(map(optimizer_of, own))) > 1]
    if not sets:
        raise MissingRuns("no runs that differ in train.optimizer only, with the settings that go with it", study.title)
    chosen = max(sets, key=len)
    names = sorted(set(map(optimizer_of, chosen)), key=lambda name: (name != "adamw", name))
    return {name: best_rates(chosen.pick([optimizer_of(run) == name for run in chosen])) for name in names}


def best_rates(runs: Study) -> Study:
    """The runs of the rates whose least alpha has the lowest mean final loss."""
    least = min(map(alpha_of, runs))
    cells = [cell for _, cell in runs.cells(*runs.varying(besides=("distribution_",)))]

    def loss(cell: Study) -> float:
        own = cell.pick([alpha_of(run) == least for run in cell])
        values = own.final("attribute_loss", "known")
        return float(np.nanmean(values)) if np.isfinite(values).any() else np.inf

    return min(cells, key=loss)


def deciles(runs: Study) -> list[str]:
    """Groups named decile_1, the most frequent individuals, to decile_10."""
    return sorted((group for group in runs.groups if group.startswith("decile_")), key=lambda group: int(group[7:]))


def seconds_until(run: Run, step: float) -> float:
    """Training time until a step; NaN if it was not reached."""
    return run.at(step, "wall_time") if np.isfinite(step) else np.nan
