"""Findings beyond the paper: capacity, exposures, detection, injection, mixtures, optimisers, questions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from lore.errors import MissingRuns
from lore.findings.finding import Decision, Theme, ends_by_seed, need, need_learnt
from lore.selections.asking import AFTER, MIXED, by_wordings, when_asked
from lore.selections.bits import Memory, capacity_by_seed, is_full, memories
from lore.selections.exposure import half_exposures, with_bins
from lore.selections.families import alpha_of
from lore.selections.injection import Knowledge, gain, injections, knowledge, shown_often
from lore.selections.mixture import Accuracies, accuracies, by_width, critical_shares
from lore.selections.optimizers import by_optimizer, seconds_until
from lore.statistics import HOLDS, BySeed, above, below, every, interval, mean_of, paired, slopes_by_seed, within
from lore.study import Run, Study

THEME = Theme()
MANY, FEW = 1000.0, 100.0  # exposures
ALPHA = 1.0


def with_exposures(found: list[Memory], exposures: float) -> Memory:
    """Of the least width that has about so many."""
    near = [memory for memory in found if 0.9 * exposures <= memory.exposures <= 1.1 * exposures]
    need(near, f"no runs with about {exposures:g} exposures of each individual")
    return min(near, key=lambda memory: memory.width)


@THEME.finding("Capacity: about 2 bits a parameter after 1,000 exposures", "about 2 (Allen-Zhu and Li 2024)", "bits",
               changed="2026-11-30")
def two_bits(study: Study) -> Decision:
    """Memories (as defined above) with 900 to 1,100 exposures; the least model_width. Capacity by seed: final
    stored_bits_per_layer_parameter of the population whose mean over seeds is largest. A memory is full if that mean is
    below 0.9 of the bits for each parameter that there are to store: individuals x 6 x baseline / ln 2 over the
    parameters, which are the median of stored_bits / stored_bits_per_layer_parameter (where the latter is above 0). Holds
    if the 95 % interval over seeds is within 1.5 and 2.5, does not if it is outside. A memory that is not full has a
    capacity of at least that, so only an interval above 2.5 decides. p against the bound that it passes, or the larger one
    of both."""
    memory = with_exposures(memories(study), MANY)
    i = interval(capacity_by_seed(memory).values())
    judged = within(i, 1.5, 2.5, 0.5, 2.0)
    decides = is_full(memory) or i.low > 2.5
    return f"{memory_text(memory)}{i.text()} bits", judged if decides else judged.left_open()


def memory_text(memory: Memory) -> str:
    return f"width {memory.width:g}: {'' if is_full(memory) else 'not full, at least '}"


@THEME.finding("Capacity: more is stored after 1,000 exposures than after 100", "twice as much (Allen-Zhu and Li 2024)", "bits",
               changed="2026-11-30")
def more_exposures(study: Study) -> Decision:
    """Memories with 900 to 1,100 exposures, and with 90 to 110, of the least model_width that the former have. Capacity of
    the former minus that of the latter, by seed: 95 % interval over seeds above 0 holds if the memory of the latter is
    full (as defined above), below does not if that of the former is."""
    found = memories(study)
    many = with_exposures(found, MANY)
    few = with_exposures([memory for memory in found if memory.width == many.width], FEW)
    values = [capacity_by_seed(memory) for memory in (many, few)]
    i = interval(paired(*values))
    judged = above(i)
    decides = is_full(few if judged.verdict == HOLDS else many)
    return (f"{memory_text(many)}{i.text()} bits more than {mean_of(values[1].values()):.3g}",
            judged if decides else judged.left_open())


def exposed(study: Study) -> Study:
    """Runs that differ in the distribution only and count exposures."""
    return with_bins(study).along("distribution_kind", "distribution_alpha")[0]


def of_alpha(runs: Study, alpha: float) -> Study:
    chosen = runs.pick([alpha_of(run) == alpha for run in runs])
    need(len(chosen), f"no run with alpha {alpha:g} beside others")
    return chosen


def log_half(runs: Study) -> BySeed:
    """log2 of the exposures until half is known."""
    return runs.by_seed([float(np.log2(half_exposures(run))) for run in runs])


@THEME.finding("Exposures: fewer are needed in a heavy-tailed stream", "rare ones need more (several)",
               "exposure")
def fewer_exposures(study: Study) -> Decision:
    """Exposed runs (as defined above). log2 of the exposures until half is known (as defined above), alpha 1 minus uniform,
    by seed: 95 % interval over seeds below 0 holds, above does not."""
    runs = exposed(study)
    halves = [log_half(of_alpha(runs, alpha)) for alpha in (0, ALPHA)]
    i = interval(paired(halves[1], halves[0]))
    numbers = " and ".join(f"{2**mean_of(half.values()):.3g}" for half in halves)
    return f"half known after {numbers} exposures; log2 {i.text()}", below(i)


@THEME.finding("Detection: confidence tells known from unknown only after the plateau", "open", "exposure")
def detection(study: Study) -> Decision:
    """Exposed runs that are uniform and have a plateau_end. auroc_confidence of held_out: at plateau_start below 0.6, and
    final above 0.9: 95 % intervals over seeds. Holds if both are, does not if one is on the other side."""
    runs = of_alpha(exposed(study), 0).having("auroc_confidence", "held_out")
    need(len(runs), "no uniform run with auroc_confidence of held-out individuals")
    runs = runs.pick(np.isfinite(runs.scalar("plateau_end")))
    need_learnt(len(runs), "no uniform run left its plateau")
    begin, end, final = (interval(runs.by_seed(values).values()) for values in (
        [run.at(run.scalar("plateau_start"), "auroc_confidence", "held_out") for run in runs],
        [run.at(run.scalar("plateau_end"), "auroc_confidence", "held_out") for run in runs],
        list(runs.final("auroc_confidence", "held_out"))))
    return (f"area {begin.text()} when the plateau begins, {end.mean:.3g} when it ends, {final.text()} at the last step",
            every(below(begin, 0.6), above(final, 0.9)))


def injected(study: Study, wording: str) -> Study:
    return shown_often(study).where(distribution_inject_wording=wording)


def kept_by_seed(study: Study, of: Callable[[Run], Knowledge]) -> tuple[BySeed, BySeed]:
    """In new words, and in the same."""
    new, same = (own.by_seed([of(run).kept for run in own]) for own in (injected(study, "new"), injected(study, "same")))
    return new, same


def kept_more(new: BySeed, same: BySeed) -> Decision:
    i = interval(paired(new, same))
    return f"kept {mean_of(new.values()):.3g} and {mean_of(same.values()):.3g}; {i.text()}", above(i)


def misses_by_seed(study: Study, of: Callable[[Run], Knowledge]) -> tuple[BySeed, BySeed]:
    """Of a power law, and of an exponential."""
    runs = injected(study, "new")
    misses = [of(run).misses() for run in runs]
    power, exponential = (runs.by_seed([miss[k] for miss in misses]) for k in (0, 1))
    return power, exponential


def nearer_to_power_law(power: BySeed, exponential: BySeed) -> Decision:
    i = interval(paired(exponential, power))
    return (f"off by {mean_of(power.values()):.2g} (power law) and {mean_of(exponential.values()):.2g} (exponential); "
            f"{i.text()}", above(i))


@THEME.finding("Injection: new words are kept better than the same words", "repeats are forgotten faster (Chang et al. 2024)",
               "injection")
def new_words(study: Study) -> Decision:
    """Injected runs (as defined above). Kept: knowledge at the last step over that at the first evaluation after the last
    injection (none if that is 0). New words minus same words, by seed: 95 % interval over seeds above 0 holds, below
    does not."""
    new, same = kept_by_seed(study, knowledge)
    need_learnt(new and same, "in one wording nothing is known of the injected right after the last injection")
    return kept_more(new, same)


@THEME.finding("... counted against individuals that are never shown", "repeats are forgotten faster (Chang et al. 2024)",
               "injection", changed="2026-11-30")
def new_words_gain(study: Study) -> Decision:
    """The same of the gain in place of knowledge: by how much the loss is below that of the run with the same seed and
    settings that never shows the individuals, linear between its evaluations."""
    new, same = kept_by_seed(study, partial(gain, study))
    need(new and same, "no runs with new words and with the same beside runs that never show the individuals")
    return kept_more(new, same)


@THEME.finding("Injection: forgetting is a power law of steps", "is, rather than exponential (Chang et al. 2024)", "injection")
def power_law_of_steps(study: Study) -> Decision:
    """Injected runs with new words. Root mean square of the logarithm of knowledge, at evaluations after the last
    injection, about its least-squares line over steps since then, minus the same over the logarithm of these steps, by
    seed (of seeds with four evaluations and knowledge at all of them): 95 % interval over seeds above 0 holds, below does
    not."""
    power, exponential = misses_by_seed(study, knowledge)
    need_learnt(power, "no seed knows any of the injected at all evaluations")
    text, judged = nearer_to_power_law(power, exponential)
    return f"{len(injections(injected(study, 'new').runs[0]))} times: {text}", judged


@THEME.finding("... of the gain over individuals that are never shown",
               "is, rather than exponential (Chang et al. 2024)", "injection", changed="2026-11-30")
def power_law_of_gain(study: Study) -> Decision:
    """The same of the gain (as defined above) in place of knowledge."""
    power, exponential = misses_by_seed(study, partial(gain, study))
    need(power, "no runs with a gain at all evaluations beside runs that never show the individuals")
    return nearer_to_power_law(power, exponential)


@THEME.finding("Mixtures: the critical share falls with width", "a power law (Gu et al. 2025)", "mixture",
               changed="2026-11-30")
def critical_falls(study: Study) -> Decision:
    """Mixture runs (as defined above), of widths that have a critical share: whose final accuracy without fresh individuals is
    at least 0.1. Slope of the logarithm of the critical share over that of model_width, by seed (of seeds that have it at
    all these widths): 95 % interval over seeds below 0 holds, above does not."""
    tried = by_width(study)
    need(len(tried) > 1, "no mixtures of two widths")
    widths = {width: shares for width, runs in tried.items() if (shares := critical_shares(runs))}
    need_learnt(len(widths) > 1, "no two widths know anything without fresh individuals")
    table = {float(np.log(width)): {seed: float(np.log(share)) for seed, share in shares.items()}
             for width, shares in widths.items()}
    i = interval(slopes_by_seed(table))
    shown = ", ".join(f"{np.exp(mean_of(row.values())):.3g}" for row in table.values())
    return f"share {shown} at width {', '.join(f'{w:g}' for w in widths)}; slope {i.text()}", below(i)


def loss_at_quarter(table: Accuracies) -> BySeed:
    """log2 of the accuracy at a share of 1/4 over that without fresh ones."""
    whole, quarter = table.get(1.0, {}), table.get(0.25, {})
    return {seed: float(np.log2(quarter[seed] / whole[seed])) for seed in sorted(set(whole) & set(quarter))
            if quarter[seed] > 0 and whole[seed] > 0}


@THEME.finding("Mixtures: accuracy falls faster than the share", "nearly nothing below the critical share (Gu et al. 2025)",
               "mixture")
def faster_than_share(study: Study) -> Decision:
    """Mixture runs of the largest model_width. log2 of the final accuracy at a share of 1/4 over that without fresh ones, by
    seed (of seeds with both above 0): 95 % interval over seeds below -2 holds, above does not."""
    width, runs = list(by_width(study).items())[-1]
    ratios = loss_at_quarter(accuracies(runs))
    need(ratios, "no runs with a share of 1/4")
    i = interval(ratios.values())
    return f"width {width:g}: accuracy falls to 2^{i.text()} of it at a quarter", below(i, -2)


def two_optimizers(study: Study, alpha: float) -> tuple[Study, Study]:
    """Of Muon and of AdamW."""
    found = by_optimizer(study)
    if not {"adamw", "muon"} <= set(found):
        raise MissingRuns("no runs with Muon beside runs with AdamW")
    return of_alpha(found["muon"], alpha), of_alpha(found["adamw"], alpha)


@THEME.finding("Optimisers: Muon shortens the plateau, in steps", "plateaus depend on the optimiser (arXiv 2505.17863)",
               "optimizers")
def muon_steps(study: Study) -> Decision:
    """Runs of two optimisers (as defined above) that are uniform. Plateau end (the last step, of a finished run without
    one), muon minus adamw, by seed: 95 % interval over seeds below 0 holds, above does not."""
    muon, adamw = map(ends_by_seed, two_optimizers(study, 0))
    i = interval(paired(muon, adamw))
    return f"ends {i.text()} steps from {mean_of(adamw.values()):.4g}", below(i)


@THEME.finding("Optimisers: Muon shortens the plateau, in seconds", "open", "optimizers")
def muon_seconds(study: Study) -> Decision:
    """The same runs. wall_time (linear between evaluations) at plateau_end, muon minus adamw, by seed: 95 % interval over
    seeds below 0 holds, above does not."""
    muon, adamw = (runs.by_seed(seconds_until(run, run.scalar("plateau_end")) for run in runs)
                   for runs in two_optimizers(study, 0))
    i = interval(paired(muon, adamw))
    return f"{i.text()} s from {mean_of(adamw.values()):.3g} s", below(i)


@THEME.finding("Optimisers: Muon knows rare people better", "learns the tail better (arXiv 2509.26030)", "optimizers")
def muon_rare(study: Study) -> Decision:
    """Runs of two optimisers with alpha 1. Final accuracy of group decile_10, the rarest tenth, muon minus adamw, by seed:
    95 % interval over seeds above 0 holds, below does not."""
    muon, adamw = (runs.by_seed(runs.final("attribute_accuracy", "decile_10")) for runs in two_optimizers(study, ALPHA))
    need(muon and adamw, "no final accuracy of group decile_10")
    i = interval(paired(muon, adamw))
    return f"{i.text()} above {mean_of(adamw.values()):.3g}", above(i)


def answers(study: Study, when: str) -> dict[float, BySeed]:
    """{wordings: {seed: final accuracy of answers about people who were never asked about}}, most first."""
    asked = when_asked(study)
    need(when in asked, f"no runs with questions {when}")
    return {runs.runs[0].number("population_templates"): runs.by_seed(runs.final("question_accuracy", "not_asked"))
            for runs in by_wordings(asked[when]).values()}


@THEME.finding("Questions: people never asked about need several wordings, if asked afterwards",
               "one is not enough (Allen-Zhu and Li 2023)", "asking")
def several_wordings(study: Study) -> Decision:
    """Asking runs (as defined above) that ask afterwards. Final question_accuracy of not_asked, most population_templates
    minus one, by seed: 95 % interval over seeds above 0 holds, below does not."""
    table = answers(study, AFTER)
    need(1 in table and max(table) > 1, "no runs with one wording and with more")
    one, most = table[1], table[max(table)]
    i = interval(paired(most, one))
    return f"from {mean_of(one.values()):.3g} to {mean_of(most.values()):.3g}: {i.text()}", above(i)


@THEME.finding("Questions: one wording is enough if questions are mixed in", "mostly (Allen-Zhu and Li 2023)", "asking")
def one_wording_mixed(study: Study) -> Decision:
    """Asking runs with one of population_templates that have questions mixed in. The same accuracy: 95 % interval over seeds
    above 0.5 holds, below does not."""
    i = interval(of_one_wording(study, MIXED).values())
    return i.text(), above(i, 0.5)


def of_one_wording(study: Study, when: str) -> BySeed:
    table = answers(study, when)
    need(1 in table, "no runs with one wording")
    return table[1]


@THEME.finding("Questions: asking during training beats asking afterwards", "mixed is better (Allen-Zhu and Li 2023)", "asking")
def mixed_is_better(study: Study) -> Decision:
    """Asking runs with the most population_templates that both ways have. The same accuracy, mixed in minus afterwards, by
    seed: 95 % interval over seeds above 0 holds, below does not."""
    mixed, after = (answers(study, when) for when in (MIXED, AFTER))
    both = set(mixed) & set(after)
    need(both, "no number of wordings with both")
    i = interval(paired(mixed[max(both)], after[max(both)]))
    return f"{i.text()} above {mean_of(after[max(both)].values()):.3g}", above(i)


@THEME.finding("Questions: what was read in one wording cannot be asked for afterwards", "about 10 % (Allen-Zhu and Li 2023)",
               "asking")
def one_wording(study: Study) -> Decision:
    """Asking runs with one of population_templates that ask afterwards. The same accuracy: 95 % interval over seeds below
    0.2 holds, above does not."""
    i = interval(of_one_wording(study, AFTER).values())
    return i.text(), below(i, 0.2)
