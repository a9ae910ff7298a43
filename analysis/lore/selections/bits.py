"""How much a model stores of what it is shown, per parameter (Allen-Zhu and Li 2024, arXiv 2404.05405)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import plain
from lore.study import Floats, Run, Study

ATTRIBUTES = 6


@dataclass
class Memory:
    """Of runs of one model, with about as many exposures of each individual: for each run, bits for each parameter of its
    layers that there are to store, and that it stores when training ends; both (run), by ascending first."""
    title: str
    offered: Floats
    stored: Floats
    accuracy: Floats
    seeds: int


def exposures_of(run: Run) -> float:
    """Mean sequences about an individual in the whole training."""
    return run.number("train_steps") * run.number("train_batch") / run.number("population_individuals")


def bits_of_individual(run: Run) -> float:
    """Of all values of an individual: the sum of the logarithms of how many values there can be."""
    return float(ATTRIBUTES * run.scalar("no_knowledge_baseline") / np.log(2))


def layer_parameters(run: Run) -> float:
    """From two of its metrics; NaN if it has stored nothing."""
    bits, each = (run.curve(name, "known")[1] for name in ("stored_bits", "stored_bits_per_layer_parameter"))
    there = each > 0
    return float(np.median(bits[there] / each[there])) if there.any() else np.nan


def offered(run: Run) -> float:
    return run.number("population_individuals") * bits_of_individual(run) / layer_parameters(run)


def last(run: Run, variable: str) -> float:
    return float(run.curve(variable, "known")[1][-1])


def rounded(value: float) -> float:
    """Exposures differ by rounding steps: two digits."""
    return float(f"{value:.1e}")


def memories(study: Study) -> list[Memory]:
    """MissingRuns without finished runs of two populations that have stored_bits."""
    runs = plain(study).having("stored_bits", "known")
    done = runs.pick([run.finished and np.isfinite(layer_parameters(run)) for run in runs])
    cells: dict[tuple[float, float], list[Run]] = {}
    for run in done:
        cells.setdefault((run.number("model_width"), rounded(exposures_of(run))), []).append(run)
    found = []
    for (width, exposures), own in sorted(cells.items()):
        ordered = sorted(own, key=offered)
        if len({run.number("population_individuals") for run in own}) > 1:
            found.append(Memory(f"width {width:g}, {exposures:g} exposures", np.array([offered(run) for run in ordered]),
                                np.array([last(run, "stored_bits_per_layer_parameter") for run in ordered]),
                                np.array([last(run, "attribute_accuracy") for run in ordered]),
                                len({run.number("seed") for run in own})))
    if not found:
        raise MissingRuns("no finished runs of two populations with stored_bits, at equal exposures", study.title)
    return found


def capacity(memory: Memory) -> float:
    """The most that is stored for each parameter: the mean of the population with the largest mean."""
    return max(float(memory.stored[np.isclose(memory.offered, x)].mean()) for x in np.unique(memory.offered.round(9)))
