"""lore.open, lore.phases, lore.compare and lore.plot: what researchers call, on results of `lore run` and stored studies.

check_package.py ANALYSIS_DIRECTORY RESULTS SMALL [unittest options]

RESULTS holds, as tests/test_package.bats makes them: whole (a study with its collected file), broken (the same, with a run that
is damaged, one that has not begun, one that is cut short and one that says it is done and has too few records), other (a study
with more layers, groups and steps), toy. SMALL: data/small.
"""

import os
import shutil
import sys
import unittest
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

ANALYSIS, RESULTS, SMALL = (Path(sys.argv.pop(1)).resolve() for _ in range(3))
sys.path.insert(0, str(ANALYSIS))
import lore  # noqa: E402

if "xarray" in sys.modules or "matplotlib" in sys.modules:
    raise SystemExit("'import lore' alone imports what commands may not have")
import matplotlib  # noqa: E402
import xarray as xr  # noqa: E402
from lore import statistics  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def opened(*paths):
    """lore.open without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lore.Incomplete)
        return lore.open(*paths)


@lru_cache(maxsize=None)
def stored(name):
    """A stored study; tests do not change it."""
    return lore.open(SMALL / f"{name}.nc")


@lru_cache(maxsize=None)
def whole():
    return lore.open(RESULTS / "whole")


def without_collection(name):
    """A copy of a directory of results without its collected file."""
    copy = RESULTS / f"{name}_alone"
    if not copy.exists():
        shutil.copytree(RESULTS / name, copy)
        for collected in copy.glob("*.nc"):
            collected.unlink()
    return copy


class Opening(unittest.TestCase):
    def setUp(self):
        self.whole = whole()

    def same(self, a, b):
        """Identical, and said which variable is not."""
        self.assertEqual(set(a.variables), set(b.variables))
        for name in a.variables:
            self.assertEqual(a[name].dtype.kind, b[name].dtype.kind, name)
            self.assertTrue(a[name].variable.identical(b[name].variable), f"{name}: {a[name].variable} {b[name].variable}")
        self.assertTrue(a.identical(b))

    def test_directories_and_collected_files_are_alike(self):
        for name in ("whole", "broken", "other", "toy"):
            collected = next((RESULTS / name).glob("*.nc"))
            self.same(opened(collected), opened(without_collection(name)))
            self.same(opened(collected), opened(RESULTS / name))

    def test_what_is_there(self):
        ds = self.whole
        self.assertEqual(dict(ds.sizes), {"run": 8, "step": 5, "group": 2, "attribute": 6, "bin": 20, "layer": 2})
        self.assertEqual(ds.attrs["swept_settings"], "train_learning_rate distribution_alpha")
        for name, kind in (("seed", "i"), ("train_learning_rate", "f"), ("distribution_alpha", "f"), ("state", "U"),
                           ("host", "U")):
            self.assertEqual((ds.coords[name].dims, ds[name].dtype.kind), (("run",), kind), name)
        self.assertEqual((ds.coords["train_steps"].dims, ds["train_steps"].item(), ds["name"].item()), ((), 8, "demo"))
        self.assertEqual(set(ds.state.values), {"done"})
        self.assertEqual((ds.group.values.tolist(), ds.layer.values.tolist()), (["known", "held_out"], [1, 2]))
        self.assertEqual(ds.attribute_loss.attrs["units"], "nats")
        self.assertTrue(np.isnan(ds.train_loss.sel(step=0)).all() and np.isfinite(ds.train_loss.sel(step=8)).all())
        run = "demo-learning_rate2.0e-03-alpha1.0-seed2"
        with xr.open_dataset(RESULTS / "whole/runs" / run / "metrics.nc") as own:
            chosen = ds.sel(run=(ds.train_learning_rate == 2e-3) & (ds.distribution_alpha == 1) & (ds.seed == 2)).squeeze("run")
            self.assertEqual(chosen.run.item(), run)
            for variable in ("attribute_loss", "attention_sharpness", "attribute_loss_by_attribute", "phase", "plateau_end"):
                np.testing.assert_array_equal(chosen[variable].values, own[variable].values)

    def test_a_single_run(self):
        folder = sorted((RESULTS / "whole/runs").iterdir())[0]
        one = lore.open(folder)
        self.same(one, lore.open(folder / "metrics.nc"))
        self.assertEqual((one.sizes["run"], one.run.item(), one.state.item()), (1, folder.name, "done"))
        np.testing.assert_array_equal(one.attribute_loss[0], self.whole.attribute_loss.sel(run=folder.name))
        self.assertEqual(list(lore.phases(one).index), [folder.name])

    def test_runs_of_several_versions(self):
        """An earlier version began the study, and a later one the rest: what it added are no settings that differ."""
        ds = stored("optimizers")
        with xr.open_dataset(SMALL / "optimizers.nc") as file:
            self.assertTrue(0 < int(file.population_questions.isnull().sum()) < file.sizes["run"])
        self.assertEqual(set(np.atleast_1d(ds.population_questions.values)), {0})
        for name, value in (("train_optimizer", "adamw"), ("train_precision", "float32"), ("distribution_fresh", 0)):
            old = np.atleast_1d(stored("fig2")[name].values)
            self.assertEqual(set(old.tolist()), {value}, name)
        self.assertNotIn("train_optimizer", lore.open(RESULTS / "toy").variables)

    def test_damaged_missing_and_unfinished_runs(self):
        for path in (without_collection("broken"), next((RESULTS / "broken").glob("*.nc"))):
            with self.assertWarns(lore.Incomplete) as caught:
                ds = lore.open(path)
            self.assertEqual(Path(caught.filename).name, Path(__file__).name)
            self.assertRegex(str(caught.warning), r"of 8 runs, 2 cannot be read or are not whole \(demo-.*, demo-.*\); "
                                                  r"1 have no record yet \(demo-[^,]*\); 'state' says")
            states = ds.state.values.tolist()
            self.assertEqual(sorted(states), ["damaged", "damaged", *["done"] * 4, "interrupted", "waiting"])
            empty = ds.sel(run=ds.state.isin(["damaged", "waiting"]))
            self.assertTrue(np.isnan(empty.attribute_loss).all())
            for name in ("seed", "train_learning_rate", "distribution_alpha"):  # planned
                self.assertTrue(np.isfinite(empty[name]).all())
            self.assertEqual(ds.seed.dtype.kind, "i")
            cut = ds.sel(run=ds.state == "interrupted").squeeze("run").attribute_loss.sel(group="known")
            self.assertEqual(np.isfinite(cut).sum(), 3)
            table = lore.phases(ds)
            self.assertEqual(list(table.state), states)
            self.assertEqual(sorted(table.step.dropna()), [4, 8, 8, 8, 8])
            with self.assertWarns(lore.Incomplete) as caught:
                lore.compare(ds, ["train_learning_rate", "distribution_alpha"])
            self.assertIn("4 of 8 runs are not finished and left out", str(caught.warning))
            self.assertEqual(Path(caught.filename).name, Path(__file__).name)

    def test_several_studies(self):
        ds = lore.open(RESULTS / "whole", RESULTS / "other")
        self.same(ds, lore.open([RESULTS / "whole", str(RESULTS / "other")]))
        self.assertEqual(ds.step.values.tolist(), [0, 2, 3, 4, 6, 8])
        self.assertEqual((ds.sizes["run"], ds.layer.values.tolist(), ds.group.values.tolist()),
                         (10, [1, 2, 3], ["known", "held_out", "new"]))
        self.assertEqual(ds["name"].dims, ("run",))
        self.assertEqual(ds["model_layers"].values.tolist(), [2] * 8 + [3] * 2)
        first = ds.isel(run=0)
        self.assertTrue(np.isnan(first.attribute_loss.sel(group="new")).all() and np.isnan(first.entropy.sel(step=3)).all())
        self.same(lore.open(RESULTS / "whole", RESULTS / "whole"), self.whole)

    def test_names_that_two_studies_share(self):
        other = RESULTS / "renamed"
        shutil.copytree(RESULTS / "other", other, dirs_exist_ok=True)
        folder = sorted((RESULTS / "whole/runs").iterdir())[0].name
        target = other / "runs" / folder
        shutil.copytree(sorted((RESULTS / "other/runs").iterdir())[0], target, dirs_exist_ok=True)
        ds = lore.open(RESULTS / "whole", target)
        self.assertIn(f"{target}/{folder}", ds.run.values)
        self.assertIn(f"{RESULTS / 'whole'}/{folder}", ds.run.values)

    def test_a_run_that_one_place_lacks_and_another_has_is_not_missing(self):
        ds = lore.open(opened_again(RESULTS / "broken"), RESULTS / "whole")
        self.assertEqual(set(ds.state.values), {"done"})
        self.assertEqual(ds.sizes["run"], 8)

    def test_a_directory_of_studies(self):
        place = RESULTS / "place"
        place.mkdir(exist_ok=True)
        for name in ("whole", "other"):
            if not (place / name).exists():
                (place / name).symlink_to(RESULTS / name)
        self.assertEqual(lore.open(place).sizes["run"], 10)

    def test_saved_and_opened_again(self):
        part = self.whole.sel(run=self.whole.seed == 1, group=["held_out"]).drop_vars("train_loss")
        part.to_netcdf(RESULTS / "part.nc")
        again = lore.open(RESULTS / "part.nc")
        self.assertTrue(again.equals(part))
        self.assertEqual(len(lore.compare(again, ["train.learning_rate", "distribution.alpha"])), 4)

    def test_announced_defaults_of_xarray(self):
        """Options are set where this version has them; without them, warnings of what will change are errors."""
        if "use_new_combine_kwarg_defaults" not in xr.get_options():
            self.skipTest(f"xarray {xr.__version__} does not have the announced defaults")
        with xr.set_options(use_new_combine_kwarg_defaults=True):
            self.same(lore.open(RESULTS / "whole", RESULTS / "other"), opened(RESULTS / "whole", RESULTS / "other"))
            self.assertEqual(len(lore.compare(self.whole, ["train_learning_rate", "distribution_alpha"])), 4)


def opened_again(path):
    """A study whose runs that are not whole are known as such, without a warning in the caller's test."""
    warnings.simplefilter("ignore", lore.Incomplete)
    return path


class Tables(unittest.TestCase):
    def setUp(self):
        ds = stored("figG")
        self.ds = ds.sel(run=ds.experiment == "people")
        self.one = self.ds.sel(run=self.ds.population_individuals == 512)

    def values(self, alpha, variable="attribute_loss"):
        """By seed, by xarray alone."""
        ds = self.one.sel(run=self.one.distribution_alpha == alpha).sortby("seed")
        return ds[variable].values if variable == "plateau_end" else ds[variable].sel(group="known").values[:, -1]

    def test_phases(self):
        table = lore.phases(self.one)
        self.assertEqual(list(table.columns), ["population_individuals", "distribution_alpha", "seed", "state", "plateau_start",
                                               "plateau_end", "plateau_length", "phase", "step", "attribute_loss",
                                               "attribute_accuracy"])
        for name in ("plateau_start", "plateau_end", "seed"):
            np.testing.assert_array_equal(table[name], self.one[name])
        np.testing.assert_allclose(table.plateau_length, self.one.plateau_end - self.one.plateau_start)
        self.assertEqual(set(table.phase), {"recall"})
        self.assertEqual(table.attribute_loss.iloc[3], self.one.attribute_loss[3, -1, 0])
        tune = stored("figP")
        self.assertEqual(lore.phases(tune, group="held_out").attribute_loss.iloc[0],
                         tune.attribute_loss.sel(group="held_out")[0].dropna("step")[-1])
        chosen = lore.phases(tune.sel(group="held_out"))
        self.assertTrue((chosen.attribute_loss == lore.phases(tune, "held_out").attribute_loss).all())

    def test_means_and_intervals(self):
        table = lore.compare(self.one, "distribution.alpha")
        self.assertEqual((list(table.index), table.index.name), ([0, 0.4, 0.8], "distribution_alpha"))
        self.assertEqual(list(table.columns.levels[0]), sorted(["attribute_loss", "attribute_accuracy", "plateau_end"]))
        for alpha in table.index:
            for variable in ("attribute_loss", "plateau_end"):
                values, row = self.values(alpha, variable), table.loc[alpha, variable]
                half = 4.302653 * values.std(ddof=1) / np.sqrt(3)
                np.testing.assert_allclose(row, [values.mean(), values.mean() - half, values.mean() + half, 3], rtol=1e-6)

    def test_differences_are_paired_by_seed(self):
        table = lore.compare(self.one, "distribution_alpha", "attribute_loss", baseline=0)
        self.assertEqual(list(table.index), [0.4, 0.8])
        one = statistics.interval(self.values(0.8) - self.values(0))
        np.testing.assert_allclose(table.loc[0.8, "attribute_loss"], [one.mean, one.low, one.high, 3])
        fewer = self.one.sel(run=~((self.one.seed == 2) & (self.one.distribution_alpha == 0.8)))
        table = lore.compare(fewer, "distribution_alpha", "attribute_loss", baseline=0.4)
        self.assertEqual(list(table[("attribute_loss", "seeds")]), [3, 2])

    def test_several_settings(self):
        table = lore.compare(self.ds, ["population.individuals", "distribution_alpha"], ["plateau_end"], baseline=(512, 0))
        self.assertEqual(table.index.names, ["population_individuals", "distribution_alpha"])
        self.assertIn((2048, 0.4), table.index)
        seeds = table[("plateau_end", "seeds")]
        self.assertEqual((seeds[(512, 0.4)], seeds[(2048, 0.0)], seeds[(2048, 0.4)]), (3, 1, 0))
        self.assertTrue(np.isnan(table.loc[(2048, 0.0), ("plateau_end", "low")]))

    def test_held_out_loss_and_experiments(self):
        tune = stored("figP")
        table = lore.compare(tune, "distribution_among", "held_out_loss")
        final = tune.sel(run=tune.distribution_among == "all").attribute_loss.sel(group="held_out", step=1500)
        np.testing.assert_allclose(table.loc["all", ("held_out_loss", "mean")], final.mean())
        both = stored("figG")
        both = both.sel(run=(both.distribution_alpha == 0.4) & both.population_individuals.isin([512, 1024]))
        self.assertEqual(list(lore.compare(both, "experiment", "attribute_loss").index), sorted(set(both.experiment.values)))

    def test_a_variable_of_ones_own(self):
        own = self.one.assign(area=self.one.attribute_loss.sel(group="known", drop=True).sum("step"))
        self.assertEqual(lore.compare(own, "distribution_alpha", "area").shape, (3, 4))

    def test_runs_on_several_computers_are_alike(self):
        """Where a run was computed is no setting: it neither makes a comparison impossible nor two runs of one."""
        hosts = self.one.assign_coords(host=("run", [f"node{i}" for i in range(self.one.sizes["run"])]))
        self.assertTrue(lore.compare(hosts, "distribution_alpha").equals(lore.compare(self.one, "distribution_alpha")))
        hosts.to_netcdf(RESULTS / "hosts.nc")
        self.assertEqual(lore.open(RESULTS / "hosts.nc", SMALL / "figG.nc").sizes["run"], 27)

    def test_mistakes(self):
        ds, one = self.ds, self.one
        for words, call in (
                (r"no setting 'alpha'; near it: .*distribution_alpha", lambda: lore.compare(one, "alpha")),
                (r"no setting 'distribution.alfa'; near it: distribution_alpha",
                 lambda: lore.compare(one, "distribution.alfa")),
                (r"no variable .*'plateau'; near it: plateau_end, plateau_start", lambda: lore.compare(one, "seed", "plateau")),
                (r"same distribution.alpha differ in population.individuals \(512, 2048\): .*or compare by="
                 r"\['distribution_alpha', 'population_individuals'\]", lambda: lore.compare(ds, "distribution_alpha")),
                (r"no finished run has the baseline 7 of distribution.alpha; there are 0, 0.4, 0.8",
                 lambda: lore.compare(one, "distribution_alpha", baseline=7)),
                (r"no group 'rare'; there are known", lambda: lore.compare(one, "distribution_alpha", group="rare")),
                (r"not a DataArray", lambda: lore.phases(one.attribute_loss)),
                (r"dimensions 'run' and 'step'", lambda: lore.phases(one.isel(step=0))),
                (r"no curve 'atribute_loss'; near it: attribute_loss", lambda: lore.plot.curves(one, "atribute_loss")),
                (r"choose layer= of 1, 2", lambda: lore.plot.curves(one, "attention_sharpness")),
                (r"no run is finished", lambda: lore.compare(one.isel(step=slice(3)), "distribution_alpha")),
                (r"needs a path", lambda: lore.open()),
                (r"nowhere: no such file", lambda: lore.open("nowhere")),
                (r"holds no runs; give a directory of 'lore run -o'", lambda: lore.open(RESULTS / "empty")),
                (r"cannot be read as NetCDF; give a directory", lambda: lore.open(__file__)),
                (r"has no dimension 'step'", lambda: lore.open(next(RESULTS.glob("whole/runs/*/checkpoints/*.nc"))))):
            with self.subTest(words), self.assertRaisesRegex(lore.Mistake, words) as caught:
                call()
            self.assertNotIn("\n", str(caught.exception))
        with self.assertRaisesRegex(AttributeError, "it has .*compare"):
            lore.opne


class Plots(unittest.TestCase):
    def setUp(self):
        ds = stored("figG")
        self.ds = ds.sel(run=(ds.experiment == "people"))

    def tearDown(self):
        plt.close("all")

    def test_curves(self):
        axes = lore.plot.curves(self.ds, "attribute_loss", by="population.individuals")
        self.assertEqual(axes.get_legend_handles_labels()[1], ["512", "2048"])
        self.assertEqual((axes.get_xlabel(), axes.get_ylabel()), ("step", "attribute loss, known (nats)"))
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
        self.assertEqual(len(lines), 6)  # of each, three values of alpha
        ds = self.ds.sel(run=(self.ds.population_individuals == 512) & (self.ds.distribution_alpha == 0))
        np.testing.assert_allclose(lines[0].get_ydata(), ds.attribute_loss.sel(group="known").mean("run"))
        band = axes.collections[0].get_paths()[0].vertices
        self.assertAlmostEqual(band[:, 1].min(), float(ds.attribute_loss.min()), 9)
        figure, own = plt.subplots()
        self.assertIs(lore.plot.curves(self.ds, "attention_attribute_to_name", layer=2, ax=own), own)
        self.assertEqual(len(own.get_lines()), self.ds.sizes["run"])

    def test_against(self):
        axes = lore.plot.against(self.ds, "plateau_end", x="distribution.alpha", by="population_individuals")
        self.assertEqual((axes.get_xlabel(), axes.get_ylabel()), ("distribution.alpha", "plateau end (steps)"))
        means = lore.compare(self.ds.sel(run=self.ds.population_individuals == 512), "distribution_alpha", "plateau_end")
        np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), means[("plateau_end", "mean")])
        tune = stored("figP")
        axes = lore.plot.against(tune, "held_out_loss", x="distribution_among")
        self.assertEqual(axes.get_ylabel(), "attribute loss, held_out (nats)")
        axes.figure.savefig(os.devnull, format="png")

    def test_logarithmic_where_it_is_wide(self):
        ds = self.ds.sel(run=self.ds.population_individuals == 512)
        wide = ds.assign_coords(rate=("run", 10.0 ** (5 * ds.distribution_alpha.values)))
        self.assertEqual(lore.plot.against(wide, "attribute_loss", x="rate").get_xscale(), "log")
        self.assertEqual(lore.plot.against(ds, "attribute_loss", x="distribution_alpha").get_xscale(), "linear")


if __name__ == "__main__":
    unittest.main()
