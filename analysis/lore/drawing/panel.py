"""One panel of a sheet. What lines, points and heat maps show goes into the data of the sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from lore.drawing.names import Label, Names
from lore.drawing.style import BLUE, GREY, HALO, INK, ORANGE, PALE, PHASES, Colour
from lore.study import Floats, Study, mean_curve
from lore.words import short

# {variable: (dimensions, values, attributes)}, as xarray takes them
Variables = dict[str, tuple[Any, Any, dict[str, str]]]


class Line(NamedTuple):
    """A line, or points, of the mean of `seeds` runs: all (point); x is NaN for a horizontal line."""
    label: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    seeds: int

    @property
    def is_level(self) -> bool:
        return not np.isfinite(self.x[0])


class Heat(NamedTuple):
    """A heat map: x (column), y (row), values (row, column) in `unit`."""
    x: Floats
    y: Floats
    values: Floats
    unit: str


class RoundTicks(Locator):
    """Of a logarithmic axis: the roundest numbers of which four are in view, however short the axis is."""

    def __call__(self) -> Floats:
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, low: float, high: float) -> Floats:
        tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
        for steps in ((1,), (1, 2, 5), (1, 2, 3, 5, 7)):
            ticks = np.asarray(np.outer(tens, steps).ravel(), float)
            ticks = ticks[(ticks >= low) & (ticks <= high)]
            if len(ticks) > 3:
                return ticks
        return np.asarray(MaxNLocator(5, steps=(1, 2, 5, 10)).tick_values(low, high))


class Panel:
    """One pair of axes. `name` begins the names of its variables."""

    def __init__(self, figure: Figure, axes: Axes, name: str, title: str, x: str, y: str) -> None:
        self.figure, self.axes, self.name = figure, axes, name
        self.names = Names(figure, axes)
        self.lines: list[Line] = []
        self.heat: Heat | None = None
        self.x_title, self.y_title = x, y
        self.title = axes.set_title(title, fontsize=9.5, loc="left")
        axes.set_xlabel(x, fontsize=9)
        axes.set_ylabel(y, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)

    def line(self, x: npt.ArrayLike, y: npt.ArrayLike, low: npt.ArrayLike | None = None,
             high: npt.ArrayLike | None = None, label: str = "", colour: Colour = BLUE, style: str = "-",
             marker: str = "", seeds: int = 1, named: bool = True, bars: bool = False, shift: float = 0,
             width: float = 1.6) -> None:
        """A line through x, y (point) with a band from low to high, named at its right end; `bars`: bars in place of the
        band, which points without neighbours have anyway; shift: by so many points to the right."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        there = np.flatnonzero(np.isfinite(y))
        if not len(there):
            return
        low, high = (y if v is None else np.asarray(v, float) for v in (low, high))
        parts = self.axes.plot(x, y, color=colour, ls=style, marker=marker, ms=4, lw=width, zorder=3)
        if seeds > 1:
            lone = there if bars else np.array([i for i in there if not {i - 1, i + 1} & set(there)], int)
            parts.append(self.axes.vlines(x[lone], low[lone], high[lone], color=colour, alpha=0.4, lw=3, zorder=2))
        if seeds > 1 and not bars:
            parts.append(self.axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0, zorder=2))
        for part in parts if shift else ():
            right = ScaledTranslation(shift / 72, 0, self.figure.dpi_scale_trans)
            part.set_transform(part.get_transform() + right)
        self.lines.append(Line(label, x, y, low, high, seeds))
        if label and named:
            self.names.labels.append(Label(x[there[-1]], y[there[-1]], label, colour, style, shift))

    def curve(self, study: Study, variable: str, group: str | None = None, layer: int | None = None, label: str = "",
              colour: Colour = BLUE, style: str = "-", named: bool = True) -> None:
        """Mean over runs against steps; the band is their range."""
        steps, mean, low, high, seeds = mean_curve(study, variable, group, layer)
        self.line(steps, mean, low, high, label, colour, style, seeds=seeds, named=named)

    def points(self, table: Mapping[float, Iterable[float]], label: str = "", colour: Colour = BLUE, style: str = "-",
               marker: str = "o", named: bool = True, bars: bool = False, shift: float = 0) -> None:
        """{x: [values of seeds]}: means joined by a line; the band is their range."""
        finite = {x: [v for v in table[x] if np.isfinite(v)] for x in sorted(table)}
        finite = {x: values for x, values in finite.items() if values}
        self.line(list(finite), [np.mean(v) for v in finite.values()], [min(v) for v in finite.values()],
                  [max(v) for v in finite.values()], label, colour, style, marker,
                  max((len(v) for v in finite.values()), default=0), named, bars, shift)

    def ends(self, cells: Mapping[float, Study], label: str = "", colour: Colour = BLUE, style: str = "-") -> None:
        """{x: runs}: where the plateaus of the finished ones end. Of those that are over only the short ones are
        known where not all are, so there is no mean: their ends are open circles, the line is broken, and a triangle
        where training stopped says how many are not over."""
        cells = {x: cells[x].pick(cells[x].finished) for x in sorted(cells) if cells[x].finished.any()}
        ends = {x: runs.scalar("plateau_end") for x, runs in cells.items()}
        self.line(list(ends), [v.mean() for v in ends.values()], [v.min() for v in ends.values()],
                  [v.max() for v in ends.values()], label, colour, style, "o", max(map(len, ends.values()), default=0))
        for x, values in ends.items():
            over = np.isfinite(values)
            if not over.all():
                last = cells[x]["train_steps"].max()
                self.axes.plot([x] * over.sum(), values[over], "o", mfc="none", color=colour, ms=4, zorder=3)
                self.key("not over", x=[x], y=[last], marker="^", mfc="none", color=colour, ls="", ms=6, zorder=3)
                self.axes.annotate(f"{(~over).sum()} of {len(over)}", (x, last), xytext=(0, 5), ha="center",
                                   textcoords="offset points", fontsize=7.5, color=colour, annotation_clip=False)
                self.axes.margins(y=0.12)  # room for that
        if label and ends and not any(np.isfinite(v).all() for v in ends.values()):
            self.names.labels.append(Label(x, last, label, colour, style, 0))

    def row(self, values: npt.ArrayLike, place: float, label: str, colour: Colour, lacking: str = "") -> None:
        """The seeds' values as dots in a row, with a bar at their mean. If NaN are seeds that are `lacking`, which is
        then said beside the row, the others are open dots and have no mean."""
        values = np.asarray(values, float)
        there = values[np.isfinite(values)]
        partly = bool(lacking) and len(there) < len(values)
        face: dict[str, Any] = {"mfc": "none"} if partly else {"mew": 0}
        self.axes.plot(there, np.full(len(there), place), "o", color=colour, ms=4, alpha=0.7, **face)
        if partly:
            often = f" in {len(values) - len(there)} of {len(values)}" if len(there) else ""
            self.axes.annotate(lacking + often, (1, place), xycoords=("axes fraction", "data"), xytext=(3, 0),
                               textcoords="offset points", va="center", fontsize=7.5, color=colour)
        elif len(there):
            self.axes.plot([there.mean()] * 2, [place - 0.3, place + 0.3], color=colour, lw=2)
        if len(there) or partly:
            self.x_title, self.y_title = "row", self.axes.get_xlabel()
            mean, low, high = np.full((3, 1), np.nan) if partly else np.array([[there.mean()], [there.min()], [there.max()]])
            self.lines.append(Line(label, np.array([place]), mean, low, high, len(there)))

    def span(self, low: float, middle: float, high: float, place: float, label: str, colour: Colour, seeds: int) -> None:
        """An interval in a row, with a dot at its middle."""
        self.axes.plot([low, high], [place, place], color=colour, lw=2.2, solid_capstyle="butt")
        self.axes.plot([middle], [place], "o", color=colour, ms=5)
        self.y_title = self.axes.get_xlabel()
        self.x_title = "row"
        self.lines.append(Line(label, np.array([place]), np.array([middle]), np.array([low]), np.array([high]), seeds))

    def pairs(self, x: Sequence[float], y: Sequence[float], label: str, colour: Colour) -> None:
        """A point for each pair."""
        self.key(label, x, y, marker="o", ls="", ms=4, alpha=0.7, color=colour)
        order = np.argsort(np.asarray(x, float))
        across, up = np.asarray(x, float)[order], np.asarray(y, float)[order]
        self.lines.append(Line(label, across, up, up, up, len(across)))

    def baseline(self, value: float, label: str = "no-knowledge baseline") -> None:
        """A horizontal line."""
        if np.isfinite(value):
            self.axes.axhline(value, color=INK, lw=0.9, ls="--", zorder=1)
            low, high = self.axes.get_ylim()
            if value > high and not self.axes.get_autoscaley_on():
                self.axes.set_ylim(low, 1.05 * value)
            level = np.array([value], float)
            self.lines.append(Line(label or "baseline", np.array([np.nan]), level, level, level, seeds=0))
        if np.isfinite(value) and label:
            self.names.levels.append(self.axes.annotate(label, (1, value), xycoords=("axes fraction", "data"),
                                                        xytext=(-3, 3), textcoords="offset points", ha="right",
                                                        fontsize=7.5, color=INK, path_effects=HALO))

    def phases(self, start: float, end: float, last: float) -> None:
        """Shades the three phases; the bounds are steps, NaN for one that was not reached."""
        limits = [0, *[v if np.isfinite(v) else last for v in (start, end)], last]
        for number, (colour, left, right) in enumerate(zip(PHASES, limits, limits[1:]), 1):
            self.axes.axvspan(left, right, color=colour, lw=0, zorder=0)
            if right - left > 0.03 * last:
                self.axes.annotate(str(number), ((left + right) / 2, 0.985), fontsize=8, va="top",
                                   xycoords=("data", "axes fraction"), ha="center", color=GREY)

    def mark(self, step: float, label: str = "", colour: Colour = GREY) -> None:
        """A vertical line."""
        self.axes.axvline(step, color=colour, lw=0.9, ls=":", zorder=1)
        if label:
            self.axes.annotate(label, (step, 1), xycoords=("data", "axes fraction"), xytext=(2, -2),
                               textcoords="offset points", fontsize=7.5, color=colour, va="top")

    def mark_end(self, step: float, label: str, colour: Colour = GREY, place: float | None = None) -> None:
        """A thin vertical line, of the row at `place` only if that is given, which the legend names once."""
        if not np.isfinite(step):
            return
        low, high = (0.0, 1.0) if place is None else (place - 0.45, place + 0.45)
        across = self.axes.get_xaxis_transform() if place is None else self.axes.transData
        self.key(label, [step, step], [low, high], transform=across, color=colour, lw=0.9, ls=":", zorder=1)

    def key(self, label: str, x: Sequence[float], y: Sequence[float], **style: Any) -> None:
        """Draws what the legend names once. The legend is above the axes, where it covers nothing."""
        new = label not in self.axes.get_legend_handles_labels()[1]
        self.axes.plot(x, y, label=label if new else "_", **style)
        self.axes.legend(fontsize=7.5, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0,
                         borderaxespad=0.3, ncol=3, handlelength=1.5)

    def clear_title(self) -> None:
        """Lifts a long title above the legend."""
        legend = self.axes.get_legend()
        if legend and legend.get_window_extent().overlaps(self.title.get_window_extent()):
            self.axes.set_title(self.title.get_text(), fontsize=9.5, loc="left", pad=18)

    def log_x(self, values: Sequence[float]) -> None:
        """A logarithmic axis, with ticks at `values` such as 4k, 8k."""
        self.axes.set_xscale("log")
        self.ticks(self.axes.xaxis, values)
        if len(values) == 1:
            self.axes.set_xlim(values[0] / 2, 2 * values[0])

    def log_y(self) -> None:
        """A logarithmic axis with few, round ticks."""
        self.axes.set_yscale("log")
        self.axes.yaxis.set_major_locator(RoundTicks())
        self.axes.yaxis.set_minor_locator(NullLocator())
        self.axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))

    def whole_x(self) -> None:
        """Ticks at whole numbers."""
        self.axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    def steps_from_zero(self, values: Sequence[float]) -> None:
        """A logarithmic axis of steps that has room for 0."""
        positive = [v for v in values if v > 0]
        if positive:
            self.axes.set_xscale("symlog", linthresh=min(positive))
            self.ticks(self.axes.xaxis, values)

    def ticks(self, axis: Axis, values: Sequence[float]) -> None:
        axis.set_major_locator(FixedLocator(list(values)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda v, _: short(v)))

    def draw_heat(self, x: npt.ArrayLike, y: npt.ArrayLike, values: npt.ArrayLike, unit: str,
                  x_text: Callable[[float], str] = short, y_text: Callable[[float], str] = short,
                  mark_least: str | None = None, numbers: bool = True, why: Sequence[Sequence[str]] | None = None) -> None:
        """A heat map of values (y, x), with the numbers in it or without; mark_least: "row" or "all"; why (y, x): what
        is written where there is no number. Such cells are grey, and white if that is nothing."""
        x, y, values = (np.asarray(v, float) for v in (x, y, values))
        self.heat = Heat(x, y, values, unit)
        image = self.axes.imshow(values, origin="lower", aspect="auto", cmap="cividis")
        self.axes.set_xticks(range(len(x)), [x_text(v) for v in x])
        self.axes.set_yticks(range(len(y)), [y_text(v) for v in y])
        if numbers:
            self.write_cells(values, why)
        for row, column in least_cells(values, mark_least):
            self.axes.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=ORANGE, lw=2))
        bar = self.figure.colorbar(image, ax=self.axes, fraction=0.05, pad=0.02)
        bar.set_label(unit, fontsize=8)
        bar.ax.tick_params(labelsize=7.5)
        self.axes.spines[:].set_visible(False)
        self.axes.tick_params(length=0)

    def write_cells(self, values: Floats, why: Sequence[Sequence[str]] | None) -> None:
        """The numbers (y, x) of a heat map, or why there are none."""
        middle = float(np.nanmean([np.nanmin(values), np.nanmax(values)])) if np.isfinite(values).any() else 0.0
        for (row, column), number in np.ndenumerate(values):
            value = float(number)
            text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
            if not np.isfinite(value):
                text = why[row][column] if why is not None else ""
                self.axes.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fc=PALE, lw=0, visible=bool(text)))
            bright = not np.isfinite(value) or value > middle
            self.axes.text(column, row, text, ha="center", va="center", fontsize=7.5,
                           color=INK if bright else "white")

    def pixels(self) -> Floats:
        """Points on all lines, a pixel apart (point, 2), in pixels."""
        points = [np.empty((0, 2))]
        for line in self.lines:
            there = np.isfinite(line.x) & np.isfinite(line.y)
            across, up = self.axes.transData.transform(np.column_stack([line.x[there], line.y[there]])).T
            every = np.arange(across.min(), across.max() + 1) if there.any() else across
            points.append(np.column_stack([every, np.interp(every, across, up) if there.any() else up]))
        return np.concatenate(points)

    def variables(self) -> Variables:
        """The panel's numbers: (line, x) with bounds, or (y, x) of a heat map."""
        if self.heat:
            return self.heat_variables(self.heat)
        levels = [line for line in self.lines if line.is_level]
        result: Variables = {f"{self.name}_level_{number}": ((), line.y[0], {"long_name": line.label, "units": "1"})
                             for number, line in enumerate(levels, 1)}
        lines = [line for line in self.lines if not line.is_level]
        return result | self.line_variables(lines) if lines else result

    def heat_variables(self, heat: Heat) -> Variables:
        name = self.name
        return {f"{name}_x": (f"{name}_x", heat.x, {"long_name": self.x_title, "units": "1"}),
                f"{name}_y": (f"{name}_y", heat.y, {"long_name": self.y_title, "units": "1"}),
                name: ((f"{name}_y", f"{name}_x"), heat.values, {"long_name": heat.unit, "units": "1"})}

    def line_variables(self, lines: Sequence[Line]) -> Variables:
        name, x = self.name, np.unique(np.concatenate([line.x for line in lines]))
        tables = np.full((3, len(lines), len(x)), np.nan)
        for index, line in enumerate(lines):
            tables[:, index, np.searchsorted(x, line.x)] = [line.y, line.low, line.high]
        dims = (f"{name}_line", f"{name}_x")
        result: Variables = {
            f"{name}_x": (dims[1], x, {"long_name": self.x_title, "units": "1"}),
            f"{name}_line": (dims[0], [line.label for line in lines], {"long_name": "line"}),
            f"{name}_seeds": (dims[0], [line.seeds for line in lines],
                              {"long_name": "runs that a line is the mean of", "units": "1"})}
        for part, of, values in zip(("", "_least", "_largest"), ("mean", "least", "largest"), tables):
            result[name + part] = (dims, values, {"long_name": f"{self.y_title}, {of}", "units": "1"})
        return result


def least_cells(values: Floats, mark: str | None) -> list[tuple[int, int]]:
    """(row, column) of the least value of each row or of all."""
    if mark == "row":
        return [(r, int(np.nanargmin(row))) for r, row in enumerate(values) if np.isfinite(row).any()]
    if mark == "all" and np.isfinite(values).any():
        row, column = np.unravel_index(np.nanargmin(values), values.shape)
        return [(int(row), int(column))]
    return []
