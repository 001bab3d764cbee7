#!/usr/bin/env bash
# A run that is ended on its way leaves nothing under DEST, but part files and their journals, from
# which the next one goes on; nothing at all with --no-resume, if it is asked to end.
. "$SRCDIR/tests/lib/mpi.sh"

make_slow_source "$dir/source" 128

parts=(.{0,1,2,3}.stagecast.{part,map})

# A journal with something in it.
# shellcheck disable=SC2317
has_records()	# rank
{
	[[ $(stat -c %s "$dir/copies/.$1.stagecast.map") -gt 64 ]]
}

# Start, and return when some chunks have arrived everywhere.  There is an old file at rank 1.
begin()	# argument ...
{
	rm -rf "$dir/copies"
	mkdir "$dir/copies" || fail "no folder"
	echo old >"$dir/copies/1"
	launch 4 "$STAGECAST" "${slow[@]}" --force --copies=rank "$@" "$dir/source" "$dir/copies/%r"
	for rank in 0 1 2 3; do
		if [[ " $* " == *" --no-resume "* ]]; then
			until_true test -e "$dir/copies/.$rank.stagecast.part"
		else
			until_true has_records $rank
		fi || fail "rank $rank has no part file, or no journal"
	done
}

for signal in TERM INT; do
	for option in --verify --no-resume; do
		begin $option
		kill -s "$signal" "$launched"
		await "$launched" 60
		expect_gone "SIG$signal"
		[[ $status -ne 0 && $status -ne 124 ]] || fail "SIG$signal $option: status $status"
		if [[ $option == --no-resume ]]; then
			expect_files "$dir/copies" 1
		else
			expect_files "$dir/copies" 1 "${parts[@]}"
		fi
		[[ $(cat "$dir/copies/1") == old ]] || fail "SIG$signal: the old file was touched"
		! grep -q '^staged ' "$dir/out" ||
			fail "SIG$signal: it says that something was staged"
	done
done

# The next run needs no option to go on, and leaves nothing.
begin
kill -TERM "$launched"
await "$launched" 60
expect_gone "SIGTERM"
stage 4 --force --copies=rank "$dir/source" "$dir/copies/%r"
expect_status 0 "the run after one that was ended"
[[ ! -s $dir/err ]] || fail "the run after one that was ended complains"
expect_copies "$dir/source" "$dir"/copies/{0,1,2,3}
expect_left 0 1 2 3

# One rank is asked to leave, not mpirun: the others get their copies.
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	begin
	kill -TERM "$(cat "$dir/pids/2")"
	await "$launched" "$watchdog_s"
	expect_gone "SIGTERM to rank 2"
	expect_status 3 "SIGTERM to rank 2"
	expect_said '^stagecast: .* \(rank 2\): .* \(after ' "SIGTERM to rank 2"
	expect_copies "$dir/source" "$dir"/copies/{0,1,3}
	expect_files "$dir/copies" 0 1 3 .2.stagecast.{part,map}
fi

# Killed, mpirun and all.  What mpirun leaves behind then is in the folder of this test.
mkdir "$dir/tmp"
TMPDIR=$dir/tmp begin
kill -STOP "$launched"
for rank in 0 1 2 3; do
	kill -KILL "$(cat "$dir/pids/$rank")"
done
{
	kill -KILL "$launched"
	await "$launched" 60
	expect_gone "SIGKILL"
} 2>/dev/null    # bash tells of what was killed
expect_files "$dir/copies" 1 "${parts[@]}"
[[ $(cat "$dir/copies/1") == old ]] || fail "SIGKILL: the old file was touched"
head -c 300000 /dev/urandom >"$dir/other"
stage 4 --force --copies=rank "$dir/other" "$dir/copies/%r"
expect_status 0 "the run after one that was killed"
expect_said '^stagecast: .*warning: the journal of .*/copies/2 is of another source: ' "another source"
expect_copies "$dir/other" "$dir"/copies/{0,1,2,3}
expect_left 0 1 2 3
conclude
