"""Compares all runs of a directory with those of another: metrics but times, draws and weights must have the same bytes.

usage: same_results.py DIRECTORY REFERENCE [--but VARIABLE ...]
"""

import sys
from pathlib import Path

import netCDF4

directory, reference = (Path(path, "runs") for path in sys.argv[1:3])
but = {"wall_time", *sys.argv[4:]}


def compare(name, without, only=()):
    """The variables of `name` in both directories, but `without`, or only `only`."""
    a, b = (netCDF4.Dataset(place / name) for place in (directory, reference))
    for dataset in (a, b):
        dataset.set_auto_mask(False)
    if set(a.variables) != set(b.variables):
        sys.exit(f"{name}: different variables: {set(a.variables) ^ set(b.variables)}")
    names = set(only) or set(a.variables) - without
    different = sorted(name for name in names if a[name][...].tobytes() != b[name][...].tobytes())
    if different or not names:
        sys.exit(f"{name}: different values: {', '.join(different)}")
    a.close()
    b.close()


files = weights = 0
for run in sorted(reference.iterdir()):
    compare(f"{run.name}/metrics.nc", but)
    if (run / "exposure.nc").exists():
        compare(f"{run.name}/exposure.nc", (), ("draws", "first_step", "last_step"))
    lists = [sorted(path.name for path in (place / run.name / "checkpoints").glob("weights_*.nc"))
             for place in (directory, reference)]
    if lists[0] != lists[1]:
        sys.exit(f"{run.name}: different checkpoints: {lists[0]}, not {lists[1]}")
    for name in lists[1]:
        compare(f"{run.name}/checkpoints/{name}", {"file_checksum"})  # it covers dates
    files, weights = files + 1, weights + len(lists[1])
if not weights:
    sys.exit(f"{reference}: no run with weights")
print(f"{files} runs and their {weights} checkpoints are the same")
