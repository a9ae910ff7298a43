"""Figures 5, N, O, P, Q and R: new people or pairs after training, and what becomes of the old ones."""

import numpy as np

from figures_phases import ATTENTION, attention_panel, draw_layers, draw_loss, example, name_layer
from lore_sheet import BLUE, GREY, INK, ORANGE, Sheet, shades, short
from lore_study import of_family, parent

# Names of the count of new ones and of the replay's weight.
PEOPLE = ("population_new", "distribution_replay_weight")
PAIRS = ("memory_new_pairs", "memory_replay_weight")


def weight(value):
    return "no replay" if value == 0 else f"replay {value:g}" if value >= 1 else f"replay 1/{1 / value:g}"


def tuned(study, names=PEOPLE):
    runs = study.where(distribution_kind="replay") if names is PEOPLE else of_family(study, "memory")
    runs = runs.pick([run.settings.get(names[0], 0) > 0 for run in runs])
    if not len(runs):
        raise SystemExit(f"{study.title}: no fine-tuning on new {'individuals' if names is PEOPLE else 'pairs'} "
                         f"({names[0].replace('_', '.', 1)})")
    return runs


def by_count(runs, names=PEOPLE):
    """Runs without replay, or with the least there is, by the number of new ones."""
    return runs.where(**{names[1]: min(runs[names[1]])}).along(names[0])[0].cells(names[0])


def by_weight(runs, names=PEOPLE):
    """Runs with the number of new ones for which there are most weights."""
    return runs.along(names[1])[0].cells(names[1])


def label_count(value):
    return f"{short(value)} new"


def draw_group(sheet, cells, group, label, variable, title, unit, baseline=np.nan):
    panel = sheet.panel(title, "step of fine-tuning", unit)
    for ((value,), own), colour in zip(cells, shades(len(cells))):
        panel.curve(own, variable, group, label=label(value), colour=colour)
    panel.baseline(baseline)
    panel.axes.set_ylim(bottom=0)
    return panel


def draw_tuning(sheet, study, names, variable, unit):
    """Old and new, by number of new ones and by weight of the replay."""
    runs = tuned(study, names)
    baseline = runs.baseline if variable == "attribute_loss" else np.nan
    counts, weights = by_count(runs, names), by_weight(runs, names)
    fixed = short(weights[0][1][names[0]][0])
    for group, title in (("known", "Old"), ("new", "New")):
        draw_group(sheet, counts, group, label_count, variable, f"{title}, {weight(min(runs[names[1]]))}",
                   unit, baseline)
    if len(weights) < 2:
        sheet.note("Only one weight of the replay is there.")
        return
    for group, title in (("known", "Old"), ("new", "New")):
        draw_group(sheet, weights, group, weight, variable, f"{title}, {fixed} new with replay", unit, baseline)


def figure_5(study):
    runs = example(study)
    sheet = Sheet("Held-out people while knowledge forms; fine-tuning on new people", 2, 2)
    draw_loss(sheet, runs, ("known", "held_out"), "While knowledge forms")
    panel = sheet.panel("Confidence", "training step", "probability of the most likely token")
    for group, colour in (("known", BLUE), ("held_out", ORANGE)):
        panel.curve(runs, "max_probability", group, label=group.replace("_", " "), colour=colour)
    panel.axes.set_ylim(0, 1.03)
    counts = by_count(tuned(study))
    for group, title in (("known", "Fine-tuning: old individuals"), ("new", "Fine-tuning: new individuals")):
        draw_group(sheet, counts, group, label_count, "attribute_loss", title, "attribute loss (nats)", runs.baseline)
    return sheet


def figure_n(study):
    sheet = Sheet("Fine-tuning on new individuals", 2, 4, width=4.2)
    draw_tuning(sheet, study, PEOPLE, "attribute_loss", "attribute loss (nats)")
    draw_tuning(sheet, study, PEOPLE, "attribute_accuracy", "attribute accuracy")
    return sheet


def figure_o(study):
    runs = tuned(study)
    counts = by_count(runs)
    (count,), own = counts[len(counts) // 2]
    sheet = Sheet(f"Attention while fine-tuning on {short(count)} new individuals", 2, 2)
    before = study.chosen(filter(None, (parent(study, run) for run in own)))
    x_title = "step of fine-tuning"
    if len(before):
        trained = max(run.steps[-1] for run in before)
        x_title += f" (dotted: all {short(trained)} steps of training, squeezed)"
    for variable, title in ATTENTION:
        panel = attention_panel(sheet, own, variable, title, x_title, "when fine-tuning begins")
        panel.legend(draw_layers(panel, own, variable, lambda run: name_layer(run, last=False)))
        draw_before(panel, before, own, variable)
        panel.mark(0, "fine-tuning", GREY)
        panel.axes.set_ylim(0, None)
        panel.axes.xaxis.set_major_formatter(lambda step, _: short(step) if step >= 0 else "")
    return sheet


def draw_before(panel, before, own, variable):
    """Training, squeezed into a strip to the left of step 0."""
    width = 0.4 * max(run.steps[-1] for run in own)
    draw_layers(panel, before, variable, name="{}, training", style=":",
                place=lambda steps: (steps / steps[-1] - 1) * width if len(steps) else steps)


def figure_p(study):
    runs = study.pick([run.settings.get("distribution_among", "all") != "all" for run in study])
    if not len(runs):
        raise SystemExit(f"{study.title}: no fine-tuning on some of the known individuals (distribution.among)")
    cells = runs.cells("distribution_among")
    sheet = Sheet("Fine-tuning on individuals who were seen before", 1, len(cells))
    colours = {"celebrities": ORANGE, "others": BLUE, "known": INK}
    for (among,), own in cells:
        whom = "rare" if among == "others" else "frequent"
        panel = sheet.panel(f"On the {whom} ones", "step of fine-tuning", "attribute accuracy")
        for group, colour in colours.items():
            name = {"others": "rare", "celebrities": "frequent", "known": "all"}[group]
            panel.curve(own, "attribute_accuracy", group, label=name, colour=colour)
        panel.axes.set_ylim(0, 1.03)
    return sheet


def figure_q(study):
    runs = of_family(study, "memory")
    runs = runs.pick([run.settings.get("memory_new_pairs", 0) == 0 for run in runs])
    if not len(runs):
        raise SystemExit(f"{study.title}: no run of the toy memory (task memory) without new pairs")
    sheet = Sheet("Toy memory: pairs that it learns, and pairs that it has never seen", 2, 2)
    for variable, unit in (("attribute_loss", "loss (nats)"), ("attribute_accuracy", "accuracy"),
                           ("max_probability", "probability of the most likely value"),
                           ("entropy", "entropy of predictions (nats)")):
        panel = sheet.panel("", "training step", unit, name=variable)
        for group, colour in (("known", BLUE), ("held_out", ORANGE)):
            panel.curve(runs, variable, group, label=group.replace("_", " "), colour=colour)
        if variable in ("attribute_loss", "entropy"):
            panel.baseline(runs.baseline)
        panel.axes.set_ylim(bottom=0)
    return sheet


def figure_r(study):
    sheet = Sheet("Toy memory: fine-tuning on new pairs", 2, 4, width=4.2)
    draw_tuning(sheet, study, PAIRS, "attribute_loss", "loss (nats)")
    draw_tuning(sheet, study, PAIRS, "attribute_accuracy", "accuracy")
    return sheet
