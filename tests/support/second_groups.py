"""The rows on fine-tuning, toy memories and sequential groups, for second_findings.py."""

from __future__ import annotations

import numpy as np
from second_rows import both, known_minus_held_out, row, single
from second_runs import (Interval, between, by_seed, choose, differing, every, final_accuracy,
                         final_loss, individuals, in_order, items, minus,
                         of_kind, reached, slopes, split, values_of)


# ---- fine-tuning (figures 5, N to P) and toy memories (Q, R)

PEOPLE = "population_new", "distribution_replay_weight"
PAIRS = "memory_new_pairs", "memory_replay_weight"


def tuning_runs(runs, new):
    """Runs that learn new people, or new pairs."""
    return [run for run in runs if (run[new] or 0) > 0 and (
        run["task"] == "memory" if new == PAIRS[0] else run["distribution_kind"] == "replay")]


def loss_of_accuracy(run, share=1.0):
    """Accuracy at step 0 minus the least until this share of the steps."""
    steps, values = run.course("attribute_accuracy")
    some = values[steps <= share * run["train_steps"]]
    return float(values[0] - some.min()) if len(some) and steps[0] == 0 else None


def collapse_runs(runs, names):
    new, weight = names
    some = [run for run in tuning_runs(runs, new) if run.finished]
    least = min((run[weight] for run in some), default=None)
    return differing([run for run in some if run[weight] == least], new)


def collapse(names):
    def decide(runs):
        some = collapse_runs(runs, names)

        def early(run):
            whole = loss_of_accuracy(run)
            return loss_of_accuracy(run, 0.1) / whole if whole else whole

        return both((by_seed(some, early), "above", 0.5),
                    (by_seed(some, loss_of_accuracy), "above", 0.1))
    return decide


def more_new(names):
    new, weight = names

    def decide(runs):
        parts = [part for part in in_order(split(
            tuning_runs(runs, new), lambda run: items(run.counting, (new,))))
            if len(values_of(part, new)) >= 2]
        parts.sort(key=lambda part: (part[0][weight], -part[0]["train_learning_rate"]))
        shown = []
        for part in parts:
            tables = {number: by_seed([run for run in part if run[new] == number], final_accuracy)
                      for number in values_of(part, new)}
            slope = slopes({np.log2(number): table for number, table in tables.items()})
            if max(np.mean(list(table.values()) or [0]) for table in tables.values()) >= 0.1:
                return single(slope, "below", 0)
            shown = shown or [Interval(slope)]
        return 0, None, shown
    return decide


def replay_sets(runs, names):
    new, weight = names
    some = differing(tuning_runs(runs, new), weight)
    return {value: [run for run in some if run[weight] == value] for value in values_of(some, weight)}


def replay_final(names):
    def decide(runs):
        parts = replay_sets(runs, names)
        if len(parts) < 2:
            return 0, None, []
        most, least = (by_seed(parts[end(parts)], final_accuracy) for end in (max, min))
        return single(minus(most, least), "above", 0)
    return decide


def replay_initial(names):
    def decide(runs):
        parts = replay_sets(runs, names)
        if len(parts) < 2:
            return 0, None, []
        lost = {weight: by_seed([run for run in part if run.finished],
                                lambda run: loss_of_accuracy(run, 0.1))
                for weight, part in parts.items()}
        base = {seed: value for seed, value in lost.pop(min(lost)).items() if value > 0}
        intervals = [Interval({seed: table[seed] / base[seed] for seed in table if seed in base})
                     for _, table in sorted(lost.items())]
        holds = all(interval.low > 0.9 for interval in intervals)
        verdict = 1 if holds else -int(all(interval.high < 1 for interval in intervals))
        tests = [interval.p(0.9 if holds else 1) for interval in intervals]
        return verdict, None if None in tests else max(tests), intervals
    return decide


row("Fine-tuning: old knowledge collapses early")(collapse(PEOPLE))
row("Fine-tuning: the more new people, the more is lost")(more_new(PEOPLE))
row("Fine-tuning: replay softens the final drop")(replay_final(PEOPLE))
row("Fine-tuning: replay does not soften the initial drop")(replay_initial(PEOPLE))


def parent(run, runs):
    """The run that one started from."""
    named = [one for one in runs if run["start_run"] and one.name == run["start_run"]]
    if named:
        return named[0]
    return next((one for one in of_kind(runs, "uniform")
                 if one["train_steps"] == run["start_step"] and one.seed == run.seed
                 and individuals(one) == individuals(run)
                 and items(one.counting, only=("model_",)) == items(run.counting, only=("model_",))),
                None)


@row("Fine-tuning: attention stays stable")
def attention_stable(runs):
    name = "attention_attribute_to_name"

    def change(run):
        old = parent(run, runs)
        if old is None or not old.layers() or not run.layers():
            return None
        changes = [np.abs(values - values[0]).max()
                   for values in (run.course(name, layer)[1] for layer in run.layers())]
        trained = max(np.ptp(old.course(name, layer)[1]) for layer in old.layers())
        return max(changes) / trained if trained else None

    return single(by_seed(collapse_runs(runs, PEOPLE), change), "below", 0.25)


@row("Fine-tuning on rare seen people is net-positive")
def rare(runs):
    some = differing([run for run in runs if run["distribution_among"] == "others"])

    def gain(group):
        def value(run):
            last, first = run.final("attribute_accuracy", group), run.at(
                0, "attribute_accuracy", group)
            return None if last is None or first is None else last - first
        return by_seed(some, value)

    return both((gain("known"), "above", 0), (gain("others"), "above", 0))


@row("Toy memory: confidently wrong about keys that it has never seen")
def toy_memory(runs):
    some = differing([run for run in of_kind(runs, "memory") if not run["memory_new_pairs"]
                      and run.has_group("held_out")])

    def above_baseline(run):
        last = run.final("attribute_loss", "held_out")
        return None if last is None else last - run.baseline

    return both((by_seed(some, above_baseline), "above", 0),
                (by_seed(some, known_minus_held_out("max_probability")), "above", 0))


row("Toy memory: old pairs collapse early when new ones are learnt")(collapse(PAIRS))
row("Toy memory: the more new pairs, the more is lost")(more_new(PAIRS))
row("Toy memory: replay softens the final drop")(replay_final(PAIRS))
row("Toy memory: replay does not soften the initial drop")(replay_initial(PAIRS))


# ---- groups one after another (figures S to V)

def visit(run, k):
    """The group of visit k, from 0 on, and the steps at which it begins and ends."""
    visits = run["curriculum_groups"] * run["curriculum_repeats"]
    begin, end = (-(-j * run["train_steps"] // visits) for j in (k, k + 1))
    return f"group_{k % run['curriculum_groups'] + 1}", begin, end


def sequential_sets(runs, groups):
    """Sets of finished runs, equal but for the seed, that visit so many groups or more once."""
    some = [run for run in of_kind(runs, "sequential") if run.finished
            and run["curriculum_groups"] >= groups and run["curriculum_repeats"] == 1]
    return in_order(split(some, lambda run: items(run.counting)))


def counted(runs, groups, value, only_constant):
    """Values by seed of each set that counts."""
    tables = [(part, by_seed(part, value)) for part in sequential_sets(runs, groups)]
    tables = [(part, table) for part, table in tables if len(table) >= 2]
    shown = split(tables, lambda one: items(one[0][0].counting, only=(
        "population_", "distribution_", "curriculum_", "train_steps", "train_batch")))

    def constant(one):
        return one[0][0]["train_schedule"] == "constant"

    kept = []
    for rivals in shown.values():
        rivals.sort(key=lambda one: (not constant(one), -len(one[1]),
                                     one[0][0]["train_learning_rate"]))
        first = []
        for one in rivals:
            if not any(set(one[1]) & set(other[1]) for other in first):
                first.append(one)
        kept += first
    if only_constant and any(map(constant, kept)):
        kept = list(filter(constant, kept))
    return [table for part, table in tables if any(part is one for one, _ in kept)]


def decide_sets(tables):
    intervals = [Interval(table) for table in tables]
    return *every([interval.below(0) for interval in intervals]), intervals


def slope_of_visits(value):
    """A run's slope of a value of (run, visit) over the number of the visit, from the second on."""
    def slope(run):
        numbers = range(1, run["curriculum_groups"])
        values = [value(run, k) for k in numbers]
        return None if None in values else float(np.polyfit(numbers, values, 1)[0])
    return slope


def clipped(run, group, begin, end):
    """Points of a group's loss, at most the baseline, from one step to another."""
    steps, values = run.course("attribute_loss", group)
    course = steps, np.minimum(values, run.baseline)
    inside = [(s, v) for s, v in zip(*course) if begin < s < end]
    return [(begin, between(course, begin)), *inside, (end, between(course, end))]


def half_learned(run, k):
    """Steps in which half of what a visit teaches is learned."""
    points = clipped(run, *visit(run, k))
    first, last = points[0][1], points[-1][1]
    if last >= first:
        return None
    return reached(points, (first + last) / 2) - points[0][0]


def half_forgotten(run, k):
    """Steps after a visit until half of what the group knew is gone; at most to the end."""
    group, _, end = visit(run, k)
    points = clipped(run, group, end, run["train_steps"])
    if points[0][1] >= run.baseline:
        return None
    gone = reached(points, (points[0][1] + run.baseline) / 2, rising=True)
    return (points[-1][0] if gone is None else gone) - end


@row("Sequential: new groups get easier")
def easier(runs):
    def loss(run, k):
        group, _, end = visit(run, k)
        return run.at(end, "attribute_loss", group)
    return decide_sets(counted(runs, 3, slope_of_visits(loss), True))


@row("Sequential: new groups are learned sooner")
def sooner(runs):
    def steps(run, k):
        half = half_learned(run, k)
        return np.log(half) if half else None
    return decide_sets(counted(runs, 3, slope_of_visits(steps), True))


@row("Sequential: forgetting is faster than learning")
def forgetting(runs):
    def ratio(run):
        halves = [(half_forgotten(run, k), half_learned(run, k))
                  for k in range(run["curriculum_groups"] - 1)]
        logs = [np.log(gone / learned) for gone, learned in halves if gone and learned]
        return float(np.mean(logs)) if logs else None
    return decide_sets(counted(runs, 2, ratio, False))


@row("Sequential: many changes at a high learning rate reduce plasticity")
def plasticity(runs):
    some = differing([run for run in of_kind(runs, "sequential") if run["curriculum_groups"] == 2
                      and run["train_schedule"] == "constant"],
                     "train_learning_rate", "curriculum_repeats")
    rates, repeats = values_of(some, "train_learning_rate"), values_of(some, "curriculum_repeats")
    if len(rates) < 2 or len(repeats) < 2:
        return 0, None, []

    def slope(rate):
        part = [run for run in some if run["train_learning_rate"] == rate]
        return slopes({np.log2(number): by_seed(
            [run for run in part if run["curriculum_repeats"] == number],
            lambda run: run.final("attribute_loss", "group_2")) for number in repeats})

    return single(minus(slope(rates[-1]), slope(rates[0])), "above", 0)
