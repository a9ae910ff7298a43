"""Questions about people who were asked about in training, and about people of whom it had biographies only."""

from __future__ import annotations

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.study import Study

GROUPS = ("asked", "not_asked")
MIXED, AFTER = "mixed into training", "asked afterwards"


def when_asked(study: Study) -> dict[str, Study]:
    """{when training asks: runs that differ in population.templates only}; MissingRuns if it never does. A run that starts
    from weights asks after the training that led to them."""
    runs = of_family(study, "asking").having("question_accuracy", "not_asked")
    if not len(runs):
        raise MissingRuns("no runs that ask about some individuals (distribution.questions) and evaluate the others", study.title)
    cells = {MIXED: runs.pick([not run.text("start_run", "") for run in runs]),
             AFTER: runs.pick([bool(run.text("start_run", "")) for run in runs])}
    return {title: own.along("population_templates")[0] for title, own in cells.items() if len(own)}


def by_wordings(runs: Study) -> dict[str, Study]:
    """{number of wordings that biographies have, in words: runs}, most first."""
    return {"one wording" if templates == 1 else f"{templates:g} wordings": own
            for templates, own in reversed(runs.by_number("population_templates"))}
