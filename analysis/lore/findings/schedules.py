"""Findings of figures 4 and G to L, and the three questions that the authors left open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lore.findings.finding import (Decision, Theme, accuracy_by_seed, ends_by_seed, loss_by_seed, meeting, need,
                                   table_of, where_text)
from lore.selections.curricula import curriculum_steps
from lore.selections.families import arenas, default_biographies, members, of_family
from lore.selections.schedules import best_alphas, by_alpha, largest_budget, law_runs
from lore.statistics import (FAILS, HOLDS, OPEN, BySeed, Verdict, above, beats, below, best_by_seed, every, interval,
                             mean_of, paired, slopes_by_seed)
from lore.study import ASIDE, Key, Study
from lore.words import short

THEME = Theme()
MARGIN = 0.02  # of the no-knowledge baseline: the least difference of losses that matters
SAME = 0.005  # nats: what evaluations of one course that differ in a few steps may differ by


@THEME.finding("Plateau is shortest at an interior alpha", "at 0.6 to 0.8 whatever N", "4, G")
def interior_alpha(study: Study) -> Decision:
    """For each N (at the budget with most runs): plateau end at alpha 0, and at the largest alpha, minus
    that of the best alpha between (chosen by the other seeds). Holds if both 95 % intervals over seeds
    are above 0 for every N; not if one is below 0. A plateau that is not over counts with the last step."""
    verdicts, texts = [], []
    for n, own in largest_budget(law_runs(study)).by_number("population_individuals"):
        table = {alpha: ends_by_seed(at) for alpha, at in by_alpha(own).items()}
        alphas = [alpha for alpha in table if table[alpha]]
        if len(alphas) < 4:
            continue
        best = best_by_seed({a: table[a] for a in alphas[1:-1]})
        ends = [interval(paired(table[a], best)) for a in (alphas[0], alphas[-1])]
        shortest = min(alphas, key=lambda a: mean_of(table[a].values()))
        verdicts.append(every(*(above(i) for i in ends)))
        texts.append(f"N = {short(n)}: {shortest:g} (alpha {alphas[0]:g} {ends[0].text()} steps later, "
                     f"{alphas[-1]:g} {ends[1].text()})")
    need(verdicts, "fewer than four alphas for every N")
    return "; ".join(texts), every(*verdicts)


def alphas_along(cells: Sequence[tuple[float, Study]], variable: str) -> dict[float, BySeed]:
    """[(value of a setting, runs)] -> {log2 of the value: {seed: alpha of the least final loss}}"""
    best, common = best_alphas(cells)
    need(len(common) > 2, "fewer than three alphas in all cells")
    need(len(best) > 1, f"best alpha known for {len(best)} values of {variable}; it needs two with whole runs")
    return {float(np.log2(value)): of for value, of in best.items()}


def best_text(table: dict[float, BySeed]) -> str:
    return "best alpha " + ", ".join(f"{mean_of(row.values()):.2g} ({short(2**x)})" for x, row in table.items())


@THEME.finding("Alpha of the least final loss grows with N", "grows", "4, G")
def alpha_with_population(study: Study) -> Decision:
    """Slope of the best alpha against log2 N at the budget with most populations, one for each seed that
    has all runs: 95 % interval above 0 holds, below 0 does not."""
    runs = max((own for _, own in law_runs(study).cells("train_steps")),
               key=lambda own: (len(own.cells("population_individuals")), len(own)))
    table = alphas_along(runs.by_number("population_individuals"), "N")
    i = interval(slopes_by_seed(table))
    return f"{best_text(table)}; {i.text()} with each doubling of N", above(i)


@THEME.finding("Alpha of the least final loss grows with shorter budgets", "8k, 16k, 32k steps", "G")
def alpha_with_budget(study: Study) -> Decision:
    """Slope of the best alpha against log2 of the steps for the population with most budgets, one for each
    seed that has all runs: 95 % interval below 0 holds, above 0 does not."""
    runs = max((own for _, own in law_runs(study).cells("population_individuals")),
               key=lambda own: (len(own.cells("train_steps")), len(own)))
    table = alphas_along(runs.by_number("train_steps"), "steps")
    i = interval(slopes_by_seed(table))
    return f"{best_text(table)} steps; {i.text()} with each doubling of steps", below(i)


def best_member(table: dict[Key, BySeed]) -> BySeed:
    """The best member of a family, chosen by the other seeds; the only one, if there is one."""
    return next(iter(table.values())) if len(table) == 1 else best_by_seed(table)


def loss_against(study: Study, better: str, other: str) -> Decision:
    """Final loss of the best member of one family minus that of another, chosen by the other seeds.

    An adaptive curriculum may end where a fixed one does: such a pair is one run twice and says nothing.
    """
    runs = meeting(study, better, other)
    first, second = (table_of(of_family(runs, name)) for name in (better, other))
    differences = paired(best_member(first), best_member(second))
    i = interval(differences)
    best = [min(mean_of(row.values()) for row in table.values()) for table in (first, second)]
    text = f"{best[0]:.3g} against {best[1]:.3g} nats; difference {i.text()}; {where_text(runs)}"
    same = sum(abs(d) < SAME for d in differences)
    if same:
        text += f"; {same} of {len(differences)} seeds chose the same course twice"
    return text, beats(i, MARGIN * runs.baseline) if len(differences) - same > 1 else OPEN


@THEME.finding("Warm-up beats uniform at equal steps for the largest N", "beats it", "4, I, J, K, L")
def warm_up_uniform(study: Study) -> Decision:
    """Final loss, best warm-up minus uniform, best chosen by the other seeds, largest N that has both. Holds if the
    95 % interval is below 0 and the mean at least 2 % of the baseline below; not if the interval is above that."""
    return loss_against(study, "warm-up", "uniform")


@THEME.finding("Warm-up beats the best fixed distribution", "beats it", "4, I, J, K")
def warm_up_law(study: Study) -> Decision:
    """Final loss, best warm-up minus best power law, as warm-up against uniform."""
    return loss_against(study, "warm-up", "power law")


@THEME.finding("After a warm-up more people are known than without one by training on fewer", "N = 128k: 94.92 % against "
         "63.26 % counted over 128k", "L")
def warm_up_fewer(study: Study) -> Decision:
    """Accuracy counted over the largest N with a warm-up: best warm-up minus best uniform run on any N that differs
    in nothing else (best by the other seeds; the most steps that have both): 95 % interval above 0 holds, below 0
    does not."""
    runs = default_biographies(of_family(study, "warm-up", "uniform"))
    need(len(of_family(runs, "warm-up")), "no run of kind: warm-up")
    n = max(of_family(runs, "warm-up").numbers("population_individuals"))
    equal = [(of_family(a, "warm-up").where(population_individuals=n), of_family(a, "uniform"))
             for a in arenas(runs, "population_individuals")]
    equal = [(warm, flat) for warm, flat in equal if len(warm) and len(flat) and min(flat.numbers("population_individuals")) < n]
    need(equal, f"no uniform run on fewer than {short(n)} at equal steps")
    warm, flat = max(equal, key=lambda pair: (pair[0]["train_steps"][0], len(pair[0]) + len(pair[1])))
    counts = {count: accuracy_by_seed(own) for count, own in flat.by_number("population_individuals") if count <= n}
    fewer: dict[Key, BySeed] = {(count,): {s: v * count / n for s, v in row.items()} for count, row in counts.items() if row}
    tables = table_of(warm, accuracy_by_seed), fewer
    i = interval(paired(*(best_by_seed(table, largest=True) for table in tables)))
    best = [max((mean_of(row.values()) for row in table.values()), default=np.nan) for table in tables]
    return f"{best[0]:.4g} against {best[1]:.4g}; difference {i.text()}; N = {short(n)}", above(i)


@THEME.finding("Celebrities help about as much as a power law", "comparable", "H, J")
def celebrities(study: Study) -> Decision:
    """Gain over uniform in final loss (best members by the other seeds). Holds if the celebrities' gain is
    above half of the power law's and below twice it, by 95 % intervals over seeds; not if it is beyond."""
    runs = meeting(study, "celebrities", "power law", "uniform")
    uniform = loss_by_seed(of_family(runs, "uniform"))
    gains = [{s: uniform[s] - v for s, v in best_by_seed(table_of(of_family(runs, name))).items() if s in uniform}
             for name in ("celebrities", "power law")]
    means = [interval(list(gain.values())) for gain in gains]
    low = interval([gains[0][s] - 0.5 * gains[1][s] for s in gains[0] if s in gains[1]])
    high = interval([2 * gains[1][s] - gains[0][s] for s in gains[0] if s in gains[1]])
    text = f"gain {means[0].text()} against {means[1].text()} nats; {where_text(runs)}"
    return text, every(above(low), above(high))


@THEME.finding("Open question: adaptive warm-up beats the best fixed one", "not tried", "questions")
def adaptive(study: Study) -> Decision:
    """Final loss, best adaptive minus best fixed warm-up, as warm-up against uniform. Open if fewer than two seeds compare
    courses that differ."""
    return loss_against(study, "adaptive warm-up", "warm-up")


@THEME.finding("Not tried before: gradual growth beats the best warm-up", "not tried", "questions")
def growth(study: Study) -> Decision:
    """Final loss, best growth minus best fixed warm-up, as warm-up against uniform."""
    return loss_against(study, "growth", "warm-up")


@THEME.finding("Not tried before: an alpha annealed to 0 beats the best fixed one", "not tried", "questions")
def anneal(study: Study) -> Decision:
    """Final loss, best annealed minus best fixed power law, as warm-up against uniform."""
    return loss_against(study, "annealed", "power law")


def thrown_early(study: Study) -> tuple[Study, Study, float]:
    """Of the throw-away stages that end before the uniform runs leave their plateau, the longest: (its runs, the uniform
    ones, the least difference that matters)."""
    runs = meeting(study, "throw-away", "uniform")
    uniform = of_family(runs, "uniform")
    ends = ends_by_seed(uniform)
    need(ends, "no finished uniform run")
    cells = sorted(members(of_family(runs, "throw-away")).values(), key=lambda own: curriculum_steps(own.runs[0]))
    early = [own for own in cells if curriculum_steps(own.runs[0]) <= min(ends.values()) and loss_by_seed(own)]
    need(early, "no finished run whose throw-away stage ends before the plateau of the uniform runs")
    return early[-1], uniform, MARGIN * runs.baseline


@THEME.finding("Open question: throw-away data before the plateau's end costs nothing", "a guess", "questions")
def throw_away(study: Study) -> Decision:
    """Of the throw-away stages that end before the uniform runs leave their plateau, the longest: final
    loss minus uniform. Holds if the upper bound of the 95 % interval is below 2 % of the baseline; not if
    the lower bound is above that."""
    early, uniform, margin = thrown_early(study)
    i, end = interval(paired(loss_by_seed(early), loss_by_seed(uniform))), mean_of(ends_by_seed(uniform).values())
    return (f"{curriculum_steps(early.runs[0]):g} steps thrown away, plateau until {end:.0f}: loss {i.text()} nats higher, "
            f"margin {margin:.2g}; {where_text(early)}", below(i, margin))


def shorter_twins(study: Study, runs: Study) -> Study:
    """Uniform runs that end after as many steps as these show known individuals."""
    one, aside = runs.runs[0], ("curriculum_", "distribution_", "train_steps", *ASIDE)
    same = {name: str(value) for name, value in one.settings.items() if not name.startswith(aside)}
    left = one.number("train_steps") - curriculum_steps(one)
    twins = of_family(study, "uniform").where(train_steps=left)
    return twins.pick([all(str(run.settings.get(name)) == value for name, value in same.items()) for run in twins])


@THEME.finding("... costs no more than as many steps less", "a guess", "questions")
def throw_away_steps(study: Study) -> Decision:
    """Final loss of the same runs minus that of uniform runs which train only as long as these show known people. Holds if
    the upper bound of the 95 % interval is below 2 % of the baseline; not if the lower bound is above that."""
    early, _, margin = thrown_early(study)
    twins = shorter_twins(study, early)
    need(loss_by_seed(twins), "no uniform run that is shorter by the throw-away stage")
    i = interval(paired(loss_by_seed(early), loss_by_seed(twins)))
    return f"loss {i.text()} nats higher than after {twins['train_steps'][0]:g} steps without", below(i, margin)


@THEME.finding("Open question: repeats across steps help, repeats inside a batch do not", "a guess", "questions")
def repeats(study: Study) -> Decision:
    """Final loss of the best number of repeats minus uniform, as warm-up against uniform. Holds if repeats across steps
    beat it and repeats inside a batch do not; not if it is otherwise with one of them."""
    decided = [loss_against(study, kind, "uniform") for kind in ("repeats across steps", "repeats in a batch")]
    opposite: dict[Verdict, Verdict] = {HOLDS: FAILS, FAILS: HOLDS, OPEN: OPEN}
    text = f"repeats across steps: {decided[0][0]}; repeats in a batch: {decided[1][0]}"
    return text, every(decided[0][1], opposite[decided[1][1]])
