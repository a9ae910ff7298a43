#!/usr/bin/env python3
"""Holds what the paper found against runs: a table of findings with numbers, seeds and intervals.

usage: findings.py DIR... [-o TABLE]

DIR is what `lore run -o DIR` left, or a file of `lore collect`; several are looked at together. Prints the
table and writes it as Markdown to TABLE (default: findings.md in the first DIR). Intervals are 95 % intervals
over seeds; with fewer than two seeds nothing is decided. findings.py --criteria prints how each is decided.
"""

import argparse
import inspect
from pathlib import Path

import findings_patching
import findings_phases
import findings_schedules
import findings_tuning
from findings_table import FINDINGS, decide
from lore_files import command, open_study
from lore_sheet import short
from lore_study import join

# In the order of the paper.
ORDER = [findings_phases, findings_patching, findings_schedules, findings_tuning]


def in_order():
    modules = [module.__name__ for module in ORDER]
    return sorted(FINDINGS, key=lambda f: modules.index(f.decide.__module__))


def row(*cells):
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def table_of(study):
    lines = [row("finding", "figure", "paper", "these data", "verdict"), row(*["---"] * 5)]
    for entry in in_order():
        text, verdict = decide(entry, study)
        lines.append(row(entry.title, entry.figures, entry.paper, text, f"**{verdict}**"))
    return lines


def values_text(study, name, write):
    values = sorted({v for v in study[name].tolist() if v == v}, key=str if study[name].dtype == object else None)
    return ", ".join(map(write, values[:6])) + (", ..." if len(values) > 6 else "")


def settings_of(studies):
    """What made the data: one line for each study."""
    lines = [row("runs of", "runs", "not finished", "individuals", "steps", "batch", "learning rate",
                 "layers × width", "seeds"), row(*["---"] * 9)]
    for study in studies:
        shape = sorted({f"{r.settings.get('model_layers', 0):g} × {r.settings.get('model_width', 0):g}" for r in study})
        lines.append(row(Path(study.title).name, len(study) + len(study.missing) + len(study.damaged),
                         len(study.missing) + len(study.damaged) + len(study.unfinished),
                         values_text(study, "population_individuals", short), values_text(study, "train_steps", short),
                         values_text(study, "train_batch", short),
                         values_text(study, "train_learning_rate", lambda v: f"{v:g}"), ", ".join(shape),
                         len(set(study.seeds))))
    return lines


def report(studies):
    study = join(studies) if len(studies) > 1 else studies[0]
    return "\n".join([
        "# Findings", "", "Intervals in brackets are 95 % intervals over seeds. A finding is not decidable here when runs "
        "or seeds are missing, or when its interval lies on both sides. `findings.py --criteria` says how each is "
        "decided. Rows share runs and seeds, and intervals are not widened for the number of rows: of forty verdicts two "
        "would be wrong if only chance decided.", "", *table_of(study), "", "## Runs", "", *settings_of(studies), ""])


def criteria():
    for entry in in_order():
        print(f"{entry.title} (figure {entry.figures})\n  {' '.join(inspect.getdoc(entry.decide).split())}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="*", help="what lore run -o wrote, or a file of lore collect")
    parser.add_argument("-o", "--output", help="Markdown file (default: findings.md in the first DIR)")
    parser.add_argument("--criteria", action="store_true", help="print how each finding is decided")
    arguments = parser.parse_args()
    if arguments.criteria:
        return criteria()
    if not arguments.directory:
        parser.error("name at least one directory of runs")
    text = report([open_study(path) for path in arguments.directory])
    first = Path(arguments.directory[0])
    output = Path(arguments.output or (first.parent if first.is_file() else first) / "findings.md")
    output.write_text(text, encoding="utf-8")
    print(text)
    print(output)


if __name__ == "__main__":
    command(main)
