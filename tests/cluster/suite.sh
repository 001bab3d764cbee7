#!/usr/bin/env bash
# The benchmark suite, with little files: every contender's copies are right, the numbers are those
# of the runs, no ratio is given where the floor moved, and a contender that only says that it
# copied is not believed.
. "$SRCDIR/tests/cluster/lib.sh"
needs_socat
[[ -x /usr/bin/time ]] || skip "needs time(1)"
python3 -c 'import h5py' 2>/dev/null || skip "needs h5py"
make -C "$BUILDDIR" -s bench || fail "make bench"

suite()	# option ...
{
	PYTHONPATH=$SRCDIR/benchmarks PYTHONDONTWRITEBYTECODE=1 timeout 300 \
		python3 -m measure "$SRCDIR" "$BUILDDIR" --rate=80mbit --output=results "$@" \
		>"$dir/out" 2>&1
}

status=0
suite --nodes=2 --sizes=4K,2M --rounds=2 --contenders=stagecast,store,bcast,binomial || status=$?
[[ $status -ne 77 ]] || skip "$(cat "$dir/out")"
[[ $status -eq 0 ]] || fail "the suite ended with $status: $(tail -n 5 "$dir/out")"
[[ -z $(find results -name 'random-*') ]] || fail "it left its sources"

python3 - results <<'END' || fail "the results are not what the runs say"
import math, statistics, sys, xml.dom.minidom
import h5py

folder = sys.argv[1]
with h5py.File(f"{folder}/results.h5") as file:
    runs, summary, floors, simulated = (
        file[name][:] for name in ("runs", "summary", "floors", "simulated"))

def times(nodes, size, contender):
    return [r["elapsed_s"] for r in runs
            if (r["nodes"], r["size_bytes"], r["contender"]) == (nodes, size, contender)]

assert len(runs) == 2 * 2 * 6 and not any(r["failure"] for r in runs), runs
assert len(summary) == 2 * 6 and len(floors) == 2 and len(simulated) == 1
for floor in floors:
    size = floor["size_bytes"]
    peers = [times(1, size, name) for name in (b"tcp", b"stagecast")]
    least = min(peers, key=statistics.median)
    moved = (max(least) - min(least)) / statistics.median(least)
    assert math.isclose(floor["floor_s"], statistics.median(least))
    assert bool(floor["refusal"]) == (moved > 0.05), (floor, moved)
    for row in summary[summary["size_bytes"] == size]:
        median = statistics.median(times(row["nodes"], size, row["contender"]))
        assert math.isclose(row["median_s"], median)
        if floor["refusal"]:
            assert math.isnan(row["floor_ratio"])
        else:
            assert math.isclose(row["floor_ratio"], median / floor["floor_s"])
with open(f"{folder}/results.md", encoding="utf-8") as file:
    refused = file.read().count(": no ratios |")
assert refused == sum(bool(floor["refusal"]) for floor in floors)
xml.dom.minidom.parse(f"{folder}/sizes.svg")
END

# Found on PATH, as a real one would be: it says a time, and there is no copy.
mkdir bin
cat >bin/dbcast <<'END'
#!/bin/sh
echo "Bcast complete: size=4096, time=0.001000 secs, speed=3.9 MB/sec"
END
chmod +x bin/dbcast
status=0
PATH=$dir/bin:$PATH suite --nodes=2 --sizes=4K --rounds=1 --contenders=dbcast || status=$?
[[ $status -eq 1 ]] || fail "copies that are not there: status $status"
grep -q 'Failed: dbcast, 4K to 2, round 1: 0 of 6 copies are as the source' results/results.md ||
	fail "it does not say that copies are missing: $(cat results/results.md)"
conclude
