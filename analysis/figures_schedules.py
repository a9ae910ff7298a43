"""Figures 4, G, H, I, J, K and L: who is shown how often, and when; and the questions left open."""

import numpy as np

from figures_phases import by_population
from lore_sheet import BLUE, COLOURS, GREEN, INK, ORANGE, PURPLE, Sheet, mean_curve, shades, short
from lore_study import alpha_of, arenas, curriculum_steps, default_people, family, mean_end, members, of_family, plain

FAMILIES = {"uniform": INK, "power law": BLUE, "annealed": "#5aa9e0", "celebrities": GREEN, "warm-up": ORANGE,
            "adaptive warm-up": "#dd9a1c", "growth": "#7a3b12", "throw-away": PURPLE, "mixed shards": "#1f9aa0",
            "repeats in a batch": "#cf3f8c", "repeats across steps": "#8c8c8c"}


def final_loss(runs):
    return runs.final("attribute_loss", "known")


def law_runs(study):
    """Power laws and uniform runs that differ in alpha, population and budget only."""
    runs = default_people(of_family(study, "power law", "uniform"))
    if not len(of_family(study, "power law")):
        raise SystemExit(f"{study.title}: no run with a power law")
    return arenas(runs, "population_individuals", "train_steps")[0]


def by_alpha(runs):
    table = {}
    for run_index, run in enumerate(runs):
        table.setdefault(alpha_of(run), []).append(run_index)
    return {alpha: runs.pick(index) for alpha, index in sorted(table.items())}


def draw_alpha(sheet, runs):
    """Two panels, with a line for each population: plateaus and final losses."""
    cells, budget = runs.cells("population_individuals"), f"{short(runs['train_steps'][0])} steps"
    plateaus = sheet.panel(f"End of the plateau, {budget}", "alpha", "step")
    losses = sheet.panel(f"Final loss, {budget}", "alpha", "attribute loss (nats)")
    for ((n,), own), colour in zip(cells, shades(len(cells))):
        plateaus.ends(by_alpha(own), short(n), colour)
        losses.points({alpha: final_loss(at) for alpha, at in by_alpha(own).items()}, short(n), colour)
    plateaus.log_y()


def ends(runs):
    return runs.scalar("plateau_end")


def best_alphas(cells):
    """[(key, runs)] -> {key: {seed: alpha of the least final loss}}, and the alphas to choose from: those that all cells
    have, as an alpha that only some have would be the best of those alone."""
    losses = {key: {alpha: at.by_seed(final_loss(at)) for alpha, at in by_alpha(own).items()} for key, own in cells}
    losses = {key: of for key, of in losses.items() if len(of) > 2}
    common = sorted(set.intersection(*map(set, losses.values()))) if losses else []
    if len(common) < 3:
        return {}, common
    seeds = {key: set.intersection(*(set(of[alpha]) for alpha in common)) for key, of in losses.items()}
    return {key: {s: min(common, key=lambda a: of[a][s]) for s in sorted(seeds[key])}
            for key, of in losses.items() if seeds[key]}, common


def draw_best_alpha(sheet, runs):
    panel = sheet.panel("Alpha of the least final loss", "individuals", "alpha")
    best, alphas = best_alphas(runs.cells("train_steps", "population_individuals"))
    if not best:
        sheet.note("The best alpha needs three alphas that all populations and budgets have.")
        return
    for index, steps in enumerate(sorted({steps for steps, _ in best})):
        panel.points({n: list(of.values()) for (own, n), of in best.items() if own == steps}, f"{short(steps)} steps",
                     COLOURS[index % len(COLOURS)], bars=True, shift=5 * index)
    panel.log_x(sorted(set(runs["population_individuals"])))
    panel.axes.set_yticks(alphas)
    if len(alphas) < len(by_alpha(runs)):
        sheet.note(f"The best alpha is that of {', '.join(f'{a:g}' for a in alphas)}, which all populations and "
                   "budgets have.")


def best_of(runs):
    """The member of one family with the least mean final loss."""
    cells = [cell for cell in members(runs).values() if np.isfinite(final_loss(cell)).any()]
    return min(cells, key=lambda cell: np.nanmean(final_loss(cell))) if cells else None


def draw_families(sheet, study, names, variable="attribute_loss", unit="attribute loss (nats)"):
    """Best of each family against the population, at the budget with most families. Of one population, the seeds."""
    runs = default_people(of_family(study, *names))
    if not len(runs):
        raise SystemExit(f"{study.title}: no run of these kinds: {', '.join(names)}")
    arena = max(arenas(runs, "population_individuals"), key=lambda a: len({family(r) for r in a}))
    tables = {name: best_by_population(of_family(arena, name), variable) for name in names}
    for name in names:
        if not tables[name]:
            sheet.note(f"No finished run of kind: {name}.")
    people = sorted(set(arena["population_individuals"]))
    if len(people) == 1:
        kinds = {name: table[people[0]] for name, table in tables.items() if table}
        draw_kinds(sheet.panel(f"The best of each kind, {short(people[0])} individuals", f"final {unit}", ""), kinds)
        return
    panel = sheet.panel("The best of each kind", "individuals", f"final {unit}")
    for index, (name, table) in enumerate(tables.items()):
        panel.points(table, name, FAMILIES[name], shift=4 * index)
    panel.log_x(people)
    if variable == "attribute_accuracy":
        panel.axes.set_ylim(0, 1.03)


def best_by_population(runs, variable):
    """{individuals: final values of the seeds of the best member}"""
    best = {n: best_of(own) for (n,), own in runs.cells("population_individuals")}
    return {n: cell.final(variable, "known") for n, cell in best.items() if cell is not None}


def draw_kinds(panel, kinds):
    for index, (name, values) in enumerate(kinds.items()):
        panel.row(values, index, name, FAMILIES[name])
    panel.axes.set_yticks(range(len(kinds)), list(kinds), fontsize=7.5)
    panel.axes.set_ylim(len(kinds) - 0.5, -0.5)


def figure_4(study):
    runs = law_runs(study)
    budget = max(runs.cells("train_steps"), key=lambda cell: (len(cell[1]), cell[0]))[1]
    sheet = Sheet("Imbalanced populations, and warm-up", 2, 2)
    draw_alpha(sheet, budget)
    draw_best_alpha(sheet, runs)
    draw_families(sheet, study, ("uniform", "power law", "warm-up"))
    return sheet


def figure_g(study):
    runs = law_runs(study)
    budgets = runs.cells("train_steps")
    sheet = Sheet("Power laws: plateau and final loss by population and budget", len(budgets), 2, height=3.1)
    for _, own in budgets:
        draw_alpha(sheet, own)
    return sheet


def grid_of(runs, x, y, values):
    """Means on the grid of two functions of a run, and what is written where there is none: (x, y, (y, x), (y, x))."""
    columns, rows = (sorted({f(run) for run in runs}) for f in (x, y))
    cells = [[runs.pick([x(run) == u and y(run) == v for run in runs]) for u in columns] for v in rows]
    means = [[np.mean(values(cell)) if len(cell) else np.nan for cell in row] for row in cells]
    return columns, rows, np.array(means), [[lacking(cell, values) for cell in row] for row in cells]


def lacking(runs, values):
    """Why these runs have no mean, in words; nothing if there are no runs."""
    without = np.sum(~np.isfinite(values(runs))) if len(runs) else 0
    word = "not over" if runs.finished.all() else "unfinished"
    return "" if not without else word if without == len(runs) else f"{word}\nin {without} of {len(runs)}"


def draw_grid(panel, runs, x, y, values, unit, **how):
    *grid, why = grid_of(runs, x, y, values)
    panel.draw_heat(*grid, unit, why=why, **how)
    if (~np.isfinite(grid[-1]) & (np.array(why) == "")).any():
        panel.sheet.note("Blank cells: not run.")


def of_uniform(study, own, values):
    """The mean of the uniform runs at the population and budget of `own`, for a title; nothing without such runs."""
    twin = {name: own[name][0] for name in ("population_individuals", "train_steps")}
    flat = plain(study).where(**twin)
    found = values(flat.pick(flat.finished))
    if not len(found):
        return ""
    mean = np.mean(found)
    return ", uniform " + ("not over" if not np.isfinite(mean) else f"{mean:.0f}" if mean >= 100 else f"{mean:.3g}")


def celebrities_of(run):
    return run.settings["distribution_celebrities"]


def weight_of(run):
    return run.settings["distribution_celebrity_weight"]


def figure_h(study):
    runs = of_family(study, "celebrities")
    if not len(runs):
        raise SystemExit(f"{study.title}: no run with celebrities")
    arena = arenas(runs)[0]
    n = short(arena["population_individuals"][0])
    sheet = Sheet(f"Celebrities among {n} individuals", 1, 3)
    for title, values, unit in (("Final loss", final_loss, "nats"), ("End of the plateau", ends, "step")):
        panel = sheet.panel(title + of_uniform(study, arena, values), "celebrities", "weight of a celebrity",
                            name=title.lower().replace(" ", "_"))
        draw_grid(panel, arena, celebrities_of, weight_of, values, unit, mark_least="all")
    draw_families(sheet, study, ("uniform", "power law", "celebrities"))
    return sheet


def warm_ups(study):
    runs = of_family(study, "warm-up")
    if not len(runs):
        raise SystemExit(f"{study.title}: no run with a warm-up")
    return default_people(runs)


def subset_of(run):
    return run.settings["curriculum_individuals"]


def figure_i(study):
    cells = [arenas(own)[0] for _, own in warm_ups(study).cells("population_individuals")]
    sheet = Sheet("Warm-up: how many individuals, how long", -(-len(cells) // 3), min(3, len(cells)))
    for own in cells:
        n = short(own["population_individuals"][0])
        panel = sheet.panel(f"Final loss, {n} individuals{of_uniform(study, own, final_loss)}",
                            "length of the warm-up (steps)", "individuals of the warm-up", name=f"loss_{n}_individuals")
        draw_grid(panel, own, curriculum_steps, subset_of, final_loss, "nats", mark_least="all")
    return sheet


def figure_j(study):
    names = ("uniform", "power law", "celebrities", "warm-up")
    sheet = Sheet("The best of each kind, for every population", 1, 2)
    draw_families(sheet, study, names)
    draw_families(sheet, study, names, "attribute_accuracy", "attribute accuracy")
    return sheet


def figure_k(study):
    warm_ups(study)
    runs = default_people(of_family(study, "uniform", "warm-up", "power law"))
    budgets = runs.cells("train_steps")
    sheet = Sheet("Warm-up at other budgets", 1, len(budgets))
    for (steps,), own in budgets:
        panel = sheet.panel(f"{short(steps)} steps", "individuals", "final attribute loss (nats)")
        arena = arenas(own, "population_individuals")[0]
        for index, name in enumerate(("uniform", "power law", "warm-up")):
            best = {n: best_of(at) for (n,), at in of_family(arena, name).cells("population_individuals")}
            panel.points({n: final_loss(at) for n, at in best.items() if at is not None}, name, FAMILIES[name],
                         shift=4 * index)
        panel.log_x(sorted(set(arena["population_individuals"])))
    return sheet


def draw_counted(panel, runs, all_of_them, label, colour):
    """Accuracy counted over the largest population: nothing is known of those who were left out."""
    share = runs["population_individuals"][0] / all_of_them
    steps, *values, seeds = mean_curve(runs, "attribute_accuracy", "known")
    panel.line(steps, *(share * v for v in values), label, colour, seeds=seeds)


def figure_l(study):
    warm = warm_ups(study)
    n = max(warm["population_individuals"])
    best = best_of(arenas(warm.where(population_individuals=n))[0])
    if best is None:
        raise SystemExit(f"{study.title}: no finished run with a warm-up over {short(n)} individuals")
    flat = by_population(study.where(train_steps=best["train_steps"][0]))
    sheet = Sheet(f"Fewer individuals, or all of them after a warm-up: {short(n)} individuals", 1, 2)
    panel = sheet.panel("Known of all", "training step", f"accuracy counted over {short(n)}")
    fewer = [own for (count,), own in flat.cells("population_individuals") if count < n]
    fewer = max(fewer, default=None, key=lambda own: own["population_individuals"][0] / n *
                np.nanmean(own.final("attribute_accuracy", "known")))
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


def describe(runs):
    """What tells the member of a family apart, in a few words."""
    s, kind = runs.runs[0].settings, family(runs.runs[0])
    words = {"power law": lambda: f"alpha {s['distribution_alpha']:g}",
             "celebrities": lambda: f"{short(celebrities_of(runs.runs[0]))} × {weight_of(runs.runs[0]):g}",
             "warm-up": lambda: f"{short(s['curriculum_individuals'])}, {curriculum_steps(runs.runs[0]):g} steps",
             "adaptive warm-up": lambda: f"{short(s['curriculum_individuals'])} + {s['curriculum_steps']:g} steps",
             "growth": lambda: f"from {short(s['curriculum_individuals'])}, {curriculum_steps(runs.runs[0]):g} steps",
             "annealed": lambda: f"from {s['distribution_alpha']:g}, {curriculum_steps(runs.runs[0]):g} steps",
             "throw-away": lambda: f"{curriculum_steps(runs.runs[0]):g} steps",
             "mixed shards": lambda: s["distribution_shards"],
             "repeats in a batch": lambda: f"{s['distribution_repeats_in_batch']:g}",
             "repeats across steps": lambda: f"{s['distribution_repeats_across_steps']:g}"}
    return f"{kind} {words[kind]()}" if kind in words else kind


def kinds_of(runs):
    """Families among these runs, in the order of FAMILIES."""
    there = {family(run) for run in runs}
    return [name for name in FAMILIES if name in there]


def arenas_of_all_kinds(runs):
    """The arena with most kinds; and for those that it lacks, further ones."""
    chosen, left = [], set(kinds_of(runs))
    while left:
        chosen.append(max(arenas(runs), key=lambda a: (len(left & set(kinds_of(a))), "uniform" in kinds_of(a), len(a))))
        left -= set(kinds_of(chosen[-1]))
    return chosen


def draw_ways(sheet, arena, cells):
    """Final losses and plateaus of all members of all families, as rows of seeds."""
    where = f"{short(arena['population_individuals'][0])} individuals, {short(arena['train_steps'][0])} steps"
    losses, plateaus = (sheet.panel(title, unit, "", name="_".join([name, *where.replace(",", "").split()]))
                        for title, unit, name in ((f"Final loss, {where}", "attribute loss (nats)", "final_loss"),
                                                  ("End of the plateau", "step", "plateau_end")))
    for index, cell in enumerate(cells):
        colour = FAMILIES[family(cell.runs[0])]
        losses.row(final_loss(cell), index, describe(cell), colour)
        plateaus.row(ends(cell.pick(cell.finished)), index, describe(cell), colour, "not over")
        plateaus.mark_end(mean_end(cell), "end of the curriculum", INK, place=index)
    for panel, names in ((losses, list(map(describe, cells))), (plateaus, [""] * len(cells))):
        panel.axes.set_yticks(range(len(cells)), names, fontsize=7.5)
        panel.axes.set_ylim(len(cells) - 0.4, -0.6)
    if "uniform" not in kinds_of(arena):
        sheet.note(f"No uniform run of {where}.")


def figure_questions(study):
    """All kinds of runs, each at the population and budget at which most of them are."""
    runs = of_family(default_people(study), *FAMILIES)
    if not len(runs):
        raise SystemExit(f"{study.title}: no run on biographies from random weights")
    chosen = arenas_of_all_kinds(runs)
    rows = [[cell for kind in kinds_of(a) for cell in members(of_family(a, kind)).values()] for a in chosen]
    sheet = Sheet("Ways to show people", len(chosen), 2, width=5.4, height=[0.24 * len(cells) + 1 for cells in rows])
    for arena, cells in zip(chosen, rows):
        draw_ways(sheet, arena, cells)
    return sheet
