"""Questions about people who were asked about in training, and about people of whom it had biographies only."""

from __future__ import annotations

from lore.errors import MissingRuns
from lore.selections.families import of_family
from lore.study import Study

GROUPS = ("asked", "not_asked")
LEARNED = 0.1  # accuracy of answers about those who are asked about; with less nothing can be said
MIXED, AFTER = "mixed into training", "asked afterwards"


def when_asked(study: Study) -> dict[str, Study]:
    """{when training asks: runs that differ in population.templates only}; MissingRuns if it never does. Afterwards are those
    that start from weights and do nothing but ask. Of finished runs those count that have learned to answer at all."""
    runs = of_family(study, "asking").having("question_accuracy", "asked").having("question_accuracy", "not_asked")
    runs = runs.pick([not run.finished or run.curve("question_accuracy", "asked")[1][-1] > LEARNED for run in runs])
    if not len(runs):
        raise MissingRuns("no runs that ask about some individuals (distribution.questions) and evaluate these and the others", study.title)
    started = [bool(run.text("start_run", "")) for run in runs]
    only = [run.number("distribution_questions") == 1 and run.text("distribution_among", "all") == "asked" for run in runs]
    cells = {MIXED: runs.pick([not start for start in started]),
             AFTER: runs.pick([start and asks for start, asks in zip(started, only)])}
    return {title: own.along("population_templates")[0] for title, own in cells.items() if len(own)}


def by_wordings(runs: Study) -> dict[str, Study]:
    """{number of wordings that biographies have, in words: runs}, most first."""
    return {"one wording" if templates == 1 else f"{templates:g} wordings": own
            for templates, own in reversed(runs.by_number("population_templates"))}
