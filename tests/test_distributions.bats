#!/usr/bin/env bats
# Distributions, curricula, groups and fine-tuning in whole runs: whom they show; the same bits for any
# number of ranks, and when killed and gone on with.

load support/common
load support/whole_runs

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/distributions.yaml
  train_alone
}

@test "every distribution and curriculum shows whom it says" {
  "$LORE" show -n 4 "$STUDY" >people
  "$PYTHON" "$LORE_SOURCE/tests/support/exposure_checks.py" "$ALONE" people
  "$PYTHON" "$LORE_SOURCE/tests/support/check_definitions.py" exposure "$ALONE"
}

@test "lore export writes what exposure.nc counts, for every distribution and curriculum" {
  "$PYTHON" - "$LORE" "$STUDY" "$ALONE" <<'END'
import subprocess
import sys
from pathlib import Path

import numpy as np
import xarray as xr

lore, study, results = sys.argv[1:]
folders = sorted(Path(results, "runs").iterdir())
for folder in folders:
    exposure, steps = xr.load_dataset(folder / "exposure.nc"), int(xr.open_dataset(folder / "metrics.nc").train_steps)
    subprocess.run([lore, "export", study, "-o", "tokens.nc", "--steps", f"0:{steps}", "--run", folder.name,
                    "--results", results], check=True, stdout=subprocess.DEVNULL)
    tokens = xr.load_dataset("tokens.nc")
    count = exposure.sizes["individual"]
    every = tokens.individual.values.ravel()
    draws = np.bincount(every[every < count], minlength=count)
    assert (draws == exposure.draws).all(), folder.name
    fresh = every[every >= count]  # each of them once
    assert len(set(fresh)) == len(fresh) and (len(fresh) > 0) == ("mixture" in folder.name)
    shown, first = np.unique(every, return_index=True)
    shown, first = shown[shown < count], first[shown < count]
    assert (exposure.first_step.values[shown] == first // tokens.sizes["sequence"]).all(), folder.name
    if "adaptive" in folder.name:  # it widened in the middle, and not at once
        assert 5 < int(tokens.attrs["widened_at"]) < steps and draws[4:].sum() > 0
        at = int(tokens.attrs["widened_at"])
        assert (tokens.individual[:at] < 4).all() and not (tokens.individual[at:] < 4).all()
assert len(folders) == 15
END
}

@test "two ranks make the same bits, and four of runs whose parts of a batch differ" {
  same_by_ranks 2
  same_by_ranks 4 whom-{mixture,shards,repeats,asking}-seed1
}

@test "killed at random moments and gone on with: the same bits" {
  same_when_killed "${LORE_KILLS:-12}" 4
}
