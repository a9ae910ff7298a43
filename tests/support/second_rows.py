"""The rows of the table, for second_findings.py: each returns verdict (1 holds, -1 does not, 0),
p and intervals."""

from __future__ import annotations

import numpy as np
from scipy import stats
from second_runs import (Interval, alpha, best_by_others, between, by_seed, choose, differing, every,
                         final_accuracy, final_loss, in_order, individuals, items, kind, length, mean_of,
                         meet, members, minus, of_kind, population_runs, power_law_runs, reached,
                         same_draws, shared, slopes, split, usual, values_of)

ROWS = {}


def row(name):
    def keep(function):
        ROWS[name] = function
        return function
    return keep


def single(values, side, threshold):
    """A row whose one interval has to be "above" or "below" a threshold."""
    interval = Interval(values)
    verdict, p = getattr(interval, side)(threshold)
    return verdict, p, [interval]


def both(*parts):
    """A row of several (values, side, threshold)."""
    intervals = [Interval(values) for values, _, _ in parts]
    verdict, p = every([getattr(interval, side)(threshold)
                        for interval, (_, side, threshold) in zip(intervals, parts)])
    return verdict, p, intervals


def beats(values, baseline):
    """(verdict, p, interval): whether a difference of losses is one that counts."""
    interval, margin = Interval(values), 0.02 * baseline
    if interval.low > -margin:
        return -1, interval.p(-margin), interval
    holds = interval.high < 0 and interval.mean <= -margin
    return int(holds), interval.p(0), interval


def baseline_of(*lists):
    return float(np.mean([run.baseline for runs in lists for run in runs] or [np.nan]))


# ---- phases (figures 2, F, M)

def speeds(run):
    """Logarithms of how many times as fast the loss falls before and after the plateau."""
    loss = final_loss(run)
    begin, end = run.begin, run.end
    if loss is None or begin is None or end is None or end <= begin or loss > 0.8 * run.baseline:
        return None
    course = run.course("attribute_loss")
    there, at_begin = between(course, end), between(course, begin)
    points = [(end, there)] + [(s, v) for s, v in zip(*course) if s > end]
    half = reached(points, (there + loss) / 2)
    on = (at_begin - there) / (end - begin)
    before = (course[1][0] - at_begin) / max(begin, 1)
    after = (there - loss) / 2 / (half - end) if half > end else 0
    if min(before, on, after) <= 0:
        return None
    return float(np.log(before / on)), float(np.log(after / on))


@row("Three phases: statistics, plateau, knowledge")
def three_phases(runs):
    runs = population_runs(runs)
    for n in sorted(set(map(individuals, runs)), reverse=True):
        some = [run for run in runs if individuals(run) == n]
        sides = [by_seed(some, lambda run, k=k: speeds(run) and speeds(run)[k]) for k in (0, 1)]
        if len(sides[0]) >= 2:
            break
    else:
        return 0, None, []
    twice, parts = np.log(2), []
    intervals = [Interval(side) for side in sides]
    for interval in intervals:
        if interval.high < twice:
            parts.append((-1, interval.p(twice)))
        else:
            parts.append((int(interval.mean >= twice and interval.low > 0), interval.p(0)))
    return *every(parts), intervals


def plateau_ends(runs):
    """{N: runs} of finished population runs whose plateau is over in all."""
    parts = split([run for run in population_runs(runs) if run.finished], individuals)
    return {n: part for n, part in sorted(parts.items())
            if all(run.end is not None for run in part)}


def square(x, y):
    line = np.polyval(np.polyfit(x, y, 1), x)
    return 1 - np.sum((y - line) ** 2) / np.sum((y - np.mean(y)) ** 2)


def law(runs):
    """Exponents by seed, R² (also without each seed), p of lack of fit; none of less than 4 N."""
    ends = {n: by_seed(part, lambda run: np.log(run.end)) for n, part in plateau_ends(runs).items()}
    if len(ends) < 4:
        return None
    exponents = slopes({np.log(n): table for n, table in ends.items()})
    if not exponents:
        return None

    def of_means(left_out=None):
        kept = {n: [v for seed, v in table.items() if seed != left_out] for n, table in ends.items()}
        return square(np.log(list(kept)), [np.mean(some) for some in kept.values()]) \
            if all(kept.values()) else np.nan

    x = np.concatenate([[np.log(n)] * len(table) for n, table in ends.items()])
    y = np.concatenate([list(table.values()) for table in ends.values()])
    means = np.concatenate([[np.mean(list(table.values()))] * len(table) for table in ends.values()])
    line = np.polyval(np.polyfit(x, y, 1), x)
    freedom = len(ends) - 2, len(y) - len(ends)
    lack = np.nan
    if freedom[1] > 0:
        ratio = (np.sum((means - line) ** 2) / freedom[0]) / (np.sum((y - means) ** 2) / freedom[1])
        lack = float(stats.f.sf(ratio, *freedom))
    seeds = {seed for table in ends.values() for seed in table}
    return exponents, of_means(), min(of_means(seed) for seed in seeds), lack


@row("Plateau end is a power law in N")
def power_law(runs):
    found = law(runs)
    if not found:
        return 0, None, []
    exponents, fit, least, lack = found
    interval = Interval(exponents)
    if interval.seeds < 2:
        return 0, None, [interval]
    if fit < 0.98 and lack < 0.05:
        return -1, lack, [interval]
    if interval.high < 0:
        return -1, interval.p(0), [interval]
    return int(min(fit, least) >= 0.98 and interval.low > 0), interval.p(0), [interval]


@row("... with an exponent of 0.81")
def exponent(runs):
    found = law(runs)
    if not found:
        return 0, None, []
    exponents, fit, _, lack = found
    interval = Interval(exponents)
    if interval.seeds < 2:
        return 0, None, [interval]
    if interval.low > 0.83 or interval.high < 0.79:
        nearer = 0.83 if interval.low > 0.83 else 0.79
        return -1, interval.p(nearer), [interval]
    missed = fit < 0.98 and lack < 0.05
    holds = interval.low > 0.71 and interval.high < 0.91 and not missed
    return int(holds), max(interval.p(0.71), interval.p(0.91)), [interval]


@row("Attention from the attribute to the name rises on the plateau")
def attention_rises(runs):
    parts = split(population_runs(runs), individuals)
    over = [n for n, part in parts.items() if all(run.end is not None for run in part)]
    if not over:
        return 0, None, []

    def rise(run, minus_before):
        name = "attention_attribute_to_name"
        layers = run.layers()
        if not layers:
            return None
        layer = max(layers, key=lambda k: run.course(name, k)[1][-1])
        zero, begin, end = (run.at(step, name, layer) for step in (0, run.begin, run.end))
        return end - begin - (begin - zero if minus_before else 0)

    some = parts[max(over)]
    return both((by_seed(some, lambda run: rise(run, False)), "above", 0),
                (by_seed(some, lambda run: rise(run, True)), "above", 0))


def held_out_runs(runs):
    """Lists of population runs with held-out people, one for each N whose plateaus are all over."""
    parts = split([run for run in population_runs(runs) if run.has_group("held_out")], individuals)
    return [part for _, part in sorted(parts.items()) if all(run.end is not None for run in part)]


def over_populations(parts, value):
    return mean_of([by_seed(part, value) for part in parts])


def known_minus_held_out(measure):
    def value(run):
        one, other = run.final(measure), run.final(measure, "held_out")
        return None if one is None or other is None else one - other
    return value


@row("Held-out loss rises above the baseline once knowledge appears")
def held_out_loss(runs):
    parts = held_out_runs(runs)

    def final_minus(run, other):
        last = run.final("attribute_loss", "held_out")
        return None if last is None or other is None else last - other

    return both(
        (over_populations(parts, lambda run: final_minus(run, run.baseline)), "above", 0),
        (over_populations(parts, lambda run: final_minus(
            run, run.at(run.end, "attribute_loss", "held_out"))), "above", 0))


@row("Confidence on held-out people is lower than on known ones")
def confidence(runs):
    parts = held_out_runs(runs)
    return both((over_populations(parts, known_minus_held_out("max_probability")), "above", 0),
                (over_populations(parts, known_minus_held_out("entropy")), "below", 0))


# ---- sentences and templates (figure A), hyperparameters (figure C)

@row("A random order of sentences is crucial")
def random_order(runs):
    def differences(part):
        """Random minus fixed by seed, of each number of templates that a seed has in both orders."""
        tables = [minus(*(by_seed([run for run in some if run["population_sentence_order"] == order],
                                  final_accuracy) for order in ("random", "fixed")))
                  for some in split(part, lambda run: run["population_templates"]).values()]
        return [table for table in tables if table]

    free = ("population_templates", "population_sentence_order")
    some = choose(of_kind(runs, "uniform"), free, lambda part: (
        len(differences(part)), len({items(run.counting, only=free) for run in part}), len(part)))
    return single(mean_of(differences(some)), "above", 0.1)


@row("More templates per individual, more knowledge")
def more_templates(runs):
    some = differing([run for run in of_kind(runs, "uniform")
                      if run["population_sentence_order"] == "random"], "population_templates")
    numbers = values_of(some, "population_templates")
    if len(numbers) < 2:
        return 0, None, []
    many = next((number for number in numbers if number >= 4 * numbers[0]), numbers[-1])
    tables = [by_seed([run for run in some if run["population_templates"] == number],
                      final_accuracy) for number in (many, numbers[0])]
    return single(minus(*tables), "above", 0)


HYPERPARAMETERS = (
    ("train_learning_rate",), ("train_weight_decay",), ("train_batch",),
    ("train_batch", "train_steps"),
    ("model_width", "model_hidden", "model_layers", "model_heads", "model_preset",
     "model_recurrent_width"),
    ("model_mixer", "model_positions", "model_recurrent_width"))


@row("Phases are robust to hyperparameters")
def robust(runs):
    uniform, varied, settings = of_kind(runs, "uniform"), set(), {}
    for free in HYPERPARAMETERS:
        if "train_steps" in free:
            some = equal_sequences(uniform)
        else:
            some = choose(uniform, free, lambda part: (len({items(run.counting, only=free) for run in part}),
                                                       max(run["population_individuals"] for run in part), len(part)))
        parts = split(some, lambda run: items(run.counting))
        if len(parts) > 1:
            varied.add(free[0])
            settings.update(parts)
    tables = {key: by_seed(part, lambda run: speeds(run) and min(speeds(run)))
              for key, part in settings.items()}
    several = [list(table.values()) for table in tables.values() if len(table) > 1]
    freedom = sum(len(values) - 1 for values in several)
    squares = sum(np.sum((values - np.mean(values)) ** 2) for values in several)
    intervals, parts = [], []
    for table in tables.values():
        if len(table) > 1:
            intervals.append(Interval(table, np.sqrt(squares / freedom), freedom))
            parts.append(intervals[-1].above(0))
        else:
            value = next(iter(table.values()), 0)
            parts.append((int(np.sign(value)), None))
    verdict, p = every(parts)
    if verdict == 1 and (len(varied) < 3 or not all(tables.values())):
        verdict = 0
    return verdict, p, intervals


def equal_sequences(runs):
    """Runs that differ in the batch, and in the steps so that all see as many sequences."""
    def key(run):
        return items(dict(run.counting, sequences=run["train_batch"] * run["train_steps"]),
                     ("train_batch", "train_steps"))

    return max(in_order(split(runs, key)), default=[],
               key=lambda part: (len({run["train_batch"] for run in part}),
                                 max(run["population_individuals"] for run in part), len(part)))


# ---- patches (figures 3, D, W)

def patched_runs(runs, curriculum="none"):
    return differing([run for run in of_kind(runs, "patched")
                      if run["curriculum_kind"] == curriculum], "patch_reference", "patch_start")


def reference(run):
    return run["train_steps"] if run["patch_reference"] < 0 else run["patch_reference"]


def references_of(runs, patched):
    wanted = {items(run.counting, ("patch_", "start_")) for run in patched}
    return [run for run in of_kind(runs, "uniform", "sequential")
            if items(run.counting, ("patch_", "start_")) in wanted]


def by_reference(patched, start):
    parts = split([run for run in patched if run["patch_start"] == start], reference)
    return {step: by_seed(part, final_loss) for step, part in sorted(parts.items())}


@row("Patterns of later reference steps give a lower final loss")
def later_patterns(runs):
    tables = {step: table for step, table in by_reference(patched_runs(runs), 0).items() if step > 0}
    if len(tables) < 2:
        return 0, None, []
    return both((slopes({np.log2(step): table for step, table in tables.items()}), "below", 0),
                (minus(tables[max(tables)], tables[min(tables)]), "below", 0))


@row("Patterns of after the plateau remove the plateau")
def remove_plateau(runs):
    patched = [run for run in patched_runs(runs) if run["patch_start"] == 0]
    references = [run for run in references_of(runs, patched) if run.finished]
    last = max(map(reference, patched), default=0)
    if not references or any(run.end is None or run.end >= last for run in references):
        return 0, None, []

    def plateau(run):
        if run.begin is None or run.end is None and not run.finished:
            return None
        return (run["train_steps"] if run.end is None else run.end) - run.begin

    ours = by_seed([run for run in patched if reference(run) == last], plateau)
    whole = by_seed(references, plateau)
    return single({seed: ours[seed] / whole[seed] for seed in ours if seed in whole}, "below", 0.5)


@row("Patterns of early steps are worse than untrained ones")
def early_patterns(runs):
    patched = [run for run in patched_runs(runs) if run["patch_start"] == 0]
    ends = [run.end for run in references_of(runs, patched) if run.end is not None]
    tables = by_reference(patched, 0)
    early = [table for step, table in tables.items() if ends and 0 < step < min(ends)]
    if not early or 0 not in tables:
        return 0, None, []
    return single(minus(mean_of(early), tables[0]), "above", 0)


@row("The earlier good patterns are put in, the lower the final loss")
def good_patterns(runs):
    patched = patched_runs(runs)
    last = max(map(reference, patched), default=0)
    parts = split([run for run in patched if reference(run) == last], lambda run: run["patch_start"])
    if len(parts) < 3:
        return 0, None, []
    return single(slopes({np.log2(1 + start): by_seed(part, final_loss)
                          for start, part in parts.items()}), "above", 0)


@row("Patterns of a sequential run's later steps help too")
def sequential_patterns(runs):
    patched = patched_runs(runs, "sequential")
    start = min((run["patch_start"] for run in patched), default=0)
    tables = {np.log2(step): table for step, table in by_reference(patched, start).items() if step}
    return single(slopes(tables), "below", 0) if len(tables) > 1 else (0, None, [])


# ---- power laws (figures 4, G)

def where(runs, **wanted):
    """Runs with these settings; alpha is that of alpha()."""
    return [run for run in runs if all((alpha(run) if name == "alpha" else run[name]) == value
                                       for name, value in wanted.items())]


@row("Plateau is shortest at an interior alpha")
def interior(runs):
    runs = power_law_runs(runs)
    lengths = split(runs, lambda run: run["train_steps"])
    some = max((part for _, part in sorted(lengths.items())), key=len, default=[])

    def end(run):
        return run["train_steps"] if run.end is None and run.finished else run.end

    parts, intervals = [], []
    for n in values_of(some, "population_individuals"):
        tables = {a: by_seed(part, end) for a, part in sorted(
            split(where(some, population_individuals=n), alpha).items())}
        if len(tables) < 4 or 0 not in tables:
            continue
        largest = max(tables)
        best = best_by_others([table for a, table in tables.items() if a not in (0, largest)])
        pair = [Interval(minus(tables[a], best)) for a in (0, largest)]
        parts.append(every([interval.above(0) for interval in pair]))
        intervals += pair
    return *every(parts), intervals


def least_alphas(cells):
    """{x: {alpha: losses by seed}} to {x: best alpha by seed}, by the parabola through the losses."""
    common = sorted(set.intersection(*map(set, cells.values())))
    if len(common) < 3:
        return {}

    def lowest(losses):
        factor, slope, _ = np.polyfit(common, losses, 2)
        if factor <= 0:
            return common[int(np.argmin(losses))]
        return float(np.clip(-slope / (2 * factor), common[0], common[-1]))

    return {x: {seed: lowest([tables[a][seed] for a in common])
                for seed in shared([tables[a] for a in common])} for x, tables in cells.items()}


def best_alpha(runs, fixed, moving, side):
    """Slope of the best alpha over log2 of a setting, at the fixed one's value with most of them."""
    cells = split(power_law_runs(runs), lambda run: (run[fixed], run[moving]))
    enough = [part for part in cells.values() if any(len(set(map(alpha, some))) >= 3
              for some in split(part, lambda run: run.seed).values())]
    parts = split(sum(enough, []), lambda run: run[fixed])
    some = max((part for _, part in sorted(parts.items())), default=[],
               key=lambda part: (len(values_of(part, moving)), len(part)))
    cells = {np.log2(x): {a: by_seed(part, final_loss)
                          for a, part in split(where(some, **{moving: x}), alpha).items()}
             for x in values_of(some, moving)}
    return single(slopes(least_alphas(cells)), side, 0) if len(cells) > 1 else (0, None, [])


@row("Alpha of the least final loss grows with N")
def alpha_of_n(runs):
    return best_alpha(runs, "train_steps", "population_individuals", "above")


@row("Alpha of the least final loss grows with shorter budgets")
def alpha_of_budget(runs):
    return best_alpha(runs, "population_individuals", "train_steps", "below")


# ---- ways to show individuals (figures 4, H to L, questions)

def best_of(runs, value=final_loss, sign=1):
    return best_by_others([by_seed(part, value) for part in members(runs)], sign)


def best_against(runs, one, other):
    """Whether the best of a kind beats the best of another."""
    ours, others = meet(runs, one, other)
    if not ours:
        return 0, None, []
    theirs = by_seed(others, final_loss) if other == "uniform" else best_of(others)
    verdict, p, interval = beats(minus(best_of(ours), theirs), baseline_of(ours, others))
    return verdict, p, [interval]


@row("Warm-up beats uniform at equal steps for the largest N")
def warm_up_uniform(runs):
    return best_against(runs, "warm-up", "uniform")


@row("Warm-up beats the best fixed distribution")
def warm_up_fixed(runs):
    return best_against(runs, "warm-up", "power law")


@row("After a warm-up more people are known than without one by training on fewer")
def fewer_people(runs):
    some = usual(of_kind(runs, "warm-up", "uniform"))
    n = max(map(individuals, of_kind(some, "warm-up")), default=0)

    def lists(part):
        return ([run for run in of_kind(part, "warm-up") if individuals(run) == n],
                [run for run in of_kind(part, "uniform") if individuals(run) <= n])

    part = choose(some, ("population_individuals", "distribution_", "curriculum_"),
                  lambda part: (part[0]["train_steps"], len(part)),
                  lambda part: lists(part)[0] and any(individuals(run) < n
                                                      for run in lists(part)[1]))
    if not part:
        return 0, None, []
    warm, uniform = lists(part)
    tables = [by_seed(some, lambda run: final_accuracy(run) and final_accuracy(run)
                      * individuals(run) / n) for some in split(uniform, individuals).values()]
    return single(minus(best_of(warm, final_accuracy, -1), best_by_others(tables, -1)), "above", 0)


def celebrities_gain(runs, value, sign):
    famous, laws, uniform = meet(runs, "celebrities", "power law", "uniform")
    if not famous:
        return 0, None, []
    base = by_seed(uniform, value)
    one, other = ({seed: -sign * d for seed, d in minus(best_of(some, value, sign), base).items()}
                  for some in (famous, laws))
    seeds = shared([one, other])
    return both(({seed: one[seed] - other[seed] / 2 for seed in seeds}, "above", 0),
                ({seed: 2 * other[seed] - one[seed] for seed in seeds}, "above", 0))


@row("Celebrities help about as much as a power law")
def celebrities(runs):
    return celebrities_gain(runs, final_loss, 1)


@row("... counted in accuracy")
def celebrities_accuracy(runs):
    return celebrities_gain(runs, final_accuracy, -1)


def switch(run):
    """The step at which an adaptive warm-up ends."""
    counts = dict(zip(*run.course("draw_count", "")))
    whole = [step for step in run.steps if counts.get(step, 0) >= individuals(run)]
    if not whole or whole[0] == run.steps[0]:
        return None
    b = whole[0]
    a = max(step for step in run.steps if step < b)
    return next((step + run["curriculum_steps"] for step in run.steps
                 if a < step + run["curriculum_steps"] <= b), None)


@row("Open question: adaptive warm-up beats the best fixed one")
def adaptive(runs):
    free, fixed = meet(runs, "adaptive", "warm-up")
    both_have = {run["curriculum_individuals"] for run in free} & {
        run["curriculum_individuals"] for run in fixed}
    if not both_have:
        return 0, None, []
    free = where(free, curriculum_individuals=max(both_have))
    fixed = where(fixed, curriculum_individuals=max(both_have))
    free = where(free, curriculum_steps=max(run["curriculum_steps"] for run in free))
    switches = by_seed(free, switch)
    if not switches:
        return 0, None, []
    mean = np.mean(list(switches.values()))
    near = min(map(length, fixed), key=lambda steps: (abs(steps - mean), steps))
    difference = minus(by_seed(free, final_loss),
                       by_seed([run for run in fixed if length(run) == near], final_loss))
    difference = {seed: d for seed, d in difference.items() if switches.get(seed) != near}
    verdict, p, interval = beats(difference, baseline_of(free, fixed))
    return verdict, p, [interval]


def nearest(runs, measure, target):
    value = min(map(measure, runs), key=lambda x: (abs(x - target), x))
    return [run for run in runs if measure(run) == value]


@row("Not tried before: gradual growth beats the best warm-up")
def growth(runs):
    growing, warm = meet(runs, "growth", "warm-up")
    if not growing:
        return 0, None, []
    n, steps = individuals(warm[0]), warm[0]["train_steps"]

    def subset(run):
        return run["curriculum_individuals"]

    growing = nearest(nearest(growing, subset, n / 4), length, steps / 2)
    warm = nearest(nearest(warm, subset, n / 2), length, steps * 3 / 8)
    verdict, p, interval = beats(minus(by_seed(growing, final_loss), by_seed(warm, final_loss)),
                                 baseline_of(growing, warm))
    return verdict, p, [interval]


@row("Not tried before: an alpha annealed to 0 beats the best fixed one")
def annealed(runs):
    return best_against(runs, "annealed", "power law")


def thrown_away(runs):
    """Runs of the longest stage before the plateau's end, and their uniform runs."""
    thrown, uniform = meet(runs, "throw-away", "uniform")
    ends = [run.end for run in uniform if run.end is not None]
    early = [run for run in thrown if ends and length(run) <= min(ends)]
    longest = max(map(length, early), default=0)
    return [run for run in early if length(run) == longest], uniform


def costs_nothing(thrown, uniform):
    return single(minus(by_seed(thrown, final_loss), by_seed(uniform, final_loss)), "below",
                  0.02 * baseline_of(thrown, uniform))


@row("Open question: throw-away data before the plateau's end costs nothing")
def throw_away(runs):
    thrown, uniform = thrown_away(runs)
    return costs_nothing(thrown, uniform) if thrown else (0, None, [])


@row("... shortens the plateau of those who come after")
def throw_away_shortens(runs):
    thrown, uniform = thrown_away(runs)
    if not thrown:
        return 0, None, []
    own = by_seed(thrown, lambda run: None if run.end is None else run.end - length(run))
    return single(minus(by_seed(uniform, lambda run: run.end), own), "above", 0)


@row("... costs no more than as many steps less")
def throw_away_steps(runs):
    thrown, _ = thrown_away(runs)
    if not thrown:
        return 0, None, []
    free = "distribution_", "curriculum_", "train_steps"
    wanted = items(thrown[0].counting, free)
    steps = thrown[0]["train_steps"] - length(thrown[0])
    shorter = [run for run in of_kind(runs, "uniform") if run["train_steps"] == steps
               and items(run.counting, free) == wanted]
    return costs_nothing(thrown, same_draws(shorter, thrown)) if shorter else (0, None, [])


@row("Open question: repeats across steps help, repeats inside a batch do not")
def repeats(runs):
    across = best_against(runs, "repeats across steps", "uniform")
    inside = best_against(runs, "repeats in a batch", "uniform")
    verdict, p = every([across[:2], (-inside[0], inside[1])])
    return verdict, p, across[2] + inside[2]
