"""Findings of figures 5, N, O, P, Q and R: fine-tuning on new individuals, and the toy memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lore.findings.finding import Decision, Theme, accuracy_by_seed, need
from lore.selections.families import parent
from lore.selections.phases import ATTENTION_TO_NAME
from lore.selections.tuning import INDIVIDUALS, PAIRS, Kind, by_count, by_weight, plain_memories, series_of_counts, tuned
from lore.statistics import (HOLDS, OPEN, BySeed, Interval, Judged, above, below, every, interval, mean_of, opposite, paired,
                             slopes_by_seed)
from lore.study import Run, Study

THEME = Theme()
EARLY = 0.1  # the share of fine-tuning that counts as its beginning
LEFT = 0.1  # accuracy; with less there is nothing more to be lost
UNSOFTENED = 0.9  # of the early loss without replay: with more it counts as not softened


def lost(run: Run, part: float = 1.0) -> float:
    """How far the old ones' accuracy falls at the most in the first part of fine-tuning. Accuracy, as the loss goes on
    rising when nothing is left to be lost: values of new ones are then given to old ones with confidence."""
    steps, values = run.curve("attribute_accuracy", "known")
    return float(values[0] - values[steps <= part * run.number("train_steps")].min())


def mean_by_seed(pairs: Iterable[tuple[Run, float]]) -> list[float]:
    """The means of the values of each seed's runs."""
    values: dict[float, list[float]] = {}
    for run, value in pairs:
        values.setdefault(run.number("seed"), []).append(value)
    return [float(np.mean(own)) for own in values.values()]


def collapse(study: Study, kind: Kind) -> Decision:
    """How much accuracy is lost without replay, and the early share of it; a seed's mean over numbers of new ones."""
    runs = [run for _, own in by_count(tuned(study, kind), kind) for run in own if run.finished]
    need(runs, "no finished fine-tuning run")
    falls = [(run, lost(run)) for run in runs]
    shares = [(run, lost(run, EARLY) / fall if fall > 0 else 0.0) for run, fall in falls]
    share, whole = (interval(mean_by_seed(pairs)) for pairs in (shares, falls))
    text = f"accuracy falls by {whole.text()}, {share.text()} of it in the first {EARLY:.0%} of the steps"
    return text, every(above(share, 0.5), above(whole, 0.1))


def more_new(study: Study, kind: Kind) -> Decision:
    """Final accuracy of the old ones by the number of new ones."""
    tables = [{float(np.log2(n)): accuracy_by_seed(own) for n, own in counts}
              for counts in series_of_counts(tuned(study, kind), kind)]
    tables = [{n: row for n, row in table.items() if row} for table in tables]
    tables = [table for table in tables if len(table) > 1]
    need(tables, "only one number of new ones")
    table = next((one for one in tables if most_left(one) >= LEFT), tables[0])
    i, left = interval(slopes_by_seed(table)), most_left(table)
    text = f"final old accuracy changes by {i.text()} with each doubling of the new ones; {left:.2g} at the most"
    return text, below(i) if left >= LEFT else Judged(OPEN, intervals=(i,))


def most_left(table: dict[float, BySeed]) -> float:
    """{ln of the number of new ones: final accuracy by seed} -> the largest mean."""
    return max(mean_of(row.values()) for row in table.values())


def replay_runs(study: Study, kind: Kind) -> list[tuple[float, Study]]:
    """[(weight of the replay, runs)] of two weights at least."""
    cells = by_weight(tuned(study, kind), kind)
    need(len(cells) > 1, "only one weight of the replay")
    return cells


def softened(study: Study, kind: Kind) -> Decision:
    """Final accuracy of the old ones: largest weight minus the least."""
    (least, first), *_, (largest, last) = replay_runs(study, kind)
    ends = accuracy_by_seed(first), accuracy_by_seed(last)
    i = interval(paired(ends[1], ends[0]))
    text = (f"final old accuracy {mean_of(ends[0].values()):.3g} at weight {least:g}, "
            f"{mean_of(ends[1].values()):.3g} at {largest:g}; difference {i.text()}")
    return text, above(i)


def initial_drop(study: Study, kind: Kind) -> Decision:
    """What is lost early, by the weight of the replay, which decides how much of what is shown is old."""
    (least, first), *others = replay_runs(study, kind)
    without = first.by_seed(lost(run, EARLY) if run.finished else np.nan for run in first)
    drops = [(weight, own.by_seed(lost(run, EARLY) if run.finished else np.nan for run in own)) for weight, own in others]
    ratios = [(weight, interval([row[seed] / without[seed] for seed in sorted(row) if without.get(seed, 0) > 0]))
              for weight, row in drops]
    texts = [f"{i.text()} at weight {weight:.3g}" for weight, i in ratios]
    return (f"in the first {EARLY:.0%} of the steps old accuracy falls, times as far as at weight {least:g}: "
            f"{'; '.join(texts)}", not_softened([i for _, i in ratios]))


def not_softened(ratios: Sequence[Interval]) -> Judged:
    """Does no weight of the replay soften it by more than a tenth? Not, if every one softens it."""
    unsoftened, softer = every(*(above(i, UNSOFTENED) for i in ratios)), every(*(below(i, 1.0) for i in ratios))
    if unsoftened.verdict == HOLDS:
        return unsoftened
    if softer.verdict == HOLDS:
        return opposite(softer)
    return replace(softer.left_open(), p=float(np.max([i.p(1.0) for i in ratios])))


@THEME.finding("Fine-tuning: old knowledge collapses early", "within a few hundred steps", "5, N", changed="2026-11-23")
def old_collapse(study: Study) -> Decision:
    """Fine-tuning runs that are finished, with the least replay weight, that differ in population.new only. Loss of
    accuracy of a run: attribute_accuracy of known at step 0 minus its least at any evaluation, whole or until a tenth of
    train.steps. Two values of each seed, means over its runs: (early loss / whole loss; 0 if nothing is lost), and the
    whole loss. Holds if the 95 % interval over seeds of the first is above one half and that of the second above 0.1; not
    if one is below. Accuracy, not loss, was chosen after the first runs had been seen."""
    return collapse(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: the more new people, the more is lost", "worse", "5, N", changed="2026-11-29")
def more_people(study: Study) -> Decision:
    """Sets of fine-tuning runs that differ in population.new only, two numbers at least; of these the first, by
    ascending replay weight and then by descending learning rate, in which the mean final attribute_accuracy of known
    over seeds is at least 0.1 for some number of new ones (where less is left, nothing more can be lost). Slope of that
    accuracy over log2 of population.new, one per seed that has all numbers: 95 % interval below 0 holds, above 0 does
    not. Undecided if there is no such set, and then without p; its interval is that of the first set."""
    return more_new(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: replay softens the final drop", "mitigates", "5, N", changed="2026-11-23")
def replay_final(study: Study) -> Decision:
    """Fine-tuning runs that differ in distribution.replay_weight only (the set with most weights). Final
    attribute_accuracy of known, largest weight minus least, by seed: 95 % interval over seeds above 0 holds, below 0 does
    not."""
    return softened(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: replay does not soften the initial drop", "does not", "5, N", changed="2026-11-29")
def replay_initial(study: Study) -> Decision:
    """The same runs. Loss of accuracy until a tenth of train.steps (as for the early collapse) at each weight over that at
    the least weight, by seed (of seeds that lose anything at the least weight). Not softened is a ratio of 1. Holds if the
    95 % intervals over seeds of all weights are above 0.9; otherwise does not hold if all are below 1 (softened at every
    weight that was tried). p: the largest over weights, against 0.9 where it holds, otherwise against 1."""
    return initial_drop(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: attention stays stable", "patterns stay stable", "O", changed="2026-11-23")
def stable_attention(study: Study) -> Decision:
    """The runs of the early collapse, and the run that each started from. Of attention_attribute_to_name: the largest
    change from step 0 of fine-tuning, at any evaluation and in any layer, over the largest range (most minus least at any
    evaluation) in any layer of the run it started from (if that is not 0); mean over a seed's runs. 95 % interval over
    seeds below 0.25 holds, above does not."""
    changes = []
    for run in (run for _, own in by_count(tuned(study)) for run in own):
        before = parent(study, run)
        if before and run.layers and run.finished:
            past = [before.curve(ATTENTION_TO_NAME, layer=layer)[1] for layer in run.layers]
            now = [run.curve(ATTENTION_TO_NAME, layer=layer)[1] for layer in run.layers]
            change, trained = max(float(np.abs(v - v[0]).max()) for v in now), max(float(np.ptp(v)) for v in past)
            if trained > 0:
                changes.append((run, change / trained))
    need(changes, "no fine-tuning run with attention and with its pre-training")
    i = interval(mean_by_seed(changes))
    return f"changes by {i.text()} of what training changed", below(i, 0.25)


@THEME.finding("Fine-tuning on rare seen people is net-positive", "rare ones 50 % to 70 %", "P")
def rare_people(study: Study) -> Decision:
    """Runs with distribution.among others that differ in the seed only (the set with most runs). attribute_accuracy of
    known, and of others, last minus at step 0: holds if both 95 % intervals over seeds are above 0; not if one is
    below."""
    runs = study.where(distribution_among="others")
    need(len(runs), "no fine-tuning on rare people (distribution.among others)")
    runs = runs.along()[0]
    gains = [interval(runs.by_seed(runs.final("attribute_accuracy", g) - runs.first("attribute_accuracy", g)).values())
             for g in ("known", "others")]
    first, last = (mean_of(v) for v in (runs.first("attribute_accuracy", "others"),
                                        runs.final("attribute_accuracy", "others")))
    return (f"all {gains[0].text()}, rare {gains[1].text()} (from {first:.3f} to {last:.3f})",
            every(*(above(i) for i in gains)))


@THEME.finding("Toy memory: confidently wrong about keys that it has never seen", "as the transformer is", "Q")
def toy_hallucination(study: Study) -> Decision:
    """Toy memories without new pairs and with the group held_out that differ in the seed only (the set with most runs).
    Final attribute_loss of held_out minus no_knowledge_baseline: 95 % interval over seeds above 0, and of final
    max_probability, known minus held_out, above 0: holds; not if one is below."""
    runs = plain_memories(study).having("attribute_loss", "held_out")
    need(len(runs), "no run of the toy memory with held-out pairs")
    runs = runs.along()[0]
    over, sure = (interval(runs.by_seed(values).values()) for values in (
        runs.final("attribute_loss", "held_out") - runs.scalar("no_knowledge_baseline"),
        runs.final("max_probability", "known") - runs.final("max_probability", "held_out")))
    return f"{over.text()} nats above; probability {sure.text()} lower", every(above(over), above(sure))


@THEME.finding("Toy memory: old pairs collapse early when new ones are learnt", "as the transformer does", "R",
               changed="2026-11-23")
def toy_collapse(study: Study) -> Decision:
    """As of fine-tuning, of toy memories with memory.new_pairs in place of population.new and memory.replay_weight in
    place of distribution.replay_weight."""
    return collapse(study, PAIRS)


@THEME.finding("Toy memory: the more new pairs, the more is lost", "as for the transformer", "R", changed="2026-11-29")
def toy_more(study: Study) -> Decision:
    """As of fine-tuning, with the same two settings in place of those."""
    return more_new(study, PAIRS)


@THEME.finding("Toy memory: replay softens the final drop", "as for the transformer", "R", changed="2026-11-23")
def toy_replay(study: Study) -> Decision:
    """As of fine-tuning, with the same two settings in place of those."""
    return softened(study, PAIRS)


@THEME.finding("Toy memory: replay does not soften the initial drop", "as for the transformer", "R", changed="2026-11-29")
def toy_replay_initial(study: Study) -> Decision:
    """As of fine-tuning, with the same two settings in place of those."""
    return initial_drop(study, PAIRS)
