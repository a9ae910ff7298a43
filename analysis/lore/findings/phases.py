"""Findings of figures 2, 3 F, 5 M, A and C: phases, plateau, attention, hallucination, robustness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from lore.findings.finding import Decision, Theme, accuracy_by_seed, need
from lore.selections.families import plain
from lore.selections.phases import ATTENTION_TO_NAME, AXES, axis_runs, by_population, name_layer
from lore.statistics import (FAILS, HOLDS, OPEN, Interval, PowerLaw, Verdict, above, below, every, fit_power_law,
                             interval, mean_of, paired, slopes_by_seed, time_to)
from lore.study import Floats, Run, Study
from lore.words import short

THEME = Theme()


class Speeds(NamedTuple):
    """How many times as fast as on the plateau the loss falls before it and after it."""
    before: float
    after: float


def speeds(run: Run) -> Speeds | None:
    """None if the run did not learn enough.

    Before: from step 0 to the plateau's start. After: from its end until half of the rest that is
    learnt by the end of training. Enough: a final loss of at most 80 % of the baseline.
    """
    start, end = run.scalar("plateau_start"), run.scalar("plateau_end")
    steps, loss = run.curve("attribute_loss", "known")
    if not run.finished or not end > start or loss[-1] > 0.8 * run.scalars["no_knowledge_baseline"]:
        return None
    at_start, at_end = (run.at(step, "attribute_loss", "known") for step in (start, end))
    half = float((at_end + loss[-1]) / 2)
    later = steps > end
    reached = time_to(np.append(end, steps[later]), np.append(at_end, loss[later]), half, rising=False)
    before, after = (loss[0] - at_start) / max(start, 1), (at_end - half) / (reached - end)
    on = (at_start - at_end) / (end - start)
    return Speeds(before / on, after / on)


def all_speeds(runs: Iterable[Run]) -> list[Speeds]:
    """Of the runs that learnt enough."""
    return [pair for pair in map(speeds, runs) if pair]


@THEME.finding("Three phases: statistics, plateau, knowledge", "in all runs; 64k: plateau from a few hundred to about "
               "3k steps", "2")
def three_phases(study: Study) -> Decision:
    """How many times as fast as on the plateau the loss falls before and after it (speeds), geometric means over
    seeds, for the largest population of which two seeds learnt enough. Holds if both are at least 2 and their 95 %
    intervals above 1; not if one interval is below 2."""
    runs = by_population(study)
    need(len(runs), "no uniform run from random weights")
    known = {n: all_speeds(own) for n, own in runs.by_number("population_individuals")}
    logs = {n: np.log(rows) for n, rows in known.items() if len(rows) > 1}
    need(logs, "no population of which two finished runs learnt enough")
    texts, largest = [], logs[max(logs)]
    for n, rows in logs.items():
        texts.append(f"{np.exp(rows[:, 1].mean()):.2g} (N = {short(n)})")
    before, after = (interval(rows) for rows in largest.T)
    text = (f"loss falls {ratio_text(before)} times as fast before the plateau and {ratio_text(after)} times after it; "
            f"N = {short(max(logs))}; after it by population: {', '.join(texts)}")
    return text, every(fast_enough(before), fast_enough(after))


def fast_enough(i: Interval) -> Verdict:
    """Of an interval of logarithms of speeds: are they above 1, and twice as fast in the mean?"""
    return FAILS if i.high < np.log(2) else HOLDS if i.low > 0 and i.mean >= np.log(2) else OPEN


def ratio_text(i: Interval, of: str = "seeds") -> str:
    """Of an interval of logarithms."""
    return f"{np.exp(i.mean):.3g} [{np.exp(i.low):.3g}, {np.exp(i.high):.3g}] ({i.count} {of})"


def populations(runs: Study) -> str:
    sizes = sorted(set(runs.numbers("population_individuals")))
    return f"N = {short(sizes[0])}" + (f" to {short(sizes[-1])}" if len(sizes) > 1 else "")


class PlateauFit(NamedTuple):
    """The law of plateau ends, the fewest seeds of any population, the least R² without any one seed, and all in words."""
    law: PowerLaw
    seeds: int
    least: float
    text: str


def plateau_fit(study: Study) -> PlateauFit:
    runs = by_population(study)
    need(len(runs), "no uniform run from random weights")
    runs = runs.pick(runs.finished)
    cells = {n: own.scalar("plateau_end") for n, own in runs.by_number("population_individuals")}
    ended = {n: v for n, v in cells.items() if np.isfinite(v).all()}
    tighter = {n: np.array([empirical_end(run) for run in own]) for n, own in runs.by_number("population_individuals")}
    need(len(ended) >= 4, f"{len(ended)} populations whose plateaus ended in all runs; it needs 4")
    fit = fit_power_law(ended)
    assert fit, "of four populations there is one"
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
    return PlateauFit(fit, seeds, least, text)


def local_exponents(ended: Mapping[float, Floats]) -> str:
    """The law's exponent from each population to the next."""
    sizes = sorted(ended)
    ends = [np.log(ended[n]).mean() for n in sizes]
    return "from one population to the next " + ", ".join(
        f"{(ends[i + 1] - ends[i]) / np.log(sizes[i + 1] / sizes[i]):.2f}" for i in range(len(sizes) - 1))


def least_r_squared(runs: Study, ended: Mapping[float, Floats]) -> float:
    """The least R² of the fits that leave one seed out: does the law hang on one of them?"""
    fits = []
    for seed in sorted(set(runs.numbers("seed"))):
        others = runs.pick(runs.seeds != seed)
        cells = {n: own.scalar("plateau_end") for n, own in others.by_number("population_individuals") if n in ended}
        fits.append(fit_power_law(cells))
    return min((fit.r_squared for fit in fits if fit), default=np.nan)


def empirical_end(run: Run) -> float:
    """Where the plateau ends by the tighter baseline, which knows how often each value occurs among these individuals."""
    steps, loss = run.curve("attribute_loss", "known")
    level = run.scalar("empirical_baseline") * (1 - run.number("evaluate_plateau_margin", 0.05))
    below_it = loss < level
    if not below_it[1:].any():
        return np.nan
    at = int(np.argmax(below_it))
    return float(np.interp(-level, -loss[at - 1:at + 1], steps[at - 1:at + 1]))


@THEME.finding("Plateau end is a power law in N", "0.43 N^0.81, R² 0.998", "2")
def plateau_power_law(study: Study) -> Decision:
    """At least 4 populations with 2 seeds each. Holds if R² in logarithms is at least 0.98, also without any one seed, and
    the interval of the exponent is above 0; not if R² is below 0.9, or below 0.98 with means that miss the law by more
    than seeds explain (F test of lack of fit, 5 %), or if the interval is below 0."""
    fit, seeds, least, text = plateau_fit(study)
    if seeds < 2:
        return text, OPEN
    if fit.r_squared < 0.9 or (fit.r_squared < 0.98 and fit.chance < 0.05) or fit.high < 0:
        return text, FAILS
    return text, HOLDS if least >= 0.98 and fit.low > 0 else OPEN


@THEME.finding("... with an exponent of 0.81", "0.81", "2")
def plateau_exponent(study: Study) -> Decision:
    """At least 4 populations with 2 seeds each. Holds if the 95 % interval of the exponent is within 0.71 to 0.91,
    a tenth to either side; not if it does not meet 0.79 to 0.83 (0.02 is what rounding and the spacing of
    evaluations may do)."""
    fit, seeds, _, text = plateau_fit(study)
    if seeds < 2:
        return text, OPEN
    if fit.low > 0.83 or fit.high < 0.79:
        return text, FAILS
    return text, HOLDS if fit.low >= 0.71 and fit.high <= 0.91 else OPEN


@THEME.finding("Attention from the attribute to the name rises on the plateau", "low in phase 1, rises through the "
               "plateau", "3, F")
def attention_rises(study: Study) -> Decision:
    """Of the layer that has most in the end: rise from plateau start to end, and that minus the rise before it.
    Holds if both 95 % intervals over seeds are above 0; not if one is below. Largest population that has it."""
    rises, differences = [], []
    runs = by_population(study)
    cells = [own for _, own in runs.cells("population_individuals") if np.isfinite(own.scalar("plateau_end")).all()]
    need(cells and cells[-1].layers, "no runs with attention whose plateau ended")
    for run in cells[-1]:
        layer = name_layer(run)
        begin, start, end = (run.at(step, ATTENTION_TO_NAME, layer=layer) for step in
                             (0, run.scalars["plateau_start"], run.scalars["plateau_end"]))
        rises.append(end - start)
        differences.append(rises[-1] - (start - begin))
    rise, more = interval(rises), interval(differences)
    return (f"rise on the plateau {rise.text()}; minus the rise before {more.text()}; {populations(cells[-1])}",
            every(above(rise), above(more)))


def ended_with_held_out(study: Study) -> Study:
    """Runs with held-out individuals, of the populations whose plateaus ended in all seeds."""
    runs = by_population(study).having("attribute_loss", "held_out")
    cells = runs.by_number("population_individuals")
    ended = [n for n, own in cells if np.isfinite(own.scalar("plateau_end")).all()]
    need(ended, "no runs with held-out individuals whose plateau ended")
    return runs.where(population_individuals=tuple(ended))


def over_seeds(runs: Study, values: Floats) -> Interval:
    """Interval over seeds of the means over populations of the values (run); seeds that miss a population are left out."""
    own = [values[runs.seeds == seed] for seed in sorted(set(runs.numbers("seed")))]
    most = max(map(len, own))
    return interval([v.mean() for v in own if len(v) == most])


@THEME.finding("Held-out loss rises above the baseline once knowledge appears", "rises as soon as knowledge appears",
               "5, M")
def hallucination(study: Study) -> Decision:
    """Final held-out loss minus baseline, mean over populations: 95 % interval over seeds above 0; and the loss at
    the plateau's end is nearer to the baseline than the final one. Not, if an interval is below 0."""
    runs = ended_with_held_out(study)
    final = runs.final("attribute_loss", "held_out")
    at_end = np.array([run.at(run.scalars["plateau_end"], "attribute_loss", "held_out") for run in runs])
    over, grown = over_seeds(runs, final - runs.scalar("no_knowledge_baseline")), over_seeds(runs, final - at_end)
    text = f"{over.text()} nats above; {grown.text()} since the plateau's end; {populations(runs)}"
    return text, every(above(over), above(grown))


@THEME.finding("Confidence on held-out people is lower than on known ones", "lower", "5, M")
def confidence(study: Study) -> Decision:
    """Final probability of the most likely token, known minus held-out, mean over populations: 95 % interval over
    seeds above 0 (and of the entropy below 0) holds; on the other side does not."""
    runs = ended_with_held_out(study)
    sure, entropy = (over_seeds(runs, runs.final(name, "known") - runs.final(name, "held_out"))
                     for name in ("max_probability", "entropy"))
    return (f"probability {sure.text()} higher, entropy {entropy.text()} nats; {populations(runs)}",
            every(above(sure), below(entropy)))


@THEME.finding("A random order of sentences is crucial", "crucial", "A")
def sentence_order(study: Study) -> Decision:
    """Final accuracy, random minus fixed order, with the most templates: 95 % interval over seeds above
    0.1 holds, below 0.1 does not."""
    runs = plain(study)
    runs = runs.where(population_templates=max(runs.numbers("population_templates"), default=0))
    need(len(set(runs.values("population_sentence_order"))) > 1, "no runs with both orders of sentences")
    own = runs.along("population_sentence_order")[0]
    random, fixed = (accuracy_by_seed(own.where(population_sentence_order=o)) for o in ("random", "fixed"))
    i = interval(paired(random, fixed))
    return (f"accuracy {mean_of(random.values()):.3f} against {mean_of(fixed.values()):.3f}; difference {i.text()}",
            above(i, 0.1))


@THEME.finding("More templates per individual, more knowledge", "1, 2, 4, 8, 16 compared", "A")
def templates(study: Study) -> Decision:
    """Slope of final accuracy against log2 of the templates (random order), one per seed: 95 % interval
    above 0 holds, below 0 does not."""
    runs = plain(study).where(population_sentence_order="random")
    need(len(set(runs.numbers("population_templates"))) > 1, "only one number of templates")
    own = runs.along("population_templates")[0]
    table = {float(np.log2(t)): accuracy_by_seed(at) for t, at in own.by_number("population_templates")}
    i = interval(slopes_by_seed(table))
    return f"accuracy changes by {i.text()} with each doubling", above(i)


class Axis(NamedTuple):
    """Of the values of one hyperparameter: {a run's name: logarithm of the lesser speed}; the values `without` a plateau,
    and those of which too `few` runs (none) learnt enough."""
    slowest: dict[str, float]
    without: list[str]
    few: list[str]


def speeds_along(title: str, names: tuple[str, ...], own: Study) -> Axis:
    axis = Axis({}, [], [])
    for values, cell in own.cells(*names):
        label = f"{title.lower()} {values[0] if isinstance(values[0], str) else short(values[0])}"
        ratios = all_speeds(cell)
        if not ratios:
            axis.few.append(label)
            continue
        slowest = float(np.log(ratios).mean(axis=0).min())
        axis.slowest[min(run.name for run in cell)] = slowest
        if slowest <= 0:
            axis.without.append(label)
    return axis


@THEME.finding("Phases are robust to hyperparameters", "learning rate, weight decay, batch, size, attention or RG-LRU", "C")
def robust(study: Study) -> Decision:
    """Every setting of at least three hyperparameters that differ alone, seeds averaged: how many times as fast as on
    the plateau the loss falls before it or after it (speeds), whichever is less. Decided as the three phases are, by the
    interval over settings instead of seeds, and holds only if each of them is above 1. Settings of which no run learnt
    enough leave it open."""
    tried: list[str] = []
    all_axes = Axis({}, [], [])
    for title, names in AXES:
        own = axis_runs(study, names)
        if title == "Individuals" or len(own.cells(*names)) < 2:
            continue
        tried.append(title.lower())
        axis = speeds_along(title, names, own)
        all_axes.slowest.update(axis.slowest)
        all_axes.without.extend(axis.without)
        all_axes.few.extend(axis.few)
    need(tried, "no hyperparameter is varied")
    i = interval(all_axes.slowest.values())
    text = (f"varied: {', '.join(tried)}; loss falls {ratio_text(i, 'settings')} times as fast off the plateau" +
            (f"; without: {', '.join(all_axes.without)}" if all_axes.without else "") +
            (f"; not learnt enough: {', '.join(all_axes.few)}" if all_axes.few else ""))
    verdict = fast_enough(i)
    return text, verdict if verdict != HOLDS or (len(tried) > 2 and not all_axes.without + all_axes.few) else OPEN
