"""What the paper found, held against runs: a table of findings with numbers, seeds and intervals."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lore.findings import beyond, patching, phases, schedules, sequential, tuning
from lore.findings.finding import Decided, Finding, examine
from lore.findings.rules import LEGEND, RULES
from lore.statistics import FAILS, HOLDS, OPEN, Verdict, benjamini_hochberg
from lore.study import Study, join
from lore.words import short

# In the order of the paper; then what goes beyond it.
FINDINGS: list[Finding] = [entry for theme in (phases, patching, schedules, tuning, sequential, beyond) for entry in theme.THEME]


@dataclass
class Scale:
    """Studies that are looked at together: those of one size. `title` is empty if there is only one scale."""
    title: str
    studies: Sequence[Study]


@dataclass
class Table:
    """What is decided: results[finding][scale], and which verdicts stay under the correction for their number."""
    scales: list[str]
    results: list[list[Decided]]
    stays: list[list[bool]]


def decide_all(scales: Sequence[Scale]) -> Table:
    """Every finding at every scale. All rows of all scales are one family of tests."""
    studies = [join(scale.studies) if len(scale.studies) > 1 else scale.studies[0] for scale in scales]
    results = [[examine(entry, study) for study in studies] for entry in FINDINGS]
    flat = benjamini_hochberg([result.judged for row in results for result in row])
    width = len(scales)
    return Table([scale.title for scale in scales], results, [flat[k:k + width] for k in range(0, len(flat), width)])


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def p_text(result: Decided, stays: bool) -> str:
    """The p value, and whether the verdict stays under the correction for the number of verdicts."""
    if result.missing:
        return "no runs"
    if not np.isfinite(result.judged.p):
        return "no test"
    p = f"{result.judged.p:.2g}"
    return p if result.verdict == OPEN else f"{p}, {'stays' if stays else 'goes'}"


def verdict_text(result: Decided) -> str:
    return f"**{result.verdict}**" + (", fragile" if result.fragile else "")


def difference(titles: Sequence[str], results: Sequence[Decided]) -> str:
    """What is different between the verdicts at several scales, in a word or two."""
    there = [title for title, result in zip(titles, results) if not result.missing]
    decided = {title: result.verdict for title, result in zip(titles, results) if result.verdict != OPEN}
    if {HOLDS, FAILS} <= set(decided.values()):
        return "opposite"
    if len(decided) == len(results):
        return "same"
    if not decided:
        if not there:
            return "no runs"
        return "undecided" if len(there) == len(results) else f"undecided, runs only at {', '.join(there)}"
    only = f"decided only at {', '.join(decided)}"
    return only if len(there) > len(decided) else f"runs only at {', '.join(there)}"


def table_of(table: Table) -> list[str]:
    """A line of Markdown for each finding."""
    several = len(table.scales) > 1
    columns = ["finding", "figure", "paper"]
    for title in table.scales:
        columns += [title if several else "these data", "verdict", "p"]
    columns += ["difference", "criterion"] if several else ["criterion"]
    lines = [row(*columns), row(*["---"] * len(columns))]
    for entry, results, stays in zip(FINDINGS, table.results, table.stays):
        cells: list[str] = [entry.title, entry.figures, entry.paper]
        for result, stay in zip(results, stays):
            cells += [result.text, verdict_text(result), p_text(result, stay)]
        cells += [difference(table.scales, results)] if several else []
        lines.append(row(*cells, entry.changed or "before"))
    return lines


def numbers_of(table: Table) -> list[dict[str, object]]:
    """The table for programs, with all digits: for each row and scale the verdict, p, and the intervals that were held against
    thresholds, in the order of the criterion. None where there is no number."""
    return [{"finding": entry.title, "scale": title, "verdict": result.verdict, "p": finite(result.judged.p), "stays": stays,
             "fragile": result.fragile, "runs": not result.missing, "criterion": entry.changed or "before",
             "intervals": [{"mean": finite(i.mean), "low": finite(i.low), "high": finite(i.high), "seeds": i.count}
                           for i in result.judged.intervals]}
            for entry, row_of, stays_of in zip(FINDINGS, table.results, table.stays)
            for title, result, stays in zip(table.scales, row_of, stays_of)]


def finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def count(verdicts: Sequence[Verdict]) -> str:
    """24 of 44 (14 hold, 10 do not)"""
    holds, fails = verdicts.count(HOLDS), verdicts.count(FAILS)
    return f"{holds + fails} of {len(verdicts)} ({holds} hold, {fails} do not)"


def counts_of(table: Table) -> list[str]:
    """How many rows are decided, in words, one line for each scale and one for all."""
    lines = []
    for k, title in enumerate(table.scales):
        results, stays = [row[k] for row in table.results], [row[k] for row in table.stays]
        untested = sum(result.verdict != OPEN and not np.isfinite(result.judged.p) for result in results)
        verdicts = [result.verdict for result in results]
        goes = len(verdicts) - verdicts.count(OPEN) - sum(stays) - untested
        lines.append(f"{f'At {title} scale: decided' if title else 'Decided'} are {count(verdicts)}; under the correction for "
                     f"the number of verdicts {sum(stays)} stay, {goes} go and {untested} have no test; "
                     f"{sum(result.fragile for result in results)} are fragile; "
                     f"{sum(result.missing for result in results)} rows have no runs.")
    if len(table.scales) > 1:
        decided = sum(any(result.verdict != OPEN for result in results) for results in table.results)
        stay = sum(any(stays) for stays in table.stays)
        lines.append(f"At one scale or another: decided are {decided} of {len(table.results)}; {stay} stay at one of them.")
    before = [results for entry, results in zip(FINDINGS, table.results) if not entry.changed]
    decided = sum(any(result.verdict != OPEN for result in results) for results in before)
    lines.append(f"Of the {len(before)} rows whose criterion is from before the first run, {decided} are decided.")
    return lines


def values_text(study: Study, name: str, write: Callable[[float], str]) -> str:
    """The values of a setting that is a number, at most six of them."""
    values = sorted({v for v in study.numbers(name) if v == v})
    return ", ".join(map(write, values[:6])) + (", ..." if len(values) > 6 else "")


def settings_of(scales: Sequence[Scale]) -> list[str]:
    """What made the data: one line for each study."""
    lines = [row("runs of", "runs", "not finished", "individuals", "steps", "batch", "learning rate",
                 "layers × width", "seeds"), row(*["---"] * 9)]
    for title, study in ((scale.title, study) for scale in scales for study in scale.studies):
        shape = sorted({f"{r.number('model_layers', 0):g} × {r.number('model_width', 0):g}" for r in study})
        lines.append(row((f"{title}/" if len(scales) > 1 else "") + Path(study.title).name,
                         len(study) + len(study.missing) + len(study.damaged),
                         len(study.missing) + len(study.damaged) + len(study.unfinished),
                         values_text(study, "population_individuals", short), values_text(study, "train_steps", short),
                         values_text(study, "train_batch", short),
                         values_text(study, "train_learning_rate", lambda v: f"{v:g}"), ", ".join(shape),
                         len(set(study.numbers("seed")))))
    return lines


def report(scales: Sequence[Scale], table: Table) -> str:
    """Both tables as Markdown, and how many rows are decided."""
    return "\n".join(["# Findings", "", LEGEND, "", *table_of(table), "", *counts_of(table), "", "## Runs", "",
                      *settings_of(scales), ""])


def criteria() -> str:
    """How each finding is decided."""
    return RULES + "\n" + "\n".join(map(criterion, FINDINGS))


def criterion(entry: Finding) -> str:
    since = f"Chosen or changed on {entry.changed}, after runs of the small studies had been seen." if entry.changed else \
        "From before the first run."
    return f"{entry.title} (figure {entry.figures})\n  {' '.join((inspect.getdoc(entry.decide) or '').split())} {since}\n"
