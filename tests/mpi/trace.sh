#!/usr/bin/env bash
# What the core did in real runs it does again: the traces of all ranks, taken by new nodes, yield
# the same actions.  This ties the simulator, which drives the same core, to reality.
. "$SRCDIR/tests/lib/mpi.sh"

replay=$BUILDDIR/tests/sim/replay
[[ -x $replay ]] || skip "there is no $replay"
head -c 1000003 /dev/urandom >"$dir/source"
mkdir "$dir/copies"

# trace NAME RANKS OPTION...
trace()
{
	local name=$1 ranks=$2
	shift 2
	rm -f "$dir"/copies/* "$dir"/trace.*
	stage "$ranks" -q -s 4096 --copies=rank --trace="$dir/trace" "$@" "$dir/source" "$dir/copies/%r"
	[[ $status -eq 0 ]] || fail "$name: status $status, not 0"
	[[ $(find "$dir" -name 'trace.*' | wc -l) -eq $ranks ]] || fail "$name: not $ranks traces"
	"$replay" "$dir"/trace.* >"$dir/replayed" 2>&1 || {
		cat "$dir/replayed"
		fail "$name: a trace is not taken again"
	}
	note "$name: $(wc -l <"$dir/replayed") traces, the largest of $(
		awk '$4 > most {most = $4} END {print most}' "$dir/replayed") events"
}

trace "one group" 6 -k 5
trace "a chain" 5 -k 1
trace "two next groups" 8 -k 2 -b 2
trace "secondary trees" 8 -k 2 -m 1
trace "store and forward" 7 -k 3 --store-and-forward

# A trace in which one action is missing is no trace of this core.
sed -i '0,/^A /{/^A /d}' "$dir/trace.1"
if "$replay" "$dir/trace.1" >/dev/null 2>&1; then
	fail "a trace without its first action is taken again"
fi

conclude
