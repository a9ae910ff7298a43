#!/usr/bin/env python3
"""Computes what runs have written again, from what the pages say and nothing else of LORE.

check_definitions.py WHAT PATH...

  people SEED SHOWN...          what `lore show` printed: doc/draws.md
  run DIRECTORY [REFERENCE]     a run with weights of every step: individuals and biographies (doc/draws.md), initial
                                weights and metrics (doc/science.md, doc/metrics.md); REFERENCE is the run whose
                                attention a patched one uses
  curve METRICS...              learning rates, phases and plateau bounds of metrics files (doc/science.md)
  update DIRECTORY              the last update of a stopped run, from its two resume points (doc/science.md)
  memory DIRECTORY...           a toy memory, trained again (doc/memory.md, doc/draws.md)
  probe DIRECTORY ROWS N M      N known and M held-out individuals that are probed, as write_probe_rows printed them
  exposure DIRECTORY            whom the runs of tests/studies/distributions.yaml have shown (doc/draws.md)

The forward pass is analysis/lore/forward.py, which doc/checkpoint.md describes. Draws are made by the code that stands
in doc/draws.md. Everything is in double; LORE computes in float.
"""

import math
import re
import sys
from pathlib import Path

import numpy as np
import xarray as xr

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[2] / "analysis")]
from lore import forward  # noqa: E402
from twin import MOMENTS, PAGE, Run, ids, initial, is_matrix, normals, rate, tensors, text_of, vocabulary  # noqa: E402

CLOSE = 2e-5  # relative: sums of floats


def near(what, found, expected, tolerance=CLOSE, size=0.0):
    """Equal to `tolerance` times the larger one, or `size`."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape, f"{what}: {found.shape} is there, {expected.shape} expected"
    wrong = ~(np.abs(found - expected) <= tolerance * np.maximum(np.abs(expected), size))
    wrong &= ~(np.isnan(found) & np.isnan(expected))
    assert not wrong.any(), f"{what}: {found[wrong][:5]} is there, {expected[wrong][:5]} expected"


# Draws

def check_people(seed, shown):
    """Every individual that is shown: name, values, both biographies."""
    example = PAGE.printed.split()
    assert " ".join(example[:15]) in PAGE.text, "the page does not print what it says"
    blocks = [block for path in shown for block in re.split(r"^individual ", Path(path).read_text(), flags=re.M)[1:]]
    for block in blocks:
        i = int(re.match(r"\d+", block).group())
        index, value, evaluation, training = PAGE.individual(seed, i)
        name, values = re.search(r"\[(.*)\]", block).group(1), re.findall(r"^  [a-z ]+<(.*)>$", block, re.M)
        expected = [" ".join(PAGE.full_name(index)), *(" ".join(PAGE.words_of_value(a, v)) for a, v in enumerate(value))]
        assert [name, *values] == expected, (i, name, values, expected)
        biographies = [PAGE.biography(PAGE.Stream(seed, 6, 0, i), index, value, evaluation)]
        if "in training" in block:
            biographies.insert(0, PAGE.training_biography(seed, i, 0, i))
        found = re.findall(r"^    (.*)", re.sub(r"[][<>]", "", block), re.M)
        assert found == [text_of(tokens) for tokens in biographies], (i, found)
    assert len(blocks) > 1
    print(f"{len(blocks)} individuals as on the page")


def check_initial(run, weights):
    names = tensors(weights)
    assert [str(word) for word in weights["word"].values] == vocabulary(run.asks)
    for number, name in enumerate(names):
        near(f"initial {name}", weights[name].values, initial(run.seed, number, name, weights), 3e-7, 1e-6)


def check_exposure(run, shown):
    """`shown`: individuals of each step."""
    exposure = xr.load_dataset(run.directory / "exposure.nc")
    for name, expected in zip(("draws", "first_step", "last_step"), count_shown(shown, exposure.draws.size)):
        assert (exposure[name].values == expected).all(), (run.directory, name)


def count_shown(shown, individuals):
    """Of each individual: how often it was shown, and the first and the last step that did; -1 for none."""
    draws, first, last = np.zeros(individuals, int), np.full(individuals, -1), np.full(individuals, -1)
    for t, everybody in enumerate(shown):
        some = [i for i in everybody if i < individuals]  # the others are fresh
        np.add.at(draws, some, 1)
        first[[i for i in some if first[i] < 0]] = t
        last[some] = t
    return draws, first, last


# Metrics

def check_tokens(weights, biographies):
    """A text says which tokens it has."""
    words = forward.words_of(weights)
    for tokens in biographies:
        assert forward.encode(words, text_of(tokens)) == ids(weights, tokens).tolist(), text_of(tokens)


def log_probabilities(weights, stream):
    logits = forward.read_out(weights, stream)
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def training_losses(weights, batch):
    """Of all tokens of a batch; the last token of a sequence is a target only."""
    losses = []
    for _, tokens in batch:
        token = ids(weights, tokens)
        said = log_probabilities(weights, forward.streams(weights, token[:-1])[-1])
        losses.append(-said[np.arange(len(said)), token[1:]])
    return np.concatenate(losses)


def places(tokens):
    """Of each sentence: attribute, position of the last name token, positions of the value's tokens."""
    role = [token[1] for token in tokens]
    found = []
    for at in (p for p in range(1, len(role)) if role[p] == "name" != role[p - 1]):
        value = next(p for p in range(at, len(role)) if role[p] == "value")
        end = next(p for p in range(value, len(role)) if role[p] != "value")
        found.append((tokens[value][2], at + 2, range(value, end)))
    return found


def signature(pattern, tokens):
    """Name to name, attribute to name, attribute to text, sharpness of one layer's pattern (heads, T, T): sentences and
    heads (6, heads, 4). The weights of the position that predicts a value add up to 1."""
    role, rows = np.array([token[1] for token in tokens[:-1]]), []

    def weight_on(at, wanted):
        return pattern[:, at, :at] @ (role[:at] == wanted)

    for _, name, value in places(tokens):
        at = value[0] - 1
        own = pattern[:, at, : at + 1]
        total = sum(weight_on(at, r) for r in ("name", "template", "value")) + pattern[:, at, at]
        near("attention in all", total, np.ones(len(own)), 1e-12)
        sharpness = -(own * np.log(own)).sum(axis=-1) / math.log(at + 1)
        rows.append((weight_on(name, "name"), weight_on(at, "name"), weight_on(at, "template"), sharpness))
    return np.array(rows).transpose(0, 2, 1)


def judge(weights, sequences):
    """attribute_loss_by_attribute, accuracy by attribute, max_probability and entropy of biographies; and each answer's
    confidence, entropy, whether it is right, and loss (answer, 4)."""
    loss, right, top, entropy, answers = [[] for _ in range(6)], [[] for _ in range(6)], [], [], []
    for tokens in sequences:
        token = ids(weights, tokens)
        stream = forward.streams(weights, token[:-1])[-1]
        for attribute, _, value in places(tokens):
            said = log_probabilities(weights, stream[[p - 1 for p in value]])
            target = token[list(value)]
            loss[attribute].append(-said[np.arange(len(target)), target].sum())
            right[attribute].append((said.argmax(axis=-1) == target).all())
            top += list(np.exp(said.max(axis=-1)))
            entropy += list(-(np.exp(said) * said).sum(axis=-1))
            answers.append((np.exp(said.max(axis=-1).sum()), sum(entropy[-len(target):]), right[attribute][-1],
                            loss[attribute][-1]))
    return np.mean(loss, axis=1), np.mean(right, axis=1), np.mean(top), np.mean(entropy), np.array(answers, float)


def judge_questions(weights, questions):
    """Mean loss of the answers to questions, and share that is right."""
    rows = [judge_value(weights, tokens) for tokens in questions]
    return np.mean(rows, axis=0)


def judge_value(weights, tokens):
    """Loss of the only value of a sequence, and whether it is predicted."""
    token = ids(weights, tokens)
    value = [p for p, (_, role, _) in enumerate(tokens) if role == "value"]
    said = log_probabilities(weights, forward.streams(weights, token[:-1])[-1][[p - 1 for p in value]])
    target = token[value]
    return -said[np.arange(len(target)), target].sum(), (said.argmax(axis=-1) == target).all()


def check_answers(found, what, count, loss, answers, first):
    """Stored bits of `count` individuals; calibration, and detection against the first group's answers."""
    confidence, _, right, _ = answers.T
    bits = count * np.maximum(0, np.log(PAGE.VALUES) - loss).sum() / np.log(2)
    near(f"stored_bits {what}", found.stored_bits, bits, size=count)
    place = np.minimum((confidence * 15).astype(int), 14)
    gaps = [abs((right - confidence)[place == k].sum()) for k in range(15)]
    near(f"calibration_error {what}", found.calibration_error, sum(gaps) / len(answers), 1e-4, 1)
    near(f"confidently_wrong {what}", found.confidently_wrong, ((right == 0) & (confidence > 0.5)).mean(), 1e-12)
    for name, column, sign in (("confidence", 0, 1), ("entropy", 1, -1)):
        higher = sign * np.subtract.outer(first[:, column], answers[:, column])
        area = np.nan if first is answers else ((higher > 0) + (higher == 0) / 2).mean()
        near(f"auroc_{name} {what}", found[f"auroc_{name}"], area, 1e-4, 1)


def check_bins(found, what, answers, number):
    """Bins of answers by a number that each has: 0, 1, 2 to 3, 4 to 7, ..."""
    place = np.array([int(n).bit_length() for n in number])
    for bin in range(20):
        some = answers[place == bin]
        expected = (len(some), *(some[:, [2, 3]].mean(axis=0) if len(some) else (np.nan, np.nan)))
        for name, value in zip(("values", "accuracy", "loss"), expected):
            near(f"{what}_{name}", found[f"{what}_{name}"].values[bin], value)


def check_exposed(run, found, group, step, answers, shown):
    draws, _, last = count_shown(shown[:step], max(first + count for first, count in run.range.values()))
    who = np.repeat([run.evaluated(group, s)[1] for s in range(len(answers) // 6)], 6)
    check_bins(found, "exposure", answers, draws[who])
    check_bins(found, "recency", answers, np.where(last[who] < 0, 0, step - last[who]))


def check_record(run, step, reference, shown):
    ds, weights = run.metrics.sel(step=step), run.weights(step)
    groups = [str(group) for group in run.metrics.group.values.astype(str)]
    first = None
    for group in groups:
        sequences = [run.evaluation(group, s) for s in range(int(run["evaluate_sequences"]))]
        loss, right, top, entropy, answers = judge(weights, sequences) if reference is None else 5 * [None]
        found = ds.isel(group=groups.index(group))
        if reference is None:
            near(f"loss of {group} at {step}", found.attribute_loss_by_attribute, loss)
            near(f"accuracy of {group} at {step}", found.attribute_accuracy_by_attribute, right, 1e-12)
            near(f"mean loss of {group} at {step}", found.attribute_loss, loss.mean())
            near(f"mean accuracy of {group} at {step}", found.attribute_accuracy, right.mean(), 1e-12)
            near(f"max_probability of {group} at {step}", found.max_probability, top)
            near(f"entropy of {group} at {step}", found.entropy, entropy)
            first = answers if first is None else first
            check_answers(found, f"of {group} at {step}", run.range[group][1], loss, answers, first)
            check_exposed(run, found, group, step, answers, shown)
        if run.asks:
            questions = [run.question(group, n) for n in range(int(run["evaluate_sequences"]))]
            loss, right = judge_questions(weights, questions)
            near(f"question_loss of {group} at {step}", found.question_loss, loss)
            near(f"question_accuracy of {group} at {step}", found.question_accuracy, right, 1e-12)
        else:
            assert np.isnan([found.question_loss, found.question_accuracy]).all()
        if group == groups[0] and "layer" in ds.dims:
            of = weights if reference is None else reference
            some = sequences[: int(run["evaluate_attention_sequences"])]
            rows = [[signature(p, tokens) for p in forward.patterns(of, ids(of, tokens)[:-1])] for tokens in some]
            names = "name_to_name", "attribute_to_name", "attribute_to_text", "sharpness"
            for name, value in zip(names, np.mean(rows, axis=(0, 2, 3)).T):
                near(f"attention_{name} at {step}", ds[f"attention_{name}"], value)


def check_baselines(run):
    known = [run.person(i)[1] for i in range(int(run["population_individuals"]))]
    shares = [np.unique(values, return_counts=True)[1] / len(known) for values in zip(*known)]
    near("no_knowledge_baseline", run["no_knowledge_baseline"], np.log(PAGE.VALUES).mean(), 1e-12)
    near("empirical_baseline", run["empirical_baseline"], np.mean([-(s * np.log(s)).sum() for s in shares]), 1e-12)


def check_first_update(run):
    """Moments are fresh, so every element moves by the rate, if its gradient is far above epsilon."""
    name, decay = "layer_1_mlp_up", rate(run, 0) * run["train_weight_decay"]
    w0, w1 = (run.weights(step)[name].values.astype(float) for step in (0, 1))
    moved = np.abs(w1 - (1 - decay) * w0) / rate(run, 0)
    assert moved.max() < 1.001 and np.median(moved) > 0.99, (moved.max(), np.median(moved))


def check_run(directory, patterns=None):
    """A run with weights of every step. `patterns`: the run whose attention it uses."""
    run = Run(directory)
    ds, steps = run.metrics, int(run["train_steps"])
    records = ds.step.values.tolist()
    assert records == list(range(0, steps + 1, int(run["evaluate_every"]))) and len(records) > 2
    reference = Run(patterns).weights(int(run["patch_reference"])) if patterns else None
    begins = int(run["patch_start"]) if patterns else steps + 1
    if not run.metrics.attrs.get("start_run"):
        check_initial(run, run.weights(0))
    check_first_update(run)
    check_baselines(run)
    batches = [run.batch(t) for t in range(steps)]
    shown = [[i for i, _ in batch] for batch in batches]
    check_exposure(run, shown)
    check_tokens(run.weights(steps), [tokens for batch in batches for _, tokens in batch])
    seen = np.cumsum([0, *(sum(len(tokens) - 1 for _, tokens in batch) for batch in batches)])
    assert (ds.tokens_seen.values == seen[records]).all(), (ds.tokens_seen.values, seen)
    for step in records:
        check_record(run, step, reference if step >= begins else None, shown)
    for last, step in zip(records, records[1:]):
        if step <= begins:
            losses = [training_losses(run.weights(t), batches[t]) for t in range(last, step)]
            near(f"train_loss at {step}", ds.train_loss.sel(step=step), np.concatenate(losses).mean())
    print(f"{directory}: {len(records)} records as in numpy")


# Curves

def crossing(steps, loss, level, strict):
    """The first time that the loss is at most the level, or below it."""
    reached = loss < level if strict else loss <= level
    if not reached.any():
        return math.nan
    k = int(reached.argmax())
    if k == 0:
        return float(steps[0])
    return steps[k - 1] + (loss[k - 1] - level) / (loss[k - 1] - loss[k]) * (steps[k] - steps[k - 1])


def check_curve(path):
    run = Run(Path(path).parent)
    ds, steps = run.metrics, run.metrics.step.values.astype(float)
    loss, baseline, margin = ds.attribute_loss.values[:, 0], run["no_knowledge_baseline"], run["evaluate_plateau_margin"]
    start = crossing(steps, loss, (1 + margin) * baseline, False)
    end = crossing(steps, loss, (1 - margin) * baseline, True)
    near("plateau_start", run["plateau_start"], start, 1e-12)
    near("plateau_end", run["plateau_end"], end, 1e-12)
    phases = [1 + (not math.isnan(start) and start <= step) + (not math.isnan(end) and end <= step) for step in steps]
    assert (ds.phase.values == phases).all(), (ds.phase.values, phases)
    rates = [rate(run, max(int(step) - 1, 0)) for step in steps]
    near("learning_rate", ds.learning_rate, rates, 1e-14)
    print(f"{path}: plateau from {start:.2f} to {end:.2f}")


# Updates

def decays(name, weights):
    return is_matrix(weights, name)


def check_update(directory):
    """The update between the two resume points that a stopped run has left."""
    run = Run(directory)
    before, after = (xr.load_dataset(p) for p in sorted((run.directory / "checkpoints").glob("resume_*.nc"))[-2:])
    s, beta1, beta2 = int(before.attrs["step"]), run["train_beta1"], run["train_beta2"]
    assert after.attrs["step"] == s + 1
    patched = run["patch_from"] not in ("", "none")
    k = s + 1 - (int(run["patch_start"]) if patched else 0)
    assert k > 0
    gradients, names = {}, tensors(after)
    for name in names:
        w0, m0, v0 = (before[p + name].values.astype(float) for p in ("", *MOMENTS))
        w1, m1, v1 = (after[p + name].values.astype(float) for p in ("", *MOMENTS))
        by = updated_by(run, name, after)
        if by != "adamw":
            assert (v1 == 0).all(), name
            gradients[name], expected, sure = OTHERS[by](run, name, w0, m0, m1, s, after)
            near(f"{name} after update {s + 1} by {by}", w1[sure], expected[sure], 2e-3 if by == "muon" else 3e-7,
                 np.abs(w0).max() if by != "muon" else np.abs(w1 - w0).max())
            continue
        g = gradients[name] = (m1 - beta1 * m0) / (1 - beta1)
        near(f"second moment of {name}", v1, beta2 * v0 + (1 - beta2) * g * g, 1e-3, 1e-3 * v1.max())
        m, v = m1 / (1 - beta1**k), v1 / (1 - beta2**k)
        decay = run["train_weight_decay"] if decays(name, after) else 0
        expected = (1 - rate(run, s) * decay) * w0 - rate(run, s) * m / (np.sqrt(v) + run["train_epsilon"])
        near(f"{name} after update {s + 1}", w1, expected, 3e-7, np.abs(w0).max())
    norm, clip = float(after.attrs["resume_gradient_norm"]), run["train_clip"]
    size = math.sqrt(sum((g * g).sum() for g in gradients.values()))
    assert norm > 1.5 * clip > 0, (norm, clip)
    near("norm of the clipped gradient", size, clip, 1e-4)
    if not patched:
        check_gradient(run, before, {name: g * norm / clip for name, g in gradients.items()}, s)
    print(f"{directory}: update {s + 1} of {len(names)} tensors as in numpy")


def updated_by(run, name, weights):
    """Muon takes the linear maps of layers, and leaves the rest to AdamW."""
    optimizer = run["train_optimizer"]
    takes = is_matrix(weights, name) and name.startswith("layer_") and not name.endswith("convolution")
    return "adamw" if optimizer == "muon" and not takes else optimizer


def orthogonal(x):
    """Five Newton-Schulz steps (Jordan 2024)."""
    if x.shape[0] > x.shape[1]:
        return orthogonal(x.T).T
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


def by_muon(run, name, w0, m0, m1, s, weights):
    """doc/science.md: queries, keys and values, both branches, and the blocks of a gate are matrices of their own."""
    momentum, decay = run["train_momentum"], run["train_weight_decay"]
    g = m1 - momentum * m0
    direction, rows, columns = g + momentum * m1, *g.shape
    down = rows // columns if name.endswith("_gate") else 1
    across = 3 if name.endswith("qkv") else 2 if name.endswith("branches") else 1
    turned = np.block([[orthogonal(part) * math.sqrt(max(1, part.shape[1] / part.shape[0]))
                        for part in np.split(block, across, axis=1)] for block in np.split(direction, down)])
    top = run["train_matrix_learning_rate"] * rate(run, s) / run["train_learning_rate"]
    return g, (1 - top * decay) * w0 - top * turned, np.ones(w0.shape, bool)


def by_lion(run, name, w0, m0, m1, s, weights):
    beta1, beta2 = run["train_beta1"], run["train_beta2"]
    g = (m1 - beta2 * m0) / (1 - beta2)
    towards, decay = beta1 * m0 + (1 - beta1) * g, run["train_weight_decay"] if decays(name, weights) else 0
    sure = (np.abs(towards) > 1e-4 * np.abs(towards).max()) | (m1 == 0)  # a sign, where rounding does not decide
    return g, (1 - rate(run, s) * decay) * w0 - rate(run, s) * np.sign(towards), sure


def by_sgd(run, name, w0, m0, m1, s, weights):
    decay = run["train_weight_decay"] if decays(name, weights) else 0
    return m1 - run["train_momentum"] * m0, (1 - rate(run, s) * decay) * w0 - rate(run, s) * m1, np.ones(w0.shape, bool)


OTHERS = {"muon": by_muon, "lion": by_lion, "sgd": by_sgd}


def check_gradient(run, weights, gradients, s):
    """The gradient is that of the mean loss over the tokens of the batch: by differences, in a few directions."""
    random, batch = np.random.default_rng(1), run.batch(s)
    for some in (slice(0, None, 3), slice(1, None, 3), slice(2, None, 3)):
        names = list(gradients)[some]
        there = {name: weights.copy() for name in (-1, 1)}
        slope = 0
        for name in names:
            direction = gradients[name] + random.normal(0, np.abs(gradients[name]).mean(), gradients[name].shape)
            direction *= 1e-3 / np.linalg.norm(direction)
            slope += (direction * gradients[name]).sum()
            for sign, moved in there.items():
                moved[name] = weights[name].dims, weights[name].values.astype(float) + sign * direction
        found = (training_losses(there[1], batch).mean() - training_losses(there[-1], batch).mean()) / 2
        near(f"slope along {names}", found, slope, 2e-3)


# The toy memory

def points(run, purpose, count, dimensions):
    rows = np.array([normals(run.seed, purpose, i, dimensions) for i in range(count)])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Toy:
    def __init__(self, run):
        self.n, self.new = int(run["memory_pairs"]), int(run["memory_new_pairs"])
        self.first_new = self.n + int(run["memory_held_out"])
        count, values, dimensions = self.first_new + self.new, int(run["memory_values"]), int(run["memory_keys"])
        self.key, self.vector = points(run, 20, count, dimensions), points(run, 22, values, dimensions)
        self.value = np.array([PAGE.Stream(run.seed, 21, 0, i).below(values) for i in range(count)])
        self.run, self.replay = run, run["memory_replay_weight"]

    def drawn(self, t, position):
        u, known = PAGE.Stream(self.run.seed, 23, self.run.first_step + t, position).uniform(), self.replay * self.n
        if self.new == 0:
            return math.floor(u * self.n)
        x = u * (self.new + known)
        return self.first_new + math.floor(x) if x < self.new else math.floor((x - self.new) / self.replay)

    def forward(self, weights, pairs):
        hidden = np.maximum(self.key[pairs] @ weights["up"] + weights["up_bias"], 0)
        out = hidden @ weights["down"] + weights["down_bias"]
        logits = out @ self.vector.T
        said = logits - logits.max(axis=1, keepdims=True)
        return hidden, said - np.log(np.exp(said).sum(axis=1, keepdims=True))

    def loss(self, weights, pairs):
        return -self.forward(weights, pairs)[1][np.arange(len(pairs)), self.value[pairs]].mean()

    def gradient(self, weights, pairs):
        hidden, said = self.forward(weights, pairs)
        error = (np.exp(said) - np.eye(len(self.vector))[self.value[pairs]]) @ self.vector / len(pairs)
        back = error @ weights["down"].T * (hidden > 0)
        return {"up": self.key[pairs].T @ back, "up_bias": back.sum(axis=0),
                "down": hidden.T @ error, "down_bias": error.sum(axis=0)}


def adamw(run, weights, moments, gradient, s):
    """Update s, in place."""
    beta1, beta2, k = run["train_beta1"], run["train_beta2"], s + 1
    size, clip = math.sqrt(sum((g * g).sum() for g in gradient.values())), run["train_clip"]
    for name, g in gradient.items():
        g = g * (clip / size if 0 < clip < size else 1)
        m, v = moments[name]
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        decay = run["train_weight_decay"] if weights[name].ndim == 2 else 0
        weights[name] *= 1 - rate(run, s) * decay
        weights[name] -= rate(run, s) * m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + run["train_epsilon"])
    return size


def check_memory(directory):
    run = Run(directory)
    toy, steps = Toy(run), int(run["train_steps"])
    first, last = run.weights(0), run.weights(steps)
    near("value_vector", first.value_vector, toy.vector, 3e-7, 0.1)
    names = "up", "up_bias", "down", "down_bias"
    weights = {name: first[name].values.astype(float) for name in names}
    if not run.metrics.attrs.get("start_run"):
        for number, name in enumerate(names):
            shape = first[name].shape
            drawn = normals(run.seed, 7, number, math.prod(shape)).reshape(shape) if len(shape) == 2 else np.zeros(shape)
            near(f"initial {name}", weights[name], drawn / math.sqrt(shape[0]), 3e-7, 1e-6)
    moments = {name: (np.zeros_like(w), np.zeros_like(w)) for name, w in weights.items()}
    losses, clipped = [], 0
    for s in range(steps):
        pairs = np.array([toy.drawn(s, position) for position in range(int(run["train_batch"]))])
        losses.append(toy.loss(weights, pairs))
        clipped += adamw(run, weights, moments, toy.gradient(weights, pairs), s) > run["train_clip"]
    near("train_loss", run.metrics.train_loss.values[-1], np.mean(losses), 1e-4)
    for name in names:
        near(f"{name} in the end", last[name], weights[name], 1e-3, np.abs(weights[name]).max())
    near("loss in the end", run.metrics.attribute_loss.values[-1, 0], toy.loss(weights, np.arange(toy.n)), 1e-4)
    print(f"{directory}: {steps} updates as in numpy, {clipped} of them clipped")


# Probes

def check_probe(directory, rows, known, held_out):
    """Of every row that is printed: whose values, whose stand in for them in the control, and which biography."""
    run, used, seen = Run(directory), (int(known), int(held_out)), {}
    weights = run.weights(int(run["train_steps"]))
    order = [PAGE.Stream(run.seed, 30, 0, k).permutation(n) for k, n in enumerate(used)]
    fitted, others = [p for p in range(used[0]) if p % 4 != 3], used[0] // 4
    for line in Path(rows).read_text().splitlines():
        group, use, *numbers = map(int, line.split())
        if group == 3:  # names, not probes
            continue
        row = seen[group, use] = seen.get((group, use), -1) + 1
        if group == 0:
            place = fitted[row if use == 0 else row * len(fitted) // others]
        else:
            place = 4 * row + 3 if group == 1 else row
        first, count = run.range["held_out" if group == 2 else "known"]
        who, stand_in = (first + p * count // used[group // 2] for p in (place, order[group // 2][place]))
        tokens = run.biography(PAGE.Stream(run.seed, 6 if use == 2 else 5, 2**32 - 1 - use, who), who, use == 2)
        assert numbers[:12] == run.person(who)[1] + run.person(stand_in)[1], (group, use, row)
        assert numbers[36:] == ids(weights, tokens)[:-1].tolist(), (group, use, row)
    assert len(seen) == 6, seen
    print(f"{directory}: {sum(seen.values()) + len(seen)} biographies of probes as on the page")


# Whom training shows

def check_shown(directory):
    names = sorted(path.name for path in Path(directory, "runs").iterdir())
    for name in names:
        run = Run(Path(directory, "runs", name))
        if run["curriculum_kind"] == "adaptive":  # tests/support/exposure_checks.py checks the step itself
            exposure = xr.load_dataset(run.directory / "exposure.nc")
            run.widened_at = int(exposure.first_step.values[int(run["curriculum_individuals"]):].min(
                where=exposure.draws.values[int(run["curriculum_individuals"]):] > 0, initial=10**9))
        check_exposure(run, [[run.drawn(t, position) for position in range(int(run["train_batch"]))]
                             for t in range(int(run["train_steps"]))])
    print(f"{len(names)} runs show whom the page says")


def main():
    what, *arguments = sys.argv[1:]
    if what == "people":
        check_people(int(arguments[0]), arguments[1:])
    elif what in ("curve", "memory"):
        for path in arguments:
            (check_curve if what == "curve" else check_memory)(path)
    else:
        {"run": check_run, "update": check_update, "probe": check_probe, "exposure": check_shown}[what](*arguments)


if __name__ == "__main__":
    main()
