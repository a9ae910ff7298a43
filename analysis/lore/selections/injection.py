"""What is left of individuals that a training has shown at a few steps and never else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.study import Floats, Run, Study, drawn, same_training

GROUP = "injected"
HOW = ("distribution_inject", "distribution_inject_wording")


@dataclass
class Knowledge:
    """Of one run: steps since its last injection (record), and by how much the loss of the injected individuals is below what
    it would be without (record), in nats."""
    after: Floats
    nats: Floats

    @property
    def kept(self) -> float:
        """At the last step, as a share of that at the first evaluation after the last injection; NaN if that is 0 or there
        is none."""
        return float(self.nats[-1] / self.nats[0]) if self.nats.size and self.nats[0] > 0 else np.nan

    def misses(self) -> tuple[float, float]:
        """Root mean squares of the logarithm of knowledge about a line over log steps, and over steps; NaN if there is none
        at some evaluation."""
        if len(self.after) < 4 or not (self.nats > 0).all():
            return np.nan, np.nan
        y = np.log(self.nats)
        power, exponential = (np.sqrt(np.mean((y - np.polyval(np.polyfit(x, y, 1), x))**2))
                              for x in (np.log(self.after), self.after))
        return float(power), float(exponential)


def injections(run: Run) -> list[int]:
    """Steps that show all injected individuals."""
    return [int(step) for step in run.text("distribution_inject", "").split()]


def title_of(run: Run) -> str:
    times, same = len(injections(run)), run.text("distribution_inject_wording", "new") == "same"
    if times < 2:
        return "once" if times else "never"
    return f"{times} times, {'same' if same else 'new'} words"


def that_inject(study: Study) -> Study:
    """MissingRuns if none does."""
    runs = of_family(study, "injection").having("attribute_loss", GROUP)
    if not len(runs):
        raise MissingRuns("no runs with individuals that are injected (distribution.inject)", study.title)
    return runs


def kinds(study: Study) -> dict[str, Study]:
    """{how they were injected: runs}, those that show them seldom first; MissingRuns without such runs. Runs that never show
    them are there for comparison if they start from the same steps as the others."""
    shown = drawn(that_inject(study))
    starts = {run.settings.get("start_step") for run in shown}
    some = shown + [run for run in study if GROUP in run.groups and not injections(run) and run.settings.get("start_step") in starts]
    titles = {title_of(run): (len(injections(run)), title_of(run)) for run in some}
    return {title: study.chosen(run for run in some if title_of(run) == title)
            for title in sorted(titles, key=lambda one: titles[one])}


def shown_often(study: Study) -> Study:
    """Of runs that differ in when and how individuals are injected only (the set with most ways), those that show them most
    often; MissingRuns without such runs."""
    runs = study.chosen(drawn(that_inject(study)))
    own = runs.along(*HOW)[0]
    most = max(len(injections(run)) for run in own)
    return own.pick([len(injections(run)) == most for run in own])


def since_last(run: Run) -> tuple[Floats, Floats, Floats]:
    """Steps since the last injection, steps, and losses, of the evaluations after it."""
    steps, loss = run.curve("attribute_loss", GROUP)
    last = injections(run)[-1]
    after = steps > last
    return (steps[after] - last).astype(float), steps[after].astype(float), loss[after]


def knowledge(run: Run) -> Knowledge:
    """Below the no-knowledge baseline; 0 where the loss is above it."""
    after, _, loss = since_last(run)
    return Knowledge(after, np.maximum(0, run.scalar("no_knowledge_baseline") - loss))


def apart_from_injections(run: Run) -> str:
    return same_training({name: value for name, value in run.settings.items() if name not in HOW})


def gain(study: Study, run: Run) -> Knowledge:
    """Below the loss of a run that differs in that it never shows the individuals (linear between evaluations); NaN if the
    study has none."""
    after, steps, loss = since_last(run)
    never = [other for other in study if GROUP in other.groups and not injections(other)
             and apart_from_injections(other) == apart_from_injections(run)]
    other = np.array([never[0].at(step, "attribute_loss", GROUP) if never else np.nan for step in steps])
    return Knowledge(after, other - loss)


def courses(runs: Study) -> list[Knowledge]:
    """Of all runs that show the individuals and have been evaluated since."""
    return [knowledge(run) for run in runs if injections(run) and len(since_last(run)[0])]


def gains(study: Study, runs: Study) -> list[Knowledge]:
    """The same, of those that a run of `study` can be compared with."""
    found = [gain(study, run) for run in runs if injections(run) and len(since_last(run)[0])]
    return [one for one in found if np.isfinite(one.nats).all()]
