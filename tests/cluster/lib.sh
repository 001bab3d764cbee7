# What the tests on an emulated cluster share, besides all that tests/lib/mpi.sh has.  They run in
# their own folder, which the nodes see as well.
# shellcheck shell=bash
. "$SRCDIR/tests/lib/mpi.sh"

cluster=$SRCDIR/tests/cluster/cluster
clusters=()
cd "$dir" || exit 99

finish_cluster()
{
	local name

	for name in ${clusters[@]+"${clusters[@]}"}; do
		"$cluster" down "$name" 2>/dev/null
	done
	finish
}
trap finish_cluster EXIT

# Make a cluster, $name, that is gone when the test is.
up()	# option of cluster up ...
{
	local status=0

	name=$("$cluster" up --owner $$ --share "$BUILDDIR" "$@" 2>"$dir/err") || status=$?
	[[ $status -ne 77 ]] || skip "$(cat "$dir/err")"
	[[ $status -eq 0 ]] || { fail "cluster up $*: status $status: $(cat "$dir/err")"; conclude; }
	clusters+=("$name")
}

down()	# cluster; nothing is left to take down at the end of the test
{
	local others=() one

	"$cluster" down "$1" || fail "cluster down $1"
	for one in "${clusters[@]}"; do
		[[ $one == "$1" ]] || others+=("$one")
	done
	clusters=(${others[@]+"${others[@]}"})
}

# Run a command on a node of $name.
on()	# node, command ...
{
	"$cluster" exec --name "$name" "$@"
}

# Run a cluster command as mpi.sh runs a program: $status, $dir/out, $dir/err, a watchdog.
cluster()	# argument ...
{
	printf -v last_run '%q ' cluster "$@"
	"$cluster" "$@" </dev/null >"$dir/out" 2>"$dir/err" &
	launched=$!
	started+=("$launched")
	await "$launched" "$watchdog_s"
}

# A cluster for one command.
cluster_run()	# argument of cluster run ...
{
	cluster run --share "$BUILDDIR" "$@"
	[[ $status -ne 77 ]] || skip "$(cat "$dir/err")"
}

needs_socat()
{
	command -v socat >/dev/null || skip "needs socat"
}

# A plain TCP copy of a file from node to node: prints the milliseconds until the receiver has it.
copy_ms()	# file, from, to
{
	local began listener

	rm -f copied
	"$cluster" exec --name "$name" "$3" timeout 60 \
		socat -u TCP-LISTEN:7000,reuseaddr CREATE:copied &
	listener=$!
	until on "$3" ss -Hltn | grep -q ':7000 '; do
		kill -0 "$listener" || return
		sleep 0.02
	done
	began=$(date +%s%N)
	on "$2" socat -u "FILE:$1" "TCP:node$3:7000" || return
	wait "$listener" || return
	cmp "$1" copied >&2 || return
	echo $((($(date +%s%N) - began) / 1000000))
}
