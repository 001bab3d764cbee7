#!/bin/sh
# A timings file can be read without any code of ours: by h5dump and by h5py.
# TEST_TIMINGS is the program that writes an example of one.
set -u

program=${TEST_TIMINGS:-tests/record/test_timings}
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
file=$dir/run.h5
failures=0

fail()
{
	echo "timings_schema: $*" >&2
	failures=$((failures + 1))
}

# test_timings makes its temporary directory where it runs.
case $program in
/*) ;;
*) program=$PWD/$program ;;
esac
if ! (cd "$dir" && "$program" "$file") >"$dir/log" 2>&1; then
	cat "$dir/log" >&2
	fail "$program did not write a file"
	exit 1
fi

# expect OPTION NAME PATTERN...: what h5dump says of NAME matches each.
expect()
{
	option=$1 name=$2
	shift 2
	if ! h5dump "$option" "$name" "$file" >"$dir/out" 2>&1; then
		cat "$dir/out" >&2
		fail "h5dump $option $name failed"
		return
	fi
	for pattern in "$@"; do
		grep -q -e "$pattern" "$dir/out" || fail "h5dump $option $name: no $pattern"
	done
}

skipped=
if command -v h5dump >/dev/null; then
	expect -a /schema_version '(0): 1$'
	expect -a /program '"stagecast"'
	expect -a /argv '--timings=run.h5' '( 4 )'
	expect -a /time_unit '"s"'
	expect -d /plan/nodes '"node";' '"parent";' '( 8 )'
	expect -d /plan/edges 'H5T_ENUM' '"distribution" *0;' '( 21 )' '^ *distribution'
	expect -d /nodes '"host";' '"host000005"' '^ *failed' 'No space left on device'
	expect -d /events '"time_s";' 'copy_failed' '( 24 )'
	expect -d /failures '"detours";' '"bytes_supplied_again";' '( 1 )' 'nan'
	expect -t /types/edge_kind 'secondary'
	expect -t /types/node_state 'no_copy'
	expect -t /types/event_what 'served_from_store' '"resumed" *22;'
else
	skipped="$skipped h5dump"
fi

if python3 -c 'import h5py' 2>/dev/null; then
	python3 - "$file" <<'END' || fail "h5py does not read what was written"
import math
import sys

import h5py

with h5py.File(sys.argv[1], "r") as run:
    assert run.attrs["schema_version"] == 1
    assert run.attrs["source"] == "/data/\u00f6lflow.bin"
    assert list(run.attrs["argv"])[1] == "--timings=run.h5"
    assert run.attrs["started_unix_s"] == 1700000000.5
    nodes = run["nodes"][:]
    assert [n["host"].decode() for n in nodes][5] == "host000005"
    states = h5py.check_enum_dtype(run["nodes"].dtype["state"])
    assert list(nodes["state"]).count(states["failed"]) == 1
    assert nodes["committed_s"][1] == 2.0 and math.isnan(nodes["committed_s"][5])
    events = run["events"][:]
    assert len(events) == 24 and all(events["time_s"][1:] >= events["time_s"][:-1])
    assert events["peer"].min() == -1
    edges = run["plan/edges"][:]
    kinds = h5py.check_enum_dtype(run["types/edge_kind"].dtype)
    assert len(edges[edges["kind"] == kinds["distribution"]]) == 3
    assert len(run["failures"]) == 1
END
else
	skipped="$skipped h5py"
fi

if [ "$failures" -gt 0 ]; then
	exit 1
fi
if [ -n "$skipped" ]; then
	echo "timings_schema: not installed, so not tried:$skipped" >&2
	exit 77
fi
exit 0
