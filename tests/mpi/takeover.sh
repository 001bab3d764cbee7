#!/usr/bin/env bash
# What an earlier leader of a run has told of it holds if whoever takes over knows less;
# who takes over when all were told to leave says nothing that it doesn't know; and an origin that is
# lost in its first step leaves nobody behind who doesn't know the plan yet.
. "$SRCDIR/tests/lib/mpi.sh"

[[ ${HAVE_ULFM:-no} == yes ]] || skip "this MPI reports no lost processes"
find_unshare
compile_fault

# Each rank is a host of its own.  FAULT_n is the one of rank n, if there is one.
export RANK_UNSHARE="${unshare[*]}" FAULT_SO=$dir/fault.so FAULT_FOLDER=$dir
# shellcheck disable=SC2016
export RANK_SETUP='hostname node-$rank
eval "FAULT=\${FAULT_$rank:-}"
if [ -n "$FAULT" ]; then
	export FAULT FAULT_AT="$FAULT_FOLDER/fault.$rank" FAULT_PIDS="$FAULT_FOLDER/pids/$rank"
	export LD_PRELOAD="$FAULT_SO" ASAN_OPTIONS=verify_asan_link_order=0:handle_segv=0
elif [ "$rank" = "${LATE:-}" ]; then
	export LD_PRELOAD="$FAULT_FOLDER/late.so" ASAN_OPTIONS=verify_asan_link_order=0
fi'
make_slow_source "$dir/source" 64
mkdir "$dir/copies"
ranks=4

begin()	# argument ...
{
	rm -f "$dir"/{record,failed,fault.?} "$dir"/copies/{*,.*.stagecast.*}
	launch "$ranks" "$STAGECAST" "${slow[@]}" --buddy=3 "$@" --failed-hosts="$dir/failed" \
		"$dir/source" "$dir/copies/%r"
}

# shellcheck disable=SC2317
has_begun()
{
	[[ -e $dir/copies/.3.stagecast.part ]]
}

# The origin is killed when a record of this run is there; the buddy comes to an end without it.
lose_origin()	# what the record says, what the list does, option ...
{
	local record=$1 list=$2

	shift 2
	begin "$@"
	until_true has_begun || fail "$record: it has not begun"
	printf '%b' "$record" >"$dir/record"
	printf '%b' "$list" >"$dir/failed"
	kill -KILL "$(cat "$dir/pids/0")" || fail "$record: the origin is gone"
	await "$launched" "$watchdog_s"
	expect_said 'rank 3 takes over from rank 0$' "$record"
	expect_copies "$dir/source" "$dir"/copies/[123]
	expect_gone "$record"
}

expect_told()	# record, list, last line (ERE), what was done
{
	[[ $(cat "$dir/record" 2>/dev/null) == "$1" ]] ||
		fail "$4: the record says: $(paste -sd ';' "$dir/record")"
	[[ $(cat "$dir/failed" 2>/dev/null) == "$2" ]] ||
		fail "$4: the list says: $(paste -sd ';' "$dir/failed")"
	[[ $(tail -n 1 "$dir/out") =~ $3 ]] || fail "$4: the last line: $(tail -n 1 "$dir/out")"
}

lose_origin 'status=0 staged=4/4\n' '' --status-file="$dir/record"
expect_told 'status=0 staged=4/4' '' '^$' "all had it"
expect_said 'another rank has told how the run ended$' "all had it"
lose_origin 'status=1 staged=0/4\nfailed node-0\nfailed node-1\nfailed node-2\nfailed node-3\n' \
	'node-0\nnode-1\nnode-2\nnode-3\n' --status-file="$dir/record"
expect_told $'status=3 staged=3/4\nfailed node-0' node-0 '^staged .* to 3/4 nodes ' "nobody had it"
lose_origin '' ''
expect_told '' '' '^$' "the list only: all had it"
lose_origin '' 'node-0\nnode-2\n'
expect_told '' node-0 '^staged .* to 3/4 nodes ' "the list only: two did not have it"

# One is lost, so that they leave one after the other; then the origin, when the first of them says
# that it does.
make_slow_source "$dir/source" 2
FAULT_2="9 1 ^E 2 [0-9]+ chunk_arrived " FAULT_0="9 1 ^E 0 [0-9]+ control_arrived .* bye=" \
	begin --status-file="$dir/record" --trace="$dir/a.trace"
await "$launched" "$watchdog_s"
[[ -e $dir/fault.2 && -e $dir/fault.0 ]] || fail "closing: it never came to that"
expect_copies "$dir/source" "$dir"/copies/[013]
if [[ -e $dir/record ]]; then
	[[ $(head -n 1 "$dir/record") == 'status=3 '* ]] ||
		fail "closing: the record says: $(paste -sd ';' "$dir/record")"
elif [[ -e $dir/failed ]]; then
	fail "closing: a list without a record: $(paste -sd ' ' "$dir/failed")"
fi
expect_gone "closing"

# Rank 1 is late for all that the origin says beforehand, and so for telling it to 3 and 5: they
# are still waiting for that.
if [[ -z ${MPICC:-} ]]; then
	not_tried "the origin's first step: late_broadcast.c needs mpicc"
elif ! "$MPICC" -shared -fPIC -O1 -o "$dir/late.so" "$SRCDIR/tests/mpi/late_broadcast.c"; then
	fail "late_broadcast.c can't be compiled"
else
	ranks=6
	LATE=1 LATE_AT=$dir/late FAULT_0="9 1 ^E 0 [0-9]+ started " begin --trace="$dir/a.trace"
	await "$launched" "$watchdog_s"
	[[ -e $dir/fault.0 && -e $dir/late ]] || fail "beginning: it never came to that"
	expect_said 'rank 3 takes over from rank 0$' "beginning"
	expect_copies "$dir/source" "$dir"/copies/[1-5]
	expect_gone "beginning"
fi
conclude
