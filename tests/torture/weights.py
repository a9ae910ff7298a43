"""Mutated and re-sealed weights: a file whose checksum is right may say anything, and must not crash lore or hang it.

usage: weights.py LORE COUNT WORK [SEED]

Snapshots, resume points and toy memories are mutated in their attributes, dimensions, values or bytes, and get a right
checksum again. Then they are checked and trained from, probed, or resumed from. LORE should be a build with sanitizers.
Needs python3-xxhash.
"""

import random
import shutil
import sys
from pathlib import Path

import netCDF4
import numpy
import xxhash

from common import Ending, Report, fresh

LIMIT = 10
SEAL = 16
STUDY = """name: pre
population: {individuals: 32, held_out: 8}
model: {layers: 1, width: 16, heads: 2, hidden: 16, mixer: MIXER}
train: {batch: 4, shard: 2, steps: 8}
evaluate: {every: 4, dense_every: 0, dense_until: 0, sequences: 8, attention_sequences: 4}
checkpoint: {every: 2, snapshots: [4]}
compute: {threads: 1}
"""
NUMBERS = [-5, -1, 0, 1, 2, 3, 7, 255, 65536, 2**31 - 1, 2**31, 2**53, 2**53 + 2, 2.0**63, 2**62, 1e300, -1e300, 0.5,
           float("nan"), float("inf"), -float("inf"), 5e-324]
TEXTS = ["", "x", "a" * 5000, "../../x", "\u202e", "rg_lru", "attention", "memory", "biographies", "rms", "layer",
         "0" * 32, "f" * 32, "-1", "1e999", "%s%n"]


def reseal(path):
    """The last 16 bytes become the checksum of all bytes before."""
    content = path.read_bytes()
    path.write_bytes(content[:-SEAL] + xxhash.xxh3_128_digest(content[:-SEAL]))


def another_attribute(draw, old):
    kind = draw.randrange(6)
    if kind == 0:
        return draw.choice(TEXTS)
    if kind == 1:
        return numpy.array([draw.choice(NUMBERS) for _ in range(draw.randrange(2, 5))], dtype="f8")
    if kind == 2:
        return numpy.int32(draw.choice([-1, 0, 1, 2, 2**31 - 1, -2**31]))
    if isinstance(old, str) and draw.random() < 0.7:
        at = draw.randrange(len(old) + 1)
        return old[:at] + draw.choice("09af-x") + old[at + 1:]
    return numpy.float64(draw.choice(NUMBERS))


def change_attributes(path, draw):
    with netCDF4.Dataset(path, "a") as file:
        names = file.ncattrs()
        for _ in range(draw.randrange(1, 4)):
            important = [n for n in names if n.startswith(("step", "resume_", "model_", "checkpoint_", "checksum", "task"))]
            name = draw.choice(important if draw.random() < 0.8 else names)
            if draw.random() < 0.15:
                if name in file.ncattrs():
                    file.delncattr(name)
            else:
                old = file.getncattr(name) if name in file.ncattrs() else ""
                file.setncattr(name, another_attribute(draw, old))


def change_values(path, draw):
    with netCDF4.Dataset(path, "a") as file:
        variable = file[draw.choice(list(file.variables))]
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        values = variable[...]
        flat = values.reshape(-1)
        for _ in range(draw.choice([1, 3, flat.size])):
            at = draw.randrange(flat.size)
            if values.dtype.kind == "f":
                flat[at] = draw.choice([float("nan"), float("inf"), 3e38, -3e38, 1e-45, 0, 1e10])
            elif values.dtype.kind == "S":
                flat[at] = draw.choice([b"\0", b"\xff", b"\n", b"a", b"\x1b"])
            else:
                flat[at] = draw.choice([-128, 127, 0, 1])
        variable[...] = values


def change_header(path, draw):
    """Bytes of the header: dimensions, types, offsets, names."""
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice([1, 1, 2, 8])):
        at = draw.randrange(min(len(content), draw.choice([64, 400, 4000])))
        content[at] = draw.choice([0, 1, 0x7f, 0x80, 0xff, draw.randrange(256)])
    path.write_bytes(content)


def change_length(path, draw):
    content = path.read_bytes()
    kind = draw.randrange(3)
    if kind == 0:
        content = content[:draw.randrange(len(content))]
    elif kind == 1:
        content += bytes(draw.choice([1, 16, 100, 70000]))
    else:
        at = draw.randrange(len(content))
        content = content[:at] + content[at + draw.choice([1, 4, 64]):]
    path.write_bytes(content)


def mutate(path, draw):
    kind = draw.random()
    if kind < 0.5:
        change_attributes(path, draw)
    elif kind < 0.65:
        change_values(path, draw)
    elif kind < 0.9:
        change_header(path, draw)
    else:
        change_length(path, draw)
    if path.stat().st_size > SEAL:
        reseal(path)


class Originals:
    """Results of small runs of each kind, finished and stopped."""

    def __init__(self, lore, work):
        self.runs = {}
        for mixer in ("attention", "rg_lru"):
            at = fresh(f"{work}/originals/{mixer}")
            (at / "pre.yaml").write_text(STUDY.replace("MIXER", mixer))
            must(lore, at, "run", "-q", "pre.yaml", "-o", "done")
            # A limit that is over at once: it stops at the first step, with a resume point.
            must(lore, at, "run", "-q", "pre.yaml", "-o", "stopped", "--max-hours", "1e-6", code=75)
            self.runs[mixer] = at
        at = fresh(f"{work}/originals/memory")
        (at / "pre.yaml").write_text((Path(__file__).parent.parent / "studies/memory.yaml").read_text())
        must(lore, at, "run", "-q", "pre.yaml", "-o", "done")
        self.runs["memory"] = at


def must(lore, at, *words, code=0):
    ending = Ending([lore, *words], at, 120)
    if ending.code != code:
        sys.exit(f"the originals cannot be made:\n{ending}")


def try_start(directory):
    """A run that starts from the file, and what else reads it."""
    weights = sorted(directory.glob("done/runs/*/checkpoints/weights_*.nc"))[-1]
    study = [line for line in (directory / "pre.yaml").read_text().split("\n") if not line.startswith("name:")]
    start = f"start_from: {{file: {weights.relative_to(directory)}}}"
    (directory / "next.yaml").write_text("\n".join(["name: next", start, *study]))
    return weights, [["check", "next.yaml"], ["run", "-q", "next.yaml", "-o", "next"], ["probe", "done"],
                     ["status", "done"], ["collect", "done"]]


def try_resume(directory):
    weights = sorted(directory.glob("stopped/runs/*/checkpoints/resume_*.nc"))[-1]
    return weights, [["status", "stopped"], ["run", "-q", "pre.yaml", "-o", "stopped"]]


def main(lore, count, work, seed="1"):
    originals = Originals(lore, work)
    report = Report("mutated and re-sealed weights", work)
    for number in range(int(count)):
        draw = random.Random(f"{seed}:{number}")
        mixer = draw.choice(["attention", "attention", "rg_lru", "memory"])
        directory = Path(work) / "weights"
        fresh(directory).rmdir()
        shutil.copytree(originals.runs[mixer], directory)
        if mixer != "memory" and draw.random() < 0.4:
            weights, commands = try_resume(directory)
        else:
            weights, commands = try_start(directory)
        mutate(weights, draw)
        endings = [Ending([lore, *words], directory, LIMIT * (3 if words[0] in ("run", "probe") else 1))
                   for words in commands]
        report.count("trained" if any(e.command[1] == "run" and e.code == 0 for e in endings) else "refused")
        faults = [f"{e.command[1]}: {fault}" for e in endings for fault in e.faults()]
        report.trial(f"weights{number}", faults, "".join(map(str, endings)), directory)
    report.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
