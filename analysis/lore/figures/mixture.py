"""Figure mixture: known individuals as a small part of a stream about fresh ones."""

from __future__ import annotations

from lore.drawing.sheet import Sheet
from lore.drawing.style import shades
from lore.selections.mixture import accuracies, by_width, critical_shares, share_of
from lore.study import Study


def label_share(share: float) -> str:
    return "no fresh ones" if share == 1 else f"share 1/{1 / share:g}"


def figure_mixture(study: Study) -> Sheet:
    widths = by_width(study)
    sheet = Sheet("Known individuals as a part of a stream about fresh ones", 2, 2)
    panel = sheet.panel("When training ends", "share of sequences about known individuals", "attribute accuracy", "share")
    for (width, runs), colour in zip(widths.items(), shades(len(widths))):
        panel.points({share: row.values() for share, row in accuracies(runs).items()}, f"width {width:g}", colour)
    panel.axes.set_xscale("log", base=2)
    panel = sheet.panel("Share at which half of the accuracy is left", "width", "share", "critical")
    panel.points({width: shares.values() for width, runs in widths.items() if (shares := critical_shares(runs))})
    panel.axes.set_xscale("log", base=2)
    panel.log_y()
    width, runs = list(widths.items())[-1]
    cells = [(share_of(fresh), own) for fresh, own in reversed(runs.by_number("distribution_fresh"))]
    for variable, unit in (("attribute_loss", "attribute loss (nats)"), ("attribute_accuracy", "attribute accuracy")):
        panel = sheet.panel(f"Known individuals, width {width:g}", "training step", unit)
        for (share, own), colour in zip(cells, shades(len(cells))):
            panel.curve(own, variable, "known", label=label_share(share), colour=colour)
        if variable == "attribute_loss":
            panel.baseline(study.baseline)
    return sheet
