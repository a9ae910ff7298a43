"""The one reader of LORE's files: whole studies as runs, and single files as datasets.

Whole studies are run directories or files of `lore collect`; they become a Study. Single files (metrics.nc, probe.nc,
checkpoints) become xarray datasets. doc/metrics.md, doc/probe.md and doc/checkpoint.md say what the files hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from errno import ENOENT
from os import strerror
from pathlib import Path

import xarray as xr

from lore.directory import Plan, read_plan, state_of
from lore.errors import Damaged, Mistake
from lore.records import Part, Records, split, study_of
from lore.study import Study, join


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

def read_file(path: Path, *needed: str) -> Records:
    """The runs of a file that `lore collect` wrote, or that holds a dataset of lore.open; or the one of a metrics file.
    `needed`: dimensions besides step."""
    try:
        dataset = load(path)
    except Damaged as damage:
        raise Mistake(f"{damage}; give a directory of 'lore run -o' or a file of 'lore collect'") from None
    if not {"step", *needed} <= {*map(str, dataset.dims)} or "step" not in dataset.variables:
        raise Mistake(f"{path} has no dimension '{needed[0] if needed else 'step'}'; was it written by 'lore collect'?")
    return split(dataset, str(path))


def read_run(folder: Path, planned: Part) -> Records:
    """The run of a run's directory; as it was planned if there is no file or none that can be read."""
    try:
        dataset = load(folder / "metrics.nc")
    except FileNotFoundError:
        planned.state = state_of(folder, planned)
        return Records(str(folder), [planned])
    except Damaged:
        dataset = xr.Dataset()
    records = split(dataset, str(folder), planned.name)
    part = records.parts[0]
    part.experiment, part.state = planned.experiment, state_of(folder, part)
    if "step" not in dataset.variables or part.state == "damaged":
        planned.state = "damaged"
        return Records(str(folder), [planned])
    return records


def read_run_directory(folder: Path) -> Records:
    """A run's directory alone; the plan is that of the study around it, if there is one."""
    name = folder.resolve().name
    return read_run(folder, read_plan(folder.resolve().parents[1]).runs.get(name) or Part(name, planned=True))


def fresh_collection(directory: Path, plan: Plan, paths: dict[str, Path]) -> Records | None:
    """The same runs from the file that `lore collect` wrote there, which is read much faster than a thousand files; None
    if there is none, or if it is older than one of them, has other runs, or has one whose file is gone."""
    collected = directory / f"{plan.name}.nc"
    try:
        written = collected.stat().st_mtime_ns
        if any(path.stat().st_mtime_ns >= written for path in (directory / "manifest.tsv", *paths.values())):
            return None
        records = read_file(collected)
    except (OSError, Mistake):
        return None
    begun = {part.name for part in records.parts if part.recorded().any()}
    if {part.name for part in records.parts} != plan.runs.keys() | paths.keys() or not begun <= paths.keys():
        return None
    for part in records.parts:  # may have been stopped or resumed since
        part.state = "damaged" if part.state == "damaged" else state_of(directory / "runs" / part.name, part)
    return replace(records, title=str(directory))


def read_directory(directory: Path) -> Records:
    """The runs of a directory that `lore run -o` wrote."""
    plan = read_plan(directory)
    paths = {path.parent.name: path for path in sorted(directory.glob("runs/*/metrics.nc"))}
    fresh = fresh_collection(directory, plan, paths) if plan.runs else None
    if fresh:
        return fresh
    result = Records(str(directory), [], plan.swept)
    for name in dict.fromkeys([*plan.runs, *paths]):
        own = read_run(directory / "runs" / name, plan.runs.get(name) or Part(name, planned=True))
        result.parts += own.parts
        result.about = own.about | result.about
    return result


def read_source(path: Path) -> list[Records]:
    """Whatever holds runs: a collected file, a run's directory or metrics file, a study's directory, or one of several such."""
    if not path.exists():
        raise Mistake(f"{path}: no such file or directory")
    if path.is_file():
        return [read_run_directory(path.parent) if path.name == "metrics.nc" else read_file(path)]
    if (path / "metrics.nc").exists():
        return [read_run_directory(path)]
    if (path / "manifest.tsv").exists() or (path / "runs").is_dir():
        return [read_directory(path)]
    inside = [records for study in studies_in(path) for records in read_source(study)]
    if not inside:
        raise Mistake(f"{path} holds no runs; give a directory of 'lore run -o', one of its runs/, or a file of 'lore collect'")
    return inside


def read_each(paths: tuple[Path, ...]) -> Iterator[Study]:
    for path in paths:
        if not path.exists():
            raise Mistake(f"{path}: no such file or directory")
        study = study_of(read_file(path, "run") if path.is_file() else read_directory(path))
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
    """The runs in directories that `lore run -o` wrote, in files of `lore collect`, or in directories of several of these."""
    named = [study for path in map(Path, paths) for study in studies_in(path) or [path]]
    studies = list(read_each(tuple(named)))
    return studies[0] if len(studies) == 1 else join(studies)


# Single files.

def numbers_beside(picture: Path) -> Path:
    """Where what a picture shows goes; never the name of a study (fig2.nc), nor of what `lore probe` found."""
    return picture.with_name(f"{picture.stem}_numbers.nc")


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
