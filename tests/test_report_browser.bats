#!/usr/bin/env bats
# The page of lore report in a real browser: it opens from the disk, loads nothing, says nothing on
# the console, and does what its readers click. Continuous integration sets CI: there, a missing
# browser is a failure (packages: section browser of jobs/packages.txt).

load support/common

setup_file() {
  if ! { command -v chromium && command -v chromedriver && "$PYTHON" -c 'import selenium'; } >/dev/null 2>&1; then
    [ -n "${CI:-}" ] || skip "chromium, chromium-driver or python3-selenium is not installed"
    echo "chromium, chromium-driver or python3-selenium is not installed"
    return 1
  fi
  cat >"$BATS_FILE_TMPDIR/study.yaml" <<'END'
name: clicked
population: {individuals: 32, held_out: 8}
model: {layers: 2, width: 16, heads: 2, hidden: 32}
train: {steps: 30, batch: 4, shard: 2}
evaluate: {every: 3, sequences: 16, attention_sequences: 4}
compute: {threads: 1}
sweep:
  grid: {train.learning_rate: [1.0e-03, 2.0e-03], model.hidden: [32, 64]}
  seeds: 2
END
  cd "$BATS_FILE_TMPDIR"
  "$LORE" run -q study.yaml -o dir >/dev/null
  "$LORE" report dir
}

click() {
  # Without a directory of its own, Chromium as root may find the lock of another one.
  HOME=$BATS_TEST_TMPDIR "$PYTHON" "$LORE_SOURCE/tests/support/click_report.py" "$@"
}

@test "sort, filter, colours, widths, pictures and files" {
  "$LORE" --version | grep -q 'Chart.js *[34]' || skip "built without Chart.js"
  click sweep "$BATS_FILE_TMPDIR/dir/report.html"
}

@test "failed, damaged and unfinished runs, hostile texts, a toy memory, groups" {
  "$LORE" --version | grep -q 'Chart.js *[34]' || skip "built without Chart.js"
  cp -r "$BATS_FILE_TMPDIR/dir" .
  first=$(ls -d dir/runs/*seed1 | head -n 1) second=$(ls -d dir/runs/*seed2 | head -n 1)
  sed -i 's/^state: .*/state: failed/; s|^message: .*|message: "</script><img src=x onerror=alert(1)> é"|' "$first/state.yaml"
  truncate -s 20000 "$second/metrics.nc"
  rm -r "$(ls -d dir/runs/*seed1 | tail -n 1)"
  printf '# </script><script>alert(1)</script> "é\n' | cat - "$BATS_FILE_TMPDIR/study.yaml" >dir/study.yaml
  "$LORE" report dir
  for study in fig5 figQ; do
    "$LORE" report "$LORE_SOURCE/data/small/$study.nc" -o $study.html
  done
  click plain dir/report.html fig5.html figQ.html
}

@test "without the library, the page has its tables and says why there are no pictures" {
  sed '/^ \* Chart.js v/,/^<\/script>/{/^<\/script>/!d}' "$BATS_FILE_TMPDIR/dir/report.html" |
    sed 's|^/\*!$||' >page.html
  [ "$(stat -c %s page.html)" -lt 150000 ]
  click no-library page.html
}
