# What the tests of the command line share, besides tests/lib/mpi.sh.  The functions are to be called
# in a folder of the test's own that has a file named source.
# shellcheck shell=bash
. "$SRCDIR/tests/lib/mpi.sh"

# Run it as a user would without mpirun.
cli()	# argument ...
{
	printf -v last_run '%q ' "$@"
	timeout -k 5 "$watchdog_s" "$STAGECAST" "$@" </dev/null >out 2>err
	status=$?
}

# Refused: one sentence, and where help is to be found.
refuse()	# sentence (ERE), argument ...
{
	local sentence=$1

	shift
	cli "$@"
	expect_status 2 "$*"
	expect_one_message "^stagecast: $sentence\$" "$*"
	[[ $(tail -n 1 err) == "Try 'stagecast --help'." ]] || fail "$*: no word of --help"
	[[ $(wc -l <err) -eq 2 ]] || fail "$*: more than two lines"
	[[ ! -e copy ]] || fail "$*: something was written"
}

# Taken, and SOURCE is staged.
accept()	# argument ...
{
	cli -q "$@" source copy
	expect_status 0 "$*"
	expect_copies source copy
	rm -f copy
	[[ ! -s out && ! -s err ]] || fail "$*: --quiet, and yet something was said"
}
