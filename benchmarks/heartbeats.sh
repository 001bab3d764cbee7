#!/usr/bin/env bash
# What heartbeats cost in time and in bytes, on an emulated cluster: runs with the usual heartbeats, by
# turns with runs in which the first heartbeat would come long after the end.
#
#   benchmarks/heartbeats.sh [BUILD-FOLDER] [-- OPTIONS-OF-STAGECAST]
#
# Run it as root, on a machine with nothing else to do.
# Environment: ROUNDS (default 7); NODES, recipients (8); RATE_MBIT, of a link (50); SIZE, of the file
# in bytes (29884416).
set -euo pipefail

top=$(realpath "$(dirname "$0")/..")
. "$top/benchmarks/lib.sh"
cluster=$top/tests/cluster/cluster
rounds=${ROUNDS:-7} nodes=${NODES:-8} rate=${RATE_MBIT:-50} size=${SIZE:-29884416}
take_build "$@"

folder=$(mktemp -d "$PWD/heartbeats.XXXXXX")
name=heartbeats-$$
clean_up()
{
	"$cluster" down "$name" || true
	rm -rf "$folder"
}
trap clean_up EXIT
cd "$folder"

# The bytes that all recipients' links have received so far.
bytes_received()
{
	local node

	for ((node = 1; node <= nodes; node++)); do
		"$cluster" exec --name "$name" "$node" cat /proc/net/dev
	done | awk '/:/ && !/lo:/ {sub(/.*:/, ""); sum += $1} END {printf "%.0f\n", sum}'
}

# Adds a line "SECONDS BYTES" to a file.
stage()	# file, option of stagecast ...
{
	local before seconds

	before=$(bytes_received)
	"$cluster" mpirun --name "$name" -n $((nodes + 1)) "$stagecast" --force \
		${options[@]+"${options[@]}"} "${@:2}" source /tmp/copy >out 2>err || {
		cat err >&2
		exit 1
	}
	seconds=$(awk -v all="$((nodes + 1))/$((nodes + 1))" '
		$1 == "staged" && $5 == all {
			unit["ms"] = 0.001
			unit["s"] = 1
			if ($9 in unit)
				print $8 * unit[$9]
		}' out)
	[[ -n $seconds ]] || {
		cat out err >&2
		echo "no time of all nodes, in seconds or less, in this" >&2
		exit 1
	}
	echo "$seconds $(($(bytes_received) - before))" | tee -a "$1" >&2
}

column()	# number, file
{
	awk -v i="$1" '{print $i}' "$2" | median
}

head -c "$size" /dev/urandom >source
"$cluster" up --owner $$ -n "$nodes" --rate "${rate}mbit" --name "$name" >/dev/null
for ((round = 0; round < rounds; round++)); do
	stage with
	stage without --heartbeat=10min --timeout=1h
done
for file in with without; do
	printf '%-8s heartbeats: %.3f s, %.0f bytes received by all (medians of %d)\n' "$file" \
		"$(column 1 "$file")" "$(column 2 "$file")" "$rounds"
done
awk -v t="$(column 1 with)" -v u="$(column 1 without)" -v b="$(column 2 with)" \
	-v c="$(column 2 without)" 'BEGIN {
	printf "they cost %.2f %% of the time and %.2f %% of the bytes\n",
		100 * (t / u - 1), 100 * (b / c - 1)
}'
