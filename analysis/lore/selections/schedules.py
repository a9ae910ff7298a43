"""Power laws, celebrities, warm-ups and the other ways to show individuals, each beside its likes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

from lore.errors import MissingRuns
from lore.selections.curricula import alpha_of
from lore.selections.families import arenas, default_biographies, family, final_loss, members, of_family, plain
from lore.statistics import BySeed, lowest_point
from lore.study import Floats, Study

Cell = TypeVar("Cell", bound=Hashable)

# In the order of legends and tables.
FAMILIES = ("uniform", "power law", "annealed", "celebrities", "warm-up", "adaptive warm-up", "growth", "throw-away",
            "mixed shards", "repeats in a batch", "repeats across steps")


def law_runs(study: Study) -> Study:
    """Power laws and uniform runs that differ in alpha, population and budget only."""
    runs = default_biographies(of_family(study, "power law", "uniform"))
    if not len(of_family(study, "power law")):
        raise MissingRuns("no run with a power law", study.title)
    return arenas(runs, "population_individuals", "train_steps")[0]


def largest_budget(runs: Study) -> Study:
    """The runs of the number of steps that most of them have; of the larger one if several have as many."""
    return max(runs.by_number("train_steps"), key=lambda cell: (len(cell[1]), cell[0]))[1]


def by_alpha(runs: Study) -> dict[float, Study]:
    """{alpha: runs}, ascending"""
    table: dict[float, list[int]] = {}
    for index, run in enumerate(runs):
        table.setdefault(alpha_of(run), []).append(index)
    return {alpha: runs.pick(index) for alpha, index in sorted(table.items())}


Losses = dict[float, BySeed]  # {alpha: {seed: final loss}}


def losses_by_alpha(cells: Sequence[tuple[Cell, Study]]) -> tuple[dict[Cell, Losses], list[float]]:
    """[(key, runs)] -> {key: losses} of keys with three alphas at least, and the alphas that all of these have: one that
    only some have would be the best of those alone."""
    losses = {key: {alpha: at.by_seed(final_loss(at)) for alpha, at in by_alpha(own).items()} for key, own in cells}
    losses = {key: of for key, of in losses.items() if len(of) > 2}
    common = sorted(set.intersection(*(set(of) for of in losses.values()))) if losses else []
    return losses, common


def alphas_by_seed(cells: Sequence[tuple[Cell, Study]],
                   choose: Callable[[list[float], list[float]], float]) -> tuple[dict[Cell, BySeed], list[float]]:
    """[(key, runs)] -> {key: {seed: the alpha that is chosen by (alphas, losses)}}, and the alphas to choose from."""
    losses, common = losses_by_alpha(cells)
    if len(common) < 3:
        return {}, common
    seeds = {key: set.intersection(*(set(of[alpha]) for alpha in common)) for key, of in losses.items()}
    return {key: {s: choose(common, [of[a][s] for a in common]) for s in sorted(seeds[key])}
            for key, of in losses.items() if seeds[key]}, common


def best_alphas(cells: Sequence[tuple[Cell, Study]]) -> tuple[dict[Cell, BySeed], list[float]]:
    """The alpha that was tried and has the least final loss."""
    return alphas_by_seed(cells, lambda alphas, losses: alphas[int(np.argmin(losses))])


def lowest_alphas(cells: Sequence[tuple[Cell, Study]]) -> tuple[dict[Cell, BySeed], list[float]]:
    """The alpha of the lowest point of the parabola through the final losses."""
    return alphas_by_seed(cells, lowest_point)


def best_of(runs: Study) -> Study | None:
    """The member of one family with the least mean final loss."""
    cells = [cell for cell in members(runs).values() if np.isfinite(final_loss(cell)).any()]
    return min(cells, key=lambda cell: float(np.nanmean(final_loss(cell)))) if cells else None


def best_by_population(runs: Study, variable: str) -> dict[float, Floats]:
    """{individuals: final values of the best member's seeds (run)}"""
    best = {n: best_of(own) for n, own in runs.by_number("population_individuals")}
    return {n: cell.final(variable, "known") for n, cell in best.items() if cell is not None}


def uniform_twin(study: Study, own: Study) -> Study:
    """The uniform runs at the population and budget of `own`."""
    return plain(study).where(population_individuals=float(own["population_individuals"][0]),
                              train_steps=float(own["train_steps"][0]))


def warm_ups(study: Study) -> Study:
    runs = of_family(study, "warm-up")
    if not len(runs):
        raise MissingRuns("no run with a warm-up", study.title)
    return default_biographies(runs)


def families_of(runs: Study) -> list[str]:
    """Families among these runs, in the order of FAMILIES."""
    there = {family(run) for run in runs}
    return [name for name in FAMILIES if name in there]


def arenas_of_all_families(runs: Study) -> list[Study]:
    """The arena with most families; and for those that it lacks, further ones."""
    chosen: list[Study] = []
    left = set(families_of(runs))
    while left:
        chosen.append(max(arenas(runs), key=lambda a: (len(left & set(families_of(a))), "uniform" in families_of(a),
                                                       len(a))))
        left -= set(families_of(chosen[-1]))
    return chosen
