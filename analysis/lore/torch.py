"""Checkpoints as PyTorch modules, and files of `lore export` as batches: doc/export.md.

    model = lore.torch.load("weights_00016000.nc")
    logits = model(tokens)                       # (..., T) ids, token 0 first -> (..., T, vocabulary)
    lore.torch.save(model, "tuned.nc", step=20)  # for start_from: {file: tuned.nc}

The forward pass is that of doc/checkpoint.md, as in lore.forward; parameters have the names of the file's variables.
PyTorch is needed by this module alone, and the package xxhash (for checksums) by save().
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import netCDF4
import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from lore import files
from lore.errors import Mistake
from lore.study import Setting

MOMENTS = ("first_moment_", "second_moment_")
NO_TENSORS = ("word", "file_checksum")
NOT_A_TARGET = -100  # what cross_entropy leaves out
SEAL = 16  # bytes of a file's checksum, at its end


class About(NamedTuple):
    """A variable of the file: its dimensions and attributes."""
    dims: tuple[str, ...]
    attributes: dict[str, Setting]


def rounded(x: Tensor) -> Tensor:
    """To bf16 and back: to nearest even."""
    return x.to(torch.bfloat16).to(x.dtype)


class RoundedProduct(torch.autograd.Function):
    """x w with operands rounded to bf16, forward and backward; (..., rows, inputs) and (..., inputs, outputs)."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, weight: Tensor) -> Tensor:
        x, weight = rounded(x), rounded(weight)
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, slope: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        slope = rounded(slope)
        return slope @ weight.transpose(-1, -2), x.transpose(-1, -2) @ slope


class Model(torch.nn.Module):
    """A decoder with the weights of a checkpoint. `step`, `words` and `attributes` are what the file says beside them.

    Rows of a batch are sequences that begin with token 0. What stands behind a row's end changes nothing before it, as
    both mixers only look back: pad with any token.
    """

    def __init__(self, weights: xr.Dataset, precision: str | None = None) -> None:
        super().__init__()
        if "embedding" not in weights or "model_layers" not in weights.attrs:
            raise Mistake("these are not the weights of a transformer: there is no embedding, or no model_layers")
        self.attributes: dict[str, Setting] = {str(name): value for name, value in weights.attrs.items()
                                               if not str(name).startswith("resume_")}
        self.step = int(weights.attrs["step"])
        self.words = [str(word) for word in weights["word"].values]
        self.about: dict[str, About] = {}
        for label, variable in weights.data_vars.items():
            name = str(label)
            if name in NO_TENSORS or name.startswith(MOMENTS):
                continue
            self.about[name] = About(tuple(map(str, variable.dims)), dict(variable.attrs))
            self.register_parameter(name, torch.nn.Parameter(torch.tensor(variable.values)))
        self.precision = precision or str(self.attributes.get("train_precision", "float32"))
        if self.precision not in ("float32", "bf16"):
            raise Mistake(f"precision is float32 or bf16, not {self.precision!r}")

    def setting(self, name: str) -> Setting:
        return self.attributes["model_" + name]

    def number(self, name: str) -> int:
        return int(self.setting(name))

    def tensor(self, name: str) -> Tensor:
        return self.get_parameter(name)

    def bias(self, name: str) -> Tensor | float:
        """(output), or 0 where the tensor `name` has no bias."""
        return self.tensor(name + "_bias") if name + "_bias" in self.about else 0.0

    def product(self, x: Tensor, weight: Tensor) -> Tensor:
        return RoundedProduct.apply(x, weight) if self.precision == "bf16" else x @ weight

    def linear(self, x: Tensor, name: str) -> Tensor:
        rows = self.product(x.flatten(0, -2), self.tensor(name)) + self.bias(name)
        return rows.unflatten(0, x.shape[:-1])

    def norm(self, x: Tensor, name: str) -> Tensor:
        if self.setting("norm") == "layer":
            x = x - x.mean(-1, keepdim=True)
        scale = torch.rsqrt((x * x).mean(-1, keepdim=True) + float(self.setting("norm_epsilon")))
        return x * scale * self.tensor(name) + self.bias(name)

    def rotate(self, x: Tensor) -> Tensor:
        """Turns elements i and i + h/2 of token t by t base^(-2 i / h); x: (..., heads, T, h)."""
        half = x.shape[-1] // 2
        speed = float(self.setting("rotary_base")) ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * speed
        cos, sin = angle.cos().to(x), angle.sin().to(x)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def pattern(self, query: Tensor, key: Tensor) -> Tensor:
        """What each token attends to: (..., heads, T, T)."""
        if self.setting("positions") == "rotary":
            query, key = self.rotate(query), self.rotate(key)
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        return scores.masked_fill(later, -math.inf).softmax(-1)

    def attention(self, x: Tensor, name: str, pattern: Tensor | None) -> tuple[Tensor, Tensor]:
        """Its output and its pattern, which may be given."""
        qkv = self.linear(x, name + "_qkv").unflatten(-1, (3, self.number("heads"), -1))
        query, key, value = qkv.transpose(-2, -4).unbind(-3)  # (..., heads, T, h)
        if pattern is None:
            pattern = self.pattern(query, key)
        joined = (pattern @ value).transpose(-2, -3).flatten(-2)
        return self.linear(joined, name + "_output"), pattern

    def convolution(self, x: Tensor, name: str) -> Tensor:
        """Depthwise and causal: row k of the weights is for the token k places back."""
        shifted = [functional.pad(x, (0, 0, lag, 0))[..., :x.shape[-2], :] * weight
                   for lag, weight in enumerate(self.tensor(name))]
        return torch.stack(shifted).sum(0) + self.bias(name)

    def gate(self, x: Tensor, name: str) -> Tensor:
        """A block-diagonal map; its blocks lie one below the other."""
        blocks = self.tensor(name)
        size = blocks.shape[1]
        inputs = x.flatten(0, -2).unflatten(-1, (-1, size)).transpose(0, 1)  # (blocks, rows, size)
        logits = self.product(inputs, blocks.unflatten(0, (-1, size)))
        return torch.sigmoid(logits.transpose(0, 1).reshape(x.shape) + self.bias(name))

    def recurrent(self, x: Tensor, name: str) -> Tensor:
        """Hawk's recurrent block with an RG-LRU (De et al. 2024)."""
        gating, x = self.linear(x, name + "_branches").chunk(2, -1)
        x = self.convolution(x, name + "_convolution")
        rate = 8 * functional.logsigmoid(self.tensor(name + "_lambda"))
        log_a = rate * self.gate(x, name + "_recurrence_gate")
        a = log_a.exp()
        fed = (-torch.expm1(2 * log_a)).clamp(min=1e-30).sqrt() * (self.gate(x, name + "_input_gate") * x)
        states, state = [], torch.zeros_like(fed[..., 0, :])
        for t in range(x.shape[-2]):
            state = a[..., t, :] * state + fed[..., t, :]
            states.append(state)
        return self.linear(functional.gelu(gating, approximate="tanh") * torch.stack(states, -2), name + "_output")

    def mlp(self, x: Tensor, name: str) -> Tensor:
        u = self.linear(x, name + "_up")
        u = functional.relu(u) if self.setting("activation") == "relu" else functional.gelu(u, approximate="tanh")
        return self.linear(u, name + "_down")

    def stream(self, tokens: Tensor, patterns: Sequence[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """The residual stream (..., T, width) after the last layer, and the attention of each layer."""
        x, used = functional.embedding(tokens, self.tensor("embedding")), []
        if "position_embedding" in self.about:
            x = x + self.tensor("position_embedding")[: tokens.shape[-1]]
        for layer in range(self.number("layers")):
            name = f"layer_{layer + 1}_"
            if self.setting("mixer") == "rg_lru":
                x = x + self.recurrent(self.norm(x, name + "recurrent_norm"), name + "recurrent")
            else:
                normed = self.norm(x, name + "attention_norm")
                mixed, pattern = self.attention(normed, name + "attention", patterns[layer] if patterns else None)
                x = x + mixed
                used.append(pattern)
            x = x + self.mlp(self.norm(x, name + "mlp_norm"), name + "mlp")
        return x, used

    def patterns(self, tokens: Tensor) -> list[Tensor]:
        """The attention (..., heads, T, T) of each layer; none with an RG-LRU."""
        return self.stream(tokens, None)[1]

    def forward(self, tokens: Tensor, patterns: Sequence[Tensor] | None = None) -> Tensor:
        """Logits (..., T, vocabulary) of the next token after each of `tokens` (..., T). With `patterns`, of another
        model, these take the place of its own attention, as in a patched run."""
        x = self.norm(self.stream(tokens, patterns)[0], "final_norm")
        head = self.tensor("head" if "head" in self.about else "embedding")
        rows = self.product(x.flatten(0, -2), head.T) + self.bias("head")
        return rows.unflatten(0, tokens.shape)


def load(path: str | os.PathLike[str], precision: str | None = None) -> Model:
    """The model of a checkpoint (weights_<step>.nc or resume_<step>.nc), in float32. `precision` is that of linear maps
    and the head, "float32" or "bf16"; default: what the run was trained with. Damaged, Mistake, FileNotFoundError."""
    return Model(files.load(Path(path)), precision)


# Files of `lore export`.

def batch(tokens: xr.Dataset, row: int) -> tuple[Tensor, Tensor]:
    """Tokens and targets (sequences, longest) of the row-th step or group of a file of `lore export`. Behind the end of
    a sequence there is token 0, and NOT_A_TARGET, which cross_entropy leaves out."""
    part = tokens["individual"].dims[0]
    offset, length = (tokens[name].isel({part: row}).values for name in ("offset", "length"))
    first, last = int(offset[0]), int(offset[-1] + length[-1])
    inputs, targets = (tokens[name].isel(position=slice(first, last)).values.astype(np.int64)
                       for name in ("token", "target"))
    padded = torch.zeros(len(length), int(length.max()), dtype=torch.int64)
    wanted = torch.full_like(padded, NOT_A_TARGET)
    for s, (at, count) in enumerate(zip(offset - first, length)):
        padded[s, :count] = torch.from_numpy(inputs[at:at + count])
        wanted[s, :count] = torch.from_numpy(targets[at:at + count])
    return padded, wanted


def loss_sum(model: Model, inputs: Tensor, targets: Tensor, reference: Model | None = None) -> Tensor:
    """Cross-entropy in nats, summed over all targets. `reference`: whose attention a patched run uses."""
    patterns = None
    if reference:
        with torch.no_grad():
            patterns = reference.patterns(inputs)
    logits = model(inputs, patterns)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum",
                                    ignore_index=NOT_A_TARGET)


class Scores(NamedTuple):
    """As metrics.nc defines them: losses in nats, and shares. Of questions NAN if the group has none."""
    attribute_loss: float
    attribute_accuracy: float
    question_loss: float = math.nan
    question_accuracy: float = math.nan


def evaluate(model: Model, tokens: xr.Dataset, row: int) -> Scores:
    """What an evaluation measures on the row-th group of a file of `lore export --evaluation`."""
    inputs, targets = batch(tokens, row)
    group = tokens.isel({tokens["individual"].dims[0]: row})
    with torch.no_grad():
        logits = model(inputs)
        each = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none",
                                        ignore_index=NOT_A_TARGET).unflatten(0, targets.shape).double().numpy()
        right = (logits.argmax(-1) == targets).numpy()
    begin, count = group["value_at"].values, group["value_length"].values
    loss, correct = np.zeros(begin.shape), np.ones(begin.shape, bool)
    for s, k in np.ndindex(begin.shape):
        value = slice(begin[s, k], begin[s, k] + count[s, k])
        loss[s, k], correct[s, k] = each[s, value].sum(), right[s, value].all()
    about = group["sentence_attribute"].values
    biography, asks = np.ones(len(about), bool), np.zeros(len(about), bool)
    if "question" in group:  # files of before there were questions lack it
        biography, asks = group["question"].values == 0, group["question"].values == 1
    means = [[of[biography][about[biography] == kind].mean() for kind in range(int(about.max()) + 1)]
             for of in (loss, correct)]
    of_questions = (loss[asks, 0].mean(), correct[asks, 0].mean()) if asks.any() else (math.nan, math.nan)
    return Scores(*(float(x) for x in (*np.mean(means, axis=1), *of_questions)))


# Training as LORE does.

def optimizer(model: Model, tokens: xr.Dataset) -> torch.optim.Optimizer:
    """AdamW with the settings of a file of `lore export`: matrices decay, gains, biases and lambda do not. step() sets
    the learning rate."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    decay = float(tokens["train_weight_decay"])
    return torch.optim.AdamW([{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}],
                             betas=(float(tokens["train_beta1"]), float(tokens["train_beta2"])),
                             eps=float(tokens["train_epsilon"]))


def step(model: Model, adamw: torch.optim.Optimizer, tokens: xr.Dataset, row: int,
         reference: Model | None = None) -> float:
    """Makes the row-th step of a file of `lore export`; returns its loss per token, before the update.

    The gradient is that of the sum over tokens, divided afterwards, as in LORE: bf16 rounds slopes before that.
    """
    inputs, targets = batch(tokens, row)
    count = int((targets != NOT_A_TARGET).sum())
    loss = loss_sum(model, inputs, targets, reference)
    adamw.zero_grad()
    loss.backward()
    slopes = [p.grad for p in model.parameters() if p.grad is not None]
    norm = math.sqrt(sum(float(slope.double().square().sum()) for slope in slopes)) / count
    clip = float(tokens["train_clip"])
    for slope in slopes:
        slope.mul_((clip / norm if 0 < clip < norm else 1.0) / count)
    for group in adamw.param_groups:
        group["lr"] = float(tokens["learning_rate"][row])
    adamw.step()
    return float(loss) / count


# Back into a checkpoint.

def tensors_checksum(model: Model) -> str:
    """checksum_xxh3_128 of a checkpoint: over its tensors in their order."""
    import xxhash
    state = xxhash.xxh3_128()
    for values in model.parameters():
        state.update(values.detach().numpy().astype("<f4").tobytes())
    return str(state.hexdigest())


def described(model: Model, step: int) -> dict[str, Setting]:
    """Global attributes of a checkpoint."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    history = f"{now}: lore.torch.save"
    return {**model.attributes, "title": "model checkpoint", "coordinates": "word", "step": step, "date_created": now,
            "summary": "Parameters of a decoder-only transformer, one variable per tensor; matrices are (input, output).",
            "history": f"{history}\n{model.attributes['history']}" if "history" in model.attributes else history,
            "train_precision": model.precision, "checksum_xxh3_128": tensors_checksum(model)}


def image(model: Model, step: int) -> bytes:
    """The bytes of a checkpoint. In memory, as the library does not survive a full disk."""
    import xxhash
    large = max(values.numel() for values in model.parameters()) * 4 > 2**32 - 8
    words, mark = np.array([word.encode() for word in model.words]), os.urandom(SEAL)
    file = netCDF4.Dataset("checkpoint", "w", format="NETCDF3_64BIT_DATA" if large else "NETCDF3_64BIT_OFFSET", memory=1)
    file.set_fill_off()
    file.setncatts({name: np.int32(value) if isinstance(value, int) else value
                    for name, value in described(model, step).items()})
    for name, values in model.named_parameters():
        for side, length in zip(model.about[name].dims, values.shape):
            if side not in file.dimensions:
                file.createDimension(side, length)
    file.createDimension("word_length", words.dtype.itemsize)
    word = file.createVariable("word", "S1", ("vocabulary", "word_length"))
    word.setncatts({"long_name": "word of a token"})
    for name in model.about:
        file.createVariable(name, "f4", model.about[name].dims).setncatts(model.about[name].attributes)
    file.createDimension("checksum_bytes", SEAL)
    checksum = file.createVariable("file_checksum", "i1", ("checksum_bytes",))
    checksum.setncatts({"long_name": "XXH3 (128 bits) of all bytes of the file before this", "units": "1"})
    word[:] = netCDF4.stringtochar(words)
    word.setncattr("_Encoding", "utf-8")
    for name, values in model.named_parameters():
        file[name][...] = values.detach().numpy().astype(np.float32)
    checksum[:] = np.frombuffer(mark, np.int8)
    filled = bytes(file.close())
    content = filled[:filled.rindex(mark)]  # the library's buffer is longer than the file
    return content + bytes(xxhash.xxh3_128(content).digest())


def save(model: Model, path: str | os.PathLike[str], step: int | None = None) -> None:
    """Writes the model as a checkpoint that a study can start from (`start_from: {file: PATH}`), whole or not at all.

    `step` counts all updates of the run that these weights belong to, those made here included; default: model.step.
    A run that starts from the file shows data behind so many steps.
    """
    try:
        import xxhash  # noqa: F401
    except ImportError:
        raise Mistake("lore.torch.save needs the Python package xxhash (Debian: python3-xxhash)") from None
    partial = Path(f"{os.fspath(path)}.partial")
    try:
        with partial.open("wb") as file:
            file.write(image(model, model.step if step is None else step))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(os.fspath(path))
    finally:
        partial.unlink(missing_ok=True)
