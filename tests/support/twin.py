"""A twin of a run in numpy, from what the pages say and nothing else of LORE: draws, initial weights, learning rates.

Draws are made by the code that stands in doc/draws.md. Everything is in double; LORE computes in float.
"""

import contextlib
import functools
import io
import math
import os
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import xarray as xr

SOURCE = Path(__file__).resolve().parents[2]
MOMENTS = "first_moment_", "second_moment_"


def the_page():
    """The program in doc/draws.md, and what it prints. Lists are read from the source tree, once."""
    text = (SOURCE / "doc/draws.md").read_text()
    names, printed, here = {}, io.StringIO(), Path.cwd()
    os.chdir(SOURCE)
    with contextlib.redirect_stdout(printed):
        exec("\n".join(re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)), names)
    os.chdir(here)
    names["lines"] = functools.cache(lambda file: (SOURCE / f"data/{file}.txt").read_text().splitlines())
    names["individual"] = functools.cache(names["individual"])
    return SimpleNamespace(**names, printed=printed.getvalue(), text=text)


PAGE = the_page()


def text_of(tokens):
    return re.sub(r" ('s|\.|,|\?)", r"\1", " ".join(word for word, _, _ in tokens[1:]))


def vocabulary(questions=False):
    """All words, in the order of their tokens."""
    words = ["<begin>", *PAGE.lines("first_names"), *PAGE.lines("last_names")]
    for file in ("cities", "universities", "majors", "companies"):
        words += [word for line in PAGE.lines(file) for word in line.split()]
    dates = [PAGE.words_of_value(1, (year * 12 + month) * 31 + day)
             for year, month, day in [*((0, m, 0) for m in range(12)), *((0, 0, d) for d in range(31)),
                                      *((y, 0, 0) for y in range(200))]]
    words += [date[1] for date in dates[:12]] + [date[0] for date in dates[12:43]] + [date[2] for date in dates[43:]]
    for folder in ("templates", "questions") if questions else ("templates",):
        for attribute in PAGE.ATTRIBUTES:
            words += [word for line in PAGE.lines(f"{folder}/{attribute}") for word in line.split()
                      if word not in ("{name}", "{value}")]
    return list(dict.fromkeys(words))


def ids(weights, tokens):
    index = {str(word): i for i, word in enumerate(weights["word"].values)}
    return np.array([index[word] for word, _, _ in tokens])


def normals(seed, purpose, sequence, count):
    """The first normals of a stream of step 0: each takes one block."""
    name = sequence, 0, purpose << 16
    words = PAGE.philox((np.arange(count, dtype=np.uint64), *name), (seed & PAGE.MASK, seed >> 32))
    first, second = ((high << 32 | low) // 2**11 * 2.0**-53 for high, low in (words[:2], words[2:]))
    return np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * math.pi * second)


def deviation(name, weights):
    """Standard deviation of initial values: the table in doc/science.md."""
    scale = weights.scale
    if name.endswith(("attention_output", "recurrent_output", "mlp_down")):
        return scale / math.sqrt(2 * weights.attrs["model_layers"])
    if name.endswith("_gate"):
        return 1 / math.sqrt(weights[name].shape[1])
    return 0.05 if name.endswith("convolution") else scale


def is_matrix(weights, name):
    return weights[name].ndim == 2


def tensors(weights):
    """Names of the tensors, in the order of the file."""
    return [name for name in weights if name not in ("word", "file_checksum") and not name.startswith(MOMENTS)]


def initial(seed, number, name, weights):
    shape = weights[name].shape
    if name.endswith("lambda"):
        stream = PAGE.Stream(seed, 7, 0, number)
        a = np.array([0.9 + 0.099 * stream.uniform() for _ in range(shape[0])]) ** (1 / 8)
        return np.log(a / (1 - a))
    if is_matrix(weights, name):
        return deviation(name, weights) * normals(seed, 7, number, math.prod(shape)).reshape(shape)
    return np.zeros(shape) if name.endswith("bias") else np.ones(shape)


def rate(run, s):
    """Of update s = 0, 1, ...: doc/science.md, the schedule."""
    top, final, warm = run["train_learning_rate"], run["train_final_learning_rate"], int(run["train_warmup_steps"])
    if s < warm:
        return top * (s + 1) / warm
    if run["train_schedule"] == "constant":
        return top
    return final + (top - final) * (1 + math.cos(math.pi * (s - warm) / (int(run["train_steps"]) - 1 - warm))) / 2


class Run:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.metrics = xr.open_dataset(self.directory / "metrics.nc")
        self.values = {name: v.item() for name, v in self.metrics.variables.items() if v.ndim == 0}
        self.seed, self.first_step = int(self["seed"]), int(self.metrics.attrs.get("steps_before", 0))
        parts = "individuals", "held_out", "new", "throw_away", "injected"
        counts = [int(self.values.get("population_" + part, 0)) for part in parts]
        ends = np.cumsum([0, *counts])
        names = "known", "held_out", "new", "throw_away", "injected"
        self.range = {name: (int(first), count) for name, first, count in zip(names, ends, counts)}
        self.asks = bool(int(self.values.get("population_questions", 0)))
        self.asked = int(self["population_asked"]) if self.asks else 0
        self.range |= {"asked": (0, self.asked), "not_asked": (self.asked, counts[0] - self.asked)}

    def __getitem__(self, setting):
        value = self.values[setting]
        return value.decode() if isinstance(value, bytes) else value

    def weights(self, step):
        weights = xr.load_dataset(self.directory / f"checkpoints/weights_{step:08d}.nc")
        return weights.assign_attrs(scale=self.values.get("model_initial_scale"))

    def person(self, i):
        return PAGE.individual(self.seed, i, int(self["population_templates"]))

    def biography(self, stream, i, evaluation):
        person = self.person(i)
        fixed = self["population_sentence_order"] == "fixed"
        return PAGE.biography(stream, *person[:2], person[2 if evaluation else 3], fixed)

    def evaluation(self, group, sequence):
        stream, who = self.evaluated(group, sequence)
        return self.biography(stream, who, True)

    def evaluated(self, group, sequence):
        """The stream of an evaluation sequence, and its individual, the first draw."""
        first, count = self.range[group]
        stream = PAGE.Stream(self.seed, 6, first, sequence)
        return stream, first + stream.below(count)

    def distribution(self, t, position):
        """(kind, first, individuals, favoured, weight of these, exponent) of a step."""
        n, kind, exponent = int(self["population_individuals"]), self["distribution_kind"], self["distribution_alpha"]
        favoured, first = (int(self["distribution_celebrities"]), 0) if kind == "celebrities" else (0, 0)
        weight, steps, count = self["distribution_celebrity_weight"], int(self["train_steps"]), n
        if self["distribution_shards"]:
            entries = re.split(r"[\s,]+", self["distribution_shards"])
            shard, shards = position // int(self["train_shard"]), int(self["train_batch"]) // int(self["train_shard"])
            entry, _, number = entries[shard * len(entries) // shards].partition(":")
            return ("uniform", 0, int(number) if entry == "first" else n, 0, 1, 0)
        if kind == "replay":
            favoured, weight, count = n, self["distribution_replay_weight"], n + self.range["new"][1]
        if self["distribution_among"] == "asked":
            count = self.asked
        if self["distribution_among"] == "others":
            first, count = int(self["distribution_celebrities"]), n - int(self["distribution_celebrities"])
        length = int(self["curriculum_steps"]) or round(self["curriculum_epochs"] * n / self["train_batch"])
        begin, curriculum = int(self["curriculum_individuals"]), self["curriculum_kind"]
        if curriculum == "adaptive":
            length = self.widened_at
        if curriculum in ("warm_up", "adaptive") and t < length:
            count = begin
        if curriculum == "growth" and t < length:
            count = math.floor(begin * (n / begin) ** (t / length))
        if curriculum == "anneal":
            exponent += (self["curriculum_final_alpha"] - exponent) * min(t / length, 1)
        if curriculum == "sequential":
            groups = int(self["curriculum_groups"])
            group = t * groups * int(self["curriculum_repeats"]) // steps % groups
            first, count = n * group // groups, n * (group + 1) // groups - n * group // groups
        if curriculum == "throw_away" and t < length:
            kind, (first, count), favoured = "uniform", self.range["throw_away"], 0
        return kind, first, count, min(favoured, count), weight, exponent

    def drawn(self, t, position):
        """The individual of a training sequence."""
        if self.injects(t, position):
            return self.range["injected"][0] + position
        fresh, final = self.values.get("distribution_fresh", 0), self.values.get("distribution_final_fresh", -1)
        if final >= 0:
            fresh += (final - fresh) * t / (int(self["train_steps"]) - 1)
        if fresh and PAGE.Stream(self.seed, 8, self.first_step + t, position).uniform() < fresh:
            return 810000000 - 1 - ((self.first_step + t) * int(self["train_batch"]) + position)
        across, within = int(self["distribution_repeats_across_steps"]), int(self["distribution_repeats_in_batch"])
        stream = PAGE.Stream(self.seed, 4, self.first_step + t // across, position // within)
        kind, first, count, favoured, weight, exponent = self.distribution(t - t % across, position)
        if kind == "power_law":
            return first + PAGE.power_law(stream, count, exponent) - 1
        if kind == "uniform":
            return first + stream.below(count)
        others = count - favoured
        if stream.uniform() * (favoured * weight + others) < favoured * weight:
            return first + stream.below(favoured)
        return (self.range["new"][0] if kind == "replay" else first + favoured) + stream.below(others)

    def injects(self, t, position):
        return t in self.injections and position < self.range["injected"][1]

    @property
    def injections(self):
        return [int(step) for step in re.findall(r"\d+", str(self.values.get("distribution_inject", b"")))]

    def question(self, group, number):
        """A question of an evaluation."""
        return PAGE.evaluation_question(self.seed, *self.range[group], number, int(self["population_question_templates"]))

    def asks_in_training(self, t, position, i):
        """The question that a training sequence is, or None."""
        share = self["distribution_questions"] if self.asks else 0
        if not share or i >= self.asked:
            return None
        templates = int(self["population_question_templates"])
        return PAGE.training_question(self.seed, i, self.first_step + t, position, share, templates)

    def batch(self, t):
        """(individual, biography or question) of each sequence of step t."""
        drawn = [self.drawn(t, position) for position in range(int(self["train_batch"]))]
        again = self["distribution_inject_wording"] == "same"
        words = [self.injections[0] if again and self.injects(t, position) else t for position in range(len(drawn))]
        streams = [PAGE.Stream(self.seed, 5, self.first_step + step, position) for position, step in enumerate(words)]
        return [(i, self.asks_in_training(t, position, i) or self.biography(streams[position], i, False))
                for position, i in enumerate(drawn)]
