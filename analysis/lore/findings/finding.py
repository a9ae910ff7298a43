"""What a finding is, and the helpers that findings share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lore.errors import MissingRuns, NothingLearnt
from lore.selections.families import arenas, default_biographies, family, members, of_family
from lore.statistics import OPEN, BySeed, Judged, Verdict
from lore.study import Floats, Key, Study
from lore.words import short

Decision = tuple[str, Judged]  # what the data show, verdict
Decide = Callable[[Study], Decision]


@dataclass
class Finding:
    """`paper` is what the paper reports; the docstring of `decide` states the criterion. `changed`: the day on which that
    was chosen or changed after runs of the same kind had been seen; empty if it is from before the first run."""
    title: str
    paper: str
    figures: str
    changed: str
    decide: Decide


@dataclass
class Decided:
    """What the runs of one scale show of a finding. `fragile`: another verdict, or none, without any one seed. `missing`:
    there are no runs of the kind."""
    text: str
    judged: Judged
    fragile: bool = False
    missing: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.judged.verdict


class Theme(list[Finding]):
    """The findings of one module, in the order of their definitions."""

    def finding(self, title: str, paper: str, figures: str, changed: str = "") -> Callable[[Decide], Decide]:
        """Registers a function that decides a finding."""
        def register(decide: Decide) -> Decide:
            self.append(Finding(title, paper, figures, changed, decide))
            return decide
        return register


def decide(entry: Finding, study: Study) -> Decided:
    """What the data show of one finding; without the runs that it needs nothing is decided."""
    try:
        text, judged = entry.decide(study)
    except MissingRuns as missing:
        return Decided(missing.what, Judged(OPEN), missing=not isinstance(missing, NothingLearnt))
    return Decided(text, judged)


def hangs_on_one_seed(entry: Finding, study: Study, verdict: Verdict) -> bool:
    """Is the verdict another one, or none, if any one of the seeds is left out?"""
    seeds = sorted(set(study.numbers("seed")))
    return any(decide(entry, study.pick(study.seeds != seed)).verdict != verdict for seed in seeds)


def examine(entry: Finding, study: Study) -> Decided:
    """What the data show of one finding, and whether its verdict hangs on one seed."""
    result = decide(entry, study)
    result.fragile = result.verdict != OPEN and hangs_on_one_seed(entry, study, result.verdict)
    return result


def need(condition: object, text: str) -> None:
    """MissingRuns unless the condition is true (or not empty)."""
    if not condition:
        raise MissingRuns(text)


def need_learnt(condition: object, text: str) -> None:
    """NothingLearnt unless the condition is true (or not empty)."""
    if not condition:
        raise NothingLearnt(text)


def loss_by_seed(runs: Study, group: str = "known") -> BySeed:
    """Final attribute loss in nats."""
    return runs.by_seed(runs.final("attribute_loss", group))


def accuracy_by_seed(runs: Study, group: str = "known") -> BySeed:
    return runs.by_seed(runs.final("attribute_accuracy", group))


def last_if_never(runs: Study, bound: str) -> Floats:
    """A bound of the plateau (run); of a finished run that never reached it, its last step, which is too early."""
    bounds = runs.scalar(bound)
    last = [float(run.steps[-1]) if run.finished else np.nan for run in runs]
    return np.where(np.isfinite(bounds), bounds, last)


def ends_by_seed(runs: Study) -> BySeed:
    """Steps at which plateaus end."""
    return runs.by_seed(last_if_never(runs, "plateau_end"))


def lengths_by_seed(runs: Study) -> BySeed:
    """Steps from the plateau's start to its end."""
    return runs.by_seed(last_if_never(runs, "plateau_end") - last_if_never(runs, "plateau_start"))


def table_of(runs: Study, values: Callable[[Study], BySeed] = loss_by_seed) -> dict[Key, BySeed]:
    """{settings of a family's member: {seed: value}}, members without values left out."""
    table = {key: values(cell) for key, cell in members(runs).items()}
    return {key: row for key, row in table.items() if row}


def meeting(study: Study, *families: str) -> Study:
    """Runs of these families that differ in nothing else, of the largest population that has all of them."""
    runs = default_biographies(of_family(study, *families))
    for wanted in families:
        need(len(of_family(runs, wanted)), f"no run of kind: {wanted}")
    found = [a for a in arenas(runs) if {family(run) for run in a} == set(families)]
    need(found, f"no population and budget has all of: {', '.join(families)}")
    return max(found, key=lambda a: (a["population_individuals"][0], a["train_steps"][0], len(a)))


def with_draws_of(runs: Study, others: Study) -> Study:
    """Of `runs`, those that draw from the same kind of distribution as the others, so that equal steps of one seed show the
    same individuals and differences are those of real pairs; all, if there are none."""
    kinds = {run.text("distribution_kind", "uniform") for run in others}
    same = runs.pick([run.text("distribution_kind", "uniform") in kinds for run in runs])
    return same if len(same) else runs


def where_text(runs: Study) -> str:
    return f"N = {short(runs['population_individuals'][0])}, {short(runs['train_steps'][0])} steps"
