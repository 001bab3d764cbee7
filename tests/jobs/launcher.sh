#!/usr/bin/env bash
# jobs/stagecast-run, on an emulated cluster: where it finds its hosts; what it makes of a daemon, a
# node, a link that is lost on the way; how it is ended; and what it refuses.
. "$SRCDIR/tests/cluster/lib.sh"
[[ -n ${MPIRUN:-} ]] || skip "there is no mpirun"

# The launcher, with less patience for what does not answer or does not end.
run=$dir/stagecast-run
sed 's/^linger_s=10 /linger_s=4 /; s/^probe_s=20 /probe_s=8 /' "$SRCDIR/jobs/stagecast-run" >"$run" &&
	chmod +x "$run" || exit 99
[[ $(grep -cE '^(linger_s=4|probe_s=8) ' "$run") -eq 2 ]] || fail "stagecast-run has other limits"
export STAGECAST MPIRUN
# At 20 Mbit/s there are some seconds in which something can happen.
head -c 8000000 /dev/urandom >source
up -n 4 --rate 20mbit --share "$SRCDIR"

# Start a command on a node of $name and don't wait: its number in the cluster is in $dir/number.
start_on()	# node, command ...
{
	printf -v last_run '%q ' "$@"
	rm -f number
	# shellcheck disable=SC2016
	"$cluster" exec --name "$name" "$1" sh -c 'echo $$ >number && exec "$@"' sh "${@:2}" \
		</dev/null >out 2>err &
	launched=$!
	started+=("$launched")
}

run_on()	# node, command ...
{
	start_on "$@"
	await "$launched" "$watchdog_s"
}

# Start to stage, and return when some of the file has arrived at node3.
begin()	# node to start it on, argument of stagecast-run ...
{
	local node

	for node in 0 1 2 3 4; do
		on $node sh -c 'rm -f /tmp/copy /tmp/.copy.*'
	done
	start_on "$1" "$run" "${@:2}" --failed-hosts=failed source /tmp/copy
	until_true on 3 sh -c 'test -e /tmp/.copy.stagecast.part' || fail "node3 has no part file"
	sleep 0.5
}

# A node's processes are told from the others' by their host name's namespace.
on_node_kill()	# node, program
{
	# shellcheck disable=SC2016
	on "$1" sh -c 'pkill -KILL -x "$1" --ns $$ --nslist uts' sh "$2" || fail "node$1 runs no $2"
}

expect_on()	# node ...
{
	local node

	for node; do
		on "$node" cmp source /tmp/copy || fail "$last_run: node$node has no copy, or another"
	done
}

expect_list()	# host ...
{
	[[ -e failed ]] || fail "$last_run: there is no list"
	[[ $(cat failed) == "$(printf '%s\n' "$@")" ]] || fail "$last_run: the list is: $(cat failed)"
}

# Nothing that it started is there any more, but the bystander is.
expect_clean()
{
	local left

	left=$(find . -name '.stagecast-run.*')
	[[ -z $left ]] || fail "$last_run: left behind: $left"
	# shellcheck disable=SC2016
	left=$(on 0 sh -c 'pgrep -x -a "prterun|mpirun|stagecast" --ns $$ --nslist uts' | grep -v sleep)
	[[ -z $left ]] || fail "$last_run: still running: $left"
	on 0 kill -0 "$bystander" || fail "$last_run: it ended another mpirun"
}

# Another mpirun runs all the time, on no node but this: it is no business of stagecast-run.
# shellcheck disable=SC2016
"$cluster" exec --name "$name" 0 \
	sh -c 'echo $$ >number && exec "$MPIRUN" --host node0 -n 1 sleep 1000' \
	</dev/null >/dev/null 2>&1 &
until [[ -s number ]]; do
	sleep 0.1
done
bystander=$(cat number)

# All is well.
begin 0
await "$launched" "$watchdog_s"
expect_status 0 "all is well"
grep -q '^staged 7.63 MiB to 5/5 nodes in ' out || fail "the last line: $(tail -n 1 out)"
expect_on 0 1 2 3 4
expect_list
expect_clean

# Who takes part, as the user or the batch system says; the origin is the host it was started on.
copies()	# node ...: those that have /tmp/which
{
	local node

	for node in 0 1 2 3 4; do
		! on $node test -e /tmp/which || echo $node
		on $node rm -f /tmp/which
	done
}
head -c 100000 source >small
run_on 0 "$run" --hosts=node2,node0,node4 small /tmp/which
expect_status 0 "--hosts"
[[ $(copies | paste -sd ' ') == "0 2 4" ]] || fail "--hosts: the copies are elsewhere"
printf 'node3 slots=4\n# node0\n\nnode1.example\nnode1.example\n' | sed 's/\.example//' >list
run_on 1 "$run" --hostfile list small /tmp/which
expect_status 0 "--hostfile"
[[ $(copies | paste -sd ' ') == "1 3" ]] || fail "--hostfile: the copies are elsewhere"
run_on 3 "$run" -n 2 -- -q small /tmp/which
expect_status 0 "-n"
[[ $(copies | paste -sd ' ') == "0 3" && ! -s out ]] || fail "-n: the copies are elsewhere"
printf '%s\n' node2 node2 node3 >list
run_on 2 env PBS_NODEFILE=list "$run" small /tmp/which
[[ $(copies | paste -sd ' ') == "2 3" ]] || fail "PBS: the copies are elsewhere"
run_on 2 env LSB_DJOB_HOSTFILE=list "$run" small /tmp/which
[[ $(copies | paste -sd ' ') == "2 3" ]] || fail "LSF: the copies are elsewhere"
run_on 0 env LSB_HOSTS="node0 node0 node1" "$run" small /tmp/which
[[ $(copies | paste -sd ' ') == "0 1" ]] || fail "LSF's LSB_HOSTS: the copies are elsewhere"
run_on 0 "$run" --hosts=node0,node1 -N 2 --copies=rank --verify small '/tmp/of.%r'
expect_status 0 "-N 2"
on 1 cmp small /tmp/of.3 || fail "-N 2: rank 3 has no copy"
expect_clean

# stagecast's own status is what it returns; nothing is tried again.
run_on 0 "$run" --failed-hosts failed small /nowhere/copy
expect_status 1 "a folder that no node has"
expect_list node{0,1,2,3,4}
on 2 mkdir /tmp/some
run_on 0 "$run" --hosts=node2,node3 --failed-hosts=failed small /tmp/some/copy
expect_status 3 "a folder that one node does not have"
expect_list node3
run_on 0 "$run" none /tmp/copy
expect_status 1 "no source"
! grep -q 'starting again' err || fail "no source, and it was tried again"
run_on 0 "$run" --hosts=node0,node1 -N 2 --copies=rank --failed-hosts=failed small /tmp/copy
expect_status 2 "two ranks for one file"
[[ ! -e failed ]] || fail "two ranks for one file: there is a list, though nothing has begun"
expect_clean

# A daemon is gone, which ends mpirun; its node is well.
begin 0
on_node_kill 3 prted
await "$launched" "$watchdog_s"
expect_status 0 "a lost daemon"
expect_said '^stagecast-run: .*all nodes answer; starting again$' "a lost daemon"
expect_on 0 1 2 3 4
expect_list
expect_clean

# The same, but not as often as it takes.
begin 0 --retries=0
on_node_kill 3 prted
await "$launched" "$watchdog_s"
expect_status 1 "a lost daemon, and no retries"
expect_said '^stagecast-run: .*did not come to its end: giving up$' "a lost daemon, and no retries"
[[ ! -e failed ]] || fail "a lost daemon, and no retries: there is a list"
expect_clean

# A node is gone with its daemon.
begin 0
on_node_kill 3 prted
"$cluster" cut --name "$name" 3 || fail "cluster cut"
await "$launched" "$watchdog_s"
"$cluster" mend --name "$name" 3
expect_status 3 "a lost node"
expect_said '^stagecast-run: node3 no longer answers; starting again with 4 of 5 nodes$' \
	"a lost node"
expect_on 0 1 2 4
on 3 test ! -e /tmp/copy || fail "a lost node has a copy"
expect_list node3
expect_clean

# The origin's node, with the launcher elsewhere.
begin 1 --hosts=node0,node2,node3
on_node_kill 0 prted
"$cluster" cut --name "$name" 0 || fail "cluster cut"
await "$launched" "$watchdog_s"
"$cluster" mend --name "$name" 0
expect_status 1 "the origin's node is lost"
expect_said '^stagecast-run: node0, where SOURCE is read, does not answer' \
	"the origin's node is lost"
[[ ! -e failed ]] || fail "the origin's node is lost: there is a list"

# It is ended in order.
for signal in TERM INT HUP; do
	begin 0
	on 0 kill -s "$signal" "$(cat number)"
	await "$launched" 30
	expect_status $((128 + $(kill -l $signal))) "SIG$signal"
	[[ ! -e failed ]] || fail "SIG$signal: there is a list"
	! grep -q 'starting again' err || fail "SIG$signal: it was tried again"
	expect_clean
done
run_on 0 "$run" --time-limit=2s source /tmp/limited
expect_status 1 "--time-limit"
expect_said '^stagecast-run: not done within the time limit of 2 s: given up$' "--time-limit"
expect_clean

# What it refuses, before anything is started.
refuse()	# sentence (ERE), argument ...
{
	local sentence=$1

	shift
	run_on 0 "$run" "$@"
	expect_status 2 "$*"
	expect_said "^stagecast-run: $sentence\$" "$*"
	[[ $(wc -l <err) -eq 2 && ! -s out ]] || fail "$*: something else was said"
}
refuse 'SOURCE is missing'
refuse '-n 0: it takes a number, 1 or more' -n 0 small /tmp/copy
refuse '-n 6: 5 hosts with -N 1 make 5 ranks' -n6 small /tmp/copy
refuse '--retries many: it takes a number, 0 or more' --retries=many small /tmp/copy
refuse '--hosts: its value is empty' --hosts= small /tmp/copy
refuse '--hosts: what is its value\?' small /tmp/copy --hosts
refuse 'no host is named' --hosts=, small /tmp/copy
refuse 'either --hosts or --hostfile' --hosts=node0 --hostfile=list small /tmp/copy
refuse 'nothing: no such list of hosts' --hostfile=nothing small /tmp/copy
refuse '--time-limit 5x: it takes a time, such as 90s, 30min or 1h' --time-limit=5x small /tmp/copy
refuse '--failed-hosts=\. is a folder' --failed-hosts . small /tmp/copy
run_on 0 "$run" --bogus small /tmp/copy
expect_status 2 "an option that stagecast does not have"
expect_said '^stagecast: --bogus: ' "an option that stagecast does not have"
run_on 0 "$run" --mpirun-options=--bogus small /tmp/copy
expect_status 1 "an option that mpirun does not have"
expect_said '^stagecast-run: .* does not answer mpirun: giving up$' \
	"an option that mpirun does not have"
run_on 0 env MPIRUN=/nowhere/mpirun "$run" small /tmp/copy
expect_status 1 "no mpirun"
expect_said '^stagecast-run: there is no /nowhere/mpirun' "no mpirun"
for option in --help -V; do
	run_on 0 "$run" "$option"
	expect_status 0 "$option"
	[[ -s out && ! -s err ]] || fail "$option says nothing, or complains"
done
run_on 0 "$run" --plan small
expect_status 0 "--plan"
grep -q '^recipients  *4, besides the origin$' out || fail "--plan: not of these nodes"
expect_clean

# A node falls silent: the others finish without it, and mpirun would wait for it for ever.
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	begin 0 --timeout=4s
	"$cluster" cut --name "$name" 3 || fail "cluster cut"
	await "$launched" "$watchdog_s"
	"$cluster" mend --name "$name" 3
	expect_status 3 "a silent node"
	expect_said '^stagecast-run: stagecast is done, but mpirun waits' "a silent node"
	expect_on 0 1 2 4
	expect_list node3
	expect_clean
else
	not_tried "a silent node: this MPI does not report lost processes"
fi
conclude
