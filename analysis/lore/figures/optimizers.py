"""Figure optimizers: do the plateau and the learning of rare individuals depend on the optimiser?"""

from __future__ import annotations

from lore.drawing.sheet import Sheet
from lore.drawing.style import COLOURS
from lore.selections.families import by_alpha
from lore.selections.optimizers import by_optimizer, deciles, seconds_until
from lore.study import Study


def ends(runs: Study) -> list[float]:
    return [run.scalar("plateau_end") for run in runs]


def seconds(runs: Study) -> list[float]:
    return [seconds_until(run, run.scalar("plateau_end")) for run in runs]


def losses(runs: Study) -> list[float]:
    return [float(loss) for loss in runs.final("attribute_loss", "known")]


AGAINST_ALPHA = (("End of the plateau", "steps", ends), ("Time until the end of the plateau", "s", seconds),
                 ("Final loss on known individuals", "nats", losses))


def figure_optimizers(study: Study) -> Sheet:
    optimizers = by_optimizer(study)
    cells = {name: by_alpha(runs) for name, runs in optimizers.items()}
    colours = dict(zip(optimizers, COLOURS))
    steepest = max(alpha for own in cells.values() for alpha, _ in own)
    sheet = Sheet("Optimisers", 2, 3)
    panel = sheet.panel("Known individuals, least imbalance", "training step", "attribute loss (nats)", "loss")
    for name, own in cells.items():
        panel.curve(own[0][1], "attribute_loss", "known", label=name, colour=colours[name])
    panel.baseline(study.baseline)
    for title, y, values in AGAINST_ALPHA:
        panel = sheet.panel(title, "alpha of the power law", y, title.lower().replace(" ", "_"))
        for name, own in cells.items():
            panel.points({alpha: values(runs) for alpha, runs in own}, name, colours[name])
    for variable, title in (("attribute_accuracy", "attribute accuracy"), ("attribute_loss", "attribute loss (nats)")):
        panel = sheet.panel(f"By frequency, alpha {steepest:g}", "decile of individuals, the most frequent first", title)
        for name, own in cells.items():
            runs = own[-1][1]
            if own[-1][0] == steepest:
                panel.points({number: runs.final(variable, group) for number, group in enumerate(deciles(runs), 1)}, name,
                             colours[name])
        panel.whole_x()
    return sheet
