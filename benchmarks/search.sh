#!/usr/bin/env bash
# How far the plan's choice is behind the best shape that a search over k, m, b and chunk size
# finds, simulated: one line for each machine and number of nodes.
#
#   benchmarks/search.sh [-- OPTIONS-OF-STAGECAST-SIM]
#
# Environment: STAGECAST_SIM, the program (default: stagecast-sim); NODES, the numbers of nodes;
# SIZE, of the file (default: 1GiB, from 500 nodes on 256MiB; with 1,000 nodes a search still takes
# 3 to more than 10 minutes on two cores).  The options describe the machine.  Without options there
# are two machines: links of 100 Gbit/s and 2 us, and of 10 Gbit/s and 25 us, both with disks that are
# faster than the links.
set -euo pipefail

sim=${STAGECAST_SIM:-stagecast-sim}
nodes=${NODES:-24 100 1000}
if [[ ${1:-} == -- ]]; then
	shift
fi

# One line a search: what was searched, times as ratios to the floor, and the two shapes.
row()	# machine, nodes, size
{
	awk -v machine="$1" -v n="$2" -v size="$3" '
		$1 == "floor" { floor = $2 }
		$1 == "best" { best = $2; sub(/^.* -k/, "-k"); best_shape = $0 }
		$1 == "choice" { choice = $2; sub(/^.* -k/, "-k"); choice_shape = $0 }
		/behind the best of/ { shapes = $7; rank = $10 }
		END {
			if (floor <= 0 || best <= 0 || choice <= 0)
				exit 1
			printf "%-13s %6d %8s %7d %8.4f %8.4f %7.1f%% %6d  %-28s %s\n", machine, n,
			    size, shapes, best / floor, choice / floor, 100 * (choice / best - 1),
			    rank, best_shape, choice_shape
		}'
}

search()	# machine, option ...
{
	local machine=$1 n size

	shift
	for n in $nodes; do
		size=1GiB
		[[ $n -lt 500 ]] || size=256MiB
		size=${SIZE:-$size}
		"$sim" --search --nodes="$n" --size="$size" "$@" | row "$machine" "$n" "$size"
	done
}

printf '%-13s %6s %8s %7s %8s %8s %8s %6s  %-28s %s\n' machine nodes size shapes best choice \
	behind rank 'best shape' 'choice'
if [[ $# -gt 0 ]]; then
	search given "$@"
else
	search 100Gbit,2us --nic=100Gbit --latency=2us --source-read=20GB/s --disk-write=20GB/s
	search 10Gbit,25us --nic=10Gbit --latency=25us --source-read=20GB/s --disk-write=20GB/s
fi
