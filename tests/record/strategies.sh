#!/usr/bin/env bash
# stagecast-sim --compare --timings: the file says what the table says, and without a comparison
# nothing of it.
. "$SRCDIR/tests/lib/mpi.sh"

command -v h5dump >/dev/null || skip "needs h5dump"
cd "$dir" || exit 99
bytes=$((4 << 20))
options=(--size="$bytes" --nic=10Gbit --latency=5us)

sim()	# argument ...
{
	printf -v last_run '%q ' "$@"
	timeout -k 5 "$watchdog_s" "$BUILDDIR/stagecast-sim" "${options[@]}" "$@" \
		</dev/null >out 2>err
	status=$?
}

# The table that was printed: name, last node, multiple of the floor, by tabs.
printed()
{
	awk '/^strategy / {table = 1; next}
		table {
			name = substr($0, 1, 26)
			sub(/ +$/, "", name)
			printf "%s\t%s\t%s\n", name, substr($0, 28, 14) + 0, substr($0, 43, 10) + 0
		}' out
}

has_table()	# file
{
	h5dump -n "$1" >names || fail "$1 can't be read"
	grep -q '/nodes$' names || fail "$1 has no table of nodes"
	grep -q '/strategies$' names
}

# What is in the file is what was printed, rounded.
expect_table()	# file, rows
{
	has_table "$1" || fail "$1 has no strategies"
	rows "$1" /strategies | tr -d '"' >found
	printed >table
	[[ $(wc -l <found) -eq $2 ]] || fail "$1 has $(wc -l <found) strategies and not $2"
	paste found table | awk -F '\t' -v rows="$2" '
		function far(a, b, most) {return a - b > most || b - a > most}
		NF != 8 || $1 != $6 || far($2, $7, 1e-6) || far($3, $8, 1e-3) {print; bad = 1}
		END {exit bad || NR != rows}' || fail "$1 differs from what was printed"
}

# A value of the file.
of()	# strategy, column
{
	awk -F '\t' -v name="$1" -v column="$2" '$1 == name {print $column}' found
}

sim --nodes=12 --compare --timings=compared.h5
expect_status 0 "--compare --timings"
expect_table compared.h5 6
[[ $(head -n 1 table) == "ALM-FastReplica"$'\t'"$(awk '/^last node/ {print $3 + 0}' out)"* ]] ||
	fail "the first strategy is not the plan's choice"
[[ $(of chain 4) -eq $bytes && $(of chain 5) -eq $bytes ]] || fail "bytes that a chain sends"
[[ $(of 'independent unicast' 4) -eq $((12 * bytes)) ]] || fail "bytes that the origin sends to all"
[[ $(of 'independent unicast' 5) -eq 0 ]] || fail "a relay of none sent something"

if python3 -c 'import h5py' 2>/dev/null; then
	python3 - compared.h5 <<'END' || fail "h5py does not read what was written"
import sys

import h5py

with h5py.File(sys.argv[1], "r") as run:
    assert run.attrs["schema_version"] == 1
    rows = run["strategies"][:]
    first = rows[0]
    assert first["name"].decode() == "ALM-FastReplica"
    assert abs(first["last_s"] - max(run["nodes"]["committed_s"][1:])) < 1e-12
    assert first["origin_bytes"] == run["nodes"]["bytes_sent"][0]
    assert first["relay_bytes"] == max(run["nodes"]["bytes_sent"][1:])
    floors = rows["last_s"] / rows["floor_ratio"]
    assert max(floors) - min(floors) < 1e-12
END
else
	not_tried "h5py is not installed"
fi

# Nobody to compare anything with.
sim --nodes=0 --compare --timings=alone.h5
expect_status 0 "--nodes=0"
expect_table alone.h5 3

sim --nodes=12 --timings=simulated.h5
expect_status 0 "--timings"
! has_table simulated.h5 || fail "strategies without a comparison"

sim --nodes=12 --compare --timings=missing/run.h5
expect_status 1 "a folder that is missing"
expect_said 'missing/run.h5: .*: No such file or directory' "a folder that is missing"

if [[ -n ${MPIRUN:-} ]]; then
	head -c 100000 /dev/urandom >source
	mkdir copies
	stage 3 --copies=rank --timings="$dir/real.h5" "$dir/source" "$dir/copies/%r"
	expect_status 0 "a real run"
	! has_table real.h5 || fail "strategies in a real run"
else
	not_tried "a real run: there is no mpirun"
fi
conclude
