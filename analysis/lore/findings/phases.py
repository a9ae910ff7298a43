"""Findings of figures 2, 3 F, 5 M, A and C: phases, plateau, attention, hallucination, robustness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lore.findings.finding import Decision, Theme, accuracy_by_seed, need, need_learnt
from lore.selections.families import plain
from lore.selections.phases import ATTENTION_TO_NAME, AXES, axis_runs, by_population, name_layer
from lore.statistics import (FAILS, HOLDS, OPEN, BySeed, Interval, Judged, PowerLaw, above, below, curvatures_by_seed, every,
                             fit_power_law, interval, mean_of, paired, pooled, shared_seeds, slopes_by_seed, time_to, within)
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


def log_speeds(runs: Iterable[Run]) -> dict[int, Floats]:
    """{seed: logarithms of (before, after)} of the runs that learnt enough."""
    own: dict[int, list[Speeds]] = {}
    for run in runs:
        pair = speeds(run)
        if pair:
            own.setdefault(int(run.number("seed")), []).append(pair)
    return {seed: np.log(pairs).mean(axis=0) for seed, pairs in own.items()}


@THEME.finding("Three phases: statistics, plateau, knowledge", "in all runs; 64k: plateau from a few hundred to about "
               "3k steps", "2", changed="2026-11-23")
def three_phases(study: Study) -> Decision:
    """Population runs; the largest population of which two seeds have speeds (both as defined above). For each seed the
    logarithms of its two speeds, before and after. Holds if both means over seeds are at least ln 2 (twice as fast as on
    the plateau) and both 95 % intervals above 0; not if one interval is below ln 2. p: of the test against 0 where it
    holds, against ln 2 where it does not. That the interval need be above 1 only, not 2, was chosen after runs of width
    64 had been seen."""
    runs = by_population(study)
    need(len(runs), "no uniform run from random weights")
    known = {n: log_speeds(own) for n, own in runs.by_number("population_individuals")}
    logs = {n: np.array(list(rows.values())) for n, rows in known.items() if len(rows) > 1}
    need_learnt(logs, "no population of which two finished runs learnt enough")
    texts, largest = [], logs[max(logs)]
    for n, rows in logs.items():
        texts.append(f"{np.exp(rows[:, 1].mean()):.2g} (N = {short(n)})")
    before, after = (interval(rows) for rows in largest.T)
    text = (f"loss falls {ratio_text(before)} times as fast before the plateau and {ratio_text(after)} times after it; "
            f"N = {short(max(logs))}; after it by population: {', '.join(texts)}")
    return text, every(fast_enough(before), fast_enough(after))


def fast_enough(i: Interval) -> Judged:
    """Of an interval of logarithms of speeds: are they above 1, and twice as fast in the mean?"""
    if i.high < np.log(2):
        return Judged(FAILS, i.p(float(np.log(2))), (i,))
    return Judged(HOLDS if i.low > 0 and i.mean >= np.log(2) else OPEN, i.p(0), (i,))


def ratio_text(i: Interval) -> str:
    """Of an interval of logarithms."""
    return f"{np.exp(i.mean):.3g} [{np.exp(i.low):.3g}, {np.exp(i.high):.3g}] ({i.count} seeds)"


def populations(runs: Study) -> str:
    sizes = sorted(set(runs.numbers("population_individuals")))
    return f"N = {short(sizes[0])}" + (f" to {short(sizes[-1])}" if len(sizes) > 1 else "")


class PlateauFit(NamedTuple):
    """The law of plateau ends, each seed's own exponent with the interval over seeds, the least R² without any one seed,
    and all in words."""
    law: PowerLaw
    exponent: Interval
    least: float
    text: str

    @property
    def misses(self) -> bool:
        """Do the means miss a power law, by more than seeds explain?"""
        return self.law.r_squared < 0.98 and self.law.chance < 0.05


def plateau_fit(study: Study) -> PlateauFit:
    runs = by_population(study)
    need(len(runs), "no uniform run from random weights")
    runs = runs.pick(runs.finished)
    cells = {n: own.scalar("plateau_end") for n, own in runs.by_number("population_individuals")}
    ended = {n: v for n, v in cells.items() if np.isfinite(v).all()}
    need(len(cells) >= 4, f"{len(cells)} populations with finished runs; it needs 4")
    need_learnt(len(ended) >= 4, f"{len(ended)} populations whose plateaus ended in all runs; it needs 4")
    fit = fit_power_law(ended)
    assert fit, "of four populations there is one"
    table = logs_by_seed(runs, ended)
    exponent, bend = interval(slopes_by_seed(table)), interval(curvatures_by_seed(table))
    left = f"; left out, as not over: {', '.join(short(n) for n in cells if n not in ended)}" \
        if len(ended) < len(cells) else ""
    least = min(fit.r_squared, least_r_squared(runs, ended))
    text = (f"{fit.factor:.2g} N^{fit.exponent:.3f}; exponent of each seed {exponent.text()}; {fit.points} populations{left}; "
            f"R² {fit.r_squared:.4f} of the means, without any one seed at least {least:.4f}, of the runs "
            f"{r_squared_of_runs(ended):.4f}; lack of fit p = {fit.chance:.2g}, {local_exponents(ended)}, curvature "
            f"{bend.text()} per ln²")
    lower = {n: np.array([empirical_end(run) for run in own]) for n, own in runs.by_number("population_individuals")
             if n in ended}
    lower = {n: v for n, v in lower.items() if np.isfinite(v).all()}
    if len(lower) > 2:
        text += (f"; below the empirical baseline: exponent {interval(slopes_by_seed(logs_by_seed(runs, lower))).text()}, "
                 f"{len(lower)} populations")
    return PlateauFit(fit, exponent, least, text)


def logs_by_seed(runs: Study, cells: Mapping[float, Floats]) -> dict[float, BySeed]:
    """{N: a step of each run of it} -> {ln N: {seed: ln of the step}}"""
    own = dict(runs.by_number("population_individuals"))
    return {float(np.log(n)): own[n].by_seed(np.log(steps)) for n, steps in cells.items()}


def r_squared_of_runs(ended: Mapping[float, Floats]) -> float:
    """Of the line through all runs, in logarithms."""
    x = np.concatenate([np.full(len(v), np.log(n)) for n, v in ended.items()])
    return float(np.corrcoef(x, np.log(np.concatenate(list(ended.values()))))[0, 1] ** 2)


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
    return time_to(steps, loss, level, rising=False)


@THEME.finding("Plateau end is a power law in N", "0.43 N^0.81, R² 0.998", "2", changed="2026-11-29")
def plateau_power_law(study: Study) -> Decision:
    """Population runs that are finished, of the populations (at least 4) whose plateau_end is there in all of them. Each
    seed's own exponent: least-squares slope of ln plateau_end over ln N, of the seeds that have all these populations (at
    least 2). R² is that of the means over runs of ln plateau_end at each N. Lack of fit: F test of the line through all
    runs, with (populations - 2) and (runs - populations) degrees of freedom. Holds if R² is at least 0.98, also if any
    one seed is left out, and the 95 % interval of the exponents over seeds is above 0; not if R² is below 0.98 and lack
    of fit has p below 5 %, or if the interval is below 0. p: of lack of fit if it decides, otherwise of exponents against
    0. Beside it: curvature, each seed's factor of (ln N)² in the parabola through its ln plateau_end."""
    fit = plateau_fit(study)
    slope = above(fit.exponent)
    if fit.exponent.count < 2:
        return fit.text, slope.left_open()
    if fit.misses:
        return fit.text, Judged(FAILS, fit.law.chance, slope.intervals)
    return fit.text, slope if fit.least >= 0.98 or slope.verdict == FAILS else slope.left_open()


@THEME.finding("... with an exponent of 0.81", "0.81", "2", changed="2026-11-29")
def plateau_exponent(study: Study) -> Decision:
    """Exponents of seeds as above. Holds if their 95 % interval is within 0.71 to 0.91 and the law is not missed (R² below
    0.98 with lack of fit below 5 %); not if the interval does not meet 0.79 to 0.83 (0.02 is what rounding and the spacing
    of evaluations may do). p: the larger of those against 0.71 and 0.91 where it holds, that against the nearer of 0.79 and
    0.83 where it does not. If the law is missed, this is the mean exponent between the least and the largest N."""
    fit = plateau_fit(study)
    judged = within(fit.exponent, 0.71, 0.91, 0.02, 0.81)
    low, high = fit.exponent.low, fit.exponent.high
    text = (f"exponent of each seed {fit.exponent.text()}, half-width {(high - low) / 2:.2g}; lack of fit p = "
            f"{fit.law.chance:.2g}")
    return text, judged.left_open() if judged.verdict == HOLDS and fit.misses else judged


@THEME.finding("Attention from the attribute to the name rises on the plateau", "low in phase 1, rises through the "
               "plateau", "3, F", changed="2026-11-23")
def attention_rises(study: Study) -> Decision:
    """Population runs; the largest population whose plateau_end is there in all runs. Of the layer with most
    attention_attribute_to_name in the last record: its rise from plateau_start to plateau_end (linear between evaluations),
    and this minus its rise from step 0 to plateau_start. Holds if both 95 % intervals over seeds are above 0; not if one is
    below."""
    runs = by_population(study)
    need(runs.layers, "no runs with attention")
    cells = [own for _, own in runs.cells("population_individuals") if np.isfinite(own.scalar("plateau_end")).all()]
    need_learnt(cells, "no runs whose plateau ended")
    rises = np.array([rises_of(run) for run in cells[-1]])
    rise, more = (interval(cells[-1].by_seed(values).values()) for values in (rises[:, 1], rises[:, 1] - rises[:, 0]))
    return (f"rise on the plateau {rise.text()}; minus the rise before {more.text()}; {populations(cells[-1])}",
            every(above(rise), above(more)))


def rises_of(run: Run) -> tuple[float, float]:
    """Of attention from the attribute to the name: its rise until the plateau's start, and on the plateau."""
    layer = name_layer(run)
    begin, start, end = (run.at(step, ATTENTION_TO_NAME, layer=layer) for step in
                         (0, run.scalars["plateau_start"], run.scalars["plateau_end"]))
    return start - begin, end - start


def ended_with_held_out(study: Study) -> Study:
    """Runs with held-out individuals, of the populations whose plateaus ended in all seeds."""
    runs = by_population(study).having("attribute_loss", "held_out")
    need(len(runs), "no runs with held-out individuals")
    cells = runs.by_number("population_individuals")
    ended = [n for n, own in cells if np.isfinite(own.scalar("plateau_end")).all()]
    need_learnt(ended, "no population with held-out individuals whose plateaus ended in all runs")
    return runs.where(population_individuals=tuple(ended))


def over_seeds(runs: Study, values: Floats) -> Interval:
    """Interval over seeds of the means over populations of the values (run); seeds that miss a population are left out."""
    people = np.array([run.number("population_individuals") for run in runs])
    rows = {n: own.by_seed(values[people == n]) for n, own in runs.by_number("population_individuals")}
    return interval([mean_of(row[seed] for row in rows.values()) for seed in sorted(shared_seeds(rows))])


@THEME.finding("Held-out loss rises above the baseline once knowledge appears", "rises as soon as knowledge appears",
               "5, M", changed="2026-11-23")
def hallucination(study: Study) -> Decision:
    """Population runs with the group held_out, of the populations whose plateau_end is there in all of them. Final
    attribute_loss of held_out minus no_knowledge_baseline, and minus its own value at plateau_end; of each seed the means
    over populations (seeds that miss one are left out). Holds if both 95 % intervals over seeds are above 0; not if one is
    below."""
    runs = ended_with_held_out(study)
    final = runs.final("attribute_loss", "held_out")
    at_end = np.array([run.at(run.scalars["plateau_end"], "attribute_loss", "held_out") for run in runs])
    over, grown = over_seeds(runs, final - runs.scalar("no_knowledge_baseline")), over_seeds(runs, final - at_end)
    text = f"{over.text()} nats above; {grown.text()} since the plateau's end; {populations(runs)}"
    return text, every(above(over), above(grown))


@THEME.finding("Confidence on held-out people is lower than on known ones", "lower", "5, M", changed="2026-11-23")
def confidence(study: Study) -> Decision:
    """The same runs. Final max_probability, and entropy, of known minus held_out, mean over populations: holds if the 95 %
    interval over seeds is above 0 for max_probability and below 0 for entropy; not if one is on the other side."""
    runs = ended_with_held_out(study)
    sure, entropy = (over_seeds(runs, runs.final(name, "known") - runs.final(name, "held_out"))
                     for name in ("max_probability", "entropy"))
    return (f"probability {sure.text()} higher, entropy {entropy.text()} nats; {populations(runs)}",
            every(above(sure), below(entropy)))


@THEME.finding("A random order of sentences is crucial", "crucial", "A", changed="2026-11-29")
def sentence_order(study: Study) -> Decision:
    """Uniform runs that differ in population.templates and population.sentence_order only (of such sets that with most
    numbers of templates that a seed has finished in both orders). For each of these numbers: final attribute_accuracy of
    known, random minus fixed, by seed; of each seed that has all of them the mean over the numbers. 95 % interval over
    seeds above 0.1 holds, below 0.1 does not."""
    sets = [{templates: order_gain(at) for templates, at in own.by_number("population_templates")}
            for own in plain(study).along("population_templates", "population_sentence_order")]
    gains: dict[float, BySeed] = max(({t: gain for t, gain in one.items() if gain} for one in sets), key=len, default={})
    need(gains, "no runs with both orders of sentences")
    i = interval([mean_of(row[seed] for row in gains.values()) for seed in sorted(shared_seeds(gains))])
    return (f"accuracy higher by {i.text()}; by number of templates: " +
            ", ".join(f"{interval(row.values()).text()} with {t:g}" for t, row in gains.items()), above(i, 0.1))


def order_gain(runs: Study) -> BySeed:
    """Final accuracy, random minus fixed order."""
    random, fixed = (accuracy_by_seed(runs.where(population_sentence_order=o)) for o in ("random", "fixed"))
    return {seed: random[seed] - fixed[seed] for seed in sorted(set(random) & set(fixed))}


@THEME.finding("More templates per individual, more knowledge", "1, 2, 4, 8, 16 compared", "A", changed="2026-11-29")
def templates(study: Study) -> Decision:
    """Uniform runs in random order that differ in population.templates only (the set with most numbers). Final
    attribute_accuracy of known with four times the least number of templates (the least number that is at least that;
    otherwise the largest) minus that with the least, by seed: 95 % interval above 0 holds, below 0 does not. Beside it: the
    largest number minus that one, which tells saturation, and the slope over log2 of the number."""
    runs = plain(study).where(population_sentence_order="random")
    need(len(set(runs.numbers("population_templates"))) > 1, "only one number of templates")
    table = {t: accuracy_by_seed(at) for t, at in runs.along("population_templates")[0].by_number("population_templates")}
    need(len(table) > 1, "only one number of templates")
    least, most = min(table), max(table)
    more = min((t for t in table if t >= 4 * least), default=most)
    i, slope = interval(paired(table[more], table[least])), {float(np.log2(t)): row for t, row in table.items()}
    text = f"accuracy higher by {i.text()} with {more:g} than with {least:g}"
    if most > more:
        text += f"; by {interval(paired(table[most], table[more])).text()} with {most:g} than with {more:g}"
    return f"{text}; slope {interval(slopes_by_seed(slope)).text()} with each doubling", above(i)


class Axis(NamedTuple):
    """Of the values of one hyperparameter: {a run's name: (label, logarithms of the lesser speeds of seeds)}; values of
    which too `few` runs (none) learnt enough."""
    slowest: dict[str, tuple[str, list[float]]]
    few: list[str]


def speeds_along(title: str, names: tuple[str, ...], own: Study) -> Axis:
    axis = Axis({}, [])
    for values, cell in own.cells(*names):
        label = f"{title.lower()} {values[0] if isinstance(values[0], str) else short(values[0])}"
        logs = [float(pair.min()) for pair in log_speeds(cell).values()]
        if logs:
            axis.slowest[min(run.name for run in cell)] = (label, logs)
        else:
            axis.few.append(label)
    return axis


def plateaus_there(settings: Sequence[tuple[str, list[float]]]) -> list[Judged]:
    """Of each setting's seeds: is the loss slower on the plateau? By the interval, with the deviation that all settings share;
    of a single seed by its value, untested."""
    intervals = iter(pooled([logs for _, logs in settings]))
    return [above(next(intervals)) if len(logs) > 1 else Judged(HOLDS if logs[0] > 0 else FAILS) for _, logs in settings]


@THEME.finding("Phases are robust to hyperparameters", "learning rate, weight decay, batch, size, attention or RG-LRU", "C",
               changed="2026-11-30")
def robust(study: Study) -> Decision:
    """Asked is whether there is a plateau in each setting that was tried, not how often there would be one in others.
    Uniform runs that differ in one hyperparameter only (of the sets with most values, that of the largest population),
    for each of: learning rate; weight decay; batch (at equal steps or at equal sequences); size (width, hidden, layers, heads, preset, and with them recurrent_width); mixer (and with
    it positions and recurrent_width). A setting is one value of one of them; the common one counts once. For each seed
    of a setting the lesser of its two speeds (as defined above), in logarithms. Of a setting with two seeds or more, the
    interval of their mean: t * s / sqrt(seeds), with s² the squares of all such settings' values about the means of
    their own setting, over the degrees of freedom (these values minus these settings), which t has, too. A setting has a
    plateau if its interval is above 0, or the value of its one seed is; it has none if that is below 0. Holds if all
    have one, at least three hyperparameters were varied, and in each setting a run learnt enough; not if one has none.
    p: as for any criterion of several parts; there is none if a setting that it needs has one seed."""
    tried: list[str] = []
    all_axes = Axis({}, [])
    for title, names in AXES:
        own = axis_runs(study, names)
        if title == "Individuals" or len(own.cells(*names)) < 2:
            continue
        tried.append(title.lower())
        axis = speeds_along(title, names, own)
        all_axes.slowest.update(axis.slowest)
        all_axes.few.extend(axis.few)
    need(tried, "no hyperparameter is varied")
    settings = list(all_axes.slowest.values())
    need_learnt(settings, "no run with another hyperparameter learnt enough")
    return robust_text(tried, settings, all_axes.few), robust_verdict(len(tried), settings, all_axes.few)


def robust_verdict(tried: int, settings: Sequence[tuple[str, list[float]]], few: Sequence[str]) -> Judged:
    judged = every(*plateaus_there(settings))
    return judged.left_open() if judged.verdict == HOLDS and (tried < 3 or few) else judged


def robust_text(tried: Sequence[str], settings: Sequence[tuple[str, list[float]]], few: Sequence[str]) -> str:
    means = [float(np.exp(np.mean(logs))) for _, logs in settings]
    judged = [(label, part.verdict) for (label, _), part in zip(settings, plateaus_there(settings))]
    without, unsure = ([label for label, verdict in judged if verdict == wanted] for wanted in (FAILS, OPEN))
    single = sum(len(logs) == 1 for _, logs in settings)
    return (f"varied: {', '.join(tried)}; loss falls {min(means):.2g} to {max(means):.2g} times as fast off the plateau in "
            f"{len(settings)} settings, {single} of them with one seed" +
            (f"; none: {', '.join(without)}" if without else "") + (f"; unsure: {', '.join(unsure)}" if unsure else "") +
            (f"; not learnt enough: {', '.join(few)}" if few else ""))
