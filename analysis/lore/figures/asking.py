"""Figure asking: do questions find what was only read?"""

from __future__ import annotations

from lore.drawing.panel import Panel
from lore.drawing.sheet import Sheet
from lore.drawing.style import COLOURS, Colour
from lore.selections.asking import GROUPS, by_wordings, when_asked
from lore.study import Study

NAMES = {"asked": "asked about", "not_asked": "never asked about"}


def draw_answers(panel: Panel, cells: dict[str, Study], colours: dict[str, Colour]) -> None:
    for title, runs in cells.items():
        for group, style in zip(GROUPS, ("--", "-")):
            panel.curve(runs, "question_accuracy", group, label=title, colour=colours[title], style=style,
                        named=group == "not_asked")
            panel.key(NAMES[group], [], [], color="black", ls=style, lw=1.2)
    panel.axes.set_ylim(0, 1.02)


def figure_asking(study: Study) -> Sheet:
    cells = {when: by_wordings(runs) for when, runs in when_asked(study).items()}
    titles = list(dict.fromkeys(title for own in cells.values() for title in own))
    colours: dict[str, Colour] = dict(zip(titles, COLOURS))
    sheet = Sheet("Do questions find what was read of people who were never asked about?", 2, 2, width=5.4)
    for when, own in cells.items():
        draw_answers(sheet.panel(f"Questions {when}", "training step", "accuracy of answers"), own, colours)
    panel = sheet.panel("Never asked about, at the last step", "accuracy of answers", "", "final")
    rows = [(when, title, runs) for when, own in cells.items() for title, runs in own.items()]
    for place, (when, title, runs) in enumerate(reversed(rows)):
        panel.row(runs.final("question_accuracy", "not_asked"), place, f"{when}, {title}", colours[title])
    panel.axes.set_yticks(range(len(rows)), [f"{when},\n{title}" for when, title, _ in reversed(rows)], fontsize=8)
    panel.axes.set_ylim(-0.6, len(rows) - 0.4)
    panel.axes.set_xlim(0, 1.02)
    panel = sheet.panel("The same people in biographies, other wordings", "training step", "attribute accuracy", "read")
    for when, style in zip(cells, ("-", ":")):
        for title, runs in cells[when].items():
            panel.curve(runs, "attribute_accuracy", "not_asked", label=title, colour=colours[title], style=style,
                        named=style == "-")
        panel.key(f"questions {when}", [], [], color="black", ls=style, lw=1.2)
    return sheet
