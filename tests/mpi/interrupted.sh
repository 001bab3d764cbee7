#!/usr/bin/env bash
# A run that is ended on its way leaves nothing under DEST: asked to, it removes its part files
# too; killed, it leaves part files, which the next run replaces.
. "$SRCDIR/tests/lib/mpi.sh"

make_slow_source "$dir/source" 256

begin()
{
	rm -rf "$dir/copies"
	mkdir "$dir/copies" || fail "no folder"
	[[ -z ${1:-} ]] || echo old >"$dir/copies/1"
	launch 4 "$STAGECAST" "${slow[@]}" --force --copies=rank "$dir/source" "$dir/copies/%r"
	for rank in 0 1 2 3; do
		until_true test -e "$dir/copies/.$rank.stagecast.part" ||
			fail "rank $rank has no part file"
	done
}

is_gone()	# process
{
	[[ ! -d /proc/$1 ]] || grep -q '^State:.*Z' "/proc/$1/status"
}

# mpirun may be gone before the last of its ranks.
wait_for_ranks()
{
	local file deadline=$((SECONDS + 30))

	for file in "$dir"/pids/*; do
		until is_gone "$(cat "$file")" 2>/dev/null; do
			if [[ $SECONDS -ge $deadline ]]; then
				fail "rank ${file##*/} is still there"
				return
			fi
			sleep 0.05
		done
	done
}

for signal in TERM INT; do
	begin old
	kill -s "$signal" "$launched"
	await "$launched" 60
	wait_for_ranks
	[[ $status -ne 0 && $status -ne 124 ]] || fail "SIG$signal: status $status"
	expect_left 1
	[[ $(cat "$dir/copies/1") == old ]] || fail "SIG$signal: the old file was touched"
	! grep -q '^staged ' "$dir/out" || fail "SIG$signal: it says that something was staged"
done

# One rank is asked to leave, not mpirun: nothing hangs, and nothing is left.
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	begin
	kill -TERM "$(cat "$dir/pids/2")"
	await "$launched" 60
	wait_for_ranks
	[[ $status -ne 0 && $status -ne 124 ]] || fail "SIGTERM to rank 2: status $status"
	expect_left
fi

# Killed, mpirun and all.  What mpirun leaves behind then is in the folder of this test.
mkdir "$dir/tmp"
TMPDIR=$dir/tmp begin old
kill -STOP "$launched"
for rank in 0 1 2 3; do
	kill -KILL "$(cat "$dir/pids/$rank")"
done
{
	kill -KILL "$launched"
	await "$launched" 60
	wait_for_ranks
} 2>/dev/null    # bash tells of what was killed
expect_files "$dir/copies" 1 .0.stagecast.part .1.stagecast.part .2.stagecast.part \
	.3.stagecast.part
[[ $(cat "$dir/copies/1") == old ]] || fail "SIGKILL: the old file was touched"
head -c 300000 /dev/urandom >"$dir/other"
stage 4 --force --copies=rank "$dir/other" "$dir/copies/%r"
expect_status 0 "the run after one that was killed"
expect_copies "$dir/other" "$dir"/copies/{0,1,2,3}
expect_left 0 1 2 3
conclude
