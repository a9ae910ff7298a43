"""Compares two checkpoints: every variable but the whole file's checksum (it covers dates) must have the same bytes.

usage: same_weights.py A B
"""

import sys

import netCDF4

a, b = (netCDF4.Dataset(path) for path in sys.argv[1:3])
different = [name for name in a.variables if name != "file_checksum" and a[name][...].tobytes() != b[name][...].tobytes()]
if different or set(a.variables) != set(b.variables):
    sys.exit(f"different: {different}")
