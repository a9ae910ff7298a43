#!/usr/bin/env python3
"""The forward pass of a LORE checkpoint, in numpy (doc/checkpoint.md).

    python3 analysis/forward.py CHECKPOINT "words ..."    the likeliest next words
"""
import difflib
import sys

import numpy as np
import xarray as xr


def norm(weights, x, name):
    """RMS or layer norm of the rows of x with the gain `name` and, where there is one, its bias."""
    if weights.attrs["model_norm"] == "layer":
        x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + weights.attrs["model_norm_epsilon"])
    return x * weights[name].values + bias(weights, name)


def bias(weights, name):
    return weights[name + "_bias"].values if name + "_bias" in weights else 0


def linear(weights, x, name):
    return x @ weights[name].values.astype(float) + bias(weights, name)


def rotate(weights, x):
    """Turns elements i and i + h/2 of row t by t * base^(-2 i / h); x: (heads, T, h)."""
    half = x.shape[-1] // 2
    speed = weights.attrs["model_rotary_base"] ** (-np.arange(half) / half)
    angle = np.arange(x.shape[1])[:, None] * speed
    cos, sin, a, b = np.cos(angle), np.sin(angle), x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def attention(weights, x, name):
    length, width = x.shape
    heads = int(weights.attrs["model_heads"])
    qkv = linear(weights, x, name + "_qkv").reshape(length, 3, heads, width // heads)
    query, key, value = qkv.transpose(1, 2, 0, 3)
    if weights.attrs["model_positions"] == "rotary":
        query, key = rotate(weights, query), rotate(weights, key)
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(width // heads)
    scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
    pattern = np.exp(scores - scores.max(axis=-1, keepdims=True))
    pattern /= pattern.sum(axis=-1, keepdims=True)
    joined = (pattern @ value).transpose(1, 0, 2).reshape(length, width)
    return linear(weights, joined, name + "_output")


def gelu(u):
    return 0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3)))


def logistic(x):
    return 1 / (1 + np.exp(-x))


def convolution(weights, x, name):
    """Depthwise and causal: row k of the weights is for the token k places back."""
    total = bias(weights, name) + np.zeros_like(x)
    for lag, weight in enumerate(weights[name].values[: len(x)]):
        total[lag:] += weight * x[: len(x) - lag]
    return total


def gate(weights, x, name):
    """A block-diagonal map; its blocks lie one below the other."""
    blocks = weights[name].values.astype(float)
    size = blocks.shape[1]
    inputs = x.reshape(len(x), -1, size)
    logits = np.einsum("tbi,bio->tbo", inputs, blocks.reshape(-1, size, size))
    return logistic(logits.reshape(x.shape) + bias(weights, name))


def recurrent(weights, x, name):
    """Hawk's recurrent block with an RG-LRU (De et al. 2024)."""
    gating, x = np.split(linear(weights, x, name + "_branches"), 2, axis=-1)
    x = convolution(weights, x, name + "_convolution")
    rate = 8 * np.log(logistic(weights[name + "_lambda"].values.astype(float)))
    a = np.exp(rate * gate(weights, x, name + "_recurrence_gate"))
    fed = np.sqrt(1 - a**2) * gate(weights, x, name + "_input_gate") * x
    states, state = np.empty_like(x), 0
    for t in range(len(x)):
        states[t] = state = a[t] * state + fed[t]
    return linear(weights, gelu(gating) * states, name + "_output")


def mlp(weights, x, name):
    u = linear(weights, x, name + "_up")
    u = np.maximum(u, 0) if weights.attrs["model_activation"] == "relu" else gelu(u)
    return linear(weights, u, name + "_down")


def streams(weights, tokens):
    """The residual stream (levels, T, width) after the embedding and each layer, in double."""
    x = weights["embedding"].values[tokens].astype(float)
    if "position_embedding" in weights:
        x = x + weights["position_embedding"].values[: len(tokens)]
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


def logits(weights, tokens):
    """Logits (T, vocabulary) after each of `tokens` (T ids, the begin token 0 first), in double."""
    head = weights["head" if "head" in weights else "embedding"].values.astype(float)
    return norm(weights, streams(weights, tokens)[-1], "final_norm") @ head.T + bias(weights, "head")


def encode(words, text):
    """Token ids of `text`, the begin token first; "'s", full stops and commas are words."""
    index, tokens = {word: i for i, word in enumerate(words)}, [0]
    for word in text.split():
        parts = word.replace("'s", " 's").replace(".", " .").replace(",", " ,").split()
        for part in [word] if word in index else parts:
            if part not in index:
                near = ", ".join(difflib.get_close_matches(part, words)) or "nothing"
                sys.exit(f"{part!r} is not in the vocabulary; near it: {near}")
            tokens.append(index[part])
    return tokens


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    weights = xr.load_dataset(sys.argv[1])
    words = [str(word) for word in weights["word"].values]
    last = logits(weights, encode(words, sys.argv[2]))[-1]
    probability = np.exp(last - last.max()) / np.exp(last - last.max()).sum()
    for token in np.argsort(-probability)[:10]:
        print(f"{probability[token]:.4f}  {words[token]}")


if __name__ == "__main__":
    main()
