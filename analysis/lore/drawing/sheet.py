"""A sheet of panels that keeps what is drawn: the picture, and beside it the same numbers as NetCDF."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import xarray as xr

from lore.drawing import style
from lore.drawing.panel import Panel
from lore.drawing.style import FILL, GREY
from lore.files import numbers_beside


class Sheet:
    """A picture of rows x columns panels, `width` inches wide each; `height` is that of each row or a list of them."""

    def __init__(self, title: str, rows: int, columns: int, width: float = 4.6, height: npt.ArrayLike = 3.5) -> None:
        heights = np.broadcast_to(np.asarray(height, float), rows)
        self.figure, axes = plt.subplots(rows, columns, figsize=(width * columns, heights.sum() + 0.6), squeeze=False,
                                         height_ratios=heights, layout="constrained", dpi=style.DOTS_PER_INCH)
        self.figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, wspace=0.06, hspace=0.05)
        self.title, self.free = title, list(axes.flat)
        self.panels: list[Panel] = []
        self.notes: list[str] = []
        self.figure.suptitle(title, fontsize=11)

    def panel(self, title: str, x: str, y: str, name: str | None = None) -> Panel:
        """The next free axes; x, y are their titles, `name` that of the panel's variables."""
        name = name or re.sub(r"\W+", "_", f"{y} {title}".lower()).strip("_")[:60]
        self.panels.append(Panel(self.figure, self.free.pop(0), name, title, x, y))
        return self.panels[-1]

    def note(self, text: str) -> None:
        """A line below the panels, once."""
        if text not in self.notes:
            self.notes.append(text)

    def save(self, picture: Path) -> None:
        """Writes the picture, and the numbers beside it (lore.files.numbers_beside)."""
        for axes in self.free:
            axes.set_visible(False)
        if self.notes:
            self.figure.supxlabel("\n".join(self.notes), fontsize=7.5, color=GREY, x=0.01, ha="left")
        self.figure.canvas.draw()
        for panel in self.panels:
            panel.names.place_labels()
        self.figure.canvas.draw()  # names and legends have narrowed the panels
        for panel in self.panels:
            panel.names.place_levels(panel.pixels())
            panel.clear_title()
        self.figure.savefig(picture)
        plt.close(self.figure)
        self.save_numbers(numbers_beside(picture))

    def save_numbers(self, path: Path) -> None:
        data = xr.Dataset({k: v for panel in self.panels for k, v in panel.variables().items()})
        data.attrs = {"title": self.title, "notes": "; ".join(self.notes),
                      "source": "LORE, analysis/figures.py", "references": "arXiv 2503.21676"}
        numbers = {name: {"_FillValue": FILL} for name, v in data.variables.items() if v.dtype.kind == "f"}
        data.to_netcdf(path, encoding=numbers)
