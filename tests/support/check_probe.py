#!/usr/bin/env python3
"""A twin of `lore probe` in numpy: check_probe.py ROWS RUN STEP, where ROWS is what write_probe_rows printed.

Computes the activations from the checkpoint, solves the ridge regressions, chooses strengths, judges, and compares
with RUN/probe.nc.
"""
import sys
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis"))
from lore.forward import read_out, streams  # noqa: E402

GROUPS, FIT, CHOOSE, JUDGE = ("fitted", "other", "held_out"), 0, 1, 2
CLOSE = 1e-5  # activations are floats in lore
TARGETS = {"birth_place": (0, 800, None), "birth_day": (1, 31, lambda v: v % 31),
           "birth_month": (1, 12, lambda v: v // 31 % 12), "birth_year": (1, 200, lambda v: v // 372),
           "university": (2, 200, None), "major": (3, 100, None), "company": (4, 500, None), "location": (5, 800, None)}


def say(weights, stream):
    """What the model's norm and head make of rows: logarithms of probabilities."""
    logits = read_out(weights, stream)
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def look_at(weights, numbers):
    """Of one biography: activations (levels, positions, attributes, width), whether the lens reads the first token of
    values there, whether the model says each target, its loss and confidence, the name's key at each level."""
    sentences, tokens = numbers[14:38].reshape(6, 4), numbers[38:]
    levels = streams(weights, tokens)
    activations = np.empty((len(levels), 2, 6, levels.shape[-1]))
    lens, right, loss, top = np.empty((len(levels), 2, 6)), {}, 0, []
    for attribute, name, value, length in sentences:
        for position, at in enumerate((name, value)):
            activations[:, position, attribute] = levels[:, at]
            lens[:, position, attribute] = say(weights, levels[:, at]).argmax(axis=-1) == tokens[value + 1]
        said, targets = say(weights, levels[-1, value:value + length]), tokens[value + 1:value + 1 + length]
        hits = said.argmax(axis=-1) == targets
        right[attribute] = hits if attribute == 1 else [hits.all()]
        loss -= said[np.arange(length), targets].sum() / 6
        top += list(np.exp(said.max(axis=-1)))
    verdict = np.concatenate([right[a] for a in range(6)]).astype(float)
    return activations, lens, verdict, loss, np.mean(top), levels[:, sentences[0, 1]]


def read_rows(path, weights):
    """{(group, use): (values, stand-ins, activations, lens, verdicts, loss, confidence, key), stacked}"""
    table = {}
    for line in Path(path).read_text().splitlines():
        numbers = np.array(line.split(), int)
        row = (numbers[2:8], numbers[8:14], *look_at(weights, numbers))
        table.setdefault((numbers[0], numbers[1]), []).append(row)
    return {key: tuple(np.array(part) for part in zip(*rows)) for key, rows in table.items()}


def one_hot(values, attribute, classes, part):
    codes = values[:, attribute] if part is None else part(values[:, attribute])
    return np.eye(classes)[codes], codes


def judge(x, y, codes, weights, intercept):
    """Least and most accuracy (where two scores are equal, rounding decides) and loss."""
    scores = x @ weights + intercept
    others = np.where(y == 1, -np.inf, scores).max(axis=1)
    ahead = scores[np.arange(len(codes)), codes] - others
    return (ahead > CLOSE).mean(), (ahead > -CLOSE).mean(), ((scores - y) ** 2).sum(axis=1).mean()


def solve(x, y, strength):
    centred, mean = x - x.mean(axis=0), y.mean(axis=0)
    gram = centred.T @ centred
    penalty = strength * (np.trace(gram) / len(gram) or 1)
    weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), centred.T @ (y - mean))
    return weights, mean - x.mean(axis=0) @ weights


def near(name, found, expected, tolerance):
    if not np.allclose(found, expected, rtol=tolerance, atol=tolerance):
        sys.exit(f"{name}: {found} in probe.nc, {expected} in numpy")


def check_model(probe, table):
    """What needs no probe: the model's own answers, the lens, chance and ceiling."""
    for group, name in enumerate(GROUPS):
        values, _, _, lens, verdicts, loss, confidence, _ = table[group, JUDGE]
        found = probe.sel(group=name)
        near(f"model_accuracy of {name}", found.model_accuracy.values, verdicts.mean(axis=0), 1e-9)
        near(f"lens_accuracy of {name}", found.lens_accuracy.values, lens.mean(axis=0), 1e-9)
        near(f"model_loss of {name}", float(found.model_loss), loss.mean(), 1e-4)
        near(f"model_confidence of {name}", float(found.model_confidence), confidence.mean(), 1e-4)
        for target, (attribute, classes, part) in TARGETS.items():
            codes = {key: one_hot(rows[0], attribute, classes, part)[1] for key, rows in table.items()}
            often = np.bincount(codes[0, FIT], minlength=classes)
            here = often[codes[group, JUDGE]]
            near(f"ceiling of {name} {target}", float(found.ceiling.sel(target=target)), (here > 0).mean(), 1e-9)
            near(f"chance of {name} {target}", float(found.chance.sel(target=target)),
                 (codes[group, JUDGE] == often.argmax()).mean(), 1e-9)


def check_names(probe, table):
    *_, loss, confidence, keys = table[len(GROUPS), JUDGE]
    known = probe.person_group.values == 0
    near("person_loss", probe.person_loss.values, loss, 1e-4)
    near("person_confidence", probe.person_confidence.values, confidence, 1e-4)
    for level in range(keys.shape[1]):
        x = keys[:, level]
        distance = np.linalg.norm(x[:, None] - x[None, known], axis=-1)
        distance[np.flatnonzero(known), np.arange(known.sum())] = np.inf
        spread = np.sqrt(((x[known] - x[known].mean(axis=0)) ** 2).sum(axis=1).mean())
        near(f"key_spread at {level}", float(probe.key_spread[level]), spread, 1e-4)
        near(f"key_distance at {level}", probe.key_distance.values[level] / spread, distance.min(axis=1) / spread, 1e-4)


def main():
    rows, run, step = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    weights = xr.load_dataset(run / "checkpoints" / f"weights_{step:08d}.nc")
    probe = xr.load_dataset(run / "probe.nc").sel(step=step)
    table = read_rows(rows, weights)
    strengths = [float(s) for s in probe.attrs["probe_options"].split("ridge")[1].split()]
    check_model(probe, table)
    check_names(probe, table)
    compared, ties = 0, 0
    for level in range(probe.sizes["level"]):
        for position in range(2):
            for target, (attribute, classes, part) in TARGETS.items():
                x = {key: rows[2][:, level, position, attribute] for key, rows in table.items()}
                for kind, of in (("probe", 0), ("control", 1)):
                    y = {key: one_hot(rows[of], attribute, classes, part) for key, rows in table.items()}
                    maps = [solve(x[0, FIT], y[0, FIT][0], s) for s in strengths]
                    for group, name in enumerate(GROUPS):
                        place = dict(level=level, position=("name", "value")[position], target=target, group=name)
                        there = {v: float(probe[v].sel(place))
                                 for v in (f"{kind}_accuracy", f"{kind}_loss", f"{kind}_strength")}
                        chooser = min(group, 1)
                        scores = [judge(x[chooser, CHOOSE], *y[chooser, CHOOSE], *m) for m in maps]
                        chosen = strengths.index(there[f"{kind}_strength"])
                        if scores[chosen][1] < max(s[0] for s in scores) - 1e-12:
                            sys.exit(f"{place}: strength {strengths[chosen]} chosen, of scores {scores}")
                        least, most, loss = judge(x[group, JUDGE], *y[group, JUDGE], *maps[chosen])
                        near(f"{kind}_loss at {place}", there[f"{kind}_loss"], loss, 2e-3)
                        if not least - 1e-12 <= there[f"{kind}_accuracy"] <= most + 1e-12:
                            sys.exit(f"{place}: accuracy {there[f'{kind}_accuracy']}, {least} to {most} in numpy")
                        ties += most > least
                        compared += 1
                spectrum = np.linalg.eigvalsh(np.cov(x[0, FIT].T, bias=True))[::-1]
                found = probe.eigenvalue.values[level, position, attribute]
                near(f"eigenvalues at {level} {position} {target}", found / found[0], spectrum / spectrum[0], 1e-4)
    singular = np.linalg.svd(weights["layer_1_mlp_up"].values.astype(float), compute_uv=False)
    found = probe.singular_value.sel(tensor="layer_1/mlp/up").values[:len(singular)]
    near("singular values", found, singular, 1e-6)
    print(f"{compared} probes as in numpy, {ties} of them with scores that rounding decides")


if __name__ == "__main__":
    main()
