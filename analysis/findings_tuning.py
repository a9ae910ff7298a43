"""Findings of figures 5 N, O, P, Q, R (fine-tuning, toy memory) and S to V (groups one after the other)."""

import numpy as np

from figures_sequential import once, sequential, turns_of, visits
from figures_tuning import PAIRS, PEOPLE, by_count, by_weight, tuned
from findings_table import final_accuracy, final_loss, finding, mean_of, need
from lore_sheet import short
from lore_statistics import OPEN, above, below, every, interval, paired, slopes_by_seed, slopes_of_seeds
from lore_study import of_family, parent

EARLY = 0.1  # the share of fine-tuning that counts as its beginning
LEFT = 0.1  # accuracy; with less there is nothing more to be lost


def lost(run, part=1.0):
    """How far the old ones' accuracy falls at the most in the first part of fine-tuning. Accuracy, as the loss goes on
    rising when nothing is left to be lost: values of new ones are then given to old ones with confidence."""
    steps, values = run.curve("attribute_accuracy", "known")
    return float(values[0] - values[steps <= part * run.settings["train_steps"]].min())


def collapse(study, names):
    """How much accuracy is lost without replay, and the early share of it; a seed's mean over numbers of new ones."""
    runs = [run for _, own in by_count(tuned(study, names), names) for run in own if run.finished]
    need(runs, "no finished fine-tuning run")
    shares, falls = {}, {}
    for run in runs:
        whole = lost(run)
        falls.setdefault(run.settings["seed"], []).append(whole)
        shares.setdefault(run.settings["seed"], []).append(lost(run, EARLY) / whole if whole > 0 else 0)
    share, whole = (interval([np.mean(v) for v in table.values()]) for table in (shares, falls))
    text = f"accuracy falls by {whole.text()}, {share.text()} of it in the first {EARLY:.0%} of the steps"
    return text, every(above(share, 0.5), above(whole, 0.1))


def more_new(study, names):
    table = {np.log2(n): final_accuracy(own) for (n,), own in by_count(tuned(study, names), names)}
    need(len(table) > 1, "only one number of new ones")
    i, left = interval(slopes_by_seed(table)), max(mean_of(row.values()) for row in table.values())
    text = f"final old accuracy changes by {i.text()} with each doubling of the new ones; {left:.2g} at the most"
    return text, below(i) if left >= LEFT else OPEN


def replay_runs(study, names):
    cells = by_weight(tuned(study, names), names)
    need(len(cells) > 1, "only one weight of the replay")
    return cells


def softened(study, names):
    """Final accuracy of the old ones: largest weight minus the least."""
    cells = replay_runs(study, names)
    ends = [final_accuracy(own) for _, own in cells]
    i = interval(paired(ends[-1], ends[0]))
    text = (f"final old accuracy {mean_of(ends[0].values()):.3g} at weight {cells[0][0][0]:g}, "
            f"{mean_of(ends[-1].values()):.3g} at {cells[-1][0][0]:g}; difference {i.text()}")
    return text, above(i)


def initial_drop(study, names):
    """By the weight of the replay, which decides it: with a large one nearly all that is shown is old."""
    cells = replay_runs(study, names)
    least = {run.settings["seed"]: lost(run, EARLY) for run in cells[0][1] if run.finished}
    texts, verdicts = [], []
    for (weight,), own in cells[1:]:
        i = interval([lost(run, EARLY) / least[run.settings["seed"]] for run in own.pick(own.finished)
                      if least.get(run.settings["seed"], 0) > 0])
        verdicts.append(above(i, 0.5))
        texts.append(f"{i.text()} at weight {weight:.3g}")
    return (f"in the first {EARLY:.0%} of the steps old accuracy falls, times as far as at weight {cells[0][0][0]:g}: "
            f"{'; '.join(texts)}", OPEN if len(set(verdicts)) > 1 else verdicts[0])


@finding("Fine-tuning: old knowledge collapses early", "within a few hundred steps", "5, N")
def old_collapse(study):
    """Without replay (or with the least): share of what old people's accuracy loses at the most that is lost in the
    first tenth of the steps. Holds if its 95 % interval over seeds (means over numbers of new people) is above one
    half and that of the whole loss of accuracy above 0.1; not if one is below."""
    return collapse(study, PEOPLE)


@finding("Fine-tuning: the more new people, the more is lost", "worse", "5, N")
def more_people(study):
    """Slope of old people's final accuracy against log2 of the new ones, one per seed: 95 % interval below 0 holds,
    above 0 does not. Nothing is decided if less than 0.1 is left in the mean, whatever the number of new ones."""
    return more_new(study, PEOPLE)


@finding("Fine-tuning: replay softens the final drop", "mitigates", "5, N")
def replay_final(study):
    """Final accuracy of old people, largest replay weight minus the least: 95 % interval over seeds above 0
    holds, below 0 does not."""
    return softened(study, PEOPLE)


@finding("Fine-tuning: replay does not soften the initial drop", "does not", "5, N")
def replay_initial(study):
    """What old people's accuracy loses in the first tenth of the steps, for each weight of the replay over that with the
    least: all 95 % intervals over seeds above one half holds, all below does not; otherwise it depends on the weight."""
    return initial_drop(study, PEOPLE)


@finding("Fine-tuning: attention stays stable", "patterns stay stable", "O")
def stable_attention(study):
    """Largest change of attribute-to-name attention of any layer during fine-tuning without replay, over
    the range that training went through: 95 % interval over seeds below 0.25 holds, above does not."""
    name, shares = "attention_attribute_to_name", {}
    for run in (run for _, own in by_count(tuned(study)) for run in own):
        before = parent(study, run)
        if before and run.layers and run.finished:
            past = [before.curve(name, layer=layer)[1] for layer in run.layers]
            now = [run.curve(name, layer=layer)[1] for layer in run.layers]
            change = max(np.abs(v - v[0]).max() for v in now)
            shares.setdefault(run.settings["seed"], []).append(change / max(np.ptp(v) for v in past))
    need(shares, "no fine-tuning run with attention and with its pre-training")
    i = interval([np.mean(v) for v in shares.values()])
    return f"changes by {i.text()} of what training changed", below(i, 0.25)


@finding("Fine-tuning on rare seen people is net-positive", "rare ones 50 % to 70 %", "P")
def rare_people(study):
    """Accuracy of all known people, and of the rare ones, end minus beginning: holds if both 95 %
    intervals over seeds are above 0; not if one is below."""
    runs = study.where(distribution_among="others")
    need(len(runs), "no fine-tuning on rare people (distribution.among others)")
    runs = runs.along()[0]
    gains = [interval(runs.final("attribute_accuracy", g) - runs.first("attribute_accuracy", g))
             for g in ("known", "others")]
    first, last = (mean_of(v) for v in (runs.first("attribute_accuracy", "others"),
                                        runs.final("attribute_accuracy", "others")))
    return (f"all {gains[0].text()}, rare {gains[1].text()} (from {first:.3f} to {last:.3f})",
            every(*(above(i) for i in gains)))


@finding("Toy memory: confidently wrong about keys that it has never seen", "as the transformer is", "Q")
def toy_hallucination(study):
    """Final loss of held-out pairs minus the baseline: 95 % interval over seeds above 0 and, of their
    highest probability, below that of known pairs: holds; not if one is on the other side."""
    runs = of_family(study, "memory")
    runs = runs.pick([run.settings.get("memory_new_pairs", 0) == 0 for run in runs]).having("attribute_loss", "held_out")
    need(len(runs), "no run of the toy memory with held-out pairs")
    runs = runs.along()[0]
    over = interval(runs.final("attribute_loss", "held_out") - runs.scalar("no_knowledge_baseline"))
    sure = interval(runs.final("max_probability", "known") - runs.final("max_probability", "held_out"))
    return f"{over.text()} nats above; probability {sure.text()} lower", every(above(over), above(sure))


@finding("Toy memory: old pairs collapse early when new ones are learnt", "as the transformer does", "R")
def toy_collapse(study):
    """Share of what old pairs' accuracy loses that is lost in the first tenth of the steps, decided as for people."""
    return collapse(study, PAIRS)


@finding("Toy memory: the more new pairs, the more is lost", "as for the transformer", "R")
def toy_more(study):
    """Slope of old pairs' final accuracy against log2 of the new ones, decided as for people."""
    return more_new(study, PAIRS)


@finding("Toy memory: replay softens the final drop", "as for the transformer", "R")
def toy_replay(study):
    """Final accuracy of old pairs, largest replay weight minus the least, decided as for people."""
    return softened(study, PAIRS)


@finding("Toy memory: replay does not soften the initial drop", "as for the transformer", "R")
def toy_replay_initial(study):
    """What old pairs' accuracy loses in the first tenth of the steps, by weight of the replay, decided as for people."""
    return initial_drop(study, PAIRS)


def along_visits(study, quantity, tell):
    """Slope of `quantity` of visits() along the number of the visit from the second on, one per seed, for every set of runs
    that visit each of three groups or more once; all below 0 holds. The first visit starts from random weights, so it
    takes longer for that alone. Sets whose rate falls are told, and count only where none has a constant one: their
    last visits learn less for that reason alone."""
    texts, verdicts = [], {}
    for own in once(study).along():
        tables = [np.array(visits(run))[1:] for run in own if run.finished]
        slopes = [np.polyfit(rows[:, 0], quantity(rows), 1)[0] for rows in tables
                  if len(rows) > 1 and np.isfinite(quantity(rows)).all()]
        if len(slopes) > 1:
            i = interval(slopes)
            verdicts.setdefault(own.runs[0].settings["train_schedule"], []).append(below(i))
            texts.append(f"{describe(own)}: {tell(i)}")
    need(texts, "no set of finished sequential runs with three groups and two seeds")
    return "; ".join(texts), every(*verdicts.get("constant", sum(verdicts.values(), [])))


@finding("Sequential: new groups get easier", "easier over time", "S")
def easier(study):
    """Slope of a group's loss at the end of its visit against the number of the visit (from the second on), one per seed,
    for every set of runs that visit each of three groups or more once (of constant rate, where there are any): holds if
    all 95 % intervals are below 0; not if one is above."""
    return along_visits(study, lambda rows: rows[:, 1], lambda i: f"{i.text()} nats per visit")


@finding("Sequential: new groups are learned sooner", "easier over time", "S")
def sooner(study):
    """Slope of ln of the steps until half of what a visit teaches is there, decided as the loss above: each visit takes that
    many times as long as the one before."""
    return along_visits(study, lambda rows: np.log(rows[:, 2]), times_as_long)


def times_as_long(i):
    return f"{np.exp(i.mean):.2g} times as long [{np.exp(i.low):.2g}, {np.exp(i.high):.2g}] ({i.count} seeds)"


def describe(runs):
    s = runs.runs[0].settings
    return (f"{s['curriculum_groups']:g} groups, {short(s['train_steps'])} steps, {s['train_schedule']} rate "
            f"{s['train_learning_rate']:g}")


@finding("Sequential: forgetting is faster than learning", "faster", "S")
def forgetting(study):
    """ln of (steps until half of a group's knowledge is gone after its visit / steps in which half of it was
    gained in the visit), mean over visits, one per seed, for every set of runs: holds if all 95 % intervals
    are below 0; not if one is above. Loss above the baseline counts as the baseline. Where half is gone at the first
    evaluation, the ratio is an upper bound, and said to be."""
    texts, verdicts = [], []
    for own in once(study).along():
        ratios, coarse = [], False
        for run in own:
            rows = visits(run) if run.finished else []
            coarse |= any(after[3] < run.settings["evaluate_every"] for after in rows[1:])
            logs = [np.log(after[3] / before[2]) for before, after in zip(rows, rows[1:])
                    if after[3] > 0 and before[2] > 0]
            if logs:
                ratios.append(np.mean(logs))
        if len(ratios) > 1:
            i = interval(ratios)
            verdicts.append(below(i))
            texts.append(f"{describe(own)}: {'at most ' if coarse else ''}{times_as_long(i)}")
    need(texts, "no set of finished sequential runs with two seeds")
    return "; ".join(texts), every(*verdicts)


@finding("Sequential: many changes at a high learning rate reduce plasticity", "reduce it", "T, V")
def plasticity(study):
    """Loss of the group that was visited last, against log2 of the visits of each group (two groups, constant
    rate, equal steps in all, so that more visits are shorter ones): slope at the highest rate minus that at the lowest,
    one per seed: 95 % interval above 0 holds, below 0 does not."""
    runs = sequential(study, curriculum_groups=2.0, train_schedule="constant")
    runs = runs.along("train_learning_rate", "curriculum_repeats")[0]
    rates = runs.cells("train_learning_rate")
    need(len(rates) > 1, "only one learning rate for two groups in turn")
    slopes = []
    for _, own in (rates[0], rates[-1]):
        table = {np.log2(r): final_loss(at, turns_of(at.runs[0])[-1][2]) for (r,), at in own.cells("curriculum_repeats")}
        need(len(table) > 1, "only one number of visits for two groups in turn")
        slopes.append(slopes_of_seeds(table))
    i = interval(paired(slopes[1], slopes[0]))
    return f"slope {i.text()} nats larger at {rates[-1][0][0]:g} than at {rates[0][0][0]:g}", above(i)
