"""The forward pass of a LORE checkpoint, in numpy: the reference for doc/checkpoint.md.

`weights` is a checkpoint's dataset (lore.files.load); T is the number of tokens, x is (T, width) unless said otherwise,
and all sums are in double. Names of tensors are those of the file: "layer_1_attention" + "_qkv".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from lore.errors import Mistake
from lore.study import Floats


def tensor(weights: xr.Dataset, name: str) -> Floats:
    """A tensor in double, in the shape of the file."""
    return np.asarray(weights[name].values, float)


def norm(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """RMS or layer norm of the rows of x with the gain `name` and, where there is one, its bias."""
    if weights.attrs["model_norm"] == "layer":
        x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + weights.attrs["model_norm_epsilon"])
    return x * tensor(weights, name) + bias(weights, name)


def bias(weights: xr.Dataset, name: str) -> Floats:
    """(output), or 0 where the tensor `name` has no bias."""
    return tensor(weights, name + "_bias") if name + "_bias" in weights else np.zeros(())


def linear(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """x W + b: (T, input) -> (T, output)"""
    return x @ tensor(weights, name) + bias(weights, name)


def rotate(weights: xr.Dataset, x: Floats) -> Floats:
    """Turns elements i and i + h/2 of row t by t * base^(-2 i / h); x: (heads, T, h)."""
    half = x.shape[-1] // 2
    speed = weights.attrs["model_rotary_base"] ** (-np.arange(half) / half)
    angle = np.arange(x.shape[1])[:, None] * speed
    cos, sin, a, b = np.cos(angle), np.sin(angle), x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def heads(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """Queries, keys and values of all heads: (3, heads, T, h)."""
    count = int(weights.attrs["model_heads"])
    return linear(weights, x, name + "_qkv").reshape(len(x), 3, count, -1).transpose(1, 2, 0, 3)


def pattern(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """Causal attention (heads, T, T): each row is what one position gives to itself and those before it."""
    query, key, _ = heads(weights, x, name)
    if weights.attrs["model_positions"] == "rotary":
        query, key = rotate(weights, query), rotate(weights, key)
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    scores = np.where(np.tri(len(x), dtype=bool), scores, -np.inf)
    weight = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def attention(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """Attention of all heads, with the maps around it."""
    mixed = pattern(weights, x, name) @ heads(weights, x, name)[2]
    return linear(weights, mixed.transpose(1, 0, 2).reshape(x.shape), name + "_output")


def gelu(u: Floats) -> Floats:
    """Its approximation by tanh."""
    return np.asarray(0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))))


def logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def convolution(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """Depthwise and causal: row k of the weights is for the token k places back."""
    total = bias(weights, name) + np.zeros_like(x)
    for lag, weight in enumerate(tensor(weights, name)[: len(x)]):
        total[lag:] += weight * x[: len(x) - lag]
    return total


def gate(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """A block-diagonal map; its blocks lie one below the other."""
    blocks = tensor(weights, name)
    size = blocks.shape[1]
    inputs = x.reshape(len(x), -1, size)
    logits = np.einsum("tbi,bio->tbo", inputs, blocks.reshape(-1, size, size))
    return logistic(logits.reshape(x.shape) + bias(weights, name))


def recurrent(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    """Hawk's recurrent block with an RG-LRU (De et al. 2024)."""
    gating, x = np.split(linear(weights, x, name + "_branches"), 2, axis=-1)
    x = convolution(weights, x, name + "_convolution")
    rate = 8 * np.log(logistic(tensor(weights, name + "_lambda")))
    a = np.exp(rate * gate(weights, x, name + "_recurrence_gate"))
    fed = np.sqrt(1 - a**2) * gate(weights, x, name + "_input_gate") * x
    states, state = np.empty_like(x), 0
    for t in range(len(x)):
        states[t] = state = a[t] * state + fed[t]
    return linear(weights, gelu(gating) * states, name + "_output")


def mlp(weights: xr.Dataset, x: Floats, name: str) -> Floats:
    u = linear(weights, x, name + "_up")
    u = np.maximum(u, 0) if weights.attrs["model_activation"] == "relu" else gelu(u)
    return linear(weights, u, name + "_down")


def streams(weights: xr.Dataset, tokens: npt.ArrayLike) -> Floats:
    """The residual stream (levels, T, width) after the embedding and each layer, in double."""
    x = tensor(weights, "embedding")[np.asarray(tokens)]
    if "position_embedding" in weights:
        x = x + tensor(weights, "position_embedding")[: len(x)]
    levels = [x]
    for layer in range(1, int(weights.attrs["model_layers"]) + 1):
        if weights.attrs["model_mixer"] == "rg_lru":
            name, mixer = f"layer_{layer}_recurrent", recurrent
        else:
            name, mixer = f"layer_{layer}_attention", attention
        x = x + mixer(weights, norm(weights, x, name + "_norm"), name)
        name = f"layer_{layer}_mlp"
        x = x + mlp(weights, norm(weights, x, name + "_norm"), name)
        levels.append(x)
    return np.array(levels)


def patterns(weights: xr.Dataset, tokens: npt.ArrayLike) -> Floats:
    """Attention of every layer (layers, heads, T, T) on `tokens`."""
    names = (f"layer_{layer}_attention" for layer in range(1, int(weights.attrs["model_layers"]) + 1))
    return np.array([pattern(weights, norm(weights, x, name + "_norm"), name)
                     for x, name in zip(streams(weights, tokens), names)])


def logits(weights: xr.Dataset, tokens: npt.ArrayLike) -> Floats:
    """Logits (T, vocabulary) after each of `tokens` (T ids, the begin token 0 first), in double."""
    return read_out(weights, streams(weights, tokens)[-1])


def read_out(weights: xr.Dataset, stream: Floats) -> Floats:
    """What the model's norm and head make of rows of the stream (T, width): logits (T, vocabulary)."""
    head = tensor(weights, "head" if "head" in weights else "embedding")
    return norm(weights, stream, "final_norm") @ head.T + bias(weights, "head")


def encode(words: Sequence[str], text: str) -> list[int]:
    """Token ids of `text`, the begin token first; "'s", full stops, commas and question marks are words."""
    index, tokens = {word: i for i, word in enumerate(words)}, [0]
    for word in text.split():
        parts = re.sub(r"('s|[.,?])", r" \1", word).split()
        for part in [word] if word in index else parts:
            if part not in index:
                near = ", ".join(difflib.get_close_matches(part, words)) or "nothing"
                raise Mistake(f"{part!r} is not in the vocabulary; near it: {near}")
            tokens.append(index[part])
    return tokens


def words_of(weights: xr.Dataset) -> list[str]:
    """The vocabulary, in the order of token ids."""
    return [str(word) for word in weights["word"].values]


def likeliest(weights: xr.Dataset, text: str, count: int = 10) -> list[tuple[float, str]]:
    """(probability, word) of the likeliest next words after `text`."""
    words = words_of(weights)
    last = logits(weights, encode(words, text))[-1]
    probability = np.exp(last - last.max()) / np.exp(last - last.max()).sum()
    return [(float(probability[token]), words[token]) for token in np.argsort(-probability)[:count]]
