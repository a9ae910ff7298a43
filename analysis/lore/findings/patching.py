"""Findings of figures 3, D and W: patched attention."""

from __future__ import annotations

import numpy as np

from lore.findings.finding import Decision, Theme, ends_by_seed, loss_by_seed, need
from lore.selections.patching import patched, references, start_of
from lore.statistics import above, below, every, interval, mean_of, paired, slopes_by_seed
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
    """Slope of the final loss against log2 of the reference step (patched from step 0; untrained patterns
    left out), one per seed, and the loss of the last minus the first: holds if both 95 % intervals are
    below 0; not if one is above."""
    cells = from_step_0(study)
    table = {float(np.log2(r)): loss_by_seed(own) for r, own in cells.items() if r > 0}
    need(len(table) > 2, "fewer than three reference steps")
    slope = interval(slopes_by_seed(table))
    ends = interval(paired(table[max(table)], table[min(table)]))
    return (f"{losses_text(cells)}; slope {slope.text()} nats with each doubling; last minus first {ends.text()}",
            every(below(slope), below(ends)))


@THEME.finding("Patterns of after the plateau remove the plateau", "removed", "3, D")
def plateau_removed(study: Study) -> Decision:
    """End of the plateau with the patterns of the last reference step over that of the reference itself: 95 %
    interval over seeds below one half holds, above does not. The reference's plateau must be over."""
    cells = from_step_0(study)
    last = max(cells)
    own = ends_by_seed(references(study, cells[last]))
    need(own and last > max(own.values()), "no reference step after the plateau of the reference runs")
    ends = ends_by_seed(cells[last])
    i = interval([ends[s] / own[s] for s in sorted(set(own) & set(ends))])
    return f"plateau ends at {i.text()} of the reference's step", below(i, 0.5)


@THEME.finding("Patterns of early steps are worse than untrained ones", "those of steps 500 and 1k are", "3, D")
def early_patterns(study: Study) -> Decision:
    """Final loss with patterns of before the reference's plateau was over (mean over these steps) minus that
    with untrained ones: 95 % interval over seeds above 0 holds, below 0 does not."""
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
    """Patterns of the last reference step: slope of the final loss against log2(1 + start of patching), one per
    seed: 95 % interval above 0 holds, below 0 does not. As the optimiser is reset at the start and fewer steps follow, the
    slope is not the patterns' alone."""
    runs = patched(study)
    runs = runs.where(patch_reference=max(runs.numbers("patch_reference")))
    table = {float(np.log2(1 + start)): loss_by_seed(own) for start, own in runs.by_number("patch_start")}
    need(len(table) > 2, "fewer than three starts of patching")
    i = interval(slopes_by_seed(table))
    text = ", ".join(f"{mean_of(row.values()):.3g} ({2**x - 1:g})" for x, row in table.items())
    return f"final loss {text}; slope {i.text()} nats with each doubling", above(i)


@THEME.finding("Patterns of a sequential run's later steps help too", "patching by a sequential reference; no number", "W")
def sequential_patterns(study: Study) -> Decision:
    """Final loss of all known individuals: slope against log2 of the reference step (patched from step 0, untrained
    patterns left out), one per seed: 95 % interval below 0 holds, above 0 does not."""
    runs = patched(study, "sequential")
    runs = runs.where(patch_start=min(map(start_of, runs)))
    table = {float(np.log2(r)): loss_by_seed(own) for r, own in runs.by_number("patch_reference") if r > 0}
    need(len(table) > 1, "fewer than two reference steps")
    i = interval(slopes_by_seed(table))
    return f"{i.text()} nats with each doubling", below(i)
