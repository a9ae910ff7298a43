"""Which Python runs a script: the one that was called, or the system's if only that has what is needed.

`env python3` finds whatever environment is active; the packages that jobs/setup.sh installs are the system's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import NoReturn

NEEDED = ("numpy", "xarray", "netCDF4")
DRAWING = "matplotlib"
SYSTEM = "/usr/bin/python3"
CHANGED = "LORE_PYTHON_CHANGED"  # set after one change, so that there is no second


def missing(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if find_spec(name) is None]


def has(python: str, names: tuple[str, ...]) -> bool:
    """Has another interpreter these packages?"""
    question = f"from importlib.util import find_spec; exit(not all(map(find_spec, {names!r})))"
    try:
        return subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def end_without(reason: object) -> NoReturn:
    print(f"lore: error: {reason}; {sys.executable} needs numpy, xarray, netCDF4 and (for pictures) matplotlib: install them "
          "(Debian: python3-xarray, python3-netcdf4, python3-matplotlib) or call a Python that has them", file=sys.stderr)
    sys.exit(1)


def choose() -> None:
    """Goes on in the system's Python if this one lacks a package that the other has; ends if nothing is to be done."""
    lacks = missing((*NEEDED, DRAWING))
    if lacks and CHANGED not in os.environ and has(SYSTEM, (*NEEDED, DRAWING)):
        os.environ[CHANGED] = "1"
        os.execv(SYSTEM, [SYSTEM, *sys.argv])
    needed = missing(NEEDED)
    if needed:
        end_without(f"no Python package {', '.join(needed)}")
