#!/usr/bin/env bash
# However an emulated cluster ends, nothing is left of it and no other is touched: by down, by
# Ctrl-C, by SIGTERM, by kill -9.  Another cluster is up all the time.
. "$SRCDIR/tests/cluster/lib.sh"
records=/run/stagecast-clusters

# What this machine has of the kinds that a cluster consists of.
surroundings()
{
	ip -o link | awk '$2 ~ /^(bridge|eth0@|port|try)/ {print $2}'
	ip netns list 2>/dev/null | grep -E 'node|cluster'
	grep -E 'stagecast|node[0-9]| /proc ' /proc/self/mountinfo
	find "$records" -maxdepth 1 -name "*-$$"
}

# The process namespace of a cluster, by which its processes are known.
namespace_of()	# cluster
{
	local keeper

	keeper=$(cut -d ' ' -f 2 "$records/$1/keeper") &&
		readlink "/proc/$keeper/ns/pid"
}

expect_nothing_left()	# cluster, its process namespace, how it ended
{
	local process

	for process in /proc/[0-9]*; do
		[[ $(readlink "$process/ns/pid" 2>/dev/null) != "$2" ]] ||
			fail "$3: still running: $(tr '\0' ' ' <"$process/cmdline")"
	done
	[[ ! -e $records/$1 ]] || fail "$3: its record is left"
	[[ $(surroundings) == "$with_bystander" ]] ||
		fail "$3: left behind: $(diff <(echo "$with_bystander") <(surroundings))"
}

# shellcheck disable=SC2317
is_waiting()	# cluster
{
	[[ -s $dir/waiting.$1 ]]
}

# A cluster that waits in each rank, in a process group of its own, as a shell starts it.
start_waiting()	# cluster
{
	# shellcheck disable=SC2016
	env --default-signal=INT setsid "$cluster" run --name "$1" -n 2 -- \
		sh -c 'echo $$ >"waiting.$1"; exec sleep 300' sh "$1" >"$dir/out" 2>"$dir/err" &
	launched=$!
	started+=("$launched")
	last_run="cluster run --name $1"
	until_true is_waiting "$1" || fail "$1 did not come up"
	namespace=$(namespace_of "$1") || fail "$1 has no keeper"
}

up -n 2 --name "bystander-$$"
bystander=$name
with_bystander=$(surroundings)

# Two side by side, each with nodes of the same names and addresses.
up -n 1 --name "second-$$"
namespace=$(namespace_of "$name")
on 1 sh -c 'echo second >/tmp/which'
name=$bystander
on 1 sh -c 'echo bystander >/tmp/which'
name=second-$$
[[ $(on 1 cat /tmp/which) == second ]] || fail "two clusters share a node1"
down "$name"
expect_nothing_left "$name" "$namespace" down

for signal in INT TERM; do
	start_waiting "$signal-$$"
	kill -"$signal" -- "-$launched"
	await "$launched" 30
	expect_status $((128 + $(kill -l $signal))) "SIG$signal"
	expect_nothing_left "$signal-$$" "$namespace" "SIG$signal"
done

# SIGTERM to the command alone, as a batch system or timeout sends it.
start_waiting "alone-$$"
kill -TERM "$launched"
await "$launched" 30
expect_status 143 "SIGTERM to the command alone"
expect_nothing_left "alone-$$" "$namespace" "SIGTERM to the command alone"

# A killed command cleans up nothing: the cluster ends by itself, and sweep forgets it.
start_waiting "killed-$$"
kill -KILL "$launched"
await "$launched" 30
expect_status 137 "kill -9"
"$cluster" sweep || fail "cluster sweep"
expect_nothing_left "killed-$$" "$namespace" "kill -9 and sweep"

# A cluster that was to stay, made for a process that has ended.
sleep 300 &
gone=$!
name=$("$cluster" up -n 1 --name "orphan-$$" --owner $gone) || fail "cluster up --owner"
clusters+=("$name")
namespace=$(namespace_of "$name")
"$cluster" sweep || fail "cluster sweep"
on 1 true || fail "sweep took down a cluster whose owner is there"
kill $gone
wait $gone 2>/dev/null
"$cluster" sweep || fail "cluster sweep"
expect_nothing_left "$name" "$namespace" "a gone owner and sweep"

# Of a cluster that cannot be made nothing is left.
"$cluster" up -n 1 --name "wrong-$$" --tmp-of 1=200% --rate-of 0=0bit >"$dir/out" 2>"$dir/err" &&
	fail "a rate of nothing"
grep -q 'wrong-.* could not be made: .' "$dir/err" || fail "a rate of nothing: $(cat "$dir/err")"
expect_nothing_left "wrong-$$" none "a rate of nothing"
"$cluster" up -n 1 --name "$bystander" 2>"$dir/err" && fail "two clusters of one name"

# All the time the other cluster went on.
name=$bystander
[[ $(on 1 cat /tmp/which) == bystander ]] || fail "the other cluster was touched"
namespace=$(namespace_of "$name")
down "$name"
with_bystander=$(grep -vx "$records/$name" <<<"$with_bystander")
expect_nothing_left "$name" "$namespace" "the last one's down"
conclude
