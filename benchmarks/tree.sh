#!/usr/bin/env bash
# A directory of many files from tmpfs to tmpfs: stagecast -r beside what users do without it, that is
# tar, stagecast of the archive, and tar on each rank.  Both take turns, so that other load on the
# machine meets both alike.
set -euo pipefail

usage()
{
	cat <<'END'
Usage: benchmarks/tree.sh [-f FILES] [-n RANKS] [-r ROUNDS] [-d FOLDER] [BUILD-FOLDER] [-- OPTION...]
Stage a directory of at least FILES files (default 50000), copies of this system's /usr/share,
to RANKS ranks (default 4) of this machine, the origin's own copy among them: ROUNDS times
(default 5) with "stagecast -r", by turns with tar c, stagecast of the archive, and tar x at all
ranks at once.  FOLDER (default /dev/shm) has to have room for it all: 2 * RANKS + 2 directories.
BUILD-FOLDER (default: this one) is where stagecast was built; OPTIONs are handed to it.
END
	exit "$1"
}

files=50000 ranks=4 rounds=5 folder=/dev/shm
while getopts f:n:r:d:h option; do
	case $option in
	f) files=$OPTARG ;;
	n) ranks=$OPTARG ;;
	r) rounds=$OPTARG ;;
	d) folder=$OPTARG ;;
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
read -ra mpirun <<<"${MPIRUN:-mpirun} --oversubscribe"
if "$stagecast" --version 2>&1 | grep -q 'faults reported (ULFM)'; then
	mpirun+=(--with-ft ulfm)
fi

work=$(mktemp -d "$folder/stagecast-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir copies

make_tree "$files"
echo "$count files and $(find tree ! -type f | wc -l) other entries, $(du -sm tree | cut -f 1) MiB, $ranks ranks, $(nproc) processors"

stage_tree()
{
	"${mpirun[@]}" -n "$ranks" "$stagecast" -q -r --copies=rank "$@" tree "$work/copies/%r"
}

stage_archive()
{
	local rank pids=() pid

	tar cf tree.tar tree
	"${mpirun[@]}" -n "$ranks" "$stagecast" -q --copies=rank "$@" tree.tar "$work/copies/%r.tar"
	for ((rank = 0; rank < ranks; rank++)); do
		mkdir "copies/$rank"
		tar xf "copies/$rank.tar" -C "copies/$rank" --strip-components=1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
}

# Seconds of a command; what it has made is removed.
measure()	# command ...
{
	local begun=$EPOCHREALTIME

	"$@" >/dev/null
	awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.3f\n", b - a}'
}

for ((round = 0; round < rounds; round++)); do
	tree=$(measure stage_tree "${options[@]}")
	if [[ $round -eq 0 ]]; then
		for ((rank = 0; rank < ranks; rank++)); do
			diff -rq --no-dereference tree "copies/$rank" >&2
		done
	fi
	rm -rf copies/*
	archive=$(measure stage_archive "${options[@]}")
	rm -rf copies/* tree.tar
	echo "$tree" >>tree.s
	echo "$archive" >>archive.s
	awk -v a="$tree" -v b="$archive" 'BEGIN {printf "stagecast -r %.3f s, by an archive %.3f s, ratio %.2f\n", a, b, b / a}'
done
awk -v a="$(median <tree.s)" -v b="$(median <archive.s)" \
	'BEGIN {printf "median: stagecast -r %.3f s, by an archive %.3f s, ratio %.2f\n", a, b, b / a}'
