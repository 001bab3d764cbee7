#!/usr/bin/env bash
# The batch script in a real Slurm, with stagecast started by mpirun and by srun --mpi=pmix: without a
# fault, and with a node that dies while its copy grows.  And what stagecast-run returns there.  With
# --all also nodes that fall silent; run it then in the build folder.
if [[ ${1:-} == --all && -z ${STAGECAST:-} ]]; then
	SRCDIR=$(cd "$(dirname "$0")/../.." && pwd)
	BUILDDIR=$PWD STAGECAST=$PWD/stagecast MPIRUN=$(command -v mpirun)
	export SRCDIR BUILDDIR STAGECAST MPIRUN
	. "$SRCDIR/tests/lib/environment.sh"
fi
. "$SRCDIR/tests/slurm/lib.sh"

nodes=5
# At 20 Mbit/s there are some seconds in which something can happen.
head -c 8000000 /dev/urandom >source
slurm_up -n $((nodes - 1)) --rate 20mbit
copy=/tmp/copy

# The application: it looks whether its node has the file.
# shellcheck disable=SC2016
application=(sh -c 'cmp source "$0" && echo "application on $(hostname)"' "$copy")

start_batch()	# launcher
{
	submit --export="ALL,LAUNCHER=$1" "$SRCDIR/jobs/stage.slurm" source "$copy" "${application[@]}"
}

expect_batch()	# launcher, node ...: those that the application is to run on
{
	local host

	expect_status 0 "$1"
	[[ $(grep '^application on ' out | LC_ALL=C sort) == "$(printf 'application on %s\n' "${@:2}")" ]] ||
		fail "$1: the application ran on: $(grep '^application on ' out | paste -sd ' ')"
	[[ $(cat "good-hosts.$job") == "$(printf '%s\n' "${@:2}")" ]] ||
		fail "$1: good-hosts: $(paste -sd ' ' "good-hosts.$job")"
	for host in "${@:2}"; do
		on "$host" find /tmp -maxdepth 1 -name "*${copy##*/}*" >left
		[[ ! -s left ]] || fail "$1: left on $host: $(cat left)"
	done
}

for launcher in mpirun srun; do
	start_batch $launcher
	await_job
	expect_batch "$launcher, all is well" node{0,1,2,3,4}
	[[ ! -s failed-hosts.$job ]] || fail "$launcher: failed: $(cat "failed-hosts.$job")"
	[[ $(grep -v '^stagecast: warning: ' out | grep -cE '^(stage|prte)') -eq 1 ]] ||
		fail "$launcher: it says more than that it staged"
	grep -q '^staged 7.63 MiB to 5/5 nodes in ' out || fail "$launcher: it did not stage"
done

# There are some chunks in node3's journal.
# shellcheck disable=SC2317
has_some()
{
	! is_job_over || return
	[[ $(on 3 stat -c %s "/tmp/.${copy##*/}.stagecast.map") -gt $((64 + 4 * 32)) ]]
}

# A node is lost with all that runs on it: three lines of the log tell.  If it is silence that tells,
# srun may end the step before the others are done, or not.
lose_node()	# launcher, crash or silence, what is said of the node, of how many nodes 4 staged (EREs)
{
	local what="$1, $2 of node3" said

	start_batch "$1"
	wait_until "$what: some of the copy is there" has_some
	"$slurm" "$2" --name "$name" 3 >err 2>&1 || fail "$what: $(cat err)"
	await_job
	expect_batch "$what" node{0,1,2,4}
	[[ $(cat "failed-hosts.$job") == node3 ]] || fail "$what: failed: $(cat "failed-hosts.$job")"
	said=$(grep -E '^(stagecast|staged|stage\.slurm)' out)
	note "$what:"
	printf '  %s\n' "${said//$'\n'/$'\n'  }"
	# Before mpirun is down stagecast itself may name the node, or one that is slow on a busy machine.
	[[ $2 == silence || $(grep -vc '^stagecast: ' <<<"$said") -eq 3 ]] ||
		fail "$what: not in three lines"
	grep -qE "$3" <<<"$said" || fail "$what: it does not name the node that was lost"
	grep -qE "^staged 7.63 MiB to 4/$4 nodes in " <<<"$said" || fail "$what: it did not stage"
	grep -qx 'stage.slurm: going on without node3' <<<"$said" || fail "$what: it did not go on"
	on 3 rm -f "/tmp/.${copy##*/}.stagecast."{map,part}
	mend 3
}

# What sanitizers see is the same under both.
launchers=(mpirun srun)
[[ -z ${SANITIZERS:-} ]] && is_whole "a node that crashes under srun" || launchers=(mpirun)
for launcher in "${launchers[@]}"; do
	lose_node "$launcher" crash \
		'^stagecast-run: node3 no longer answers; starting again with 4 of 5 nodes$' 4
	[[ ${1:-} != --all ]] || lose_node "$launcher" silence \
		'^stagecast: node3 \(rank 3\): nothing was heard of it' '[45]'
done

# What stagecast-run returns, and what it leaves for others to read.
on 2 mkdir /tmp/to
on 2 mount -t tmpfs -o size=4m none /tmp/to || fail "no tmpfs"
for node in 0 1 3 4; do
	on $node mkdir /tmp/to
done
head -c 100000 source >small
for launcher in mpirun srun; do
	run_in_job stagecast-run --launcher=$launcher --failed-hosts=failed --good-hosts=good \
		source /tmp/to/copy
	expect_status 3 "$launcher, a disk that is too small"
	[[ $(cat failed) == node2 ]] || fail "$launcher: failed: $(cat failed)"
	[[ $(paste -sd ' ' good) == "node0 node1 node3 node4" ]] || fail "$launcher: good: $(cat good)"
	on 4 cmp source /tmp/to/copy || fail "$launcher: node4 has no copy"
	run_in_job stagecast-run --launcher=$launcher --remove /tmp/to/copy /tmp/to/none
	expect_status 0 "$launcher, --remove"
	for node in 0 1 2 3 4; do
		[[ -z $(on $node ls -A /tmp/to) ]] || fail "$launcher: left: $(on $node ls -A /tmp/to)"
	done

	# The origin is this host, whatever its place in the list.
	run_in_job stagecast-run --launcher=$launcher --hosts=node3,node2,node0 small \
		/tmp/small.$launcher
	expect_status 0 "$launcher, --hosts"
	grep -q ' to 3/3 nodes in ' out || fail "$launcher, --hosts: $(tail -n 1 out)"
	run_in_job stagecast-run --launcher=$launcher --failed-hosts=failed --bogus small /tmp/small
	expect_status 2 "$launcher, an option that stagecast does not have"
	[[ ! -e failed ]] || fail "$launcher, an option that stagecast does not have: there is a list"
	run_in_job stagecast-run --launcher=$launcher --failed-hosts=failed none /tmp/none
	expect_status 1 "$launcher, no source"
	! grep -q 'starting again' err || fail "$launcher, no source: it was tried again"
done

# Ended by a signal, stagecast-run leaves nothing running, though srun's steps are not its children.
# shellcheck disable=SC2016
start_in_job sh -c '"$@" & echo $! >number; wait $!; echo $? >returned' sh \
	stagecast-run --launcher=srun source "$copy"
until_true on 3 test -e "/tmp/.${copy##*/}.stagecast.map" || fail "SIGTERM: nothing arrives"
on 0 kill -TERM "$(cat number)"
await "$launched" 60
[[ $(cat returned) == 143 ]] || fail "SIGTERM with srun: status $(cat returned)"
# shellcheck disable=SC2317
runs_nothing()
{
	! on 0 pgrep -x stagecast >/dev/null && [[ -z $(in_slurm 0 squeue -h -s) ]]
}
wait_until "after SIGTERM nothing runs" runs_nothing

# A launch that cannot work is refused with the remedy.
run_in_job srun stagecast small /tmp/small
[[ $status -ne 0 ]] || fail "a plain srun: status 0"
expect_said "^stagecast: Slurm started several tasks, .*: start it with 'srun --mpi=pmix' or" \
	"a plain srun"
in_slurm 0 stagecast-run --launcher=srun small /tmp/small >out 2>err && fail "srun without a job"
expect_said 'this is not in a Slurm job$' "srun without a job"
conclude
