"""Pictures of a dataset in one line each; they return matplotlib's Axes, for more to be drawn or changed.

`ax`: where to draw; default: a new figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from lore import statistics
from lore.drawing.style import COLOURS, INK, Colour, shades
from lore.errors import Mistake
from lore.records import Records, study_of
from lore.study import Key, Setting, Study, drawn, mean_curve
from lore.tables import (HELD_OUT_LOSS, Names, allowed, finished_only, group_of, in_words, quantities_of, quantity, records_of,
                         setting_of, settings_of, study_by)
from lore.words import setting as dotted

MANY = 10  # a legend has no more entries
WIDE = 20.0  # largest / least positive value from which on an axis is logarithmic


def new_axes(ax: Axes | None) -> Axes:
    return plt.subplots(figsize=(6, 4), layout="constrained")[1] if ax is None else ax


def title_of(dataset: xr.Dataset, name: str, group: str | None = None) -> str:
    """What an axis shows, with its unit."""
    if name == HELD_OUT_LOSS:
        name, group = "attribute_loss", "held_out"
    variable = dataset[name]
    unit = str(variable.attrs.get("units", "1"))
    text = name.replace("_", " ") + (f", {group}" if group and "group" in variable.dims else "")
    steps = name in ("plateau_start", "plateau_end")
    return text + (" (steps)" if steps else f" ({unit})" if unit != "1" else "")


def colours_of(cells: Sequence[tuple[Sequence[Setting], Study]]) -> list[Colour]:
    """Ordered colours for numbers, distinct ones for words and few values."""
    numbers = all(not isinstance(value, str) for key, _ in cells for value in key)
    return shades(len(cells)) if numbers or len(cells) > len(COLOURS) else list(COLOURS[:len(cells)])


def cells_by(records: Records, names: Sequence[str]) -> list[tuple[Key, Study]]:
    """The runs of each value of settings; without settings, each run."""
    study = study_by(records, names)
    return study.cells(*names) if names else [((run.name,), study.chosen([run])) for run in study]


def show_legend(axes: Axes, names: Sequence[str]) -> None:
    if 0 < len(axes.get_legend_handles_labels()[1]) <= MANY:
        axes.legend(title=", ".join(map(dotted, names)) or None, fontsize=8, title_fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def layer_of(dataset: xr.Dataset, variable: str, layer: int | None) -> int | None:
    if "layer" not in dataset[variable].dims:
        return None
    layers = [int(one) for one in dataset["layer"].values]
    if layer not in layers:
        raise Mistake(f"'{variable}' is of a layer: choose layer= of {', '.join(map(str, layers))}")
    return layer


def curves(dataset: xr.Dataset, variable: str, by: Names | None = None, *, group: str | None = None, layer: int | None = None,
           ax: Axes | None = None) -> Axes:
    """A variable over the steps: the mean over seeds of each value of `by`, and a band from the least to the largest seed.

    variable    (run, step), (run, step, group) or (run, step, layer)
    by          a setting or several; runs that differ in others too get lines of their own in the same colour.
                Default: a line for each run
    group       default: the first; layer: which one, for attention

    Finished runs are drawn, as far as all of them have a value; where none is finished, all as far as the shortest has come.
    """
    records = records_of(dataset)
    names = settings_of(dataset, by) if by is not None else []
    fitting = [str(key) for key, one in dataset.data_vars.items() if set(map(str, one.dims)) in
               ({"run", "step"}, {"run", "step", "group"}, {"run", "step", "layer"})]
    if variable not in fitting:
        raise allowed("curve", variable, fitting)
    group = group_of(dataset, group) if "group" in dataset[variable].dims else None
    layer = layer_of(dataset, variable, layer)
    cells, baseline = cells_by(records, names), study_of(records).baseline
    axes = new_axes(ax)
    for colour, (key, runs) in zip(colours_of(cells) if names else shades(len(cells)), cells):
        label = in_words(dataset, names, key) if names else str(key[0])
        for _, own in runs.cells(*runs.varying(besides=names)):
            curve = mean_curve(own, variable, group, layer)
            axes.plot(curve.steps, curve.mean, color=colour, lw=1.5, label=label)
            if len(drawn(own)) > 1:
                axes.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.2, lw=0)
            label = "_"
    if variable == "attribute_loss" and np.isfinite(baseline):
        axes.axhline(baseline, color=INK, lw=0.9, ls="--", zorder=1)
    axes.set_xlabel("step")
    axes.set_ylabel(title_of(dataset, variable, group))
    show_legend(axes, names)
    return axes


def is_wide(values: Sequence[Setting]) -> bool:
    numbers = [value for value in values if not isinstance(value, str)]
    return len(numbers) == len(values) > 2 and min(numbers) > 0 and max(numbers) / min(numbers) >= WIDE


def against(dataset: xr.Dataset, variable: str, x: str, by: Names | None = None, *, group: str | None = None,
            ax: Axes | None = None) -> Axes:
    """A number of each run against a setting: a point for each seed, a line through the means, their 95 % intervals.

    variable    as in lore.compare(): "plateau_end", "attribute_loss" (its last value), "held_out_loss"
    x           a setting; the axis is logarithmic if it spans more than a decade
    by          a setting or several that choose the colour; runs that differ in others too get lines of their own

    Runs that are not finished are left out with a warning.
    """
    records = records_of(dataset)
    across, name = setting_of(dataset, x), quantities_of(dataset, variable)[0]
    names, group = settings_of(dataset, by) if by is not None else [], group_of(dataset, group)
    study = finished_only(study_by(records, [across, *names]), 2)
    cells = study.cells(*names)
    axes = new_axes(ax)
    for colour, (key, runs) in zip(colours_of(cells) if names else [COLOURS[0]], cells):
        label = in_words(dataset, names, key)
        for _, own in runs.cells(*runs.varying(besides=[across, *names])):
            draw_means(axes, dataset, own, across, name, group, colour, label or "_")
            label = "_"
    if is_wide(list(dict.fromkeys(study.values(across)))):
        axes.set_xscale("log")
    axes.set_xlabel(dotted(across))
    axes.set_ylabel(title_of(dataset, name, group))
    show_legend(axes, names)
    return axes


def draw_means(axes: Axes, dataset: xr.Dataset, runs: Study, across: str, name: str, group: str | None, colour: Any,
               label: str) -> None:
    """Points of seeds, and means with intervals where there are two seeds at least."""
    table = [(value if value != "" else "none", own.by_seed(quantity(dataset, own, name, group)).values())
             for (value,), own in runs.cells(across)]
    means = [(place, statistics.interval(values)) for place, values in table]
    words = any(isinstance(place, str) for place, _ in means)  # between which there is no line
    axes.plot([place for place, _ in means], [one.mean for _, one in means], "_" if words else "-", ms=12, color=colour, lw=1.5,
              label=label)
    axes.plot([place for place, values in table for _ in values], [v for _, values in table for v in values], "o", ms=3,
              color=colour, alpha=0.5)
    for place, one in means:
        if one.count > 1:
            axes.errorbar([place], [one.mean], one.high - one.mean, color=colour, lw=1.5, capsize=3)
