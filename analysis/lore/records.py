"""What files hold of runs, in memory: taken apart from datasets of any kind, and joined as one that is always alike.

A dataset of one run (metrics.nc), of many (`lore collect`), or one that join() made, becomes Parts: one for each run. Parts
become Runs, which figures and findings choose from, or one dataset with a dimension `run`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Union

import numpy as np
import numpy.typing as npt
import xarray as xr

from lore.study import Floats, Run, Setting, Study, each_once, same_training

Known = Union[int, float, str]  # a setting as the file has it
Values = tuple[tuple[str, ...], Floats]  # dimensions without the run's, and values
Labels = npt.NDArray[Any]

SCALARS = ("plateau_start", "plateau_end", "no_knowledge_baseline", "empirical_baseline")
LABELS = ("run", "run_id", "experiment", "run_state", "state", "file_checksum")
STATES = ("waiting", "running", "interrupted", "stopped", "done", "diverged", "failed", "damaged")
ORIGINS = {"gemm_backend": "library of the matrix products",
           "isa": "level of processors whose instructions were used",
           "host": "computer of the first rank when the run began"}
# Settings of biographies that files of earlier versions lack, with the values that they stand for: the defaults.
LATER: dict[str, Known] = {
    "population_injected": 0, "population_questions": 0, "population_question_templates": 10, "population_asked": 0,
    "train_optimizer": "adamw", "train_matrix_learning_rate": 0.02, "train_momentum": 0.95, "train_precision": "float32",
    "distribution_fresh": 0.0, "distribution_final_fresh": -1.0, "distribution_questions": 0.0,
    "distribution_inject": "", "distribution_inject_wording": "new"}
ABOUT: dict[str, dict[str, Any]] = {"run": {"long_name": "name of the run"},
         "experiment": {"long_name": "experiment that the run belongs to"},
         "state": {"long_name": "state of the run"},
         "group": {"long_name": "set of individuals, or of pairs"},
         **{name: {"long_name": text} for name, text in ORIGINS.items()}}


@dataclass
class Part:
    """What is known of one run.

    state       one of STATES; empty as long as nobody has looked
    settings    as the file has them, "train_steps" for train.steps; of a run that has no file, those that the study plans
    origins     where it was computed: text of ORIGINS
    labels      of dimensions, "step": (step)
    values      by variable; NaN where there is none
    planned     there is no file, or none that can be read
    """
    name: str
    experiment: str = ""
    state: str = ""
    settings: dict[str, Known] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    planned: bool = False

    def recorded(self) -> npt.NDArray[np.bool_]:
        """(step): which steps have any value"""
        there = np.zeros(len(self.labels.get("step", ())), bool)
        for dims, values in self.values.values():
            if dims[:1] == ("step",):
                there |= np.isfinite(values.reshape(len(there), -1)).any(axis=1)
        return there

    @property
    def last(self) -> float:
        """The last step that has a value; NaN without any."""
        there = self.recorded()
        return float(self.labels["step"][there][-1]) if there.any() else np.nan

    def stage(self) -> str:
        """The state as far as records tell it, as `lore status` does for runs without a state file."""
        last = self.last
        if np.isnan(last):
            return "waiting"
        return "done" if last >= float(self.settings.get("train_steps", np.inf)) else "interrupted"


@dataclass
class Records:
    """Parts of one source; `swept`: settings that the study sweeps; `along`: those that may differ between its runs; `about`:
    attributes of variables."""
    title: str
    parts: list[Part]
    swept: list[str] = field(default_factory=list)
    along: set[str] = field(default_factory=set)
    about: dict[str, dict[str, Any]] = field(default_factory=dict)


# Datasets taken apart.

def as_text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def texts(values: npt.NDArray[Any]) -> list[str]:
    return [as_text(value) for value in values.ravel()]


def as_settings(variable: xr.Variable) -> Sequence[Known]:
    """A setting of each run; NaN where it is missing. Whole numbers stay whole though a fill value made them floats."""
    values = np.atleast_1d(variable.values)
    if values.dtype.kind in "OSU":
        return texts(values)
    whole = np.dtype(variable.encoding.get("dtype", values.dtype)).kind in "iub"
    return [int(value) if whole and value == value else float(value) for value in values.tolist()]


def as_states(variable: xr.Variable) -> list[str]:
    """Words, for the numbers that `lore collect` writes."""
    if variable.dtype.kind in "OSU":
        return texts(variable.values)
    meanings = str(variable.attrs.get("flag_meanings", " ".join(STATES))).split()
    return [meanings[int(value)] for value in variable.values.ravel()]


def labels_of(dataset: xr.Dataset, dimension: str) -> Labels | None:
    if dimension not in dataset.variables:
        return None
    values = dataset[dimension].values
    if values.dtype.kind in "OSU":
        return np.array(texts(values))
    return values.astype(np.int64) if values.dtype.kind in "iu" else values


def names_of(dataset: xr.Dataset, name: str) -> list[str]:
    """The runs' names; that of a file of one run is an attribute."""
    for label in ("run_id", "run"):
        if label in dataset.variables:
            return texts(np.atleast_1d(dataset[label].values))
    return [name or str(dataset.attrs.get("run_id", ""))] * dataset.sizes.get("run", 1)


def is_setting(dataset: xr.Dataset, name: str, variable: xr.Variable) -> bool:
    """Scalars are settings unless a metrics file measures them; files that say which are coordinates are believed."""
    if name in SCALARS or name in LABELS or name in ORIGINS or set(variable.dims) - {"run"}:
        return False
    return name in dataset.coords or "seed" not in dataset.coords


def split(dataset: xr.Dataset, title: str, name: str = "") -> Records:
    """The runs of a dataset, which has a dimension `run` or is of one run, `name`."""
    if "run" not in dataset.dims:
        dataset = dataset.drop_vars("run").assign_coords(run=[as_text(dataset["run"].item())]) \
            if "run" in dataset.variables else dataset
    parts = [Part(own) for own in names_of(dataset, name)]
    result = Records(title, parts, str(dataset.attrs.get("swept_settings", "")).split())
    labels = {str(dim): labels_of(dataset, str(dim)) for dim in dataset.dims if dim != "run"}
    known = {dim: values for dim, values in labels.items() if values is not None}
    for part in parts:
        part.labels = dict(known)
    for key, variable in dataset.variables.items():
        own = str(key)
        result.about[own] = {k: v for k, v in variable.attrs.items() if k != "coordinates"}
        if own not in dataset.dims:
            split_variable(dataset, own, variable, result)
    for part in parts:
        add_later(part)
        part.state = part.state or part.stage()
    for attribute in ORIGINS.keys() & dataset.attrs.keys():
        for part in parts:
            part.origins[attribute] = str(dataset.attrs[attribute])
    return result


def add_later(part: Part) -> None:
    """Gives a run on biographies by an earlier version the settings that came later, so that it compares with others."""
    if np.isfinite(float(part.settings.get("population_individuals", np.nan))):
        for name, default in LATER.items():
            value = part.settings.get(name, "")
            if value == "" or value != value:
                part.settings[name] = default


def split_variable(dataset: xr.Dataset, name: str, variable: xr.Variable, result: Records) -> None:
    """Gives each part its own of a variable that is not a dimension's."""
    parts, along = result.parts, "run" in variable.dims
    if is_setting(dataset, name, variable):
        values = as_settings(variable)
        if along:
            result.along.add(name)
        for part, value in zip(parts, values if along else [values[0]] * len(parts)):
            part.settings[name] = value
    elif name in ORIGINS or name == "experiment":
        for part, text in zip(parts, texts(variable.values)):
            if name == "experiment":
                part.experiment = text
            elif text:
                part.origins[name] = text
    elif name in ("run_state", "state"):
        for part, state in zip(parts, as_states(variable)):
            part.state = state
    elif name not in LABELS and variable.dtype.kind not in "OSU":
        dims = tuple(str(dim) for dim in variable.dims if dim != "run")
        table = variable.transpose("run", ...).values if along else variable.values[np.newaxis]
        for part, own in zip(parts, np.broadcast_to(table, (len(parts), *table.shape[1:]))):
            part.values[name] = dims, np.asarray(own, float)


# Runs, for figures and findings.

def settings_of(part: Part) -> dict[str, Setting]:
    """Numbers as floats; NaN for those that are missing, without what has no effect."""
    settings: dict[str, Setting] = {name: value if isinstance(value, str) else float(value)
                                    for name, value in part.settings.items()}
    if settings.get("train_schedule") == "constant":  # without effect, whatever the default is
        settings.pop("train_final_learning_rate", None)
    return settings


def run_of(part: Part) -> Run | None:
    """None if it has no record."""
    there = part.recorded()
    if not there.any():
        return None
    scalars = {name: float(values) for name, (dims, values) in part.values.items() if dims == ()}
    records = {name: values[there] for name, (dims, values) in part.values.items()
               if dims[:1] == ("step",) and "attribute" not in dims}
    groups, layers, bins = ([*part.labels.get(dim, ())] for dim in ("group", "layer", "bin"))
    return Run(part.name, part.experiment, settings_of(part), scalars, part.labels["step"][there].astype(int),
               list(map(str, groups)), list(map(int, layers)), records, list(map(int, bins)))


def study_of(records: Records) -> Study:
    runs: list[Run] = []
    missing: list[str] = []
    damaged: list[str] = []
    for part in records.parts:
        run = run_of(part)
        if run:
            runs.append(run)
        else:
            (damaged if part.state == "damaged" else missing).append(part.name)
    return Study(records.title, runs, missing, damaged)


# One dataset.

def is_same(a: Known, b: Known) -> bool:
    return a == b or (a != a and b != b)


def differing(parts: Sequence[Part]) -> set[str]:
    """Settings that are not the same in all parts that have a file."""
    of_files = [part.settings for part in parts if not part.planned]
    names = dict.fromkeys(name for settings in of_files for name in settings)
    return {name for name in names
            if any(name not in settings or not is_same(settings[name], of_files[0].get(name, np.nan)) for settings in of_files)}


def kept_parts(sources: Sequence[Records]) -> list[Part]:
    """Of several sources, a run that several have once; one that has begun in one place is not missing in another. Names that
    two runs share are those of their sources and their own."""
    if len(sources) == 1:
        return sources[0].parts
    begun = {part.name for records in sources for part in records.parts if part.recorded().any()}
    source_of = {id(part): records.title for records in sources for part in records.parts}
    parts = each_once([records.parts for records in sources],
                      lambda part: same_training(settings_of(part)) if part.recorded().any() else part.name,
                      lambda part: int(part.recorded().sum()))
    parts = [part for part in parts if part.name not in begun or part.recorded().any()]
    times = Counter(part.name for part in parts)
    return [part if times[part.name] == 1 else replace(part, name=f"{source_of[id(part)]}/{part.name}") for part in parts]


def all_labels(parts: Sequence[Part], dimension: str) -> Labels:
    """Numbers ascend; groups and attributes are in the order in which they are met."""
    own = {id(part.labels[dimension]): part.labels[dimension] for part in parts if dimension in part.labels}
    met = list(dict.fromkeys(label for labels in own.values() for label in labels.tolist()))
    return np.array(met if any(isinstance(label, str) for label in met) else sorted(met), None if met else np.int64)


def all_lengths(parts: Sequence[Part]) -> tuple[dict[str, Labels], dict[str, int]]:
    """Labels of the dimensions, and the lengths of all: those of the longest where a dimension has no labels."""
    dims = dict.fromkeys(["step", *(dim for part in parts for dim in part.labels)])
    labels = {dim: all_labels(parts, dim) for dim in dims}
    lengths = {dim: len(values) for dim, values in labels.items()}
    for part in parts:
        for own_dims, values in part.values.values():
            for dim, length in zip(own_dims, values.shape):
                if dim not in labels:
                    lengths[dim] = max(length, lengths.get(dim, 0))
    return labels, lengths


class Places:
    """Where a part's values go along the joined dimensions."""

    def __init__(self, labels: Mapping[str, Labels], part: Part) -> None:
        self.at = {}
        for dim, own in part.labels.items():
            joined = {label: place for place, label in enumerate(labels[dim].tolist())}
            self.at[dim] = np.array([joined[label] for label in own.tolist()], int)

    def put(self, table: Floats, row: int, dims: Sequence[str], values: Floats) -> None:
        """Values (dims) into a row of a table (run, joined dims)."""
        places = [self.at.get(dim, np.arange(length)) for dim, length in zip(dims, values.shape)]
        table[np.ix_(np.array([row]), *places)] = values


def data_of(parts: Sequence[Part], labels: Mapping[str, Labels], lengths: Mapping[str, int]) -> dict[str, Values]:
    """Variables (run, ...); NaN where a run has no value."""
    tables: dict[str, Values] = {}
    places: dict[tuple[int, ...], Places] = {}  # parts of one file share their labels
    for row, part in enumerate(parts):
        shared = tuple(map(id, part.labels.values()))
        if shared not in places:
            places[shared] = Places(labels, part)
        for name, (dims, values) in part.values.items():
            if name not in tables:
                tables[name] = ("run", *dims), np.full((len(parts), *(lengths[dim] for dim in dims)), np.nan)
            own_dims, table = tables[name]
            if own_dims[1:] == dims:  # a variable of the same name from another version is another one
                places[shared].put(table, row, dims, values)
    return tables


def column(values: Sequence[Known | None]) -> npt.NDArray[Any]:
    """Text with "" and numbers with NaN for what is missing; whole numbers stay whole if none is missing."""
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None or value != value else str(value) for value in values], str)
    numbers = [np.nan if value is None else value for value in values]
    return np.array(numbers, np.int64 if numbers and all(isinstance(value, int) for value in numbers) else float)


def settings_columns(parts: Sequence[Part], along: set[str]) -> dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]]:
    """Settings (run) if they may differ, else without dimension."""
    columns: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {}
    for name in dict.fromkeys(name for part in parts for name in part.settings):
        values = [part.settings.get(name) for part in parts]
        known = next(value for value in values if value is not None)
        columns[name] = (("run",), column(values)) if name in along else ((), column([known])[0])
    return columns


def join(sources: Sequence[Records]) -> xr.Dataset:
    """One dataset (run, step, group, attribute, bin, layer), the same whatever kind of files it comes from."""
    parts = kept_parts(sources)
    labels, lengths = all_lengths(parts)
    differ = differing(parts)
    swept = list(dict.fromkeys(name for records in sources for name in records.swept)) or sorted(differ)
    along = {"seed", *swept, *differ}.union(*(records.along for records in sources))
    coords: dict[str, Any] = {"run": np.array([part.name for part in parts], str)}
    for name in ("experiment", "state"):
        coords[name] = "run", np.array([getattr(part, name) for part in parts], str)
    coords |= settings_columns(parts, along)
    for name in ORIGINS:
        if any(name in part.origins for part in parts):
            coords[name] = "run", np.array([part.origins.get(name, "") for part in parts], str)
    dataset = xr.Dataset(data_of(parts, labels, lengths), coords | labels)
    about: dict[str, dict[str, Any]] = {}
    for records in sources:
        about = records.about | about
    for key, variable in dataset.variables.items():
        variable.attrs = dict((about | ABOUT).get(str(key), {}))
    names = dict.fromkeys(str(part.settings["name"]) for part in parts if "name" in part.settings)
    dataset.attrs = {"title": f"runs of the stud{'y' if len(names) == 1 else 'ies'} {', '.join(names)}".rstrip(),
                     "swept_settings": " ".join(swept)}
    return dataset
