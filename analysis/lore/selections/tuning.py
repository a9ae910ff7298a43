"""Fine-tuning on new individuals, or of the toy memory on new pairs: by number of new ones, by weight of the replay."""

from __future__ import annotations

from typing import NamedTuple

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.study import Study
from lore.words import setting


class Kind(NamedTuple):
    """What is fine-tuned: names of the settings for the number of new ones and for the replay's weight."""
    noun: str
    new: str
    weight: str


INDIVIDUALS = Kind("individuals", "population_new", "distribution_replay_weight")
PAIRS = Kind("pairs", "memory_new_pairs", "memory_replay_weight")


def tuned(study: Study, kind: Kind = INDIVIDUALS) -> Study:
    """Runs that are fine-tuned on new ones; MissingRuns if there are none."""
    runs = study.where(distribution_kind="replay") if kind == INDIVIDUALS else of_family(study, "memory")
    runs = runs.pick([run.number(kind.new, 0) > 0 for run in runs])
    if not len(runs):
        raise MissingRuns(f"no fine-tuning on new {kind.noun} ({setting(kind.new)})", study.title)
    return runs


def by_count(runs: Study, kind: Kind = INDIVIDUALS) -> list[tuple[float, Study]]:
    """[(number of new ones, runs)] without replay, or with the least there is."""
    least = runs.where(**{kind.weight: min(runs.numbers(kind.weight))})
    return least.along(kind.new)[0].by_number(kind.new)


def series_of_counts(runs: Study, kind: Kind = INDIVIDUALS) -> list[list[tuple[float, Study]]]:
    """[(number of new ones, runs)] of every set in which nothing else differs: by ascending weight of the replay, then by
    descending learning rate."""
    sets = sorted(runs.along(kind.new), key=lambda own: (own.runs[0].number(kind.weight),
                                                         -own.runs[0].number("train_learning_rate", 0)))
    return [own.by_number(kind.new) for own in sets]


def by_weight(runs: Study, kind: Kind = INDIVIDUALS) -> list[tuple[float, Study]]:
    """[(weight of the replay, runs)] with the number of new ones for which there are most weights."""
    return runs.along(kind.weight)[0].by_number(kind.weight)


def plain_memories(study: Study) -> Study:
    """Toy memories that are not fine-tuned."""
    runs = of_family(study, "memory")
    return runs.pick([run.number("memory_new_pairs", 0) == 0 for run in runs])
