#!/usr/bin/env bash
# The command lines of sbcast and dbcast with the name changed: each option means the same, or is
# refused with the reason and the remedy.
. "$SRCDIR/tests/lib/cli.sh"

cd "$dir" || exit 99
unset SLURM_JOB_ID SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID
head -c 100000 /dev/urandom >source

## What means the same

head -c 100000 /dev/urandom >copy
for option in -f --force; do
	cli -q "$option" source copy
	expect_status 0 "$option"
	expect_copies source copy
	head -c 100000 /dev/urandom >copy
done
rm copy
touch -d '2001-02-03 04:05:06' source
chmod 751 source
for option in -p --preserve; do
	cli -q "$option" source copy
	expect_status 0 "$option"
	[[ $(stat -c '%a %Y' copy) == "$(stat -c '%a %Y' source)" ]] || fail "$option: mode or time"
	rm copy
done
cli -v source copy
expect_said '^stagecast: plan: ' "-v"
rm copy
cli --verbose source copy
expect_said '^stagecast: plan: ' "--verbose"
rm copy
cli -V
expect_status 0 "-V"

# What is there as timeout is told with -v.
for option in -t7 '-t 7' --timeout=7; do
	read -ra words <<<"$option"
	cli -v "${words[@]}" source copy
	expect_status 0 "$option"
	expect_said 'a node that is silent for 7.000 s is given up$' "$option"
	rm -f copy
done

# The size of a block is that of a chunk; only a plan is made for the size of a file.
for option in '-s 8192' -s8192 '-s 8k' '-s 8K' --size=8192 --size=8k '--size 8K'; do
	read -ra words <<<"$option"
	cli -v "${words[@]}" source copy
	expect_status 0 "$option"
	expect_said ', chunks of 8192 bytes, ' "$option"
	rm -f copy
done
accept --size=1m
accept -s 1m
accept -fpv -t 30 -s 1m --compress=none
for value in 4095 65m 1G 0; do
	refuse '--size: that of a chunk can be from 4.00 KiB to 64.0 MiB; that of a file is for --plan' \
		"--size=$value" source copy
done
refuse '--size=2MB: it takes a size from .*' --size=2MB source copy
refuse '--chunk-size=2MB: it takes a size from .*' -s 2MB source copy

# No compression is what there is.
accept -Cnone
accept --compress=none

# Refused when the job is looked at, not the command line.
refuse_job()	# sentence (ERE), argument ...
{
	local sentence=$1

	shift
	cli "$@" source copy
	expect_status 2 "$*"
	expect_one_message "^stagecast: $sentence\$" "$*"
	[[ ! -e copy ]] || fail "$*: something was written"
}

# The job's own number, as in "-j $SLURM_JOB_ID".
export SLURM_JOB_ID=4711
accept -j 4711
accept --jobid=4711
refuse_job '--jobid=4712: the nodes are those that stagecast is started on, here in job 4711; .*' \
	-j 4712
refuse_job '--jobid=4711.0: .* here in job 4711; start it within that job' --jobid=4711.0
export SLURM_ARRAY_JOB_ID=4700 SLURM_ARRAY_TASK_ID=3
accept -j 4700_3
refuse_job '--jobid=4700_4: .*' -j 4700_4
unset SLURM_JOB_ID
refuse_job '--jobid=4711: .* here in no Slurm job; start it within that job' -j 4711
unset SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID
export SLURM_JOB_ID=4711
stage 3 -q --copies=rank -j 1 source 'copy.%r'
expect_status 2 "another job, under mpirun"
expect_one_message '^stagecast: --jobid=1: ' "another job, under mpirun"
stage 3 -q --copies=rank -j 4711 source 'copy.%r'
expect_status 0 "this job, under mpirun"
expect_copies source copy.0 copy.1 copy.2
unset SLURM_JOB_ID

## What is refused

no_compression='--compress(=lz4)?: it takes none: nothing is compressed on the way; leave it out, or compress SOURCE itself'
for option in -C -Clz4 --compress --compress=lz4; do
	refuse "$no_compression" "$option" source copy
done
for option in '-F 8' -F8 --fanout=8 --treewidth=8; do
	read -ra words <<<"$option"
	refuse '--(fanout|treewidth)=8: .*; leave it out, or limit .* by --max-connections' "${words[@]}" \
		source copy
done
refuse '--fanout=off: .*' -F off source copy
refuse '--window=node1,node2: .*; a list of nodes, as sbcast.s -w takes it, is for --hosts of stagecast-run' \
	-w node1,node2 source copy
refuse '--window=x: it takes a number from 1 to 64, or auto; a list of nodes, .*' --window=x source copy
refuse '--nodelist=node1: .* --hosts of stagecast-run, or to mpirun' --nodelist=node1 source copy
for option in -Z --no-allocation; do
	refuse '--no-allocation: no batch job is needed; leave it out, .*' "$option" source copy
done
rm -f copy.? out err
expect_files . pids source
conclude
