"""Fills a planned directory of results with runs that look trained, from one that was.

    many_runs.py DIRECTORY RUN

DIRECTORY has a manifest.tsv (lore plan -o) and no runs. Each of its runs gets the files of RUN, a
directory of a trained run, with its own seed and swept settings, and losses that depend on them.
One in a hundred has failed, one is missing.
"""

import shutil
import sys
from pathlib import Path

import netCDF4
import numpy as np


def rows(directory):
    lines = (directory / "manifest.tsv").read_text().splitlines()
    names = lines[1].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[2:]]


def state_of(run, row, stage, message):
    text = (run / "state.yaml").read_text().splitlines()
    new = {"state": stage, "hash": row["hash"], "metrics_checksum": '""', "message": f'"{message}"'}
    return "\n".join(f"{key}: {new[key]}" if (key := line.split(":")[0]) in new else line
                     for line in text) + "\n"


def write_metrics(path, row, base):
    random = np.random.default_rng(int(row["seed"]))
    swept = {key: float(value) for key, value in row.items() if "." in key}
    factor = 1 + 0.1 * np.log2(sum(np.log(value) for value in swept.values()) ** 2 + 1) / 8
    with netCDF4.Dataset(path, "r+") as file:
        file.set_auto_mask(False)
        file["seed"][...] = int(row["seed"])
        for key, value in swept.items():
            file[key.replace(".", "_")][...] = value
        for name in ("attribute_loss", "train_loss", "max_probability"):
            noise = factor * (1 + 0.02 * random.standard_normal(base[name].shape))
            file[name][...] = np.where(base[name] < 1e30, base[name] * noise, base[name])
        file["plateau_start"][...] = 20 * factor
        file["plateau_end"][...] = 60 * factor + random.normal()


def main(directory, run):
    with netCDF4.Dataset(run / "metrics.nc") as file:
        file.set_auto_mask(False)
        base = {name: file[name][...] for name in ("attribute_loss", "train_loss", "max_probability")}
    for number, row in enumerate(rows(directory)):
        if number % 100 == 50:
            continue
        folder = directory / "runs" / row["id"]
        folder.mkdir(parents=True)
        shutil.copyfile(run / "metrics.nc", folder / "metrics.nc")
        write_metrics(folder / "metrics.nc", row, base)
        failed = number % 100 == 7
        (folder / "state.yaml").write_text(
            state_of(run, row, *(("failed", "No space left on device") if failed else ("done", ""))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
