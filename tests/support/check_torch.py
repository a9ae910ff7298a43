"""Compares PyTorch's model of a checkpoint with LORE: logits, losses, training steps, evaluations.

usage: check_torch.py logits RUN SCORES...        RUN/checkpoints/weights_<step>.nc and what write_logits printed of it
       check_torch.py training RUN TOKENS         every step of TOKENS, of which RUN has weights and records
       check_torch.py evaluation RUN TOKENS       every snapshot of RUN against its metrics
       check_torch.py save RUN PATH               the last weights, changed in one element, to PATH

"--" begins the arguments of another run: importing torch takes longer than most checks.
"""

import math
import os
import sys
from pathlib import Path

sys.path.insert(0, os.path.join(os.environ["LORE_SOURCE"], "analysis"))

import numpy as np
import torch
import xarray as xr

import lore.torch
from lore import forward

torch.set_num_threads(1)


def snapshots(run):
    return sorted(Path(run, "checkpoints").glob("weights_*.nc"))


def weights_at(run, step):
    return Path(run, "checkpoints", f"weights_{step:08}.nc")


def log_softmax(logits):
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def check_logits(run, *paths):
    """To 1e-5, or to 2e-6 of the largest logit: LORE and torch add floats in different orders, numpy adds doubles.

    In bf16 an operand may lie so near the middle between two of its values that another order of a sum before it rounds
    it to the other side. So half of all values must agree to 1e-5, and none may be off by more than few such roundings;
    without rounding most values differ by far more than that half.
    """
    for path in paths:
        weights = Path(run, "checkpoints", Path(path).stem + ".nc")
        model = lore.torch.load(weights)
        sequence, token, target, wanted = np.loadtxt(path).T
        count = int((sequence[1:] < sequence[:-1]).sum() + 1)  # choices of targets
        size = len(token) // count
        token, sequence = token[:size].astype(int), sequence[:size].astype(int)
        target, wanted = target.reshape(count, size).astype(int), wanted.reshape(count, size)
        rows = [token[sequence == s] for s in range(sequence[-1] + 1)]
        padded = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
        for s, row in enumerate(rows):
            padded[s, :len(row)] = torch.from_numpy(row)
        with torch.no_grad():
            batch = model(padded).double().numpy()
            single = model(torch.from_numpy(rows[1])).double().numpy()
        logits = np.concatenate([batch[s, :len(row)] for s, row in enumerate(rows)])
        got = np.take_along_axis(log_softmax(logits), target.T, 1).T
        off = np.abs(got - wanted)
        names = [name for name, _ in model.named_parameters()]
        file = xr.load_dataset(weights)
        assert names == [n for n in file.variables if n not in ("word", "file_checksum")], names
        plain = np.concatenate([forward.logits(file, row) for row in rows])
        apart = np.abs(logits - plain).max()
        print(f"{weights.name}: {model.precision}: largest logit {np.abs(logits).max():.3g}, from LORE {off.max():.1e}, "
              f"half below {np.median(off):.1e}; from numpy {apart:.1e}")
        most = max(1e-5, 2e-6 * np.abs(logits).max())
        assert np.isfinite(logits).all() and logits.std() > 0.02 and count == 12
        if model.precision == "bf16":
            assert np.median(off) < 1e-5 and off.max() < apart, (np.median(off), off.max(), apart)
            plain_off = np.abs(np.take_along_axis(log_softmax(plain), target.T, 1).T - wanted)
            assert np.median(plain_off) > 20 * np.median(off), np.median(plain_off)
        else:
            assert off.max() < most and apart < most, (off.max(), apart, most)
            assert np.abs(single - batch[1, :len(rows[1])]).max() < most


def learning_rate(tokens, s):
    """doc/science.md, "The schedule"."""
    peak, final = float(tokens.train_learning_rate), float(tokens.get("train_final_learning_rate", math.nan))
    warm, steps = int(tokens.train_warmup_steps), int(tokens.train_steps)
    if s < warm:
        return peak * (s + 1) / warm
    if str(tokens.train_schedule.values) == "constant":
        return peak
    return final + (peak - final) * (1 + math.cos(math.pi * (s - warm) / (steps - 1 - warm))) / 2


class Trainer:
    """doc/science.md, "The optimiser": on a model, in its own floats."""

    def __init__(self, model, tokens):
        self.model, self.tokens, self.updates = model, tokens, 0
        self.moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in model.parameters()]

    def step(self, row):
        """Loss per token, and norm of the gradient of the mean loss, both before the update; gradients stay."""
        inputs, targets = lore.torch.batch(self.tokens, row)
        count = int((targets >= 0).sum())
        loss = lore.torch.loss_sum(self.model, inputs, targets)
        slopes = [g / count for g in torch.autograd.grad(loss, list(self.model.parameters()))]
        norm = math.sqrt(sum(float((g.double() ** 2).sum()) for g in slopes))
        clip, rate = float(self.tokens.train_clip), learning_rate(self.tokens, int(self.tokens.step[row]))
        scale = clip / norm if 0 < clip < norm else 1
        beta1, beta2, epsilon, decay = (float(self.tokens["train_" + name])
                                        for name in ("beta1", "beta2", "epsilon", "weight_decay"))
        self.updates += 1
        self.slopes = [scale * g for g in slopes]
        with torch.no_grad():
            for weight, slope, (first, second) in zip(self.model.parameters(), self.slopes, self.moments):
                first.mul_(beta1).add_((1 - beta1) * slope)
                second.mul_(beta2).add_((1 - beta2) * slope ** 2)
                move = first / (1 - beta1 ** self.updates)
                size = (second / (1 - beta2 ** self.updates)).sqrt() + epsilon
                weight.mul_(1 - rate * decay * (weight.dim() > 1)).sub_(rate * move / size)
        return float(loss) / count, norm


def flat(model):
    return torch.cat([w.detach().double().flatten() for w in model.parameters()]).numpy()


def check_training(run, path):
    """From weights of the first step on, without looking at LORE's again.

    AdamW divides a gradient by its own size. Where that is small against the rounding of the sums that it comes from,
    its sign is left to chance, and with it where the weight goes: by up to two learning rates. So after one step a
    weight may be off by the share that rounding has in its gradient (1e-6 of the tensor's largest), and by the rounding
    of the weight itself; after more steps 99 % of the weights must be off by less than 1e-4 of what the median has
    moved (3e-6 is seen). In bf16, where an operand may be rounded to the other side, by less than 1e-2 (1e-3 is seen).
    """
    tokens, metrics = xr.load_dataset(path), xr.load_dataset(Path(run, "metrics.nc"))
    first, rows = int(tokens.step[0]), tokens.sizes["step"]
    rates = [learning_rate(tokens, s) for s in tokens.step.values]
    np.testing.assert_allclose(tokens.learning_rate, rates, rtol=1e-14)
    begin = lore.torch.load(weights_at(run, first))
    trainer = Trainer(lore.torch.load(weights_at(run, first)), tokens)
    other = lore.torch.load(weights_at(run, first))
    adamw = lore.torch.optimizer(other, tokens)
    for row in range(rows):
        at = first + row
        loss, norm = trainer.step(row)
        theirs = lore.torch.step(other, adamw, tokens, row)
        record = metrics.sel(step=at + 1)
        wanted = lore.torch.load(weights_at(run, at + 1))
        rounds = begin.precision == "bf16"
        off, moved = np.abs(flat(trainer.model) - flat(wanted)), np.abs(flat(wanted) - flat(begin))
        print(f"step {at}: loss {loss:.7f} (LORE {float(record.train_loss):.7f}), gradient {norm:.6f} "
              f"({float(record.gradient_norm):.6f}), weights off by {off.max():.1e}, 99 % by {np.quantile(off, 0.99):.1e}, "
              f"moved by {np.median(moved):.1e}")
        few = 1e-3 if rounds else 2e-6 * (1 + row)
        assert abs(loss / float(record.train_loss) - 1) < few and abs(theirs / loss - 1) < few
        assert abs(norm / float(record.gradient_norm) - 1) < (2e-2 if rounds else 2e-5 * (1 + row))
        if row == 0 and not rounds:
            share = torch.cat([(1e-6 * g.abs().max() / (g.abs() + float(tokens.train_epsilon))).flatten()
                               for g in trainer.slopes]).double().numpy()
            bound = 2e-7 * np.abs(flat(wanted)) + rates[0] * (np.minimum(share, 2) + 1e-5)
            assert (off <= bound).all(), (off - bound).max()
            assert np.quantile(bound, 0.5) < 1e-2 * rates[0]  # it says something of most weights
        little = (1e-2 if rounds else 1e-4) * np.median(moved)
        assert np.quantile(off, 0.99) < little, (np.quantile(off, 0.99), little)
        assert np.quantile(np.abs(flat(other) - flat(trainer.model)), 0.99) < little


def check_evaluation(run, path):
    tokens, metrics = xr.load_dataset(path), xr.load_dataset(Path(run, "metrics.nc"))
    groups = [str(group) for group in tokens["group"].values]
    assert groups == [str(group) for group in metrics["group"].values] and "held_out" in groups
    losses, right = [], []
    every = snapshots(run)
    for weights in every[::max(1, len(every) // 3)]:
        model = lore.torch.load(weights)
        for row, group in enumerate(groups):
            record = metrics.sel(step=model.step).isel(group=row)
            loss, accuracy, question_loss, question_accuracy = lore.torch.evaluate(model, tokens, row)
            print(f"step {model.step}, {group}: {loss:.6f} (LORE {float(record.attribute_loss):.6f}), "
                  f"{accuracy:.6f} ({float(record.attribute_accuracy):.6f})")
            rounds = model.precision == "bf16"
            assert abs(loss / float(record.attribute_loss) - 1) < (1e-3 if rounds else 1e-5)
            assert rounds or abs(accuracy - float(record.attribute_accuracy)) < 1e-9
            assert np.isclose(question_loss, float(record.question_loss), 1e-5, equal_nan=True)
            assert np.isclose(question_accuracy, float(record.question_accuracy), 1e-9, equal_nan=True)
            losses.append(loss)
            right.append(accuracy)
    assert max(losses) > 1.01 * min(losses) and (max(right) > 0.2 or len(snapshots(run)) > 3)


def save_changed(run, path):
    model = lore.torch.load(snapshots(run)[-1])
    lore.torch.save(model, "same.nc")
    same, before = xr.load_dataset("same.nc"), xr.load_dataset(snapshots(run)[-1])
    assert same.attrs["checksum_xxh3_128"] == before.attrs["checksum_xxh3_128"]
    assert list(same.variables) == list(before.variables) and same.equals(before.assign(file_checksum=same.file_checksum))
    for name in before.variables:
        assert same[name].attrs == before[name].attrs and same[name].dims == before[name].dims, name
    with torch.no_grad():
        model.embedding[1, 0] += 1
    lore.torch.save(model, path, step=model.step + 5)


CHECKS = {"logits": check_logits, "training": check_training, "evaluation": check_evaluation, "save": save_changed}


if __name__ == "__main__":
    given = " ".join(sys.argv[2:])
    for arguments in given.split(" -- "):
        CHECKS[sys.argv[1]](*arguments.split())
