"""Families of runs (which individuals are shown, and when), and sets of runs that may be compared."""

from __future__ import annotations

from lore.errors import MissingRuns
from lore.study import Floats, Key, Run, Study

CURRICULA = {"warm_up": "warm-up", "adaptive": "adaptive warm-up", "growth": "growth", "anneal": "annealed",
             "sequential": "sequential", "throw_away": "throw-away"}


def is_patched(run: Run) -> bool:
    return run.text("patch_from", "none") != "none"


def family(run: Run) -> str:
    """What kind of run this is; "uniform" is the paper's default."""
    s = run.settings
    kind, curriculum = run.text("distribution_kind", "uniform"), run.text("curriculum_kind", "none")
    if s.get("task") == "memory":
        return "memory"
    if is_patched(run):
        return "patched"
    if run.number("distribution_questions", 0) > 0:
        return "asking"
    if kind == "replay" or s.get("distribution_among", "all") != "all":
        return "tuned"
    if s.get("distribution_inject"):
        return "injection"
    if max(run.number("distribution_fresh", 0), run.number("distribution_final_fresh", -1)) > 0:
        return "mixture"
    if curriculum != "none":
        return CURRICULA.get(curriculum, curriculum)
    if s.get("distribution_shards"):
        return "mixed shards"
    if run.number("distribution_repeats_in_batch", 1) > 1:
        return "repeats in a batch"
    if run.number("distribution_repeats_across_steps", 1) > 1:
        return "repeats across steps"
    if run.scalars.get("plateau_start") == 0:
        return "from weights"
    if kind == "power_law" and s.get("distribution_alpha") != 0:
        return "power law"
    return "celebrities" if kind == "celebrities" else "uniform"


def of_family(study: Study, *names: str) -> Study:
    return study.chosen(run for run in study if family(run) in names)


def plain(study: Study) -> Study:
    """Uniform over a whole population, from random weights, with attention of its own."""
    return of_family(study, "uniform")


def plain_runs(study: Study) -> Study:
    """The same; MissingRuns if there are none."""
    runs = plain(study)
    if not len(runs):
        raise MissingRuns("no run of the default kind (uniform, not patched, from random weights)", study.title)
    return runs


def parent(study: Study, run: Run) -> Run | None:
    """The run whose last weights a run started from; None if it is not among these.

    Another study may have the same run under another name, so seed, population, model and steps decide as well.
    """
    s = run.settings
    named = [one for one in study if one.name == s.get("start_run")]
    same = {n: v for n, v in s.items() if n.startswith("model_") or n in ("seed", "population_individuals")}
    steps = {"train_steps": s["start_step"]} if "start_step" in s else {}
    alike = plain(study).where(**steps, **same).runs if steps else []
    return next(iter(named + alike), None)


def default_biographies(study: Study) -> Study:
    """Runs on biographies of all templates in random order."""
    most = max(study.numbers("population_templates"), default=20)
    return study.chosen(run for run in study if run.number("population_templates", most) == most
                        and run.text("population_sentence_order", "random") == "random")


def arenas(study: Study, *besides: str) -> list[Study]:
    """The subsets in which runs differ only in which individuals they show when (and in `besides`), largest first."""
    others = study.varying(besides=("distribution_", "curriculum_", *besides))
    subsets = [subset for _, subset in study.cells(*others)]
    return sorted(subsets, key=lambda s: (len(s), max(s.numbers("population_individuals"))), reverse=True)


def members(study: Study) -> dict[Key, Study]:
    """{settings that tell the runs of one family apart: runs}; a uniform distribution has none, whatever it is called."""
    if all(family(run) == "uniform" for run in study):
        return {(): study} if len(study) else {}
    names = [n for n in study.varying() if n.startswith(("distribution_", "curriculum_"))]
    return dict(study.cells(*names))


def alpha_of(run: Run) -> float:
    """Exponent of the power law; 0 of uniform runs."""
    return run.number("distribution_alpha", 0) if run.text("distribution_kind", "uniform") == "power_law" else 0.0


def by_alpha(runs: Study) -> list[tuple[float, Study]]:
    """The runs of each exponent, ascending."""
    alphas = [alpha_of(run) for run in runs]
    return [(alpha, runs.pick([a == alpha for a in alphas])) for alpha in sorted(set(alphas))]


def final_loss(runs: Study) -> Floats:
    """Attribute loss on known individuals when training ends, in nats (run); NaN for unfinished runs."""
    return runs.final("attribute_loss", "known")


def plateau_ends(runs: Study) -> Floats:
    """Steps at which the plateaus end (run); NaN where one is not over."""
    return runs.scalar("plateau_end")
