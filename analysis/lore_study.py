"""All runs of one study or of several, side by side: what figures and findings choose from."""

from dataclasses import dataclass

import numpy as np

# Settings that say how a run is measured or computed, or who is only measured: not what it learns.
ASIDE = ("seed", "name", "evaluate_", "checkpoint_", "compute_", "train_reduction", "train_shard",
         "population_held_out", "population_throw_away", "start_run", "start_checksum", "patch_run", "patch_step")


@dataclass
class Run:
    """One run. A record variable is (step), (step, group) or, of attention, (step, layer)."""
    name: str
    experiment: str
    settings: dict
    scalars: dict
    steps: np.ndarray
    groups: list
    layers: list
    records: dict

    def curve(self, variable, group=None, layer=None):
        """(steps, values) without gaps; empty if the run has no such variable, group or layer."""
        values, label, labels = self.records.get(variable), group, self.groups
        if layer is not None:
            label, labels = layer, self.layers
        if values is None or (label is not None and label not in labels):
            return np.array([]), np.array([])
        if label is not None:
            values = values[:, labels.index(label)]
        there = np.isfinite(values)
        return self.steps[there], values[there]

    def at(self, step, variable, group=None, layer=None):
        """Linear between evaluations; NaN outside of them."""
        steps, values = self.curve(variable, group, layer)
        inside = len(steps) and steps[0] <= step <= steps[-1]
        return float(np.interp(step, steps, values)) if inside else np.nan

    @property
    def finished(self):
        return self.steps[-1] >= self.settings.get("train_steps", 0)


class Study:
    """Runs, and the names of those that are planned and have no record, or one that cannot be read."""

    def __init__(self, title, runs, missing=(), damaged=()):
        self.title, self.runs, self.missing, self.damaged = title, list(runs), list(missing), list(damaged)

    def chosen(self, runs):
        """Some of the runs; what is missing stays known."""
        return Study(self.title, runs, self.missing, self.damaged)

    def __len__(self):
        return len(self.runs)

    def __iter__(self):
        return iter(self.runs)

    def __getitem__(self, setting):
        """Values of a setting (run); NaN for one that a file does not have."""
        values = [run.settings.get(setting, np.nan) for run in self.runs]
        text = any(isinstance(value, str) for value in values)
        return np.array(values, dtype=object if text else float)

    def scalar(self, name):
        return np.array([run.scalars.get(name, np.nan) for run in self.runs], float)

    @property
    def seeds(self):
        return self["seed"]

    @property
    def finished(self):
        return np.array([run.finished for run in self.runs], bool)

    @property
    def unfinished(self):
        return [run.name for run in self.runs if not run.finished]

    @property
    def baseline(self):
        """No-knowledge baseline in nats."""
        known = self.scalar("no_knowledge_baseline")
        return float(np.nanmean(known)) if np.isfinite(known).any() else np.nan

    @property
    def groups(self):
        return list(dict.fromkeys(group for run in self.runs for group in run.groups))

    @property
    def layers(self):
        return sorted({layer for run in self.runs for layer in run.layers})

    def pick(self, mask):
        """The runs of a mask or of a list of indices."""
        mask = np.asarray(mask)
        index = np.flatnonzero(mask) if mask.dtype == bool else mask.astype(int)
        return self.chosen(self.runs[i] for i in index)

    def where(self, **wanted):
        """Runs whose settings have these values (or one of a tuple of values)."""
        def fits(run):
            return all(run.settings.get(name) in (value if isinstance(value, tuple) else (value,))
                       for name, value in wanted.items())
        return self.chosen(run for run in self.runs if fits(run))

    def having(self, variable, group=None):
        """Runs with any value of a variable (of a group)."""
        return self.chosen(r for r in self.runs if len(r.curve(variable, group)[0]))

    def final(self, variable, group=None):
        """Last value of each finished run (run); NaN for the others."""
        curves = [run.curve(variable, group)[1] if run.finished else [] for run in self.runs]
        return np.array([values[-1] if len(values) else np.nan for values in curves])

    def first(self, variable, group=None):
        """Value at step 0 (run)."""
        return np.array([run.at(0, variable, group) for run in self.runs])

    def varying(self, besides=()):
        """Settings that decide the result and differ between these runs; none that begins as `besides`."""
        names = dict.fromkeys(name for run in self.runs for name in run.settings)
        names = [n for n in names if not n.startswith((*besides, *ASIDE))]
        return [n for n in names if len({str(v) for v in self[n]}) > 1]

    def cells(self, *names):
        """[(values, runs)] for each combination of the settings `names`, ascending."""
        keys = list(zip(*(self[n].tolist() for n in names))) if names else [()] * len(self)
        keys = [tuple("" if k != k else k for k in key) for key in keys]
        order = sorted(set(keys), key=lambda key: [(isinstance(k, str), k) for k in key])
        return [(key, self.pick([i for i, k in enumerate(keys) if k == key])) for key in order]

    def along(self, *names):
        """The subsets in which only `names` and the seed differ, the one with most values first."""
        subsets = [subset for _, subset in self.cells(*self.varying(besides=names))]
        return sorted(subsets, key=lambda s: (-len(s.cells(*names)), -len(s)))

    def by_seed(self, values):
        """{seed: mean of the finite values}: runs of one seed that drew other data count as one."""
        own = {}
        for seed, value in zip(self.seeds, values):
            if np.isfinite(value):
                own.setdefault(int(seed), []).append(float(value))
        return {seed: float(np.mean(of)) for seed, of in own.items()}


def same_training(run):
    """What decides a run's result: settings and seed, not how it is measured or computed."""
    return str(sorted((name, value) for name, value in run.settings.items()
                      if name == "seed" or not name.startswith(ASIDE)))


def join(studies):
    """One study of several, whatever their order. A run that another one of them has too counts once: that with most
    records."""
    runs, place = [], {}
    for study in sorted(studies, key=lambda one: one.title):
        before = dict(place)
        for run in study:
            key = same_training(run)
            if key not in before:
                place[key] = len(runs)
                runs.append(run)
            elif len(run.steps) > len(runs[before[key]].steps):
                runs[before[key]] = run
    return Study(" + ".join(s.title for s in studies), runs, [m for s in studies for m in s.missing],
                 [d for s in studies for d in s.damaged])


# Families of runs: who is shown when.

CURRICULA = {"warm_up": "warm-up", "adaptive": "adaptive warm-up", "growth": "growth", "anneal": "annealed",
             "sequential": "sequential", "throw_away": "throw-away"}


def is_patched(run):
    return run.settings.get("patch_from", "none") != "none"


def family(run):
    """What kind of run this is; "uniform" is the paper's default."""
    s = run.settings
    kind, curriculum = s.get("distribution_kind", "uniform"), s.get("curriculum_kind", "none")
    if s.get("task") == "memory":
        return "memory"
    if is_patched(run):
        return "patched"
    if kind == "replay" or s.get("distribution_among", "all") != "all":
        return "tuned"
    if curriculum != "none":
        return CURRICULA.get(curriculum, curriculum)
    if s.get("distribution_shards"):
        return "mixed shards"
    if s.get("distribution_repeats_in_batch", 1) > 1:
        return "repeats in a batch"
    if s.get("distribution_repeats_across_steps", 1) > 1:
        return "repeats across steps"
    if run.scalars.get("plateau_start") == 0:
        return "from weights"
    if kind == "power_law" and s.get("distribution_alpha") != 0:
        return "power law"
    return "celebrities" if kind == "celebrities" else "uniform"


def of_family(study, *names):
    return study.chosen(run for run in study if family(run) in names)


def plain(study):
    """Uniform over a whole population, from random weights, with attention of its own."""
    return of_family(study, "uniform")


def parent(study, run):
    """The run whose last weights a run started from; None if it is not among these.

    Another study may have the same run under another name, so seed, people, model and steps do as well.
    """
    s = run.settings
    named = [one for one in study if one.name == s.get("start_run")]
    same = {n: v for n, v in s.items() if n.startswith("model_") or n in ("seed", "population_individuals")}
    alike = plain(study).where(train_steps=s.get("start_step"), **same).runs
    return next(iter(named + alike), None)


def default_people(study):
    """Biographies of all templates in random order."""
    most = max(study["population_templates"], default=20)
    return study.chosen(run for run in study if run.settings.get("population_templates", most) == most
                        and run.settings.get("population_sentence_order", "random") == "random")


def arenas(study, *besides):
    """The subsets in which runs differ only in whom they show when (and in `besides`), largest first."""
    others = study.varying(besides=("distribution_", "curriculum_", *besides))
    subsets = [subset for _, subset in study.cells(*others)]
    return sorted(subsets, key=lambda s: (len(s), max(s["population_individuals"])), reverse=True)


def members(study):
    """{settings that tell the runs of one family apart: runs}; a uniform distribution has none, whatever it is called."""
    if all(family(run) == "uniform" for run in study):
        return {(): study} if len(study) else {}
    names = [n for n in study.varying() if n.startswith(("distribution_", "curriculum_"))]
    return dict(study.cells(*names))


def curriculum_steps(run):
    """How long the curriculum was planned to last, in steps."""
    s = run.settings
    if s.get("curriculum_steps"):
        return s["curriculum_steps"]
    return s.get("curriculum_epochs", 0) * s["population_individuals"] / s["train_batch"]


def widened_at(run):
    """The step from which an adaptive curriculum draws from all: an evaluation's and what is added; NaN if never.

    A record says what the next step draws from, so it lies between two records.
    """
    steps, drawn = run.curve("draw_count")
    whole = drawn >= run.settings["population_individuals"]
    if not whole.any():
        return np.nan
    at = int(np.argmax(whole))
    ends = steps + run.settings["curriculum_steps"]
    found = ends[(ends <= steps[at]) & (ends > (steps[at - 1] if at else -1))]
    return float(found[0]) if len(found) else np.nan


def curriculum_end(run):
    """The step from which all are drawn in the end; NaN if the run has not come so far, or has no such curriculum.

    A sequential curriculum ends with the run.
    """
    kind = run.settings.get("curriculum_kind", "none")
    if kind in ("none", "sequential"):
        return np.nan
    step = widened_at(run) if kind == "adaptive" else curriculum_steps(run)
    return float(step) if step <= run.steps[-1] else np.nan


def mean_end(study):
    """The mean of the runs' curriculum_end, as far as they have one."""
    ends = np.array([curriculum_end(run) for run in study], float)
    return float(np.nanmean(ends)) if np.isfinite(ends).any() else np.nan


def alpha_of(run):
    """Exponent of the power law that a run draws by; 0 is uniform."""
    return run.settings["distribution_alpha"] if run.settings["distribution_kind"] == "power_law" else 0.0
