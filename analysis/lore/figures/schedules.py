"""Figures 4, G, H, I, J, K and L: who is shown how often, and when; and the questions left open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import BLUE, COLOURS, GREEN, INK, ORANGE, PURPLE, Colour, shades
from lore.errors import MissingRuns
from lore.selections.curricula import celebrities_of, celebrity_weight_of, curriculum_steps, mean_end, subset_of
from lore.selections.families import (arenas, default_biographies, family, final_loss, members, of_family,
                                      plateau_ends)
from lore.selections.phases import by_population
from lore.selections.schedules import (FAMILIES, arenas_of_all_families, best_alphas, best_by_population, best_of,
                                       by_alpha, families_of, largest_budget, law_runs, uniform_twin, warm_ups)
from lore.study import Floats, Run, Study, mean_curve
from lore.words import short

COLOUR_OF = {"uniform": INK, "power law": BLUE, "annealed": "#5aa9e0", "celebrities": GREEN, "warm-up": ORANGE,
             "adaptive warm-up": "#dd9a1c", "growth": "#7a3b12", "throw-away": PURPLE, "mixed shards": "#1f9aa0",
             "repeats in a batch": "#cf3f8c", "repeats across steps": "#8c8c8c"}
Values = Callable[[Study], Floats]  # (run)


def draw_alpha(sheet: Sheet, runs: Study) -> None:
    """Two panels, with a line for each population: plateaus and final losses."""
    cells, budget = runs.by_number("population_individuals"), f"{short(runs['train_steps'][0])} steps"
    plateaus = sheet.panel(f"End of the plateau, {budget}", "alpha", "step")
    losses = sheet.panel(f"Final loss, {budget}", "alpha", "attribute loss (nats)")
    for (n, own), colour in zip(cells, shades(len(cells))):
        plateaus.ends(by_alpha(own), short(n), colour)
        losses.points({alpha: final_loss(at) for alpha, at in by_alpha(own).items()}, short(n), colour)
    plateaus.log_y()


def draw_best_alpha(sheet: Sheet, runs: Study) -> None:
    panel = sheet.panel("Alpha of the least final loss", "individuals", "alpha")
    best, alphas = best_alphas(runs.cells("train_steps", "population_individuals"))
    if not best:
        sheet.note("The best alpha needs three alphas that all populations and budgets have.")
        return
    for index, budget in enumerate(sorted({float(steps) for steps, _ in best})):
        panel.points({float(n): list(of.values()) for (own, n), of in best.items() if own == budget},
                     f"{short(budget)} steps", COLOURS[index % len(COLOURS)], bars=True, shift=5 * index)
    panel.log_x(sorted(set(runs.numbers("population_individuals"))))
    panel.axes.set_yticks(alphas)
    if len(alphas) < len(by_alpha(runs)):
        sheet.note(f"The best alpha is that of {', '.join(f'{a:g}' for a in alphas)}, which all populations and "
                   "budgets have.")


def draw_families(sheet: Sheet, study: Study, names: Sequence[str], variable: str = "attribute_loss",
                  unit: str = "attribute loss (nats)") -> None:
    """Best of each family against the population, at the budget with most families. Of one population, the seeds."""
    runs = default_biographies(of_family(study, *names))
    if not len(runs):
        raise MissingRuns(f"no run of these kinds: {', '.join(names)}", study.title)
    arena = max(arenas(runs, "population_individuals"), key=lambda a: len({family(r) for r in a}))
    tables = {name: best_by_population(of_family(arena, name), variable) for name in names}
    for name in names:
        if not tables[name]:
            sheet.note(f"No finished run of kind: {name}.")
    populations = sorted(set(arena.numbers("population_individuals")))
    if len(populations) == 1:
        final = {name: table[populations[0]] for name, table in tables.items() if table}
        draw_rows(sheet.panel(f"The best of each kind, {short(populations[0])} individuals", f"final {unit}", ""), final)
        return
    panel = sheet.panel("The best of each kind", "individuals", f"final {unit}")
    for index, (name, table) in enumerate(tables.items()):
        panel.points(table, name, COLOUR_OF[name], shift=4 * index)
    panel.log_x(populations)
    if variable == "attribute_accuracy":
        panel.axes.set_ylim(0, 1.03)


def draw_rows(panel: Panel, final: Mapping[str, Floats]) -> None:
    """{family: values (run)}, a row each."""
    for index, (name, values) in enumerate(final.items()):
        panel.row(values, index, name, COLOUR_OF[name])
    panel.axes.set_yticks(range(len(final)), list(final), fontsize=7.5)
    panel.axes.set_ylim(len(final) - 0.5, -0.5)


def figure_4(study: Study) -> Sheet:
    runs = law_runs(study)
    sheet = Sheet("Imbalanced populations, and warm-up", 2, 2)
    draw_alpha(sheet, largest_budget(runs))
    draw_best_alpha(sheet, runs)
    draw_families(sheet, study, ("uniform", "power law", "warm-up"))
    return sheet


def figure_g(study: Study) -> Sheet:
    budgets = law_runs(study).by_number("train_steps")
    sheet = Sheet("Power laws: plateau and final loss by population and budget", len(budgets), 2, height=3.1)
    for _, own in budgets:
        draw_alpha(sheet, own)
    return sheet


def grid_of(runs: Study, x: Callable[[Run], float], y: Callable[[Run], float],
            values: Values) -> tuple[list[float], list[float], Floats, list[list[str]]]:
    """Means on the grid of two functions of a run, and what is written where there is none: (x, y, (y, x), (y, x))."""
    columns, rows = (sorted({f(run) for run in runs}) for f in (x, y))
    cells = [[runs.pick([x(run) == u and y(run) == v for run in runs]) for u in columns] for v in rows]
    means = [[float(np.mean(values(cell))) if len(cell) else np.nan for cell in row] for row in cells]
    return columns, rows, np.array(means), [[lacking(cell, values) for cell in row] for row in cells]


def lacking(runs: Study, values: Values) -> str:
    """Why these runs have no mean, in words; nothing if there are no runs."""
    without = int(np.sum(~np.isfinite(values(runs)))) if len(runs) else 0
    word = "not over" if runs.finished.all() else "unfinished"
    return "" if not without else word if without == len(runs) else f"{word}\nin {without} of {len(runs)}"


def draw_grid(sheet: Sheet, panel: Panel, runs: Study, x: Callable[[Run], float], y: Callable[[Run], float],
              values: Values, unit: str, mark_least: str | None = None) -> None:
    """A heat map of means; mark_least as of draw_heat."""
    columns, rows, means, why = grid_of(runs, x, y, values)
    panel.draw_heat(columns, rows, means, unit, why=why, mark_least=mark_least)
    if (~np.isfinite(means) & (np.array(why) == "")).any():
        sheet.note("Blank cells: not run.")


def of_uniform(study: Study, own: Study, values: Values) -> str:
    """The mean of the uniform runs at the population and budget of `own`, for a title; nothing without such runs."""
    flat = uniform_twin(study, own)
    found = values(flat.pick(flat.finished))
    if not len(found):
        return ""
    mean = np.mean(found)
    return ", uniform " + ("not over" if not np.isfinite(mean) else f"{mean:.0f}" if mean >= 100 else f"{mean:.3g}")


def figure_h(study: Study) -> Sheet:
    runs = of_family(study, "celebrities")
    if not len(runs):
        raise MissingRuns("no run with celebrities", study.title)
    arena = arenas(runs)[0]
    n = short(arena["population_individuals"][0])
    sheet = Sheet(f"Celebrities among {n} individuals", 1, 3)
    for title, values, unit in (("Final loss", final_loss, "nats"), ("End of the plateau", plateau_ends, "step")):
        panel = sheet.panel(title + of_uniform(study, arena, values), "celebrities", "weight of a celebrity",
                            name=title.lower().replace(" ", "_"))
        draw_grid(sheet, panel, arena, celebrities_of, celebrity_weight_of, values, unit, mark_least="all")
    draw_families(sheet, study, ("uniform", "power law", "celebrities"))
    return sheet


def figure_i(study: Study) -> Sheet:
    cells = [arenas(own)[0] for _, own in warm_ups(study).by_number("population_individuals")]
    sheet = Sheet("Warm-up: how many individuals, how long", -(-len(cells) // 3), min(3, len(cells)))
    for own in cells:
        n = short(own["population_individuals"][0])
        panel = sheet.panel(f"Final loss, {n} individuals{of_uniform(study, own, final_loss)}",
                            "length of the warm-up (steps)", "individuals of the warm-up", name=f"loss_{n}_individuals")
        draw_grid(sheet, panel, own, curriculum_steps, subset_of, final_loss, "nats", mark_least="all")
    return sheet


def figure_j(study: Study) -> Sheet:
    names = ("uniform", "power law", "celebrities", "warm-up")
    sheet = Sheet("The best of each kind, for every population", 1, 2)
    draw_families(sheet, study, names)
    draw_families(sheet, study, names, "attribute_accuracy", "attribute accuracy")
    return sheet


def figure_k(study: Study) -> Sheet:
    warm_ups(study)
    runs = default_biographies(of_family(study, "uniform", "warm-up", "power law"))
    budgets = runs.by_number("train_steps")
    sheet = Sheet("Warm-up at other budgets", 1, len(budgets))
    for steps, own in budgets:
        panel = sheet.panel(f"{short(steps)} steps", "individuals", "final attribute loss (nats)")
        arena = arenas(own, "population_individuals")[0]
        for index, name in enumerate(("uniform", "power law", "warm-up")):
            panel.points(best_by_population(of_family(arena, name), "attribute_loss"), name, COLOUR_OF[name],
                         shift=4 * index)
        panel.log_x(sorted(set(arena.numbers("population_individuals"))))
    return sheet


def draw_counted(panel: Panel, runs: Study, n: float, label: str, colour: Colour) -> None:
    """Accuracy counted over n individuals: nothing is known of individuals that were left out."""
    share = runs["population_individuals"][0] / n
    steps, mean, low, high, seeds = mean_curve(runs, "attribute_accuracy", "known")
    panel.line(steps, share * mean, share * low, share * high, label, colour, seeds=seeds)


def best_of_fewer(flat: Study, n: float) -> Study | None:
    """The uniform runs on fewer than n individuals that know most, counted over n."""
    fewer = {count: own for count, own in flat.by_number("population_individuals") if count < n}
    known = {count: count / n * float(np.nanmean(own.final("attribute_accuracy", "known"))) for count, own in fewer.items()}
    return fewer[max(known, key=lambda count: known[count])] if known else None


def figure_l(study: Study) -> Sheet:
    warm = warm_ups(study)
    n = max(warm.numbers("population_individuals"))
    best = best_of(arenas(warm.where(population_individuals=n))[0])
    if best is None:
        raise MissingRuns(f"no finished run with a warm-up over {short(n)} individuals", study.title)
    flat = by_population(study.where(train_steps=float(best["train_steps"][0])))
    sheet = Sheet(f"Fewer individuals, or all of them after a warm-up: {short(n)} individuals", 1, 2)
    panel = sheet.panel("Known of all", "training step", f"accuracy counted over {short(n)}")
    fewer = best_of_fewer(flat, n)
    lines = [(best, f"warm-up on {short(subset_of(best.runs[0]))}", ORANGE),
             (flat.where(population_individuals=n), "uniform", INK)]
    if fewer is not None:
        lines.append((fewer, f"uniform, only {short(fewer['population_individuals'][0])}", BLUE))
    else:
        sheet.note(f"No uniform run on fewer than {short(n)} individuals.")
    for runs, label, colour in lines:
        if len(runs):
            draw_counted(panel, runs, n, label, colour)
    panel.axes.set_ylim(0, 1.03)
    panel.mark_end(mean_end(best), "end of the warm-up", ORANGE)
    panel = sheet.panel("Loss", "training step", "attribute loss (nats)")
    for runs, label, colour in lines:
        panel.curve(runs, "attribute_loss", "known", label=label, colour=colour)
    panel.mark_end(mean_end(best), "end of the warm-up", ORANGE)
    panel.baseline(best.baseline)
    panel.axes.set_ylim(0, 1.5 * best.baseline)
    return sheet


def describe(runs: Study) -> str:
    """What tells the member of a family apart, in a few words."""
    run, kind = runs.runs[0], family(runs.runs[0])

    def steps() -> str:
        return f"{curriculum_steps(run):g} steps"
    words: dict[str, Callable[[], str]] = {
        "power law": lambda: f"alpha {run.number('distribution_alpha'):g}",
        "celebrities": lambda: f"{short(celebrities_of(run))} × {celebrity_weight_of(run):g}",
        "warm-up": lambda: f"{short(subset_of(run))}, {steps()}",
        "adaptive warm-up": lambda: f"{short(subset_of(run))} + {run.number('curriculum_steps'):g} steps",
        "growth": lambda: f"from {short(subset_of(run))}, {steps()}",
        "annealed": lambda: f"from {run.number('distribution_alpha'):g}, {steps()}",
        "throw-away": steps,
        "mixed shards": lambda: run.text("distribution_shards"),
        "repeats in a batch": lambda: f"{run.number('distribution_repeats_in_batch'):g}",
        "repeats across steps": lambda: f"{run.number('distribution_repeats_across_steps'):g}"}
    return f"{kind} {words[kind]()}" if kind in words else kind


def draw_ways(sheet: Sheet, arena: Study, cells: Sequence[Study]) -> None:
    """Final losses and plateaus of all members of all families, as rows of seeds."""
    where = f"{short(arena['population_individuals'][0])} individuals, {short(arena['train_steps'][0])} steps"
    losses, plateaus = (sheet.panel(title, unit, "", name="_".join([name, *where.replace(",", "").split()]))
                        for title, unit, name in ((f"Final loss, {where}", "attribute loss (nats)", "final_loss"),
                                                  ("End of the plateau", "step", "plateau_end")))
    for index, cell in enumerate(cells):
        colour = COLOUR_OF[family(cell.runs[0])]
        losses.row(final_loss(cell), index, describe(cell), colour)
        plateaus.row(plateau_ends(cell.pick(cell.finished)), index, describe(cell), colour, "not over")
        plateaus.mark_end(mean_end(cell), "end of the curriculum", INK, place=index)
    for panel, names in ((losses, list(map(describe, cells))), (plateaus, [""] * len(cells))):
        panel.axes.set_yticks(range(len(cells)), names, fontsize=7.5)
        panel.axes.set_ylim(len(cells) - 0.4, -0.6)
    if "uniform" not in families_of(arena):
        sheet.note(f"No uniform run of {where}.")


def figure_questions(study: Study) -> Sheet:
    """All families of runs, each at the population and budget at which most of them are."""
    runs = of_family(default_biographies(study), *FAMILIES)
    if not len(runs):
        raise MissingRuns("no run on biographies from random weights", study.title)
    chosen = arenas_of_all_families(runs)
    rows = [[cell for kind in families_of(a) for cell in members(of_family(a, kind)).values()] for a in chosen]
    sheet = Sheet("Ways to show people", len(chosen), 2, width=5.4, height=[0.24 * len(cells) + 1 for cells in rows])
    for arena, cells in zip(chosen, rows):
        draw_ways(sheet, arena, cells)
    return sheet
