"""All runs as one dataset."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Union

import xarray as xr

from lore.errors import Incomplete, Mistake
from lore.files import read_source
from lore.records import Records, join
from lore.words import some

Place = Union[str, "os.PathLike[str]"]


def left_out(sources: Sequence[Records]) -> str:
    """Which runs have no values, and why; empty if there are none."""
    damaged = [part.name for records in sources for part in records.parts if part.state == "damaged"]
    missing = [part.name for records in sources for part in records.parts
               if part.state != "damaged" and not part.recorded().any()]
    texts = [f"{len(damaged)} cannot be read or are not whole ({some(damaged)})"] if damaged else []
    texts += [f"{len(missing)} have no record yet ({some(missing)})"] if missing else []
    count = sum(len(records.parts) for records in sources)
    return f"of {count} run{'s' if count > 1 else ''}, {'; '.join(texts)}; 'state' says what they are" if texts else ""


def open(*paths: Place | Iterable[Place]) -> xr.Dataset:
    """All runs of one study or several, side by side, in memory.

    paths: directories that `lore run -o` wrote or directories of such, files of `lore collect`, single runs' directories.
    The result does not depend on which of these a study is read from. Jobs may be running.

    Dimensions: run (names of the runs), step (every step at which any run was evaluated), group, attribute, bin, layer.
    Coordinates: state ("waiting", "running", "interrupted", "stopped", "done", "diverged", "failed" or "damaged"),
    experiment, and every setting, "train_steps" for train.steps: along run if it is swept or differs, else one value.
    Variables: those of doc/metrics.md with `run` in front. NaN is what a run does not have. Units are attributes.

    Runs without a record, and those that cannot be read, have NaN, a state, and are named in a warning (lore.Incomplete).
    Of several paths, a run that is in more than one is there once. Raises lore.Mistake if a path holds no runs.
    """
    every = [Path(path) for given in paths for path in ([given] if isinstance(given, (str, os.PathLike)) else given)]
    if not every:
        raise Mistake("lore.open() needs a path: a directory of 'lore run -o', or a file of 'lore collect'")
    sources = [records for path in every for records in read_source(path)]
    without = left_out(sources)
    if without:
        warnings.warn(f"{', '.join(map(str, every))}: {without}", Incomplete, stacklevel=2)
    return join(sources)
