# What the tests that run stagecast share: a folder of their own, runs under mpirun with a
# watchdog, and an account of what went wrong.  To be sourced by bash.
# Environment: as make check gives it; see AM_TESTS_ENVIRONMENT in Makefile.am.
# shellcheck shell=bash
set -u

test_name=$(basename "$0" .sh)
failures=0
untried=()
started=()    # process numbers that have to be gone at the end
status=       # of the last run
dir=$(mktemp -d "${TMPDIR:-/tmp}/stagecast-$test_name.XXXXXX") || exit 99
mkdir "$dir/pids" || exit 99

# Seconds after which a run hangs.  With sanitizers and more ranks than cores it is only slow.
watchdog_s=120
[[ -z ${SANITIZERS:-} ]] || watchdog_s=400

finish()
{
	local pid

	for pid in ${started[@]+"${started[@]}"}; do
		kill -CONT "$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null
	done
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 99' HUP INT TERM

note()
{
	printf '%s: %s\n' "$test_name" "$*"
}

# Say what is wrong and, once, what the last run said.
fail()
{
	failures=$((failures + 1))
	note "FAILED: $*"
	[[ -n ${last_run:-} ]] || return 0
	note "  the run: $last_run, status ${status:-none}"
	last_run=
	sed 's/^/  stdout: /' "$dir/out" 2>/dev/null | tail -n 20
	sed 's/^/  stderr: /' "$dir/err" 2>/dev/null | tail -n 20
}

not_tried()
{
	untried+=("$*")
}

# For what tests/run does with --all only, as TIER says; without a TIER all is done.
is_whole()	# what is left out otherwise
{
	[[ ${TIER:-all} != all ]] || return 0
	note "left to --all: $*"
	return 1
}

skip()
{
	note "skipped: $*"
	exit 77
}

# The last line of every test.
conclude()
{
	local reason

	for reason in ${untried[@]+"${untried[@]}"}; do
		note "not tried: $reason"
	done
	if [[ $failures -gt 0 ]]; then
		note "$failures failed"
		exit 1
	fi
	[[ ${#untried[@]} -eq 0 ]] || exit 77
	note "ok"
	exit 0
}

launcher=()
find_launcher()
{
	[[ -n ${MPIRUN:-} ]] || skip "there is no mpirun"
	launcher=("$MPIRUN")
	# Not a pipe into grep -q: mpirun dislikes to have its output closed early.
	if [[ $("$MPIRUN" --version 2>&1) == *"Open MPI"* ]]; then
		launcher+=(--oversubscribe)
		[[ ${HAVE_ULFM:-no} != yes ]] || launcher+=(--with-ft ulfm)
	fi
}

# How a rank gets a host name of its own: sets unshare.
# shellcheck disable=SC2034
unshare=()
# shellcheck disable=SC2034
find_unshare()
{
	if unshare -u true 2>/dev/null; then
		unshare=(-u)
	elif unshare -ru true 2>/dev/null; then
		unshare=(-ru)
	else
		skip "unshare -u is not permitted, so there is one host only"
	fi
}

# The library that ends a rank at a line of its trace: $dir/fault.so.
compile_fault()
{
	"${CC:-cc}" -shared -fPIC -O1 -o "$dir/fault.so" "$SRCDIR/tests/mpi/trace_fault.c" -ldl ||
		skip "trace_fault.c can't be compiled"
}

# Start a program on some ranks and don't wait: its mpirun is $launched, its output $dir/out and
# $dir/err.
launch()	# ranks, program, argument ...
{
	local ranks=$1

	shift
	[[ ${#launcher[@]} -gt 0 ]] || find_launcher
	rm -f "$dir"/pids/*
	printf -v last_run '%q ' -n "$ranks" "$@"
	RANK_PIDS=$dir/pids "${launcher[@]}" -n "$ranks" sh "$SRCDIR/tests/lib/rank.sh" "$@" \
		</dev/null >"$dir/out" 2>"$dir/err" &
	launched=$!
	started+=("$launched")
}

# Wait for a process for that long at most: sets $status, 124 if it hung and was ended.
await()	# process, seconds
{
	local deadline=$((SECONDS + $2)) file

	while kill -0 "$1" 2>/dev/null; do
		if [[ $SECONDS -ge $deadline ]]; then
			kill -TERM "$1"
			sleep 5
			kill -KILL "$1" 2>/dev/null
			for file in "$dir"/pids/*; do
				kill -KILL "$(cat "$file")" 2>/dev/null
			done
			wait "$1" 2>/dev/null
			status=124
			started=()
			return
		fi
		sleep 0.02
	done
	wait "$1" 2>/dev/null
	status=$?
	started=()
}

run()	# ranks, program, argument ...
{
	launch "$@"
	await "$launched" "$watchdog_s"
}

stage()	# ranks, argument ...
{
	local ranks=$1

	shift
	run "$ranks" "$STAGECAST" "$@"
}

expect_status()	# status, what was done
{
	[[ $status -eq $1 ]] || fail "$2: status $status instead of $1"
}

expect_said()	# pattern (ERE), what was done
{
	# mpirun leaves zero bytes before other programs' lines.
	grep -qaE -e "$1" <(tr -d '\0' <"$dir/err") || fail "$2: standard error lacks: $1"
}

# A mistake of the user: one sentence, and nothing else.
expect_one_message()	# pattern (ERE), what was done
{
	expect_said "$1" "$2"
	[[ $(grep -c '^stagecast: ' "$dir/err") -eq 1 ]] || fail "$2: not one message"
	[[ ! -s $dir/out ]] || fail "$2: something on standard output"
}

expect_copies()	# source, copy ...
{
	local copy source=$1

	shift
	for copy in "$@"; do
		cmp "$source" "$copy" || fail "$copy is not a copy of $source"
	done
}

# A folder holds these names and no others, hidden ones included.
expect_files()	# folder, name ...
{
	local folder=$1 wanted

	shift
	wanted=$(printf './%s\n' "$@" | LC_ALL=C sort)
	[[ $(cd "$folder" && find . ! -name . -prune | LC_ALL=C sort) == "$wanted" ]] ||
		fail "$folder holds: $(ls -Am "$folder"), instead of: $*"
}

# shellcheck disable=SC2317
is_gone()	# process
{
	[[ ! -d /proc/$1 ]] || grep -q '^State:.*Z' "/proc/$1/status"
}

# No rank of the last run is there any more; mpirun may be gone before the last of them.
expect_gone()	# what was done
{
	local file deadline=$((SECONDS + 30))

	for file in "$dir"/pids/*; do
		until is_gone "$(cat "$file")" 2>/dev/null; do
			if [[ $SECONDS -ge $deadline ]]; then
				fail "$1: rank ${file##*/} is still there"
				return
			fi
			sleep 0.05
		done
	done
}

# Below $dir/copies are these files and no others, hidden ones included; and no part file is
# left anywhere.
expect_left()	# path below $dir/copies ...
{
	local left wanted=

	[[ $# -eq 0 ]] || wanted=$(printf './%s\n' "$@" | LC_ALL=C sort)
	left=$(cd "$dir/copies" && find . ! -type d | LC_ALL=C sort)
	[[ $left == "$wanted" ]] || fail "there are: ${left//$'\n'/ }; not: ${wanted//$'\n'/ }"
	left=$(find "$dir" -name '*.stagecast.*')
	[[ -z $left ]] || fail "left behind: $left"
}

# Wait until a condition holds; fails after a minute or when the run is over.
until_true()	# command ...
{
	local deadline=$((SECONDS + 60))

	until "$@" 2>/dev/null; do
		if [[ $SECONDS -ge $deadline ]] || ! kill -0 "$launched" 2>/dev/null; then
			return 1
		fi
		sleep 0.01
	done
}

# A source that takes seconds to stage in chunks of 4 KiB and a window of 1, and no space: what
# lies between the data at its beginning and at its end is a hole.
make_slow_source()	# file, MiB
{
	head -c 1000000 /dev/urandom >"$1" &&
		truncate -s "$2M" "$1" &&
		head -c 1000000 /dev/urandom >>"$1"
}
# shellcheck disable=SC2034
slow=(-s 4096 -w 1)

# The rows of a table in a timings file, a line each, the columns separated by a tab.
rows()	# file, table
{
	h5dump -w 0 -d "$2" "$1" | awk '
		/^   DATA \{/ {data = 1; next}
		!data {next}
		/^ *(\([0-9]+\): |\}, )\{$/ {
			if (line != "")
				print line
			line = ""
			next
		}
		/^ *\}$/ {
			if (line != "")
				print line
			exit
		}
		{
			gsub(/^ +|,$/, "")
			line = line (line == "" ? "" : "\t") $0
		}'
}
