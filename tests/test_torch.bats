#!/usr/bin/env bats
# Checkpoints as PyTorch modules (analysis/lore/torch.py) against LORE: logits, training steps, evaluations, and back.

load support/common

# train NAME SETTING...: a run of some steps with a snapshot and a record of each, in NAME/runs/NAME-seed1.
train() {
  local name=$1
  shift
  cat >"$name.yaml" <<END
name: $name
population: {individuals: 48, held_out: 16}
model: {layers: 2, width: 32, heads: 2, hidden: 64}
train: {steps: 8, batch: 8, shard: 2, learning_rate: 5.0e-03, warmup_steps: 2, clip: 0.5}
evaluate: {every: 1, dense_every: 0, dense_until: 0, sequences: 24, attention_sequences: 4}
checkpoint: {snapshots: [0, 1, 2, 3, 4, 5, 6, 7]}
compute: {threads: 1}
END
  "$LORE" run -q "$name.yaml" -o "$name" "$@"
  printf '%s\n' "$@" >"$name.settings"
}

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  export WITHOUT=
  "$PYTHON" -c 'import torch, xarray, netCDF4' 2>/dev/null || WITHOUT="no $PYTHON with torch, xarray and netCDF4"
  [ -z "$WITHOUT" ] || return 0
  train attention
  train plain -s model.norm=layer -s model.bias=true -s model.positions=learned -s model.activation=relu \
    -s model.tied_embedding=false -s train.clip=0
  train recurrent -s model.mixer=rg_lru
  train biased -s model.mixer=rg_lru -s model.bias=true -s model.norm=layer -s model.tied_embedding=false
  train rounded -s train.precision=bf16
  train learned -s population.individuals=1 -s train.steps=160 -s train.learning_rate=1.5e-02 -s evaluate.every=80 \
    -s 'checkpoint.snapshots=[0,80]'
  train asking -s population.questions=true -s population.asked=20 -s distribution.questions=0.5 \
    -s train.learning_rate=1.5e-02
  train roundgates -s train.precision=bf16 -s model.mixer=rg_lru -s model.positions=none -s model.bias=true
}

setup() {
  [ -z "$WITHOUT" ] || skip "$WITHOUT"
  cd "$BATS_FILE_TMPDIR" || return
}

torch() {
  "$PYTHON" "$LORE_SOURCE/tests/support/check_torch.py" "$@"
}

# settings NAME: those the run was trained with, in $given.
settings() {
  mapfile -t given <"$1.settings"
  [ -n "${given[0]}" ] || given=()
}

# scores NAME STEP...: what LORE makes of the run's weights after these steps, and its part of the arguments of torch
# logits, in $arguments.
scores() {
  local name=$1 step folder=$1/runs/$1-seed1
  shift
  arguments+=(${arguments:+--} "$folder")
  for step in "$@"; do
    step=$(printf %08d "$step")
    mkdir -p "$name.scores"
    "$LORE_BUILD/tests/support/write_logits" "$folder/study.yaml" "$folder/checkpoints/weights_$step.nc" \
      >"$name.scores/weights_$step.scores"
    arguments+=("$name.scores/weights_$step.scores")
  done
}

@test "logits are LORE's and numpy's to 1e-5: attention" {
  local arguments=()
  scores attention 0 3 8
  scores plain 3 8
  scores learned 80 160
  torch logits "${arguments[@]}"
}

@test "logits are LORE's and numpy's to 1e-5: RG-LRU" {
  local arguments=()
  scores recurrent 0 3 8
  scores biased 3 8
  torch logits "${arguments[@]}"
}

@test "logits in bf16: the same operands are rounded" {
  local arguments=()
  scores rounded 3 8
  scores roundgates 3 8
  torch logits "${arguments[@]}"
}

# exported CHECK OPTIONS NAME...: torch CHECK of these runs and what lore export OPTIONS writes of them.
exported() {
  local check=$1 options=$2 name given arguments=()
  shift 2
  for name in "$@"; do
    settings "$name"
    # shellcheck disable=SC2086 # several words
    "$LORE" export "$name.yaml" -o "$name.nc" $options "${given[@]}"
    arguments+=(${arguments:+--} "$name/runs/$name-seed1" "$name.nc")
  done
  torch "$check" "${arguments[@]}"
}

# From the first weights on, with what lore export writes.
@test "training steps in PyTorch lead to LORE's next weights: attention" {
  exported training "--steps 0:5" attention plain asking
}

@test "training steps in PyTorch lead to LORE's next weights: RG-LRU" {
  exported training "--steps 0:4" recurrent biased
}

@test "training steps in bf16" {
  exported training "--steps 0:3" rounded roundgates
}

@test "attribute loss and accuracy of known and held-out individuals are those of the metrics" {
  exported evaluation --evaluation learned recurrent rounded asking
}

@test "a patched run: the reference's attention" {
  cat - attention.yaml >patched.yaml <<'END'
experiments:
  reference: {}
  changed: {patch: {from: reference, reference: 8, start: 0}}
END
  "$LORE" run -q patched.yaml -o patched
  "$LORE" export patched.yaml -o tokens.nc --steps 0:6 --run attention-changed-seed1
  "$PYTHON" - "$LORE_SOURCE" <<'END'
import sys
sys.path.insert(0, sys.argv[1] + "/analysis")
import torch, xarray as xr, lore.torch

runs = "patched/runs/attention-{}-seed1/"
tokens, metrics = xr.load_dataset("tokens.nc"), xr.load_dataset(runs.format("changed") + "metrics.nc")
reference = lore.torch.load(runs.format("reference") + "checkpoints/weights_00000008.nc")
model = lore.torch.load(runs.format("changed") + "checkpoints/weights_00000004.nc")
inputs, targets = lore.torch.batch(tokens, 4)
with torch.no_grad():
    losses = [float(lore.torch.loss_sum(model, inputs, targets, whose)) / int((targets >= 0).sum())
              for whose in (reference, None)]
wanted = float(metrics.train_loss.sel(step=5))
assert abs(losses[0] / wanted - 1) < 2e-6 < abs(losses[1] / wanted - 1), (losses, wanted)
END
}

@test "a checkpoint that PyTorch writes: the same if nothing is changed, and lore run starts from it" {
  "$PYTHON" -c 'import xxhash' 2>/dev/null || skip "no $PYTHON with xxhash"
  local name given
  for name in attention biased; do
    settings "$name"
    torch save "$name/runs/$name-seed1" mine.nc
    [ ! -e mine.nc.partial ]
    cat - "$name.yaml" >from.yaml <<<'start_from: {file: mine.nc}'
    "$LORE" run -q from.yaml -o from --overwrite "${given[@]}"
    "$LORE" export from.yaml -o tokens.nc --steps 0:1 "${given[@]}"
    "$PYTHON" - "$LORE_SOURCE" "$name" <<'END'
import sys
sys.path.insert(0, sys.argv[1] + "/analysis")
import numpy as np, xarray as xr, lore.torch

run = f"from/runs/{sys.argv[2]}-seed1/"
begun, mine = (xr.load_dataset(path) for path in (run + "checkpoints/weights_00000000.nc", "mine.nc"))
assert begun.attrs["checksum_xxh3_128"] == mine.attrs["checksum_xxh3_128"] and begun.embedding.equals(mine.embedding)
assert begun.attrs["start_step"] == "13" and begun.attrs["steps_before"] == "13"
assert begun.attrs["start_checksum"] == mine.attrs["checksum_xxh3_128"]
tokens, record = xr.load_dataset("tokens.nc"), xr.load_dataset(run + "metrics.nc").isel(step=1)
assert tokens.attrs["steps_before"] == "13"
inputs, targets = lore.torch.batch(tokens, 0)
loss = float(lore.torch.loss_sum(lore.torch.load("mine.nc"), inputs, targets)) / int((targets >= 0).sum())
assert abs(loss / float(record.train_loss) - 1) < 1e-5
END
  done
}

@test "nothing is left of a checkpoint that cannot be written; other files are refused" {
  "$PYTHON" -c 'import xxhash' 2>/dev/null || skip "no $PYTHON with xxhash"
  "$PYTHON" - "$LORE_SOURCE" <<'END'
import os, sys
sys.path.insert(0, sys.argv[1] + "/analysis")
import resource, signal
import lore.torch
from lore.errors import Damaged, Mistake

model = lore.torch.load("attention/runs/attention-seed1/checkpoints/weights_00000008.nc")
for path, error in (("attention.yaml", Damaged), ("nowhere.nc", FileNotFoundError),
                    ("attention/runs/attention-seed1/metrics.nc", Mistake)):
    try:
        lore.torch.load(path)
    except error as what:
        print(type(what).__name__, what)
    else:
        raise AssertionError(path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
try:
    lore.torch.save(model, "small.nc")
except OSError as what:
    print(type(what).__name__, what)
else:
    raise AssertionError("written")
assert not [name for name in os.listdir() if name.startswith("small.nc")]
END
}

@test "the examples of the page" {
  "$PYTHON" -c 'import xxhash' 2>/dev/null || skip "no $PYTHON with xxhash"
  mkdir -p page/results && cp -R attention/runs page/results
  cd page
  "$LORE" export ../attention.yaml -o groups.nc --evaluation
  "$LORE" export ../attention.yaml -o tokens.nc --steps 0:8
  sed -n '/^## In PyTorch/,/^## Checking/{/^```python/,/^```/p}' "$LORE_SOURCE/doc/export.md" | grep -v '^```' |
    sed "s|\"analysis\"|\"$LORE_SOURCE/analysis\"|; s|three-phases-seed1|attention-seed1|; s|00006000|00000008|" >page.py
  "$PYTHON" page.py >out
  [ "$(wc -l <out)" -eq 10 ]
  grep -q '^held_out Scores(attribute_loss=' out
  [ -s mine.nc ]
}

@test "nothing else of the package needs PyTorch" {
  mkdir -p without/torch
  echo 'raise ImportError("not here")' >without/torch/__init__.py
  for module in "$LORE_SOURCE"/analysis/lore/*.py; do
    module=$(basename "$module" .py)
    [[ $module == torch || $module == __main__ ]] || echo "import lore.$module"
  done >imports.py
  PYTHONPATH=$PWD/without:$LORE_SOURCE/analysis "$PYTHON" imports.py
  [ "$(wc -l <imports.py)" -gt 7 ]
}
