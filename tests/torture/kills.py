"""Random kills: runs are killed again and again and resumed, and end with the records and weights of undisturbed ones.

usage: kills.py LORE COUNT WORK [SEED]

SIGKILL hits one rank, the launcher, or everything at once (as Slurm ends a job step), at a random moment of starting,
training, evaluating and writing. Each next start takes another number of ranks. After every kill the records that
are there must be those of the undisturbed run; in the end all records, weights and draws must have its bits. Before
it dies the victim is stopped and its stack read (eu-stack of elfutils), so that the log says what was hit.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import netCDF4

from common import Ending, Report, environment, fresh

STUDY = """name: {name}
population: {{individuals: 64, held_out: 32}}
model: {{layers: 2, width: 32, heads: 2, hidden: 64, mixer: {mixer}}}
train: {{steps: 90, batch: 8, shard: 2, learning_rate: 2.0e-03}}
evaluate: {{every: 3, dense_every: 0, dense_until: 0, sequences: 96, attention_sequences: 16}}
checkpoint: {{every: 2, snapshots: [0, 30]}}
compute: {{threads: 1}}
{more}"""
KINDS = {"attention": ("attention", ""), "recurrent": ("rg_lru", ""), "pair": ("attention", "sweep: {seeds: 2}\n")}
PHASES = (("lore_checkpoint", "writing a checkpoint"), ("lore_resume", "writing a checkpoint"),
          ("lore_metrics", "writing a record"), ("lore_exposure", "writing a record"), ("lore_state", "writing a state"),
          ("lore_evaluator_run", "evaluating"), ("lore_trainer_step", "training"), ("MPI_Finalize", "ending"))


def records(directory):
    """Records of all runs, as their files say now (classic NetCDF keeps the number in bytes 4 to 7)."""
    number = 0
    for metrics in directory.glob("runs/*/metrics.nc"):
        with metrics.open("rb") as file:
            number += int.from_bytes(file.read(8)[4:], "big")
    return number


def ranks_of(directory):
    """Processes of lore that work on the directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 2 and words[0].endswith(b"/lore") and str(directory).encode() in words:
                found.append(int(entry.name))
    return sorted(found)


def what_it_does(pid):
    """The work that a stopped process was stopped in."""
    try:
        stack = subprocess.run(["eu-stack", "-p", str(pid)], capture_output=True, timeout=20, check=False).stdout.decode()
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    for function, phase in PHASES:
        if function in stack:
            return phase
    return "starting or waiting"


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def hit(child, directory, target, draw):
    """Kills; returns what the victim was doing, or None if there was nothing left to kill."""
    ranks = ranks_of(directory)
    if child.poll() is not None or not ranks:
        return None
    victim = draw.choice(ranks) if target == "rank" else ranks[0]
    send(victim, signal.SIGSTOP)
    phase = what_it_does(victim)
    if target == "launcher":
        send(victim, signal.SIGCONT)
        send(child.pid, signal.SIGKILL)
    elif target == "rank":
        send(victim, signal.SIGKILL)
    else:
        os.killpg(child.pid, signal.SIGSTOP)  # at once, as far as that is possible
        for pid in [child.pid, *ranks_of(directory)]:
            send(pid, signal.SIGKILL)
    return phase


def wait_for_moment(child, directory, goal, draw):
    """Until there are so many records, or a moment of the start has come."""
    if draw.random() < 0.1:
        time.sleep(draw.uniform(0, 0.7))
        return
    end = time.monotonic() + 60
    while child.poll() is None and records(directory) < goal and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(draw.uniform(0, 0.06))


def whole_prefix(directory, reference):
    """Faults of the records that are there after a kill."""
    found = []
    for metrics in directory.glob("runs/*/metrics.nc"):
        if metrics.stat().st_size < 8:
            continue  # its header was being written
        try:
            with netCDF4.Dataset(metrics) as a, netCDF4.Dataset(reference / metrics.relative_to(directory)) as b:
                for file in (a, b):
                    file.set_auto_mask(False)
                number = a.dimensions["step"].size
                found += [f"{metrics.parent.name}: {name} differs in its first {number} records"
                          for name, v in a.variables.items() if v.dimensions[:1] == ("step",) and name != "wall_time"
                          and v[:].tobytes() != b[name][:number].tobytes()]
        except OSError as error:
            found.append(f"{metrics.parent.name}: its metrics cannot be read after a kill: {error}")
    return found


def differences(directory, reference):
    """Between two finished directories; dates, times and checksums over them aside."""
    found = []
    aside = {"wall_time", "file_checksum"}
    for b_path in sorted(reference.glob("runs/*/**/*.nc")):
        a_path = directory / b_path.relative_to(reference)
        if not a_path.exists():
            found.append(f"{a_path.name} is missing")
            continue
        with netCDF4.Dataset(a_path) as a, netCDF4.Dataset(b_path) as b:
            for file in (a, b):
                file.set_auto_mask(False)
            if set(a.variables) != set(b.variables):
                found.append(f"{a_path.name} has other variables")
            found += [f"{a_path.parent.name}/{a_path.name}: {name} differs" for name in b.variables
                      if name in a.variables and name not in aside and a[name][...].tobytes() != b[name][...].tobytes()]
    return found


def start(lore, directory, study, kind, draw, log):
    """Any number of ranks for one run; groups for two."""
    ranks, group = draw.choice([(1, 1), (2, 1), (2, 2), (4, 2)] if kind == "pair" else [(1, 1), (2, 2), (3, 3), (4, 4)])
    command = ["mpirun", "-n", str(ranks), lore, "run", str(study), "-o", str(directory), "--ranks-per-run",
               str(group), "--max-deaths", "0"]
    names = environment() | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return subprocess.Popen(command, env=names, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def end_of(child, directory, limit):
    """Waits up to `limit` seconds for the launcher and all ranks; returns whether they ended by themselves."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if child.poll() is not None and not ranks_of(directory):
            return True
        time.sleep(0.02)
    for pid in [child.pid, *ranks_of(directory)]:
        send(pid, signal.SIGKILL)
    child.wait()
    return False


def torment(lore, work, kind, left, draw, report):
    """One directory, killed until its study is done. Returns the kills."""
    study, reference = work / f"{kind}.yaml", work / "undisturbed" / kind
    directory = fresh(work / "killed" / kind)
    total, kills, faults, story = records(reference), 0, [], ""
    with (directory.parent / f"{kind}.log").open("w+b") as log:
        while not faults:
            target = draw.choice(["rank", "rank", "launcher", "everything"])
            before = records(directory)
            child = start(lore, directory, study, kind, draw, log)
            phase = None
            if kills < left and draw.random() < 0.9:  # now and then one is left alone, so that it ends
                wait_for_moment(child, directory, before + draw.uniform(0, 0.3) * total, draw)
                phase = hit(child, directory, target, draw)
            if phase:
                kills += 1
                report.count(target)
                report.count(phase)
            limit = 60 if phase else 600  # s; a busy machine takes long to train what is left
            if not end_of(child, directory, limit):
                faults.append(f"processes were left after {limit} s" + (f", {target} having been killed" if phase else ""))
            faults += whole_prefix(directory, reference)
            if not phase and child.returncode == 0:
                break
            if not phase and child.returncode != 75:
                faults.append(f"exit code {child.returncode} without a kill")
        log.seek(0)
        story = log.read().decode(errors="backslashreplace")
    faults += differences(directory, reference) if not faults else []
    report.count("studies finished")
    report.trial(f"{kind}-{report.trials}", faults, story[-20000:], directory)
    return kills


def main(lore, count, work, seed="1"):
    work = Path(work).resolve()
    fresh(work / "killed")
    fresh(work / "undisturbed")
    if not shutil.which("eu-stack"):
        sys.exit("kills.py needs eu-stack (elfutils)")
    for kind, (mixer, more) in KINDS.items():
        (work / f"{kind}.yaml").write_text(STUDY.format(name=kind, mixer=mixer, more=more))
        ending = Ending([lore, "run", "-q", work / f"{kind}.yaml", "-o", work / "undisturbed" / kind], work, 300)
        if ending.code != 0:
            sys.exit(f"the undisturbed run fails:\n{ending}")
    report = Report("studies", work)
    draw, kills, printed = random.Random(seed), 0, 0
    while kills < int(count):
        kills += torment(lore, work, draw.choice(sorted(KINDS)), int(count) - kills, draw, report)
        if kills // 50 > printed:
            printed = kills // 50
            report.print_line(f"{kills} kills: ")
    report.end(f"{kills} kills: ")


if __name__ == "__main__":
    main(*sys.argv[1:])
