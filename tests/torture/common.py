"""What the torture tests share: running lore, judging how it ended, and keeping what went wrong."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error: |Assertion .* failed")

# Exit codes of doc/guide.md that are answers: done, environment, wrong input, runs failed, unfinished.
ANSWERS = (0, 1, 2, 3, 75)


def environment():
    """Leaks are looked for by the tests with sanitizers; here MPI's own would hide everything."""
    names = os.environ | {
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:hard_rss_limit_mb=6000",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "OPENBLAS_NUM_THREADS": "1",
        "LORE_FILE_WAIT": "1",  # s that missing weights are waited for
        "LORE_RETRY_WAIT": "0",  # s before a run that failed is retried
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    return {name: value for name, value in names.items() if not name.startswith(("SLURM_", "SBATCH_"))}


# On a machine that does something else, too, commands take longer.
PATIENCE = float(os.environ.get("LORE_TORTURE_PATIENCE", "1"))


class Ending:
    """How a command ended. `code` is None after a time limit (seconds, times PATIENCE)."""

    def __init__(self, command, directory, limit):
        self.command = [str(word) for word in command]
        start = time.monotonic()
        child = subprocess.Popen(self.command, cwd=directory, env=environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = child.communicate(timeout=limit * PATIENCE)
            self.code = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            out, err = child.communicate()
            self.code = None
        self.seconds = time.monotonic() - start
        self.out = out.decode(errors="backslashreplace")
        self.err = err.decode(errors="backslashreplace")

    def faults(self, answers=ANSWERS):
        """What no input may do to a command, as a list of sentences."""
        found = []
        if self.code is None:
            found.append(f"it did not end in {self.seconds:.0f} s")
        elif self.code not in answers:
            found.append(f"exit code {self.code}")
        if SANITIZER.search(self.err) or SANITIZER.search(self.out):
            found.append("a sanitizer or an assertion spoke")
        errors = self.err.count("lore: error:")
        if self.code in (1, 2) and errors != 1:
            found.append(f"{errors} error messages with exit code {self.code}")
        if self.code == 0 and errors:
            found.append("an error message with exit code 0")
        return found

    def __str__(self):
        return f"$ {' '.join(self.command)}\nexit {self.code}, {self.seconds:.1f} s\n{self.out[-3000:]}\n{self.err[-6000:]}\n"


class Report:
    """Counts trials, prints progress, and keeps the directory of every trial that found a fault."""

    def __init__(self, what, work):
        self.what = what
        self.work = Path(work)
        self.trials = 0
        self.faulty = 0
        self.counts = {}
        self.start = time.monotonic()
        self.work.mkdir(parents=True, exist_ok=True)
        self.log = (self.work / "log").open("w")

    def say(self, line):
        print(line, flush=True)
        print(line, file=self.log, flush=True)

    def count(self, name, more=1):
        self.counts[name] = self.counts.get(name, 0) + more

    def trial(self, name, faults, story, directory=None):
        self.trials += 1
        if faults:
            self.faulty += 1
            kept = self.work / "faults" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            if directory and Path(directory).exists():
                shutil.copytree(directory, kept, symlinks=True, dirs_exist_ok=True,
                                ignore=lambda at, names: [n for n in names if not usual(Path(at) / n)])
            else:
                kept.mkdir(exist_ok=True)
            (kept / "story.txt").write_text("\n".join(faults) + "\n\n" + story)
            self.say(f"FAULT {name}: {'; '.join(faults)} (kept in {kept})")
        if self.trials % 50 == 0:
            self.print_line()

    def print_line(self, before=""):
        counts = ", ".join(f"{name} {number}" for name, number in sorted(self.counts.items()))
        seconds = time.monotonic() - self.start
        self.say(f"{before}{self.trials} {self.what}, {self.faulty} faults, {seconds:.0f} s: {counts}")

    def end(self, before=""):
        self.print_line(before)
        sys.exit(self.faulty > 0 or self.trials == 0)


def usual(path):
    return path.is_symlink() or path.is_dir() or path.is_file()


def fresh(directory):
    directory = Path(directory)
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
