"""Figures 2, F, M, A and C: phases, attention while they pass, held-out individuals, robustness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lore.drawing.names import Stroke
from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, COLOURS, INK, ORANGE, Colour, shades
from lore.selections.families import plain_runs
from lore.selections.phases import AXES, ATTENTION_TO_NAME, axis_runs, by_population, example, name_layer
from lore.statistics import fit_power_law
from lore.study import Run, Study, drawn, mean_curve
from lore.words import short

ATTENTION = [("attention_name_to_name", "last name token → other name tokens"),
             (ATTENTION_TO_NAME, "before the value → name tokens"),
             ("attention_attribute_to_text", "before the value → template tokens"),
             ("attention_sharpness", "entropy of attention / log(tokens)")]


def phases_of(panel: Panel, runs: Study) -> None:
    """Phases from the means of the runs' bounds."""
    last = max(run.steps[-1] for run in runs)
    panel.phases(runs.mean_scalar("plateau_start"), runs.mean_scalar("plateau_end"), last)
    panel.axes.set_xlim(0, last)


def size_of(runs: Study) -> str:
    return f"{short(runs['population_individuals'][0])} individuals"


def top_of_loss(panel: Panel, runs: Study, *groups: str) -> None:
    """Cuts off the first steps, whose loss would press all else together."""
    largest = max((run.curve("attribute_loss", group)[1][2:].max() for run in runs for group in groups
                   if len(run.curve("attribute_loss", group)[1]) > 2), default=runs.baseline)
    panel.axes.set_ylim(0, 1.1 * max(min(largest, 2 * runs.baseline), runs.baseline))


def draw_groups(panel: Panel, runs: Study, variable: str, groups: Sequence[str] = ("known", "held_out")) -> None:
    """A curve for each of two groups."""
    for group, colour in zip(groups, (BLUE, ORANGE)):
        panel.curve(runs, variable, group, label=group.replace("_", " "), colour=colour)


def draw_loss(sheet: Sheet, runs: Study, groups: Sequence[str] = ("known",), title: str = "") -> None:
    panel = sheet.panel(title or f"Loss, {size_of(runs)}", "training step", "attribute loss (nats)")
    draw_groups(panel, runs, "attribute_loss", groups)
    panel.baseline(runs.baseline)
    phases_of(panel, runs)
    top_of_loss(panel, runs, *groups)


def draw_plateaus(sheet: Sheet, cells: Sequence[tuple[float, Study]]) -> None:
    """Where plateaus end against the population, with the power law's fit."""
    panel = sheet.panel("End of the plateau", "individuals", "step")
    ends = {n: runs.pick(runs.finished).scalar("plateau_end") for n, runs in cells}
    ends = {n: v for n, v in ends.items() if len(v)}
    panel.ends(dict(cells), style="")
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


def figure_2(study: Study) -> Sheet:
    runs, cells = example(study), by_population(study).by_number("population_individuals")
    sheet = Sheet("Phases of learning, and populations", 2, 2)
    draw_loss(sheet, runs)
    panel = sheet.panel(f"Accuracy, {size_of(runs)}", "training step", "attribute accuracy")
    panel.curve(runs, "attribute_accuracy", "known", colour=BLUE)
    phases_of(panel, runs)
    panel = sheet.panel("Loss by population", "training step", "attribute loss (nats)")
    for (n, own), colour in zip(cells, shades(len(cells))):
        panel.curve(own, "attribute_loss", "known", label=short(n), colour=colour)
    panel.baseline(runs.baseline)
    top_of_loss(panel, by_population(study), "known")
    draw_plateaus(sheet, cells)
    return sheet


def same_steps(steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return steps


def draw_layers(panel: Panel, runs: Study, variable: str, layer_of: Callable[[Run], int | None] = name_layer,
                name: str = "{}", style: str = "-",
                place: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] = same_steps) -> dict[str, Stroke]:
    """A line for each layer of each seed: a mean would be of no run, as seeds do the same in different layers. That
    which layer_of(run) names is thick, so that it is found in all panels. `place` maps steps (step) onto the axis.
    Returns what a legend names."""
    colours = dict(zip(runs.layers, shades(len(runs.layers))))
    for run in drawn(runs):
        for layer in run.layers:
            steps, values = run.curve(variable, layer=layer)
            panel.line(place(steps), values, label=name.format(f"layer {layer}, seed {run.settings['seed']:g}"),
                       colour=colours[layer], style=style, width=1.9 if layer == layer_of(run) else 0.8, named=False)
    return {f"layer {layer}": Stroke(colour, "-", 1.6) for layer, colour in colours.items()}


def attention_panel(sheet: Sheet, runs: Study, variable: str, title: str, x_title: str = "training step",
                    when: str = "in the end") -> Panel:
    """A panel of draw_layers, to be drawn into, and the note that says what its thick lines are."""
    panel = sheet.panel(title, x_title, "normalised entropy" if "sharp" in variable else "attention", name=variable)
    if runs.layers:
        sheet.note(f"Lines are single seeds. Thick: the layer that attends most to the name {when}.")
    return panel


def draw_attention(sheet: Sheet, runs: Study, variable: str, title: str) -> None:
    panel = attention_panel(sheet, runs, variable, title)
    panel.names.legend(draw_layers(panel, runs, variable))
    phases_of(panel, runs)
    panel.axes.set_ylim(bottom=0)


def figure_f(study: Study) -> Sheet:
    runs = example(study)
    sheet = Sheet(f"Attention during training, {size_of(runs)}", 2, 2)
    for variable, title in ATTENTION:
        draw_attention(sheet, runs, variable, title)
    if not runs.layers:
        sheet.note("These runs have no layer with attention.")
    return sheet


def draw_confidence(sheet: Sheet, runs: Study) -> None:
    for variable, title in (("max_probability", "Probability of the most likely token"),
                            ("entropy", "Entropy of predictions (nats)"),
                            ("attribute_accuracy", "Accuracy")):
        panel = sheet.panel(title, "training step", title.lower(), name=variable)
        draw_groups(panel, runs, variable)
        phases_of(panel, runs)
        panel.axes.set_ylim(bottom=0)


def figure_m(study: Study) -> Sheet:
    runs = example(study)
    sheet = Sheet(f"People who were never seen, {size_of(runs)}", 2, 2)
    draw_loss(sheet, runs, ("known", "held_out"), "Loss")
    draw_confidence(sheet, runs)
    if "held_out" not in runs.groups:
        sheet.note("These runs have not evaluated held-out individuals.")
    return sheet


def order_colour(order: str) -> Colour:
    return BLUE if order == "random" else ORANGE


def draw_templates(sheet: Sheet, runs: Study) -> int:
    """Loss by number of templates. Returns how many numbers there are."""
    panel = sheet.panel("Templates, random order", "training step", "attribute loss (nats)")
    random = runs.where(population_sentence_order="random")
    counts = random.along("population_templates")[0].by_number("population_templates") if len(random) else []
    for (count, own), colour in zip(counts, shades(len(counts))):
        panel.curve(own, "attribute_loss", "known", label=f"{count:g}", colour=colour)
    panel.baseline(runs.baseline)
    top_of_loss(panel, runs, "known")
    return len(counts)


def draw_orders(sheet: Sheet, runs: Study) -> int:
    """Loss by order of sentences, with the most templates. Returns how many orders there are."""
    panel = sheet.panel("Order of sentences", "training step", "attribute loss (nats)")
    orders = runs.where(population_templates=max(runs.numbers("population_templates"))).cells("population_sentence_order")
    for (order,), own in orders:
        panel.curve(own, "attribute_loss", "known", label=str(order), colour=order_colour(str(order)))
    panel.baseline(runs.baseline)
    top_of_loss(panel, runs, "known")
    return len(orders)


def figure_a(study: Study) -> Sheet:
    runs = plain_runs(study)
    sheet = Sheet("Diversity of biographies: templates per individual, order of sentences", 1, 3)
    counts, orders = draw_templates(sheet, runs), draw_orders(sheet, runs)
    panel = sheet.panel("At the end", "templates per individual", "attribute accuracy")
    for (order,), own in runs.cells("population_sentence_order"):
        panel.points({c: v.final("attribute_accuracy", "known") for c, v in own.by_number("population_templates")},
                     label=str(order), colour=order_colour(str(order)))
    panel.log_x(sorted(set(runs.numbers("population_templates"))))
    panel.axes.set_ylim(0, 1.03)
    for name, there in (("templates", counts > 1), ("sentence orders", orders > 1)):
        if not there:
            sheet.note(f"Only one setting of {name} is there.")
    return sheet


def figure_c(study: Study) -> Sheet:
    plain_runs(study)
    sheet = Sheet("Phases under other hyperparameters", 2, 3)
    for title, names in AXES:
        own = axis_runs(study, names)
        varied = [n for n in names if len(set(map(str, own.values(n)))) > 1]
        if not varied:
            sheet.note(f"{title}: only one value is there.")
            continue
        panel = sheet.panel(title, "share of training", "attribute loss (nats)")
        cells = own.cells(*names)
        colours = shades(len(cells)) if len(cells) > 2 else [*COLOURS]
        for (values, cell), colour in zip(cells, colours):
            draw_share(panel, cell, values[0] if isinstance(values[0], str) else short(values[0]), colour)
        panel.baseline(own.baseline)
        top_of_loss(panel, own, "known")
        if names[0] == "train_batch" and "train_steps" in varied:
            sheet.note("Batch: as many sequences in all, so fewer steps for larger batches.")
    return sheet


def draw_share(panel: Panel, cell: Study, label: str, colour: Colour) -> None:
    """Loss against the share of training, so that runs of different lengths lie on each other."""
    steps, mean, low, high, seeds = mean_curve(cell, "attribute_loss", "known")
    panel.line(steps / cell["train_steps"].max(), mean, low, high, label, colour, seeds=seeds)
