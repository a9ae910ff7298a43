"""Findings of figures 2, 3 F, 5 M, A and C: phases, plateau, attention, hallucination, robustness."""

import numpy as np

from figures_phases import AXES, axis_runs, by_population
from figures_sequential import time_to
from findings_table import final_accuracy, finding, mean_of, need
from lore_sheet import short
from lore_statistics import FAILS, HOLDS, OPEN, above, below, every, fit_power_law, interval, slopes_by_seed
from lore_study import plain


def speeds(run):
    """How many times as fast as on the plateau the loss falls (before it, after it); None if it did not learn enough.

    Before: from step 0 to the plateau's start. After: from its end until half of the rest that is
    learnt by the end of training. Enough: a final loss of at most 80 % of the baseline.
    """
    start, end = (run.scalars.get(name, np.nan) for name in ("plateau_start", "plateau_end"))
    steps, loss = run.curve("attribute_loss", "known")
    if not run.finished or not end > start or loss[-1] > 0.8 * run.scalars["no_knowledge_baseline"]:
        return None
    at_start, at_end = (run.at(step, "attribute_loss", "known") for step in (start, end))
    half = (at_end + loss[-1]) / 2
    later = steps > end
    reached = time_to(np.append(end, steps[later]), np.append(at_end, loss[later]), half, rising=False)
    before, after = (loss[0] - at_start) / max(start, 1), (at_end - half) / (reached - end)
    on = (at_start - at_end) / (end - start)
    return before / on, after / on


@finding("Three phases: statistics, plateau, knowledge", "in all runs; 64k: plateau from a few hundred to about "
         "3k steps", "2")
def three_phases(study):
    """How many times as fast as on the plateau the loss falls before and after it (speeds), geometric means over
    seeds, for the largest population of which two seeds learnt enough. Holds if both are at least 2 and their 95 %
    intervals above 1; not if one interval is below 2."""
    runs = by_population(study)
    need(len(runs), "no uniform run from random weights")
    known = {n: [ratios for ratios in map(speeds, own) if ratios] for (n,), own in runs.cells("population_individuals")}
    known = {n: np.log(rows) for n, rows in known.items() if len(rows) > 1}
    need(known, "no population of which two finished runs learnt enough")
    texts, largest = [], known[max(known)]
    for n, rows in known.items():
        texts.append(f"{np.exp(rows[:, 1].mean()):.2g} (N = {short(n)})")
    before, after = (interval(rows) for rows in largest.T)
    text = (f"loss falls {ratio_text(before)} times as fast before the plateau and {ratio_text(after)} times after it; "
            f"N = {short(max(known))}; after it by population: {', '.join(texts)}")
    return text, every(fast_enough(before), fast_enough(after))


def fast_enough(i):
    """Of an interval of logarithms of speeds: are they above 1, and twice as fast in the mean?"""
    return FAILS if i.high < np.log(2) else HOLDS if i.low > 0 and i.mean >= np.log(2) else OPEN


def ratio_text(i, of="seeds"):
    """Of an interval of logarithms."""
    return f"{np.exp(i.mean):.3g} [{np.exp(i.low):.3g}, {np.exp(i.high):.3g}] ({i.count} {of})"


def populations(runs):
    sizes = sorted(set(runs["population_individuals"]))
    return f"N = {short(sizes[0])}" + (f" to {short(sizes[-1])}" if len(sizes) > 1 else "")


def plateau_fit(study):
    runs = by_population(study)
    need(len(runs), "no uniform run from random weights")
    runs = runs.pick(runs.finished)
    cells = {n: own.scalar("plateau_end") for (n,), own in runs.cells("population_individuals")}
    ended = {n: v for n, v in cells.items() if np.isfinite(v).all()}
    tighter = {n: np.array([empirical_end(run) for run in own]) for (n,), own in runs.cells("population_individuals")}
    need(len(ended) >= 4, f"{len(ended)} populations whose plateaus ended in all runs; it needs 4")
    fit = fit_power_law(ended)
    seeds = min(len(v) for v in ended.values())
    left = f"; left out, as not over: {', '.join(short(n) for n in cells if n not in ended)}" \
        if len(ended) < len(cells) else ""
    text = (f"{fit.factor:.2g} N^{fit.exponent:.3f}, 95 % interval of the exponent [{fit.low:.3f}, {fit.high:.3f}], "
            f"R² {fit.r_squared:.4f}; {fit.points} populations, {seeds} seeds{left}")
    least = min(fit.r_squared, least_r_squared(runs, ended))
    text += f"; without any one seed R² at least {least:.4f}; lack of fit p = {fit.chance:.2g}, {local_exponents(ended)}"
    second = fit_power_law({n: v for n, v in tighter.items() if n in ended and np.isfinite(v).all()})
    if second:
        text += (f"; below the empirical baseline: {second.factor:.2g} N^{second.exponent:.3f} [{second.low:.3f}, "
                 f"{second.high:.3f}], R² {second.r_squared:.4f}, {second.points} populations")
    return fit, seeds, least, text


def local_exponents(ended):
    """The law's exponent from each population to the next."""
    sizes = sorted(ended)
    ends = [np.log(ended[n]).mean() for n in sizes]
    return "from one population to the next " + ", ".join(
        f"{(ends[i + 1] - ends[i]) / np.log(sizes[i + 1] / sizes[i]):.2f}" for i in range(len(sizes) - 1))


def least_r_squared(runs, ended):
    """The least R² of the fits that leave one seed out: does the law hang on one of them?"""
    fits = []
    for seed in sorted(set(runs.seeds)):
        others = runs.pick(runs.seeds != seed)
        cells = {n: own.scalar("plateau_end") for (n,), own in others.cells("population_individuals") if n in ended}
        fits.append(fit_power_law(cells))
    return min((fit.r_squared for fit in fits if fit), default=np.nan)


def empirical_end(run):
    """Where the plateau ends by the tighter baseline, which knows how often each value occurs among these people."""
    steps, loss = run.curve("attribute_loss", "known")
    margin = run.settings.get("evaluate_plateau_margin", 0.05)
    below_it = loss < run.scalars.get("empirical_baseline", np.nan) * (1 - margin)
    if not below_it[1:].any():
        return np.nan
    level, at = run.scalars["empirical_baseline"] * (1 - margin), int(np.argmax(below_it))
    return float(np.interp(-level, -loss[at - 1:at + 1], steps[at - 1:at + 1]))


@finding("Plateau end is a power law in N", "0.43 N^0.81, R² 0.998", "2")
def plateau_power_law(study):
    """At least 4 populations with 2 seeds each. Holds if R² in logarithms is at least 0.98, also without any one seed, and
    the interval of the exponent is above 0; not if R² is below 0.9, or below 0.98 with means that miss the law by more
    than seeds explain (F test of lack of fit, 5 %), or if the interval is below 0."""
    fit, seeds, least, text = plateau_fit(study)
    if seeds < 2:
        return text, OPEN
    if fit.r_squared < 0.9 or (fit.r_squared < 0.98 and fit.chance < 0.05) or fit.high < 0:
        return text, FAILS
    return text, HOLDS if least >= 0.98 and fit.low > 0 else OPEN


@finding("... with an exponent of 0.81", "0.81", "2")
def plateau_exponent(study):
    """At least 4 populations with 2 seeds each. Holds if the 95 % interval of the exponent is within 0.71 to 0.91,
    a tenth to either side; not if it does not meet 0.79 to 0.83 (0.02 is what rounding and the spacing of
    evaluations may do)."""
    fit, seeds, _, text = plateau_fit(study)
    if seeds < 2:
        return text, OPEN
    if fit.low > 0.83 or fit.high < 0.79:
        return text, FAILS
    return text, HOLDS if fit.low >= 0.71 and fit.high <= 0.91 else OPEN


@finding("Attention from the attribute to the name rises on the plateau", "low in phase 1, rises through the "
         "plateau", "3, F")
def attention_rises(study):
    """Of the layer that has most in the end: rise from plateau start to end, and that minus the rise before it.
    Holds if both 95 % intervals over seeds are above 0; not if one is below. Largest population that has it."""
    rises, more = [], []
    runs = by_population(study)
    cells = [own for _, own in runs.cells("population_individuals") if np.isfinite(own.scalar("plateau_end")).all()]
    need(cells and cells[-1].layers, "no runs with attention whose plateau ended")
    for run in cells[-1]:
        name = "attention_attribute_to_name"
        layer = max(run.layers, key=lambda one: run.at(run.steps[-1], name, layer=one))
        points = [run.at(step, name, layer=layer) for step in
                  (0, run.scalars["plateau_start"], run.scalars["plateau_end"])]
        rises.append(points[2] - points[1])
        more.append(rises[-1] - (points[1] - points[0]))
    rise, more = interval(rises), interval(more)
    return (f"rise on the plateau {rise.text()}; minus the rise before {more.text()}; {populations(cells[-1])}",
            every(above(rise), above(more)))


def people_ends(study):
    """Runs with held-out people, of the populations whose plateaus ended in all seeds."""
    runs = by_population(study).having("attribute_loss", "held_out")
    cells = runs.cells("population_individuals")
    ended = [n for (n,), own in cells if np.isfinite(own.scalar("plateau_end")).all()]
    need(ended, "no runs with held-out individuals whose plateau ended")
    return runs.where(population_individuals=tuple(ended))


def over_seeds(runs, values):
    """Interval over seeds of the values' means over populations; seeds that miss a population are left out."""
    own = [values[runs.seeds == seed] for seed in sorted(set(runs.seeds))]
    most = max(map(len, own))
    return interval([v.mean() for v in own if len(v) == most])


@finding("Held-out loss rises above the baseline once knowledge appears", "rises as soon as knowledge appears",
         "5, M")
def hallucination(study):
    """Final held-out loss minus baseline, mean over populations: 95 % interval over seeds above 0; and the loss at
    the plateau's end is nearer to the baseline than the final one. Not, if an interval is below 0."""
    runs = people_ends(study)
    final = runs.final("attribute_loss", "held_out")
    at_end = np.array([run.at(run.scalars["plateau_end"], "attribute_loss", "held_out") for run in runs])
    over, grown = over_seeds(runs, final - runs.scalar("no_knowledge_baseline")), over_seeds(runs, final - at_end)
    text = f"{over.text()} nats above; {grown.text()} since the plateau's end; {populations(runs)}"
    return text, every(above(over), above(grown))


@finding("Confidence on held-out people is lower than on known ones", "lower", "5, M")
def confidence(study):
    """Final probability of the most likely token, known minus held-out, mean over populations: 95 % interval over
    seeds above 0 (and of the entropy below 0) holds; on the other side does not."""
    runs = people_ends(study)
    sure, entropy = (over_seeds(runs, runs.final(name, "known") - runs.final(name, "held_out"))
                     for name in ("max_probability", "entropy"))
    return (f"probability {sure.text()} higher, entropy {entropy.text()} nats; {populations(runs)}",
            every(above(sure), below(entropy)))


@finding("A random order of sentences is crucial", "crucial", "A")
def sentence_order(study):
    """Final accuracy, random minus fixed order, with the most templates: 95 % interval over seeds above
    0.1 holds, below 0.1 does not."""
    runs = plain(study)
    most = max(runs["population_templates"], default=0)
    runs = runs.where(population_templates=most)
    need(len(set(runs["population_sentence_order"])) > 1, "no runs with both orders of sentences")
    own = runs.along("population_sentence_order")[0]
    random, fixed = (own.where(population_sentence_order=o) for o in ("random", "fixed"))
    i = interval(differences(final_accuracy(random), final_accuracy(fixed)))
    return (f"accuracy {mean_of(final_accuracy(random).values()):.3f} against "
            f"{mean_of(final_accuracy(fixed).values()):.3f}; difference {i.text()}", above(i, 0.1))


def differences(first, second):
    return [first[s] - second[s] for s in sorted(set(first) & set(second))]


@finding("More templates per individual, more knowledge", "1, 2, 4, 8, 16 compared", "A")
def templates(study):
    """Slope of final accuracy against log2 of the templates (random order), one per seed: 95 % interval
    above 0 holds, below 0 does not."""
    runs = plain(study).where(population_sentence_order="random")
    need(len(set(runs["population_templates"])) > 1, "only one number of templates")
    own = runs.along("population_templates")[0]
    table = {np.log2(t): final_accuracy(at) for (t,), at in own.cells("population_templates")}
    i = interval(slopes_by_seed(table))
    return f"accuracy changes by {i.text()} with each doubling", above(i)


@finding("Phases are robust to hyperparameters", "learning rate, weight decay, batch, size, attention or RG-LRU", "C")
def robust(study):
    """Every setting of at least three hyperparameters that differ alone, seeds averaged: how many times as fast as on
    the plateau the loss falls before it or after it (speeds), whichever is less. Decided as the three phases are, by the
    interval over settings instead of seeds, and holds only if each of them is above 1. Settings of which no run learnt
    enough leave it open."""
    tried, without, few, settings = [], [], [], {}
    for title, names in AXES:
        own = axis_runs(study, names)
        cells = own.cells(*names)
        if title == "Individuals" or len(cells) < 2:
            continue
        tried.append(title.lower())
        for values, cell in cells:
            ratios = [pair for pair in map(speeds, cell) if pair]
            label = f"{title.lower()} {values[0] if isinstance(values[0], str) else short(values[0])}"
            if not ratios:
                few.append(label)
                continue
            settings[min(run.name for run in cell)] = np.log(ratios).mean(axis=0).min()
            if settings[min(run.name for run in cell)] <= 0:
                without.append(label)
    need(tried, "no hyperparameter is varied")
    i = interval(list(settings.values()))
    text = (f"varied: {', '.join(tried)}; loss falls {ratio_text(i, 'settings')} times as fast off the plateau" +
            (f"; without: {', '.join(without)}" if without else "") +
            (f"; not learnt enough: {', '.join(few)}" if few else ""))
    verdict = fast_enough(i)
    return text, verdict if verdict != HOLDS or (len(tried) > 2 and not without + few) else OPEN
