"""Checks whom the runs of tests/studies/distributions.yaml in the directory argv[1] have shown.

argv[2]: what `lore show -n 4` prints of that study.
"""

import re
import sys

import numpy as np
import xarray as xr

runs = sys.argv[1] + "/runs/whom-{}-seed1/"


def draws(name):
    return xr.open_dataset(runs.format(name) + "exposure.nc").draws.values


def first(name):
    return xr.open_dataset(runs.format(name) + "exposure.nc").first_step.values


def metrics(name):
    return xr.open_dataset(runs.format(name) + "metrics.nc")


def groups(name):
    return [str(g) for g in metrics(name).group.values.astype(str)]


for name in ("warm", "adaptive", "growth", "anneal", "sequential", "thrown", "shards", "repeats",
             "famous", "templates", "tune", "rare"):
    steps = 560 if name == "adaptive" else 80
    assert draws(name).sum() == 8 * steps, (name, draws(name).sum())
    assert draws(name)[64:80].sum() == 0, f"{name} shows held-out individuals"
    shown = draws(name) > 0
    assert ((first(name) >= 0) == shown).all(), name

# Warm-up: 5 epochs of 64 / 8 steps.
assert (first("warm")[:8] < 40).all() and (first("warm")[8:64][draws("warm")[8:64] > 0] >= 40).all()
assert metrics("warm").draw_count.values.tolist() == [8] * 4 + [64] * 5
assert groups("warm") == ["known", "held_out", "subset", "rest"]



def entropy(words):
    """Nats of how often each one occurs."""
    share = np.unique(words, return_counts=True)[1] / len(words)
    return -(share * np.log(share)).sum()


# Adaptive: five steps after the first evaluation that finds the subset past its plateau, where a model knows how often each
# of their values occurs, and of dates each day, month and year.
shown = open(sys.argv[2], encoding="utf-8").read()
kinds = ("birth place", "birth date", "university", "major", "company", "location")
values = {kind: re.findall(rf"^  {kind} +<(.*)>$", shown, re.M) for kind in kinds}
dates = list(zip(*(value.split() for value in values.pop("birth date"))))
assert len(dates) == 3 and all(len(tokens) == 4 for tokens in [*dates, *values.values()])
ds = metrics("adaptive")
level = sum(map(entropy, [*dates, *values.values()])) / 6 * 0.95
assert level < 0.3 * ds.no_knowledge_baseline
loss = ds.attribute_loss.values[:, groups("adaptive").index("subset")]
seen = int(ds.step[(loss < level).argmax()])
assert (loss < level).any(), loss
others = first("adaptive")[4:64]
assert others[others >= 0].min() in range(seen + 5, seen + 9), (seen, others)
assert (ds.draw_count.values == [4 if s < seen + 5 else 64 for s in ds.step.values]).all()

assert metrics("growth").draw_count.values.tolist() == [8, 13, 22, 38, 64, 64, 64, 64, 64]
alpha = metrics("anneal").draw_alpha.values
assert abs(alpha - [1.2, 1.0, 0.8, 0.6, 0.4, 0.2, 0, 0, 0]).max() < 1e-12, alpha
assert metrics("sequential").draw_first.values.tolist() == [0, 16, 32, 48, 0, 16, 32, 48, 0]
assert groups("sequential") == ["known", "held_out", "group_1", "group_2", "group_3", "group_4"]
assert draws("thrown")[80:96].sum() == 8 * 40 and (first("thrown")[80:96] < 40).all()
for name, variable in [("shards", "draw_first"), ("shards", "draw_count"), ("shards", "draw_alpha"),
                       ("thrown", "draw_alpha"), ("warm", "draw_alpha")]:
    assert metrics(name)[variable].isnull().all(), (name, variable)
assert metrics("thrown").draw_first.values.tolist() == [80] * 4 + [0] * 5
assert draws("shards")[:8].sum() > 4 * 80
assert (draws("repeats") % 8 == 0).all()
assert draws("famous")[:8].sum() > draws("famous")[8:64].sum() / 4
assert groups("famous") == ["known", "held_out", "celebrities", "others"]
assert draws("tune")[80:96].sum() > 0 and draws("tune")[:64].sum() > 0
assert groups("tune") == ["known", "held_out", "new"]
assert draws("rare")[:8].sum() == 0
assert groups("rare") == ["known", "held_out", "others", "most"]

# Fine-tuning begins with the parent's weights: the same losses on the same people.
famous, tune = metrics("famous"), metrics("tune")
before = famous.attribute_loss.values[famous.step.values == 60][0][:2]
assert (tune.attribute_loss.values[0][:2] == before).all()
