"""Reading whole studies: run directories, or files of `lore collect`; and how the commands that do it end."""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

from lore_study import Run, Study, join

SCALARS = ("plateau_start", "plateau_end", "no_knowledge_baseline", "empirical_baseline")
LABELS = ("run_id", "experiment", "run_state")


def command(main):
    """Runs a command: what it refuses is one message and exit code 2, what the system refuses exit code 1."""
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, str):
            raise
        print(f"lore: error: {end.code}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"lore: error: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)


def load(path):
    """A dataset, whole in memory; None if the file is damaged or no NetCDF."""
    try:
        with xr.open_dataset(path, decode_times=False) as dataset:
            return dataset.load()
    except (OSError, ValueError, RuntimeError, IndexError, KeyError, EOFError):
        return None


def as_value(value):
    """Text as str, numbers as float."""
    if isinstance(value, bytes):
        return value.decode()
    return str(value) if isinstance(value, str) else float(value)


def one_run(dataset, name, experiment):
    """The run of a dataset without a run dimension; None if it has no record."""
    steps = dataset["step"].values.astype(int)
    settings, scalars, records = {}, {}, {}
    for key, variable in dataset.variables.items():
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
    groups = [as_value(g) for g in dataset["group"].values] if "group" in dataset.variables else []
    layers = [int(x) for x in dataset["layer"].values] if "layer" in dataset.variables else []
    records = {key: values[there] for key, values in records.items()}
    return Run(name, experiment, settings, scalars, steps[there], groups, layers, records)


def read_manifest(directory):
    """{id: experiment} of the runs that the study plans; empty for a single run without a manifest."""
    path = directory / "manifest.tsv"
    if not path.exists():
        return {}
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return {line[0]: line[1] for line in lines[1:]}


def read_directory(directory):
    planned = read_manifest(directory)
    paths = {path.parent.name: path for path in sorted(directory.glob("runs/*/metrics.nc"))}
    runs, missing, damaged = [], [], []
    for name in dict.fromkeys([*planned, *paths]):
        run = None
        if name in paths:
            dataset = load(paths[name])
            if dataset is None:
                damaged.append(name)
                continue
            run = one_run(dataset, name, planned.get(name, ""))
        if run:
            runs.append(run)
        else:
            missing.append(name)
    return Study(str(directory), runs, missing, damaged)


def read_collected(path):
    dataset = load(path)
    if dataset is None:
        raise SystemExit(f"{path} cannot be read as NetCDF; give a directory of 'lore run -o' or a file of 'lore collect'")
    if "run" not in dataset.dims:
        raise SystemExit(f"{path} has no dimension 'run'; was it written by 'lore collect'?")
    runs, missing, damaged = [], [], []
    for index, name in enumerate(dataset["run_id"].values):
        one = dataset.isel(run=index)
        experiment = as_value(one["experiment"].values.item()) if "experiment" in one.variables else ""
        run = one_run(one, as_value(name), experiment)
        state = as_value(one["run_state"].values.item()) if "run_state" in one.variables else ""
        if run:
            runs.append(run)
        else:
            (damaged if state == "damaged" else missing).append(as_value(name))
    return Study(str(path), runs, missing, damaged)


def open_study(*paths):
    """The runs below directories that `lore run -o` left, or of files that `lore collect` wrote."""
    studies = []
    for path in map(Path, paths):
        if not path.exists():
            raise SystemExit(f"{path}: no such file or directory")
        study = read_collected(path) if path.is_file() else read_directory(path)
        if not len(study) and study.damaged:
            raise SystemExit(f"{path}: none of the runs' metrics files can be read ({study.damaged[0]} is one of them)")
        if not len(study):
            raise SystemExit(f"{path}: no run has a record yet; was 'lore run -o {path}' begun?")
        studies.append(study)
    return studies[0] if len(studies) == 1 else join(studies)
