# What the tests in a real Slurm share, besides all that tests/cluster/lib.sh has.  The test sets
# $nodes, how many there are, the origin included.
# shellcheck shell=bash
. "$SRCDIR/tests/cluster/lib.sh"

slurm=$SRCDIR/tests/slurm/slurm
nodes=
[[ -n ${MPIRUN:-} ]] || skip "there is no mpirun"
# PATH as on a machine where stagecast is installed.
mkdir bin
ln -s "$SRCDIR/jobs/stagecast-run" "$STAGECAST" bin/ || exit 99
PATH=$dir/bin:$PATH
export PATH MPIRUN

# Make a cluster with Slurm, $name, that is gone when the test is.
slurm_up()	# option of slurm up ...
{
	local status=0

	name=slurm-$$
	clusters+=("$name")
	"$slurm" up --owner $$ --name "$name" --share "$BUILDDIR" --share "$SRCDIR" "$@" >out 2>err ||
		status=$?
	if [[ $status -eq 77 ]]; then
		clusters=()
		skip "$(cat err)"
	fi
	[[ $status -eq 0 ]] || { fail "slurm up: status $status: $(cat err)"; conclude; }
}

# Run a command on a node, where it finds Slurm.
in_slurm()	# node, command ...
{
	"$slurm" exec --name "$name" "$@"
}

# Run a command in an allocation of all nodes and don't wait for it.
start_in_job()	# command ...
{
	printf -v last_run '%q ' "$@"
	"$slurm" exec --name "$name" 0 salloc --quiet --no-kill --nodes="$nodes" "$@" \
		</dev/null >out 2>err &
	launched=$!
	started+=("$launched")
}

run_in_job()	# command ...
{
	start_in_job "$@"
	await "$launched" "$watchdog_s"
}

# Sets $job; what the job says goes to $job.log.
submit()	# option of sbatch, script, argument ...
{
	printf -v last_run '%q ' sbatch "$@"
	: >out
	job=$(in_slurm 0 sbatch --parsable --nodes="$nodes" --output=%j.log "$@" 2>err) || {
		fail "sbatch"
		conclude
	}
}

job_field()	# name
{
	in_slurm 0 scontrol --oneliner show job "$job" | grep -o " $1=[^ ]*" | cut -d= -f2
}

# shellcheck disable=SC2317
is_job_over()
{
	[[ $(job_field JobState) =~ ^(COMPLETED|FAILED|CANCELLED|NODE_FAIL|TIMEOUT)$ ]]
}

# Wait for a condition, which must come sooner or later.
wait_until()	# what for, command ...
{
	local deadline=$((SECONDS + 2 * watchdog_s))

	until "${@:2}" 2>/dev/null; do
		if [[ $SECONDS -ge $deadline ]]; then
			fail "never: $1"
			conclude
		fi
		sleep 0.1
	done
}

# Wait for the end of the job: sets $status, and leaves its log where a run's output is.
await_job()
{
	wait_until "the end of job $job" is_job_over
	status=$(job_field ExitCode)
	status=${status%%:*}
	tr -d '\0' <"$job.log" >out    # mpirun writes NULs
	cp out err
}

# shellcheck disable=SC2317
are_idle()
{
	[[ $(in_slurm 0 sinfo -h -t idle -o %D) == "$nodes" ]]
}

# Bring a lost node back.
mend()	# node
{
	"$slurm" mend --name "$name" "$1" >out 2>err || fail "slurm mend: $(cat err)"
	wait_until "all nodes are idle" are_idle
}
