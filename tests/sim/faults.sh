#!/usr/bin/env bash
# stagecast-sim with faults: what its options take, what it prints, and what repairs cost the others.
. "$SRCDIR/tests/lib/mpi.sh"

cd "$dir" || exit 99
# Eight nodes of 50 Mbit/s, which need 2.7 s for the file.
eight=(--nodes=8 --size=16MiB --nic=50Mbit --latency=100us --message-cost=20us)

sim()	# argument ...
{
	printf -v last_run '%q ' "$@"
	timeout -k 5 "$watchdog_s" "$BUILDDIR/stagecast-sim" "$@" </dev/null >out 2>err
	status=$?
}

# Refused: one sentence.
refuse()	# sentence (ERE), argument ...
{
	local sentence=$1

	shift
	sim "$@"
	expect_status 2 "$*"
	[[ $(tail -n +2 err) == "Try 'stagecast-sim --help'." ]] || fail "$*: no word of --help"
	grep -qE "^stagecast-sim: $sentence\$" err || fail "$*: it does not say: $sentence"
	[[ ! -s out ]] || fail "$*: something on standard output"
}

stage()	# argument ...
{
	sim "${eight[@]}" "$@"
	expect_status 0 "$*"
	[[ ! -s err ]] || fail "$*: something on standard error"
}

says()	# line (ERE)
{
	grep -qE "^$1\$" out || fail "no line says: $1"
}

says_not()	# beginning of a line (ERE)
{
	! grep -E "^$1" out || fail "a line says: $1"
}

# A time of the last run, in units of the floor, is between two.
between()	# name of the line, least, most
{
	awk -v name="$1" -v least="$2" -v most="$3" '
		index($0, name) == 1 { found = 1; ratio = $NF }
		END { exit !(found && ratio >= least && ratio <= most) }' out ||
		fail "'$1' is not between $2 and $3 times the floor"
}

for bad in '' 3 3@ @1s 3@1x 3@-1s 3@101% 3@% 3@1s: 3@1s:die 3@1s:crash=1 3@1s:hang=x 3@1s:slow \
	3@1s:slow=0 3@1s:slow=2 '3@1s,' ',3@1s' 3@1s,4 x@1s 3@1s:cut:hang; do
	refuse "--fail=$bad: it takes NODE@WHEN\[:KIND\]\[,\.\.\.\]; .*" "${eight[@]}" "--fail=$bad"
done
refuse '--fail: there is no node 9' "${eight[@]}" --fail=9@1s
refuse '--buddy=9: there is no such node' "${eight[@]}" --buddy=9
refuse '--buddy=0: it takes a number from 1 to .*' "${eight[@]}" --buddy=0
refuse '--timeout has to be more than two heartbeats' "${eight[@]}" --timeout=1s --heartbeat=500ms
refuse '--timeout=x: it takes a time .*' "${eight[@]}" --timeout=x
refuse '--heartbeat=0: it takes a time .*' "${eight[@]}" --heartbeat=0
for mode in --compare --search; do
	refuse '--fail is for one staging, not for --compare or --search' "${eight[@]}" \
		--fail=3@1s "$mode"
done

stage
says 'copies      8 of 8'
for line in lost 'no copy' detours 'led by' 'given up' 'the others'; do
	says_not "$line"
done

# A node that is back in time is not lost.
for kind in hang=500ms cut=1s slow=0.9; do
	stage --fail="5@50%:$kind"
	says 'copies      8 of 8'
	says_not lost
	says 'the others .*'
done

# One node is lost, whatever the fault.
for fail in 5@50% 5@50%:crash 5@1.5s 5@1500ms:hang 5@50%:cut 5@0s; do
	stage --timeout=1s --fail="$fail"
	says 'copies      7 of 8'
	says 'lost        node 5'
	says 'detours     [1-9][0-9]*'
done
# What the others have to wait for is the detection, and a share of the missing chunks.
stage --fail=5@50%
between 'the others' 1 1.25
stage --fail=5@50%,6@50% --fail=7@60%
says 'copies      5 of 8'
says 'lost        nodes 5, 6, 7'

# Slow is not dead: the others have the file when they would have it without the slow ones, or
# nearly; also where the run ends before heartbeats tell which node is slow, and with two slow ones.
for slow in 3:0.25 8:0.25 3:0.5 '3:0.25 --buddy=8' '3:0.25 --nic=10Gbit --size=1GiB' \
	3:0.25,6:0.25; do
	read -ra words <<<"--slow=$slow"
	stage "${words[@]}"
	says 'copies      8 of 8'
	says_not lost
	between 'the others' 1 1.2
done
# The last was with two: no other node is relieved, as a node that waits for these is not slow itself.
says 'detours     1[0-6]'
# Nor does the next group have to wait until one node has sent each of it what is late.
for slow in 3:0.25 4:0.25; do
	stage -k4 --size=28MiB --slow=$slow
	between 'the others' 1 1.1
	stage --nodes=16 -k8 --nic=10Gbit --size=4GiB --slow=$slow
	between 'the others' 1 1.1
done
# No node is said to be slow before three heartbeats, which take longer than this run.
stage --slow=3:0.25 --size=4MiB
between 'the others' 1 1.3
stage --fail=3@50%:slow=0.25
between 'the others' 1 1.2
# A node that was only late is waited for again, and no other has to stand in for it.
stage --fail=3@30%:hang=300ms
between 'the others' 1 1.2
says_not detours

# The origin: without a buddy it is the end.
stage --fail=0@50%
says 'copies      0 of 8'
says 'led by      node 1 at the end'
says 'given up    .*'
stage --fail=0@50% --buddy=7
says 'copies      8 of 8'
says 'lost        node 0'
says 'led by      node 7 at the end'
says_not 'given up'
stage --buddy=7
says 'copies      8 of 8'
says_not detours

# A trace with faults is one like any other: the same run gives the same.
stage --fail=5@50%:hang --timeout=1s --trace=one
stage --fail=5@50%:hang --timeout=1s --trace=two
cmp one two || fail "two runs are not the same"

# What is lost is said in the timings, too.
stage --fail=5@50% --timings=run.h5
[[ -s run.h5 ]] || fail "no timings"

conclude
