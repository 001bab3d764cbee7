#!/usr/bin/env bash
# The fabric, by itself, when a peer is killed, stops or is taken leave of: every chunk that was
# under way with it ends exactly once, and the others go on.
. "$SRCDIR/tests/lib/mpi.sh"

[[ ${HAVE_ULFM:-no} == yes ]] || skip "this MPI reports no lost processes"

faults=$BUILDDIR/tests/mpi/fabric_faults

expect_ok()	# ranks that say so, what was done
{
	expect_status 0 "$2"
	[[ $(grep -c ': ok' "$dir/out") -eq $1 ]] || fail "$2: not $1 are well"
}

# MPI can't let go of large messages to a peer that has stopped; one stops where it
# happens to be, now and then between two of them.
must_renew()	# scenario, bytes, what was done, ranks that are well
{
	local try

	for try in 1 2 3; do
		grep -q 'ok, [1-9][0-9]* slots renewed' "$dir/out" && return
		[[ $try -lt 3 ]] || break
		run 5 "$faults" "$1" "$2"
		expect_ok "$4" "$3"
	done
	fail "$3: no slot was renewed, three times"
}

all_ways=("self,sm,tcp" "self,tcp")
is_whole "through shared memory" || all_ways=("self,tcp")
for ways in "${all_ways[@]}"; do
	export OMPI_MCA_btl=$ways
	for bytes in 20000 4194304; do
		for scenario in killed stopped stopped-killed; do
			survivors=4
			[[ $scenario != stopped ]] || survivors=5
			run 5 "$faults" "$scenario" "$bytes"
			expect_ok "$survivors" "$scenario, $bytes bytes, $ways"
			[[ $scenario != stopped* || $bytes -lt 1000000 ]] ||
				must_renew "$scenario" "$bytes" "$scenario, $bytes bytes, $ways" "$survivors"
		done
	done
	run 4 "$faults" withdrawn 20000
	expect_ok 4 "withdrawn, $ways"
	run 5 "$faults" gathered
	expect_ok 3 "gathered, $ways"
	run 5 "$faults" gathered-without-parent
	expect_ok 4 "gathered without a parent, $ways"
	run 5 "$faults" dismissed
	expect_ok 3 "dismissed, $ways"
done
conclude
