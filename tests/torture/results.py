"""Damaged directories of results: no command may crash, hang, or call whole what is not.

usage: results.py LORE COUNT WORK [SEED]

A sweep of four runs (one unfinished) with a probe and a collected file is damaged in one to four places: files and
folders truncated, changed, removed, exchanged, or replaced by links, folders, pipes and devices. Then lore status,
collect, probe and verify read it, and lore run goes on with it. If every run is said to be done in the end, its
records must be those of the undisturbed sweep, unless lore verify names the run. LORE should be a build with
sanitizers.
"""

import json
import os
import random
import shutil
import sys
from pathlib import Path

import netCDF4

from common import Ending, Report, fresh, usual

LIMIT = 10
STUDY = """name: sweep
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 16}
train: {batch: 4, shard: 2, steps: 12}
evaluate: {every: 3, dense_every: 0, dense_until: 0, sequences: 8, attention_sequences: 4}
checkpoint: {every: 2, snapshots: [6]}
compute: {threads: 1}
experiments:
  first: {sweep: {grid: {train.learning_rate: [1.0e-03, 2.0e-03]}, seeds: 1}}
  second: {start_from: {experiment: first, step: 6}, train: {steps: 6}}
"""


def must(lore, at, *words, codes=(0,)):
    ending = Ending([lore, *words], at, 120)
    if ending.code not in codes:
        sys.exit(f"the original cannot be made:\n{ending}")


def make_original(lore, work):
    """Two directories: `whole`, the undisturbed sweep, and `part`, in which one run is interrupted."""
    at = fresh(f"{work}/original")
    (at / "study.yaml").write_text(STUDY)
    must(lore, at, "run", "-q", "study.yaml", "-o", "part", "--wave", "0")
    must(lore, at, "run", "-q", "study.yaml", "-o", "part", "--wave", "1", "--max-hours", "1e-6", codes=(75,))
    must(lore, at, "probe", "part")
    must(lore, at, "collect", "part", codes=(0, 3))
    shutil.copytree(at / "part", at / "whole")
    must(lore, at, "run", "-q", "study.yaml", "-o", "whole")
    return at


def flip_bytes(path, draw):
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice([1, 1, 4, 64]) if content else 0):
        content[draw.randrange(min(len(content), draw.choice([16, 1000, 10**9])))] = draw.randrange(256)
    path.write_bytes(content)


def cut(path, draw):
    content = path.read_bytes()
    path.write_bytes(content[:draw.choice([0, 1, 4, 7, 8, len(content) // 2, max(0, len(content) - 1)])])


def zero_end(path, draw):
    """What a file system may leave after a power failure."""
    content = path.read_bytes()
    keep = draw.randrange(len(content) + 1)
    path.write_bytes(content[:keep] + bytes(len(content) - keep))


def append(path, draw):
    with path.open("ab") as file:
        file.write(os.urandom(draw.choice([1, 8, 1000])))


def huge_count(path, draw):
    """A number of records that the file cannot hold (classic NetCDF keeps it in bytes 4 to 7)."""
    content = bytearray(path.read_bytes())
    content[4:8] = draw.choice([b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\1\0\0"])
    path.write_bytes(content)


def replace(path, draw):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    kind = draw.randrange(7)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        path.symlink_to(path.name)
    elif kind == 2:
        path.symlink_to("/nowhere/at/all")
    elif kind == 3:
        os.mkfifo(path)
    elif kind == 4:
        path.symlink_to("/dev/zero")
    elif kind == 5:
        path.symlink_to("/dev/full")
    # else it is gone


def exchange(path, draw, files):
    other = draw.choice(files)
    if other != path and path.is_file() and other.is_file():
        a, b = path.read_bytes(), other.read_bytes()
        path.write_bytes(b)
        other.write_bytes(a)


def change_text(path, draw):
    lines = path.read_text(errors="surrogateescape").split("\n")
    at = draw.randrange(len(lines))
    value = draw.choice(["-1", "1e999", "nan", "done", "99999999999999999999", "\u202e", '"', "", "running", "x" * 3000])
    lines[at] = lines[at].split(draw.choice([":", "\t"]))[0] + draw.choice([": ", "\t", ""]) + value
    path.write_text("\n".join(lines), errors="surrogateescape")


def damage(root, draw):
    """Returns what was done, as text."""
    story = []
    for _ in range(draw.choice([1, 1, 2, 4])):
        every = [path for path in sorted(root.rglob("*")) if not path.is_symlink() and usual(path)]
        files = [path for path in every if path.is_file()]
        path = draw.choice(every if draw.random() < 0.15 else files)
        kinds = [replace]
        if path.is_file():
            kinds += [flip_bytes, flip_bytes, cut, zero_end, append]
            kinds += [huge_count] if path.suffix == ".nc" and path.stat().st_size > 8 else [change_text, change_text]
        kind = draw.choice(kinds)
        if path.is_file() and draw.random() < 0.1:
            exchange(path, draw, files)
            story.append(f"exchange {path.relative_to(root)} with another")
        else:
            kind(path, draw)
            story.append(f"{kind.__name__} {path.relative_to(root)}")
    return "\n".join(story) + "\n"


def same_records(path, reference):
    with netCDF4.Dataset(path) as a, netCDF4.Dataset(reference) as b:
        for file in (a, b):
            file.set_auto_mask(False)
        return set(a.variables) == set(b.variables) and all(
            a[name][...].tobytes() == b[name][...].tobytes() for name in a.variables if name != "wall_time")


def false_claims(lore, root, whole):
    """Runs that are done by lore status, and neither like the undisturbed ones nor named by lore verify."""
    status = Ending([lore, "status", "--json", root.name], root.parent, LIMIT)
    try:
        runs = json.loads(status.out)["runs"]
    except (ValueError, KeyError):
        return []
    verify = Ending([lore, "verify", root.name], root.parent, LIMIT)
    found = []
    for run in runs:
        metrics = root / "runs" / run["id"] / "metrics.nc"
        reference = whole / "runs" / run["id"] / "metrics.nc"
        if run["state"] != "done" or not reference.exists() or run["id"] in verify.out + verify.err:
            continue
        try:
            same = same_records(metrics, reference)
        except Exception:  # whatever netCDF4 says of a damaged file
            same = False
        if not same:
            found.append(f"{run['id']} is said to be done and whole, but its records differ")
    return found


def main(lore, count, work, seed="1"):
    original = make_original(lore, work)
    report = Report("damaged directories", work)
    for number in range(int(count)):
        draw = random.Random(f"{seed}:{number}")
        directory = fresh(f"{work}/damaged")
        shutil.copytree(original / "part", directory / "part")
        shutil.copy(original / "study.yaml", directory)
        story = damage(directory / "part", draw)
        commands = [["status", "part"], ["collect", "part"], ["verify", "part"], ["run", "-q", "study.yaml", "-o", "part"],
                    ["probe", "part"], ["status", "--json", "part"]]
        endings = [Ending([lore, *words], directory, LIMIT * (6 if words[0] in ("run", "probe") else 1))
                   for words in commands]
        report.count(f"run ended with {endings[3].code}")
        faults = [f"{e.command[1]}: {fault}" for e in endings for fault in e.faults()]
        faults += false_claims(lore, directory / "part", original / "whole")
        report.trial(f"results{number}", faults, story + "".join(map(str, endings)), directory)
    report.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
