"""What a directory of `lore run -o` says of its runs besides their NetCDF files: the plan, and how each stands."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from lore.records import STATES, Known, Part

COLUMNS = {"id", "experiment", "wave", "parent", "parent_step", "seed", "steps", "hash", "operations"}  # the others are swept


@dataclass
class Plan:
    """The runs that a study plans, without values, and the settings that it sweeps; empty without a manifest."""
    name: str = ""
    swept: list[str] = field(default_factory=list)
    runs: dict[str, Part] = field(default_factory=dict)


def as_planned(text: str) -> Known:
    """A setting as the manifest writes it."""
    if text in ("true", "false"):
        return int(text == "true")
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if text.lstrip("-").isdigit() else number


def read_plan(directory: Path) -> Plan:
    path = directory / "manifest.tsv"
    if not path.exists():
        return Plan()
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    name = lines[0].partition(": ")[2].partition(",")[0] if lines else ""
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    columns = rows[0] if rows else []
    axes = {column: column.replace(".", "_") for column in columns if column not in COLUMNS}
    plan = Plan(name, list(axes.values()))
    for row in rows[1:]:
        of = dict(zip(columns, row))
        settings = {name: as_planned(of.get(column, "")) for column, name in [*axes.items(), ("seed", "seed")]}
        plan.runs[of["id"]] = Part(of["id"], of["experiment"], settings=settings, planned=True)
    return plan


def read_state(folder: Path) -> dict[str, str]:
    """{key: value} of a run's state.yaml; empty without one."""
    try:
        lines = (folder / "state.yaml").read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(": ") for line in lines if not line.startswith("#"))
    return {key: value for key, colon, value in pairs if colon}


def is_locked(folder: Path) -> bool:
    """Does a process on this system hold the run? Where locks cannot be asked for, nobody does."""
    try:
        import fcntl
        question = struct.pack("hhqqi0q", fcntl.F_WRLCK, 0, 0, 0, 0)
        with (folder / "lock").open("rb") as file:
            answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, question)
    except (ImportError, AttributeError, OSError):
        return False
    return bool(struct.unpack("hhqqi0q", answer)[0] != fcntl.F_UNLCK)


def is_whole(said: dict[str, str], part: Part) -> bool:
    """Has a run that is done the records that its state speaks of?"""
    records = str(part.recorded().sum())
    steps = as_planned(said.get("steps", "0"))
    return said.get("records", records) == records and not isinstance(steps, str) and part.last >= steps


def state_of(folder: Path, part: Part) -> str:
    """One of lore.records.STATES, as `lore status` sees the run, checksums aside. Without a state that can be read, the records
    decide."""
    said = read_state(folder)
    stage = said.get("state") if said.get("state") in STATES else "waiting"
    state = part.stage() if stage == "waiting" else "interrupted" if stage == "running" else str(stage)
    if state not in ("done", "diverged") and is_locked(folder):
        return "running"
    return "damaged" if stage == "done" and not is_whole(said, part) else state
