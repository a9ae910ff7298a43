"""One run: loss with baseline, accuracy, hallucination on held-out individuals, attention.

After Zucchet et al. 2025 (arXiv 2503.21676), figures 2, 3 and 5. `dataset` is a run's metrics.nc (lore.files).
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lore.drawing.style import BLUE, GREY, INK, ORANGE, Colour

KNOWN, HELD_OUT = BLUE, ORANGE
PHASES = [("1", "statistics", "#f3f6fa"), ("2", "plateau", "#e3ebf4"), ("3", "knowledge", "#f3f6fa")]


def phase_limits(dataset: xr.Dataset) -> list[float]:
    """[begin, plateau start, plateau end, last step]; a limit that was not reached is the last step."""
    last = float(dataset.step[-1])
    limits = [float(dataset[name]) for name in ("plateau_start", "plateau_end")]
    return [0.0, *[limit if np.isfinite(limit) else last for limit in limits], last]


def mark_phases(axes: Axes, limits: list[float], labels: bool) -> None:
    """Shades the three phases and, with `labels`, names them along the top."""
    for (number, name, colour), begin, end in zip(PHASES, limits, limits[1:]):
        axes.axvspan(begin, end, color=colour, lw=0, zorder=0)
        if labels and end - begin > 0.04 * limits[-1]:
            text = f"phase {number}\n{name}" if end - begin > 0.12 * limits[-1] else number
            axes.annotate(text, ((begin + end) / 2, 1.02), xycoords=("data", "axes fraction"),
                          ha="center", va="bottom", fontsize=8, color=GREY)
    axes.set_xlim(0, limits[-1])


def end_label(axes: Axes, x: xr.DataArray, y: xr.DataArray, text: str, colour: Colour) -> None:
    """Names a line at its right end, in place of a legend."""
    axes.annotate(text, (x, y), xytext=(5, 0), textcoords="offset points", color=colour,
                  fontsize=8, va="center", annotation_clip=False)


def draw_loss(axes: Axes, dataset: xr.Dataset) -> None:
    known = dataset.attribute_loss.sel(group="known")
    axes.plot(dataset.step, known, color=KNOWN, lw=1.8)
    end_label(axes, dataset.step[-1], known[-1], "known", KNOWN)
    if "held_out" in dataset.group:
        held_out = dataset.attribute_loss.sel(group="held_out")
        axes.plot(dataset.step, held_out, color=HELD_OUT, lw=1.8)
        end_label(axes, dataset.step[-1], held_out[-1], "held out", HELD_OUT)
    baseline = float(dataset.no_knowledge_baseline)
    axes.axhline(baseline, color=INK, lw=0.9, ls="--")
    axes.annotate("no-knowledge baseline", (1, baseline), xycoords=("axes fraction", "data"),
                  xytext=(-4, 4), textcoords="offset points", ha="right", fontsize=8, color=INK)
    largest = float(dataset.attribute_loss.isel(step=slice(1, None)).max())
    axes.set_ylim(0, 1.12 * max(largest, baseline))
    axes.set_ylabel("attribute loss (nats)")


def draw_accuracy(axes: Axes, dataset: xr.Dataset) -> None:
    lines = [("attribute_accuracy", "known", KNOWN, "-", "accuracy, known"),
             ("attribute_accuracy", "held_out", HELD_OUT, "-", "accuracy, held out"),
             ("max_probability", "known", KNOWN, ":", "confidence, known"),
             ("max_probability", "held_out", HELD_OUT, ":", "confidence, held out")]
    for variable, group, colour, style, name in lines:
        if group in dataset.group:
            axes.plot(dataset.step, dataset[variable].sel(group=group), color=colour, ls=style,
                      lw=1.6, label=name)
    axes.legend(fontsize=7.5, frameon=False, loc="upper left")
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("attribute accuracy, confidence")


def draw_attention(axes: Axes, dataset: xr.Dataset, variable: str, title: str) -> None:
    """A line for each layer."""
    layers = dataset.layer.values
    shades = plt.cm.viridis(np.linspace(0.1, 0.8, len(layers)))
    for layer, colour in zip(layers, shades):
        axes.plot(dataset.step, dataset[variable].sel(layer=layer), color=colour, lw=1.6,
                  label=f"layer {layer}")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(title)


def draw(dataset: xr.Dataset) -> Figure:
    attends = "attention_sharpness" in dataset
    rows, columns, size = (2, 3, (13.5, 7.2)) if attends else (1, 2, (9.0, 3.8))
    figure, axes = plt.subplots(rows, columns, figsize=size, sharex=True, squeeze=False,
                                layout="constrained")
    draw_loss(axes[0, 0], dataset)
    draw_accuracy(axes[0, 1], dataset)
    panels = [("attention_name_to_name", "attention name → name"),
              ("attention_attribute_to_name", "attention attribute → name"),
              ("attention_attribute_to_text", "attention attribute → text"),
              ("attention_sharpness", "attention entropy / log(tokens)")]
    for panel, (variable, title) in zip(axes.flat[2:], panels):
        draw_attention(panel, dataset, variable, title)
    if attends:
        axes[0, 2].legend(fontsize=7.5, frameon=False)
    limits = phase_limits(dataset)
    for index, panel in enumerate(axes.flat):
        mark_phases(panel, limits, labels=index < columns)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes[-1]:
        panel.set_xlabel("training step")
    accuracy = float(dataset.attribute_accuracy.sel(group="known")[-1])
    figure.suptitle(f"{dataset.attrs['title']}: {int(dataset.population_individuals):,} individuals, "
                    f"{int(dataset.model_layers)} layers of width {int(dataset.model_width)}, "
                    f"final accuracy {accuracy:.3f}", fontsize=11)
    return figure
