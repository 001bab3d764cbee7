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

for ways in self,sm,tcp self,tcp; do
	export OMPI_MCA_btl=$ways
	for bytes in 20000 4194304; do
		for scenario in killed stopped stopped-killed; do
			survivors=4
			[[ $scenario != stopped ]] || survivors=5
			run 5 "$faults" "$scenario" "$bytes"
			expect_ok "$survivors" "$scenario, $bytes bytes, $ways"
			# MPI can't let go of large messages to a peer that has stopped.
			[[ $scenario != stopped* || $bytes -lt 1000000 ]] ||
				grep -q 'ok, [1-9][0-9]* slots renewed' "$dir/out" ||
				fail "$scenario, $bytes bytes, $ways: no slot was renewed"
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
