"""Colours and the fill value."""

from __future__ import annotations

from typing import Union

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.patheffects import withStroke

Colour = Union[str, npt.NDArray[np.float64]]  # a name, or red, green, blue, alpha

BLUE, ORANGE, GREEN, PURPLE, GREY = "#1f5fa8", "#c2562d", "#2f8f6b", "#8a5aa8", "#777777"
COLOURS = [BLUE, ORANGE, GREEN, PURPLE, "#b08a1e", "#5a5a5a"]
INK = "#222222"
PALE = "#e4e4e4"  # of cells without a number
PHASES = ["#eef3f9", "#d9e4f0", "#eef3f9"]
HALO = [withStroke(linewidth=2, foreground="white")]  # of labels that lines cross
FILL = 9.969209968386869e36
DOTS_PER_INCH = 150


def shades(count: int) -> list[Colour]:
    """Ordered colours, dark to light, told apart by colour-blind eyes too."""
    return list(plt.cm.viridis(np.linspace(0.02, 0.82, max(count, 1))))
