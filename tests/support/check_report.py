"""Compares the data in a page of lore report with the files that it was made from.

    check_report.py PAGE DIRECTORY     every run that has a readable metrics file, value by value
    check_report.py --data PAGE        prints the data as JSON, for tests with jq or Python

The page is read as a browser reads it: the data end at the first "</script".
"""

import json
import math
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

ALONE = ("train_loss", "draw_count", "draw_alpha")
BY_GROUP = ("attribute_loss", "attribute_accuracy", "max_probability", "stored_bits_per_parameter", "auroc_confidence",
            "question_accuracy")
BY_LAYER = ("attention_name_to_name", "attention_attribute_to_name", "attention_attribute_to_text",
            "attention_sharpness")


class Page(HTMLParser):
    """Its scripts, and what it would load."""

    def __init__(self):
        super().__init__()
        self.scripts, self.inside, self.loads = [], None, []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "script":
            self.inside = given.get("id", "")
            self.scripts.append([self.inside, ""])
        self.loads += [value for name, value in attributes if name in ("src", "href") and not value.startswith("#")]

    def handle_endtag(self, tag):
        if tag == "script":
            self.inside = None

    def handle_data(self, data):
        if self.inside is not None:
            self.scripts[-1][1] += data


def read(path):
    page = Page()
    page.feed(Path(path).read_text(encoding="utf-8"))
    assert page.loads == [], page.loads
    found = [text for name, text in page.scripts if name == "report-data"]
    assert len(page.scripts) == 3 and len(found) == 1, "not the scripts of a report"
    return json.loads(found[0])


def columns(file):
    """(key, values) of every curve, with NaN for fill values."""
    def values(name):
        return np.ma.filled(file[name][...].astype(float), math.nan)

    def labels(name):
        return [str(label) for label in file[name][...]]
    for name in ALONE:
        yield name, values(name)
    for name in BY_GROUP:
        for i, group in enumerate(labels("group")):
            yield f"{name} {group}", values(name)[:, i]
    for name in BY_LAYER:
        for i in range(len(file.dimensions["layer"]) if name in file.variables else 0):
            yield f"{name} {i + 1}", values(name)[:, i]


def same(a, b, digits):
    if b is None or math.isnan(b):
        return a is None
    return a is not None and math.isclose(a, b, rel_tol=10.0 ** (1 - digits) / 2, abs_tol=1e-300)


def check_curve(key, curve, grid, steps, values):
    if curve is None:
        assert np.isnan(values).all(), f"{key} is missing"
        return 0
    if isinstance(curve, (int, float)):
        assert all(same(curve, value, 9) for value in values), f"{key} is not constant"
        return 1
    at = curve["at"] if isinstance(curve, dict) else range(len(values))
    shown = curve["value"] if isinstance(curve, dict) else curve
    assert len(at) == len(shown) and at[0] == 0 and at[-1] == len(values) - 1, key
    for index, value in zip(at, shown):
        assert grid[index] == steps[index] and same(value, values[index], 5), (key, index, value, values[index])
    for extreme in (np.nanargmin(values), np.nanargmax(values)):
        assert any(same(value, values[extreme], 5) for value in shown), f"{key} lost an extreme"
    return len(shown)


def check_run(data, run, path):
    import netCDF4  # not for --data
    with netCDF4.Dataset(path) as file:
        steps = [int(step) for step in file["step"][...]]
        number = {name: float(np.ma.filled(file[name][...], math.nan)) for name in
                  ("plateau_start", "plateau_end", "no_knowledge_baseline")}
        assert run["records"] == len(steps) and run["last_step"] == steps[-1]
        assert run["seed"] == int(file["seed"][...]) and run["host"] == file.host
        assert run["phase"] == int(file["phase"][-1])
        assert same(run["time"], float(file["wall_time"][-1]), 9)
        assert same(run["baseline"], number["no_knowledge_baseline"], 9)
        for name in ("plateau_start", "plateau_end"):
            assert same(run[name], number[name], 9), name
        for setting, value in zip(data["settings"], run["values"]):
            stored = file[setting["key"].replace(".", "_")]
            if stored.dtype.kind in "if":
                assert math.isclose(float(value), float(stored[...]), rel_tol=1e-8), setting["key"]
        found, points = list(columns(file)), 0
        assert {key for key, _ in found} >= set(run["curves"])
        for key, values in found:
            points += check_curve(key, run["curves"].get(key), data["grids"][run["grid"]], steps, values)
            assert same(run["final"][key], values[-1], 9), key
    return points


def main(page, directory):
    data = read(page)
    points, whole = 0, 0
    for run in data["runs"]:
        if "curves" in run:
            points += check_run(data, run, Path(directory, "runs", run["id"], "metrics.nc"))
            whole += 1
    print(f"{len(data['runs'])} runs, {whole} with metrics, {points} points")
    return 0 if points else 1


if __name__ == "__main__":
    if sys.argv[1] == "--data":
        print(json.dumps(read(sys.argv[2])))
    else:
        sys.exit(main(*sys.argv[1:]))
