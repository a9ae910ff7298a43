"""Runs, figures, findings and checkpoints of LORE, read from its files and from nothing else.

    import lore
    ds = lore.open("results")                         all runs as one xarray dataset
    lore.phases(ds)                                   the plateau of each run
    lore.compare(ds, by="distribution.alpha")         means over seeds with 95 % intervals
    lore.plot.curves(ds, "attribute_loss", by=...)    curves; lore.plot.against(ds, "plateau_end", x=...): what a setting does

doc/python.md shows them at work.

Modules import only from lines above their own:

    interpreter                   which Python runs a script
    errors, words                 mistakes of the user; numbers in words
    statistics                    fits, intervals, decisions
    study                         runs and studies in memory
    records                       what files hold of runs, taken apart and joined
    directory                     plan and states of the runs of a directory
    files                         the one reader of NetCDF files
    dataset, tables               all runs as one dataset; phases and comparisons as tables
    forward                       the forward pass of a checkpoint
    torch                         the same as a PyTorch module; batches of `lore export`; nothing imports it
    selections                    which runs are compared with which, and what is read off them
    drawing                       sheets, panels, colours
    plot                          curves and comparisons of a dataset
    figures, findings             by theme; neither imports from the other
    commands                      the command line
    script                        the scripts beside this package
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lore import plot as plot
    from lore import torch as torch
    from lore.dataset import open as open
    from lore.errors import Incomplete as Incomplete
    from lore.errors import Mistake as Mistake
    from lore.tables import compare as compare
    from lore.tables import phases as phases

__version__ = "0.1.0"
__all__ = ["Incomplete", "Mistake", "compare", "open", "phases", "plot", "torch"]

HOMES = {"Incomplete": "errors", "Mistake": "errors", "compare": "tables", "open": "dataset", "phases": "tables"}


def __getattr__(name: str) -> object:
    """What the package offers is imported when it is used: commands choose a Python first, and few need all packages."""
    if name in HOMES:
        return getattr(import_module(f"lore.{HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"lore.{name}")
    raise AttributeError(f"module 'lore' has no attribute '{name}'; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
