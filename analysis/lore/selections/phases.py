"""Runs of the default kind that differ in the population or in one hyperparameter, and what their phases show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lore.selections.families import default_biographies, plain, plain_runs
from lore.study import Run, Study

ATTENTION_TO_NAME = "attention_attribute_to_name"
# Settings that change together are one axis: the first names the line.
AXES = [("Learning rate", ("train_learning_rate",)), ("Individuals", ("population_individuals",)),
        ("Weight decay", ("train_weight_decay",)), ("Batch (sequences)", ("train_batch", "train_steps")),
        ("Model size (width)", ("model_width", "model_hidden", "model_layers", "model_heads", "model_preset")),
        ("Mixer", ("model_mixer", "model_recurrent_width", "model_positions"))]


def longest(runs: Study) -> Study:
    """Those of each population that are trained longest."""
    steps = {n: max(own.numbers("train_steps")) for n, own in runs.by_number("population_individuals")}
    return runs.pick([run.number("train_steps") == steps[run.number("population_individuals")] for run in runs])


def by_population(study: Study) -> Study:
    """Runs of the default kind in which only the population differs. At a constant learning rate they may also
    end at different steps, which decides nothing before."""
    runs = default_biographies(plain(study))
    constant = runs.where(train_schedule="constant").along("population_individuals", "train_steps")
    sets = runs.along("population_individuals") + [longest(own) for own in constant]
    return max(sets, key=lambda own: (len(own.cells("population_individuals")), len(own)), default=runs)


def example(study: Study) -> Study:
    """The largest population whose plateau ended in all of its runs; else the largest."""
    plain_runs(study)
    cells = by_population(study).by_number("population_individuals")
    ended = [runs for _, runs in cells if runs.finished.any() and
             np.isfinite(runs.scalar("plateau_end")[runs.finished]).all()]
    return (ended or [runs for _, runs in cells])[-1]


def name_layer(run: Run, last: bool = True) -> int | None:
    """The layer that attends most to the name before the value, at the end or at the beginning; None without layers."""
    step = run.steps[-1 if last else 0]
    return max(run.layers, key=lambda layer: run.at(step, ATTENTION_TO_NAME, layer=layer), default=None)


def axis_runs(study: Study, names: Sequence[str]) -> Study:
    """Runs of the default kind that differ in these settings only, as many values as there are; of the largest population,
    if several sets have so many. Batches are compared at equal steps or at equal sequences in all."""
    if "population_individuals" in names:
        return by_population(study)
    runs = default_biographies(plain(study))
    sets = runs.along(*names)
    if "train_batch" in names:
        sets = [equal for own in sets for equal in alike(own, own["train_steps"]) +
                alike(own, own["train_steps"] * own["train_batch"])]
    return max(sets, key=lambda own: (len(own.cells(*names)), max(own.numbers("population_individuals"), default=0), len(own)),
               default=runs)


def alike(runs: Study, values: npt.NDArray[np.float64]) -> list[Study]:
    """The runs of each of the values (run)."""
    return [runs.pick(values == value) for value in sorted(set(map(float, values)))]
