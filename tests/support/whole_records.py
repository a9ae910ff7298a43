"""Opens a metrics file that was being written when its writer died; all of its records must be whole.

usage: whole_records.py METRICS REFERENCE

Each record of METRICS must equal the same record of REFERENCE, an undisturbed run of the same study.
Prints how many there are.
"""

import sys

import netCDF4

file, reference = (netCDF4.Dataset(path) for path in sys.argv[1:3])
for dataset in (file, reference):
    dataset.set_auto_mask(False)
records = file.dimensions["step"].size
for name, variable in file.variables.items():
    if variable.dimensions[:1] == ("step",) and name != "wall_time":
        if variable[:].tobytes() != reference[name][:records].tobytes():
            sys.exit(f"{name} differs in the first {records} records")
print(records)
