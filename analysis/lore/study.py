"""Runs of one study or of several, side by side: what figures and findings choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, Union

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Setting = Union[float, str]
Key = tuple[Setting, ...]  # values of several settings
Item = TypeVar("Item")

# Settings that say how a run is measured or computed, or which individuals are only measured: not what it learns.
ASIDE = ("seed", "name", "evaluate_", "checkpoint_", "compute_", "train_reduction", "train_shard",
         "population_held_out", "population_throw_away", "start_run", "start_checksum", "patch_run", "patch_step")


@dataclass
class Run:
    """One run.

    settings    the run's own, "train_steps" for train.steps
    scalars     nats (baselines) or steps (bounds of the plateau; NaN if not reached)
    steps       (step)
    records     (step), (step, group), (step, layer) of attention, or (step, group, bin); NaN where a step has no value
    bins        smallest numbers of the bins; empty in files of earlier versions
    """
    name: str
    experiment: str
    settings: dict[str, Setting]
    scalars: dict[str, float]
    steps: Integers
    groups: list[str]
    layers: list[int]
    records: dict[str, Floats]
    bins: list[int] = field(default_factory=list)

    def number(self, setting: str, default: float | None = None) -> float:
        """A setting that is a number; KeyError if the run lacks it and there is no default."""
        value = self.settings[setting] if default is None else self.settings.get(setting, default)
        return float(value)

    def text(self, setting: str, default: str | None = None) -> str:
        """A setting that is a word; KeyError if the run lacks it and there is no default."""
        value = self.settings[setting] if default is None else self.settings.get(setting, default)
        return str(value)

    def scalar(self, name: str) -> float:
        """NaN for one that the run lacks."""
        return self.scalars.get(name, np.nan)

    def curve(self, variable: str, group: str | None = None, layer: int | None = None) -> tuple[Integers, Floats]:
        """(steps, values) without gaps; empty if the run has no such variable, group or layer."""
        values, none = self.records.get(variable), (np.array([], np.int64), np.array([]))
        if values is None:
            return none
        if layer is not None:
            if layer not in self.layers:
                return none
            values = values[:, self.layers.index(layer)]
        elif group is not None:
            if group not in self.groups:
                return none
            values = values[:, self.groups.index(group)]
        there = np.isfinite(values)
        return self.steps[there], values[there]

    def binned(self, variable: str, group: str) -> Floats:
        """(step, bin); empty if the run has no such variable or group."""
        values = self.records.get(variable)
        if values is None or group not in self.groups:
            return np.empty((0, 0))
        return values[:, self.groups.index(group)]

    def at(self, step: float, variable: str, group: str | None = None, layer: int | None = None) -> float:
        """The value at a step, linear between evaluations; NaN outside of them."""
        steps, values = self.curve(variable, group, layer)
        inside = len(steps) > 0 and steps[0] <= step <= steps[-1]
        return float(np.interp(step, steps, values)) if inside else np.nan

    @property
    def finished(self) -> bool:
        return bool(self.steps[-1] >= self.number("train_steps", 0))


class Study:
    """Runs, and the names of those that are planned and have no record (missing), or one that cannot be read (damaged)."""

    def __init__(self, title: str, runs: Iterable[Run], missing: Iterable[str] = (), damaged: Iterable[str] = ()) -> None:
        self.title, self.runs, self.missing, self.damaged = title, list(runs), list(missing), list(damaged)

    def chosen(self, runs: Iterable[Run]) -> Study:
        """Some of the runs; what is missing stays known."""
        return Study(self.title, runs, self.missing, self.damaged)

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def values(self, setting: str) -> list[Setting]:
        """A setting of each run; NaN for one that a file does not have."""
        values = [run.settings.get(setting, np.nan) for run in self.runs]
        return values if any(isinstance(value, str) for value in values) else [float(value) for value in values]

    def __getitem__(self, setting: str) -> Floats:
        """A setting that is a number, of each run (run); NaN for one that a file does not have."""
        return np.array(self.values(setting), float)

    def numbers(self, setting: str) -> list[float]:
        """The same as a list."""
        return [float(value) for value in self[setting]]

    def scalar(self, name: str) -> Floats:
        """(run)"""
        return np.array([run.scalar(name) for run in self.runs], float)

    def mean_scalar(self, name: str) -> float:
        """Mean over the runs that have it; NaN if none has."""
        known = self.scalar(name)
        return float(np.nanmean(known)) if np.isfinite(known).any() else np.nan

    @property
    def seeds(self) -> Floats:
        """(run)"""
        return self["seed"]

    @property
    def finished(self) -> Booleans:
        """(run)"""
        return np.array([run.finished for run in self.runs], bool)

    @property
    def unfinished(self) -> list[str]:
        return [run.name for run in self.runs if not run.finished]

    @property
    def baseline(self) -> float:
        """No-knowledge baseline in nats, mean over runs."""
        return self.mean_scalar("no_knowledge_baseline")

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(group for run in self.runs for group in run.groups))

    @property
    def layers(self) -> list[int]:
        return sorted({layer for run in self.runs for layer in run.layers})

    def pick(self, mask: npt.ArrayLike) -> Study:
        """The runs of a mask (run) or of a list of indices."""
        chosen = np.asarray(mask)
        index = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(int)
        return self.chosen(self.runs[i] for i in index)

    def where(self, **wanted: Setting | tuple[Setting, ...]) -> Study:
        """Runs whose settings have these values (or one of a tuple of values)."""
        def fits(run: Run) -> bool:
            return all(run.settings.get(name) in (value if isinstance(value, tuple) else (value,))
                       for name, value in wanted.items())
        return self.chosen(run for run in self.runs if fits(run))

    def having(self, variable: str, group: str | None = None) -> Study:
        """Runs with any value of a variable (of a group)."""
        return self.chosen(r for r in self.runs if len(r.curve(variable, group)[0]))

    def final(self, variable: str, group: str | None = None) -> Floats:
        """Last value of each finished run (run); NaN for the others."""
        curves = [run.curve(variable, group)[1] if run.finished else np.array([]) for run in self.runs]
        return np.array([values[-1] if len(values) else np.nan for values in curves])

    def first(self, variable: str, group: str | None = None) -> Floats:
        """Value at step 0 (run)."""
        return np.array([run.at(0, variable, group) for run in self.runs])

    def varying(self, besides: Sequence[str] = ()) -> list[str]:
        """Settings that decide the result and differ between these runs; none that begins as `besides`."""
        names = dict.fromkeys(name for run in self.runs for name in run.settings)
        decisive = [n for n in names if not n.startswith((*besides, *ASIDE))]
        return [n for n in decisive if len(set(map(str, self.values(n)))) > 1]

    def cells(self, *names: str) -> list[tuple[Key, Study]]:
        """[(values, runs)] for each combination of the settings `names`, ascending."""
        keys: list[Key] = list(zip(*map(self.values, names))) if names else [()] * len(self)
        keys = [tuple("" if k != k else k for k in key) for key in keys]
        order = sorted(set(keys), key=lambda key: [(isinstance(k, str), k) for k in key])
        return [(key, self.pick([i for i, k in enumerate(keys) if k == key])) for key in order]

    def by_number(self, name: str) -> list[tuple[float, Study]]:
        """[(value, runs)] for each value of a setting that is a number, ascending."""
        return [(np.nan if value == "" else float(value), runs) for (value,), runs in self.cells(name)]

    def along(self, *names: str) -> list[Study]:
        """The subsets in which only `names` and the seed differ, the one with most values first."""
        subsets = [subset for _, subset in self.cells(*self.varying(besides=names))]
        return sorted(subsets, key=lambda s: (-len(s.cells(*names)), -len(s)))

    def by_seed(self, values: Iterable[float]) -> dict[int, float]:
        """{seed: mean of the finite values}: runs of one seed that drew other data count as one."""
        own: dict[int, list[float]] = {}
        for seed, value in zip(self.seeds, values):
            if np.isfinite(value):
                own.setdefault(int(seed), []).append(float(value))
        return {seed: float(np.mean(of)) for seed, of in own.items()}


def same_training(settings: Mapping[str, Setting]) -> str:
    """What decides a run's result: settings and seed, not how it is measured or computed."""
    return str(sorted((name, value) for name, value in settings.items()
                      if name == "seed" or not name.startswith(ASIDE)))


def each_once(sources: Iterable[Iterable[Item]], key: Callable[[Item], str], records: Callable[[Item], int]) -> list[Item]:
    """The items of all sources; one that several sources have counts once: the copy with most records."""
    kept: list[Item] = []
    place: dict[str, int] = {}
    for source in sources:
        before = dict(place)
        for item in source:
            own = key(item)
            if own not in before:
                place[own] = len(kept)
                kept.append(item)
            elif records(item) > records(kept[before[own]]):
                kept[before[own]] = item
    return kept


def join(studies: Sequence[Study]) -> Study:
    """One study of several, whatever their order. A run that several have counts once: the copy with most records."""
    ordered = sorted(studies, key=lambda one: one.title)
    runs = each_once(ordered, lambda run: same_training(run.settings), lambda run: len(run.steps))
    return Study(" + ".join(s.title for s in studies), runs, [m for s in studies for m in s.missing],
                 [d for s in studies for d in s.damaged])


class MeanCurve(NamedTuple):
    """Mean, least and largest of `seeds` curves at the steps (step) that all of them have."""
    steps: npt.NDArray[Any]
    mean: Floats
    low: Floats
    high: Floats
    seeds: int


def drawn(study: Study) -> list[Run]:
    """The finished runs; all, if none is finished."""
    return [run for run in study if run.finished] or list(study)


def mean_curve(study: Study, variable: str, group: str | None = None, layer: int | None = None) -> MeanCurve:
    """The mean over the runs that are drawn, as far as the shortest has come."""
    curves = [curve for curve in (run.curve(variable, group, layer) for run in drawn(study)) if len(curve[0])]
    steps = np.unique(np.concatenate([c[0] for c in curves])) if curves else np.array([], np.int64)
    table = np.full((len(curves), len(steps)), np.nan)
    for row, (own, values) in zip(table, curves):
        row[np.searchsorted(steps, own)] = values
    whole = np.isfinite(table).sum(axis=0) == np.isfinite(table).any(axis=1).sum()
    shared = table[:, whole]
    if not shared.size:
        none = np.array([])
        return MeanCurve(none, none, none, none, 0)
    return MeanCurve(steps[whole], np.nanmean(shared, 0), np.nanmin(shared, 0), np.nanmax(shared, 0), len(curves))
