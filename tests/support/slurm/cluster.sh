#!/usr/bin/env bash
# A Slurm of one's own for tests: munged, slurmctld and slurmd for the nodes n1 and n2, all on this
# machine, below one directory and on free ports; a Slurm that the machine has is not touched.
#
#   cluster.sh DIRECTORY OWNER
#
# Stays in the foreground until DIRECTORY/stop appears, a signal comes, or process OWNER is gone;
# then ends every process of the cluster and its jobs. DIRECTORY/ready appears when both nodes are
# idle, DIRECTORY/failed (with the reason) when that cannot be had, DIRECTORY/stopped at the end.
# Clients need SLURM_CONF=DIRECTORY/slurm.conf.
set -uo pipefail
PATH=$PATH:/usr/sbin:/sbin
directory=$1 owner=$2
export SLURM_CONF=$directory/slurm.conf

# The processes of the cluster and its jobs. Numbers in files may be out of date, and names may be
# another Slurm's: the daemons have a mark in their environment, parts of a job have SLURM_CONF and a
# job's number, and slurmstepd, which writes over its environment, keeps the log open.
processes() {
  {
    grep -lzxF "LORE_TEST_SLURM=$directory" /proc/[0-9]*/environ
    grep -lzxF "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ | xargs -r grep -lz '^SLURM_JOB_ID='
    pgrep -x slurmstepd | while read -r pid; do
      find "/proc/$pid/fd" -lname "$directory/*"
    done
  } 2>/dev/null | cut -d / -f 3 | sort -u
}

clean_up() {
  local signal pids
  trap '' HUP INT TERM
  trap - EXIT
  for signal in TERM KILL KILL KILL KILL; do
    mapfile -t pids < <(processes)
    [ ${#pids[@]} -eq 0 ] && break
    kill -"$signal" "${pids[@]}" 2>/dev/null
    sleep 1
  done
  touch "$directory/stopped"
}
trap clean_up EXIT
trap 'exit 143' HUP INT TERM

fail() {
  printf '%s\n' "$*" >"$directory/failed.new"
  mv "$directory/failed.new" "$directory/failed"
  exit 1
}

# free_ports COUNT: ports of this machine on which nobody listens.
free_ports() {
  local port found=0
  while [ "$found" -lt "$1" ]; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      found=$((found + 1))
    fi
  done
}

write_configuration() {
  local ports user
  user=$(id -un)
  mapfile -t ports < <(free_ports 3)
  cat >"$SLURM_CONF" <<END
ClusterName=lore
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$directory/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$directory/state
SlurmdSpoolDir=$directory/spool.%n
TmpFS=$directory/tmp.%n
SlurmctldPidFile=$directory/slurmctld.pid
SlurmdPidFile=$directory/slurmd.%n.pid
SlurmctldLogFile=$directory/slurmctld.log
SlurmdLogFile=$directory/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=30
KillWait=5
MinJobAge=600
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=2 RealMemory=4000
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=2 RealMemory=4000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
}

make_directories() {
  mkdir -p "$directory"/{state,spool.n1,spool.n2,tmp.n1,tmp.n2} &&
    (umask 077 && head -c 128 /dev/urandom >"$directory/munge.key") &&
    chmod 755 "$directory"
}

# Every daemon stays a child in the foreground and keeps none of the files that are open here.
daemon() {
  local name=$1
  shift
  LORE_TEST_SLURM=$directory "$@" >"$directory/$name.out" 2>&1 </dev/null &
}

start_daemons() {
  # --force: warnings about who may write above the directory are no errors.
  daemon munged munged --force --foreground --key-file="$directory/munge.key" \
    --socket="$directory/munge.socket" --pid-file="$directory/munged.pid" \
    --log-file="$directory/munged.log" --seed-file="$directory/munged.seed"
  for _ in $(seq 50); do
    [ -S "$directory/munge.socket" ] && break
    sleep 0.1
  done
  munge -n --socket="$directory/munge.socket" >"$directory/munge.out" 2>&1 ||
    fail "munged does not start: $(tail -n 1 "$directory/munged.out" "$directory/munge.out" | tr '\n' ' ')"
  daemon slurmctld slurmctld -D -c
  daemon n1 slurmd -D -N n1
  daemon n2 slurmd -D -N n2
}

wait_for_nodes() {
  local _
  for _ in $(seq 60); do
    [ "$(timeout 5 sinfo -h -N -t idle -o %N 2>/dev/null | sort | tr '\n' ' ')" = "n1 n2 " ] && return
    sleep 0.5
  done
  fail "the nodes do not come up: $(cat "$directory"/{slurmctld,n1,n2}.out "$directory"/*.log 2>/dev/null |
    grep -iE 'error|fatal' | tail -n 3 | tr '\n' ' ')"
}

for program in munged munge slurmctld slurmd sinfo sbatch srun scontrol squeue scancel; do
  command -v $program >/dev/null || fail "$program is not installed"
done
make_directories || fail "$directory cannot be written"
write_configuration
srun --mpi=list 2>&1 | grep -q pmix || fail "this Slurm has no PMIx"
start_daemons
wait_for_nodes
touch "$directory/ready"
while [ ! -e "$directory/stop" ] && kill -0 "$owner" 2>/dev/null; do
  sleep 0.3
done
