"""Holds the JSON schema of studies against studies, and against lore check.

usage: check_schema.py LORE SOURCE

Run in an empty directory. The schema must be one of draft 2020-12; it must accept every study of the
source tree and every default, and refuse mistakes of all kinds that lore check refuses, too.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from refused_studies import read_cases  # noqa: E402

LORE, SOURCE = sys.argv[1], Path(sys.argv[2])


def printed(*arguments):
    return json.loads(subprocess.run([LORE, *arguments], check=True, capture_output=True).stdout)


SCHEMA = printed("settings", "--schema")
SETTINGS = printed("settings", "--json")
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def is_refused(study):
    return not VALIDATOR.is_valid(study)


def lore_refuses(study):
    Path("study.yaml").write_text(json.dumps(study))  # which is YAML, too
    return subprocess.run([LORE, "check", "study.yaml"], capture_output=True).returncode == 2


def with_value(key, value):
    """A study that gives the setting `key` a value, by its full name or in its section."""
    section, _, leaf = key.rpartition(".")
    study = {"name": "a"}
    (study.setdefault(section, {}) if section else study)[leaf] = value
    return study


def check_studies():
    files = sorted([*SOURCE.glob("jobs/studies/**/*.yaml"), *SOURCE.glob("tests/studies/*.yaml")])
    assert len(files) > 60, files
    for file in files:
        errors = [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(file.read_text()))]
        assert not errors, (file, errors)
    return len(files)


def check_settings():
    """Each default is valid; what is beyond the bounds, of another type, or misspelled is not."""
    for setting in SETTINGS:
        key, kind = setting["key"], setting["type"]
        if setting["default"] is not None:
            assert not is_refused(with_value(key, setting["default"])), setting
        wrong = [None, {}, {"x": 1}]
        if kind in ("integer", "number"):
            scale = max(1, abs(setting["most"]))
            wrong += [setting["least"] - 1, setting["most"] + scale, "1", [1], True]
            assert not is_refused(with_value(key, setting["most"])), setting
        if kind == "integer":
            wrong.append(0.5)
        if kind == "boolean":
            wrong += ["yes", 1, "true"]
        if kind == "choice":
            wrong += ["nonsense", setting["choices"][0].upper() + "x", 1]
            assert not any(is_refused(with_value(key, choice)) for choice in setting["choices"]), setting
        if kind == "text":
            wrong += ["a b", "", "x" * 200, "-a", 1]
        if kind == "list":
            wrong += [1, [setting["least"] - 1], ["a"], [1, 1]]
        if kind == "words":
            wrong += ["known", [""], ["a b"], [["known"]]]
        for value in wrong:
            assert is_refused(with_value(key, value)), (key, value)
        misspelled = with_value(key, setting["default"] if setting["default"] is not None else "a")
        section, _, leaf = key.rpartition(".")
        place = misspelled[section] if section else misspelled
        place[leaf + "x"] = place.pop(leaf)
        assert is_refused(misspelled), misspelled
    return len(SETTINGS)


BASE = {"name": "a", "population": {"individuals": 64}, "train": {"steps": 10}}
MISTAKES = {
    "no name": lambda s: s.pop("name"),
    "a typo in a setting": lambda s: s["train"].update(stepz=1),
    "a typo in a section": lambda s: s.update(trian={"steps": 1}),
    "a section with a value": lambda s: s.update(train=1),
    "a section that is empty": lambda s: s.update(train=None),
    "a setting out of range": lambda s: s["train"].update(steps=0),
    "a number as a text": lambda s: s["train"].update(steps="10"),
    "a part of a step": lambda s: s["train"].update(steps=1.5),
    "a wrong choice": lambda s: s.update(model={"norm": "batch"}),
    "a dotted name": lambda s: s.update({"train.steps": 3}),
    "a typo in a sweep": lambda s: s.update(sweep={"gird": {}}),
    "a typo in a grid": lambda s: s.update(sweep={"grid": {"train.stepz": [1]}}),
    "an empty grid": lambda s: s.update(sweep={"grid": {}}),
    "a value in a grid": lambda s: s.update(sweep={"grid": {"train.steps": 1}}),
    "no values in a grid": lambda s: s.update(sweep={"grid": {"train.steps": []}}),
    "out of range in a zip": lambda s: s.update(sweep={"zip": {"train.steps": [1, 0]}}),
    "a wrong choice in a grid": lambda s: s.update(sweep={"grid": {"model.norm": ["rms", "batch"]}}),
    "a range of choices": lambda s: s.update(sweep={"grid": {"model.norm": {"from": 1, "to": 2, "count": 2}}}),
    "half a range": lambda s: s.update(sweep={"grid": {"train.steps": {"from": 1, "to": 2}}}),
    "a range of one": lambda s: s.update(sweep={"grid": {"train.steps": {"from": 1, "to": 2, "count": 1}}}),
    "a sweep of a list": lambda s: s.update(sweep={"grid": {"checkpoint.snapshots": [[1]]}}),
    "a sweep of the name": lambda s: s.update(sweep={"grid": {"name": ["b"]}}),
    "no seeds": lambda s: s.update(sweep={"seeds": 0}),
    "half a seed": lambda s: s.update(sweep={"seeds": 1.5}),
    "a negative seed": lambda s: s.update(sweep={"seeds": [-1]}),
    "a table that is a list": lambda s: s.update(sweep={"table": ["a"]}),
    "no experiments": lambda s: s.update(experiments={}),
    "an experiment that is nothing": lambda s: s.update(experiments={"b": None}),
    "an experiment with a blank": lambda s: s.update(experiments={"b c": {}}),
    "an experiment with a name": lambda s: s.update(experiments={"b": {"name": "c"}}),
    "a typo in an experiment": lambda s: s.update(experiments={"b": {"train": {"stepz": 1}}}),
    "an experiment in an experiment": lambda s: s.update(experiments={"b": {"experiments": {"c": {}}}}),
    "a start of nothing": lambda s: s.update(experiments={"b": {}, "c": {"start_from": {}}}),
    "a start with a typo": lambda s: s.update(experiments={"b": {}, "c": {"start_from": {"experimnet": "b"}}}),
    "a start before the first step":
        lambda s: s.update(experiments={"b": {}, "c": {"start_from": {"experiment": "b", "step": -1}}}),
    "a start of two kinds":
        lambda s: s.update(experiments={"b": {}, "c": {"start_from": {"experiment": "b", "file": "x.nc"}}}),
    "a start of an experiment without experiments": lambda s: s.update(start_from="b"),
    "a start beside experiments": lambda s: s.update(experiments={"b": {}}, start_from={"file": "x.nc"}),
}


def check_mistakes():
    assert not is_refused(BASE) and not lore_refuses(BASE)
    for name, spoil in MISTAKES.items():
        study = copy.deepcopy(BASE)
        spoil(study)
        assert is_refused(study), f"the schema accepts {name}"
        assert lore_refuses(study), f"lore check accepts {name}"
    return len(MISTAKES)


def check_cases():
    """What lore check refuses by the exact messages of tests/broken: the schema finds a good part, and
    most mistakes of names and values; it knows nothing of settings that contradict each other."""
    share = {}
    for file in sorted(SOURCE.glob("tests/broken/*.cases")):
        found = total = 0
        for case in read_cases([file]).values():
            try:
                study = yaml.safe_load(case.study.decode())
            except (yaml.YAMLError, UnicodeDecodeError):
                continue  # an editor marks that without a schema
            if not case.options:
                total += 1
                found += is_refused(study)
        share[file.stem] = (found, total)
    print("cases refused by the schema:", share)
    for name in ("names", "values"):
        found, total = share[name]
        assert found > 0.7 * total, (name, found, total)


print(check_studies(), "studies,", check_settings(), "settings,", check_mistakes(), "mistakes")
check_cases()
