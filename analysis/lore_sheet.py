"""A sheet of panels that keeps what is drawn: the picture, and beside it the same numbers as NetCDF."""

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from lore_names import HALO, INK, Names

BLUE, ORANGE, GREEN, PURPLE, GREY = "#1f5fa8", "#c2562d", "#2f8f6b", "#8a5aa8", "#777777"
COLOURS = [BLUE, ORANGE, GREEN, PURPLE, "#b08a1e", "#5a5a5a"]
PALE = "#e4e4e4"  # of cells without a number
PHASES = ["#eef3f9", "#d9e4f0", "#eef3f9"]
FILL = 9.969209968386869e36
DOTS_PER_INCH = 150


def shades(count):
    """Ordered colours, dark to light, told apart by colour-blind eyes too."""
    return list(plt.cm.viridis(np.linspace(0.02, 0.82, max(count, 1))))


def short(number):
    """65536 -> 64k, 2621440 -> 2.5M; others as they are."""
    number = float(number)
    for size, letter in ((1024**2, "M"), (1024, "k")):
        if number >= size and (number % (size / 4) == 0 or number / size >= 16):
            return f"{number / size:.4g}{letter}"
    return f"{number:.4g}"


def drawn(study):
    """The finished runs; all, if none is finished."""
    return [run for run in study if run.finished] or list(study)


def mean_curve(study, variable, group=None, layer=None):
    """(steps, mean, least, largest, seeds) over the runs that are drawn, as far as the shortest has come."""
    curves = [curve for curve in (run.curve(variable, group, layer) for run in drawn(study)) if len(curve[0])]
    steps = np.unique(np.concatenate([c[0] for c in curves])) if curves else np.array([])
    table = np.full((len(curves), len(steps)), np.nan)
    for row, (own, values) in zip(table, curves):
        row[np.searchsorted(steps, own)] = values
    whole = np.isfinite(table).sum(axis=0) == np.isfinite(table).any(axis=1).sum()
    table, steps = table[:, whole], steps[whole]
    if not table.size:
        return (np.array([]),) * 4 + (0,)
    return steps, np.nanmean(table, 0), np.nanmin(table, 0), np.nanmax(table, 0), len(curves)


class RoundTicks(Locator):
    """Of a logarithmic axis: the roundest numbers of which four are in view, however short the axis is."""

    def __call__(self):
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, low, high):
        tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
        for steps in ((1,), (1, 2, 5), (1, 2, 3, 5, 7)):
            ticks = np.outer(tens, steps).ravel()
            ticks = ticks[(ticks >= low) & (ticks <= high)]
            if len(ticks) > 3:
                return ticks
        return MaxNLocator(5, steps=(1, 2, 5, 10)).tick_values(low, high)


class Panel(Names):
    """One pair of axes. What lines, points and heat maps show goes into the data of the sheet."""

    def __init__(self, sheet, axes, name, title, x, y):
        self.sheet, self.axes, self.name = sheet, axes, name
        self.labels, self.levels, self.rows, self.heat = [], [], [], None
        self.x_title, self.y_title = x, y
        self.title = axes.set_title(title, fontsize=9.5, loc="left")
        axes.set_xlabel(x, fontsize=9)
        axes.set_ylabel(y, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)

    def line(self, x, y, low=None, high=None, label="", colour=BLUE, style="-", marker="", seeds=1, named=True,
             bars=False, shift=0, width=1.6):
        """A line with a band, named at its right end; `bars`: bars in place of the band, which points without
        neighbours have anyway; shift: by so many points to the right."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        there = np.flatnonzero(np.isfinite(y))
        if not len(there):
            return
        low, high = (y if v is None else np.asarray(v, float) for v in (low, high))
        parts = self.axes.plot(x, y, color=colour, ls=style, marker=marker, ms=4, lw=width, zorder=3)
        if seeds > 1:
            lone = there if bars else [i for i in there if not {i - 1, i + 1} & set(there)]
            parts.append(self.axes.vlines(x[lone], low[lone], high[lone], color=colour, alpha=0.4, lw=3, zorder=2))
        if seeds > 1 and not bars:
            parts.append(self.axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0, zorder=2))
        for part in parts if shift else ():
            right = ScaledTranslation(shift / 72, 0, self.sheet.figure.dpi_scale_trans)
            part.set_transform(part.get_transform() + right)
        self.rows.append((label, x, y, low, high, seeds))
        if label and named:
            self.labels.append((x[there[-1]], y[there[-1]], label, colour, style, shift))

    def curve(self, study, variable, group=None, layer=None, label="", colour=BLUE, style="-", named=True):
        """Mean over runs against steps; the band is their range."""
        steps, mean, low, high, seeds = mean_curve(study, variable, group, layer)
        self.line(steps, mean, low, high, label, colour, style, seeds=seeds, named=named)

    def points(self, table, label="", colour=BLUE, style="-", marker="o", named=True, bars=False, shift=0):
        """{x: [values of seeds]}: means joined by a line; the band is their range."""
        table = {x: [v for v in values if np.isfinite(v)] for x, values in sorted(table.items())}
        table = {x: values for x, values in table.items() if values}
        self.line(list(table), [np.mean(v) for v in table.values()], [min(v) for v in table.values()],
                  [max(v) for v in table.values()], label, colour, style, marker,
                  max((len(v) for v in table.values()), default=0), named, bars, shift)

    def ends(self, cells, label="", colour=BLUE, style="-"):
        """{x: runs}: where the plateaus of the finished ones end. Of those that are over only the short ones are
        known where not all are, so there is no mean: their ends are open circles, the line is broken, and a triangle
        where training stopped says how many are not over."""
        cells = {x: runs.pick(runs.finished) for x, runs in sorted(cells.items()) if runs.finished.any()}
        ends = {x: runs.scalar("plateau_end") for x, runs in cells.items()}
        self.line(list(ends), *([f(v) for v in ends.values()] for f in (np.mean, np.min, np.max)), label, colour,
                  style, "o", max(map(len, ends.values()), default=0))
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
            self.labels.append((x, last, label, colour, style, 0))

    def row(self, values, place, label, colour, lacking=""):
        """The seeds' values as dots in a row, with a bar at their mean. If NaN are seeds that are `lacking`, which is
        then said beside the row, the others are open dots and have no mean."""
        values = np.asarray(values, float)
        there = values[np.isfinite(values)]
        partly = bool(lacking) and len(there) < len(values)
        self.axes.plot(there, np.full(len(there), place), "o", color=colour, ms=4, alpha=0.7,
                       **({"mfc": "none"} if partly else {"mew": 0}))
        if partly:
            often = f" in {len(values) - len(there)} of {len(values)}" if len(there) else ""
            self.axes.annotate(lacking + often, (1, place), xycoords=("axes fraction", "data"), xytext=(3, 0),
                               textcoords="offset points", va="center", fontsize=7.5, color=colour)
        elif len(there):
            self.axes.plot([there.mean()] * 2, [place - 0.3, place + 0.3], color=colour, lw=2)
        if len(there) or partly:
            self.x_title, self.y_title = "row", self.axes.get_xlabel()
            self.rows.append((label, np.array([place]), *(np.array([np.nan if partly else f(there)])
                                                          for f in (np.mean, np.min, np.max)), len(there)))

    def baseline(self, value, label="no-knowledge baseline"):
        if np.isfinite(value):
            self.axes.axhline(value, color=INK, lw=0.9, ls="--", zorder=1)
            low, high = self.axes.get_ylim()
            if value > high and not self.axes.get_autoscaley_on():
                self.axes.set_ylim(low, 1.05 * value)
            self.rows.append((label or "baseline", *(np.array([v]) for v in (np.nan, value, value, value)), 0))
        if np.isfinite(value) and label:
            self.levels.append(self.axes.annotate(label, (1, value), xycoords=("axes fraction", "data"), xytext=(-3, 3),
                                                  textcoords="offset points", ha="right", fontsize=7.5, color=INK,
                                                  path_effects=HALO))

    def phases(self, start, end, last):
        """Shades the three phases."""
        limits = [0, *[v if np.isfinite(v) else last for v in (start, end)], last]
        for number, (colour, left, right) in enumerate(zip(PHASES, limits, limits[1:]), 1):
            self.axes.axvspan(left, right, color=colour, lw=0, zorder=0)
            if right - left > 0.03 * last:
                self.axes.annotate(str(number), ((left + right) / 2, 0.985), fontsize=8, va="top",
                                   xycoords=("data", "axes fraction"), ha="center", color=GREY)

    def mark(self, step, label="", colour=GREY):
        """A vertical line."""
        self.axes.axvline(step, color=colour, lw=0.9, ls=":", zorder=1)
        if label:
            self.axes.annotate(label, (step, 1), xycoords=("data", "axes fraction"), xytext=(2, -2),
                               textcoords="offset points", fontsize=7.5, color=colour, va="top")

    def mark_end(self, step, label, colour=GREY, place=None):
        """A thin vertical line, of the row at `place` only if that is given, which the legend names once."""
        if not np.isfinite(step):
            return
        low, high = (0, 1) if place is None else (place - 0.45, place + 0.45)
        across = self.axes.get_xaxis_transform() if place is None else self.axes.transData
        self.key(label, [step, step], [low, high], transform=across, color=colour, lw=0.9, ls=":", zorder=1)

    def key(self, label, x, y, **style):
        """Draws what the legend names once. The legend is above the axes, where it covers nothing."""
        new = label not in self.axes.get_legend_handles_labels()[1]
        self.axes.plot(x, y, label=label if new else "_", **style)
        self.axes.legend(fontsize=7.5, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0,
                         borderaxespad=0.3, ncol=3, handlelength=1.5)

    def clear_title(self):
        """Lifts a long title above the legend."""
        legend = self.axes.get_legend()
        if legend and legend.get_window_extent().overlaps(self.title.get_window_extent()):
            self.axes.set_title(self.title.get_text(), fontsize=9.5, loc="left", pad=18)

    def log_x(self, values=None):
        """A logarithmic axis, with ticks at `values` such as 4k, 8k."""
        self.axes.set_xscale("log")
        if values is not None:
            self.ticks(self.axes.xaxis, values)
            if len(values) == 1:
                self.axes.set_xlim(values[0] / 2, 2 * values[0])

    def log_y(self):
        """A logarithmic axis with few, round ticks."""
        self.axes.set_yscale("log")
        self.axes.yaxis.set_major_locator(RoundTicks())
        self.axes.yaxis.set_minor_locator(NullLocator())
        self.axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))

    def whole_x(self):
        """Ticks at whole numbers."""
        self.axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    def steps_from_zero(self, values):
        """A logarithmic axis of steps that has room for 0."""
        positive = [v for v in values if v > 0]
        if positive:
            self.axes.set_xscale("symlog", linthresh=min(positive))
            self.ticks(self.axes.xaxis, values)

    def ticks(self, axis, values):
        axis.set_major_locator(FixedLocator(list(values)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda v, _: short(v)))

    def draw_heat(self, x, y, values, unit, x_text=short, y_text=short, mark_least=None, numbers=True, why=None):
        """A heat map of values (y, x), with the numbers in it or without; mark_least: "row" or "all"; why (y, x): what
        is written where there is no number. Such cells are grey, and white if that is nothing."""
        values = np.asarray(values, float)
        self.heat = (np.asarray(x, float), np.asarray(y, float), values, unit)
        image = self.axes.imshow(np.ma.masked_invalid(values), origin="lower", aspect="auto", cmap="cividis")
        self.axes.set_xticks(range(len(x)), [x_text(v) for v in x])
        self.axes.set_yticks(range(len(y)), [y_text(v) for v in y])
        middle = np.nanmean([np.nanmin(values), np.nanmax(values)]) if np.isfinite(values).any() else 0
        for (row, column), value in np.ndenumerate(values) if numbers else ():
            text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
            if not np.isfinite(value):
                text = why[row][column] if why is not None else ""
                self.axes.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fc=PALE, lw=0, visible=bool(text)))
            bright = not np.isfinite(value) or value > middle
            self.axes.text(column, row, text, ha="center", va="center", fontsize=7.5,
                           color=INK if bright else "white")
        for row, column in least_cells(values, mark_least):
            self.axes.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=ORANGE, lw=2))
        bar = self.sheet.figure.colorbar(image, ax=self.axes, fraction=0.05, pad=0.02)
        bar.set_label(unit, fontsize=8)
        bar.ax.tick_params(labelsize=7.5)
        self.axes.spines[:].set_visible(False)
        self.axes.tick_params(length=0)

    def dataset(self):
        """The panel's numbers: (line, x) with bounds, or (y, x) of a heat map."""
        name, result = self.name, {}
        if self.heat:
            x, y, values, unit = self.heat
            result[f"{name}_x"] = (f"{name}_x", x, {"long_name": self.x_title, "units": "1"})
            result[f"{name}_y"] = (f"{name}_y", y, {"long_name": self.y_title, "units": "1"})
            result[name] = ((f"{name}_y", f"{name}_x"), values, {"long_name": unit, "units": "1"})
        elif self.rows:
            levels = [row for row in self.rows if not np.isfinite(row[1][0])]
            for index, row in enumerate(levels):
                result[f"{name}_level_{index + 1}"] = ((), row[2][0], {"long_name": row[0], "units": "1"})
            self.rows = [row for row in self.rows if np.isfinite(row[1][0])]
        if self.rows and not self.heat:
            x = np.unique(np.concatenate([row[1] for row in self.rows]))
            tables = np.full((3, len(self.rows), len(x)), np.nan)
            for index, (_, own, *values, _) in enumerate(self.rows):
                tables[:, index, np.searchsorted(x, own)] = values
            dims = (f"{name}_line", f"{name}_x")
            result[f"{name}_x"] = (dims[1], x, {"long_name": self.x_title, "units": "1"})
            result[f"{name}_line"] = (dims[0], [row[0] for row in self.rows], {"long_name": "line"})
            result[f"{name}_seeds"] = (dims[0], [row[-1] for row in self.rows],
                                       {"long_name": "runs that a line is the mean of", "units": "1"})
            for part, values in zip(("", "_least", "_largest"), tables):
                of = {"": "mean", "_least": "least", "_largest": "largest"}[part]
                result[name + part] = (dims, values, {"long_name": f"{self.y_title}, {of}", "units": "1"})
        return result


def least_cells(values, mark):
    if mark == "row":
        return [(r, int(np.nanargmin(row))) for r, row in enumerate(values) if np.isfinite(row).any()]
    if mark == "all" and np.isfinite(values).any():
        return [np.unravel_index(np.nanargmin(values), values.shape)]
    return []


class Sheet:
    """A picture of rows x columns panels; `height` is that of each row or a list of them."""

    def __init__(self, title, rows, columns, width=4.6, height=3.5):
        heights = np.broadcast_to(height, rows)
        self.figure, axes = plt.subplots(rows, columns, figsize=(width * columns, heights.sum() + 0.6), squeeze=False,
                                         height_ratios=heights, layout="constrained", dpi=DOTS_PER_INCH)
        self.figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, wspace=0.06, hspace=0.05)
        self.title, self.free, self.panels, self.notes = title, list(axes.flat), [], []
        self.figure.suptitle(title, fontsize=11)

    def panel(self, title, x, y, name=None):
        """The next free axes; `name` is that of its variables."""
        name = name or re.sub(r"\W+", "_", f"{y} {title}".lower()).strip("_")[:60]
        self.panels.append(Panel(self, self.free.pop(0), name, title, x, y))
        return self.panels[-1]

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def save(self, picture):
        picture = Path(picture)
        for axes in self.free:
            axes.set_visible(False)
        if self.notes:
            self.figure.supxlabel("\n".join(self.notes), fontsize=7.5, color=GREY, x=0.01, ha="left")
        self.figure.canvas.draw()
        for panel in self.panels:
            panel.name_lines()
        self.figure.canvas.draw()  # names and legends have narrowed the panels
        for panel in self.panels:
            panel.name_levels()
            panel.clear_title()
        self.figure.savefig(picture)
        plt.close(self.figure)
        data = xr.Dataset({k: v for panel in self.panels for k, v in panel.dataset().items()})
        data.attrs = {"title": self.title, "notes": "; ".join(self.notes),
                      "source": "LORE, analysis/figures.py", "references": "arXiv 2503.21676"}
        numbers = {name: {"_FillValue": FILL} for name, v in data.variables.items() if v.dtype.kind == "f"}
        data.to_netcdf(picture.with_suffix(".nc"), encoding=numbers)
