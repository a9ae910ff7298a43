"""Statistics with known answers, findings decided both ways, and every figure, on planted data.

check_analysis.py ANALYSIS_DIRECTORY [unittest options]
"""

import ast
import sys
import tempfile
import unittest
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import xarray as xr

sys.path[:0] = [sys.argv.pop(1), str(Path(__file__).parent)]
import lore  # noqa: E402
import planted  # noqa: E402
from lore import figures, findings  # noqa: E402
from lore import statistics as st  # noqa: E402
from lore.commands import COMMANDS  # noqa: E402
from lore.drawing import style  # noqa: E402
from lore.drawing.panel import RoundTicks  # noqa: E402
from lore.drawing.sheet import Sheet  # noqa: E402
from lore.errors import MissingRuns  # noqa: E402
from lore.figures.schedules import COLOUR_OF, grid_of  # noqa: E402
from lore.figures.sequential import draw_half_times  # noqa: E402
from lore.files import numbers_beside, open_study  # noqa: E402
from lore.findings.finding import Decided, decide, examine  # noqa: E402
from lore.selections.bits import Memory, capacity, capacity_by_seed, capacity_text, is_full, memories  # noqa: E402
from lore.selections.curricula import curriculum_end  # noqa: E402
from lore.selections.exposure import half_exposures, middles, with_bins  # noqa: E402
from lore.selections.families import members, of_family, parent, plateau_ends  # noqa: E402
from lore.selections.asking import AFTER, MIXED, by_wordings, when_asked  # noqa: E402
from lore.selections.injection import Knowledge, courses, gain, gains, injections, kinds, knowledge, shown_often  # noqa: E402
from lore.selections.mixture import accuracies, by_width, critical_share, critical_shares  # noqa: E402
from lore.selections.optimizers import by_optimizer, deciles, seconds_until  # noqa: E402
from lore.selections.patching import reference_of, start_of  # noqa: E402
from lore.selections.phases import AXES, axis_runs, name_layer  # noqa: E402
from lore.selections.precision import comparisons  # noqa: E402
from lore.selections.schedules import FAMILIES, best_alphas  # noqa: E402
from lore.selections.sequential import first_evaluations, visits  # noqa: E402
from lore.study import Run, Study, join  # noqa: E402

HOLDS, FAILS, OPEN = st.HOLDS, st.FAILS, st.OPEN
style.DOTS_PER_INCH = 40
PACKAGE = Path(lore.__file__).parent
FILES = Path(tempfile.mkdtemp(prefix="lore_planted"))


@lru_cache(maxsize=None)
def planted_study(kind, sign):
    path = FILES / f"{kind}{sign}.nc"
    planted.plant(kind, path, sign)
    return open_study(path)


def study_of(kind, sign=1):
    """A copy, which a test may change."""
    return deepcopy(planted_study(kind, sign))


def law(exponent, seeds, noise, random):
    return {n: 0.43 * n**exponent * np.exp(random.normal(0, noise, seeds)) for n in 2 ** np.arange(12, 19)}


def name_of(path):
    """lore/study.py -> "lore.study", lore/figures/__init__.py -> "lore.figures"."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path):
    """Modules of the package that a module imports."""
    names, found = set(map(name_of, PACKAGE.rglob("*.py"))), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} & names or {node.module}
    return found & names


class Layers(unittest.TestCase):
    """Modules import from lines above their own in the table of lore/__init__.py, and in no circle."""

    def test_the_table_names_every_module(self):
        there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
        self.assertEqual(set(layers()), there - {"__init__", "__main__"})

    def test_imports_go_up_the_table(self):
        place = layers()
        for path in PACKAGE.rglob("*.py"):
            own = path.relative_to(PACKAGE).with_suffix("").parts[0]
            for module in imports_of(path):
                used = module.split(".")[1]
                if own not in (used, "__init__", "__main__"):
                    self.assertLess(place[used], place[own], f"{path} imports {module}")

    def test_no_circles(self):
        graph = {name_of(path): imports_of(path) for path in PACKAGE.rglob("*.py")}
        self.assertGreater(sum(map(len, graph.values())), 100)
        TopologicalSorter(graph).prepare()

    def test_scripts_hold_nothing(self):
        scripts = sorted(PACKAGE.parent.glob("*.py"))
        self.assertEqual([path.stem for path in scripts], sorted(COMMANDS))
        for path in scripts:
            self.assertEqual(path.read_text().split('"""')[2],
                             f'\n\nfrom lore.script import script\n\nscript("{path.stem}")\n')


def layers():
    """{module or subpackage: line of the table}"""
    table = lore.__doc__.partition("Modules import")[2]
    rows = [line.split("  ")[2] for line in table.splitlines() if line.startswith("    ")]
    return {name: number for number, row in enumerate(rows) for name in row.split(", ")}


class Statistics(unittest.TestCase):
    def test_exact_power_law(self):
        fit = st.fit_power_law(law(0.81, 5, 0, np.random.default_rng(1)))
        self.assertAlmostEqual(fit.exponent, 0.81, 9)
        self.assertAlmostEqual(fit.factor, 0.43, 9)
        self.assertAlmostEqual(fit.r_squared, 1, 9)

    def test_interval_of_the_exponent_covers(self):
        random = np.random.default_rng(2)
        for seeds, freedom in ((1, 5), (3, 19), (5, 33)):
            fits = [st.fit_power_law(law(0.81, seeds, 0.05, random)) for _ in range(1000)]
            self.assertAlmostEqual(np.mean([f.low <= 0.81 <= f.high for f in fits]), 0.95, delta=0.025)
            # Of normal noise, the slope's standard error is noise / sqrt(seeds * sum of squared log distances).
            exact = 2 * st.t_quantile(0.95, freedom) * 0.05 / np.sqrt(seeds * np.log(2) ** 2 * 28)
            self.assertAlmostEqual(np.mean([f.high - f.low for f in fits]) / exact, 1, delta=0.08)

    def test_tails_of_f(self):
        """Quantiles of tables (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.3), and a closed form."""
        for over, under, quantile in ((1, 1, 161.448), (2, 12, 3.885), (3, 10, 3.708), (5, 33, 2.503), (10, 4, 5.964)):
            self.assertAlmostEqual(st.f_tail(quantile, over, under), 0.05, 4)
        self.assertAlmostEqual(st.f_tail(1.7, 2, 12), (1 + 2 * 1.7 / 12) ** -6, 8)

    def test_lack_of_fit_is_found_as_often_as_it_should(self):
        random = np.random.default_rng(5)
        found = [st.fit_power_law(law(0.81, 4, 0.1, random)).chance < 0.05 for _ in range(2000)]
        self.assertAlmostEqual(np.mean(found), 0.05, delta=0.015)
        bent = {n: y * np.exp(0.1 * (np.log2(n) - 15) ** 2) for n, y in law(0.81, 4, 0.1, random).items()}
        self.assertLess(st.fit_power_law(bent).chance, 1e-3)

    def test_what_the_law_misses_widens_the_interval(self):
        bent = {n: y * np.exp(0.1 * (np.log2(n) - 15) ** 2) for n, y in law(0.81, 3, 0.01, np.random.default_rng(3)).items()}
        straight = st.fit_power_law(law(0.81, 3, 0.01, np.random.default_rng(3)))
        self.assertGreater(st.fit_power_law(bent).high - st.fit_power_law(bent).low, 5 * (straight.high - straight.low))

    def test_interval(self):
        i = st.interval([1, 2, 3, np.nan])
        self.assertAlmostEqual(i.mean, 2)
        self.assertAlmostEqual(i.high, 2 + 4.303 / np.sqrt(3), 3)
        self.assertEqual(i.count, 3)
        self.assertEqual(st.above(st.interval([5.0])).verdict, OPEN)

    def test_quantiles_and_tails_of_t(self):
        """Tables (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2), and closed forms for one and two degrees of
        freedom; all of scipy's, where it is installed."""
        for freedom, quantile in ((1, 12.706), (2, 4.303), (4, 2.776), (10, 2.228), (30, 2.042), (100, 1.984)):
            self.assertAlmostEqual(st.t_quantile(0.95, freedom), quantile, 3)
        for freedom, quantile in ((1, 6.314), (3, 2.353), (19, 1.729)):
            self.assertAlmostEqual(st.t_quantile(0.90, freedom), quantile, 3)
        for t in (0.3, 2.0, 60.0):
            self.assertAlmostEqual(st.t_tail(t, 1) / (2 * np.arctan2(1, t) / np.pi), 1, 6)
            self.assertAlmostEqual(st.t_tail(t, 2) / (2 / (2 + t * t + t * np.sqrt(2 + t * t))), 1, 6)
        try:
            from scipy.stats import t as student
        except ImportError:
            return
        for freedom in (1, 2, 3, 4, 7, 30):
            self.assertAlmostEqual(st.t_quantile(0.95, freedom) / student.ppf(0.975, freedom), 1, 6)
            for t in (0.1, 1, 5, 40):
                self.assertAlmostEqual(st.t_tail(t, freedom) / (2 * student.sf(t, freedom)), 1, 6)

    def test_p_values_are_those_of_the_intervals(self):
        i = st.interval([1.0, 2.0, 4.0])
        for limit in (i.low, i.high):
            self.assertAlmostEqual(i.p(limit), 0.05, 9)
        self.assertAlmostEqual(i.p(i.mean), 1)
        # t = 7/3 / (1.5275 / sqrt(3)) = 2.6458 with two degrees of freedom, whose tail is closed
        t = 7 / 3 / (np.std([1, 2, 4], ddof=1) / np.sqrt(3))
        self.assertAlmostEqual(i.p(), 1 - t / np.sqrt(2 + t * t), 7)
        self.assertTrue(np.isnan(st.interval([1.0]).p()))
        self.assertEqual([st.interval([2.0, 2.0]).p(limit) for limit in (2.0, 0.0)], [1, 0])

    def test_p_values_of_verdicts(self):
        small, large = st.interval([1.0, 1.1, 1.05]), st.interval([3.0, 3.5, 3.2])
        self.assertEqual(st.above(small), st.Judged(HOLDS, small.p(0)))
        self.assertEqual(st.below(small, 0.5), st.Judged(FAILS, small.p(0.5)))
        self.assertEqual(st.every(st.above(small), st.above(large)).p, max(small.p(), large.p()))
        self.assertEqual(st.every(st.below(small), st.above(large)), st.Judged(FAILS, 2 * small.p()))
        self.assertEqual(st.every(st.below(small), st.below(large)), st.Judged(FAILS, 2 * min(small.p(), large.p())))
        self.assertEqual(st.every(*[st.Judged(FAILS, 0.4)] * 5), st.Judged(FAILS, 1.0))
        self.assertTrue(np.isnan(st.every(st.above(small), st.Judged(HOLDS)).p))
        self.assertTrue(np.isnan(st.every(st.above(small), st.Judged(FAILS)).p))
        less = st.interval([-1.0, -1.1, -1.05])
        self.assertEqual(st.beats(less, 0.5), st.Judged(HOLDS, less.p(0)))
        self.assertEqual(st.beats(less, 3), st.Judged(FAILS, less.p(-3)))
        self.assertEqual(st.opposite(st.above(small)), st.Judged(FAILS, small.p(0)))

    def test_pooled_deviations(self):
        """Two settings of two seeds and one of one: s² = (0.02 + 0.08) / 2, two degrees of freedom."""
        one, two = st.pooled([[1.0, 1.2], [5.0], [2.0, 2.4]])
        half = 4.302653 * np.sqrt(0.05 / 2)
        self.assertAlmostEqual(one.high - 1.1, half, 5)
        self.assertAlmostEqual(two.low, 2.2 - half, 5)
        self.assertAlmostEqual(one.p(one.low), 0.05, 8)
        self.assertEqual(st.pooled([[1.0], []]), [])
        random = np.random.default_rng(6)
        covered = [i.low < 0 < i.high for _ in range(300) for i in st.pooled(random.normal(size=(6, 2)))]
        self.assertAlmostEqual(np.mean(covered), 0.95, delta=0.02)

    def test_a_number_within_bounds(self):
        inside, beyond, wide = (st.interval([at - off, at, at + off]) for at, off in ((0.8, 0.02), (1.0, 0.02), (0.8, 0.2)))
        self.assertEqual(st.within(inside, 0.71, 0.91, 0.02, 0.81), st.Judged(HOLDS, max(inside.p(0.71), inside.p(0.91))))
        self.assertEqual(st.within(beyond, 0.71, 0.91, 0.02, 0.81).verdict, FAILS)
        self.assertAlmostEqual(st.within(beyond, 0.71, 0.91, 0.02, 0.81).p, beyond.p(0.83))
        self.assertEqual(st.within(wide, 0.71, 0.91, 0.02, 0.81).verdict, OPEN)
        self.assertAlmostEqual(st.within(st.interval([0.4, 0.41]), 0.71, 0.91, 0.02, 0.81).p, st.interval([0.4, 0.41]).p(0.79))

    def test_correction_for_the_number_of_verdicts(self):
        """The fifteen p values of Benjamini and Hochberg 1995, of which four are rejected at 5 %."""
        p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
        judged = [st.Judged(HOLDS if one < 0.05 else OPEN, one) for one in p]
        self.assertEqual(st.benjamini_hochberg(judged), [True] * 4 + [False] * 11)
        self.assertEqual(st.benjamini_hochberg([*judged[::-1], st.Judged(OPEN), st.Judged(FAILS)]),
                         [False] * 11 + [True] * 4 + [False] * 2)
        self.assertEqual(st.benjamini_hochberg([st.Judged(OPEN, 0.001), st.Judged(FAILS, 0.04)]), [False, False])
        self.assertEqual(st.benjamini_hochberg([]), [])

    def test_false_discoveries_are_as_few_as_they_should(self):
        """Of 40 rows in which nothing is there, one or more stay in 5 % of the tables."""
        random, found = np.random.default_rng(9), 0
        for p in random.uniform(size=(2000, 40)):
            found += any(st.benjamini_hochberg([st.Judged(HOLDS if one < 0.05 else OPEN, one) for one in p]))
        self.assertAlmostEqual(found / 2000, 0.05, delta=0.015)

    def test_lowest_points(self):
        x = np.array([0, 0.2, 0.6, 1.0])
        self.assertAlmostEqual(st.lowest_point(x, 2 + 3 * (x - 0.37) ** 2), 0.37)
        self.assertEqual([st.lowest_point(x, 3 * (x - at) ** 2) for at in (-1, 4)], [0, 1])
        self.assertEqual(st.lowest_point(x, -(x - 0.4) ** 2), 1)
        self.assertAlmostEqual(st.curvatures_by_seed({at: {1: 0.25 * at**2, 2: at} for at in (1.0, 2.0, 4.0)})[0], 0.25)

    def test_a_law_without_noise_that_is_missed(self):
        bent = {n: [1.0 * k, 1.0 * k] for n, k in ((1, 1), (2, 8), (4, 9), (8, 30))}
        self.assertEqual(st.fit_power_law(bent).chance, 0)
        self.assertEqual(st.fit_power_law({n: [n, n] for n in (1.0, 2.0, 4.0)}).chance, 1)

    def test_equivalence(self):
        """Half-width: t(3) = 2.353 times 0.12910 / sqrt(4)."""
        e = st.equivalence([0.1, -0.1, 0.2, 0.0, np.nan], 0.21)
        self.assertAlmostEqual(e.mean, 0.05)
        self.assertAlmostEqual(e.high - e.mean, 2.353 * 0.129099 / 2, 4)
        self.assertEqual((e.count, e.verdict), (4, HOLDS))
        self.assertEqual(st.equivalence([0.1, -0.1, 0.2, 0.0], 0.2).verdict, OPEN)
        self.assertEqual(st.equivalence([0.5, 0.6, 0.55], 0.2).verdict, FAILS)
        self.assertEqual(st.equivalence([0.0], 0.2).verdict, OPEN)

    def test_equivalence_errs_as_often_as_it_says(self):
        """Means that lie on the margin are called equal in 5 % of the samples."""
        random = np.random.default_rng(8)
        found = [st.equivalence(random.normal(0.3, 0.1, 20), 0.3).verdict == HOLDS for _ in range(4000)]
        self.assertAlmostEqual(np.mean(found), 0.05, delta=0.012)

    def test_precisions_are_compared_by_pairs(self):
        for sign, verdicts in ((1, {HOLDS}), (-1, {HOLDS, FAILS})):
            found = comparisons(study_of("precision", sign))
            self.assertEqual([c.result.count for c in found], [12] * 4)
            self.assertEqual({c.result.verdict for c in found}, verdicts)
        found = {c.quantity: c.result.verdict for c in found}
        self.assertEqual([found[q] for q in ("end of the plateau", "final attribute loss")], [FAILS, FAILS])

    def test_decisions(self):
        low, high, wide = st.interval([-2, -2.1]), st.interval([1.0, 1.1, 1.05]), st.interval([-1, 1, 0.5])
        self.assertEqual([st.above(i).verdict for i in (low, high, wide)], [FAILS, HOLDS, OPEN])
        self.assertEqual([st.below(i).verdict for i in (low, high, wide)], [HOLDS, FAILS, OPEN])
        equal, little = st.interval([-0.1, 0.1, 0.02]), st.interval([-0.1, -0.11])
        self.assertEqual([st.beats(i, 0.5).verdict for i in (low, high, wide, equal, little)],
                         [HOLDS, FAILS, OPEN, FAILS, FAILS])
        small = st.interval([-0.4, -0.05, -0.1, -0.15])  # below 0 whole, but by too little in the mean
        self.assertTrue(-0.5 < small.low < -0.2 and small.mean > -0.2)
        below_zero = st.Interval(-0.15, -0.25, -0.05, 4)
        self.assertEqual([st.beats(i, 0.2).verdict for i in (small, below_zero)], [OPEN, OPEN])
        self.assertEqual([st.beats(i, 0.1).verdict for i in (equal, st.interval([3.0]))], [OPEN, OPEN])
        yes, no, unsure = (st.Judged(verdict, 0.01) for verdict in (HOLDS, FAILS, OPEN))
        self.assertEqual(st.every(yes, unsure).verdict, OPEN)
        self.assertEqual(st.every(yes, unsure, no).verdict, FAILS)
        self.assertEqual(st.every().verdict, OPEN)

    def test_choice_by_other_seeds_is_not_flattered(self):
        random = np.random.default_rng(4)
        chosen, least = [], []
        for _ in range(400):
            table = {k: dict(enumerate(random.normal(0, 1, 3))) for k in range(8)}
            chosen.append(np.mean(list(st.best_by_seed(table).values())))
            least.append(min(np.mean(list(row.values())) for row in table.values()))
        self.assertLess(np.mean(least), -0.7)
        self.assertAlmostEqual(np.mean(chosen), 0, delta=0.15)


class Exposures(unittest.TestCase):
    def test_a_logistic_curve_is_found_again(self):
        random, x = np.random.default_rng(5), np.arange(0, 9.0)
        found = []
        for _ in range(200):
            right = random.binomial(150, 1 / (1 + np.exp(-(-4 + 1.3 * x)))).astype(float)
            found.append(st.fit_logistic(x, right, np.full(9, 150.0)))
        np.testing.assert_allclose(np.mean(found, axis=0), [-4, 1.3], rtol=0.03)
        offset, slope = st.fit_logistic(x, np.where(x > 4.5, 150.0, 0), np.full(9, 150.0))  # parted by a threshold
        self.assertAlmostEqual(-offset / slope, 4.5, delta=0.1)
        self.assertTrue(1 < slope < 100)

    def test_bins_have_a_middle(self):
        np.testing.assert_allclose(middles([0, 1, 2, 4, 8]), [0, 1, 6**0.5, 28**0.5, 8])

    def test_exposures_until_half_are_those_that_were_planted(self):
        for sign in (1, -1):
            study = study_of("exposure", sign)
            half = {alpha: [half_exposures(run) for run in study.where(distribution_alpha=alpha)] for alpha in (0, 1)}
            np.testing.assert_allclose(np.log2(half[0]), 5, atol=0.4)
            np.testing.assert_allclose(np.log2(half[1]), 5 - sign, atol=0.4)
        run = study.runs[0]
        run.records["exposure_accuracy"] = run.records["exposure_accuracy"] * 0.2  # half is never reached
        self.assertTrue(np.isnan(half_exposures(run)))

    def test_runs_of_earlier_versions_have_no_bins(self):
        with self.assertRaises(MissingRuns):
            half_exposures(study_of("fig2").runs[0])


class Injections(unittest.TestCase):
    def test_kinds_and_what_they_keep(self):
        for sign in (1, -1):
            cells = kinds(study_of("injection", sign))
            self.assertEqual(list(cells), ["never", "10 times, new words", "40 times, new words", "40 times, same words"])
            new, same = ([one.kept for one in courses(cells[f"40 times, {word} words"])] for word in ("new", "same"))
            self.assertEqual((len(new), len(same)), (4, 4))
            self.assertTrue(all(0 < sign * (a - b) < 1 for a, b in zip(new, same)))
            self.assertEqual(courses(cells["never"]), [])

    def test_gain_over_a_run_that_never_shows_them(self):
        study = study_of("injection")
        runs = shown_often(study)
        for run, gained in zip(runs, gains(study, runs)):
            known = knowledge(run)
            np.testing.assert_array_equal(gained.after, known.after)
            np.testing.assert_allclose(gained.nats, known.nats + 0.5, atol=0.03)  # never: 0.5 above the baseline, and noise
        alone = study.pick([bool(injections(run)) for run in study])
        self.assertEqual(gains(alone, runs), [])
        self.assertTrue(np.isnan(gain(alone, runs.runs[0]).kept))

    def test_a_power_law_is_nearer_to_its_own_line(self):
        after = np.arange(10, 500, 10.0)
        for nats, nearer in ((3 * after**-0.3, 0), (3 * np.exp(-after / 200), 1)):
            misses = Knowledge(after, nats).misses()
            self.assertLess(misses[nearer], 1e-12)
            self.assertGreater(misses[1 - nearer], 0.01)
        self.assertTrue(np.isnan(Knowledge(after[:0], after[:0]).kept))
        nothing = Knowledge(after, np.zeros(len(after)))
        self.assertTrue(np.isnan(nothing.kept) and np.isnan(nothing.misses()).all())


class Axes(unittest.TestCase):
    def test_of_sets_with_equally_many_values_that_of_the_largest_population(self):
        own, few = study_of("figC"), study_of("figC")
        for run in few:
            run.settings["population_individuals"] = 16
        for _, names in AXES:
            if "population_individuals" not in names:
                chosen = axis_runs(own, names)
                fewer = chosen.pick(chosen.seeds == chosen.seeds[0])  # which must not lose against more runs of few
                with self.subTest(names=names):
                    self.assertEqual(len(axis_runs(join([few, fewer]), names)), len(fewer))


class Unfinished(unittest.TestCase):
    def test_finished_runs_of_another_kind_do_not_hide_them(self):
        for kind, chosen in (("exposure", with_bins), ("injection", shown_often)):
            own, other = study_of(kind), study_of("fig2")
            for run in own:
                run.settings["train_steps"] = 10**6
            with self.subTest(kind=kind):
                self.assertEqual(len(chosen(join([other, own]))), len(chosen(own)))

    def test_finished_parents_do_not_hide_injections(self):
        own, other = study_of("injection"), study_of("fig2")
        for run in own:
            run.settings["train_steps"] = 10**6
        self.assertEqual(list(kinds(join([other, own]))), list(kinds(own)))


class Asking(unittest.TestCase):
    def test_wordings_and_when_questions_are_asked(self):
        for sign in (1, -1):
            cells = when_asked(study_of("asking", sign))
            self.assertEqual(list(cells), [MIXED, AFTER])
            right = {}
            for when, runs in cells.items():
                self.assertEqual(list(by_wordings(runs)), ["20 wordings", "one wording"])
                right[when] = [own.final("question_accuracy", "not_asked").mean() for own in by_wordings(runs).values()]
            self.assertEqual(right[MIXED][0] > right[MIXED][1], sign > 0)
            self.assertEqual(right[MIXED][0] > right[AFTER][0], sign > 0)

    def test_runs_that_go_on_mixed_or_learned_nothing_do_not_count(self):
        study = study_of("asking")
        for run in study:
            if run.text("start_run", ""):
                run.settings["distribution_questions"] = 0.5
        self.assertEqual(list(when_asked(study)), [MIXED])
        for run in study:
            run.records["question_accuracy"] = run.records["question_accuracy"] * 0.1
        with self.assertRaises(MissingRuns):
            when_asked(study)

    def test_both_groups_are_needed(self):
        study = study_of("asking")
        for run in study:
            run.records["question_accuracy"][:, run.groups.index("asked")] = np.nan
        with self.assertRaises(MissingRuns):
            when_asked(study)

    def test_runs_without_questions_are_no_answer(self):
        with self.assertRaises(MissingRuns):
            when_asked(study_of("fig4"))


class Bits(unittest.TestCase):
    def test_the_capacity_is_what_was_planted(self):
        for sign, most in ((1, 2.0), (-1, 1.0)):
            few, memory = memories(study_of("bits", sign))
            self.assertEqual((few.title, memory.title), ("width 32, 100 exposures", "width 32, 1000 exposures"))
            self.assertEqual((memory.seeds, list(capacity_by_seed(memory))), (2, [1, 2]))
            self.assertAlmostEqual(capacity(few), 1.5, delta=0.02)
            self.assertAlmostEqual(capacity(memory), most, delta=0.02)
            few = memory.offered < 0.9
            np.testing.assert_allclose(memory.stored[few], memory.offered[few], rtol=0.02)

    def test_a_memory_that_is_not_full_has_a_lower_bound_only(self):
        for sign in (1, -1):
            self.assertEqual([is_full(memory) for memory in memories(study_of("bits", sign))], [True, True])
            some = study_of("roomy", sign)
            few, many = memories(some)
            self.assertEqual((is_full(few), is_full(many)), (False, sign < 0))
            self.assertTrue(capacity_text(few).startswith("at least 1.2"))
            for name in ("two_bits", "more_exposures"):
                result = decide(entry_of(name), some)
                self.assertEqual(result.verdict, OPEN if sign > 0 else FAILS, result.text)

    def test_runs_of_earlier_versions_have_none(self):
        with self.assertRaises(MissingRuns):
            memories(study_of("fig2"))

    def test_runs_of_one_seed_count_as_one(self):
        memory = Memory("", 32, 100, np.array([1, 1, 2]), np.ones(3), np.array([1.0, 2.0, 3.0]), np.ones(3))
        self.assertEqual(capacity_by_seed(memory), {1: 1.5, 2: 3.0})


class Optimizers(unittest.TestCase):
    def test_the_best_rates_of_each_are_compared(self):
        for sign in (1, -1):
            runs = by_optimizer(study_of("optimizers", sign))
            self.assertEqual(list(runs), ["adamw", "muon"])
            self.assertEqual(set(runs["adamw"].numbers("train_learning_rate")), {2e-3})
            self.assertEqual([len(own) for own in runs.values()], [6, 6])
            ends = [own.scalar("plateau_end").mean() for own in runs.values()]
            self.assertEqual(ends[0] > ends[1], sign > 0)
            self.assertEqual(deciles(runs["muon"])[::9], ["decile_1", "decile_10"])
            run = runs["muon"].runs[0]
            self.assertAlmostEqual(seconds_until(run, 150), 15)
            self.assertTrue(np.isnan(seconds_until(run, np.nan)))

    def test_one_optimiser_is_no_comparison(self):
        with self.assertRaises(MissingRuns):
            by_optimizer(study_of("fig4"))


class Mixtures(unittest.TestCase):
    def test_critical_shares_are_those_that_were_planted(self):
        for sign in (1, -1):
            widths = by_width(study_of("mixture", sign))
            self.assertEqual(list(widths), [32, 64, 128])
            found = [critical_shares(runs) for runs in widths.values()]
            self.assertEqual([set(own) for own in found], [{1, 2, 3}] * 3)
            slope = np.polyfit(np.log([32, 64, 128]), np.log([list(own.values()) for own in found]), 1)[0]
            np.testing.assert_allclose(slope, -0.5 * sign, atol=0.15)

    def test_a_critical_share_lies_between_two_shares(self):
        table = {1.0: {1: 0.8, 2: 0.8}, 0.5: {1: 0.6, 2: 0.6}, 0.25: {1: 0.2}}
        self.assertAlmostEqual(critical_share(table, 1), 0.5 * 0.5**0.5)
        self.assertTrue(np.isnan(critical_share(table, 2)))  # a share lacks the seed
        self.assertTrue(np.isnan(critical_share({1.0: {1: 0.8}, 0.5: {1: 0.6}}, 1)))  # never less than half
        self.assertTrue(np.isnan(critical_share({1.0: {1: 0.09}, 0.5: {1: 0.01}}, 1)))  # half of nothing

    def test_shares_ascend(self):
        table = accuracies(by_width(study_of("mixture"))[64])
        self.assertEqual(list(table), [0.0625, 0.125, 0.25, 0.5, 1])


# kind of data: {finding: (as planted, opposite)}
DECIDED = {
    "fig2": {"three_phases": (HOLDS, FAILS), "hallucination": (HOLDS, FAILS), "confidence": (HOLDS, FAILS),
             "attention_rises": (HOLDS, FAILS)},
    "lawless": {"plateau_power_law": (FAILS, HOLDS), "plateau_exponent": (FAILS, HOLDS)},
    "lengths": {"plateau_power_law": (HOLDS, OPEN)},
    "fig3": {"later_patterns": (HOLDS, FAILS), "plateau_removed": (HOLDS, FAILS), "early_patterns": (HOLDS, FAILS),
             "earlier_start": (HOLDS, HOLDS)},
    "fig4": {"interior_alpha": (HOLDS, FAILS), "alpha_with_population": (HOLDS, FAILS),
             "warm_up_uniform": (HOLDS, FAILS), "warm_up_law": (HOLDS, FAILS), "warm_up_fewer": (HOLDS, FAILS),
             "celebrities": (HOLDS, FAILS), "celebrities_accuracy": (HOLDS, FAILS)},
    "fig5": {"old_collapse": (HOLDS, FAILS), "more_people": (HOLDS, FAILS), "replay_final": (HOLDS, FAILS),
             "replay_initial": (HOLDS, FAILS), "stable_attention": (FAILS, HOLDS)},
    "figA": {"sentence_order": (HOLDS, FAILS), "templates": (HOLDS, FAILS)},
    "figC": {"robust": (HOLDS, FAILS)},
    "figP": {"rare_people": (HOLDS, FAILS)},
    "memory": {"toy_hallucination": (HOLDS, FAILS), "toy_collapse": (HOLDS, FAILS), "toy_replay": (HOLDS, FAILS),
               "toy_more": (HOLDS, FAILS), "toy_replay_initial": (HOLDS, FAILS)},
    "figS": {"easier": (HOLDS, FAILS), "sooner": (HOLDS, FAILS), "forgetting": (HOLDS, FAILS)},
    "figV": {"plasticity": (HOLDS, FAILS)},
    "figW": {"sequential_patterns": (HOLDS, FAILS)},
    "bits": {"two_bits": (HOLDS, FAILS), "more_exposures": (HOLDS, FAILS)},
    "exposure": {"fewer_exposures": (HOLDS, FAILS), "detection": (HOLDS, FAILS)},
    "injection": {"new_words": (HOLDS, FAILS), "new_words_gain": (HOLDS, FAILS), "power_law_of_steps": (HOLDS, FAILS),
                  "power_law_of_gain": (HOLDS, FAILS)},
    "mixture": {"critical_falls": (HOLDS, FAILS), "faster_than_share": (FAILS, HOLDS)},
    "optimizers": {"muon_steps": (HOLDS, FAILS), "muon_seconds": (HOLDS, FAILS), "muon_rare": (HOLDS, FAILS)},
    "asking": {"several_wordings": (HOLDS, FAILS), "mixed_is_better": (HOLDS, FAILS), "one_wording": (HOLDS, FAILS),
               "one_wording_mixed": (FAILS, HOLDS)},
    "questions": {"adaptive": (HOLDS, FAILS), "growth": (HOLDS, FAILS), "anneal": (HOLDS, FAILS),
                  "throw_away": (HOLDS, FAILS), "throw_away_plateau": (HOLDS, FAILS), "throw_away_steps": (HOLDS, FAILS),
                  "repeats": (HOLDS, FAILS)},
}


def entry_of(name):
    return next(f for f in findings.FINDINGS if f.decide.__name__ == name)


class Findings(unittest.TestCase):
    def verdict(self, study, name):
        result = decide(entry_of(name), study)
        return result.text, result.verdict

    def test_both_ways(self):
        for kind, expected in DECIDED.items():
            for name, verdicts in expected.items():
                for sign, wanted in zip((1, -1), verdicts):
                    with self.subTest(finding=name, sign=sign):
                        text, verdict = self.verdict(study_of(kind, sign), name)
                        self.assertEqual(verdict, wanted, text)

    def test_budget_decides_with_more_seeds(self):
        text, verdict = self.verdict(study_of("fig4", -1), "alpha_with_budget")
        self.assertEqual(verdict, FAILS, text)

    def test_nothing_is_decided_without_runs_or_seeds(self):
        for entry in findings.FINDINGS:
            with self.subTest(finding=entry.title):
                result = decide(entry, study_of("figP").where(distribution_among="celebrities"))
                self.assertEqual((result.verdict, result.missing), (OPEN, True))
        for kind, expected in DECIDED.items():
            for name in expected:
                if name not in ("robust",):  # judges settings, not seeds
                    with self.subTest(finding=name):
                        self.assertEqual(self.verdict(study_of(kind).where(seed=1), name)[1], OPEN)

    def test_runs_that_learnt_nothing_are_not_missing(self):
        """The table says "no runs" only where there are none."""
        for kind, names in (("fig2", ("three_phases", "hallucination", "confidence", "attention_rises")),
                            ("lawless", ("plateau_power_law",)), ("exposure", ("detection",)),
                            ("injection", ("new_words", "power_law_of_steps")), ("mixture", ("critical_falls",))):
            study = study_of(kind)
            for run in study:
                run.scalars.update(plateau_start=np.nan, plateau_end=np.nan)
                run.records.update({name: np.zeros_like(values) if name == "attribute_accuracy" else np.full_like(values, 20.0)
                                    for name, values in run.records.items() if name in ("attribute_accuracy", "attribute_loss")})
            for name in names:
                with self.subTest(finding=name):
                    result = decide(entry_of(name), study)
                    self.assertEqual((result.verdict, result.missing), (OPEN, False), result.text)

    def test_fine_tuning_is_compared_with_the_run_it_started_from(self):
        own, shorter, renamed = study_of("fig5"), study_of("fig2", -1), study_of("fig5")
        for run in shorter:
            run.settings["train_steps"] = 3000
        for run in renamed.where(distribution_kind="uniform"):
            run.name = "another study's"
        self.assertEqual(self.verdict(join([shorter, own]), "stable_attention"), self.verdict(own, "stable_attention"))
        for run in own.where(distribution_kind="replay"):
            for study in own, renamed:
                self.assertEqual(parent(study, run).settings["seed"], run.settings["seed"])
            self.assertIsNone(parent(shorter, run))

    def test_runs_with_other_settings_stay_out(self):
        for kind, name in (("fig4", "warm_up_fewer"), ("memory", "toy_hallucination"), ("figP", "rare_people"),
                           ("figV", "plasticity"), ("questions", "adaptive")):
            own, other = study_of(kind), study_of(kind, -1)
            for run in other:
                run.settings["train_weight_decay"] = 0.5
            with self.subTest(finding=name):
                self.assertEqual(self.verdict(join([own, other]), name), self.verdict(own, name))

    def test_slopes_are_paired_by_seed(self):
        whole = study_of("figV")
        rates = sorted(set(whole["train_learning_rate"]))
        gap = whole.pick([r.settings["seed"] > 1 or r.settings["train_learning_rate"] > rates[0] for r in whole])
        self.assertEqual(self.verdict(gap, "plasticity"), self.verdict(whole.where(seed=(2, 3)), "plasticity"))

    def test_lengths_of_training_are_no_batches(self):
        own, shorter = (study_of("figC").where(train_batch=64) for _ in range(2))
        for run in shorter:
            run.settings["train_steps"] = 3000
        self.assertNotIn("batch", self.verdict(join([own, shorter]), "robust")[0])
        text = self.verdict(study_of("figC"), "robust")[0]
        for hyperparameter in ("learning rate", "weight decay", "batch", "model size", "mixer"):
            self.assertIn(hyperparameter, text)

    def test_visits_at_a_falling_rate_count_only_alone(self):
        falling = study_of("figS", -1).where(train_schedule="cosine", curriculum_repeats=1)
        constant = study_of("figS").where(train_schedule="constant")
        text, verdict = self.verdict(join([falling, constant]), "easier")
        self.assertEqual(verdict, HOLDS, text)
        self.assertEqual(text.count("nats per visit"), 3)
        self.assertEqual(self.verdict(falling, "easier")[1], FAILS)

    def test_order_of_files_does_not_matter(self):
        """Uniform runs of one seed in two studies, one of them a power law with alpha 0, drew other data."""
        law, own = study_of("fig4").where(train_steps=4000), study_of("questions")
        self.assertGreater(len(law.where(population_individuals=4096, distribution_alpha=0.0)), 0)
        for name in ("throw_away", "warm_up_uniform", "repeats"):
            self.assertEqual(self.verdict(join([law, own]), name), self.verdict(join([own, law]), name))

    def test_runs_of_one_seed_count_as_one(self):
        """Uniform runs, and power laws with alpha 0, of the same seeds: one member, by their mean."""
        both = join([study_of("fig4").where(train_steps=4000, population_individuals=4096, distribution_alpha=0.0),
                     study_of("questions").where(train_steps=4000)])
        flat = of_family(both, "uniform")
        self.assertEqual(len(flat), 2 * len(set(flat.seeds)))
        self.assertEqual(list(members(flat)), [()])
        loss = flat.final("attribute_loss", "known")
        self.assertAlmostEqual(flat.by_seed(loss)[2], loss[flat.seeds == 2].mean())

    def test_courses_that_are_the_same_are_left_out(self):
        whole = study_of("questions")
        text, verdict = self.verdict(whole, "adaptive")
        self.assertIn("512 individuals until step 350 to 450 against 400", text)
        self.assertIn("1 of 3 seeds left out", text)
        ours = whole.where(curriculum_kind="adaptive", curriculum_steps=100)
        fixed = whole.where(curriculum_kind="warm_up", curriculum_individuals=512, curriculum_steps=400)
        loss = [dict(zip(map(int, own.seeds), own.final("attribute_loss", "known"))) for own in (ours, fixed)]
        self.assertIn(st.interval([loss[0][seed] - loss[1][seed] for seed in (1, 3)]).text(), text)
        twins = []
        for run in fixed:
            drawn = np.where(run.steps < 400, 512.0, 4096.0)
            twins.append(replace(run, settings=run.settings | {"curriculum_kind": "adaptive", "curriculum_steps": 0.0},
                                 records=run.records | {"draw_count": drawn}))
        text, verdict = self.verdict(Study("", [*fixed, *twins]), "adaptive")
        self.assertEqual(verdict, OPEN, text)
        self.assertIn("3 of 3 seeds", text)

    def test_opponents_of_growth_are_fixed_by_settings(self):
        """The best warm-up is another one: of 512 individuals for 400 steps."""
        whole = study_of("questions")
        text = self.verdict(whole, "growth")[0]
        self.assertIn("from 1024 individuals for 800 steps", text)
        self.assertNotIn("depends on the opponent", text)
        for run in whole.where(curriculum_kind="growth"):
            run.records["attribute_loss"] = run.records["attribute_loss"] + 0.35
        text, verdict = self.verdict(whole, "growth")
        self.assertIn("depends on the opponent", text)
        self.assertEqual(verdict, HOLDS, text)

    def test_plateaus_after_a_change_are_counted_from_it(self):
        whole = study_of("questions")
        for run in whole.where(train_steps=4000):
            end = {"throw_away": 380 + 10 * run.number("seed"), "none": 300 + 10 * run.number("seed")}
            run.scalars["plateau_end"] = end.get(run.text("curriculum_kind"), 300.0)
        text, verdict = self.verdict(whole, "throw_away_plateau")
        self.assertEqual(verdict, HOLDS)
        self.assertIn("plateau of 200 steps instead of 320; steps sooner after 200 steps of others 120 [120, 120] (3 seeds); "
                      "after 100 steps of others 20 [20, 20] (3 seeds)", text)

    def test_uniform_runs_with_the_same_draws_are_the_pairs(self):
        """Uniform runs of another kind of distribution (a power law with alpha 0) drew other individuals."""
        own, other = study_of("questions"), study_of("fig4").where(train_steps=4000, population_individuals=4096,
                                                                   distribution_kind="power_law", distribution_alpha=0.0)
        for run in other:
            run.records["attribute_loss"] = run.records["attribute_loss"] + 1
        for name in ("throw_away", "throw_away_plateau", "warm_up_uniform", "repeats"):
            self.assertEqual(self.verdict(join([other, own]), name), self.verdict(own, name))

    def test_replay_that_depends_on_its_weight_decides_nothing(self):
        softer, harder = study_of("fig5", 1), study_of("fig5", -1)
        weights = softer.where(distribution_replay_weight=(0.0, 0.125)), harder.where(distribution_replay_weight=2.0)
        as_without = [replace(run, settings=run.settings | {"distribution_replay_weight": 0.125})
                      for run in softer.where(distribution_replay_weight=0.0)]
        mixed = Study("", [*weights[0].where(distribution_replay_weight=0.0), *as_without, *weights[1]])
        self.assertEqual(self.verdict(weights[0], "replay_initial")[1], HOLDS)
        self.assertEqual(self.verdict(mixed, "replay_initial")[1], OPEN)

    def test_replay_that_softens_by_a_third_at_every_weight_softens(self):
        """Above one half, and below 1: not "depends on the weight"."""
        study = study_of("fig5")
        for run in study.where(distribution_kind="replay"):
            if run.number("distribution_replay_weight") > 0:
                accuracy = run.records["attribute_accuracy"]
                run.records["attribute_accuracy"] = accuracy[0] - (accuracy[0] - accuracy) * 2 / 3
        text, verdict = self.verdict(study, "replay_initial")
        self.assertEqual(verdict, FAILS, text)

    def test_more_new_ones_are_judged_where_something_is_left(self):
        """Nothing is left without replay: with a little the same runs decide."""
        whole = study_of("fig5").where(distribution_replay_weight=0.0)
        left = [replace(run, settings=run.settings | {"distribution_replay_weight": 0.0625}) for run in whole]
        for run in whole:
            run.records = run.records | {"attribute_accuracy": np.minimum(run.records["attribute_accuracy"], 0.05)}
        self.assertEqual(self.verdict(whole, "more_people")[1], OPEN)
        text, verdict = self.verdict(Study("", [*whole, *left]), "more_people")
        self.assertEqual(verdict, HOLDS, text)

    def test_order_of_sentences_is_judged_over_all_templates(self):
        """With 20 templates fixed order is better by as much as it is worse with 1 and with 4."""
        study = study_of("figA")
        whole = self.verdict(study, "sentence_order")[0]
        self.assertIn("with 1, ", whole)
        for run in study:
            better = run.text("population_sentence_order") == ("fixed" if run.number("population_templates") == 20 else "random")
            run.records["attribute_accuracy"] = np.where(np.isfinite(run.records["attribute_accuracy"]), 0.3 + 0.6 * better, np.nan)
        text, verdict = self.verdict(study, "sentence_order")
        self.assertIn("accuracy higher by 0.2 [0.2, 0.2] (2 seeds); by number of templates: 0.6", text)
        self.assertEqual(verdict, HOLDS)

    def test_templates_that_saturate(self):
        """All is gained by the fourth template: a straight line would be wrong."""
        study = study_of("figA")
        for run in study:
            level = 0.1 if run.number("population_templates") == 1 else 0.5
            run.records["attribute_accuracy"] = np.full_like(run.records["attribute_accuracy"], level)
        text, verdict = self.verdict(study, "templates")
        self.assertEqual((text.partition("; slope")[0], verdict),
                         ("accuracy higher by 0.4 [0.4, 0.4] (2 seeds) with 4 than with 1; by 0 [0, 0] (2 seeds) with 20 than with 4",
                          HOLDS))

    def test_plateaus_that_are_removed_are_measured_by_their_length(self):
        """They end at two thirds of the reference's step, and take a quarter of its length: phase 1 is as long."""
        study = study_of("fig3")
        for run in study:
            whole = run.text("patch_from") == "none"
            run.scalars |= {"plateau_start": 500.0, "plateau_end": 900.0 if whole else 600.0}
        text, verdict = self.verdict(study, "plateau_removed")
        self.assertIn("length 0.25 [0.25, 0.25] (3 seeds) is left; it ends at 0.667 [0.667, 0.667]", text)
        self.assertEqual(verdict, HOLDS)

    def test_robustness_is_of_each_setting(self):
        """One setting without a plateau is enough, and one that its seeds leave unsure decides nothing."""
        study = study_of("figC")
        self.assertIn("in 7 settings, 0 of them with one seed", self.verdict(study, "robust")[0])
        steep = study_of("figC", -1).where(train_weight_decay=1.0)
        others = study.pick(study["train_weight_decay"] < 1)
        text, verdict = self.verdict(Study("", [*others, *steep]), "robust")
        self.assertEqual(verdict, FAILS, text)
        self.assertIn("none: weight decay 1", text)
        torn = Study("", [*others, *study.where(train_weight_decay=1.0, seed=1), *steep.where(seed=2)])
        text, verdict = self.verdict(torn, "robust")
        self.assertEqual(verdict, OPEN, text)
        self.assertIn("unsure: weight decay 1", text)
        one = decide(entry_of("robust"), study.pick((study.seeds == 1) | (study["train_weight_decay"] < 1)))
        self.assertEqual(one.verdict, HOLDS, one.text)
        self.assertTrue(np.isnan(one.judged.p))

    def test_exponents_are_those_of_seeds(self):
        """Plateaus of N^0.7, N^0.8 and N^0.9, all bent by 0.1 (ln N)² about one population."""
        study = study_of("fig2")
        for run in study:
            x = np.log(run.number("population_individuals") / 2048)
            run.scalars["plateau_end"] = float(np.exp(6 + (0.6 + 0.1 * run.number("seed")) * x))
        text = self.verdict(study, "plateau_power_law")[0]
        self.assertIn(f"exponent of each seed {st.interval([0.7, 0.8, 0.9]).text()}; 4 populations", text)
        for run in study:
            x = np.log(run.number("population_individuals") / 2048)
            run.scalars["plateau_end"] *= float(np.exp(0.1 * x * x))
        self.assertIn("curvature 0.1 [0.1, 0.1] (3 seeds) per ln²", self.verdict(study, "plateau_power_law")[0])

    def test_groups_with_the_same_draws_are_one_measurement(self):
        """A second learning rate shows the same individuals; with other seeds it would count."""
        own = study_of("figS").where(train_schedule="constant", curriculum_repeats=1)
        other = [replace(run, settings=run.settings | {"train_learning_rate": 2e-3}) for run in
                 study_of("figS", -1).where(train_schedule="constant", curriculum_repeats=1)]
        new_seeds = [replace(run, settings=run.settings | {"seed": run.number("seed") + 10}) for run in other]
        for name in ("easier", "sooner", "forgetting"):
            text, verdict = self.verdict(Study("", [*own, *other]), name)
            self.assertEqual((verdict, text.count(", not counted")), (HOLDS, 1), text)
            text, verdict = self.verdict(Study("", [*own, *new_seeds]), name)
            self.assertEqual((verdict, text.count(", not counted")), (FAILS, 0), text)

    def test_of_the_same_draws_the_set_with_most_finished_seeds_counts(self):
        own = study_of("figS").where(train_schedule="constant", curriculum_repeats=1)
        other = [replace(run, settings=run.settings | {"train_learning_rate": 2e-3}) for run in
                 study_of("figS", -1).where(train_schedule="constant", curriculum_repeats=1)]
        cut = [replace(run, steps=run.steps[:-1], records={name: values[:-1] for name, values in run.records.items()})
               if run.number("seed") == 3 else run for run in own]
        for name in ("easier", "sooner", "forgetting"):
            for runs, expected in ((own, HOLDS), (cut, FAILS)):
                text, verdict = self.verdict(Study("", [*runs, *other]), name)
                self.assertEqual((verdict, text.count(", not counted")), (expected, 1), text)

    def test_attention_that_training_did_not_change_says_nothing(self):
        study = study_of("fig5")
        for run in study.where(distribution_kind="uniform"):
            run.records["attention_attribute_to_name"][:] = 0.2
        self.assertEqual(self.verdict(study, "stable_attention"),
                         ("no fine-tuning run with attention and with its pre-training", OPEN))

    def test_half_of_what_was_known_is_half_way_to_the_baseline(self):
        """Half is gone at 5 nats, between 2 and the baseline of 8. What is above that counts as 8."""
        steps = np.arange(0, 401, 50)
        settings = {"curriculum_groups": 4.0, "curriculum_repeats": 1.0, "train_steps": 400.0}
        loss = {"group_1": [8, 5, 2, 3, 4, 4, 4, 6, 8], "group_2": [8, 8, 8, 5, 2, 9, 9, 9, 9], "group_3": [8] * 9,
                "group_4": [8, 8, 8, 8, 8, 8, 8, 7, 6]}
        run = Run("one", "", settings, {"no_knowledge_baseline": 8.0}, steps, list(loss), [],
                  {"attribute_loss": np.array(list(loss.values()), float).T})
        rows = visits(run)
        np.testing.assert_allclose([row.forgetting for row in rows], [np.nan, 225, 25, np.nan])
        np.testing.assert_allclose([row.learning for row in rows], [50, 50, np.nan, 50])

    def test_verdicts_that_hang_on_one_seed_are_fragile(self):
        whole = study_of("figP")
        self.assertFalse(examine(entry_of("rare_people"), whole).fragile)
        self.assertTrue(examine(entry_of("rare_people"), whole.where(seed=(1, 2))).fragile)
        one_out = whole.where(seed=(1, 2, 3))
        for run in one_out.where(seed=3):
            run.records["attribute_accuracy"] = run.records["attribute_accuracy"].copy()
            run.records["attribute_accuracy"][-1] -= 0.1
        result = examine(entry_of("rare_people"), one_out)
        self.assertEqual((result.verdict, result.fragile), (OPEN, False))

    def test_another_exponent(self):
        study = study_of("fig2")
        runs = [replace(run, scalars=run.scalars | {"plateau_end": run.scalars["plateau_end"] *
                                                    (run.settings["population_individuals"] / 2048) ** 0.5}) for run in study]
        self.assertEqual(self.verdict(Study("", runs), "plateau_exponent")[1], FAILS)

    def test_a_law_must_not_hang_on_one_seed(self):
        study = study_of("fig2")
        self.assertEqual(self.verdict(study, "plateau_power_law")[1], HOLDS)
        runs = [replace(run, scalars=dict(run.scalars)) for run in study]
        for run in runs:
            shift = {1: 1.0, 2: 1.0, 3: -2.0}[run.settings["seed"]] * (0.25 if run.settings["population_individuals"]
                                                                       in (2048, 8192) else -0.25)
            run.scalars["plateau_end"] *= np.exp(shift)
        text, verdict = self.verdict(Study("", runs), "plateau_power_law")
        self.assertEqual(verdict, OPEN, text)

    def test_first_visits_do_not_count(self):
        study = study_of("figS", -1)
        runs = [replace(run, records=run.records | {"attribute_loss": run.records["attribute_loss"].copy()})
                for run in study.where(train_schedule="constant", curriculum_repeats=1)]
        before = self.verdict(Study("", runs), "easier")
        for run in runs:
            run.records["attribute_loss"][run.steps <= 1000, run.groups.index("group_1")] += 5
        self.assertEqual(self.verdict(Study("", runs), "easier"), before)

    def test_every_finding_states_its_criterion(self):
        text = findings.criteria()
        for entry in findings.FINDINGS:
            self.assertTrue(entry.decide.__doc__, entry.title)
            self.assertIn(f"\n{entry.title} (figure {entry.figures})\n", text)
            self.assertRegex(entry.changed, r"^(2026-\d\d-\d\d)?$")

    def test_runs_of_several_studies_meet(self):
        whole = study_of("questions")
        kinds = [whole.where(curriculum_kind="adaptive"), whole.where(curriculum_kind=("none", "warm_up"))]
        again = join([*kinds, kinds[0]])
        self.assertEqual(len(again), len(kinds[0]) + len(kinds[1]))
        self.assertEqual(self.verdict(again, "adaptive"), self.verdict(whole, "adaptive"))


def first_rows(report, titles):
    """{title: cells} of the first table of a report."""
    lines = [line[2:-2].split(" | ") for line in report.splitlines() if line.startswith("| ")]
    return {title: dict(zip(lines[0], next(line for line in lines if line[0] == title))) for title in titles}


def report_of(scales):
    return findings.report(scales, findings.decide_all(scales))


class Tables(unittest.TestCase):
    """The table of findings at one scale and at two."""

    def test_two_scales_side_by_side(self):
        rare, toy, again = ("Fine-tuning on rare seen people is net-positive",
                            "Toy memory: confidently wrong about keys that it has never seen",
                            "Three phases: statistics, plateau, knowledge")
        small = findings.Scale("small", [study_of("figP"), study_of("memory")])
        night = findings.Scale("night", [study_of("figP", -1)])
        rows = first_rows(report_of([small, night]), (rare, toy, again))
        self.assertEqual([rows[title]["difference"] for title in rows], ["opposite", "runs only at small", "no runs"])
        self.assertTrue(rows[rare]["small"].startswith("all 0."))
        self.assertTrue(rows[rare]["night"].startswith("all -0."))
        self.assertEqual([rows[title]["criterion"] for title in rows], ["before", "before", "2026-11-23"])
        one = report_of([findings.Scale("", small.studies)])
        rows = first_rows(one, (rare, toy, again))
        self.assertEqual(list(rows[rare]), ["finding", "figure", "paper", "these data", "verdict", "p", "criterion"])
        self.assertRegex(rows[rare]["p"], "^[0-9.e-]+, stays$")
        self.assertEqual((rows[again]["p"], rows[again]["verdict"]), ("no runs", f"**{OPEN}**"))
        self.assertIn("\nDecided are ", one)

    def test_differences_in_words(self):
        yes, no, unsure, none = (Decided("", st.Judged(verdict)) for verdict in (HOLDS, FAILS, OPEN, OPEN))
        none.missing = True
        for results, words in (((yes, yes), "same"), ((no, no), "same"), ((yes, no), "opposite"), ((unsure, unsure), "undecided"),
                               ((unsure, yes), "decided only at night"), ((no, unsure), "decided only at small"),
                               ((none, yes), "runs only at night"), ((none, unsure), "undecided, runs only at night"),
                               ((none, none), "no runs")):
            self.assertEqual(findings.difference(["small", "night"], results), words)

    def test_counts(self):
        kinds = [("figP", "figA"), ("figP", "fig5")]
        own = [[decide(entry, join([study_of(kind) for kind in two])) for entry in findings.FINDINGS] for two in kinds]
        holds, fails = ([sum(result.verdict == verdict for result in results) for results in own] for verdict in (HOLDS, FAILS))
        self.assertTrue(all(holds) and sum(fails), (holds, fails))
        scales = [findings.Scale(title, [study_of(kind) for kind in two]) for title, two in zip(("small", "night"), kinds)]
        lines, rows = findings.counts_of(findings.decide_all(scales)), len(findings.FINDINGS)
        for line, title, yes, no in zip(lines, ("small", "night"), holds, fails):
            self.assertTrue(line.startswith(f"At {title} scale: decided are {yes + no} of {rows} ({yes} hold, {no} do not); "), line)
        either = sum(OPEN not in pair or pair[0] != pair[1] for pair in zip(*([r.verdict for r in results] for results in own)))
        self.assertTrue(lines[2].startswith(f"At one scale or another: decided are {either} of {rows}; "), lines)

    def test_numbers_for_programs(self):
        scales = [findings.Scale(title, [study_of("figP", sign)]) for title, sign in (("small", 1), ("night", -1))]
        rows = [one for one in findings.numbers_of(findings.decide_all(scales)) if one["runs"]]
        rare = [one for one in rows if one["finding"] == "Fine-tuning on rare seen people is net-positive"]
        self.assertEqual([(one["scale"], one["verdict"], one["stays"], one["criterion"]) for one in rare],
                         [("small", HOLDS, True, "before"), ("night", FAILS, True, "before")])
        runs = study_of("figP").where(distribution_among="others")
        gains = [st.interval(runs.final("attribute_accuracy", g) - runs.first("attribute_accuracy", g)) for g in
                 ("known", "others")]
        self.assertEqual(rare[0]["intervals"], [{"mean": i.mean, "low": i.low, "high": i.high, "seeds": 3} for i in gains])
        self.assertEqual(rare[0]["p"], max(i.p() for i in gains))

    def test_all_rows_of_all_scales_are_one_family(self):
        table = findings.decide_all([findings.Scale(str(k), [study_of("figP")]) for k in range(2)])
        judged = [result.judged for row in table.results for result in row]
        self.assertEqual([stay for row in table.stays for stay in row], st.benjamini_hochberg(judged))


# figure: kind of data
DRAWN = {"2": "fig2", "F": "fig2", "M": "fig2", "3": "fig3", "D": "fig3", "4": "fig4", "G": "fig4", "H": "fig4",
         "I": "fig4", "J": "fig4", "K": "fig4", "L": "fig4", "5": "fig5", "N": "fig5", "O": "fig5", "A": "figA",
         "C": "figC", "P": "figP", "Q": "memory", "R": "memory", "S": "figS", "T": "figS", "U": "figS", "V": "figV",
         "X": "figS", "W": "figW", "questions": "questions",
         "precision": "precision", "exposure": "exposure", "injection": "injection", "mixture": "mixture", "optimizers": "optimizers",
         "bits": "bits", "asking": "asking"}


def with_curriculum(kind, last=400, **settings):
    """A run whose subset is seen past its plateau at step 150."""
    steps = np.arange(0, last + 1, 50)
    loss = np.stack([np.full(len(steps), 6.0), np.where(steps < 150, 6.0, 1.0)], axis=1)
    drawn = np.where(steps < 150 + settings.get("curriculum_steps", 0), 64, 640.0)
    settings = {"curriculum_kind": kind, "curriculum_steps": 0, "population_individuals": 640, "train_batch": 32,
                **settings}
    return Run("one", "", settings, {"no_knowledge_baseline": 6.1}, steps, ["known", "subset"], [],
               {"attribute_loss": loss, "draw_count": drawn})


class Curricula(unittest.TestCase):
    def test_ends_are_those_of_the_settings_or_of_the_subset(self):
        self.assertEqual(curriculum_end(with_curriculum("warm_up", curriculum_steps=120)), 120)
        self.assertEqual(curriculum_end(with_curriculum("throw_away", curriculum_epochs=3)), 60)
        for added in (0, 50, 70):
            self.assertEqual(curriculum_end(with_curriculum("adaptive", curriculum_steps=added)), 150 + added)
        for run in (with_curriculum("none"), with_curriculum("sequential"), with_curriculum("adaptive", last=100),
                    with_curriculum("adaptive", last=200, curriculum_steps=70),
                    with_curriculum("growth", curriculum_steps=401)):
            self.assertTrue(np.isnan(curriculum_end(run)))

    def test_marks_are_in_the_legend_once(self):
        panel = Sheet("", 1, 1).panel("", "", "")
        panel.mark_end(np.nan, "end of the curriculum")
        self.assertIsNone(panel.axes.get_legend())
        for step, place in ((100, None), (200, None), (200, 3)):
            panel.mark_end(step, "end of the curriculum", place=place)
        self.assertEqual([t.get_text() for t in panel.axes.get_legend().get_texts()], ["end of the curriculum"])
        self.assertEqual([line.get_xdata()[0] for line in panel.axes.lines], [100, 200, 200])


class Figures(unittest.TestCase):
    def test_every_figure_is_drawn_with_its_data(self):
        self.assertEqual(set(DRAWN), set(figures.FIGURES))
        for name, kind in DRAWN.items():
            with self.subTest(figure=name):
                picture = FILES / f"{name}.png"
                figures.draw(name, study_of(kind), picture)
                self.assertGreater(picture.stat().st_size, 2000)
                with xr.open_dataset(numbers_beside(picture)) as data:
                    self.assertTrue(any(np.isfinite(v).any() for v in data.values() if v.dtype.kind == "f"))
                    self.assertTrue(all("long_name" in v.attrs for v in data.variables.values()))

    def test_data_are_those_of_the_runs(self):
        study = study_of("fig2")
        figures.draw("2", study, FILES / "two.png")
        with xr.open_dataset(FILES / "two_numbers.nc") as data:
            for n in (1024, 8192):
                own = study.where(population_individuals=n).scalar("plateau_end")
                drawn = data["step_end_of_the_plateau"][0].sel(step_end_of_the_plateau_x=n)
                self.assertAlmostEqual(float(drawn), own.mean())
            lines = [str(v) for v in data["attribute_loss_nats_loss_by_population_line"].values]
            curve = data["attribute_loss_nats_loss_by_population"][lines.index("2k")]
        own = study.where(population_individuals=2048).final("attribute_loss", "known")
        self.assertAlmostEqual(float(curve[-1]), own.mean())

    def test_plateaus_that_are_not_over_have_no_mean(self):
        study = study_of("fig4")
        cell = study.where(population_individuals=4096, train_steps=4000, distribution_alpha=0.4,
                           distribution_kind="power_law")
        cell.runs[0].scalars["plateau_end"] = np.nan
        figures.draw("G", study, FILES / "over.png")
        with xr.open_dataset(FILES / "over_numbers.nc") as data:
            lines = [str(v) for v in data["step_end_of_the_plateau_4000_steps_line"].values]
            table = data["step_end_of_the_plateau_4000_steps"]
        gaps = np.argwhere(np.isnan(table.values))
        self.assertEqual([[lines[line], float(table[table.dims[1]][x])] for line, x in gaps], [["4k", 0.4]])

    def test_the_best_alpha_is_one_that_all_cells_have(self):
        study = study_of("fig4").where(distribution_kind="power_law")
        some = study.pick([run.settings["population_individuals"] < 8192 or run.settings["distribution_alpha"] != 0.4
                           for run in study])
        best, alphas = best_alphas(some.cells("train_steps", "population_individuals"))
        self.assertEqual(alphas, [0, 0.2, 0.6, 0.8, 1])
        self.assertEqual(set(map(len, best.values())), {3})
        self.assertNotIn(0.4, [alpha for of in best.values() for alpha in of.values()])

    def test_questions_at_another_population_are_drawn_too(self):
        study = study_of("questions")
        for run in study.where(curriculum_kind="throw_away"):
            run.settings["population_individuals"] = 2048
            run.scalars["plateau_end"] = np.nan if run.settings["seed"] == 1 else 300
        sheet = figures.draw("questions", study, FILES / "ways.png")
        self.assertEqual(sheet.notes, ["No uniform run of 2k individuals, 4000 steps."])
        with xr.open_dataset(FILES / "ways_numbers.nc") as data:
            lines = [str(v) for v in data["final_loss_2k_individuals_4000_steps_line"].values]
            self.assertTrue(np.isnan(data["plateau_end_2k_individuals_4000_steps"]).all())
        self.assertEqual(lines, [f"throw-away {steps} steps" for steps in (100, 200, 800)])

    def test_attention_is_that_of_single_runs(self):
        study = study_of("fig2")
        figures.draw("F", study, FILES / "layers.png")
        run = study.where(population_individuals=8192, seed=2).runs[0]
        name = "attention_attribute_to_name"
        with xr.open_dataset(FILES / "layers_numbers.nc") as data:
            lines = [str(v) for v in data[f"{name}_line"].values]
            curve = data[name].values[lines.index("layer 3, seed 2")]
        np.testing.assert_allclose(curve, run.curve(name, layer=3)[1])
        self.assertEqual((len(lines), name_layer(run)), (9, 3))

    def test_cells_say_why_they_have_no_mean(self):
        study = study_of("fig3")
        for start, seeds in ((500, (1,)), (1000, (1, 2, 3))):
            for run in study.where(patch_from="reference", patch_start=start, seed=seeds):
                run.scalars["plateau_end"] = np.nan
        runs = study.where(patch_from="reference", patch_reference=(0, 500))
        runs = runs.pick([run.settings["patch_start"] < 2000 or run.settings["patch_reference"] > 0 for run in runs])
        words = grid_of(runs, reference_of, start_of, plateau_ends)[3]
        self.assertEqual(words[1:3], [["not over\nin 1 of 3"] * 2, ["not over"] * 2])
        sheet = figures.draw("D", join([runs, study.where(patch_from="none")]), FILES / "why.png")
        self.assertEqual(sheet.notes, ["Blank cells: not run."])
        self.assertEqual([t.get_text() for t in sheet.panels[0].axes.texts if "over" in t.get_text()], [])
        self.assertEqual(len([t for t in sheet.panels[1].axes.texts if "over" in t.get_text()]), 4)

    def test_half_times_below_one_evaluation_are_bounds(self):
        sheet = Sheet("", 1, 1)
        panel = sheet.panel("half", "visit", "steps")
        draw_half_times(panel, {1: [(300, 50), (200, 50)], 2: [(30, 50), (60, 50)], 3: [(np.nan, 50)]}, "learning", "k")
        sheet.save(FILES / "half.png")
        self.assertEqual([t.get_text() for t in panel.axes.get_legend().get_texts()], ["at most"])
        bounds = [line.get_xydata().tolist() for line in panel.axes.lines if line.get_marker() == "v"]
        self.assertEqual(bounds, [[[2, 55]]])
        with xr.open_dataset(FILES / "half_numbers.nc") as data:
            self.assertEqual(data["steps_half"].values.tolist(), [[250, 55]])
        self.assertEqual(first_evaluations(study_of("figS").runs[0]), [25] * 4)

    def test_turns_end_with_the_loss_of_the_group_visited_last(self):
        study = study_of("figV").where(train_learning_rate=1e-4)
        sheet = figures.draw("V", study, FILES / "turns.png")
        name = next(panel.name for panel in sheet.panels if "last" in panel.name)
        with xr.open_dataset(FILES / "turns_numbers.nc") as data:
            np.testing.assert_allclose(data[name].values[0], [
                study.where(curriculum_repeats=n).final("attribute_loss", "group_2").mean() for n in (1, 2, 4)])

    def test_heat_maps_say_what_uniform_runs_reach(self):
        for figure, kind in (("H", "celebrities"), ("I", "warm-up")):
            study = study_of("questions")
            loss = of_family(study, "uniform").where(train_steps=4000).final("attribute_loss", "known").mean()
            sheet = figures.draw(figure, study, FILES / "twin.png")
            self.assertTrue(sheet.panels[0].title.get_text().endswith(f"uniform {loss:.3g}"))
            without = of_family(study, kind, "power law")
            self.assertNotIn("uniform", figures.draw(figure, without, FILES / "twin.png").panels[0].title.get_text())

    def test_names_that_do_not_fit_go_into_a_legend(self):
        for heights, named in (((1, 2, 3), True), ((1, 1.001, 1.002, 1.003, 3), False)):
            sheet = Sheet("", 1, 1)
            panel = sheet.panel("lines", "x", "y")
            for height in heights:
                panel.line([0, 1], [0, height], label=f"line {height}")
            panel.baseline(2.5)
            sheet.save(FILES / "names.png")
            legends = [[t.get_text() for t in one.get_texts()] for one in panel.axes.artists]
            written = {text.get_text() for text in panel.axes.texts}
            if named:
                self.assertEqual((legends, written), ([], {"line 1", "line 2", "line 3", "no-knowledge baseline"}))
            else:
                self.assertEqual(written, set())
                self.assertEqual(legends, [["line 3", "line 1.003", "line 1.002", "line 1.001", "line 1",
                                            "no-knowledge\nbaseline"]])

    def test_names_of_levels_cover_no_line(self):
        sheet = Sheet("", 1, 1)
        panel = sheet.panel("lines", "x", "y")
        panel.line([0, 0.8, 1], [3, 3, 2], low=[0, 0, 0], high=[4, 4, 4])
        panel.line([0.7, 1], [2.1, 2.1])
        panel.baseline(2)
        sheet.save(FILES / "levels.png")
        box = panel.axes.texts[0].get_window_extent()
        self.assertEqual(box.count_contains(panel.pixels()), 0)

    def test_every_kind_has_a_colour_of_its_own(self):
        self.assertEqual(set(COLOUR_OF), set(FAMILIES))
        self.assertEqual(len(set(COLOUR_OF.values())), len(FAMILIES))

    def test_logarithmic_axes_have_ticks_however_short(self):
        for low, high in ((1, 1e5), (270, 1300), (30, 400), (560, 750), (6.1, 6.4)):
            ticks = RoundTicks().tick_values(low, high)
            self.assertGreater(sum((low <= tick <= high) for tick in ticks), 2, ticks)

    def test_other_data_is_refused_with_a_reason(self):
        for name in figures.FIGURES:
            if DRAWN[name] not in ("memory",):
                with self.subTest(figure=name):
                    with self.assertRaises(MissingRuns) as refused:
                        figures.draw(name, study_of("memory"), FILES / "none.png")
                    self.assertIn(": no ", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
