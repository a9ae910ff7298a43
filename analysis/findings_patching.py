"""Findings of figures 3, D and W: patched attention."""

import numpy as np

from figures_patching import patched, references, start_of
from findings_table import final_loss, finding, mean_of, need, plateau_ends
from lore_sheet import short
from lore_statistics import above, below, every, interval, paired, slopes_by_seed


def from_the_start(study):
    """{reference step: runs} that are patched from step 0."""
    runs = patched(study)
    first = min(map(start_of, runs))
    need(first == 0, "no run that is patched from step 0")
    return {reference: own for (reference,), own in runs.where(patch_start=first).cells("patch_reference")}


def losses_text(cells):
    return "final loss " + ", ".join(f"{mean_of(final_loss(own).values()):.3g} ({short(r)})" for r, own in cells.items())


@finding("Patterns of later reference steps give a lower final loss", "lower", "3, D")
def later_patterns(study):
    """Slope of the final loss against log2 of the reference step (patched from step 0; untrained patterns
    left out), one per seed, and the loss of the last minus the first: holds if both 95 % intervals are
    below 0; not if one is above."""
    cells = from_the_start(study)
    table = {np.log2(r): final_loss(own) for r, own in cells.items() if r > 0}
    need(len(table) > 2, "fewer than three reference steps")
    slope = interval(slopes_by_seed(table))
    ends = interval(paired(table[max(table)], table[min(table)]))
    return (f"{losses_text(cells)}; slope {slope.text()} nats with each doubling; last minus first {ends.text()}",
            every(below(slope), below(ends)))


@finding("Patterns of after the plateau remove the plateau", "removed", "3, D")
def plateau_removed(study):
    """End of the plateau with the patterns of the last reference step over that of the reference itself: 95 %
    interval over seeds below one half holds, above does not. The reference's plateau must be over."""
    cells = from_the_start(study)
    last = max(cells)
    own = plateau_ends(references(study, cells[last]))
    need(own and last > max(own.values()), "no reference step after the plateau of the reference runs")
    ends = plateau_ends(cells[last])
    i = interval([ends[s] / own[s] for s in sorted(set(own) & set(ends))])
    return f"plateau ends at {i.text()} of the reference's step", below(i, 0.5)


@finding("Patterns of early steps are worse than untrained ones", "those of steps 500 and 1k are", "3, D")
def early_patterns(study):
    """Final loss with patterns of before the reference's plateau was over (mean over these steps) minus that
    with untrained ones: 95 % interval over seeds above 0 holds, below 0 does not."""
    cells = from_the_start(study)
    need(0 in cells, "no run with untrained patterns (patch.reference 0)")
    own = plateau_ends(references(study, cells[0]))
    limit = min(own.values(), default=0)
    early = [final_loss(runs) for r, runs in cells.items() if 0 < r < limit]
    need(early, "no reference step between 0 and the end of the reference's plateau")
    untrained = final_loss(cells[0])
    seeds = set(untrained).intersection(*early)
    i = interval([np.mean([row[s] for row in early]) - untrained[s] for s in sorted(seeds)])
    return f"{i.text()} nats higher ({len(early)} reference steps before {limit:.0f})", above(i)


@finding("The earlier good patterns are put in, the lower the final loss", "steps 0 to 16k compared; no number", "D")
def earlier_start(study):
    """Patterns of the last reference step: slope of the final loss against log2(1 + start of patching), one per
    seed: 95 % interval above 0 holds, below 0 does not. As the optimiser is reset at the start and fewer steps follow, the
    slope is not the patterns' alone."""
    runs = patched(study)
    runs = runs.where(patch_reference=max(runs["patch_reference"]))
    table = {np.log2(1 + start): final_loss(own) for (start,), own in runs.cells("patch_start")}
    need(len(table) > 2, "fewer than three starts of patching")
    i = interval(slopes_by_seed(table))
    text = ", ".join(f"{mean_of(row.values()):.3g} ({2**x - 1:g})" for x, row in table.items())
    return f"final loss {text}; slope {i.text()} nats with each doubling", above(i)


@finding("Patterns of a sequential run's later steps help too", "patching by a sequential reference; no number", "W")
def sequential_patterns(study):
    """Final loss of all known people: slope against log2 of the reference step (patched from step 0, untrained
    patterns left out), one per seed: 95 % interval below 0 holds, above 0 does not."""
    runs = patched(study, "sequential")
    runs = runs.where(patch_start=min(map(start_of, runs)))
    table = {np.log2(r): final_loss(own) for (r,), own in runs.cells("patch_reference") if r > 0}
    need(len(table) > 1, "fewer than two reference steps")
    i = interval(slopes_by_seed(table))
    return f"{i.text()} nats with each doubling", below(i)
