"""Tables of a dataset's runs: where their phases are, and what settings do."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Union

import numpy as np
import pandas as pd
import xarray as xr

from lore import statistics
from lore.errors import Incomplete, Mistake
from lore.records import ORIGINS, Records, split, study_of
from lore.study import Floats, Key, Run, Setting, Study
from lore.words import setting as dotted
from lore.words import some

Names = Union[str, Iterable[str]]

HELD_OUT_LOSS = "held_out_loss"  # the attribute loss of group held_out
MEASURED = ("attribute_loss", "attribute_accuracy", HELD_OUT_LOSS, "plateau_end")
STATISTICS = ["mean", "low", "high", "seeds"]


# What is asked of a dataset.

def records_of(dataset: xr.Dataset) -> Records:
    """The runs of a dataset of lore.open, or of what is left of it."""
    if not isinstance(dataset, xr.Dataset):
        raise Mistake(f"this needs the dataset that lore.open() gave, not a {type(dataset).__name__}; "
                      "choose runs with ds.sel(run=...), not variables")
    if "run" not in dataset.dims and "run" in dataset.coords:  # ds.isel(run=0)
        dataset = dataset.expand_dims("run")
    if not {"run", "step"} <= set(map(str, dataset.dims)):
        raise Mistake("this needs the dimensions 'run' and 'step', as the dataset of lore.open() has them; it has "
                      + (", ".join(map(str, dataset.dims)) or "none"))
    return split(dataset, "")


def allowed(what: str, name: str, there: Iterable[Hashable]) -> Mistake:
    """Says which names are near, or all if there are few."""
    names = sorted(map(str, there))
    near = [*dict.fromkeys([one for one in names if one.endswith(f"_{name}") or one.startswith(f"{name}_")]
                           + get_close_matches(name, names, 5, 0.6))]
    texts = f"near it: {', '.join(near)}" if near else f"there are {some(names, 12)}" if names else "there is none"
    return Mistake(f"the dataset has no {what} '{name}'; {texts}")


def setting_of(dataset: xr.Dataset, name: str) -> str:
    """The name of a coordinate, for that or a setting's as studies write it."""
    own = str(name).replace(".", "_")
    others = ("run", "step", "group", "attribute", "bin", "layer", "state", *ORIGINS)
    settings = [key for key, variable in dataset.coords.items() if not set(variable.dims) - {"run"} and key not in others]
    if own not in settings:
        raise allowed("setting", str(name), settings)
    return own


def settings_of(dataset: xr.Dataset, names: Names) -> list[str]:
    return [setting_of(dataset, name) for name in ([names] if isinstance(names, str) else names)]


def study_by(records: Records, names: Iterable[str]) -> Study:
    """The runs, whose experiment counts as a setting where it is asked for."""
    study = study_of(records)
    if "experiment" in names:
        for run in study:
            run.settings["experiment"] = run.experiment
    return study


def group_of(dataset: xr.Dataset, group: str | None) -> str | None:
    """The group, which defaults to the first; None where there are none."""
    groups = list(map(str, np.atleast_1d(dataset["group"].values))) if "group" in dataset.coords else []
    if group is not None and group not in groups:
        raise Mistake(f"the dataset has no group '{group}'; there are {', '.join(groups) or 'none'}")
    return group if group is not None else groups[0] if groups else None


def as_seen(dataset: xr.Dataset, name: str, value: Setting) -> Setting:
    """Whole numbers whole, as the dataset has them."""
    whole = dataset[name].dtype.kind in "iu" and not isinstance(value, str) and np.isfinite(value)
    return int(value) if whole else value


def in_words(dataset: xr.Dataset, names: Sequence[str], key: Sequence[Setting]) -> str:
    """The values of settings: 512, 0.5"""
    values = (as_seen(dataset, name, value) for name, value in zip(names, key))
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


# Phases.

def last_value(dataset: xr.Dataset, run: Run | None, name: str, group: str | None = None) -> float:
    """The last value of a curve, of a group if it has groups; NaN without any."""
    if run is None or name not in dataset:
        return np.nan
    values = run.curve(name, group if "group" in dataset[name].dims else None)[1]
    return float(values[-1]) if len(values) else np.nan


def phase_name(dataset: xr.Dataset, run: Run | None) -> str:
    number = last_value(dataset, run, "phase")
    names = str(dataset["phase"].attrs.get("flag_meanings", "")).split() if "phase" in dataset else []
    return names[int(number) - 1] if 1 <= number <= len(names) else ""


def shown_settings(dataset: xr.Dataset, study: Study) -> list[str]:
    """Swept settings, those that differ and decide, and the seed."""
    swept = [name for name in str(dataset.attrs.get("swept_settings", "")).split() if name in dataset.coords]
    return [name for name in dict.fromkeys([*swept, *study.varying(), "seed"]) if name in dataset.coords]


def phases(dataset: xr.Dataset, group: str | None = None) -> pd.DataFrame:
    """The plateau of each run, and how far the run has come.

    One row for each run, finished or not. Columns: the swept settings and those that differ, seed, state, and

    plateau_start, plateau_end, plateau_length   steps; NaN if not reached
    phase                                        at the last evaluation: "statistics", "plateau" or "recall"
    step                                         of the last evaluation
    attribute_loss, attribute_accuracy           of `group` (default: the first) there; nats, and a share of 1
    """
    records, group = records_of(dataset), group_of(dataset, group)
    study = study_of(records)
    runs, shown = {run.name: run for run in study}, shown_settings(dataset, study)
    rows = []
    for part in records.parts:
        run = runs.get(part.name)
        start, end = (run.scalar(name) if run else np.nan for name in ("plateau_start", "plateau_end"))
        settings = {name: part.settings.get(name, np.nan) for name in shown}
        rows.append({"run": part.name, **settings, "state": part.state, "plateau_start": start, "plateau_end": end,
                     "plateau_length": end - start, "phase": phase_name(dataset, run), "step": part.last,
                     "attribute_loss": last_value(dataset, run, "attribute_loss", group),
                     "attribute_accuracy": last_value(dataset, run, "attribute_accuracy", group)})
    return pd.DataFrame(rows).set_index("run")


# Comparisons.

def quantity(dataset: xr.Dataset, runs: Study, name: str, group: str | None) -> Floats:
    """(run): the last value of finished runs, or a number that a run has once."""
    if name == HELD_OUT_LOSS:
        return runs.final("attribute_loss", "held_out")
    dims = set(map(str, dataset[name].dims)) - {"run"}
    if not dims:
        return np.where(runs.finished, runs.scalar(name), np.nan)
    return runs.final(name, group if "group" in dims else None)


def has_quantity(dataset: xr.Dataset, name: str) -> bool:
    if name == HELD_OUT_LOSS:
        return "group" in getattr(dataset.get("attribute_loss"), "dims", ()) and "held_out" in dataset["group"].values
    return name in dataset.data_vars and not set(map(str, dataset[name].dims)) - {"run", "step", "group"}


def quantities_of(dataset: xr.Dataset, names: Names | None) -> list[str]:
    if names is None:
        return [name for name in MEASURED if has_quantity(dataset, name)]
    chosen = [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if not has_quantity(dataset, name):
            raise allowed("variable (run), (run, step) or (run, step, group)", name,
                          [key for key in (*dataset.data_vars, HELD_OUT_LOSS) if has_quantity(dataset, str(key))])
    return chosen


def mixed(runs: Study, names: Sequence[str]) -> list[str]:
    """Settings that runs with the same values of `names` differ in, besides the seed."""
    return [*dict.fromkeys(name for _, own in runs.cells(*names) for name in own.varying(besides=names))]


def check_cells(dataset: xr.Dataset, runs: Study, names: Sequence[str]) -> None:
    """Within a cell only the seed differs: else a mean over seeds would be one over settings as well."""
    differ, enough = mixed(runs, names), list(names)
    if not differ:
        return
    while mixed(runs, enough):
        enough += mixed(runs, enough)[:1]
    texts = [f"{dotted(name)} ({some([in_words(dataset, [name], key) for key, _ in runs.cells(name)])})" for name in differ]
    raise Mistake(f"runs with the same {' and '.join(map(dotted, names))} differ in {', '.join(texts)}: choose runs, such as "
                  f"ds.sel(run=ds.{differ[0]} == ...), or compare by=[{', '.join(map(repr, enough))}]")


def baseline_of(dataset: xr.Dataset, keys: Sequence[Key], names: Sequence[str], baseline: Any) -> Key:
    wanted = (baseline,) if isinstance(baseline, (str, int, float)) else tuple(baseline)
    found = [key for key in keys if key == wanted]
    if not found:
        values = some([f"({text})" if len(names) > 1 else text for text in (in_words(dataset, names, key) for key in keys)], 12)
        raise Mistake(f"no finished run has the baseline {baseline!r} of {', '.join(map(dotted, names))}; there are {values}")
    return found[0]


def finished_only(study: Study, stacklevel: int) -> Study:
    """The finished runs, with a warning that names the others."""
    left = [*study.unfinished, *study.missing, *study.damaged]
    chosen = study.pick(study.finished)
    if not len(chosen):
        raise Mistake("no run is finished, so there is nothing to compare; lore.phases() says how far they are")
    if left:
        count = len(study) + len(study.missing) + len(study.damaged)
        warnings.warn(f"{len(left)} of {count} runs are not finished and left out ({some(left)})", Incomplete,
                      stacklevel=stacklevel + 1)
    return chosen


def index_of(dataset: xr.Dataset, names: Sequence[str], keys: Sequence[Key]) -> pd.Index[Any]:
    rows = [tuple(as_seen(dataset, name, value) for name, value in zip(names, key)) for key in keys]
    if len(names) == 1:
        return pd.Index([value for (value,) in rows], name=names[0])
    return pd.MultiIndex.from_tuples(rows, names=list(names))


def compare(dataset: xr.Dataset, by: Names, of: Names | None = None, *, baseline: Any = None,
            group: str | None = None) -> pd.DataFrame:
    """What settings do: means over seeds with 95 % intervals.

    by          a setting, "distribution_alpha" or "distribution.alpha", or several
    of          variables: (run) as they are, of curves the last value; "held_out_loss" is the attribute loss of group held_out.
                Default: attribute_loss, attribute_accuracy, held_out_loss (final) and plateau_end, those that are there
    baseline    a value of `by` (a tuple for several settings): differences to it, paired by seed, in place of the means
    group       of curves that have groups; default: the first

    One row for each value of `by`, columns (variable, "mean", "low", "high", "seeds"), in the variables' units: nats for
    losses, a share of 1 for accuracies, steps for plateau_end. Student's t intervals; NaN with fewer than two seeds. Runs of
    one seed count as one; a run that lacks a value, as it never left the plateau, is not among the seeds.

    Runs that are not finished are left out with a warning (lore.Incomplete). Raises lore.Mistake if runs of one value differ in
    more than the seed, since that mean would be one over other settings too.
    """
    records = records_of(dataset)
    names, variables, group = settings_of(dataset, by), quantities_of(dataset, of), group_of(dataset, group)
    runs = finished_only(study_by(records, names), 2)
    check_cells(dataset, runs, names)
    table = {key: {name: own.by_seed(quantity(dataset, own, name, group)) for name in variables}
             for key, own in runs.cells(*names)}
    keys = list(table)
    if baseline is not None:
        first = baseline_of(dataset, keys, names, baseline)
        keys = [key for key in keys if key != first]
    rows = []
    for key in keys:
        row: list[float] = []
        for name in variables:
            own = table[key][name]
            values = list(own.values()) if baseline is None else statistics.paired(own, table[first][name])
            one = statistics.interval(values)
            row += [one.mean, *((one.low, one.high) if one.count > 1 else (np.nan, np.nan)), one.count]
        rows.append(row)
    result = pd.DataFrame(rows, index_of(dataset, names, keys), pd.MultiIndex.from_product([variables, STATISTICS]))
    return result.astype({(name, "seeds"): int for name in variables})
