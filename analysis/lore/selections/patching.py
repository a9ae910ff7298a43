"""Runs that were trained with the attention patterns of a reference run, and the reference runs."""

from __future__ import annotations

from dataclasses import replace

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.study import ASIDE, Run, Study


def reference_of(run: Run) -> float:
    """The step of the reference run whose patterns are taken."""
    return run.number("patch_reference")


def start_of(run: Run) -> float:
    """The step at which patching begins."""
    return run.number("patch_start")


def patched(study: Study, curriculum: str = "none") -> Study:
    """Runs with patched attention that differ in reference step and start only."""
    runs = of_family(study, "patched")
    runs = runs.pick([run.text("curriculum_kind", "none") == curriculum for run in runs])
    if not len(runs):
        raise MissingRuns("no run with patched attention (patch.from)"
                          f"{'' if curriculum == 'none' else ' and curriculum.kind ' + curriculum}", study.title)
    runs = runs.chosen(with_step(run) for run in runs)
    return runs.along("patch_reference", "patch_start")[0]


def with_step(run: Run) -> Run:
    """The run with the step of its reference in place of -1, the reference's last."""
    last = {"patch_reference": run.settings["train_steps"]} if reference_of(run) < 0 else {}
    return replace(run, settings=run.settings | last)


def references(study: Study, runs: Study) -> Study:
    """Runs with attention of their own that are otherwise as the patched `runs`."""
    names = [n for n in runs.runs[0].settings if n not in runs.varying() and not n.startswith(("patch", "start_", *ASIDE))]
    alike = study.where(**{n: runs.runs[0].settings[n] for n in names})
    return of_family(alike, "uniform", "sequential")


def from_first_start(runs: Study) -> list[tuple[float, Study]]:
    """[(reference step, runs)] of those patched from the earliest start there is."""
    return runs.where(patch_start=min(map(start_of, runs))).by_number("patch_reference")
