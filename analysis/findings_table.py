"""What a finding is, and the helpers that findings share."""

from dataclasses import dataclass
from typing import Callable

import numpy as np

from lore_statistics import OPEN
from lore_study import arenas, default_people, family, members, of_family

FINDINGS = []


@dataclass
class Finding:
    title: str
    paper: str
    figures: str
    decide: Callable


class Missing(Exception):
    """Runs that a finding needs are not there; the text says which."""


def finding(title, paper, figures):
    """Registers a function study -> (what the data show, verdict). Its docstring states the criterion."""
    def register(decide):
        FINDINGS.append(Finding(title, paper, figures, decide))
        return decide
    return register


def decide(entry, study):
    """(what the data show, verdict) of one finding."""
    try:
        return entry.decide(study)
    except Missing as missing:
        return str(missing), OPEN
    except SystemExit as missing:
        return str(missing).split(": ", 1)[-1], OPEN


def need(condition, text):
    if not condition:
        raise Missing(text)


def final_loss(runs, group="known"):
    return runs.by_seed(runs.final("attribute_loss", group))


def final_accuracy(runs, group="known"):
    return runs.by_seed(runs.final("attribute_accuracy", group))


def plateau_ends(runs):
    """{seed: end of the plateau}; of a run that never left it, its last step, which is too early."""
    ends = [run.scalars.get("plateau_end", np.nan) for run in runs]
    last = [float(run.steps[-1]) if run.finished else np.nan for run in runs]
    return runs.by_seed(np.where(np.isfinite(ends), ends, last))


def table_of(runs, values=final_loss):
    """{settings of a family's member: {seed: value}}, members without values left out."""
    table = {key: values(cell) for key, cell in members(runs).items()}
    return {key: row for key, row in table.items() if row}


def meeting(study, *families):
    """Runs of these families that differ in nothing else, of the largest population that has all of them."""
    runs = default_people(of_family(study, *families))
    for wanted in families:
        need(len(of_family(runs, wanted)), f"no run of kind: {wanted}")
    found = [a for a in arenas(runs) if {family(run) for run in a} == set(families)]
    need(found, f"no population and budget has all of: {', '.join(families)}")
    return max(found, key=lambda a: (a["population_individuals"][0], a["train_steps"][0], len(a)))


def mean_of(values):
    values = [v for v in values if np.isfinite(v)]
    return float(np.mean(values)) if values else np.nan
