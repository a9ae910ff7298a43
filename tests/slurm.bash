# A Slurm of its own for a test file: munged, slurmctld and two slurmd (n1, n2) on this machine, in a
# temporary directory and on free ports. Slurm of the machine is not touched.
#
#   slurm_start DIRECTORY   sets SLURM_CONF; fails with the reason in $slurm_reason
#   slurm_stop

slurm_free_port() {
  "${PYTHON:-/usr/bin/python3}" -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

slurm_write_configuration() {
  local cores
  cores=$(nproc)
  cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$(slurm_free_port)
AuthType=auth/munge
AuthInfo=socket=$slurm_directory/munge.socket
CryptoType=crypto/munge
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$slurm_directory/state
SlurmdSpoolDir=$slurm_directory/spool.%n
SlurmctldPidFile=$slurm_directory/slurmctld.pid
SlurmdPidFile=$slurm_directory/slurmd.%n.pid
SlurmctldLogFile=$slurm_directory/slurmctld.log
SlurmdLogFile=$slurm_directory/slurmd.%n.log
TmpFS=$slurm_directory/tmp.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
MpiDefault=pmix
ReturnToService=2
MinJobAge=600
KillWait=10
InactiveLimit=0
SlurmdTimeout=10
MaxArraySize=1001
JobRequeue=1
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$(slurm_free_port) CPUs=$cores State=UNKNOWN
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$(slurm_free_port) CPUs=$cores State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP OverSubscribe=NO
END
}

slurm_start_munge() {
  mkdir -m 711 "$slurm_directory/munge"
  dd if=/dev/urandom of="$slurm_directory/munge/key" bs=1 count=1024 status=none
  chmod 400 "$slurm_directory/munge/key"
  munged --force --key-file="$slurm_directory/munge/key" --socket="$slurm_directory/munge.socket" \
    --pid-file="$slurm_directory/munged.pid" --log-file="$slurm_directory/munged.log" \
    --seed-file="$slurm_directory/munge/seed" >"$slurm_directory/munged.out" 2>&1 3>&-
}

slurm_wait_idle() {
  local try
  for try in $(seq 150); do
    [ "$(sinfo -h -N -o '%T' 2>/dev/null | grep -c '^idle$')" -eq 2 ] && return
    sleep 0.2
  done
  return 1
}

slurm_start() {
  local command node
  slurm_directory=$1 slurm_reason=
  export SLURM_CONF=$1/slurm.conf
  for command in munged slurmctld slurmd sbatch srun scontrol; do
    PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || slurm_reason="$command is missing"
  done
  [ "$(id -u)" -eq 0 ] || slurm_reason="starting slurmd needs root"
  [ -z "$slurm_reason" ] || return 1
  PATH=$PATH:/usr/sbin
  mkdir -p "$1"/{state,spool.n1,spool.n2,tmp.n1,tmp.n2}
  chmod 755 "$1"
  slurm_write_configuration
  slurm_start_munge || slurm_reason="munged does not start: $(cat "$1/munged.out")"
  slurmctld -f "$SLURM_CONF" >"$1/slurmctld.out" 2>&1 3>&- || slurm_reason="slurmctld does not start"
  for node in n1 n2; do
    slurmd -N $node -f "$SLURM_CONF" >"$1/slurmd.$node.out" 2>&1 3>&- ||
      slurm_reason="slurmd does not start: $(cat "$1/slurmd.$node.out")"
  done
  slurm_wait_idle || slurm_reason=${slurm_reason:-"the nodes do not become idle"}
  [ -z "$slurm_reason" ]
}

slurm_stop() {
  local file
  [ -f "$SLURM_CONF" ] || return 0
  scancel --full --user="$(id -un)" 2>/dev/null || true
  pkill -KILL -f "^slurmstepd: .*" -s 0 2>/dev/null || true
  for file in slurmd.n1 slurmd.n2 slurmctld munged; do
    [ -f "$slurm_directory/$file.pid" ] && kill "$(cat "$slurm_directory/$file.pid")" 2>/dev/null
  done
  sleep 1
  for file in slurmd.n1 slurmd.n2 slurmctld munged; do
    [ -f "$slurm_directory/$file.pid" ] && kill -KILL "$(cat "$slurm_directory/$file.pid")" 2>/dev/null
  done
  return 0
}
