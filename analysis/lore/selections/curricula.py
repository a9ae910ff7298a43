"""How long curricula last, and the exponents that runs draw by."""

from __future__ import annotations

import numpy as np

from lore.study import Run, Study


def curriculum_steps(run: Run) -> float:
    """How long the curriculum was planned to last, in steps."""
    steps = run.number("curriculum_steps", 0)
    if steps:
        return steps
    return run.number("curriculum_epochs", 0) * run.number("population_individuals") / run.number("train_batch")


def switch_step(run: Run) -> float:
    """The step from which an adaptive curriculum draws from all: an evaluation's and what is added; NaN if never.

    A record says what the next step draws from, so it lies between two records.
    """
    steps, drawn = run.curve("draw_count")
    whole = drawn >= run.number("population_individuals")
    if not whole.any():
        return np.nan
    at = int(np.argmax(whole))
    ends = steps + run.number("curriculum_steps")
    found = ends[(ends <= steps[at]) & (ends > (steps[at - 1] if at else -1))]
    return float(found[0]) if len(found) else np.nan


def curriculum_end(run: Run) -> float:
    """The step from which all are drawn in the end; NaN if the run has not come so far, or has no such curriculum.

    A sequential curriculum ends with the run.
    """
    kind = run.text("curriculum_kind", "none")
    if kind in ("none", "sequential"):
        return np.nan
    step = switch_step(run) if kind == "adaptive" else curriculum_steps(run)
    return float(step) if step <= run.steps[-1] else np.nan


def mean_end(study: Study) -> float:
    """The mean of the runs' curriculum_end, as far as they have one."""
    ends = np.array([curriculum_end(run) for run in study], float)
    return float(np.nanmean(ends)) if np.isfinite(ends).any() else np.nan


def subset_of(run: Run) -> float:
    """Individuals that the curriculum begins with."""
    return run.number("curriculum_individuals")


def alpha_of(run: Run) -> float:
    """Exponent of the power law that a run draws by; 0 is uniform."""
    return run.number("distribution_alpha") if run.text("distribution_kind") == "power_law" else 0.0


def celebrities_of(run: Run) -> float:
    return run.number("distribution_celebrities")


def celebrity_weight_of(run: Run) -> float:
    return run.number("distribution_celebrity_weight")
