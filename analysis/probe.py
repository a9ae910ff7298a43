#!/usr/bin/env python3
"""Draws what `lore probe` found in one run: where attributes can be read, and when; spectra; names.

usage: probe.py DIR [--run ID] [-o PICTURE]

DIR is what `lore run -o DIR` and `lore probe DIR` wrote. The picture goes to DIR/probe.png (of several runs to
DIR/runs/<id>/probe.png), the numbers in it beside it as NetCDF. Toy memories share one picture, DIR/probe.png: what
they hold, and what the best linear map would. What the quantities mean: doc/probe.md.
"""

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from lore_results import open_metrics
from lore_sheet import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Sheet, shades

QUARTERS, MOST_NUMBERS = 4, 9


def open_run(folder):
    """(probe.nc, metrics.nc) of a run."""
    path = folder / "probe.nc"
    if not path.exists():
        raise SystemExit(f"{path} is missing; was 'lore probe' run?")
    with xr.open_dataset(path, decode_times=False) as dataset:
        return dataset.load(), open_metrics(folder / "metrics.nc")


def between(steps, step):
    """Where `step` lies on an axis of columns 0, 1, ... that stand for `steps`; NaN outside."""
    return float(np.interp(step, steps, range(len(steps)), np.nan, np.nan)) if np.isfinite(step) else np.nan


def mark_phases(panel, probe, metrics):
    """Ends of the plateau between the columns of a map."""
    for name, text in (("plateau_start", "plateau "), ("plateau_end", " recall")):
        at = between(probe.step.values, float(metrics[name]))
        if np.isfinite(at):
            panel.axes.axvline(at, color=ORANGE, lw=1.6)
            panel.axes.annotate(text, (at, 0.02), xycoords=("data", "axes fraction"), fontsize=7.5, color="white",
                                ha="right" if text.endswith(" ") else "left")


def draw_map(sheet, probe, metrics, position, title):
    """Accuracy on evaluation templates of the fitted people: level by snapshot, mean over targets."""
    accuracy = probe.probe_accuracy.sel(group="fitted", position=position).mean("target")
    panel = sheet.panel(title, "training step", "level (0: embedding)", f"accuracy_at_{position}")
    panel.draw_heat(probe.step.values, probe.level.values, accuracy.transpose("level", "step").values, "accuracy",
                    x_text=lambda v: f"{v:.0f}", y_text=lambda v: f"{v:.0f}", numbers=len(probe.step) <= MOST_NUMBERS)
    panel.axes.tick_params(axis="x", labelrotation=60 if len(probe.step) > MOST_NUMBERS else 0)
    mark_phases(panel, probe, metrics)


def shade(panel, probe, metrics):
    panel.phases(float(metrics.plateau_start), float(metrics.plateau_end), float(probe.step[-1]))


def draw_group(sheet, probe, metrics, group, title):
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


def draw_ranks(sheet, probe, metrics):
    panel = sheet.panel("value token", "training step", "effective rank", "effective_rank")
    shade(panel, probe, metrics)
    ranks = probe.effective_rank.sel(position="value").mean("attribute")
    for level, colour in zip(probe.level.values, shades(len(probe.level))):
        panel.line(probe.step, ranks.sel(level=level), label=f"level {level}", colour=colour)
    panel.axes.set_ylim(bottom=0)


def draw_crowding(sheet, probe):
    """Confidence in the invented facts of strangers, by how near the nearest known name is."""
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


def draw(probe, metrics, name):
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


def draw_capacity(folders, name):
    """Accuracy and number of right pairs against the pairs that were to be held; seeds as bands."""
    rows = {}
    for folder in folders:
        with xr.open_dataset(folder / "probe.nc", decode_times=False) as p:
            known, pairs = p.sel(group="known"), int(p.memory_pairs)
            found = {"trained": known.model_accuracy[-1], **{str(c): known.linear_accuracy.sel(code=c) for c in p.code.values}}
            for line, accuracy in found.items():
                rows.setdefault(line, {}).setdefault(pairs, []).append(float(accuracy))
            chance = 1 / int(p.memory_values)
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


def is_toy(folder):
    with xr.open_dataset(folder / "probe.nc", decode_times=False) as probe:
        return "linear_accuracy" in probe


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="what lore run -o wrote and lore probe looked at")
    parser.add_argument("--run", help="only this run")
    parser.add_argument("-o", "--output", type=Path, help="picture (of one run)")
    arguments = parser.parse_args()
    folders = sorted(path.parent for path in arguments.directory.glob("runs/*/probe.nc"))
    if arguments.run:
        folders = [arguments.directory / "runs" / arguments.run]
    if not folders:
        raise SystemExit(f"{arguments.directory} has no runs/*/probe.nc; was 'lore probe' run?")
    if arguments.output and len(folders) > 1:
        raise SystemExit("-o is for one picture, and there are several runs: choose one with --run")
    toys = [folder for folder in folders if is_toy(folder)]
    if toys:
        picture = arguments.output or arguments.directory / "probe.png"
        draw_capacity(toys, arguments.directory.name).save(picture)
        print(picture)
    for folder in [folder for folder in folders if folder not in toys]:
        picture = arguments.output or (arguments.directory if len(folders) == 1 else folder) / "probe.png"
        draw(*open_run(folder), folder.name).save(picture)
        print(picture)


if __name__ == "__main__":
    main()
