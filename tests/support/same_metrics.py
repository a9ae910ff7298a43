"""Compares two metrics files: every variable but times and named ones must have the same bytes.

usage: same_metrics.py A B [--but VARIABLE ...]
"""

import sys

import netCDF4

a, b = (netCDF4.Dataset(path) for path in sys.argv[1:3])
but = {"wall_time", *sys.argv[4:]}
for dataset in (a, b):
    dataset.set_auto_mask(False)
if set(a.variables) != set(b.variables):
    sys.exit(f"different variables: {set(a.variables) ^ set(b.variables)}")
different = [name for name in a.variables
             if name not in but and a[name][...].tobytes() != b[name][...].tobytes()]
if different:
    sys.exit(f"different values: {', '.join(sorted(different))}")
print(f"{len(a.variables) - len(but)} variables are the same, {a.dimensions['step'].size} records")
