#!/usr/bin/env bash
# Installs what is missing, builds LORE, trains a small model and plots how it learned.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

results=results/quickstart
jobs/setup.sh
build/lore run jobs/studies/quickstart.yaml -o "$results" --overwrite
"${PYTHON:-/usr/bin/python3}" analysis/quickstart.py "$results"

picture=$PWD/$results/quickstart.png
echo "lore: the program is $PWD/build/lore, the plot $picture"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
  xdg-open "$picture" >/dev/null 2>&1 &
fi
