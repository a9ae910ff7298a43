"""Runs of collected files, what is measured of them, and sets of them, for second_findings.py.

Written from the words of `findings.py --criteria` and of doc/, with nothing of analysis/: an error
that both programs make has to be one in the words."""

from __future__ import annotations

import functools
import glob
import os
from collections import defaultdict

import numpy as np
import xarray as xr
from scipy import stats

SETTINGS = ("population_", "model_", "train_", "patch_", "distribution_", "curriculum_", "memory_",
            "evaluate_", "checkpoint_", "compute_", "start_")
DO_NOT_COUNT = ("evaluate_", "checkpoint_", "compute_", "train_reduction", "train_shard",
                "population_held_out", "population_throw_away", "start_run", "start_checksum",
                "patch_run", "patch_step")
CAME_LATER = {"train_optimizer": "adamw", "train_precision": "float32", "train_matrix_learning_rate": 0.02,
              "train_momentum": 0.95, "population_question_templates": 10, "distribution_inject": "",
              "distribution_inject_wording": "new", "distribution_final_fresh": -1,
              **dict.fromkeys(("population_injected", "population_questions", "population_asked",
                               "distribution_fresh", "distribution_questions"), 0)}
MEASURES = ("attribute_loss", "attribute_accuracy", "max_probability", "entropy",
            "attention_attribute_to_name", "draw_count", "wall_time", "stored_bits",
            "stored_bits_per_layer_parameter", "auroc_confidence", "question_accuracy")
CURRICULA = {"warm_up": "warm-up", "adaptive": "adaptive", "growth": "growth", "anneal": "annealed",
             "sequential": "sequential", "throw_away": "throw-away"}


class Run:
    """One run: its settings, scalars and series (steps, values) without what is missing; exposure: least numbers of bins,
    values and accuracy of known ones (record, bin), or nothing."""

    def __init__(self, settings, scalars, series, steps, path, exposure=None):
        self.exposure = exposure
        self.settings, self.series, self.steps, self.path = settings, series, steps, path
        self.name, self.seed = scalars["run_id"], settings["seed"]
        self.begin, self.end = scalars["plateau_start"], scalars["plateau_end"]
        self.baseline = scalars["no_knowledge_baseline"]
        dropped = {"seed", "name"}
        if settings.get("train_schedule") == "constant":
            dropped.add("train_final_learning_rate")
        self.counting = {key: value for key, value in settings.items()
                         if key not in dropped and not key.startswith(DO_NOT_COUNT)}

    def __getitem__(self, setting):
        return self.settings.get(setting)

    @property
    def finished(self):
        return len(self.steps) > 0 and self.steps[-1] == self["train_steps"]

    def course(self, measure, where="known"):
        """Steps and values of a measure of a group or layer; empty if there are none."""
        return self.series.get((measure, where), (np.zeros(0), np.zeros(0)))

    def final(self, measure, where="known"):
        values = self.course(measure, where)[1]
        return values[-1] if self.finished and len(values) else None

    def at(self, step, measure, where="known"):
        return between(self.course(measure, where), step)

    def layers(self):
        return sorted(where for measure, where in self.series
                      if measure == "attention_attribute_to_name")

    def has_group(self, group):
        return ("attribute_loss", group) in self.series


def between(course, step):
    """The value at a step, linear between evaluations; none outside them."""
    steps, values = course
    if step is None or not len(steps) or not steps[0] <= step <= steps[-1]:
        return None
    return float(np.interp(step, steps, values))


def reached(points, level, rising=False):
    """The step at which points of (step, value) first are at a level or beyond."""
    for index, (step, value) in enumerate(points):
        if value >= level if rising else value <= level:
            if not index:
                return step
            before, old = points[index - 1]
            return before + (step - before) * (level - old) / (value - old)
    return None


# ---- reading

def plain(value):
    """A Python value of a NetCDF one; None where there is none."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and (np.isnan(value) or value > 9.9e36) or value == -2147483647:
        return None
    return value


def read_file(path):
    with xr.open_dataset(path, decode_times=False) as file:
        data = {name: (variable.dims, variable.values) for name, variable in file.variables.items()}
    steps = data["step"][1]
    per_step = [values.reshape(*values.shape[:2], -1) for dims, values in data.values()
                if dims[:2] == ("run", "step")]
    there = np.any([(~np.isnan(values)).any(axis=2) for values in per_step], axis=0)
    for index in np.flatnonzero(there.any(axis=1)):
        one = {name: plain(values[index] if dims else values[()])
               for name, (dims, values) in data.items() if dims in ((), ("run",))}
        settings = {name: value for name, value in one.items()
                    if name.startswith(SETTINGS) or name in ("seed", "name", "task")}
        if settings.get("population_individuals") is not None:
            settings.update({name: value for name, value in CAME_LATER.items() if settings.get(name) in (None, "")})
        yield Run(settings, one, {key: course for measure in MEASURES if measure in data
                                  for key, course in columns(data, measure, index, steps)},
                  steps[there[index]], path, binned(data, index))


def binned(data, index):
    if "exposure_values" not in data:
        return None
    known = [plain(label) for label in data["group"][1]].index("known")
    values, accuracy = (data[name][1][index, :, known].astype(float)
                        for name in ("exposure_values", "exposure_accuracy"))
    return None if np.isnan(values).all() else (data["bin"][1].astype(float), values, accuracy)


def columns(data, measure, index, steps):
    """((measure, group or layer), (steps, values)) of what a run has."""
    dims, values = data[measure]
    names = [plain(label) for label in data[dims[2]][1]] if len(dims) > 2 else [""]
    for name, column in zip(names, values[index].reshape(len(steps), -1).T):
        known = ~np.isnan(column)
        if known.any():
            yield (measure, name), (steps[known].astype(float), column[known])


def read_scale(directory):
    """All runs of a directory's files, each once: of copies that with most records."""
    once = {}
    for path in sorted(glob.glob(os.path.join(directory, "*.nc"))):
        for run in read_file(path):
            key = run.seed, items(run.counting)
            if key not in once or len(run.steps) > len(once[key].steps):
                once[key] = run
    return list(once.values())


# ---- kinds and sets

def kind(run):
    if run["task"] == "memory":
        return "memory"
    if run["patch_from"] not in (None, "none"):
        return "patched"
    if (run["distribution_questions"] or 0) > 0:
        return "asking"
    if run["distribution_kind"] == "replay" or run["distribution_among"] not in (None, "all"):
        return "tuned"
    if run["distribution_inject"]:
        return "injection"
    if (run["distribution_fresh"] or 0) > 0 or (run["distribution_final_fresh"] or 0) > 0:
        return "mixture"
    if run["curriculum_kind"] in CURRICULA:
        return CURRICULA[run["curriculum_kind"]]
    if run["distribution_shards"]:
        return "mixed shards"
    if (run["distribution_repeats_in_batch"] or 1) > 1:
        return "repeats in a batch"
    if (run["distribution_repeats_across_steps"] or 1) > 1:
        return "repeats across steps"
    if run.begin == 0:
        return "from weights"
    if run["distribution_kind"] == "power_law" and run["distribution_alpha"] != 0:
        return "power law"
    return "celebrities" if run["distribution_kind"] == "celebrities" else "uniform"


def of_kind(runs, *kinds):
    return [run for run in runs if kind(run) in kinds]


def usual(runs):
    most = max((run["population_templates"] or 0 for run in runs), default=0)
    return [run for run in runs if run["population_templates"] == most
            and run["population_sentence_order"] == "random"]


def matches(name, patterns):
    """Whether a setting is one of these; what ends in _ stands for all that begin with it."""
    return any(name.startswith(p) if p.endswith("_") else name == p for p in patterns)


def items(settings, free=(), only=None):
    """Settings as a key: without the free ones, or only these."""
    names = chosen(tuple(settings), tuple(free), only)
    return tuple((name, settings[name]) for name in names)


@functools.lru_cache(maxsize=None)
def chosen(names, free, only):
    return sorted(name for name in names if not matches(name, free)
                  and (only is None or matches(name, only)))


def split(runs, key):
    parts = defaultdict(list)
    for run in runs:
        parts[key(run)].append(run)
    return dict(parts)


def in_order(parts):
    """The parts by ascending values of what they differ in."""
    def ascending(key):
        return ([name for name, _ in key],
                [(value is not None, isinstance(value, str), value or 0) if not isinstance(value, str)
                 else (True, True, value) for _, value in key])

    return [parts[key] for key in sorted(parts, key=ascending)]


def choose(runs, free, rank, allowed=lambda part: True):
    """Of the subsets that are equal but for the free settings, the first with the highest rank."""
    parts = in_order(split(runs, lambda run: items(run.counting, free)))
    return max(filter(allowed, parts), key=rank, default=[])


def differing(runs, *free):
    """Runs that differ in these settings only: most combinations, then most runs."""
    return choose(runs, free, lambda part: (len({items(r.counting, only=free) for r in part}),
                                            len(part)))


def values_of(runs, setting):
    return sorted({run[setting] for run in runs})


def individuals(run):
    return run["population_individuals"]


def population_runs(runs):
    runs = usual(of_kind(runs, "uniform"))
    sets = []
    for constant in (False, True):
        free = ("population_individuals",) + (("train_steps",) if constant else ())
        some = [run for run in runs if (run["train_schedule"] == "constant") == constant]
        for part in in_order(split(some, lambda run: items(run.counting, free))):
            longest = {n: max(r["train_steps"] for r in part if individuals(r) == n)
                       for n in map(individuals, part)}
            sets.append([r for r in part if r["train_steps"] == longest[individuals(r)]])
    return max(sets, key=lambda part: (len(set(map(individuals, part))), len(part)), default=[])


def power_law_runs(runs):
    return choose(usual(of_kind(runs, "power law", "uniform")),
                  ("distribution_", "curriculum_", "population_individuals", "train_steps"), len)


def alpha(run):
    return 0.0 if kind(run) == "uniform" else run["distribution_alpha"]


def meet(runs, *kinds):
    """Runs of these kinds, in the set where all of them meet: lists in the order of the kinds."""
    def rank(part):
        return individuals(part[0]), part[0]["train_steps"], len(part)

    part = choose(usual(of_kind(runs, *kinds)), ("distribution_", "curriculum_"), rank,
                  lambda part: {kind(run) for run in part} == set(kinds))
    lists = [of_kind(part, name) for name in kinds]
    others = [name for name in kinds if name in ("warm-up", "throw-away", "repeats in a batch",
                                                 "repeats across steps")]
    if "uniform" in kinds and others:
        place = kinds.index("uniform")
        lists[place] = same_draws(lists[place], of_kind(part, *others))
    return lists


def same_draws(uniform, others):
    """Of uniform runs those that draw as the others do, if there are any."""
    drawn = {run["distribution_kind"] for run in others}
    return [run for run in uniform if run["distribution_kind"] in drawn] or uniform


def members(runs):
    """Runs of equal distribution and curriculum, as lists."""
    return list(split(runs, lambda r: items(r.counting, only=("distribution_", "curriculum_"))
                      ).values())


def length(run):
    return run["curriculum_steps"] or (run["curriculum_epochs"] * individuals(run)
                                       / run["train_batch"])


# ---- values by seed, and statistics of them

def by_seed(runs, value):
    found = defaultdict(list)
    for run in runs:
        one = value(run)
        if one is not None:
            found[run.seed].append(one)
    return {seed: float(np.mean(some)) for seed, some in found.items()}


def final_loss(run):
    return run.final("attribute_loss")


def final_accuracy(run):
    return run.final("attribute_accuracy")


def minus(one, other):
    return {seed: one[seed] - other[seed] for seed in one if seed in other}


def mean_of(tables):
    """Of each seed that all tables have, the mean over them."""
    return {seed: float(np.mean([table[seed] for table in tables])) for seed in shared(tables)}


def shared(tables):
    return sorted(set.intersection(*map(set, tables))) if tables else []


def best_by_others(tables, sign=1):
    """Values of the member that the other seeds call best (lowest; highest with sign -1)."""
    tables = list(filter(None, tables))
    if len(tables) == 1:
        return tables[0]
    seeds, found = shared(tables), {}
    for seed in seeds if len(seeds) > 1 else []:
        others = [sign * np.mean([table[s] for s in seeds if s != seed]) for table in tables]
        found[seed] = tables[int(np.argmin(others))][seed]
    return found


def slopes(points):
    """{x: values by seed} to the least-squares slope of each seed that has all points."""
    x = sorted(points)
    return {seed: float(np.polyfit(x, [points[at][seed] for at in x], 1)[0])
            for seed in shared(list(points.values()))} if len(x) > 1 else {}


class Interval:
    """A mean with its 95 % interval; other deviations than the values' own may be given."""

    def __init__(self, values, sd=None, freedom=None):
        values = list(values.values()) if isinstance(values, dict) else list(values)
        self.seeds = len(values)
        self.mean = float(np.mean(values)) if values else float("nan")
        self.freedom = self.seeds - 1 if freedom is None else freedom
        self.error = half = float("nan")
        if self.seeds > 1:
            spread = np.std(values, ddof=1) if sd is None else sd
            self.error = float(spread / np.sqrt(self.seeds))
            half = stats.t.ppf(0.975, self.freedom) * self.error
        self.low, self.high = self.mean - half, self.mean + half

    def p(self, x):
        """Of Student's test that the mean is x."""
        if self.seeds < 2:
            return None
        if self.error == 0:
            return float(self.mean == x)
        return float(2 * stats.t.sf(abs(self.mean - x) / self.error, self.freedom))

    def above(self, x):
        """(verdict, p): 1 above x, -1 below, 0 neither."""
        return int(self.low > x) - int(self.high < x), self.p(x)

    def below(self, x):
        verdict, p = self.above(x)
        return -verdict, p


def every(parts):
    """The verdict of several (verdict, p) of which all have to hold."""
    if not parts:
        return 0, None
    some = [p for verdict, p in parts if verdict < 0 and p is not None]
    if any(verdict < 0 for verdict, _ in parts):
        return -1, min(1.0, min(some) * len(parts)) if some else None
    p = None if any(p is None for _, p in parts) else max(p for _, p in parts)
    return int(all(verdict > 0 for verdict, _ in parts)), p
