"""What `lore probe` found in one run: where attributes can be read, and when; spectra; names. And what toy memories hold.

`probe` is a run's probe.nc, `metrics` its metrics.nc (lore.files). What the quantities mean: doc/probe.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, shades
from lore.files import open_metrics, open_probe

QUARTERS, MOST_NUMBERS = 4, 9


def between(steps: npt.NDArray[np.int64], step: float) -> float:
    """Where `step` lies on an axis of columns 0, 1, ... that stand for `steps`; NaN outside."""
    return float(np.interp(step, steps, range(len(steps)), np.nan, np.nan)) if np.isfinite(step) else np.nan


def mark_phases(panel: Panel, probe: xr.Dataset, metrics: xr.Dataset) -> None:
    """Ends of the plateau between the columns of a map."""
    for name, text in (("plateau_start", "plateau "), ("plateau_end", " recall")):
        at = between(probe.step.values, float(metrics[name]))
        if np.isfinite(at):
            panel.axes.axvline(at, color=ORANGE, lw=1.6)
            panel.axes.annotate(text, (at, 0.02), xycoords=("data", "axes fraction"), fontsize=7.5, color="white",
                                ha="right" if text.endswith(" ") else "left")


def draw_map(sheet: Sheet, probe: xr.Dataset, metrics: xr.Dataset, position: str, title: str) -> None:
    """Accuracy on evaluation templates of the fitted individuals: level by snapshot, mean over targets."""
    accuracy = probe.probe_accuracy.sel(group="fitted", position=position).mean("target")
    panel = sheet.panel(title, "training step", "level (0: embedding)", f"accuracy_at_{position}")
    panel.draw_heat(probe.step.values, probe.level.values, accuracy.transpose("level", "step").values, "accuracy",
                    x_text=lambda v: f"{v:.0f}", y_text=lambda v: f"{v:.0f}", numbers=len(probe.step) <= MOST_NUMBERS)
    panel.axes.tick_params(axis="x", labelrotation=60 if len(probe.step) > MOST_NUMBERS else 0)
    mark_phases(panel, probe, metrics)


def shade(panel: Panel, probe: xr.Dataset, metrics: xr.Dataset) -> None:
    """Shades the phases."""
    panel.phases(float(metrics.plateau_start), float(metrics.plateau_end), float(probe.step[-1]))


def draw_group(sheet: Sheet, probe: xr.Dataset, metrics: xr.Dataset, group: str, title: str) -> None:
    """The best level of each position, what the control remembers, and the model."""
    of = probe.sel(group=group).mean("target")
    panel = sheet.panel(title, "training step", "accuracy", f"accuracy_of_{group}")
    shade(panel, probe, metrics)
    for position, colour in (("name", PURPLE), ("value", BLUE)):
        at = of.sel(position=position)
        panel.line(probe.step, at.probe_accuracy.max("level"), label=f"probe, {position}", colour=colour)
        panel.line(probe.step, at.control_accuracy.max("level"), label=f"control, {position}", colour=colour, style=":")
    panel.line(probe.step, of.model_accuracy, label="model", colour=INK)
    if group == "other":
        lens = probe.lens_accuracy.sel(group=group, position="value").mean("attribute")
        for level in probe.level.values[1:]:
            panel.line(probe.step, lens.sel(level=level), label=f"lens, level {level}", colour=GREEN,
                       style="-" if level == probe.level.values[-1] else "--")
        panel.line(probe.step, of.ceiling, label="values met in fitting", colour=GREY, style="--")
    panel.axes.set_ylim(0, 1.02)


def draw_ranks(sheet: Sheet, probe: xr.Dataset, metrics: xr.Dataset) -> None:
    """Effective rank of activations, by level."""
    panel = sheet.panel("value token", "training step", "effective rank", "effective_rank")
    shade(panel, probe, metrics)
    ranks = probe.effective_rank.sel(position="value").mean("attribute")
    for level, colour in zip(probe.level.values, shades(len(probe.level))):
        panel.line(probe.step, ranks.sel(level=level), label=f"level {level}", colour=colour)
    panel.axes.set_ylim(bottom=0)


def draw_crowding(sheet: Sheet, probe: xr.Dataset) -> None:
    """Confidence in the invented facts of held-out individuals, by how near the nearest known name is."""
    held_out = probe.person_group.values == 1
    distance = (probe.key_distance / probe.key_spread).isel(step=-1).values[:, held_out]
    confidence = probe.person_confidence.isel(step=-1).values[held_out]
    panel = sheet.panel("held-out individuals, last snapshot", "distance to the nearest known name / spread",
                        "confidence", "confidence_by_distance")
    for level, colour in zip(probe.level.values, shades(len(probe.level))):
        order = np.argsort(distance[level])
        quarters = [q for q in np.array_split(order, QUARTERS) if len(q)]
        panel.line([np.mean(distance[level][q]) for q in quarters], [np.mean(confidence[q]) for q in quarters],
                   label=f"level {level}", colour=colour, marker="o")


def draw(folder: Path) -> Sheet:
    """The run of a run directory."""
    probe, metrics, name = open_probe(folder), open_metrics(folder / "metrics.nc"), folder.name
    sheet = Sheet(f"{name}: where attributes can be read", 2, 3)
    draw_map(sheet, probe, metrics, "name", "last name token, new templates")
    draw_map(sheet, probe, metrics, "value", "token before the value, new templates")
    draw_group(sheet, probe, metrics, "fitted", "fitted individuals, new templates, best level")
    draw_group(sheet, probe, metrics, "other", "other individuals, best level")
    draw_ranks(sheet, probe, metrics)
    if (probe.person_group == 1).any():
        draw_crowding(sheet, probe)
    sheet.note("Accuracies are means over what is read. A probe remembers some of the people whom it was fitted on: the "
               "control, fitted to values dealt out at random, shows how many. Other individuals: trained on by the model, "
               "not by the probe.")
    return sheet


def draw_capacity(folders: Sequence[Path], name: str) -> Sheet:
    """Accuracy and number of right pairs against the pairs that were to be held; seeds as bands."""
    rows: dict[str, dict[float, list[float]]] = {}
    for folder in folders:
        probe = open_probe(folder)
        known, pairs = probe.sel(group="known"), int(probe.memory_pairs)
        found = {"trained": known.model_accuracy[-1],
                 **{str(code): known.linear_accuracy.sel(code=code) for code in probe.code.values}}
        for line, accuracy in found.items():
            rows.setdefault(line, {}).setdefault(pairs, []).append(float(accuracy))
        chance = 1 / int(probe.memory_values)
    names = {"trained": ("trained, hidden units", BLUE), "vectors": ("best linear map to vectors", ORANGE),
             "one_hot": ("best linear map to one-hot codes", GREEN)}
    sheet = Sheet(f"{name}: what an associative memory holds", 1, 2)
    share = sheet.panel("known pairs", "pairs", "accuracy", "accuracy")
    held = sheet.panel("known pairs beyond chance", "pairs", "pairs that are right, less chance", "held")
    for line, (text, colour) in names.items():
        share.points(rows[line], text, colour)
        held.points({n: [max((v - chance) * n, 0.5) for v in values] for n, values in rows[line].items()}, text, colour)
    share.baseline(chance, "chance")
    share.axes.set_ylim(0, 1.02)
    for panel in (share, held):
        panel.log_x(sorted(rows["trained"])[::2])
    held.log_y()
    return sheet
