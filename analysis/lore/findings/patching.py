"""Findings of figures 3, D and W: patched attention."""

from __future__ import annotations

import numpy as np

from lore.findings.finding import Decision, Theme, ends_by_seed, lengths_by_seed, loss_by_seed, need
from lore.selections.patching import patched, references, start_of
from lore.statistics import BySeed, above, below, every, interval, mean_of, paired, slopes_by_seed
from lore.study import Study
from lore.words import short

THEME = Theme()


def from_step_0(study: Study) -> dict[float, Study]:
    """{reference step: runs} that are patched from step 0."""
    runs = patched(study)
    first = min(map(start_of, runs))
    need(first == 0, "no run that is patched from step 0")
    return dict(runs.where(patch_start=first).by_number("patch_reference"))


def losses_text(cells: dict[float, Study]) -> str:
    return "final loss " + ", ".join(f"{mean_of(loss_by_seed(own).values()):.3g} ({short(r)})" for r, own in cells.items())


@THEME.finding("Patterns of later reference steps give a lower final loss", "lower", "3, D")
def later_patterns(study: Study) -> Decision:
    """Patched runs with patch.start 0. By seed: least-squares slope of the final attribute_loss of known over log2 of
    patch.reference (those of step 0 left out), and the loss with the last reference step minus that with the first after 0:
    holds if both 95 % intervals over seeds are below 0; not if one is above."""
    cells = from_step_0(study)
    table = {float(np.log2(r)): loss_by_seed(own) for r, own in cells.items() if r > 0}
    need(len(table) > 2, "fewer than three reference steps")
    slope = interval(slopes_by_seed(table))
    ends = interval(paired(table[max(table)], table[min(table)]))
    return (f"{losses_text(cells)}; slope {slope.text()} nats with each doubling; last minus first {ends.text()}",
            every(below(slope), below(ends)))


@THEME.finding("Patterns of after the plateau remove the plateau", "removed", "3, D", changed="2026-11-29")
def plateau_removed(study: Study) -> Decision:
    """Patched runs with patch.start 0 and the last patch.reference, which has to be after the end of the plateau of
    every reference run that is finished. Length of the plateau, plateau_end - plateau_start, of the patched run over
    that of the reference run of its seed: 95 % interval over seeds below one half holds, above does not. A plateau that
    is not over in a finished run counts until the last step. Beside it, the ratio of the ends, which contain phase 1."""
    cells = from_step_0(study)
    last = max(cells)
    own = references(study, cells[last])
    ends = ends_by_seed(own), ends_by_seed(cells[last])
    need(ends[0] and last > max(ends[0].values()), "no reference step after the plateau of the reference runs")
    lengths = interval(ratios(lengths_by_seed(cells[last]), lengths_by_seed(own)))
    return (f"of the plateau's length {lengths.text()} is left; it ends at {interval(ratios(ends[1], ends[0])).text()} of the "
            "reference's step", below(lengths, 0.5))


def ratios(first: BySeed, second: BySeed) -> list[float]:
    """first / second for the seeds that both have."""
    return [first[seed] / second[seed] for seed in sorted(set(first) & set(second))]


@THEME.finding("Patterns of early steps are worse than untrained ones", "those of steps 500 and 1k are", "3, D")
def early_patterns(study: Study) -> Decision:
    """Patched runs with patch.start 0. Final attribute_loss of known with patterns of reference steps after 0 and before
    the earliest plateau_end of a reference run (mean over these steps) minus that with those of step 0, by seed: 95 %
    interval over seeds above 0 holds, below 0 does not."""
    cells = from_step_0(study)
    need(0 in cells, "no run with untrained patterns (patch.reference 0)")
    own = ends_by_seed(references(study, cells[0]))
    limit = min(own.values(), default=0)
    early = [loss_by_seed(runs) for r, runs in cells.items() if 0 < r < limit]
    need(early, "no reference step between 0 and the end of the reference's plateau")
    untrained = loss_by_seed(cells[0])
    seeds = set(untrained).intersection(*early)
    i = interval([float(np.mean([row[s] for row in early])) - untrained[s] for s in sorted(seeds)])
    return f"{i.text()} nats higher ({len(early)} reference steps before {limit:.0f})", above(i)


@THEME.finding("The earlier good patterns are put in, the lower the final loss", "steps 0 to 16k compared; no number", "D")
def earlier_start(study: Study) -> Decision:
    """Patched runs with the last patch.reference: slope of the final attribute_loss of known over log2(1 + patch.start),
    one per seed, three starts at least: 95 % interval above 0 holds, below 0 does not. As the optimiser is reset at the
    start and fewer steps follow, the slope is not the patterns' alone."""
    runs = patched(study)
    runs = runs.where(patch_reference=max(runs.numbers("patch_reference")))
    table = {float(np.log2(1 + start)): loss_by_seed(own) for start, own in runs.by_number("patch_start")}
    need(len(table) > 2, "fewer than three starts of patching")
    i = interval(slopes_by_seed(table))
    text = ", ".join(f"{mean_of(row.values()):.3g} ({2**x - 1:g})" for x, row in table.items())
    return f"final loss {text}; slope {i.text()} nats with each doubling", above(i)


@THEME.finding("Patterns of a sequential run's later steps help too", "patching by a sequential reference; no number", "W")
def sequential_patterns(study: Study) -> Decision:
    """Patched runs of a sequential curriculum with the earliest patch.start: slope of the final attribute_loss of known
    over log2 of patch.reference (step 0 left out), one per seed: 95 % interval below 0 holds, above 0 does not."""
    runs = patched(study, "sequential")
    runs = runs.where(patch_start=min(map(start_of, runs)))
    table = {float(np.log2(r)): loss_by_seed(own) for r, own in runs.by_number("patch_reference") if r > 0}
    need(len(table) > 1, "fewer than two reference steps")
    i = interval(slopes_by_seed(table))
    return f"{i.text()} nats with each doubling", below(i)
