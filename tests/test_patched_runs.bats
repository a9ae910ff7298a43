#!/usr/bin/env bats
# Patched runs: what they start from and use; the same bits for any number of ranks, and when killed
# and gone on with.

load support/common
load support/whole_runs

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/patching.yaml
  train_alone
}

@test "a patched run is the plain one until patching begins, and uses the reference's attention then" {
  "$PYTHON" - "$ALONE/runs" <<'END'
import sys
import xarray as xr

def run(name):
    return xr.open_dataset(f"{sys.argv[1]}/patching-{name}-seed1/metrics.nc")

def check(plain, patched, reference, start):
    before = (plain.step.values < start) | (start == 40)
    assert (patched.attribute_loss.values[before] == plain.attribute_loss.values[before]).all()
    after = plain.step.values >= start
    used = patched.attention_attribute_to_name.values
    if start < 40:  # the patterns of the snapshot, whatever the model has become
        record = plain.step.values.tolist().index(reference)
        assert (used[after] == plain.attention_attribute_to_name.values[record]).all()
        assert (used[~after] == plain.attention_attribute_to_name.values[~after]).all()
        assert (patched.attribute_loss.values[-1] != plain.attribute_loss.values[-1]).all()

for start in (0, 20, 40):
    for reference in (0, 20, 40):
        check(run("plain"), run(f"patched-reference{reference}-start{start}"), reference, start)
check(run("plain_bf16"), run("patched_bf16"), 20, 20)
assert (run("plain_bf16").attribute_loss.values != run("plain").attribute_loss.values).all()
END
}

@test "patching that begins after the last step gives the weights of the reference" {
  same_weights "$ALONE/runs/patching-plain-seed1/checkpoints/weights_00000040.nc" \
    "$ALONE/runs/patching-patched-reference20-start40-seed1/checkpoints/weights_00000040.nc"
}

@test "queries and keys of a model that is patched from the start only decay" {
  "$PYTHON" - "$ALONE/runs" <<'END'
import sys
import numpy as np
import xarray as xr

def weights(name, step):
    path = f"{sys.argv[1]}/patching-{name}-seed1/checkpoints/weights_{step:08d}.nc"
    return xr.open_dataset(path).layer_2_attention_qkv.values

first, last = weights("plain", 0), weights("patched-reference20-start0", 40)
ratio = last[:, :64] / first[:, :64]  # of width 32: queries and keys
assert np.ptp(ratio) < 1e-5 and ratio.mean() < 1, (ratio.min(), ratio.max())
assert np.ptp(last[:, 64:] / first[:, 64:]) > 0.1
END
}

@test "two ranks make the same bits, and four of some runs" {
  same_by_ranks 2
  same_by_ranks 4 patching-plain-seed1 patching-patched-reference{20-start20,0-start20,40-start0}-seed1
}

@test "killed at random moments and gone on with: the same bits" {
  same_when_killed "${LORE_KILLS:-12}" 2
}
