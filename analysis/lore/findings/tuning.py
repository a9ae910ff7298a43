"""Findings of figures 5, N, O, P, Q and R: fine-tuning on new individuals, and the toy memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lore.findings.finding import Decision, Theme, accuracy_by_seed, need
from lore.selections.families import parent
from lore.selections.phases import ATTENTION_TO_NAME
from lore.selections.tuning import INDIVIDUALS, PAIRS, Kind, by_count, by_weight, plain_memories, tuned
from lore.statistics import OPEN, above, below, every, interval, mean_of, paired, slopes_by_seed
from lore.study import Run, Study

THEME = Theme()
EARLY = 0.1  # the share of fine-tuning that counts as its beginning
LEFT = 0.1  # accuracy; with less there is nothing more to be lost


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
    table = {float(np.log2(n)): accuracy_by_seed(own) for n, own in by_count(tuned(study, kind), kind)}
    need(len(table) > 1, "only one number of new ones")
    i, left = interval(slopes_by_seed(table)), max(mean_of(row.values()) for row in table.values())
    text = f"final old accuracy changes by {i.text()} with each doubling of the new ones; {left:.2g} at the most"
    return text, below(i) if left >= LEFT else OPEN


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
    """By the weight of the replay, which decides it: with a large one nearly all that is shown is old."""
    (least, first), *others = replay_runs(study, kind)
    without = {run.number("seed"): lost(run, EARLY) for run in first if run.finished}
    texts, verdicts = [], []
    for weight, own in others:
        i = interval([lost(run, EARLY) / without[run.number("seed")] for run in own.pick(own.finished)
                      if without.get(run.number("seed"), 0) > 0])
        verdicts.append(above(i, 0.5))
        texts.append(f"{i.text()} at weight {weight:.3g}")
    return (f"in the first {EARLY:.0%} of the steps old accuracy falls, times as far as at weight {least:g}: "
            f"{'; '.join(texts)}", OPEN if len(set(verdicts)) > 1 else verdicts[0])


@THEME.finding("Fine-tuning: old knowledge collapses early", "within a few hundred steps", "5, N")
def old_collapse(study: Study) -> Decision:
    """Without replay (or with the least): share of what the old individuals' accuracy loses at the most that is lost in the
    first tenth of the steps. Holds if its 95 % interval over seeds (means over numbers of new individuals) is above one
    half and that of the whole loss of accuracy above 0.1; not if one is below."""
    return collapse(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: the more new people, the more is lost", "worse", "5, N")
def more_people(study: Study) -> Decision:
    """Slope of the old individuals' final accuracy against log2 of the new ones, one per seed: 95 % interval below 0 holds,
    above 0 does not. Nothing is decided if less than 0.1 is left in the mean, whatever the number of new ones."""
    return more_new(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: replay softens the final drop", "mitigates", "5, N")
def replay_final(study: Study) -> Decision:
    """Final accuracy of old individuals, largest replay weight minus the least: 95 % interval over seeds above 0
    holds, below 0 does not."""
    return softened(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: replay does not soften the initial drop", "does not", "5, N")
def replay_initial(study: Study) -> Decision:
    """What the old individuals' accuracy loses in the first tenth of the steps, for each weight of the replay over that
    with the least: all 95 % intervals over seeds above one half holds, all below does not; otherwise it depends on the
    weight."""
    return initial_drop(study, INDIVIDUALS)


@THEME.finding("Fine-tuning: attention stays stable", "patterns stay stable", "O")
def stable_attention(study: Study) -> Decision:
    """Largest change of attribute-to-name attention of any layer during fine-tuning without replay, over
    the range that training went through: 95 % interval over seeds below 0.25 holds, above does not."""
    changes = []
    for run in (run for _, own in by_count(tuned(study)) for run in own):
        before = parent(study, run)
        if before and run.layers and run.finished:
            past = [before.curve(ATTENTION_TO_NAME, layer=layer)[1] for layer in run.layers]
            now = [run.curve(ATTENTION_TO_NAME, layer=layer)[1] for layer in run.layers]
            change = max(float(np.abs(v - v[0]).max()) for v in now)
            changes.append((run, change / max(float(np.ptp(v)) for v in past)))
    need(changes, "no fine-tuning run with attention and with its pre-training")
    i = interval(mean_by_seed(changes))
    return f"changes by {i.text()} of what training changed", below(i, 0.25)


@THEME.finding("Fine-tuning on rare seen people is net-positive", "rare ones 50 % to 70 %", "P")
def rare_people(study: Study) -> Decision:
    """Accuracy of all known individuals, and of the rare ones, end minus beginning: holds if both 95 %
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


@THEME.finding("Toy memory: confidently wrong about keys that it has never seen", "as the transformer is", "Q")
def toy_hallucination(study: Study) -> Decision:
    """Final loss of held-out pairs minus the baseline: 95 % interval over seeds above 0 and, of their
    highest probability, below that of known pairs: holds; not if one is on the other side."""
    runs = plain_memories(study).having("attribute_loss", "held_out")
    need(len(runs), "no run of the toy memory with held-out pairs")
    runs = runs.along()[0]
    over = interval(runs.final("attribute_loss", "held_out") - runs.scalar("no_knowledge_baseline"))
    sure = interval(runs.final("max_probability", "known") - runs.final("max_probability", "held_out"))
    return f"{over.text()} nats above; probability {sure.text()} lower", every(above(over), above(sure))


@THEME.finding("Toy memory: old pairs collapse early when new ones are learnt", "as the transformer does", "R")
def toy_collapse(study: Study) -> Decision:
    """Share of what old pairs' accuracy loses that is lost in the first tenth of the steps, decided as for individuals."""
    return collapse(study, PAIRS)


@THEME.finding("Toy memory: the more new pairs, the more is lost", "as for the transformer", "R")
def toy_more(study: Study) -> Decision:
    """Slope of old pairs' final accuracy against log2 of the new ones, decided as for individuals."""
    return more_new(study, PAIRS)


@THEME.finding("Toy memory: replay softens the final drop", "as for the transformer", "R")
def toy_replay(study: Study) -> Decision:
    """Final accuracy of old pairs, largest replay weight minus the least, decided as for individuals."""
    return softened(study, PAIRS)


@THEME.finding("Toy memory: replay does not soften the initial drop", "as for the transformer", "R")
def toy_replay_initial(study: Study) -> Decision:
    """What old pairs' accuracy loses in the first tenth of the steps, by weight of the replay, decided as for
    individuals."""
    return initial_drop(study, PAIRS)
