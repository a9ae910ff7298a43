#!/usr/bin/env bats
# lore settings: the reference of all settings.

load support/common

@test "the reference names every section" {
  "$LORE" settings >reference
  for section in population model train distribution evaluate checkpoint compute; do
    grep -qx "$section:" reference
  done
}

@test "a section and a key select" {
  "$LORE" settings checkpoint train.clip >some
  [ "$(grep -cE '^  [a-z]' some)" -eq 3 ]
}

@test "the JSON reference is valid and complete" {
  command -v python3 || skip "needs python3"
  "$LORE" settings --json >all.json
  python3 - all.json <<'END'
import json, sys
settings = json.load(open(sys.argv[1]))
by_key = {s["key"]: s for s in settings}
assert len(by_key) == len(settings) > 30
assert by_key["name"]["default"] is None
assert by_key["train.learning_rate"]["default"] == 4e-4
assert by_key["model.norm"]["choices"] == ["rms", "layer"]
assert by_key["checkpoint.snapshots"]["default"] == []
assert by_key["train.steps"]["unit"] == "steps"
assert by_key["train.steps"]["tasks"] == ["biographies", "memory"] and by_key["memory.keys"]["tasks"] == ["memory"]
assert by_key["distribution.alpha"]["needs"] == {"key": "distribution.kind", "values": ["power_law"]}
assert by_key["patch.start"]["needs"] == {"key": "patch.from", "values": None} and by_key["seed"]["needs"] is None
assert {k for k, s in by_key.items() if s["decides"] == "runtime"} == {
    "train.reduction", "checkpoint.every", "checkpoint.snapshots", "compute.threads", "compute.gemm",
    "compute.isa"}
assert by_key["model.width"]["shape"] and not by_key["model.initial_scale"]["shape"]
assert by_key["model.initial_scale"]["start"] == "yes" and by_key["train.clip"]["start"] == "no"
assert by_key["seed"]["sweep"] and not by_key["name"]["sweep"] and not by_key["evaluate.groups"]["sweep"]
for s in settings:
    if s["type"] in ("integer", "number"):
        assert s["least"] <= s["default"] <= s["most"], s
    if s["type"] == "choice":
        assert s["default"] in s["choices"], s
END
}

@test "an unknown name is refused with the nearest one" {
  code=0
  "$LORE" settings --json trian >out 2>err || code=$?
  [ "$code" -eq 2 ] && [ ! -s out ]
  [ "$(cat err)" = "lore: error: no setting or section is called 'trian'; did you mean 'train'?" ]
}

@test "an unknown option is refused" {
  code=0
  "$LORE" settings --xml >out 2>err || code=$?
  [ "$code" -eq 2 ] && [ ! -s out ] && grep -q -- --xml err
}

@test "help goes to stdout" {
  "$LORE" settings --help 2>err | grep -q '^usage: lore settings'
  [ ! -s err ]
}

@test "a full disk is an error" {
  [ -w /dev/full ] || skip "needs /dev/full"
  code=0
  "$LORE" settings >/dev/full 2>err || code=$?
  [ "$code" -eq 1 ]
}
