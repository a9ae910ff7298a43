"""The one reader of LORE's files: whole studies as runs, and single files as datasets.

Whole studies are run directories or files of `lore collect`; they become a Study. Single files (metrics.nc, probe.nc,
checkpoints) become xarray datasets. doc/metrics.md, doc/probe.md and doc/checkpoint.md say what the files hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOENT
from os import strerror
from pathlib import Path

import numpy as np
import xarray as xr

from lore.errors import Damaged, Mistake
from lore.study import Floats, Run, Setting, Study, join

SCALARS = ("plateau_start", "plateau_end", "no_knowledge_baseline", "empirical_baseline")
LABELS = ("run_id", "experiment", "run_state")


@contextmanager
def opened(path: Path) -> Iterator[xr.Dataset]:
    """A dataset that is read where it is used. Damaged if it cannot be read; FileNotFoundError if it is not there."""
    if not path.exists():
        raise FileNotFoundError(ENOENT, strerror(ENOENT), str(path))
    try:
        with xr.open_dataset(path, decode_times=False) as dataset:
            yield dataset
    except (OSError, ValueError, RuntimeError, IndexError, KeyError, EOFError):
        raise Damaged(f"{path} cannot be read as NetCDF") from None


def load(path: Path) -> xr.Dataset:
    """A dataset, whole in memory; errors as of opened()."""
    with opened(path) as dataset:
        return dataset.load()


# Whole studies.

def as_value(value: bytes | str | float) -> Setting:
    """Text as str, numbers as float."""
    if isinstance(value, bytes):
        return value.decode()
    return str(value) if isinstance(value, str) else float(value)


def one_run(dataset: xr.Dataset, name: str, experiment: str) -> Run | None:
    """The run of a dataset without a run dimension; None if it has no record."""
    steps = dataset["step"].values.astype(int)
    settings: dict[str, Setting] = {}
    scalars: dict[str, float] = {}
    records: dict[str, Floats] = {}
    for label, variable in dataset.variables.items():
        key = str(label)
        if key in SCALARS:
            scalars[key] = float(variable.values)
        elif variable.dims == () and key not in LABELS:
            settings[key] = as_value(variable.values.item())
        elif variable.dims[:1] == ("step",) and key != "step" and "attribute" not in variable.dims:
            records[key] = np.asarray(variable.values, float)
    if settings.get("train_schedule") == "constant":  # without effect, whatever the default is
        settings.pop("train_final_learning_rate", None)
    there = np.zeros(len(steps), bool)
    for values in records.values():
        there |= np.isfinite(values.reshape(len(steps), -1)).any(axis=1)
    if not there.any():
        return None
    groups = [str(as_value(g)) for g in dataset["group"].values] if "group" in dataset.variables else []
    layers = [int(x) for x in dataset["layer"].values] if "layer" in dataset.variables else []
    records = {key: values[there] for key, values in records.items()}
    return Run(name, experiment, settings, scalars, steps[there], groups, layers, records)


def read_manifest(directory: Path) -> dict[str, str]:
    """{id: experiment} of the runs that the study plans; empty for a single run without a manifest."""
    path = directory / "manifest.tsv"
    if not path.exists():
        return {}
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8-sig").splitlines() if not line.startswith("#")]
    return {line[0]: line[1] for line in lines[1:]}


def fresh_collection(directory: Path, planned: set[str], paths: dict[str, Path]) -> Study | None:
    """The same runs from the file that `lore collect` wrote there, which is read much faster than a thousand files; None
    if there is none, or if it is older than one of them, has other runs, or has one whose file is gone."""
    manifest = directory / "manifest.tsv"
    try:
        first = manifest.read_text(encoding="utf-8-sig").partition("\n")[0]
        collected = directory / (first.partition(": ")[2].partition(",")[0] + ".nc")
        written = collected.stat().st_mtime_ns
        if any(path.stat().st_mtime_ns >= written for path in (manifest, *paths.values())):
            return None
        study = read_collected(collected)
    except (OSError, Mistake):
        return None
    collected_runs = {run.name for run in study}
    same = collected_runs | {*study.missing, *study.damaged} == planned | paths.keys() and collected_runs <= paths.keys()
    return Study(str(directory), list(study), study.missing, study.damaged) if same else None


def read_directory(directory: Path) -> Study:
    """The runs of a directory that `lore run -o` wrote."""
    planned = read_manifest(directory)
    paths = {path.parent.name: path for path in sorted(directory.glob("runs/*/metrics.nc"))}
    fresh = fresh_collection(directory, set(planned), paths) if planned else None
    if fresh:
        return fresh
    runs, missing, damaged = [], [], []
    for name in dict.fromkeys([*planned, *paths]):
        try:
            run = one_run(load(paths[name]), name, planned.get(name, "")) if name in paths else None
        except Damaged:
            damaged.append(name)
            continue
        if run:
            runs.append(run)
        else:
            missing.append(name)
    return Study(str(directory), runs, missing, damaged)


def text_of(dataset: xr.Dataset, name: str) -> str:
    """A label; empty if the file does not have it."""
    return str(as_value(dataset[name].values.item())) if name in dataset.variables else ""


def read_collected(path: Path) -> Study:
    """The runs of a file that `lore collect` wrote."""
    try:
        dataset = load(path)
    except Damaged as damage:
        raise Mistake(f"{damage}; give a directory of 'lore run -o' or a file of 'lore collect'") from None
    if "run" not in dataset.dims:
        raise Mistake(f"{path} has no dimension 'run'; was it written by 'lore collect'?")
    runs: list[Run] = []
    missing: list[str] = []
    damaged: list[str] = []
    for index in range(dataset.sizes["run"]):
        one = dataset.isel(run=index)
        name = text_of(one, "run_id")
        run = one_run(one, name, text_of(one, "experiment"))
        if run:
            runs.append(run)
        else:
            (damaged if text_of(one, "run_state") == "damaged" else missing).append(name)
    return Study(str(path), runs, missing, damaged)


def read_each(paths: tuple[Path, ...]) -> Iterator[Study]:
    for path in paths:
        if not path.exists():
            raise Mistake(f"{path}: no such file or directory")
        study = read_collected(path) if path.is_file() else read_directory(path)
        if not len(study) and study.damaged:
            raise Mistake(f"{path}: none of the runs' metrics files can be read ({study.damaged[0]} is one of them)")
        if not len(study):
            raise Mistake(f"{path}: no run has a record yet; was 'lore run -o {path}' started?")
        yield study


def is_collected(path: Path) -> bool:
    """Is this a file of `lore collect`, not of a figure's numbers or of probes? A damaged one may be."""
    try:
        with opened(path) as dataset:
            return {"run", "step"} <= set(map(str, dataset.sizes)) and "attribute_loss" in dataset.variables
    except Damaged:
        return True


def studies_in(directory: Path) -> list[Path]:
    """The studies of one scale: collected files, and directories that `lore run -o` wrote, in a directory of such. None
    if it is itself such a directory."""
    if not directory.is_dir() or (directory / "manifest.tsv").exists() or (directory / "runs").exists():
        return []
    results = [path for path in sorted(directory.iterdir()) if (path / "manifest.tsv").exists() or (path / "runs").exists()]
    return results + [path for path in sorted(directory.glob("*.nc")) if is_collected(path)]


def open_study(*paths: Path | str) -> Study:
    """The runs in directories that `lore run -o` wrote, or in files of `lore collect`."""
    studies = list(read_each(tuple(map(Path, paths))))
    return studies[0] if len(studies) == 1 else join(studies)


# Single files.

def find_metrics(directory: Path) -> Path:
    """The metrics file of the one run in `directory` (or of the run directory itself)."""
    candidates = [directory / "metrics.nc", *sorted(directory.glob("runs/*/metrics.nc"))]
    found = [path for path in candidates if path.exists()]
    if not found:
        raise Mistake(f"{directory}: no metrics.nc here or in runs/*/; was 'lore run' done?")
    if len(found) > 1:
        names = ", ".join(path.parent.name for path in found)
        raise Mistake(f"{directory} holds several runs ({names}); name one of their directories")
    return found[0]


def open_metrics(path: Path) -> xr.Dataset:
    """The metrics.nc of a run on biographies, with `group`, `attribute` and `layer` as labelled coordinates."""
    dataset = load(path)
    if "attribute" not in dataset.variables:
        raise Mistake(f"{path} is that of a toy memory (task: memory); figure Q shows those")
    for name in ("group", "attribute"):
        if dataset[name].dtype.kind == "S":
            dataset[name] = dataset[name].astype(str)
    if dataset.sizes["step"] == 0:
        raise Mistake(f"{path} has no record yet")
    return dataset


def find_probes(directory: Path, run: str | None = None) -> list[Path]:
    """Directories of the runs that `lore probe` has looked at, or that of one of them."""
    folders = sorted(path.parent for path in directory.glob("runs/*/probe.nc"))
    if run is not None:
        folders = [directory / "runs" / run]
        if not (folders[0] / "probe.nc").exists():
            raise Mistake(f"{folders[0] / 'probe.nc'} is missing; was 'lore probe' run?")
    if not folders:
        raise Mistake(f"{directory} has no runs/*/probe.nc; was 'lore probe' run?")
    return folders


def open_probe(folder: Path) -> xr.Dataset:
    """The probe.nc of a run directory, with labelled coordinates."""
    return load(folder / "probe.nc")


def is_toy(folder: Path) -> bool:
    """Is the run of a run directory, which `lore probe` has looked at, a toy memory?"""
    with opened(folder / "probe.nc") as probe:
        return "linear_accuracy" in probe
