#!/usr/bin/env bash
# stagecast-run beside Slurm's own sbcast, in a real Slurm on an emulated cluster: the same file to the
# same nodes by turns, by commands on the job's first node, on which a copy is made as well.
#
#   benchmarks/slurm.sh
#
# Run it as root in the build folder, on a machine with nothing else to do.  Environment: ROUNDS
# (default 3); NODES, besides the first (8); RATE_MBIT, of a link (50); SIZE, of the file in bytes
# (12582912).
set -euo pipefail

top=$(realpath "$(dirname "$0")/..")
slurm=$top/tests/slurm/slurm
rounds=${ROUNDS:-3} nodes=${NODES:-8} rate=${RATE_MBIT:-50} size=${SIZE:-12582912}
if [[ ! -x stagecast ]]; then
	echo "there is no $PWD/stagecast: run make, and this in the build folder" >&2
	exit 1
fi
export STAGECAST=$PWD/stagecast
run=$top/jobs/stagecast-run
copy=/tmp/bench-copy

folder=$(mktemp -d "$PWD/slurm.XXXXXX")
name=
clean_up()
{
	[[ -z $name ]] || "$slurm" down "$name" || true
	rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$folder"

labels=("stagecast-run" "stagecast-run, by its own clock" "stagecast-run --launcher=srun"
	"stagecast-run --launcher=srun, own clock" "sbcast" "sbcast -F 2 --size=1m")
declare -A times=()

in_job()	# command ...
{
	"$slurm" exec --name "$name" 0 salloc --quiet -N $((nodes + 1)) "$@"
}

expect_copies()	# what
{
	local node

	for ((node = 0; node <= nodes; node++)); do
		"$slurm" exec --name "$name" "$node" cmp source "$copy" || {
			echo "$1: node$node has no copy, or another" >&2
			exit 1
		}
	done
	in_job srun rm "$copy"
}

# The time of one command, from its start in the job until it returns.
measure()	# label, command ...
{
	local began ended status

	# shellcheck disable=SC2016
	in_job bash -c 'began=$EPOCHREALTIME; "$@" >out 2>err </dev/null
		echo "$began $EPOCHREALTIME $?" >took' bash "${@:2}"
	read -r began ended status <took
	if [[ $status -ne 0 ]]; then
		cat out err >&2
		echo "$1: status $status" >&2
		exit 1
	fi
	expect_copies "$1"
	times[$1]+=" $(awk "BEGIN {print $ended - $began}")"
}

# The time that stagecast itself reports.
note_own()	# label
{
	times[$1]+=" $(sed -n 's/^staged .* in \([0-9.]*\) s (.*/\1/p' out)"
}

head -c "$size" /dev/urandom >source
# With Slurm's own 10 s sbcast does not finish: a block of 8 MiB to 8 nodes takes 11 s.
SLURM_CONF_LINES=MessageTimeout=100 \
	"$slurm" up --owner $$ --name "bench-$$" -n "$nodes" --rate "${rate}mbit" --share "$top" \
	--share "${STAGECAST%/*}" >/dev/null
name=bench-$$
for ((round = 0; round < rounds; round++)); do
	measure "${labels[0]}" "$run" source "$copy"
	note_own "${labels[1]}"
	measure "${labels[2]}" "$run" --launcher=srun source "$copy"
	note_own "${labels[3]}"
	measure "${labels[4]}" sbcast source "$copy"
	measure "${labels[5]}" sbcast -F 2 --size=1m source "$copy"
	echo "round $((round + 1)) of $rounds" >&2
done

wire_s=$(awk "BEGIN {print $size * 8 / $rate / 1e6}")
echo "$((size >> 20)) MiB to $nodes nodes at $rate Mbit/s; bytes alone take $wire_s s on a link"
echo
echo "| command | median | least to most of $rounds | times stagecast-run |"
echo "|---|---|---|---|"
base=
for label in "${labels[@]}"; do
	# shellcheck disable=SC2086
	read -r median least most < <(printf '%s\n' ${times[$label]} | sort -n | awk '
		{t[NR] = $1}
		END {print (NR % 2 ? t[(NR + 1) / 2] : (t[NR / 2] + t[NR / 2 + 1]) / 2), t[1], t[NR]}')
	base=${base:-$median}
	awk -v l="$label" -v m="$median" -v a="$least" -v b="$most" -v r="$base" 'BEGIN {
		printf "| %s | %.2f s | %.2f to %.2f s | %.2f |\n", l, m, a, b, m / r}'
done
