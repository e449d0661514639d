#!/usr/bin/env bash
# Runs docs/slurm/analyze.sbatch on a real Slurm of two workers on this machine, and compares what is
# merged with one run. Needs Debian and root: it installs slurm-wlm where that is missing. Everything
# that it starts and writes is its own, in a folder that it removes, and it ends what it has started.
#
#   cargo build --release && tests/slurm/run.sh [target/release/ropelet]
set -euo pipefail
cd "$(dirname "$0")/../.."
ropelet=$(realpath "${1:-target/release/ropelet}")
test -x "$ropelet" || { echo "error: $ropelet is not there; build it first" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "error: only root may start slurmctld and slurmd" >&2; exit 2; }
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
fi

place=$(mktemp -d)
# munged wants folders that only their owner writes.
chmod 755 "$place"
started=()
end() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$place"
}
trap end EXIT

# The key and the socket are this run's own.
dd if=/dev/urandom of="$place/munge.key" bs=128 count=1 status=none
chmod 400 "$place/munge.key"
munged --foreground --force --key-file="$place/munge.key" --socket="$place/munge.socket" \
    --pid-file="$place/munge.pid" --log-file="$place/munge.log" --seed-file="$place/munge.seed" 2>/dev/null &
started+=($!)

host=$(hostname -s)
mkdir "$place/state" "$place/spool-w1" "$place/spool-w2"
cat > "$place/slurm.conf" <<CONF
ClusterName=ropelet
SlurmctldHost=$host(localhost)
SlurmctldPort=17817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge.socket
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool-%n
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd-%n.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=2
NodeName=w1 NodeHostname=$host NodeAddr=localhost Port=17818 CPUs=1 State=UNKNOWN
NodeName=w2 NodeHostname=$host NodeAddr=localhost Port=17819 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=w1,w2 Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$place/slurm.conf
for _ in $(seq 50); do [ -S "$place/munge.socket" ] && break; sleep 0.1; done
slurmctld -D -i >/dev/null 2>&1 &
started+=($!)
for worker in w1 w2; do
    slurmd -D -N "$worker" >/dev/null 2>&1 &
    started+=($!)
done
for _ in $(seq 100); do
    [ "$(sinfo --noheader --format=%D --states=idle 2>/dev/null | paste -sd+ | bc 2>/dev/null)" = 2 ] && break
    sleep 0.2
done
if ! sinfo; then
    tail -n 5 "$place"/*.log >&2
    exit 1
fi

model=$(realpath tests/data/llama)
texts=$(realpath docs/text)
export PATH="$(dirname "$ropelet"):$PATH"
export ROPELET_OPTIONS='--length 512 --lags 128 --draws 20 --untrained 2'

start=$EPOCHREALTIME
# shellcheck disable=SC2086
ropelet analyze "$model" --text "$texts" --out "$place/single" --threads 1 --quiet $ROPELET_OPTIONS |
    sed "s#$place/##g"
end=$EPOCHREALTIME
single=$(echo "$end - $start" | bc)

start=$EPOCHREALTIME
array=$(sbatch --parsable --array=1-4 --output="$place/%x-%A_%a.log" docs/slurm/analyze.sbatch "$model" "$texts" "$place/sharded")
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="$place/merge.log" \
    --wrap "ropelet merge '$place'/sharded/shard-* --out '$place/sharded'")
while [ -n "$(squeue --noheader --jobs="$merge" 2>/dev/null)" ]; do sleep 0.2; done
end=$EPOCHREALTIME
cat "$place"/ropelet-*.log "$place/merge.log" | sed "s#$place/##g"
scontrol --oneliner show job | while read -r job; do
    grep -oE '(ArrayTaskId|JobName|JobState|RunTime|BatchHost)=[^ ]*' <<< "$job" | paste -sd ' '
done | sort
echo "single run: $single s; array of 4 on 2 workers, with queueing and merging: $(echo "$end - $start" | bc) s"

python3 tests/slurm/compare.py "$place/single" "$place/sharded"
