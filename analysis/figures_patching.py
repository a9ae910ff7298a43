"""Figures 3, D, W: attention patterns of a reference run put in place of the model's own."""

from dataclasses import replace

import numpy as np

from figures_phases import ATTENTION, draw_attention, top_of_loss
from figures_schedules import draw_grid, ends, final_loss
from lore_sheet import BLUE, INK, Sheet, shades, short
from lore_study import ASIDE, of_family


def reference_of(run):
    return run.settings["patch_reference"]


def start_of(run):
    return run.settings["patch_start"]


def patched(study, curriculum="none"):
    runs = of_family(study, "patched")
    runs = runs.pick([run.settings.get("curriculum_kind", "none") == curriculum for run in runs])
    if not len(runs):
        raise SystemExit(f"{study.title}: no run with patched attention (patch.from)"
                         f"{'' if curriculum == 'none' else ' and curriculum.kind ' + curriculum}")
    runs = runs.chosen(with_step(run) for run in runs)
    return runs.along("patch_reference", "patch_start")[0]


def with_step(run):
    """The run with the step of its reference in place of -1, the reference's last."""
    last = {"patch_reference": run.settings["train_steps"]} if run.settings["patch_reference"] < 0 else {}
    return replace(run, settings=run.settings | last)


def references(study, runs):
    """Runs with attention of their own that are otherwise as the patched `runs`."""
    names = [n for n in runs.runs[0].settings if n not in runs.varying() and not n.startswith(("patch", "start_", *ASIDE))]
    alike = study.where(**{n: runs.runs[0].settings[n] for n in names})
    return of_family(alike, "uniform", "sequential")


def from_the_start(runs):
    """Those patched from the earliest start there is, by reference step."""
    first = min(map(start_of, runs))
    return runs.where(patch_start=first).cells("patch_reference")


def draw_final(panel, cells, values, unpatched):
    panel.points({reference: values(own) for (reference,), own in cells}, colour=BLUE)
    panel.steps_from_zero([reference for (reference,), _ in cells])
    if len(unpatched) and np.isfinite(values(unpatched)).any():
        panel.baseline(np.nanmean(values(unpatched)), "own attention")


def draw_references(sheet, cells, unpatched, group, title):
    panel = sheet.panel(title, "training step", "attribute loss (nats)")
    for ((reference,), own), colour in zip(cells, shades(len(cells))):
        panel.curve(own, "attribute_loss", group, label=f"of step {short(reference)}", colour=colour)
    panel.curve(unpatched, "attribute_loss", group, label="own attention", colour=INK, style="--")
    runs = [run for _, own in cells for run in own]
    panel.baseline(runs[0].scalars["no_knowledge_baseline"])
    return panel


def figure_3(study):
    runs = patched(study)
    cells, unpatched = from_the_start(runs), references(study, runs)
    sheet = Sheet("Patched attention: patterns of a reference run, from its start", 2, 2)
    draw_final(sheet.panel("Final loss", "step that the patterns are taken from", "attribute loss (nats)"),
               cells, final_loss, unpatched)
    panel = draw_references(sheet, cells, unpatched, "known", "Patched from the start with patterns")
    top_of_loss(panel, runs, "known")
    if len(unpatched):
        for variable, title in ATTENTION[:2]:
            draw_attention(sheet, unpatched, variable, title)
    else:
        sheet.note("The reference runs are missing.")
    return sheet


def figure_d(study):
    runs = patched(study)
    sheet = Sheet("Patching: where patterns come from, and when they are put in", 1, 3)
    for title, values, unit in (("Final loss", final_loss, "nats"), ("End of the plateau", ends, "step")):
        panel = sheet.panel(title, "step that the patterns are taken from", "step at which patching begins")
        draw_grid(panel, runs, reference_of, start_of, values, unit)
    panel = sheet.panel("Attention frozen at a step", "step", "final attribute loss (nats)")
    frozen = runs.pick([reference_of(run) == start_of(run) for run in runs])
    draw_final(panel, frozen.cells("patch_reference"), final_loss, references(study, runs))
    return sheet


def figure_w(study):
    runs = patched(study, "sequential")
    cells, unpatched = from_the_start(runs), references(study, runs)
    groups = int(runs["curriculum_groups"][0])
    sheet = Sheet(f"Patterns of a run that met {groups} groups one after the other", 1, 3)
    draw_final(sheet.panel("Final loss of all", "step that the patterns are taken from", "attribute loss (nats)"),
               cells, final_loss, unpatched)
    panel = sheet.panel("Loss of each group at the end", "step that the patterns are taken from",
                        "attribute loss (nats)")
    names = [f"group_{k}" for k in range(1, groups + 1)]
    for name, colour in zip(names, shades(groups)):
        panel.points({reference: own.final("attribute_loss", name) for (reference,), own in cells},
                     name.replace("_", " "), colour)
    panel.steps_from_zero([reference for (reference,), _ in cells])
    panel = draw_references(sheet, cells, unpatched, "group_1", "Loss of the first group, patterns")
    top_of_loss(panel, runs, "group_1")
    return sheet
