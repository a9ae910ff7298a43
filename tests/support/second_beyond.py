"""The rows beyond the paper, for second_findings.py."""

from __future__ import annotations

import numpy as np
from scipy import optimize
from second_rows import both, row, single
from second_runs import (Interval, alpha, between, by_seed, choose, final_accuracy, final_loss, in_order, individuals, items,
                         kind, minus, of_kind, shared, slopes, split)

OPTIMISER = ("train_optimizer", "train_learning_rate", "train_final_learning_rate", "train_matrix_learning_rate",
             "train_momentum", "train_beta1", "train_beta2", "train_epsilon", "train_weight_decay")


def nothing():
    return 0, None, []


def compared(one, other, side, threshold=0):
    """A row of the difference by seed of two tables; nothing if one is empty."""
    return single(minus(one, other), side, threshold) if one and other else nothing()


def finished_or_all(runs):
    return [run for run in runs if run.finished] or runs


def differ_in(runs, *free):
    """Every set of runs that differ in these settings only, that with most combinations first, then with most runs."""
    parts = in_order(split(runs, lambda run: items(run.counting, free)))
    return sorted(parts, key=lambda part: (-len({items(r.counting, only=free) for r in part}), -len(part)))


# ---- capacity

def memories(runs):
    """{(width, exposures): runs}"""
    some = [run for run in of_kind(runs, "uniform") if run.finished and (run.course("stored_bits")[1] > 0).any()]
    found = {}
    for part in differ_in(some, "population_individuals", "train_steps"):
        cells = split(part, lambda run: float(f"{run['train_steps'] * run['train_batch'] / individuals(run):.1e}"))
        for exposures, cell in cells.items():
            if len(set(map(individuals, cell))) > 1:
                found.setdefault((cell[0]["model_width"], exposures), cell)
    return found


def capacity(runs):
    """Of each seed, in the population that stores most."""
    tables = [by_seed(part, lambda run: run.final("stored_bits_per_layer_parameter"))
              for part in split(runs, individuals).values()]
    return max(tables, key=lambda table: np.mean(list(table.values())))


def full(runs):
    """Does the population that stores most store less than 0.9 of what there is?"""
    def there_is(run):
        bits, each = (run.course(name)[1] for name in ("stored_bits", "stored_bits_per_layer_parameter"))
        parameters = np.median(bits[each > 0] / each[each > 0])
        return individuals(run) * 6 * run.baseline / np.log(2) / parameters
    best = max(split(runs, individuals).values(),
               key=lambda part: np.mean([run.final("stored_bits_per_layer_parameter") for run in part]))
    return np.mean(list(capacity(runs).values())) < 0.9 * np.mean([there_is(run) for run in best])


def least_width(found, exposures):
    near = [key for key in found if 0.9 * exposures <= key[1] <= 1.1 * exposures]
    return min(near, default=None)


@row("Capacity: about 2 bits a parameter after 1,000 exposures")
def two_bits(runs):
    found = memories(runs)
    place = least_width(found, 1000)
    if not place:
        return nothing()
    interval = Interval(capacity(found[place]))
    if interval.low > 2.5 or interval.high < 1.5:
        return -int(interval.low > 2.5 or full(found[place])), interval.p(2.5 if interval.low > 2.5 else 1.5), [interval]
    p = max(interval.p(1.5), interval.p(2.5)) if interval.seeds > 1 else None
    return int(interval.low >= 1.5 and interval.high <= 2.5 and full(found[place])), p, [interval]


@row("Capacity: more is stored after 1,000 exposures than after 100")
def more_exposures(runs):
    found = memories(runs)
    many = least_width(found, 1000)
    few = many and least_width({key: part for key, part in found.items() if key[0] == many[0]}, 100)
    if not few:
        return nothing()
    verdict, *numbers = compared(capacity(found[many]), capacity(found[few]), "above")
    return verdict * int(full(found[few if verdict > 0 else many])), *numbers


# ---- exposures and detection

def exposed(runs):
    some = [run for run in finished_or_all(of_kind(runs, "uniform", "power law")) if run.exposure]
    return next(iter(differ_in(some, "distribution_kind", "distribution_alpha")), [])


def half_known(run):
    """log2 of exposures."""
    least, values, accuracy = run.exposure
    largest = np.append(least[1:] - 1, least[-1])
    values, right = np.nansum(values, axis=0), np.nansum(values * accuracy, axis=0)
    seen = (values > 0) & (least > 0)
    x = np.log2(np.sqrt(least[seen] * np.maximum(least, largest)[seen]))
    if len(x) < 3:
        return None
    won, lost = right[seen] + 0.5, values[seen] - right[seen] + 0.5

    def slope_of_likelihood(fit):
        p = 1 / (1 + np.exp(-np.clip(fit[0] + fit[1] * (x - x.mean()), -500, 500)))
        rest = won * (1 - p) - lost * p
        return [rest.sum(), (rest * (x - x.mean())).sum()]

    fit = optimize.root(slope_of_likelihood, [0, 0.1], method="hybr", options={"xtol": 1e-13}).x
    half = x.mean() - fit[0] / fit[1]
    return float(half) if fit[1] > 0 and x.min() <= half <= x.max() else None


@row("Exposures: fewer are needed in a heavy-tailed stream")
def fewer_exposures(runs):
    one, even = ([run for run in exposed(runs) if alpha(run) == wanted] for wanted in (1, 0))
    return single(minus(by_seed(one, half_known), by_seed(even, half_known)), "below", 0) if one and even else nothing()


@row("Detection: confidence tells known from unknown only after the plateau")
def detection(runs):
    even = [run for run in exposed(runs) if alpha(run) == 0 and run.end is not None
            and len(run.course("auroc_confidence", "held_out")[1])]
    if not even:
        return nothing()
    begin = by_seed(even, lambda run: run.at(run.begin, "auroc_confidence", "held_out"))
    final = by_seed(even, lambda run: run.final("auroc_confidence", "held_out"))
    return both((begin, "below", 0.6), (final, "above", 0.9))


# ---- injection

def injections(run):
    return [int(step) for step in str(run["distribution_inject"]).split()]


def injected(runs, wording):
    some = [run for run in finished_or_all([r for r in of_kind(runs, "injection") if r.has_group("injected")])]
    part = next(iter(differ_in(some, "distribution_inject", "distribution_inject_wording")), [])
    most = max((len(injections(run)) for run in part), default=0)
    return [run for run in part if len(injections(run)) == most and run["distribution_inject_wording"] == wording]


def knowledge(run):
    """Steps since the last injection, and nats."""
    steps, loss = run.course("attribute_loss", "injected")
    later = steps > injections(run)[-1]
    return steps[later] - injections(run)[-1], np.maximum(0, run.baseline - loss[later])


def gain(runs):
    """As knowledge, against the run that differs in nothing but that it injects nobody."""
    ways = "distribution_inject", "distribution_inject_wording"
    plain = {(run.seed, items(run.counting, ways)): run for run in reversed(runs)
             if run.has_group("injected") and not injections(run)}

    def of(run):
        steps, loss = run.course("attribute_loss", "injected")
        later = steps > injections(run)[-1]
        other = plain.get((run.seed, items(run.counting, ways)))
        never = other.course("attribute_loss", "injected") if other else ([0], [np.nan])
        line = np.interp(steps[later], *never, left=np.nan, right=np.nan)
        return steps[later] - injections(run)[-1], line - loss[later]
    return of


def kept(run, course=knowledge):
    nats = course(run)[1]
    return float(nats[-1] / nats[0]) if len(nats) and nats[0] > 0 else None


@row("Injection: new words are kept better than the same words")
def new_words(runs):
    return compared(*(by_seed(injected(runs, wording), kept) for wording in ("new", "same")), "above")


@row("... counted against individuals that are never shown")
def new_words_gain(runs):
    course = gain(runs)
    return compared(*(by_seed(injected(runs, wording), lambda run: kept(run, course)) for wording in ("new", "same")), "above")


def off_line(run, of, course=knowledge):
    steps, nats = course(run)
    if len(nats) < 4 or not (nats > 0).all():
        return None
    x, y = of(steps), np.log(nats)
    design = np.column_stack([x, np.ones(len(x))])
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(np.sqrt(np.mean(rest**2)))


@row("Injection: forgetting is a power law of steps")
def power_law_of_steps(runs):
    some = injected(runs, "new")
    exponential, power = (by_seed(some, lambda run, of=of: off_line(run, of)) for of in (np.asarray, np.log))
    return compared(exponential, power, "above")


@row("... of the gain over individuals that are never shown")
def power_law_of_gain(runs):
    some, course = injected(runs, "new"), gain(runs)
    exponential, power = (by_seed(some, lambda run, of=of: off_line(run, of, course)) for of in (np.asarray, np.log))
    return compared(exponential, power, "above")


# ---- mixtures

def shares(part):
    """{share: final accuracies by seed}"""
    cells = split(part, lambda run: 1 - run["distribution_fresh"])
    found = {share: by_seed(cell, final_accuracy) for share, cell in cells.items()}
    return {share: found[share] for share in sorted(found) if found[share]}


def mixtures(runs):
    """{width: {share: accuracies}}, ascending"""
    some = [run for run in of_kind(runs, "uniform", "mixture") if (run["distribution_final_fresh"] or -1) < 0]
    some = [run for run in some if run["distribution_fresh"] is not None]
    found = {}
    for part in differ_in(some, "distribution_fresh"):
        if len(shares(part)) > 2:
            found.setdefault(part[0]["model_width"], shares(part))
    return {width: found[width] for width in sorted(found)}


def critical(table):
    """Logarithm of the critical share of each seed that has all shares, and knows a tenth of the values without fresh ones."""
    found, descending = {}, sorted(table, reverse=True)
    for seed in shared(list(table.values())) if 1.0 in table else []:
        if table[1.0][seed] < 0.1:
            continue
        half = table[1.0][seed] / 2
        for upper, lower in zip(descending, descending[1:]):
            if table[lower][seed] < half:
                span = table[lower][seed], table[upper][seed]
                found[seed] = float(np.interp(half, span, (np.log(lower), np.log(upper))))
                break
    return found


@row("Mixtures: the critical share falls with width")
def critical_falls(runs):
    points = {np.log(width): critical(table) for width, table in mixtures(runs).items() if critical(table)}
    return single(slopes(points), "below", 0) if len(points) > 1 else nothing()


@row("Mixtures: accuracy falls faster than the share")
def faster_than_share(runs):
    tables = list(mixtures(runs).values())
    whole, quarter = (tables[-1].get(share, {}) for share in (1.0, 0.25)) if tables else ({}, {})
    logs = [{seed: np.log2(value) for seed, value in table.items() if value > 0} for table in (quarter, whole)]
    return compared(*logs, "below", -2)


# ---- optimisers

def optimiser(run):
    return run["train_optimizer"] or "adamw"


def of_two(runs, wanted):
    """Runs of Muon and of AdamW with an alpha."""
    free = (*OPTIMISER, "distribution_kind", "distribution_alpha")
    part = choose(of_kind(runs, "uniform", "power law"), free, len, lambda part: len(set(map(optimiser, part))) > 1)
    lists = [best_rates([run for run in part if optimiser(run) == name]) for name in ("muon", "adamw")]
    return [[run for run in some if alpha(run) == wanted] for some in lists]


def best_rates(runs):
    least = min(map(alpha, runs), default=0)
    cells = split(runs, lambda run: items(run.counting, ("distribution_",)))

    def loss(cell):
        values = [final_loss(run) for run in cell if alpha(run) == least]
        values = [value for value in values if value is not None]
        return np.mean(values) if values else np.inf
    return min(cells.values(), key=loss, default=[])


def end_or_last(run):
    return run.end if run.end is not None else float(run.steps[-1]) if run.finished else None


@row("Optimisers: Muon shortens the plateau, in steps")
def muon_steps(runs):
    muon, adamw = of_two(runs, 0)
    return compared(by_seed(muon, end_or_last), by_seed(adamw, end_or_last), "below") if muon and adamw else nothing()


def seconds(run):
    return between(run.course("wall_time", ""), run.end)


@row("Optimisers: Muon shortens the plateau, in seconds")
def muon_seconds(runs):
    muon, adamw = of_two(runs, 0)
    return single(minus(by_seed(muon, seconds), by_seed(adamw, seconds)), "below", 0) if muon and adamw else nothing()


@row("Optimisers: Muon knows rare people better")
def muon_rare(runs):
    return compared(*(by_seed(some, lambda run: run.final("attribute_accuracy", "decile_10")) for some in of_two(runs, 1)),
                    "above")


# ---- questions

def answers(runs, afterwards):
    """{wordings: accuracy by seed} of people who were never asked about."""
    some = [run for run in runs if kind(run) == "asking" and bool(run["start_run"]) == afterwards
            and all(len(run.course("question_accuracy", group)[1]) for group in ("asked", "not_asked"))]
    some = [run for run in some if not run.finished or run.final("question_accuracy", "asked") > 0.1]
    if afterwards:
        some = [run for run in some if run["distribution_questions"] == 1 and run["distribution_among"] == "asked"]
    part = next(iter(differ_in(some, "population_templates")), [])
    return {wordings: by_seed(cell, lambda run: run.final("question_accuracy", "not_asked"))
            for wordings, cell in split(part, lambda run: run["population_templates"]).items()}


@row("Questions: people never asked about need several wordings, if asked afterwards")
def several_wordings(runs):
    table = answers(runs, True)
    return single(minus(table[max(table)], table[1]), "above", 0) if 1 in table and max(table) > 1 else nothing()


@row("Questions: one wording is enough if questions are mixed in")
def one_wording_mixed(runs):
    table = answers(runs, False)
    return single(table[1], "above", 0.5) if 1 in table else nothing()


@row("Questions: asking during training beats asking afterwards")
def mixed_is_better(runs):
    mixed, after = (answers(runs, afterwards) for afterwards in (False, True))
    most = max(set(mixed) & set(after), default=None)
    return single(minus(mixed[most], after[most]), "above", 0) if most else nothing()


@row("Questions: what was read in one wording cannot be asked for afterwards")
def one_wording(runs):
    table = answers(runs, True)
    return single(table[1], "below", 0.2) if 1 in table else nothing()
