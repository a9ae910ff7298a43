"""Where the names of a panel's lines go: to their right ends, into a legend, above or below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from lore.drawing.style import HALO, INK, Colour

Place = tuple[float, int]  # share of the axes' width; above (1) or below (-1) the line
BESIDE: list[Place] = [(share, side) for share in (1, 0, 0.75, 0.5, 0.25) for side in (1, -1)]


class Label(NamedTuple):
    """The name of a line that ends at (x, y), in the axes' units; shift: to the right, in points."""
    x: float
    y: float
    text: str
    colour: Colour
    style: str
    shift: float


class Stroke(NamedTuple):
    """How a legend shows a line; width in points."""
    colour: Colour
    style: str
    width: float


def put_beside(text: Annotation, place: Place) -> None:
    """Moves a horizontal line's name along and across its line."""
    share, side = place
    text.xy = (share, text.xy[1])
    text.set_position((3 if share == 0 else -3 if share == 1 else 0, 3 * side))
    text.set_ha("left" if share == 0 else "right" if share == 1 else "center")
    text.set_va("bottom" if side > 0 else "top")


class Names:
    """The names in one panel: `labels` of lines, `levels` of horizontal lines. They are placed once all is drawn."""

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self.figure, self.axes = figure, axes
        self.labels: list[Label] = []
        self.levels: list[Annotation] = []

    def legend(self, names: Mapping[str, Stroke]) -> None:
        """A legend right of the axes."""
        lines = [Line2D([], [], color=colour, ls=style, lw=width) for colour, style, width in names.values()]
        legend = Legend(self.axes, lines, list(names), loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8,
                        labelcolor=[colour for colour, *_ in names.values()], handlelength=1.5, frameon=False,
                        borderpad=0)
        self.axes.add_artist(legend).set_clip_on(False)  # what is clipped gets no room

    def place_labels(self) -> None:
        """Puts names at the right ends, moved apart where they would lie on each other; in a legend if one would come
        to stand where another line ends."""
        if not self.labels:
            return
        height = 9.5 * self.figure.dpi / 72
        rows = sorted(((self.pixel_of(label), label) for label in self.labels), key=lambda row: (row[0], *row[1][:3]))
        at = self.apart([pixel for pixel, _ in rows], height)
        if max(abs(moved - pixel) for moved, (pixel, _) in zip(at, rows)) > height:
            ends = [self.pixel_of(label) for label in (self.labels[0], self.labels[-1])]
            names = {label.text: Stroke(label.colour, label.style, 1.6) for label in self.labels}
            self.legend((names if ends[0] > ends[1] else dict(reversed(names.items()))) | self.take_levels())
            return
        for (pixel, label), moved in zip(rows, at):
            up = (moved - pixel) * 72 / self.figure.dpi
            self.axes.annotate(label.text, (label.x, label.y), xytext=(5 + label.shift, up),
                               textcoords="offset points", color=label.colour, fontsize=8, va="center",
                               annotation_clip=False, path_effects=HALO)

    def pixel_of(self, label: Label) -> float:
        """How high a line ends, in pixels."""
        return float(self.axes.transData.transform((label.x, label.y))[1])

    def take_levels(self) -> dict[str, Stroke]:
        """Names of horizontal lines, which go into the legend if there is one."""
        taken, self.levels = self.levels, []
        for text in taken:
            text.remove()
        return {text.get_text().replace(" ", "\n"): Stroke(INK, "--", 0.9) for text in taken}

    def apart(self, at: Sequence[float], height: float) -> list[float]:
        """Ascending places in pixels, moved until they are `height` apart, and into the axes."""
        at = list(at)
        for _ in range(200):
            for i in range(len(at) - 1):
                overlap = height - (at[i + 1] - at[i])
                if overlap > 0:
                    at[i], at[i + 1] = at[i] - overlap / 2, at[i + 1] + overlap / 2
        bottom, top = (self.axes.transAxes.transform((0, share))[1] for share in (0, 1))
        over, under = max(0, at[-1] - top), max(0, bottom - at[0])
        return [v - over if over else v + under for v in at]

    def place_levels(self, points: npt.NDArray[np.float64]) -> None:
        """Puts names of horizontal lines above or below them, where they cover least of the points (point, 2)."""
        axes = self.axes.get_window_extent()
        for text in self.levels:
            others = [t.get_window_extent() for t in self.axes.texts if t is not text]

            def covered(place: Place) -> float:
                put_beside(text, place)
                box = text.get_window_extent()
                outside = (box.y1 > axes.y1) + (box.y0 < axes.y0)
                return float(box.count_contains(points) + 1000 * (box.count_overlaps(others) + outside))
            put_beside(text, min(BESIDE, key=covered))
