#!/bin/bash
# A Flux job: stage a file to every node of the job, run a command on the nodes that have it, and
# remove the copies.
#
#     flux batch -N 9 stage.flux SOURCE DEST COMMAND [ARGUMENT]...
#
# SOURCE has to be readable only on the job's first node, where this script runs.  COMMAND is
# started by flux run, TASKS_PER_NODE times on each node.  In the environment:
# TASKS_PER_NODE (default 1)
# LAUNCHER: mpirun, or flux for flux run -o pmi=pmix, starts stagecast (default: mpirun if there is
# one; it needs ssh between the nodes, flux needs flux-pmix).
# MIN_NODES (default 1): run COMMAND only if at least so many nodes have the file.
# STAGE_LIMIT (default 1h): give up staging after that time.
# KEEP=yes: leave the copies where they are.
# Two lists stay in the folder of the job, one host a line: good-hosts.JOBID, the nodes that have the
# file, and failed-hosts.JOBID, the nodes that do not.
# flux: -N 2
# flux: --exclusive
# flux: --job-name=stagecast
set -euo pipefail

if [[ $# -lt 3 ]]; then
	echo "usage: flux batch -N NODES stage.flux SOURCE DEST COMMAND [ARGUMENT]..." >&2
	exit 2
fi
source=$1 dest=$2 copy=$2
shift 2
[[ $dest != */ && ! -d $dest ]] || copy=${dest%/}/${source##*/}
nodes=$(flux hostlist --count local)
job=$(flux getattr jobid)

good=$PWD/good-hosts.$job failed=$PWD/failed-hosts.$job
status=0
stagecast-run ${LAUNCHER:+--launcher="$LAUNCHER"} --time-limit="${STAGE_LIMIT:-1h}" \
	--good-hosts="$good" --failed-hosts="$failed" --force -- "$source" "$dest" || status=$?
if [[ $status -ne 0 && $status -ne 3 ]]; then
	echo "stage.flux: staging failed with status $status: the command was not run" >&2
	exit "$status"
fi
[[ ${KEEP:-no} == yes ]] ||
	trap 'stagecast-run ${LAUNCHER:+--launcher="$LAUNCHER"} --hostfile="$good" --remove "$copy"' EXIT

have=$(wc -l <"$good")
if [[ $have -lt ${MIN_NODES:-1} || $have -eq 0 ]]; then
	echo "stage.flux: $have of $nodes nodes have $dest, fewer than ${MIN_NODES:-1}" >&2
	exit 3
fi
[[ $have -eq $nodes ]] || echo "stage.flux: going on without $(paste -sd, "$failed")"

flux run --nodes="$have" --ntasks=$((have * ${TASKS_PER_NODE:-1})) \
	--requires="host:$(paste -sd, "$good")" "$@"
