#!/usr/bin/env bash
# What breaks on a cluster, and what its user sees of it: a rank, a node, a link, a disk, the origin.
# A selection; with --all everything, and a table of it: run it then in the build folder.
if [[ ${1:-} == --all && -z ${STAGECAST:-} ]]; then
	SRCDIR=$(cd "$(dirname "$0")/../.." && pwd)
	BUILDDIR=$PWD STAGECAST=$PWD/stagecast MPIRUN=$(command -v mpirun) HAVE_ULFM=yes
	export SRCDIR BUILDDIR STAGECAST MPIRUN HAVE_ULFM
	. "$SRCDIR/tests/lib/environment.sh"
fi
. "$SRCDIR/tests/cluster/lib.sh"

[[ ${HAVE_ULFM:-no} == yes ]] || skip "this MPI reports no lost processes"
all=
[[ ${1:-} != --all ]] || all=yes
export STAGECAST MPIRUN

# At 20 Mbit/s there are some seconds in which something can happen.
head -c 8000000 /dev/urandom >source
chunk=32768
up -n 4 --rate 20mbit --share "$SRCDIR"

# DEST is /tmp/to/copy on all nodes, where nothing is yet.
fresh()
{
	local node

	rm -f failed
	for node in 0 1 2 3 4; do
		on $node sh -c 'umount /tmp/to 2>/dev/null; rm -rf /tmp/to; mkdir /tmp/to' ||
			fail "node$node: no folder"
	done
}

# Half of the file is in node3's journal.
# shellcheck disable=SC2317
is_half_done()
{
	[[ $(on 3 stat -c %s /tmp/to/.copy.stagecast.map) -gt $((64 + 32 * 8000000 / chunk / 2)) ]]
}

arguments=(-s "$chunk" --failed-hosts=failed)

# Start to stage and don't wait.
begin()	# option of stagecast ...
{
	began_ns=$(date +%s%N)
	printf -v last_run '%q ' mpirun stagecast "$@"
	"$cluster" mpirun --name "$name" -n 5 "$STAGECAST" "${arguments[@]}" "$@" source \
		/tmp/to/copy </dev/null >out 2>err &
	launched=$!
	started+=("$launched")
}

begin_launcher()	# option of stagecast ...
{
	began_ns=$(date +%s%N)
	printf -v last_run '%q ' stagecast-run "$@"
	"$cluster" exec --name "$name" 0 "$SRCDIR/jobs/stagecast-run" "${arguments[@]}" "$@" \
		source /tmp/to/copy </dev/null >out 2>err &
	launched=$!
	started+=("$launched")
}

# Something breaks when half is done.
break_it()	# command ...
{
	until_true is_half_done || fail "$last_run: node3 never had half of the file"
	broken_ns=$(date +%s%N)
	"$@" || fail "$last_run: $* did not work"
}

# A node's processes are known by the namespace of their host name.
send_to()	# node, signal, program ...
{
	# shellcheck disable=SC2016
	on "$1" sh -c 'pkill --signal "$0" -x "$1" --ns $$ --nslist uts' "$2" "$3"
}

seconds_since()	# nanoseconds
{
	local ms=$((($(date +%s%N) - $1) / 1000000))

	printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# The end of it: what was said, and when.
finish_case()	# what happened, status, hosts without a copy ...
{
	local what=$1 host lost=" ${*:3} " said took after=

	await "$launched" "$watchdog_s"
	took=$(seconds_since "$began_ns")
	[[ -z $broken_ns ]] || after=", $(seconds_since "$broken_ns") after it"
	expect_status "$2" "$what"
	[[ $(cat failed) == "$(printf '%s\n' "${@:3}")" ]] ||
		fail "$what: --failed-hosts lists: $(paste -sd ' ' failed)"
	for host in node{0,1,2,3,4}; do
		if [[ $lost == *" $host "* ]]; then
			on "$host" test ! -e /tmp/to/copy || on "$host" cmp source /tmp/to/copy ||
				fail "$what: half a copy on $host"
		else
			on "$host" cmp source /tmp/to/copy || fail "$what: no copy on $host"
			[[ $(on "$host" ls -A /tmp/to) == copy ]] ||
				fail "$what: $host has $(on "$host" ls -Am /tmp/to)"
		fi
	done
	said=$(cat err out | tr -d '\0' | grep -E '^(stagecast|staged)')    # mpirun writes NULs
	note "$what: status $status after $took$after"
	printf '  %s\n' "${said//$'\n'/$'\n'  }"
	table+=("| $what | \`${said//$'\n'/\`<br>\`}\` | $status | $took$after |")
	broken_ns=
}
table=()
broken_ns=

expect_last_line()	# pattern
{
	tail -n 1 out | grep -qE "$1" || fail "$last_run: the last line: $(tail -n 1 out)"
}

# A rank is killed.
fresh
begin
break_it send_to 3 KILL stagecast
finish_case "a rank is killed" 3 node3
expect_said '^stagecast: node3 \(rank 3\): its process has ended \(after [0-9.]+ m?s\)$' "a killed rank"
expect_last_line '^staged 7.63 MiB to 4/5 nodes in '

# A rank is stopped, or spins.
fresh
begin --timeout=5s
break_it send_to 3 STOP stagecast
finish_case "a rank is stopped (--timeout=5s)" 3 node3
expect_said '^stagecast: node3 \(rank 3\): ' "a stopped rank"
expect_last_line '^staged 7.63 MiB to 4/5 nodes in '

# A link is down for less than the timeout: no node is lost.
# shellcheck disable=SC2317
glitch()
{
	"$cluster" cut --name "$name" 3 && sleep 3 && "$cluster" mend --name "$name" 3
}
fresh
begin
break_it glitch
finish_case "a link is down for 3 s" 0
! grep -a '^stagecast' err | grep -qvE '^stagecast: warning: node3 .* is much slower than the others, and is relieved$' ||
	fail "a link that is down for 3 s makes it complain"
expect_last_line '^staged 7.63 MiB to 5/5 nodes in '

# With a link down for ever, mpirun would wait: so stagecast-run starts it.  The rank behind the link
# leaves by itself.
fresh
begin_launcher --timeout=5s
break_it "$cluster" cut --name "$name" 3
finish_case "a link is down for ever (stagecast-run, --timeout=5s)" 3 node3
expect_said '^stagecast: node3 \(rank 3\): ' "a link is down for ever"
expect_last_line '^staged 7.63 MiB to 4/5 nodes in '
# shellcheck disable=SC2016,SC2317
runs_nothing()
{
	! on 3 sh -c 'pgrep -x stagecast --ns $$ --nslist uts' >/dev/null
}
sleep 60 & launched=$!    # until_true gives up when this is over
until_true runs_nothing || fail "behind a link that is down a rank goes on for ever"
kill "$launched"
"$cluster" mend --name "$name" 3
send_to 3 KILL prted

if [[ -n $all ]]; then
	# A node is gone, with its daemon.
	# shellcheck disable=SC2317
	lose_node()
	{
		send_to 3 KILL stagecast
		send_to 3 KILL prted && "$cluster" cut --name "$name" 3
	}
	fresh
	begin_launcher
	break_it lose_node
	finish_case "a node is gone, with mpirun's daemon (stagecast-run)" 3 node3
	"$cluster" mend --name "$name" 3
fi

# Disks.
fresh
on 2 mount -t tmpfs -o size=4m none /tmp/to || fail "no tmpfs"
begin
finish_case "a disk is too small" 3 node2
expect_said '^stagecast: node2 \(rank 2\): /tmp/to/copy needs 7.63 MiB, 4.00 MiB are free' "a small disk"

fresh
on 2 mount -t tmpfs -o ro none /tmp/to || fail "no tmpfs"
begin
finish_case "a disk is read-only" 3 node2
expect_said '^stagecast: node2 \(rank 2\): .*/tmp/to/copy: Read-only file system' "a read-only disk"

# The origin, with a buddy: every node sees this folder.
fresh
begin
break_it send_to 0 KILL stagecast
finish_case "the origin is killed" 3 node0
expect_said '^stagecast: .*rank 4 takes over from rank 0$' "the origin is killed"
expect_said '^stagecast: .*node0 \(rank 0\): its process has ended' "the origin is killed"
expect_last_line '^staged 7.63 MiB to 4/5 nodes in '

fresh
begin --buddy=none
break_it send_to 0 KILL stagecast
finish_case "the origin is killed, and there is no buddy" 1 node{0,1,2,3,4}
expect_said '^stagecast: .*the origin is lost, .*: giving up$' "the origin is killed, no buddy"
[[ ! -s out ]] || fail "no copies, but: $(cat out)"
for node in 1 2 3 4; do
	on $node test -e /tmp/to/.copy.stagecast.map || fail "node$node cannot resume"
done

# The next run sends only what the nodes lack.
begin
finish_case "the run after it" 0
! grep -qa '^stagecast' err || fail "a resume complains"

if [[ -n $all ]]; then
	printf '| what happens | what is said | status | time |\n|---|---|---|---|\n'
	printf '%s\n' "${table[@]}"
fi
conclude
