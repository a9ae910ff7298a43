#!/usr/bin/env bats
# lore export: what is in the file, which runs it can be made of, what is refused, full disks.

load support/common

setup_file() {
  export STUDY=$LORE_SOURCE/tests/studies/tiny.yaml
}

# python FILE: the program on stdin, with `ds` as FILE's content.
python() {
  need_xarray
  { printf 'import sys\nimport numpy as np\nimport xarray as xr\nds = xr.load_dataset("%s")\n' "$1" && cat; } >program.py
  "$PYTHON" program.py "${@:2}"
}

# same A B: two files of tokens have the same values, settings of computing aside.
same() {
  "$PYTHON" - "$1" "$2" <<'END'
import sys
import xarray as xr

a, b = (xr.load_dataset(path).drop_vars(["compute_threads", "train_shard"]) for path in sys.argv[1:])
assert a.identical(b.assign_attrs({name: a.attrs[name] for name in ("history", "date_created", "lore_settings")})), (a, b)
END
}

@test "steps: every variable is described, sequences are biographies" {
  [ "$("$LORE" export "$STUDY" -o tokens.nc --steps 3:7)" = \
    "tokens.nc: steps 3 to 6, 32 sequences, $(ncdump -h tokens.nc | sed -n 's/^\tposition = \([0-9]*\) ;/\1/p') tokens" ]
  [ "$(ncdump -k tokens.nc)" = netCDF-4 ]
  python tokens.nc <<'END'
assert dict(ds.sizes) == dict(ds.sizes) | {"step": 4, "sequence": 8, "sentence": 6, "attribute": 6, "template": 25}
for name, variable in ds.variables.items():
    assert variable.attrs["long_name"] and (variable.dtype.kind in "OSU" or variable.attrs["units"]), name
assert ds.attrs["Conventions"] == "CF-1.8 ACDD-1.3" and ds.attrs["run_id"] == "tiny-seed1"
assert ds.attrs["steps_before"] == "0" and "export" in ds.attrs["history"] and "threads" not in ds.attrs
assert list(ds.step.values) == [3, 4, 5, 6] and list(ds.sequence.values) == list(range(8))
rate = 1e-7 + (2e-3 - 1e-7) * (1 + np.cos(np.pi * ds.step / 39)) / 2
np.testing.assert_allclose(ds.learning_rate, rate, rtol=1e-12)
assert float(ds.train_beta2) == 0.95 and str(ds["name"].values) == "tiny"
assert ds.role.attrs["flag_meanings"] == "template name value" and list(ds.role.attrs["flag_values"]) == [0, 1, 2]
kinds = ds.sentence_attribute.attrs["flag_meanings"].split()
assert kinds == [str(a) for a in ds.attribute.values] and kinds[1] == "birth_date"

words, names = ds.word.values, {}
assert words[0] == "<begin>" and (ds.individual < 64).all()
end = 0
for i, s in np.ndindex(4, 8):
    one = ds.isel(step=i, sequence=s)
    at, length = int(one.offset), int(one.length)
    assert at == end
    end = at + length
    token, target = ds.token.values[at:end], ds.target.values[at:end]
    role, target_role = ds.role.values[at:end], ds.target_role.values[at:end]
    assert token[0] == 0 and (token[1:] == target[:-1]).all() and (role[1:] == target_role[:-1]).all()
    assert words[target[-1]] == "." and sorted(one.sentence_attribute.values) == list(range(6))
    text = []
    for k in range(6):
        here = one.isel(sentence=k)
        name = words[token[int(here.name_at):][:3]]
        assert names.setdefault(int(one.individual), tuple(name)) == tuple(name)
        value = slice(int(here.value_at), int(here.value_at) + int(here.value_length))
        assert (target_role[value] == 2).all()
        template = str(ds.template_text.values[int(here.sentence_attribute), int(here.sentence_template)])
        text.append(template.replace("[name]", " ".join(name)).replace("<value>", " ".join(words[target[value]])))
    assert " ".join(words[target]) == " ".join(text)
    assert (target_role == 2).sum() == int(one.value_length.sum()) and (target_role == 1).sum() == 18
assert end == ds.sizes["position"] and len(names) > 10
END
}

@test "evaluation: all groups, the same individuals as they are numbered" {
  [ "$("$LORE" export "$STUDY" -o tokens.nc --evaluation)" = \
    "tokens.nc: 48 sequences, $(ncdump -h tokens.nc | sed -n 's/^\tposition = \([0-9]*\) ;/\1/p') tokens" ]
  python tokens.nc <<'END'
assert [str(group) for group in ds.group.values] == ["known", "held_out"] and ds.sizes["sequence"] == 24
assert list(ds.group_first.values) == [0, 64] and list(ds.group_individuals.values) == [64, 32]
who = ds.individual.values
assert (who[0] < 64).all() and (who[1] >= 64).all() and (who[1] < 96).all()
assert "step" not in ds.variables and "learning_rate" not in ds
END
}

@test "the same for any number of ranks and threads, and however training shares its batch" {
  "$LORE" export "$STUDY" -o alone.nc --steps 0:20
  mpirun -n 2 "$LORE" export "$STUDY" -o ranks.nc --steps 0:20 -s compute.threads=3 -s train.shard=8
  same alone.nc ranks.nc
  "$LORE" export "$STUDY" -o alone.nc --evaluation
  "$LORE" export "$STUDY" -o threads.nc --evaluation -s compute.threads=2
  same alone.nc threads.nc
}

@test "runs of a sweep: what starts from another run's weights continues behind its data" {
  cat - "$STUDY" >sweep.yaml <<'END'
experiments:
  pre: {train: {steps: 40}}
  tune: {start_from: {experiment: pre, step: 20}}
  patched: {patch: {from: pre, start: 5}}
END
  fails 2 "$LORE" export sweep.yaml -o tokens.nc --steps 0:5
  [ "$output" = "lore: error: the study has 3 runs; name one with --run ID ('lore plan' lists them)" ]
  fails 2 "$LORE" export sweep.yaml -o tokens.nc --steps 0:5 --run tiny-seed1
  [ "$output" = "lore: error: --run tiny-seed1: the study has no such run; 'lore plan' lists its runs" ]
  [ ! -e tokens.nc ]
  for run in pre tune patched; do
    "$LORE" export sweep.yaml -o $run.nc --steps 0:40 --run tiny-$run-seed1
  done
  python pre.nc <<'END'
tune, patched = (xr.load_dataset(f"{name}.nc") for name in ("tune", "patched"))
assert (tune.individual.values[:20] == ds.individual.values[20:]).all()
assert (tune.sentence_template.values[:20] == ds.sentence_template.values[20:]).all()
assert tune.attrs["steps_before"] == "20" and str(tune.start_run.values) == "tiny-pre-seed1" and tune.start_step == 20
assert (patched.token.values == ds.token.values).all() and patched.attrs["steps_before"] == "0"
assert str(patched.patch_run.values) == "tiny-pre-seed1" and patched.patch_step == 40
END
}

@test "an adaptive curriculum needs the run's own evaluations" {
  cat - "$STUDY" >adaptive.yaml <<'END'
curriculum: {kind: adaptive, individuals: 4, steps: 5}
END
  fails 2 "$LORE" export adaptive.yaml -o tokens.nc --steps 0:5
  [[ $output == "lore: error: with curriculum.kind adaptive, what a step shows depends on "*"(--results DIR)" ]]
  "$LORE" export adaptive.yaml -o groups.nc --evaluation
  fails 1 "$LORE" export adaptive.yaml -o tokens.nc --steps 0:5 --results nowhere
  [[ $output == *"cannot read nowhere/runs/tiny-seed1/study.yaml: No such file or directory" ]]
  "$LORE" run -q adaptive.yaml -o results -s train.steps=20000 3>&- &
  job=$!
  for try in $(seq 400); do
    [ ! -s results/runs/tiny-seed1/metrics.nc ] || break
    sleep 0.01
  done
  kill -USR1 $job
  wait $job || [ $? -eq 75 ]
  fails 2 "$LORE" export adaptive.yaml -o tokens.nc --steps 0:20000 --results results -s train.steps=20000
  pattern="what tiny-seed1 shows from step ([0-9]+) on depends on its evaluation there, which results/runs/tiny-seed1/metrics.nc does not have yet"
  [[ $output =~ $pattern ]]
  [ ! -e tokens.nc ]
  "$LORE" export adaptive.yaml -o tokens.nc --steps 0:"${BASH_REMATCH[1]}" --results results -s train.steps=20000
  fails 2 "$LORE" export adaptive.yaml -o other.nc --steps 0:$((BASH_REMATCH[1] + 1)) --results results -s train.steps=20000
  fails 2 "$LORE" export adaptive.yaml -o other.nc --steps 0:40 --results results -s curriculum.individuals=5
  [[ $output == *"results/runs/tiny-seed1 was begun with other settings:"*"curriculum.individuals"* ]]
  [ ! -e other.nc ]
}

# refused MESSAGE ARGUMENT...: exit code 2, this message, and no file.
refused() {
  local message=$1
  shift
  fails 2 "$LORE" export "$@"
  [ "$output" = "lore: error: $message" ]
  [ -z "$(ls ./*.nc* 2>/dev/null)" ]
}

@test "wrong steps, a toy memory, missing options" {
  local steps expected="expected A:B with 0 <= A < B, for steps A to B-1"
  for steps in 5:5 7:3 -1:4 3 3: :3 a:b 1:2:3 1:2x 1.5:3 ""; do
    refused "--steps $steps: $expected" "$STUDY" -o tokens.nc --steps "$steps"
  done
  refused "--steps 0:41: tiny-seed1 has steps 0 to 39 (train.steps), so at most 0:40" "$STUDY" -o tokens.nc --steps 0:41
  refused "--steps 50:60: tiny-seed1 has steps 0 to 39 (train.steps), so at most 0:40" "$STUDY" -o tokens.nc --steps 50:60
  refused "lore export needs a file to write: -o FILE" "$STUDY" --evaluation
  refused "lore export needs one of --steps A:B and --evaluation" "$STUDY" -o tokens.nc
  refused "lore export needs one of --steps A:B and --evaluation, not both" "$STUDY" -o tokens.nc --evaluation --steps 0:1
  local toy=toy-pretrain-seed1
  refused "$toy has no tokens to export: its task is pairs of keys and values (lore show prints them)" \
    "$LORE_SOURCE/tests/studies/memory.yaml" -o tokens.nc --steps 0:1 --run "$toy"
}

@test "where no file can be written: exit code 1, before anything is computed" {
  fails 1 "$LORE" export "$STUDY" -o missing/tokens.nc --steps 0:1
  [ "$output" = "lore: error: cannot write missing/tokens.nc: No such file or directory" ]
  mkdir tokens.nc
  fails 1 "$LORE" export "$STUDY" -o tokens.nc --steps 0:1
  [ "$output" = "lore: error: cannot write tokens.nc: Is a directory" ]
  rmdir tokens.nc
  mkfifo tokens.nc # what is written would take its place, and that of /dev/null
  fails 1 "$LORE" export "$STUDY" -o tokens.nc --steps 0:1
  [ "$output" = "lore: error: cannot write tokens.nc: it is no regular file" ]
  [ -p tokens.nc ]
}

@test "a full disk is noticed before the file is begun, and an old file stays" {
  [ "$(id -u)" -eq 0 ] || skip "needs to mount a small tmpfs"
  mkdir small
  mount -t tmpfs -o size=1m tmpfs small 2>/dev/null || skip "mounting is not allowed"
  "$LORE" export "$STUDY" -o small/tokens.nc --steps 0:1 || { umount small && false; }
  cp small/tokens.nc before.nc
  run "$LORE" export "$STUDY" -o small/tokens.nc --steps 0:400 -s train.steps=400
  cmp before.nc small/tokens.nc && ls small >left
  umount small
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$output" = "lore: error: cannot write small/tokens.nc.partial: No space left on device" ]
  [ "$(cat left)" = tokens.nc ]
}

@test "writes that fail at any moment: one message, no file" {
  cp "$LORE_BUILD/tests/support/file_fault.so" .
  local fault happened=0
  for fault in open:1:EIO write:1:ENOSPC write:2:EIO write:3:EIO write:5:EIO write:9:EIO write:20:EDQUOT write:40:EIO \
    write:60:EIO write:100:EIO close:1:EIO close:2:EIO close:3:EIO close:4:EIO fsync:1:EIO fsync:2:EIO rename:1:EIO; do
    rm -f mark
    code=0
    LD_PRELOAD=$PWD/file_fault.so LORE_FILE_FAULT=$fault:tokens.nc LORE_FAULT_FILE=$PWD/mark \
      "$LORE" export "$STUDY" -o tokens.nc --steps 0:20 >out 2>err || code=$?
    [ -e mark ] || {
      rm tokens.nc
      continue
    }
    happened=$((happened + 1))
    echo "$fault: exit code $code"
    cat err
    [ "$code" -eq 1 ]
    [ "$(grep -ac 'lore: error:' err)" -eq 1 ]
    [ -z "$(ls tokens.nc* 2>/dev/null)" ]
  done
  echo "$happened faults"
  [ "$happened" -ge 12 ]
}

@test "told to stop: nothing is left" {
  "$LORE" export "$STUDY" -o tokens.nc --steps 0:100000 -s train.steps=100000 2>err 3>&- &
  job=$!
  for try in $(seq 200); do
    [ ! -e tokens.nc.partial ] || break
    sleep 0.02
  done
  kill -INT $job || true
  code=0
  wait $job || code=$?
  cat err
  [ "$code" -eq 75 ]
  [ "$(cat err)" = "lore: stopped by signal INT; nothing was written" ]
  [ -z "$(ls tokens.nc* 2>/dev/null)" ]
}

@test "memory does not grow with the number of steps" {
  peak() {
    "$PYTHON" "$LORE_SOURCE/tests/support/peak_memory.py" "$LORE" export "$STUDY" -o "$1.nc" --steps "0:$1" \
      -s train.steps=4000
  }
  few=$(peak 10) many=$(peak 4000)
  echo "$few $many bytes, file of $(stat -c %s 4000.nc)"
  [ $((many - few)) -lt 4000000 ]
  [ "$(stat -c %s 4000.nc)" -gt 12000000 ]
}

@test "the examples of the page" {
  need_xarray
  "$LORE" export "$STUDY" -o tokens.nc --steps 0:10
  sed -n '/^## In NumPy/,/^## In PyTorch/{/^```python/,/^```/p}' "$LORE_SOURCE/doc/export.md" | grep -v '^```' >example.py
  "$PYTHON" example.py >out
  [ "$(wc -l <out)" -eq 8 ]
  grep -q '^[A-Z].* \.$' out
}

@test "questions: one sentence, and nothing where the others would be; in a group after the biographies" {
  local ask=(-s population.questions=true -s population.asked=40 -s distribution.questions=0.5)
  "$LORE" export "$STUDY" -o steps.nc --steps 0:6 "${ask[@]}"
  "$LORE" export "$STUDY" -o groups.nc --evaluation "${ask[@]}" -s evaluate.sequences=300
  cat >check.py <<'END'
kind = ds.question.values.astype(bool)
assert ds.question.attrs["flag_meanings"] == "biography question" and 0 < kind.mean() < 1
assert (ds.individual.values[kind] < 40).all() or "group" in ds.dims
first, rest = ds.isel(sentence=0), ds.isel(sentence=slice(1, None))
for name in "sentence_attribute", "sentence_template", "name_at", "value_at":
    assert (rest[name].values[kind] == -1).all() and (ds[name].values[~kind] >= 0).all(), name
assert (rest.value_length.values[kind] == 0).all() and (ds.value_length.values[~kind] > 0).all()
words = ds.word.values
for at in zip(*np.nonzero(kind)):
    begin, name, value, count = (int(first[v].values[at]) for v in ("offset", "name_at", "value_at", "value_length"))
    target = ds.target.values[begin:begin + int(ds.length.values[at])]
    text = list(words[target])
    text[value:value + count] = ["<value>"]
    text[name - 1:name + 2] = ["[name]"]
    wording = str(ds.question_text.values[int(first.sentence_attribute.values[at]), int(first.sentence_template.values[at])])
    assert " ".join(text) == wording and wording.endswith("? <value> ."), (text, wording)
END
  python steps.nc <check.py
  { cat check.py; echo 'half = kind.shape[1] // 2
assert not kind[:, :half].any() and kind[:, half:].all()
assert half == 300 and (first.sentence_attribute.values[:, half:] == np.arange(half) % 6).all()
assert list(ds.group.values) == ["known", "held_out", "asked", "not_asked"]'; } | python groups.nc
  "$LORE" export "$STUDY" -o all.nc --evaluation "${ask[@]}" -s population.asked=64
  python all.nc <<<'assert list(ds.group.values) == ["known", "held_out"]'
}
