"""What the paper found, held against runs: a table of findings with numbers, seeds and intervals."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

from lore.findings import patching, phases, schedules, sequential, tuning
from lore.findings.finding import Finding, decide
from lore.study import Study, join
from lore.words import short

# In the order of the paper.
FINDINGS: list[Finding] = [entry for theme in (phases, patching, schedules, tuning, sequential) for entry in theme.THEME]


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def table_of(study: Study) -> list[str]:
    """A line of Markdown for each finding."""
    lines = [row("finding", "figure", "paper", "these data", "verdict"), row(*["---"] * 5)]
    for entry in FINDINGS:
        text, verdict = decide(entry, study)
        lines.append(row(entry.title, entry.figures, entry.paper, text, f"**{verdict}**"))
    return lines


def values_text(study: Study, name: str, write: Callable[[float], str]) -> str:
    """The values of a setting that is a number, at most six of them."""
    values = sorted({v for v in study.numbers(name) if v == v})
    return ", ".join(map(write, values[:6])) + (", ..." if len(values) > 6 else "")


def settings_of(studies: Sequence[Study]) -> list[str]:
    """What made the data: one line for each study."""
    lines = [row("runs of", "runs", "not finished", "individuals", "steps", "batch", "learning rate",
                 "layers × width", "seeds"), row(*["---"] * 9)]
    for study in studies:
        shape = sorted({f"{r.number('model_layers', 0):g} × {r.number('model_width', 0):g}" for r in study})
        lines.append(row(Path(study.title).name, len(study) + len(study.missing) + len(study.damaged),
                         len(study.missing) + len(study.damaged) + len(study.unfinished),
                         values_text(study, "population_individuals", short), values_text(study, "train_steps", short),
                         values_text(study, "train_batch", short),
                         values_text(study, "train_learning_rate", lambda v: f"{v:g}"), ", ".join(shape),
                         len(set(study.numbers("seed")))))
    return lines


def report(studies: Sequence[Study]) -> str:
    """Both tables as Markdown."""
    study = join(studies) if len(studies) > 1 else studies[0]
    return "\n".join([
        "# Findings", "", "Intervals in brackets are 95 % intervals over seeds. A finding is not decidable here when runs "
        "or seeds are missing, or when its interval lies on both sides. `findings.py --criteria` says how each is "
        "decided. Rows share runs and seeds, and intervals are not widened for the number of rows: of forty verdicts two "
        "would be wrong if only chance decided.", "", *table_of(study), "", "## Runs", "", *settings_of(studies), ""])


def criteria() -> str:
    """How each finding is decided."""
    return "\n".join(f"{entry.title} (figure {entry.figures})\n  {' '.join((inspect.getdoc(entry.decide) or '').split())}\n"
                     for entry in FINDINGS)
