#!/usr/bin/env bash
# Chunks are passed on as they come: in a chain of four groups every member of the last group has
# its first chunk before any member of the first group has half of the file.  Not so with
# --store-and-forward.  The proof is in the timings file.
. "$SRCDIR/tests/lib/mpi.sh"

command -v h5dump >/dev/null || skip "there is no h5dump to read the timings with"
size_mib=64
[[ -z ${SANITIZERS:-} ]] || size_mib=16
head -c "${size_mib}M" /dev/urandom >"$dir/source"
mkdir "$dir/copies"

# Prints when the last member of the last group (nodes 10 to 12) got its first chunk, when the
# first of the first group (nodes 1 to 3) had half of all, and how many of each there were.
moments()
{
	rows "$dir/timings.h5" /events | awk -F '\t' '
		$4 == "first_chunk" && $3 >= 10 && !($3 in seen) {
			seen[$3] = 1
			reached++
			if ($1 > last)
				last = $1
		}
		$4 == "half_held" && $3 >= 1 && $3 <= 3 {
			if (!halves++ || $1 < half)
				half = $1
		}
		END {print last, half, reached + 0, halves + 0}'
}

# Runs and sets last, half.
measure()	# option ...
{
	local reached halves

	stage 13 -q -s 64K -k 3 -m 4 -b 1 --copies=rank --timings="$dir/timings.h5" -f "$@" \
		"$dir/source" "$dir/copies/%r"
	expect_status 0 "a chain of groups"
	read -r last half reached halves < <(moments)
	note "$*: the last group has its first chunks at $last s, the first group half at $half s"
	[[ $reached -eq 3 && $halves -eq 3 ]] ||
		fail "events of $reached members of the last group and $halves of the first, not 3"
}

before()	# moment, moment
{
	awk -v a="$1" -v b="$2" 'BEGIN {exit !(a + 0 < b + 0)}'
}

measure
before "$last" "$half" || fail "the last group had to wait for half of the file"
measure --store-and-forward
before "$half" "$last" || fail "--store-and-forward doesn't wait for whole subfiles"
conclude
