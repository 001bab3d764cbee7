#!/usr/bin/env bash
# Who waits uses no processor: ranks that take no part, and recipients of an origin that has
# stopped.
. "$SRCDIR/tests/lib/mpi.sh"

[[ -z ${SANITIZERS:-} ]] || skip "sanitizers use the processor"
[[ -r /proc/self/stat ]] || skip "there is no /proc to read the use of the processor from"
stopped_s=3
# In ticks; less than 5 % of a processor.
allowed=$((stopped_s * $(getconf CLK_TCK) * 5 / 100))

ticks()	# rank
{
	sed 's/.*) //' "/proc/$(cat "$dir/pids/$1")/stat" | awk '{print $12 + $13}'
}

# Of the ranks from 1 to N, while the origin has stopped.
measure()	# N, what they are
{
	local rank used before=()

	kill -STOP "$(cat "$dir/pids/0")" || fail "rank 0 has gone"
	sleep 0.5    # for what was under way
	for ((rank = 1; rank <= $1; rank++)); do
		before[rank]=$(ticks "$rank")
	done
	sleep "$stopped_s"
	for ((rank = 1; rank <= $1; rank++)); do
		used=$(($(ticks "$rank") - before[rank])) || fail "rank $rank has gone"
		note "$2: rank $rank used $used ticks in $stopped_s s"
		[[ $used -le $allowed ]] || fail "$2: rank $rank used $used ticks, not $allowed"
	done
	kill -CONT "$(cat "$dir/pids/0")"
	await "$launched" "$watchdog_s"
	expect_status 0 "$2"
}

mkdir "$dir/copies"
make_slow_source "$dir/source" 512

launch 4 "$STAGECAST" -q "${slow[@]}" --copies=node "$dir/source" "$dir/copies/copy"
until_true test -e "$dir/copies/.copy.stagecast.part" || fail "no part file appeared"
measure 3 "ranks that take no part"
expect_files "$dir/copies" copy
expect_copies "$dir/source" "$dir/copies/copy"
rm "$dir/copies/copy"

make_slow_source "$dir/source" 64
launch 3 "$STAGECAST" -q "${slow[@]}" --copies=rank "$dir/source" "$dir/copies/%r"
until_true test -e "$dir/copies/.2.stagecast.part" || fail "no part file appeared"
measure 2 "recipients"
expect_files "$dir/copies" 0 1 2
expect_copies "$dir/source" "$dir"/copies/{0,1,2}
conclude
