"""Where the names of a panel's lines go: to their right ends, into a legend, above or below."""

import numpy as np
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

INK = "#222222"
HALO = [withStroke(linewidth=2, foreground="white")]  # of labels that lines cross
BESIDE = [(share, side) for share in (1, 0, 0.75, 0.5, 0.25) for side in (1, -1)]


def put_beside(text, share, side):
    """At a share of the axes' width, above (1) or below (-1) the line."""
    text.xy = (share, text.xy[1])
    text.set_position(({0: 3, 1: -3}.get(share, 0), 3 * side))
    text.set_ha({0: "left", 1: "right"}.get(share, "center"))
    text.set_va("bottom" if side > 0 else "top")


class Names:
    """The part of a panel that places names, once all lines are drawn."""

    def legend(self, names):
        """{name: (colour, style, width)} of lines, in a legend right of the axes."""
        lines = [Line2D([], [], color=colour, ls=style, lw=width) for colour, style, width in names.values()]
        legend = Legend(self.axes, lines, list(names), loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8,
                        labelcolor=[colour for colour, *_ in names.values()], handlelength=1.5, frameon=False,
                        borderpad=0)
        self.axes.add_artist(legend).set_clip_on(False)  # what is clipped gets no room

    def name_lines(self):
        """Puts names at the right ends, moved apart where they would lie on each other; in a legend if one would come
        to stand where another line ends."""
        if not self.labels:
            return
        height = 9.5 * self.sheet.figure.dpi / 72
        rows = sorted((self.axes.transData.transform((x, y))[1], x, y, *rest) for x, y, *rest in self.labels)
        at = self.apart([row[0] for row in rows], height)
        if max(abs(moved - row[0]) for moved, row in zip(at, rows)) > height:
            ends = [self.axes.transData.transform(label[:2])[1] for label in (self.labels[0], self.labels[-1])]
            names = {text: (colour, style, 1.6) for *_, text, colour, style, _ in self.labels}
            self.legend((names if ends[0] > ends[1] else dict(reversed(names.items()))) | self.take_levels())
            return
        for (pixel, x, y, text, colour, _, shift), moved in zip(rows, at):
            self.axes.annotate(text, (x, y), xytext=(5 + shift, (moved - pixel) * 72 / self.sheet.figure.dpi),
                               textcoords="offset points", color=colour, fontsize=8, va="center",
                               annotation_clip=False, path_effects=HALO)

    def take_levels(self):
        """Names of horizontal lines, which go into the legend if there is one."""
        taken, self.levels = self.levels, []
        for text in taken:
            text.remove()
        return {text.get_text().replace(" ", "\n"): (INK, "--", 0.9) for text in taken}

    def apart(self, at, height):
        """Ascending places in pixels, moved until they are `height` apart, and into the axes."""
        for _ in range(200):
            for i in range(len(at) - 1):
                overlap = height - (at[i + 1] - at[i])
                if overlap > 0:
                    at[i], at[i + 1] = at[i] - overlap / 2, at[i + 1] + overlap / 2
        bottom, top = (self.axes.transAxes.transform((0, share))[1] for share in (0, 1))
        over, under = max(0, at[-1] - top), max(0, bottom - at[0])
        return [v - over if over else v + under for v in at]

    def name_levels(self):
        """Puts names of horizontal lines above or below them, where they cover least."""
        lines, axes = self.pixels(), self.axes.get_window_extent()
        for text in self.levels:
            others = [t.get_window_extent() for t in self.axes.texts if t is not text]

            def covered(place):
                put_beside(text, *place)
                box = text.get_window_extent()
                outside = (box.y1 > axes.y1) + (box.y0 < axes.y0)
                return box.count_contains(lines) + 1000 * (box.count_overlaps(others) + outside)
            put_beside(text, *min(BESIDE, key=covered))

    def pixels(self):
        """Points on all lines, a pixel apart."""
        points = [np.empty((0, 2))]
        for _, x, y, *_ in self.rows:
            there = np.isfinite(x) & np.isfinite(y)
            across, up = self.axes.transData.transform(np.column_stack([x[there], y[there]])).T
            every = np.arange(across.min(), across.max() + 1) if there.any() else across
            points.append(np.column_stack([every, np.interp(every, across, up) if there.any() else up]))
        return np.concatenate(points)
