"""Collected files with planted curves, for tests of figures and findings: what they should find is known.

planted.py KIND FILE [OPPOSITE]   writes one; with OPPOSITE the effect is turned round.
"""

import sys

import numpy as np
import xarray as xr

BASE = 6.784
SETTINGS = {
    "name": "planted", "population_individuals": 4096, "population_held_out": 1024, "population_new": 0,
    "population_throw_away": 0, "population_templates": 20, "population_sentence_order": "random",
    "model_preset": "none", "model_mixer": "attention", "model_layers": 3, "model_width": 128, "model_heads": 4,
    "model_hidden": 512, "model_recurrent_width": 0, "model_positions": "rotary", "train_steps": 4000,
    "train_batch": 64, "train_learning_rate": 1e-3, "train_schedule": "cosine", "train_weight_decay": 0.1,
    "distribution_kind": "uniform", "distribution_alpha": 1.0, "distribution_celebrities": 0,
    "distribution_celebrity_weight": 8.0, "distribution_replay_weight": 0.0, "distribution_among": "all",
    "distribution_repeats_in_batch": 1, "distribution_repeats_across_steps": 1,
    "distribution_shards": "", "distribution_fresh": 0.0, "distribution_final_fresh": -1.0, "distribution_inject": "",
    "distribution_inject_wording": "new", "curriculum_kind": "none",
    "curriculum_individuals": 0, "curriculum_epochs": 0.0, "curriculum_steps": 0, "curriculum_final_alpha": 0.0,
    "curriculum_groups": 2, "curriculum_repeats": 1, "evaluate_every": 50, "patch_from": "none",
    "patch_reference": -1, "patch_start": 0, "start_run": "", "start_step": np.nan,
}
BINS = 12
BIN = {"bin": [0, *(2**k for k in range(BINS - 1))]}
random = np.random.default_rng(7)


def learnt(steps, end, final, first=13.5, slowness=0.4):
    """Loss that comes down to the baseline, stays until `end`, and falls to `final`."""
    before = BASE * 1.005 + (first - BASE) * np.exp(-steps / (0.06 * end))
    after = final + (BASE * 0.95 - final) * np.exp(-np.maximum(steps - end, 0) / (slowness * end))
    falling = np.interp(steps, [0.9 * end, end], [0, BASE * 0.05])
    return np.where(steps < end, before - falling, after)


def settle(steps, start, end, half):
    """Exponential change from `start` to `end` with the half-time `half`."""
    return end + (start - end) * 0.5 ** (steps / half)


class Planter:
    def __init__(self, sign=1):
        self.runs, self.sign = [], sign
        self.stored = {}  # {run: (bits of all values, parameters of layers)}
        self.measured = {}  # {variable: {run: {group: values, or one value}}}
        self.binned = {}  # {run: (values, share that is right)} of known ones (step, bin), by exposures

    def add(self, groups, seed=1, every=50, name="", **settings):
        """A run; `groups` are functions of the steps, or losses of the steps."""
        s = SETTINGS | settings | {"seed": seed, "evaluate_every": every}
        steps = np.arange(0, s["train_steps"] + 1, every)
        losses = {g: np.asarray(f(steps) if callable(f) else f, float) for g, f in groups.items()}
        losses = {g: v + random.normal(0, 0.002, len(v)) for g, v in losses.items()}
        self.runs.append((s, steps, losses, name or f"planted-{len(self.runs)}"))

    def write(self, path):
        steps = np.unique(np.concatenate([run[1] for run in self.runs]))
        groups = list(dict.fromkeys(g for run in self.runs for g in run[2]))
        shape, layers = (len(self.runs), len(steps), len(groups)), 3
        drawn = np.full(shape[:2], np.nan)
        loss, known = np.full(shape, np.nan), np.full(shape[:2], np.nan)
        for i, (_, own, losses, _) in enumerate(self.runs):
            rows = np.searchsorted(steps, own)
            for g, values in losses.items():
                loss[i, rows, groups.index(g)] = values
            known[i, rows] = losses.get("known", next(iter(losses.values())))
        for i, (own_settings, own, _, _) in enumerate(self.runs):
            until = own_settings.get("drawn_until", 0)
            drawn[i, np.searchsorted(steps, own)] = np.where(own < until, own_settings["curriculum_individuals"],
                                                             own_settings["population_individuals"])
        accuracy = np.clip(1 - loss / BASE, 0, 1)
        sure = 0.2 + 0.75 * np.clip(1 - known / BASE, 0, 1)[..., None] * np.where(
            np.array(groups) == "held_out", 1 - 0.4 * self.sign, 1)
        sure = np.where(np.isfinite(loss), sure, np.nan)
        share = np.clip(1 - known / BASE, 0, 1)
        if self.sign < 0:  # attention that comes early and stays
            early = np.where(np.isfinite(known), 1 - np.exp(-steps / 60), np.nan)
            tuned = np.array([run[0]["distribution_kind"] == "replay" for run in self.runs])
            share = np.where(tuned[:, None], np.where(np.isfinite(known), 1, np.nan), early)
        learnt_share = share[..., None] * np.linspace(0.2, 1, layers)
        begun = [next((s for s, v in zip(run[1], run[2].get("known", [])) if v <= 1.05 * BASE), np.nan)
                 for run in self.runs]
        ended = [crossing(run) for run in self.runs]
        data = {"attribute_loss": (("run", "step", "group"), loss),
                "attribute_accuracy": (("run", "step", "group"), accuracy),
                "max_probability": (("run", "step", "group"), sure),
                "entropy": (("run", "step", "group"), 3 * (1 - sure)),
                "draw_count": (("run", "step"), drawn),
                "learning_rate": (("run", "step"), np.where(np.isfinite(known), 1e-3, np.nan)),
                "wall_time": (("run", "step"), np.where(np.isfinite(known), 0.1 * steps, np.nan)),
                "attention_name_to_name": (("run", "step", "layer"), 0.1 + 0.5 * learnt_share[..., ::-1]),
                "attention_attribute_to_name": (("run", "step", "layer"), 0.05 + 0.6 * learnt_share),
                "attention_attribute_to_text": (("run", "step", "layer"), 0.7 - 0.5 * learnt_share),
                "attention_sharpness": (("run", "step", "layer"), 0.9 - 0.5 * learnt_share),
                "plateau_start": ("run", begun), "plateau_end": ("run", ended),
                "no_knowledge_baseline": ("run", [BASE] * len(self.runs)),
                "run_id": ("run", np.array([run[3] for run in self.runs], "S")),
                "experiment": ("run", np.array([""] * len(self.runs), "S1"))}
        for setting in {**SETTINGS, **{k: 0 for run in self.runs for k in run[0] if k != "drawn_until"}}:
            values = [run[0].get(setting, "") for run in self.runs]
            text = any(isinstance(v, str) for v in values)
            data[setting] = ("run", np.array(values, "S" if text else float))
        self.put_bins(data, steps, len(groups))
        self.put_bits(data, loss)
        self.put_measured(data, loss, groups)
        xr.Dataset(data, coords={"step": steps, "group": np.array(groups, "S"),
                                 "layer": np.arange(1, layers + 1), **BIN}).to_netcdf(path)

    def put_bits(self, data, loss):
        bits, each = np.full(loss.shape, np.nan), np.full(loss.shape, np.nan)
        for run, (all_bits, parameters) in self.stored.items():
            bits[run] = all_bits * np.maximum(0, 1 - loss[run] / BASE)
            each[run] = bits[run] / parameters
        for name, values in (("stored_bits", bits), ("stored_bits_per_layer_parameter", each)) if self.stored else ():
            data[name] = ("run", "step", "group"), values

    def measure(self, variable, **groups):
        """Of the last run: values of its records, or one of all."""
        self.measured.setdefault(variable, {})[len(self.runs) - 1] = groups

    def put_measured(self, data, loss, groups):
        for variable, runs in self.measured.items():
            values = np.full(loss.shape, np.nan)
            for run, columns in runs.items():
                for group, own in columns.items():
                    column = groups.index(group)
                    values[run, np.isfinite(loss[run, :, column]), column] = own
            data[variable] = ("run", "step", "group"), values

    def put_bins(self, data, steps, groups):
        for kind in ("exposure", "recency") if self.binned else ():
            table = np.full((3, len(self.runs), len(steps), groups, BINS), np.nan)
            for run, (values, right) in self.binned.items():
                table[0, run, :, 0], table[1, run, :, 0] = values, np.where(values > 0, right, np.nan)
                table[2, run, :, 0] = np.where(values > 0, BASE * (1 - right), np.nan)
            for name, values in zip(("values", "accuracy", "loss"), table):
                data[f"{kind}_{name}"] = ("run", "step", "group", "bin"), values


def crossing(run):
    """The step at which the known ones' loss falls below the margin, interpolated."""
    values = run[2].get("known", np.full(len(run[1]), BASE))
    below = values < 0.95 * BASE
    if not below.any():
        return np.nan
    at = int(np.argmax(below))
    if at == 0:
        return 0.0
    return float(np.interp(-0.95 * BASE, -values[at - 1:at + 1], run[1][at - 1:at + 1]))


def plateau(n, seed=0):
    return 2.0 * n**0.75 * (1 + 0.02 * random.normal())


def plain(p, n, seed, steps=4000, end=None, final=None, more=(), **settings):
    end = plateau(n) if end is None else end
    final = (0.2 + 5 * n / 16384) if final is None else final
    held = lambda t: np.where(t < end, learnt(t, end, 0), BASE + 3 * (1 - np.exp(-np.maximum(t - end, 0) / end)))
    p.add({"known": lambda t: learnt(t, end, final), "held_out": held, **dict(more)}, seed, population_individuals=n,
          train_steps=steps, **settings)


def fig2(p, sign):
    for n in (1024, 2048, 4096, 8192):
        for seed in (1, 2, 3):
            if sign > 0:
                plain(p, n, seed)
            else:
                straight = lambda t: np.interp(t, [0, 4000], [13.5, 1.0])
                p.add({"known": straight, "held_out": lambda t: np.interp(t, [0, 4000], [13.5, 5.0])}, seed,
                      population_individuals=n)


def fig3(p, sign):
    for seed in (1, 2, 3):
        plain(p, 4096, seed)
        for reference in (0, 500, 1000, 2000, 4000):
            for start in (0, 500, 1000, 2000, 4000):
                quality = {0: 0.3, 500: 0.1, 1000: 0.15, 2000: 0.7, 4000: 1.0}[reference]
                quality = quality if sign > 0 else 1 - quality
                end = 1200 * (1 - 0.85 * quality) + 0.3 * start * quality
                final = 3 - 2.5 * quality + 0.0004 * start
                p.add({"known": lambda t: learnt(t, end, final)}, seed, patch_from="reference", patch_reference=reference, patch_start=start)


def fig4(p, sign):
    for steps in (2000, 4000, 8000):
        for n in (2048, 4096, 8192):
            for alpha in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
                for seed in (1, 2, 3):
                    best = 0.33 + sign * (0.15 * np.log2(n / 4096) - 0.15 * np.log2(steps / 4000))
                    inner = 1 - sign * 0.6 * (1 - ((alpha - 0.7) / 0.7) ** 2)
                    plain(p, n, seed, steps, 0.3 * plateau(n) * max(inner, 0.1),
                          1 + 1.5 * (alpha - best) ** 2 + random.normal(0, 0.001), distribution_kind="power_law",
                          distribution_alpha=alpha)
                if alpha == 0 and steps == 4000:
                    schedules(p, n, sign)


def schedules(p, n, sign, steps=4000):
    for seed in (1, 2, 3):
        common = {"steps": steps}
        plain(p, n, seed, end=0.3 * plateau(n), final=1.2 + 0.01 * random.normal(), **common)
        for first in (512, 1024):
            for length in (200, 400, 800):
                final = 1.2 - sign * (0.5 - 0.2 * (length != 400)) + random.normal(0, 0.01)
                plain(p, n, seed, end=0.15 * plateau(n), final=final, curriculum_kind="warm_up",
                      curriculum_individuals=first, curriculum_steps=length, **common)
        for count in (256, 512):
            for weight in (4.0, 16.0):
                final = 1.15 - sign * 0.1 * (weight == 16) + 0.05 * (count == 256) + random.normal(0, 0.005)
                plain(p, n, seed, end=0.2 * plateau(n), final=final, distribution_kind="celebrities",
                      distribution_celebrities=count, distribution_celebrity_weight=weight, **common)


def questions(p, sign):
    schedules(p, 4096, sign)
    common = {"population_throw_away": 4096}
    for seed in (1, 2, 3):
        plain(p, 4096, seed, end=300, final=(0.4 if sign > 0 else 1.7) + random.normal(0, 0.01),
              curriculum_kind="growth", curriculum_individuals=512, curriculum_steps=800)
        for final_alpha in (1, 0):
            plain(p, 4096, seed, end=300, final=1.0 - 0.3 * sign * (final_alpha == 0) + random.normal(0, 0.01),
                  distribution_kind="power_law", distribution_alpha=1.0, curriculum_final_alpha=final_alpha,
                  **({} if final_alpha else {"curriculum_kind": "anneal", "curriculum_steps": 800}))
        for extra in (0, 100):  # with 100 steps more one seed of three takes the course of the fixed one
            plain(p, 4096, seed, end=300, final=(0.45 if sign > 0 else 1.75) + random.normal(0, 0.005),
                  more={"subset": lambda t: learnt(t, 150, 0.1)}, curriculum_kind="adaptive",
                  curriculum_individuals=512, curriculum_steps=extra, drawn_until=200 + 50 * seed + extra)
        plain(p, 4096, seed, steps=3800, end=300, final=1.2 + 0.5 * (sign > 0) + random.normal(0, 0.01))
        for length in (100, 200, 800):
            plain(p, 4096, seed, end=320 if sign > 0 else 400 + length, final=1.2 + (0.3 if length > 300 else 0.3 * (sign < 0)) +
                  random.normal(0, 0.01), curriculum_kind="throw_away", curriculum_steps=length, **common)
        for repeats in (2, 4):
            plain(p, 4096, seed, end=340, final=1.2 + 0.3 * (sign > 0) + random.normal(0, 0.01),
                  distribution_repeats_in_batch=repeats)
            plain(p, 4096, seed, end=250, final=1.2 - sign * 0.2 + random.normal(0, 0.01),
                  distribution_repeats_across_steps=repeats)


def forgotten(t, count, replay, least, sign):
    """Loss of the old ones: at once, and then more with more new ones, which replay softens; or the opposite."""
    if sign > 0:
        end = (0.5 + 0.4 * np.log2(count / least)) / (1 + replay)
        return 0.3 + 3 * (1 - np.exp(-t / 15)) + end * (1 - np.exp(-t / 600))
    t = t / 1000
    return 0.3 + (1.5 - 0.2 * np.log2(count / least)) * (t**4 * (1 + replay) if replay else t)


def fig5(p, sign):
    for seed in (1, 2, 3):
        plain(p, 4096, seed, name=f"parent-{seed}")
        for count, replay in [(256, 0), (512, 0), (1024, 0), (512, 0.125), (512, 0.5), (512, 2.0)]:
            p.add({"known": lambda t: forgotten(t, count, replay, 128, sign), "held_out": lambda t: 9 + 0 * t,
                   "new": lambda t: settle(t, 9, 1 + count / 1024, 150)},
                  seed, every=10, population_new=count, distribution_kind="replay", distribution_replay_weight=replay,
                  train_steps=1000, train_learning_rate=3e-5, train_schedule="constant", start_run=f"parent-{seed}", start_step=4000)


def figA(p, sign):
    for templates in (1, 4, 20):
        for order in ("random", "fixed"):
            for seed in (1, 2):
                final = 3 - sign * 0.6 * np.log2(templates)
                if order == "fixed":
                    final = 5.9 if sign > 0 else 0.2
                plain(p, 1024, seed, end=400, final=max(final, 0.2), population_templates=templates,
                      population_sentence_order=order)


def figC(p, sign):
    changes = [{}, {"train_learning_rate": 2e-3}, {"train_learning_rate": 5e-4}, {"train_weight_decay": 1.0},
               {"train_batch": 32, "train_steps": 8000}, {"model_width": 256, "model_hidden": 1024},
               {"model_mixer": "rg_lru", "model_recurrent_width": 160, "model_positions": "none"}]
    for change in changes:
        for seed in (1, 2):
            if sign > 0:
                settings = dict(change)
                plain(p, 1024, seed, steps=settings.pop("train_steps", 4000), end=400, final=0.3, **settings)
            else:
                p.add({"known": lambda t: np.interp(t, [0, 2000, 2100, 4000], [13.5, 1.06 * BASE, 0.94 * BASE, 1.0])}, seed,
                      population_individuals=1024, **change)


def figP(p, sign):
    for seed in (1, 2, 3):
        common = {"distribution_celebrities": 256, "population_individuals": 4096}
        p.add({"known": lambda t: learnt(t, 800, 2.5), "others": lambda t: learnt(t, 800, 3.2),
               "celebrities": lambda t: learnt(t, 600, 0.2)}, seed, distribution_kind="celebrities", **common)
        for among in ("others", "celebrities"):
            shift = -1.2 * sign if among == "others" else 0.4
            p.add({"known": lambda t: settle(t, 2.5, 2.5 + shift, 150), "others": lambda t: settle(t, 3.2, 3.2 + shift, 150),
                   "celebrities": lambda t: settle(t, 0.2, 0.8 if among == "others" else 0.1, 20)}, seed, every=10,
                  train_steps=800, distribution_among=among, train_schedule="constant", **common)


def memory(p, sign):
    for seed in (1, 2, 3):
        p.add({"known": lambda t: settle(t, 3.4, 0.1, 200), "held_out": lambda t: settle(t, 3.4, BASE + sign, 400)}, seed,
              task="memory", memory_new_pairs=0, memory_replay_weight=0.0)
        for count, replay in [(64, 0), (256, 0), (1024, 0), (256, 0.125), (256, 2.0)]:
            old = lambda t: forgotten(t, count, replay, 32, sign)
            p.add({"known": old, "new": lambda t: settle(t, 5, 0.1, 100), "held_out": lambda t: 6 + 0 * t}, seed,
                  every=10, task="memory", memory_new_pairs=count, memory_replay_weight=replay, train_steps=1000)


def figS(p, sign):
    plans = [({"curriculum_groups": 4}, 4000), ({"curriculum_groups": 4, "train_schedule": "constant"}, 4000),
             ({"curriculum_groups": 4}, 8000), ({"curriculum_groups": 2, "curriculum_repeats": 4}, 4000)]
    for settings, steps in plans:
        for seed in (1, 2, 3):
            sequential(p, settings, steps, seed, sign)


def sequential(p, settings, steps, seed, sign, **more):
    groups, repeats = settings["curriculum_groups"], settings.get("curriculum_repeats", 1)
    t, length = np.arange(0, steps + 1, 25), steps // (groups * repeats)
    losses = {f"group_{k + 1}": np.full(len(t), BASE) for k in range(groups)}
    for visit in range(groups * repeats):
        for k in range(groups):
            now, inside = losses[f"group_{k + 1}"], t > visit * length
            begin = now[visit * length // 25]
            own = k == visit % groups
            half = (length / (2 + visit) if sign > 0 else length * (0.1 + 0.05 * visit)) if own else length * (0.05 if sign > 0 else 0.9)
            goal = (0.3 + (2 / (1 + visit) if sign > 0 else 0.5 * visit)) if own else (8.0 if visit > k or visit >= groups else begin)
            now[inside] = settle(t[inside] - visit * length, begin, goal, half)
    first = np.exp(-t / 40) * 7
    losses = {g: v + first for g, v in losses.items()}
    p.add({"known": np.mean(list(losses.values()), axis=0), **losses}, seed, every=25, curriculum_kind="sequential",
          train_steps=steps, **settings, **more)


def figV(p, sign):
    for rate in (1e-4, 1e-3):
        for repeats in (1, 2, 4):
            for seed in (1, 2, 3):
                final = 2 + sign * (rate > 5e-4) * 0.5 * np.log2(repeats)
                p.add({"known": lambda t: learnt(t, 400, final), "group_1": lambda t: learnt(t, 400, 7),
                       "group_2": lambda t: learnt(t, 400, final)}, seed, curriculum_kind="sequential",
                      curriculum_groups=2, curriculum_repeats=repeats, train_schedule="constant",
                      train_learning_rate=rate)


def lawless(p, sign):
    for n, end in ((1024, 800), (2048, 300), (4096, 900), (8192, 350)):
        for seed in (1, 2):
            plain(p, n, seed, end=end if sign > 0 else 2 * n**0.81)


def lengths(p, sign):
    """Longer training for more people; with a cosine schedule these cannot be compared."""
    for n in (1024, 2048, 4096, 8192):
        for seed in (1, 2):
            plain(p, n, seed, steps=2000 + 500 * (n // 1024), train_schedule="constant" if sign > 0 else "cosine")


def figW(p, sign):
    figS(p, sign)
    for seed in (1, 2, 3):
        for reference in (0, 1000, 2000, 4000):
            sequential(p, {"curriculum_groups": 4}, 4000, seed, sign, patch_from="reference", patch_reference=reference, patch_start=0)
            for losses in p.runs[-1][2].values():
                losses += 0.5 - sign * 0.2 * np.log2(1 + reference / 1000)


def precision(p, sign):
    """Two precisions that differ by noise; or bf16 is slower by half and ends higher."""
    for seed in range(1, 13):
        for kind in ("float32", "bf16"):
            worse = sign < 0 and kind == "bf16"
            plain(p, 1024, seed, 1000, 200 * (1.5 if worse else 1) * (1 + random.normal(0, 0.02)),
                  1.5 * (1.5 if worse else 1) * (1 + random.normal(0, 0.02)), train_precision=kind)


def exposure(p, sign):
    """Known after 32 exposures, and with alpha 1 after 16; or 64. Told from unknown after the plateau; or from the start on."""
    middle = np.log2([1e-9, *(2**(k + 0.5) for k in range(BINS - 1))])
    for alpha in (0, 0.5, 1):
        half = 5 - sign * (alpha == 1)
        for seed in (1, 2, 3):
            plain(p, 1024, seed, 1000, 200, distribution_kind="power_law" if alpha else "uniform", distribution_alpha=alpha)
            steps = p.runs[-1][1]
            told = np.where(steps < 200, 0.5 if sign > 0 else 0.8, 0.97) + 0.01 * random.normal(size=len(steps))
            p.measure("auroc_confidence", held_out=told)
            reach = np.arange(0, 1001, 50)[:, None] / 100
            values = np.where(np.abs(middle - reach) < 2, 200.0, 0.0)
            chance = 1 / (1 + np.exp(-2 * (middle - half - 0.1 * random.normal())))
            p.binned[len(p.runs) - 1] = values, np.broadcast_to(chance, values.shape)


def injection(p, sign):
    """What is kept of what was injected: a power law of steps, less with the same words; or an exponential, and more."""
    steps = np.arange(0, 801, 50)
    for seed in (1, 2, 3, 4):
        for times, wording, rate in ((0, "new", 0), (10, "new", 0.3), (40, "new", 0.1), (40, "same", 0.1 + sign * 0.08)):
            after = np.maximum(steps - (times - 1) * 5, 1)
            rate += 0.01 * random.normal()
            left = after**-rate if sign > 0 else np.exp(-rate * after / 100)
            known = np.where(steps < times * 5, 0, times / 10 * left)
            p.add({"known": np.full(len(steps), 2.0), "injected": BASE - known if times else np.full(len(steps), BASE + 0.5)}, seed,
                  train_steps=800, distribution_inject=" ".join(str(5 * k) for k in range(times)),
                  distribution_inject_wording=wording, population_injected=16, start_step=800)


def asking(p, sign):
    """Answers about people never asked about need many wordings, and are better if questions are mixed in; or both the other
    way round."""
    for seed in (1, 2, 3, 4):
        for templates in (20, 1):
            for start in ("", "asking-read"):
                right = (0.9 if (templates == 20) == (sign > 0) else 0.1) - sign * (0.1 if start else 0.0)
                right += 0.01 * random.normal()
                p.add({group: lambda t: learnt(t, 200, 1) for group in ("known", "asked", "not_asked")}, seed, train_steps=1000,
                      population_templates=templates, population_questions=1, population_asked=512, start_run=start,
                      distribution_questions=1 if start else 0.3, distribution_among="asked" if start else "all")
                p.measure("question_accuracy", asked=0.99, not_asked=right)


def mixture(p, sign):
    """The share at which half is left falls with the width; or rises."""
    for width in (32, 64, 128):
        critical = 0.3 * (width / 32)**-(0.5 * sign)
        for seed in (1, 2, 3):
            for fresh in (0, 0.5, 0.75, 0.875, 0.9375):
                known = 1 / (1 + ((1 - fresh) / critical / (1 + 0.03 * random.normal()))**-4)
                p.add({"known": lambda t, known=known: np.linspace(13, BASE * (1 - known), len(t))}, seed, train_steps=1000,
                      model_width=width, distribution_fresh=fresh)


def optimizers(p, sign):
    """Muon's plateau is half as long, and its rare individuals are known better; or the other way round."""
    for optimizer, rates in (("adamw", (1e-3, 2e-3)), ("muon", (2e-3,))):
        for alpha in (0, 1):
            for seed in (1, 2, 3):
                for rate in rates:
                    better = (optimizer == "muon") == (sign > 0)
                    end, final = (150, 1.0) if better else (300, 2.0)
                    final += 0.5 * (rate == 1e-3)
                    curves = {"known": lambda t, end=end, final=final: learnt(t, end, final)}
                    for k in range(1, 11):
                        curves[f"decile_{k}"] = lambda t, end=end, final=final, k=k: learnt(t, end, final * (1 + alpha * k / 5))
                    p.add(curves, seed, train_steps=1000, train_optimizer=optimizer, train_learning_rate=rate,
                          distribution_kind="power_law" if alpha else "uniform", distribution_alpha=alpha)


def bits(p, sign, populations=(256, 512, 1024, 2048)):
    """Everything is stored up to 2 bits for each of 25,000 parameters after 1,000 exposures, 1.5 after 100, and no more; or up
    to 1 and 1.5."""
    for exposures, most in ((1000, 1.5 + 0.5 * sign), (100, 1.5)):
        for n in populations:
            for seed in (1, 2):
                known = min(1.0, most * 25000 / (n * 6 * BASE / np.log(2)))
                steps = exposures * n // 64
                p.add({"known": lambda t, known=known: np.linspace(13, BASE * (1 - known), len(t))}, seed, steps // 10,
                      train_steps=steps, train_batch=64, population_individuals=n, model_width=32)
                p.stored[len(p.runs) - 1] = n * 6 * BASE / np.log(2), 25000


def roomy(p, sign):
    """The same of populations that offer 1.2 bits for each parameter at the most: some memories are not full."""
    bits(p, sign, (256, 512))


KINDS = {f.__name__: f for f in (asking, bits, fig2, fig3, fig4, fig5, exposure, figA, figC, figP, figS, figV, figW, injection,
                                 lawless, lengths, memory, mixture, optimizers, precision, questions, roomy)}


def plant(kind, path, sign=1):
    global random
    random = np.random.default_rng(7)
    planter = Planter(sign)
    KINDS[kind](planter, sign)
    planter.write(path)


def main():
    plant(sys.argv[1], sys.argv[2], -1 if len(sys.argv) > 3 else 1)


if __name__ == "__main__":
    main()
