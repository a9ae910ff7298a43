"""Figures 2, F, M, A and C: phases, attention while they pass, held-out people, robustness."""

import numpy as np

from lore_sheet import BLUE, COLOURS, INK, ORANGE, Sheet, drawn, mean_curve, shades, short
from lore_statistics import fit_power_law
from lore_study import default_people, plain

ATTENTION = [("attention_name_to_name", "last name token → other name tokens"),
             ("attention_attribute_to_name", "before the value → name tokens"),
             ("attention_attribute_to_text", "before the value → template tokens"),
             ("attention_sharpness", "entropy of attention / log(tokens)")]


def longest(runs):
    """Those of each population that are trained longest."""
    steps = {n: max(own["train_steps"]) for (n,), own in runs.cells("population_individuals")}
    return runs.pick([run.settings["train_steps"] == steps[run.settings["population_individuals"]] for run in runs])


def by_population(study):
    """Runs of the default kind in which only the population differs. At a constant learning rate they may also
    end at different steps, which decides nothing before."""
    runs = default_people(plain(study))
    constant = runs.where(train_schedule="constant").along("population_individuals", "train_steps")
    sets = runs.along("population_individuals") + [longest(own) for own in constant]
    return max(sets, key=lambda own: (len(own.cells("population_individuals")), len(own)), default=runs)


def plain_runs(study):
    runs = plain(study)
    if not len(runs):
        raise SystemExit(f"{study.title}: no run of the default kind (uniform, not patched, from random weights)")
    return runs


def example(study):
    """The largest population whose plateau ended in all of its runs; else the largest."""
    plain_runs(study)
    cells = by_population(study).cells("population_individuals")
    ended = [runs for _, runs in cells if runs.finished.any() and
             np.isfinite(runs.scalar("plateau_end")[runs.finished]).all()]
    return (ended or [runs for _, runs in cells])[-1]


def phases_of(panel, runs):
    """Phases from the means of the runs' bounds."""
    ends = [np.nanmean(runs.scalar(name)) if np.isfinite(runs.scalar(name)).any() else np.nan
            for name in ("plateau_start", "plateau_end")]
    last = max(run.steps[-1] for run in runs)
    panel.phases(*ends, last)
    panel.axes.set_xlim(0, last)


def people(runs):
    return f"{short(runs['population_individuals'][0])} individuals"


def top_of_loss(panel, runs, *groups):
    """Cuts off the first steps, whose loss would press all else together."""
    largest = max((run.curve("attribute_loss", group)[1][2:].max() for run in runs for group in groups
                   if len(run.curve("attribute_loss", group)[1]) > 2), default=runs.baseline)
    panel.axes.set_ylim(0, 1.1 * max(min(largest, 2 * runs.baseline), runs.baseline))


def draw_loss(sheet, runs, groups=("known",), title=""):
    panel = sheet.panel(title or f"Loss, {people(runs)}", "training step", "attribute loss (nats)")
    for group, colour in zip(groups, (BLUE, ORANGE)):
        panel.curve(runs, "attribute_loss", group, label=group.replace("_", " "), colour=colour)
    panel.baseline(runs.baseline)
    phases_of(panel, runs)
    top_of_loss(panel, runs, *groups)
    return panel


def draw_plateaus(sheet, cells):
    panel = sheet.panel("End of the plateau", "individuals", "step")
    ends = {n: runs.pick(runs.finished).scalar("plateau_end") for (n,), runs in cells}
    ends = {n: v for n, v in ends.items() if len(v)}
    panel.ends({n: runs for (n,), runs in cells}, style="")
    fit = fit_power_law({n: v for n, v in ends.items() if np.isfinite(v).all()})
    if fit:
        x = np.geomspace(min(ends), max(ends), 50)
        panel.line(x, fit.factor * x**fit.exponent, label="fit", colour=INK, style="--", named=False)
        panel.axes.text(0.05, 0.95, f"{fit.factor:.2g} N^{fit.exponent:.2f}  [{fit.low:.2f}, {fit.high:.2f}]\n"
                        f"R² {fit.r_squared:.3f}; paper: 0.43 N^0.81", transform=panel.axes.transAxes,
                        fontsize=8, va="top")
    else:
        sheet.note("A fit needs three populations whose plateaus ended in all runs.")
    if ends:
        panel.log_x(list(ends))
        panel.log_y()
    unended = [short(n) for n, v in ends.items() if not np.isfinite(v).all()]
    if unended:
        sheet.note(f"Plateau not over in all runs, not fitted: {', '.join(unended)} individuals.")


def figure_2(study):
    runs, cells = example(study), by_population(study).cells("population_individuals")
    sheet = Sheet("Phases of learning, and populations", 2, 2)
    draw_loss(sheet, runs)
    panel = sheet.panel(f"Accuracy, {people(runs)}", "training step", "attribute accuracy")
    panel.curve(runs, "attribute_accuracy", "known", colour=BLUE)
    phases_of(panel, runs)
    panel = sheet.panel("Loss by population", "training step", "attribute loss (nats)")
    for ((n,), own), colour in zip(cells, shades(len(cells))):
        panel.curve(own, "attribute_loss", "known", label=short(n), colour=colour)
    panel.baseline(runs.baseline)
    top_of_loss(panel, by_population(study), "known")
    draw_plateaus(sheet, cells)
    return sheet


def name_layer(run, last=True):
    """The layer that attends most to the name before the value, at the end or at the beginning; None without layers."""
    step = run.steps[-1 if last else 0]
    return max(run.layers, key=lambda layer: run.at(step, ATTENTION[1][0], layer=layer), default=None)


def draw_layers(panel, runs, variable, layer_of=name_layer, name="{}", style="-", place=lambda steps: steps):
    """A line for each layer of each seed: a mean would be of no run, as seeds do the same in different layers. That
    which layer_of(run) names is thick, so that it is found in all panels."""
    colours = dict(zip(runs.layers, shades(len(runs.layers))))
    for run in drawn(runs):
        for layer in run.layers:
            steps, values = run.curve(variable, layer=layer)
            panel.line(place(steps), values, label=name.format(f"layer {layer}, seed {run.settings['seed']:g}"),
                       colour=colours[layer], style=style, width=1.9 if layer == layer_of(run) else 0.8, named=False)
    return {f"layer {layer}": (colour, "-", 1.6) for layer, colour in colours.items()}


def attention_panel(sheet, runs, variable, title, x_title="training step", when="in the end"):
    """A panel of draw_layers, to be drawn into, with its legend and what the thick lines are."""
    panel = sheet.panel(title, x_title, "normalised entropy" if "sharp" in variable else "attention", name=variable)
    if runs.layers:
        sheet.note(f"Lines are single seeds. Thick: the layer that attends most to the name {when}.")
    return panel


def draw_attention(sheet, runs, variable, title):
    panel = attention_panel(sheet, runs, variable, title)
    panel.legend(draw_layers(panel, runs, variable))
    phases_of(panel, runs)
    panel.axes.set_ylim(bottom=0)
    return panel


def figure_f(study):
    runs = example(study)
    sheet = Sheet(f"Attention during training, {people(runs)}", 2, 2)
    for variable, title in ATTENTION:
        draw_attention(sheet, runs, variable, title)
    if not runs.layers:
        sheet.note("These runs have no layer with attention.")
    return sheet


def draw_confidence(sheet, runs):
    for variable, title in (("max_probability", "Probability of the most likely token"),
                            ("entropy", "Entropy of predictions (nats)"),
                            ("attribute_accuracy", "Accuracy")):
        panel = sheet.panel(title, "training step", title.lower(), name=variable)
        for group, colour in (("known", BLUE), ("held_out", ORANGE)):
            panel.curve(runs, variable, group, label=group.replace("_", " "), colour=colour)
        phases_of(panel, runs)
        panel.axes.set_ylim(bottom=0)


def figure_m(study):
    runs = example(study)
    sheet = Sheet(f"People who were never seen, {people(runs)}", 2, 2)
    draw_loss(sheet, runs, ("known", "held_out"), "Loss")
    draw_confidence(sheet, runs)
    if "held_out" not in runs.groups:
        sheet.note("These runs have not evaluated held-out individuals.")
    return sheet


def figure_a(study):
    runs = plain_runs(study)
    sheet = Sheet("Diversity of biographies: templates per individual, order of sentences", 1, 3)
    panel = sheet.panel("Templates, random order", "training step", "attribute loss (nats)")
    random = runs.where(population_sentence_order="random")
    counts = random.along("population_templates")[0].cells("population_templates") if len(random) else []
    for ((count,), own), colour in zip(counts, shades(len(counts))):
        panel.curve(own, "attribute_loss", "known", label=f"{count:g}", colour=colour)
    panel.baseline(runs.baseline)
    top_of_loss(panel, runs, "known")
    panel = sheet.panel("Order of sentences", "training step", "attribute loss (nats)")
    most = max(runs["population_templates"])
    orders = runs.where(population_templates=most).cells("population_sentence_order")
    for (order,), own in orders:
        panel.curve(own, "attribute_loss", "known", label=order, colour=BLUE if order == "random" else ORANGE)
    panel.baseline(runs.baseline)
    top_of_loss(panel, runs, "known")
    panel = sheet.panel("At the end", "templates per individual", "attribute accuracy")
    for (order,), own in runs.cells("population_sentence_order"):
        panel.points({c: v.final("attribute_accuracy", "known") for (c,), v in own.cells("population_templates")},
                     label=order, colour=BLUE if order == "random" else ORANGE)
    panel.log_x(sorted(set(runs["population_templates"])))
    panel.axes.set_ylim(0, 1.03)
    for name, there in (("templates", len(counts) > 1), ("sentence orders", len(orders) > 1)):
        if not there:
            sheet.note(f"Only one setting of {name} is there.")
    return sheet


# Settings that change together are one axis: the first names the line.
AXES = [("Learning rate", ("train_learning_rate",)), ("Individuals", ("population_individuals",)),
        ("Weight decay", ("train_weight_decay",)), ("Batch (sequences)", ("train_batch", "train_steps")),
        ("Model size (width)", ("model_width", "model_hidden", "model_layers", "model_heads", "model_preset")),
        ("Mixer", ("model_mixer", "model_recurrent_width", "model_positions"))]


def axis_runs(study, names):
    """Runs of the default kind that differ in these settings only, as many values as there are. Batches are compared
    at equal steps or at equal sequences in all."""
    if "population_individuals" in names:
        return by_population(study)
    runs = default_people(plain(study))
    sets = runs.along(*names)
    if "train_batch" in names:
        sets = [equal for own in sets for equal in alike(own, own["train_steps"]) +
                alike(own, own["train_steps"] * own["train_batch"])]
    return max(sets, key=lambda own: (len(own.cells(*names)), len(own)), default=runs)


def alike(runs, values):
    return [runs.pick(values == value) for value in sorted(set(values))]


def figure_c(study):
    plain_runs(study)
    sheet = Sheet("Phases under other hyperparameters", 2, 3)
    for title, names in AXES:
        own = axis_runs(study, names)
        varied = [n for n in names if len(set(map(str, own[n]))) > 1]
        if not varied:
            sheet.note(f"{title}: only one value is there.")
            continue
        panel = sheet.panel(title, "share of training", "attribute loss (nats)")
        key = names[0]
        cells = own.cells(*names)
        for (values, cell), colour in zip(cells, shades(len(cells)) if len(cells) > 2 else COLOURS):
            draw_share(panel, cell, values[0] if isinstance(values[0], str) else short(values[0]), colour)
        panel.baseline(own.baseline)
        top_of_loss(panel, own, "known")
        if key == "train_batch" and "train_steps" in varied:
            sheet.note("Batch: as many sequences in all, so fewer steps for larger batches.")
    return sheet


def draw_share(panel, cell, label, colour):
    """Loss against the share of training, so that runs of different lengths lie on each other."""
    steps, mean, low, high, seeds = mean_curve(cell, "attribute_loss", "known")
    panel.line(steps / cell["train_steps"].max(), mean, low, high, label, colour, seeds=seeds)
