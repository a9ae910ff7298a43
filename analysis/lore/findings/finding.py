"""What a finding is, and the helpers that findings share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import arenas, default_biographies, family, members, of_family
from lore.statistics import OPEN, BySeed, Verdict
from lore.study import Key, Study
from lore.words import short

Decision = tuple[str, Verdict]  # what the data show, verdict
Decide = Callable[[Study], Decision]


@dataclass
class Finding:
    """`paper` is what the paper reports; the docstring of `decide` states the criterion."""
    title: str
    paper: str
    figures: str
    decide: Decide


class Theme(list[Finding]):
    """The findings of one module, in the order of their definitions."""

    def finding(self, title: str, paper: str, figures: str) -> Callable[[Decide], Decide]:
        """Registers a function that decides a finding."""
        def register(decide: Decide) -> Decide:
            self.append(Finding(title, paper, figures, decide))
            return decide
        return register


def decide(entry: Finding, study: Study) -> Decision:
    """What the data show of one finding; without the runs that it needs nothing is decided."""
    try:
        return entry.decide(study)
    except MissingRuns as missing:
        return missing.what, OPEN


def need(condition: object, text: str) -> None:
    """MissingRuns unless the condition is true (or not empty)."""
    if not condition:
        raise MissingRuns(text)


def loss_by_seed(runs: Study, group: str = "known") -> BySeed:
    """Final attribute loss in nats."""
    return runs.by_seed(runs.final("attribute_loss", group))


def accuracy_by_seed(runs: Study, group: str = "known") -> BySeed:
    return runs.by_seed(runs.final("attribute_accuracy", group))


def ends_by_seed(runs: Study) -> BySeed:
    """Steps at which plateaus end; of a run that never left it, its last step, which is too early."""
    ends = runs.scalar("plateau_end")
    last = [float(run.steps[-1]) if run.finished else np.nan for run in runs]
    return runs.by_seed(np.where(np.isfinite(ends), ends, last))


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


def where_text(runs: Study) -> str:
    return f"N = {short(runs['population_individuals'][0])}, {short(runs['train_steps'][0])} steps"
