#!/usr/bin/env bash
# How long 16 ranks wait for each other over links with a delay, now and in an earlier version:
#
#   tests/delay.sh BUILD COMMIT [MICROSECONDS [WIDTH [STEPS]]]
#
# Each rank lives in a network namespace of its own; Open MPI starts it there and uses TCP. The links have a delay of
# MICROSECONDS (1,000) one way, by `tc netem` where the kernel has it, else by tests/support/delay_switch.c. The
# earlier version is built from COMMIT. Both train a model of WIDTH (16) for STEPS (53) in turn, three times;
# tests/support/time_ranks.c says what is printed. Needs root, and a quiet machine: 16 ranks that poll share its cores,
# and whatever else runs is waited for at every message.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,4p' "$0" >&2 && exit 2; }
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(cd "$1" && pwd) commit=$2 delay=${3:-1000} width=${4:-16} steps=${5:-53}
ranks=16
home=$((ranks + 1)) # the namespace that mpirun runs in
work=$(mktemp -d) pid=
spaces=()
for i in $(seq "$home"); do spaces+=("lore-$$-$i"); done

clean_up() {
  [ -z "$pid" ] || kill "$pid" || true
  for space in "${spaces[@]}"; do ip netns del "$space" 2>/dev/null || true; done
  ip link del "lore$$" 2>/dev/null || true
  git -C "$source" worktree remove --force "$work/earlier" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

# The kernel delays what leaves a namespace towards a bridge.
link_by_netem() {
  local space i=0
  ip link add "lore$$" type bridge && ip link set "lore$$" up
  for space in "${spaces[@]}"; do
    i=$((i + 1))
    ip link add "l$$-$i" type veth peer name slow netns "$space"
    ip link set "l$$-$i" master "lore$$" up
    ip netns exec "$space" tc qdisc add dev slow root netem delay "${delay}us" limit 100000
  done
}

has_netem() {
  ip netns exec "${spaces[0]}" tc qdisc add dev lo root netem delay 1us 2>/dev/null &&
    ip netns exec "${spaces[0]}" tc qdisc del dev lo root
}

link_by_switch() {
  "${CC:-cc}" -O2 -o "$work/switch" "$source/tests/support/delay_switch.c"
  mkfifo "$work/said"
  "$work/switch" "$delay" "${spaces[@]}" >"$work/said" &
  pid=$!
  read -r _ <"$work/said"
}

link_spaces() {
  local space i=0
  for space in "${spaces[@]}"; do ip netns add "$space"; done
  if has_netem; then link_by_netem; else link_by_switch; fi
  for space in "${spaces[@]}"; do
    i=$((i + 1))
    ip -n "$space" link set lo up
    ip -n "$space" link set slow mtu 9000 up
    ip -n "$space" addr add "10.99.0.$i/24" dev slow
  done
}

# What Open MPI runs in place of ssh: HOST COMMAND...
make_agent() {
  cat >"$work/agent" <<END
#!/bin/sh
host=\$1
shift
exec ip netns exec "lore-$$-\${host##*.}" unshare --uts sh -c "hostname \$host; \$*"
END
  chmod +x "$work/agent"
}

# measure NAME PROGRAM
measure() {
  local hosts
  hosts=$(seq -s, -f '10.99.0.%g' "$ranks")
  printf '%s ' "$1"
  ip netns exec "${spaces[ranks]}" unshare --uts sh -c "hostname 10.99.0.$home
    exec mpirun --mca plm rsh --mca plm_rsh_agent '$work/agent' --mca plm_rsh_no_tree_spawn 1 --mca pml ob1 \
      --mca btl tcp,self --mca btl_tcp_if_include slow --mca oob_tcp_if_include slow --mca mpi_yield_when_idle 1 \
      --host $hosts -n $ranks '$2' $width $steps" | tr '\n' ' '
  echo
}

# The earlier version has its own helper of the same place in its build; ours takes it.
git -C "$source" worktree add -f --detach "$work/earlier" "$commit" >/dev/null 2>&1
cp "$source/tests/support/time_ranks.c" "$work/earlier/tests/support/train_ranks.c"
"$work/earlier/jobs/setup.sh" -p tests -b "$work/earlier/build" >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
make -C "$work/earlier/build" tests/support/train_ranks >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
make -C "$build" tests/support/time_ranks >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
make_agent
link_spaces
for _ in 1 2 3; do
  measure earlier "$work/earlier/build/tests/support/train_ranks"
  measure now "$build/tests/support/time_ranks"
done
