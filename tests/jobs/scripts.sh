#!/usr/bin/env bash
# The batch scripts for PBS and LSF on an emulated cluster, with the variables and the host files
# that PBS and LSF make, set by hand: neither is here.  Of Flux only how its hosts are found: its
# command is replaced by one that prints what flux-hostlist(1) says.
. "$SRCDIR/tests/cluster/lib.sh"
[[ -n ${MPIRUN:-} ]] || skip "there is no mpirun"

mkdir bin
ln -s "$SRCDIR/jobs/stagecast-run" "$STAGECAST" bin/ || exit 99
PATH=$dir/bin:$PATH
export PATH MPIRUN
head -c 200000 /dev/urandom >source
up -n 4 --share "$SRCDIR"

run_on()	# node, command ...
{
	cluster exec --name "$name" "$@"
}

# Two processes a host for the application, one for stagecast; the origin is not the first by name.
printf 'node%d\n' 2 2 0 0 4 4 >nodefile

# shellcheck disable=SC2016
command='cmp source /tmp/to/copy && echo "application on $(hostname)"'

expect_ran_on()	# what, node ...
{
	[[ $(grep '^application on ' out | LC_ALL=C sort) == "$(printf 'application on %s\n' "${@:2}")" ]] ||
		fail "$1: the application ran on: $(grep '^application on ' out | paste -sd ' ')"
}

expect_nothing_left()	# what
{
	local node

	for node in 0 2 4; do
		[[ -z $(on $node find /tmp/to -type f) ]] || fail "$1: left: $(on $node ls -A /tmp/to)"
	done
}

for system in pbs lsf; do
	for node in 0 2 4; do
		on $node rm -rf /tmp/to
		on $node mkdir /tmp/to
	done
	case $system in
	pbs) environment=(PBS_NODEFILE="$dir/nodefile" PBS_JOBID=17.server PBS_O_WORKDIR="$dir") job=17.server ;;
	lsf) environment=(LSB_DJOB_HOSTFILE="$dir/nodefile" LSB_JOBID=18 LSB_HOSTS="node2 node2 node0"
		LSB_MCPU_HOSTS="node2 2 node0 2 node4 2") job=18 ;;
	esac
	script=$SRCDIR/jobs/stage.$system

	run_on 2 env "${environment[@]}" SOURCE=source DEST=/tmp/to/copy COMMAND="$command" bash "$script"
	expect_status 0 "$system"
	grep -q ' to 3/3 nodes in ' out || fail "$system: it did not stage: $(cat out)"
	expect_ran_on "$system" node{0,0,2,2,4,4}
	expect_nothing_left "$system"
	[[ $(paste -sd ' ' "good-hosts.$job") == "node2 node0 node4" ]] ||
		fail "$system: good-hosts: $(paste -sd ' ' "good-hosts.$job")"

	on 4 mount -t tmpfs -o size=4k none /tmp/to || fail "no tmpfs"
	run_on 2 env "${environment[@]}" SOURCE=source DEST=/tmp/to/copy COMMAND="$command" KEEP=yes \
		bash "$script"
	expect_status 0 "$system, a node without space"
	grep -qx "stage.$system: going on without node4" out || fail "$system: it does not say without whom"
	expect_ran_on "$system, a node without space" node{0,0,2,2}
	on 0 cmp source /tmp/to/copy || fail "$system, KEEP=yes: no copy is left"

	run_on 2 env "${environment[@]}" SOURCE=source DEST=/tmp/to/copy COMMAND="$command" MIN_NODES=3 \
		bash "$script"
	expect_status 3 "$system, MIN_NODES"
	expect_said "^stage.$system: 2 of 3 nodes have /tmp/to/copy, fewer than 3\$" "$system, MIN_NODES"
	! grep -q '^application' out || fail "$system, MIN_NODES: the application ran"
	expect_nothing_left "$system, MIN_NODES"
	on 4 umount /tmp/to

	run_on 2 env "${environment[@]}" SOURCE=nothing DEST=/tmp/to/copy COMMAND="$command" bash "$script"
	expect_status 1 "$system, no source"
	expect_said "^stage.$system: staging failed with status 1: the command was not run\$" \
		"$system, no source"
	run_on 2 env "${environment[@]}" bash "$script"
	expect_status 2 "$system, without variables"
done

cat >bin/flux <<'END'
#!/bin/sh
case $* in
"hostlist --expand local") echo "node1 node3" ;;
*) exit 1 ;;
esac
END
chmod +x bin/flux
run_on 3 env FLUX_URI=local:///run/flux/local stagecast-run --good-hosts=good source /tmp/copy
expect_status 0 "Flux's hosts"
[[ $(paste -sd ' ' good) == "node3 node1" ]] || fail "Flux's hosts: $(paste -sd ' ' good)"
on 1 cmp source /tmp/copy || fail "Flux's hosts: node1 has no copy"
run_on 3 stagecast-run --launcher=flux source /tmp/copy
expect_status 1 "Flux outside of a job"
expect_said '^stagecast-run: this is not in a Flux job$' "Flux outside of a job"

# What --remove refuses: nothing is removed.
refuse()	# sentence (ERE), argument ...
{
	run_on 3 stagecast-run --hosts=node3,node1 --remove "${@:2}"
	expect_status 2 "--remove $*"
	expect_said "^stagecast-run: $1\$" "--remove $*"
	on 1 cmp source /tmp/copy || fail "--remove $*: it removed a copy"
}
refuse '--remove: which copy\?'
refuse '--remove copy: it takes whole paths, which begin with /' /tmp/copy copy
refuse '--remove /tmp/: it takes the path of each copy itself' /tmp/copy /tmp/
refuse '--remove /tmp/\.\.: it takes the path of each copy itself' /tmp/copy /tmp/..
refuse '-f: --remove knows -r only' -f /tmp/copy
run_on 3 stagecast-run --hosts=node3,node1 --remove /tmp
expect_status 3 "--remove of a folder without -r"
expect_said '^stagecast-run: not removed from node3, node1$' "--remove of a folder without -r"
on 1 sh -c 'mkdir -p /tmp/tree/sub && touch /tmp/tree/sub/file /tmp/.tree.stagecast.part'
run_on 3 stagecast-run --hosts=node3,node1 --remove -r /tmp/tree /tmp/copy
expect_status 0 "--remove -r"
[[ -z $(on 1 find /tmp -maxdepth 1 -name '*tree*' -o -maxdepth 1 -name copy) ]] ||
	fail "--remove -r: something is left"

# What is one by one for few hosts is all at once for many: here 3 are many.
sed 's/^probes_at_once=32$/probes_at_once=2/' "$SRCDIR/jobs/stagecast-run" >bin/of-many
chmod +x bin/of-many
for node in 1 2 3; do
	on $node touch /tmp/many
done
run_on 3 of-many --hosts=node3,node1,node2 --remove /tmp/many
expect_status 0 "--remove, many hosts"
for node in 1 2 3; do
	on $node test ! -e /tmp/many || fail "--remove, many hosts: node$node has it"
done
on 1 touch /tmp/many
on 2 mkdir -p /tmp/many/folder
run_on 3 of-many --hosts=node3,node1,node2 --remove /tmp/many
expect_status 3 "--remove, many hosts and a folder"
expect_said '^stagecast-run: not removed from node2$' "--remove, many hosts and a folder"
on 1 test ! -e /tmp/many || fail "--remove, many hosts and a folder: node1 has it"
conclude
