#!/usr/bin/env bash
# What a fault of one node costs the other nodes: a relay that is killed half-way, and a node whose
# link has a quarter of the rate, by turns with runs without a fault, on emulated clusters.
#
#   benchmarks/faults.sh [-- OPTIONS-OF-STAGECAST]
#
# Run it as root in the build folder, on a machine with nothing else to do; it needs h5dump.
# Environment: ROUNDS (default 5); NODES, recipients (8); RATE_MBIT, of a link (50); SIZE, of the file
# in bytes (29884416); VICTIM, the node that is killed or slow (3).
set -euo pipefail

top=$(realpath "$(dirname "$0")/..")
cluster=$top/tests/cluster/cluster
rounds=${ROUNDS:-5} nodes=${NODES:-8} rate=${RATE_MBIT:-50} size=${SIZE:-29884416} victim=${VICTIM:-3}
[[ ${1:-} != -- ]] || shift
stagecast=$PWD/stagecast
if [[ ! -x $stagecast ]]; then
	echo "there is no $stagecast: run make, and this in the build folder" >&2
	exit 1
fi
chunk=16384   # as the plan would choose at this rate; known here, to see when half of the file is there

folder=$(mktemp -d "$PWD/faults.XXXXXX")
names=()
clean_up()
{
	local name

	for name in ${names[@]+"${names[@]}"}; do
		"$cluster" down "$name" || true
	done
	rm -rf "$folder"
}
trap clean_up EXIT
cd "$folder"

up()	# option of cluster up ...
{
	name=$("$cluster" up --owner $$ -n "$nodes" --rate "${rate}mbit" --name "faults-$$-${#names[@]}" \
		"$@")
	names+=("$name")
}

# When the last node had its copy, in seconds from the start of the run.  Origin and victim are left
# out.
last_copy()
{
	h5dump -w 0 -d /nodes run.h5 | awk -v victim="$victim" '
		/^ *\([0-9]+\): \{$/ || /^ *\}, \{$/ {column = 0; next}
		{
			gsub(/^ +|,$/, "")
			if (++column == 1)
				node = $0
			if (column == 12 && node + 0 > 0 && node + 0 != victim + 0) {
				count++
				if ($0 + 0 > last)
					last = $0 + 0
			}
		}
		END {print last, count + 0}'
}

# Half of the file is in the victim's journal.
wait_for_half()
{
	until [[ $("$cluster" exec --name "$name" "$victim" stat -c %s /tmp/.copy.stagecast.map \
		2>/dev/null || echo 0) -gt $((64 + 32 * size / chunk / 2)) ]]; do
		kill -0 "$running"
		sleep 0.02
	done
}

# One run: sets $took, its time.
stage()	# cluster, status, yes if a relay is to be killed, option ...
{
	local status=0 count wanted=$((nodes - 1))

	name=$1
	for ((node = 0; node <= nodes; node++)); do
		"$cluster" exec --name "$name" "$node" sh -c 'rm -f /tmp/copy /tmp/.copy.*'
	done
	"$cluster" mpirun --name "$name" -n $((nodes + 1)) "$stagecast" -q -s "$chunk" \
		--timings=run.h5 "${@:4}" source /tmp/copy 2>err &
	running=$!
	if [[ -n $3 ]]; then
		wait_for_half
		# shellcheck disable=SC2016
		"$cluster" exec --name "$name" "$victim" \
			sh -c 'pkill -KILL -x stagecast --ns $$ --nslist uts'
	fi
	wait "$running" || status=$?
	read -r took count < <(last_copy)
	if [[ $status -ne $2 || $count -ne $wanted ]]; then
		cat err >&2
		echo "status $status instead of $2, $count copies instead of $wanted" >&2
		exit 1
	fi
}

summary()	# what, ratio to what came first: its times
{
	printf '%s\n' "${@:2}" | sort -n | awk -v what="$1" '
		{times[NR] = $1}
		END {
			m = NR % 2 ? times[(NR + 1) / 2] : (times[NR / 2] + times[NR / 2 + 1]) / 2
			printf "%-28s %8.3f s  (%.3f to %.3f)\n", what, m, times[1], times[NR]
		}'
}

head -c "$size" /dev/urandom >source
up
even=$name
up --rate-of "$victim=$((rate * 250))kbit"
uneven=$name
without=() killed=() slow=()
for ((round = 0; round < rounds; round++)); do
	stage "$even" 0 '' "$@"
	without+=("$took")
	stage "$even" 3 yes "$@"
	killed+=("$took")
	stage "$uneven" 0 '' "$@"
	slow+=("$took")
	echo "round $((round + 1)): ${without[-1]} s, ${killed[-1]} s, ${slow[-1]} s" >&2
done
echo "the last of the others has its copy after (median, least and most of $rounds):"
summary "no fault" "${without[@]}"
summary "a relay killed half-way" "${killed[@]}"
summary "a node at a quarter" "${slow[@]}"
