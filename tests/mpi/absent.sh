#!/usr/bin/env bash
# A rank that is stopped before the run has begun, or hangs in it: the others wait for it for a
# while, then go on without it, and it costs nobody else a copy.
. "$SRCDIR/tests/lib/mpi.sh"

[[ ${HAVE_ULFM:-no} == yes ]] || skip "this MPI reports no lost processes"
find_unshare
"${CC:-cc}" -shared -fPIC -O1 -o "$dir/stop.so" "$SRCDIR/tests/mpi/stop_early.c" -ldl ||
	skip "stop_early.c can't be compiled"

# Each rank is a host of its own.
export RANK_UNSHARE="${unshare[*]}" STOPPED_AT=$dir/stopped STOP_SO=$dir/stop.so
# shellcheck disable=SC2016
export RANK_SETUP='hostname node-$rank
if [ "$rank" = "$STOPPED" ]; then
	export LD_PRELOAD="$STOP_SO" ASAN_OPTIONS=verify_asan_link_order=0
fi'
head -c 1M /dev/urandom >"$dir/source"
mkdir "$dir/copies"

# In groups of three: 1 to 3, 4 to 6.  A low number is waited for by many, a high one by none.
victims=(1 3 4 6)
is_whole "ranks 1, 3 and 6 are stopped" || victims=(4)
for STOPPED in "${victims[@]}"; do
	export STOPPED
	rm -f "$dir/stopped" "$dir/record" "$dir/copies"/{*,.*.stagecast.*}
	stage 7 -k3 --timeout=3s --heartbeat=300ms --status-file="$dir/record" "$dir/source" \
		"$dir/copies/%r"
	expect_status 3 "rank $STOPPED"
	[[ -e $dir/stopped ]] || fail "rank $STOPPED: it was never stopped"
	for ((rank = 0; rank <= 6; rank++)); do
		[[ $rank -eq $STOPPED ]] || expect_copies "$dir/source" "$dir/copies/$rank"
	done
	[[ ! -e $dir/copies/$STOPPED ]] || fail "rank $STOPPED: it has a copy"
	[[ $(cat "$dir/record") == "$(printf '%s\n' status=3\ staged=6/7 "failed node-$STOPPED")" ]] ||
		fail "rank $STOPPED: the record says: $(paste -sd ';' "$dir/record")"
	expect_gone "rank $STOPPED"
done

# One that hangs in the run, as nobody takes its trace, says so itself.
head -c 4M /dev/urandom >"$dir/source"
rm -f "$dir/copies"/{*,.*.stagecast.*}
mkfifo "$dir/trace.2"
sleep 100 <>"$dir/trace.2" &
reader=$!
STOPPED='' stage 7 -k3 -s4096 --timeout=3s --heartbeat=300ms --trace="$dir/trace" "$dir/source" \
	"$dir/copies/%r"
kill "$reader"
expect_status 3 "a trace that nobody takes"
expect_said 'node-2: this process has made no progress for 3\.000 s and ends itself: it is writing its trace$' \
	"a trace that nobody takes"
expect_copies "$dir/source" "$dir"/copies/[013456]
expect_gone "a trace that nobody takes"
conclude
