#!/usr/bin/env bash
# However an emulated Slurm ends, with jobs in it, nothing is left of it: by the end of its command,
# by Ctrl-C, by SIGTERM.
. "$SRCDIR/tests/slurm/lib.sh"
records=/run/stagecast-clusters
nodes=2
slurm_up -n $((nodes - 1))    # skips the test where this cannot be
[[ $(in_slurm 0 srun -N $nodes hostname | LC_ALL=C sort | paste -sd ' ') == "node0 node1" ]] ||
	fail "srun does not reach all nodes"
down "$name"

# shellcheck disable=SC2317
is_waiting()
{
	[[ -s waiting ]]
}

expect_nothing_left()	# how it ended
{
	local process

	for process in /proc/[0-9]*; do
		[[ $(readlink "$process/ns/pid" 2>/dev/null) != "$namespace" ]] ||
			fail "$1: still running: $(tr '\0' ' ' <"$process/cmdline")"
	done
	[[ ! -e $records/$name ]] || fail "$1: its record is left"
}

# A job in each of its nodes that runs until it is ended.
start_waiting()	# seconds
{
	rm -f waiting
	# shellcheck disable=SC2016
	env --default-signal=INT setsid "$slurm" run --name "$name" --share "$SRCDIR" -n $((nodes - 1)) -- \
		salloc -N $nodes srun sh -c 'echo here >>waiting; exec sleep "$1"' sh "$1" >out 2>err &
	launched=$!
	started+=("$launched")
	last_run="slurm run"
	wait_until "a job runs" is_waiting
	namespace=$(readlink "/proc/$(cut -d ' ' -f 2 "$records/$name/keeper")/ns/pid") ||
		fail "there is no keeper"
}

name=slurm-ends-$$
start_waiting 1
await "$launched" "$watchdog_s"
expect_status 0 "the end of its command"
expect_nothing_left "the end of its command"
start_waiting 300
kill -INT -- "-$launched"
await "$launched" "$watchdog_s"
expect_status 130 "Ctrl-C"
expect_nothing_left "Ctrl-C"
start_waiting 300
kill -TERM "$launched"
await "$launched" "$watchdog_s"
expect_status 143 "SIGTERM"
expect_nothing_left SIGTERM
conclude
