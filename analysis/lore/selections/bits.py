"""How much a model stores of what it is shown, per parameter (Allen-Zhu and Li 2024, arXiv 2404.05405)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lore.errors import MissingRuns
from lore.selections.families import plain
from lore.statistics import BySeed, mean_of
from lore.study import Floats, Run, Study

ATTRIBUTES = 6
FULL = 0.9  # stores less than this share of what there is


@dataclass
class Memory:
    """Of runs that differ in population and steps only, with about as many exposures of each individual: for each run, bits for
    each parameter of its layers that there are to store, and that it stores when training ends; all (run), by ascending first."""
    title: str
    width: float
    exposures: float
    seed: npt.NDArray[np.int64]
    offered: Floats
    stored: Floats
    accuracy: Floats

    @property
    def seeds(self) -> int:
        return len(set(self.seed.tolist()))


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
    found: list[Memory] = []
    for runs in done.along("population_individuals", "train_steps"):
        cells: dict[float, list[Run]] = {}
        for run in runs:
            cells.setdefault(rounded(exposures_of(run)), []).append(run)
        found += [memory_of(exposures, own) for exposures, own in cells.items()
                  if len({run.number("population_individuals") for run in own}) > 1]
    if not found:
        raise MissingRuns("no finished runs of two populations with stored_bits, at equal exposures", study.title)
    return sorted(found, key=lambda memory: (memory.width, memory.exposures))


def memory_of(exposures: float, runs: list[Run]) -> Memory:
    ordered, width = sorted(runs, key=offered), runs[0].number("model_width")
    return Memory(f"width {width:g}, {exposures:g} exposures", width, exposures,
                  np.array([int(run.number("seed")) for run in ordered]), np.array([offered(run) for run in ordered]),
                  np.array([last(run, "stored_bits_per_layer_parameter") for run in ordered]),
                  np.array([last(run, "attribute_accuracy") for run in ordered]))


def best_place(memory: Memory) -> npt.NDArray[np.bool_]:
    """The runs (run) of the population that stores most for each parameter: with the largest mean over seeds."""
    places = [np.isclose(memory.offered, x) for x in np.unique(memory.offered.round(9))]
    return max(places, key=lambda place: float(memory.stored[place].mean()))


def capacity_by_seed(memory: Memory) -> BySeed:
    """The most that is stored for each parameter."""
    best = best_place(memory)
    seeds, stored = memory.seed[best], memory.stored[best]
    return {int(seed): float(stored[seeds == seed].mean()) for seed in np.unique(seeds)}


def capacity(memory: Memory) -> float:
    return mean_of(capacity_by_seed(memory).values())


def is_full(memory: Memory) -> bool:
    """A capacity is no more than a lower bound where nearly all was stored that there is."""
    return capacity(memory) < FULL * float(memory.offered[best_place(memory)].mean())


def capacity_text(memory: Memory) -> str:
    return f"{'' if is_full(memory) else 'at least '}{capacity(memory):.2g}"
