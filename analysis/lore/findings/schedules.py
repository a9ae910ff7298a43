"""Findings of figures 4 and G to L, and the three questions that the authors left open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lore.findings.finding import (Decision, Theme, accuracy_by_seed, ends_by_seed, loss_by_seed, meeting, need,
                                   need_learnt, table_of, where_text, with_draws_of)
from lore.selections.curricula import curriculum_steps, subset_of, switch_step
from lore.selections.families import arenas, default_biographies, members, of_family
from lore.selections.schedules import by_alpha, largest_budget, law_runs, lowest_alphas
from lore.statistics import (BySeed, Interval, above, beats, below, best_by_seed, every, interval, mean_of, opposite, paired,
                             slopes_by_seed)
from lore.study import ASIDE, Key, Study
from lore.words import short

THEME = Theme()
MARGIN = 0.02  # of the no-knowledge baseline: the least difference of losses that matters


@THEME.finding("Plateau is shortest at an interior alpha", "at 0.6 to 0.8 whatever N", "4, G")
def interior_alpha(study: Study) -> Decision:
    """Power-law runs (uniform ones have alpha 0) of the train.steps that most of them have; every N with at least four
    alphas. Plateau end (the last step if it is not over in a finished run) at alpha 0, and at the largest alpha, minus
    that at the best alpha between (chosen by the other seeds), by seed. Holds if both 95 % intervals over seeds are
    above 0 for every N; not if one is below 0."""
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
    best, common = lowest_alphas(cells)
    need(len(common) > 2, "fewer than three alphas in all cells")
    need(len(best) > 1, f"best alpha known for {len(best)} values of {variable}; it needs two with whole runs")
    return {float(np.log2(value)): of for value, of in best.items()}


def best_text(table: dict[float, BySeed]) -> str:
    return "best alpha " + ", ".join(f"{mean_of(row.values()):.2g} ({short(2**x)})" for x, row in table.items())


@THEME.finding("Alpha of the least final loss grows with N", "grows", "4, G", changed="2026-11-29")
def alpha_with_population(study: Study) -> Decision:
    """Power-law runs of the train.steps with most N (most runs, if several have as many); of N that have at least three
    alphas of one seed. For each N and seed the alpha of the least final attribute_loss of known: the lowest point of the
    least-squares parabola through the alphas that all N have (three at least), kept between the least and the largest of
    them; where it has no minimum, the alpha of the least loss. Slope of that over log2 N, one for each seed that has all
    runs: 95 % interval above 0 holds, below 0 does not."""
    runs = max((own for _, own in law_runs(study).cells("train_steps")),
               key=lambda own: (len(own.cells("population_individuals")), len(own)))
    table = alphas_along(runs.by_number("population_individuals"), "N")
    i = interval(slopes_by_seed(table))
    return f"{best_text(table)}; {i.text()} with each doubling of N", above(i)


@THEME.finding("Alpha of the least final loss grows with shorter budgets", "8k, 16k, 32k steps", "G", changed="2026-11-29")
def alpha_with_budget(study: Study) -> Decision:
    """Power-law runs of the N with most train.steps (most runs, if several have as many); of numbers of steps that have
    at least three alphas of one seed. The same alphas, of each number of steps: slope over log2 of the steps, one for
    each seed that has all runs: 95 % interval below 0 holds, above 0 does not."""
    runs = max((own for _, own in law_runs(study).cells("population_individuals")),
               key=lambda own: (len(own.cells("train_steps")), len(own)))
    table = alphas_along(runs.by_number("train_steps"), "steps")
    i = interval(slopes_by_seed(table))
    return f"{best_text(table)} steps; {i.text()} with each doubling of steps", below(i)


def best_member(table: dict[Key, BySeed]) -> BySeed:
    """The best member of a family, chosen by the other seeds; the only one, if there is one."""
    return next(iter(table.values())) if len(table) == 1 else best_by_seed(table)


def loss_against(study: Study, better: str, other: str) -> Decision:
    """Final loss of the best member of one family minus that of another, chosen by the other seeds."""
    runs = meeting(study, better, other)
    ours = of_family(runs, better)
    first, second = table_of(ours), table_of(with_draws_of(of_family(runs, other), ours))
    i = interval(paired(best_member(first), best_member(second)))
    best = [min(mean_of(row.values()) for row in table.values()) for table in (first, second)]
    return (f"{best[0]:.3g} against {best[1]:.3g} nats; difference {i.text()}; {where_text(runs)}",
            beats(i, MARGIN * runs.baseline))


@THEME.finding("Warm-up beats uniform at equal steps for the largest N", "beats it", "4, I, J, K, L", changed="2026-11-23")
def warm_up_uniform(study: Study) -> Decision:
    """Warm-ups and uniform runs, as kinds that meet. Final attribute_loss of known by seed, best warm-up (by the other
    seeds) minus uniform: beats (as defined above)."""
    return loss_against(study, "warm-up", "uniform")


@THEME.finding("Warm-up beats the best fixed distribution", "beats it", "4, I, J, K", changed="2026-11-23")
def warm_up_law(study: Study) -> Decision:
    """Final loss, best warm-up minus best power law, decided as warm-up against uniform."""
    return loss_against(study, "warm-up", "power law")


@THEME.finding("After a warm-up more people are known than without one by training on fewer", "N = 128k: 94.92 % against "
         "63.26 % counted over 128k", "L", changed="2026-11-23")
def warm_up_fewer(study: Study) -> Decision:
    """The largest N that has a warm-up. Final attribute_accuracy of known, of a uniform run (of any distribution_kind)
    on n times n / N: best warm-up on N minus best uniform run on any n up to N (each best by the other seeds), by seed,
    of runs that differ in the individuals that are shown and in their number only, with the most train.steps that have
    both and an n below N: 95 % interval above 0 holds, below 0 does not."""
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


def comparable(study: Study, values: Callable[[Study], BySeed], sign: int, unit: str) -> Decision:
    """Is the gain of celebrities over uniform between half of the power law's and twice it? `sign`: 1 if more is better."""
    runs = meeting(study, "celebrities", "power law", "uniform")
    uniform = values(of_family(runs, "uniform"))
    best = [best_by_seed(table_of(of_family(runs, name), values), largest=sign > 0)
            for name in ("celebrities", "power law")]
    gains = [{s: sign * (v - uniform[s]) for s, v in row.items() if s in uniform} for row in best]
    seeds = sorted(set(gains[0]) & set(gains[1]))
    parts = above(interval([gains[0][s] - 0.5 * gains[1][s] for s in seeds])), \
        above(interval([2 * gains[1][s] - gains[0][s] for s in seeds]))
    means = [interval(gain.values()).text() for gain in gains]
    return f"gain {means[0]} against {means[1]} {unit}; {where_text(runs)}", every(*parts)


@THEME.finding("Celebrities help about as much as a power law", "comparable", "H, J")
def celebrities(study: Study) -> Decision:
    """Celebrities, power laws and uniform runs, as kinds that meet. By seed: gain over uniform in final attribute_loss of
    known of the best celebrities and of the best power law (each by the other seeds). Holds if the 95 % intervals of
    (celebrities' gain minus half of the power law's) and of (twice the power law's minus the celebrities') are both above
    0; not if one is below."""
    return comparable(study, loss_by_seed, -1, "nats")


@THEME.finding("... counted in accuracy", "comparable", "H, J", changed="2026-11-29")
def celebrities_accuracy(study: Study) -> Decision:
    """The same in final attribute_accuracy of known."""
    return comparable(study, accuracy_by_seed, 1, "of the answers right")


def fixed_warm_up(runs: Study, individuals: float, steps: float) -> Study:
    """The warm-up whose subset is nearest to so many individuals and, of these, whose length is nearest to so many steps
    (of two that are as near the smaller): chosen by settings alone."""
    return min(members(runs).values(), key=lambda own: (abs(subset_of(own.runs[0]) - individuals), subset_of(own.runs[0]),
                                                        abs(curriculum_steps(own.runs[0]) - steps),
                                                        curriculum_steps(own.runs[0])))


@THEME.finding("Open question: adaptive warm-up beats the best fixed one", "not tried", "questions", changed="2026-11-29")
def adaptive(study: Study) -> Decision:
    """Adaptive and fixed warm-ups, as kinds that meet. One pair, fixed by settings and switches before any loss is looked
    at: the largest curriculum.individuals that both have; of the adaptive ones that with most curriculum.steps added; of
    the fixed ones that whose length is nearest to the mean switch over the adaptive one's seeds (the shorter of two that
    are as near). By seed: final attribute_loss of known, adaptive minus fixed; seeds whose switch is the fixed length are
    left out, as both runs are the same course. Beats, as defined above; undecided with fewer than two seeds."""
    runs = meeting(study, "adaptive warm-up", "warm-up")
    ours, fixed = (of_family(runs, name) for name in ("adaptive warm-up", "warm-up"))
    both = set(ours.numbers("curriculum_individuals")) & set(fixed.numbers("curriculum_individuals"))
    need(both, "no adaptive and fixed warm-up with the same subset")
    ours = ours.where(curriculum_individuals=max(both))
    ours = ours.where(curriculum_steps=max(ours.numbers("curriculum_steps")))
    switches = {int(run.number("seed")): switch_step(run) for run in ours if np.isfinite(switch_step(run))}
    need_learnt(switches, "no adaptive warm-up that has ended")
    fixed = fixed_warm_up(fixed, max(both), mean_of(switches.values()))
    length = curriculum_steps(fixed.runs[0])
    same = [seed for seed, step in switches.items() if step == length]
    losses = {seed: loss for seed, loss in loss_by_seed(ours).items() if seed not in same}
    i = interval(paired(losses, loss_by_seed(fixed)))
    text = (f"{max(both):g} individuals until step {min(switches.values()):g} to {max(switches.values()):g} against "
            f"{length:g}: difference {i.text()} nats; {where_text(runs)}")
    if same:
        text += f"; {len(same)} of {len(switches)} seeds left out, which took the same course twice"
    return text, beats(i, MARGIN * runs.baseline)


@THEME.finding("Not tried before: gradual growth beats the best warm-up", "not tried", "questions", changed="2026-11-29")
def growth(study: Study) -> Decision:
    """Growth and fixed warm-ups, as kinds that meet. Opponents fixed by settings before any loss is looked at: of growth
    the member whose curriculum.individuals is nearest to a quarter of N, and of these the one whose length is nearest to
    half of train.steps; of the warm-ups that with the subset nearest to half of N and of these the one with the length
    nearest to 3/8 of train.steps (which was the best of five on average in the first small studies; the smaller of two
    that are as near). Final attribute_loss of known by seed, growth minus warm-up: beats, as defined above. Beside it,
    the difference from each seed's mean over all warm-ups, and from the warm-up that is best by the other seeds; the
    verdict is of the fixed pair alone, and the text says whether these would give another."""
    runs = meeting(study, "growth", "warm-up")
    n, steps = runs["population_individuals"][0], runs["train_steps"][0]
    ours = loss_by_seed(fixed_warm_up(of_family(runs, "growth"), n / 4, steps / 2))
    warm = of_family(runs, "warm-up")
    fixed, table = fixed_warm_up(warm, n / 2, 3 / 8 * steps), table_of(warm)
    seeds = sorted(set(ours).intersection(*table.values()))
    mean = {seed: mean_of(row[seed] for row in table.values()) for seed in seeds}
    fixed_one, of_all, best = (interval(paired(ours, other)) for other in (loss_by_seed(fixed), mean, best_member(table)))
    margin = MARGIN * runs.baseline
    judged = beats(fixed_one, margin)
    one = fixed.runs[0]
    text = (f"difference from {subset_of(one):g} individuals for {curriculum_steps(one):g} steps {fixed_one.text()} nats, from "
            f"the mean of {len(table)} warm-ups {of_all.text()}, from the best by other seeds {best.text()}; "
            f"{where_text(runs)}")
    others = {beats(i, margin).verdict for i in (of_all, best)}
    return text + ("" if others == {judged.verdict} else "; depends on the opponent"), judged


@THEME.finding("Not tried before: an alpha annealed to 0 beats the best fixed one", "not tried", "questions",
               changed="2026-11-23")
def anneal(study: Study) -> Decision:
    """Final loss, best annealed minus best fixed power law, decided as warm-up against uniform."""
    return loss_against(study, "annealed", "power law")


def thrown_early(study: Study) -> tuple[list[Study], Study, float]:
    """The throw-away stages that end before the uniform runs leave their plateau, the longest last, and the uniform runs
    with the same draws. The least difference of losses that matters."""
    runs = meeting(study, "throw-away", "uniform")
    thrown = of_family(runs, "throw-away")
    uniform = with_draws_of(of_family(runs, "uniform"), thrown)
    ends = ends_by_seed(uniform)
    need(ends, "no finished uniform run")
    cells = sorted(members(thrown).values(), key=lambda own: curriculum_steps(own.runs[0]))
    early = [own for own in cells if curriculum_steps(own.runs[0]) <= min(ends.values()) and loss_by_seed(own)]
    need(early, "no finished run whose throw-away stage ends before the plateau of the uniform runs")
    return early, uniform, MARGIN * runs.baseline


@THEME.finding("Open question: throw-away data before the plateau's end costs nothing", "a guess", "questions")
def throw_away(study: Study) -> Decision:
    """Throw-away and uniform runs, as kinds that meet. Of the throw-away stages that are no longer than the earliest
    plateau end of the uniform runs, the longest: final attribute_loss of known minus that of uniform, by seed. Holds if
    the 95 % interval is below 2 % of the baseline; not if it is above that."""
    cells, uniform, margin = thrown_early(study)
    early = cells[-1]
    i, end = interval(paired(loss_by_seed(early), loss_by_seed(uniform))), mean_of(ends_by_seed(uniform).values())
    return (f"{curriculum_steps(early.runs[0]):g} steps thrown away, plateau until {end:.0f}: loss {i.text()} nats higher, "
            f"margin {margin:.2g}; {where_text(early)}", below(i, margin))


def saved_steps(thrown: Study, others: Study) -> Interval:
    """How many steps earlier than others' the plateau of the known ones ends, counted from the step that shows them
    first."""
    own = {seed: end - curriculum_steps(thrown.runs[0]) for seed, end in ends_by_seed(thrown).items()}
    return interval(paired(ends_by_seed(others), own))


@THEME.finding("... shortens the plateau of those who come after", "said not to be retained", "questions",
               changed="2026-11-29")
def throw_away_plateau(study: Study) -> Decision:
    """The same runs, and the shorter uniform runs of the next row. Is what was learned of others before the plateau's end
    of use? The known ones' own plateau, from the step that shows them first: plateau_end minus the steps thrown away. By
    seed, plateau_end of the uniform runs, which show the known ones from step 0, minus that: 95 % interval above 0 holds,
    below 0 does not. Beside it, the other stages, and the difference from the shorter runs, whose learning rate falls
    sooner."""
    cells, uniform, _ = thrown_early(study)
    texts = [f"after {curriculum_steps(own.runs[0]):g} steps of others {saved_steps(own, uniform).text()}"
             for own in cells[::-1]]
    twins = shorter_twins(study, cells[-1])
    if ends_by_seed(twins):
        texts.append(f"against the runs of {twins['train_steps'][0]:g} steps {saved_steps(cells[-1], twins).text()}")
    own = mean_of(ends_by_seed(cells[-1]).values()) - curriculum_steps(cells[-1].runs[0])
    whole = mean_of(ends_by_seed(uniform).values())
    return (f"plateau of {own:.0f} steps instead of {whole:.0f}; steps sooner {'; '.join(texts)}",
            above(saved_steps(cells[-1], uniform)))


def shorter_twins(study: Study, runs: Study) -> Study:
    """Uniform runs that end after as many steps as these show known individuals."""
    one, aside = runs.runs[0], ("curriculum_", "distribution_", "train_steps", *ASIDE)
    same = {name: str(value) for name, value in one.settings.items() if not name.startswith(aside)}
    left = one.number("train_steps") - curriculum_steps(one)
    twins = of_family(study, "uniform").where(train_steps=left)
    return twins.pick([all(str(run.settings.get(name)) == value for name, value in same.items()) for run in twins])


@THEME.finding("... costs no more than as many steps less", "a guess", "questions", changed="2026-11-28")
def throw_away_steps(study: Study) -> Decision:
    """Final attribute_loss of known of the same throw-away runs minus that of uniform runs, equal otherwise, whose
    train.steps are fewer by the steps thrown away, by seed. Holds if the 95 % interval is below 2 % of the baseline; not
    if it is above that."""
    cells, _, margin = thrown_early(study)
    early = cells[-1]
    twins = shorter_twins(study, early)
    need(loss_by_seed(twins), "no uniform run that is shorter by the throw-away stage")
    i = interval(paired(loss_by_seed(early), loss_by_seed(twins)))
    return f"loss {i.text()} nats higher than after {twins['train_steps'][0]:g} steps without", below(i, margin)


@THEME.finding("Open question: repeats across steps help, repeats inside a batch do not", "a guess", "questions",
               changed="2026-11-23")
def repeats(study: Study) -> Decision:
    """Final loss of the best number of repeats minus uniform, as warm-up against uniform, for either kind of repeats.
    Holds if repeats across steps beat it and repeats inside a batch do not; not if it is otherwise with one of them."""
    decided = [loss_against(study, kind, "uniform") for kind in ("repeats across steps", "repeats in a batch")]
    text = f"repeats across steps: {decided[0][0]}; repeats in a batch: {decided[1][0]}"
    return text, every(decided[0][1], opposite(decided[1][1]))
