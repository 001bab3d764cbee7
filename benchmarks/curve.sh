#!/usr/bin/env bash
# The curve of the simulated time over the number of nodes, and the cost model's beside it:
# a table on standard output, and a plot if a file for it is named.
#
#   benchmarks/curve.sh [PLOT.svg] [-- OPTIONS-OF-STAGECAST-SIM]
#
# Environment: STAGECAST_SIM, the program (default: stagecast-sim); NODES, the numbers of nodes.
# Default of the options: 10 GiB in chunks of 4 MiB, links of 100 Gbit/s, and disks that are faster
# than the links.
set -euo pipefail

sim=${STAGECAST_SIM:-stagecast-sim}
nodes=${NODES:-1 8 64 512 4096 10000}
plot=
if [[ $# -gt 0 && $1 != -- ]]; then
	plot=$1
	shift
fi
if [[ ${1:-} == -- ]]; then
	shift
fi
if [[ $# -eq 0 ]]; then
	set -- --size=10GiB --nic=100Gbit --latency=2us --source-read=20GB/s --disk-write=20GB/s \
		--chunk-size=4MiB
fi

# One line a run: nodes, ratio of the last node, ratio of the prediction, plan.
row()
{
	awk -v n="$1" '
		$1 == "plan" { sub(/^[^:]*: /, ""); plan = $0 }
		$1 == "floor" { floor = $2 }
		$1 == "last" { last = $3 }
		$1 == "predicted" { predicted = $2 }
		END {
			if (floor <= 0 || last <= 0)
				exit 1
			printf "%8d %12.6f %8.4f %10.4f %+7.1f%%  %s\n", n, last, last / floor,
			    predicted / floor, 100 * (predicted / last - 1), plan
		}'
}

# The ratios over the logarithm of the number of nodes.
draw()
{
	awk '
		{ n[NR] = $1; last[NR] = $3; predicted[NR] = $4; top = $3 > top ? $3 : top
		  top = $4 > top ? $4 : top }
		function x(v) { return 60 + 560 * log(v) / log(n[NR] > 1 ? n[NR] : 2) }
		function y(v) { return 340 - 300 * (v - 1) / (top > 1.1 ? top - 1 : 0.1) }
		function line(values, colour, name, at,   i, points) {
			for (i = 1; i <= NR; i++)
				points = points sprintf("%.1f,%.1f ", x(n[i]), y(values[i]))
			printf "<polyline fill=\"none\" stroke=\"%s\" points=\"%s\"/>\n", colour, points
			printf "<text x=\"70\" y=\"%d\" fill=\"%s\">%s</text>\n", at, colour, name
		}
		END {
			print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"660\" height=\"400\"" \
			    " font-family=\"sans-serif\" font-size=\"12\">"
			print "<rect width=\"660\" height=\"400\" fill=\"white\"/>"
			for (v = 1; v <= (top > 1.1 ? top : 1.1) + 1e-9; v += 0.05) {
				printf "<line x1=\"60\" x2=\"620\" y1=\"%.1f\" y2=\"%.1f\"" \
				    " stroke=\"#ddd\"/>\n", y(v), y(v)
				printf "<text x=\"25\" y=\"%.1f\">%.2f</text>\n", y(v) + 4, v
			}
			for (i = 1; i <= NR; i++)
				printf "<text x=\"%.1f\" y=\"360\" text-anchor=\"middle\">%d</text>\n",
				    x(n[i]), n[i]
			line(last, "#c00", "last node / floor, simulated", 30)
			line(predicted, "#06c", "predicted by the cost model", 46)
			print "<text x=\"340\" y=\"385\" text-anchor=\"middle\">nodes</text>"
			print "</svg>"
		}'
}

table=
printf '%8s %12s %8s %10s %8s  %s\n' nodes 'last (s)' '/ floor' predicted error plan
for n in $nodes; do
	line=$("$sim" --nodes="$n" "$@" | row "$n")
	printf '%s\n' "$line"
	table+=$line$'\n'
done
if [[ -n $plot ]]; then
	printf '%s' "$table" | draw >"$plot"
fi
