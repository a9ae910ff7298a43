"""Pairs of runs that differ only in train.precision, and whether the two precisions count as equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lore.errors import MissingRuns
from lore.statistics import BySeed, Equivalence, equivalence, paired
from lore.study import Study

# Written in jobs/studies/small/precision.yaml before the first run. Of the mean in float32, unless absolute.
RELATIVE = {"end of the plateau": 0.10, "final attribute loss": 0.10, "final held-out loss": 0.03}
ABSOLUTE = {"final accuracy": 0.02}


@dataclass
class Comparison:
    """One quantity of one kind of runs. values: {precision: {seed: value}}; margin in the values' unit."""
    kind: str
    quantity: str
    values: dict[str, BySeed]
    margin: float
    result: Equivalence


def measured(runs: Study) -> dict[str, BySeed]:
    """{quantity: {seed: value}} of finished runs."""
    done = runs.pick(runs.finished)
    return {"end of the plateau": done.by_seed(done.scalar("plateau_end")),
            "final attribute loss": done.by_seed(done.final("attribute_loss", "known")),
            "final accuracy": done.by_seed(done.final("attribute_accuracy", "known")),
            "final held-out loss": done.by_seed(done.final("attribute_loss", "held_out"))}


def compare(kind: str, runs: Study) -> list[Comparison]:
    """Each quantity of runs that differ only in precision and seed."""
    by_precision = {str(precision): measured(own) for (precision,), own in runs.cells("train_precision")}
    result = []
    for quantity in (*RELATIVE, *ABSOLUTE):
        values = {precision: table[quantity] for precision, table in by_precision.items()}
        differences = paired(values["bf16"], values["float32"])
        mean = float(np.mean(list(values["float32"].values()))) if values["float32"] else np.nan
        margin = ABSOLUTE.get(quantity, RELATIVE.get(quantity, np.nan) * mean)
        if differences:
            result.append(Comparison(kind, quantity, values, margin, equivalence(differences, margin)))
    return result


def title_of(runs: Study) -> str:
    """Which runs these are, in words."""
    run = runs.runs[0]
    if run.text("distribution_kind", "uniform") == "power_law":
        return f"power law, alpha {run.number('distribution_alpha'):g}"
    return f"uniform, width {run.number('model_width'):g}"


def comparisons(study: Study) -> list[Comparison]:
    """MissingRuns if no two runs differ only in precision."""
    found = []
    for runs in study.along("train_precision"):
        if {"float32", "bf16"} <= set(map(str, runs.values("train_precision"))):
            found += compare(title_of(runs), runs)
    if not found:
        raise MissingRuns("no pairs of finished runs in float32 and in bf16 (train.precision)", study.title)
    return found
