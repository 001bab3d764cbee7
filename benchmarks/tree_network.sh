#!/usr/bin/env bash
# A directory of many files over a network: the time of stagecast -r beside that of one file of as many
# bytes, on an emulated cluster, by turns.  rsync says whether the copies are the same.
set -euo pipefail

usage()
{
	cat <<'END'
Usage: benchmarks/tree_network.sh [-f FILES] [-n NODES] [-b RATE] [-r ROUNDS] [BUILD-FOLDER] [-- OPTION...]
Stage a directory of at least FILES files (default 50000), copies of this system's /usr/share, to
NODES nodes (default 8) over links of RATE (default 50mbit), and a file of as many bytes as its files
have: ROUNDS times each (default 2).  Every copy of the directory is compared with rsync.  Needs root,
for the cluster, and NODES + 1 times the directory in memory.  BUILD-FOLDER (default: this one) is
where stagecast was built; OPTIONs are handed to it.
END
	exit "$1"
}

files=50000 nodes=8 rate=50mbit rounds=2
while getopts f:n:b:r:h option; do
	case $option in
	f) files=$OPTARG ;;
	n) nodes=$OPTARG ;;
	b) rate=$OPTARG ;;
	r) rounds=$OPTARG ;;
	h) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
done
shift $((OPTIND - 1))
here=$(realpath "$(dirname "$0")")
# shellcheck source=benchmarks/lib.sh
. "$here/lib.sh"
take_build "$@"
# shellcheck source=tests/lib/environment.sh
. "$here/../tests/lib/environment.sh"
unset OMPI_MCA_btl_tcp_if_include
cluster=$here/../tests/cluster/cluster

work=$(mktemp -d /tmp/stagecast-bench.XXXXXX)
name=
clean_up()
{
	[[ -z $name ]] || "$cluster" down "$name"
	rm -rf "$work"
}
trap clean_up EXIT
cd "$work"

make_tree "$files"
# What is linked several times has its bytes once.
bytes=$(find tree -type f -printf '%i %s\n' | sort -u | awk '{sum += $2} END {printf "%d\n", sum}')
head -c "$bytes" /dev/urandom >file
echo "$count files and $(find tree ! -type f | wc -l) other entries, $((bytes >> 20)) MiB, to $nodes nodes at $rate"

name=$("$cluster" up -n "$nodes" --rate "$rate" --share "$work")

# Seconds to the last copy, as stagecast says.
stage()	# SOURCE OPTION...
{
	"$cluster" mpirun --name "$name" -n $((nodes + 1)) "$stagecast" --json "${@:2}" "$work/$1" /tmp/copy \
		2>>"$work/log" | python3 -c 'import json, sys; print(json.load(sys.stdin)["seconds"])'
}

remove_copies()
{
	local node

	for ((node = 0; node <= nodes; node++)); do
		"$cluster" exec --name "$name" "$node" rm -rf /tmp/copy
	done
}

compare_copies()
{
	local node difference

	for ((node = 0; node <= nodes; node++)); do
		difference=$("$cluster" exec --name "$name" "$node" \
			rsync -aHAXn --checksum --delete --itemize-changes "$work/tree/" /tmp/copy/)
		if [[ -n $difference ]]; then
			echo "node$node has another copy:" "$difference" >&2
			exit 1
		fi
	done
}

for ((round = 0; round < rounds; round++)); do
	tree=$(stage tree -r -p "${options[@]}")
	[[ $round -gt 0 ]] || compare_copies
	remove_copies
	file=$(stage file "${options[@]}")
	remove_copies
	echo "$tree" >>tree.s
	echo "$file" >>file.s
	awk -v a="$tree" -v b="$file" 'BEGIN {printf "directory %.3f s, one file %.3f s, ratio %.3f\n", a, b, a / b}'
done
awk -v a="$(median <tree.s)" -v b="$(median <file.s)" \
	'BEGIN {printf "median: directory %.3f s, one file %.3f s, ratio %.3f\n", a, b, a / b}'
