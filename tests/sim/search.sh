#!/usr/bin/env bash
# stagecast-sim --search: what it prints is what single simulations say, its best is the best of
# all of them, and options leave only what they allow.
. "$SRCDIR/tests/lib/mpi.sh"

cd "$dir" || exit 99
machine=(--nic=10Gbit --latency=5us --source-read=4GB/s --disk-write=3GB/s)

sim()	# argument ...
{
	printf -v last_run '%q ' "$@"
	timeout -k 5 "$watchdog_s" "$BUILDDIR/stagecast-sim" "$@" </dev/null >out 2>err
	status=$?
}

# The rows of the table: k m b chunk window time predicted.
rows()
{
	awk '$1 == "floor" { exit } $1 != "k" { print $1, $2, $3, $4, $5, $6, $8 }' "$1"
}

# Seconds of the line of that name.
seconds()	# name, file
{
	awk -v name="$1" '$1 == name { print $(NF > 2 && $2 == "node" ? 3 : 2) }' "$2"
}

# Search, and run every row, the best and the choice by themselves.
search()	# argument ...
{
	local k m b chunk window last predicted

	sim --search "${machine[@]}" "$@"
	expect_status 0 "--search $*"
	[[ ! -s err ]] || fail "--search $*: something on standard error"
	cp out found
	rows found >table
	[[ -s table && $(wc -l <table) -le 10 ]] || fail "--search $*: not one to ten rows"
	while read -r k m b chunk window last predicted; do
		sim "${machine[@]}" "$@" -k"$k" -m"$m" -b"$b" -s"$chunk" -w"$window"
		[[ $(seconds last out) == "$last" ]] || fail "a row says $last s"
		[[ $(seconds predicted out) == "$predicted" ]] ||
			fail "a row says that $predicted s were predicted"
	done <table
	LC_ALL=C sort -c -s -g -k 6,6 table || fail "--search $*: the rows are out of order"
	[[ $(seconds best found) == "$(awk 'NR == 1 { print $6 }' table)" ]] ||
		fail "--search $*: the best is not the first row"
	sim "${machine[@]}" "$@"
	[[ $(seconds last out) == "$(seconds choice found)" ]] ||
		fail "--search $*: the choice took $(seconds choice found) s"
	awk -v a="$(seconds best found)" -v b="$(seconds choice found)" \
		'BEGIN { exit !(a > 0 && a <= b) }' || fail "--search $*: the choice beats the best"
}

# All rows have this in a column.
only()	# column, value (ERE)
{
	awk -v column="$1" -v value="^($2)\$" '$column !~ value { bad = 1 } END { exit bad }' table ||
		fail "column $1 has something else than $2: $(cut -d ' ' -f "$1" table | tr '\n' ' ')"
}

search --nodes=9 --size=4MiB
search --nodes=20 --size=3000000 --slow=7:0.5 --jitter=5 --seed=3
search --nodes=1 --size=1MiB
search --nodes=0 --size=1MiB
search --nodes=3 --size=0
search --nodes=12 --size=4MiB -k4
only 1 4
search --nodes=12 --size=4MiB -m3
only 2 '[1-3]'
search --nodes=12 --size=4MiB -b2
only 3 2
search --nodes=12 --size=4MiB -s100000
only 4 100000
search --nodes=12 --size=4MiB -w1
only 5 1
search --nodes=12 --size=4MiB --max-connections=3
only 1 '[1-3]'
search --nodes=12 --size=16MiB --memory=1MiB
search --nodes=12 --size=1MiB --store-and-forward

# The best of all of them, found without the search.
search --nodes=6 --size=1MiB --message-cost=1us
best=$(seconds best found)
for k in 1 2 3 6; do
	for ((m = 1; m <= 6 / k; m++)); do
		for b in 1 2; do
			for chunk in 4K 6K 8K 12K 16K 24K 32K 48K 64K 96K 128K 192K 256K 384K 512K 768K \
				1M; do
				[[ $b == 1 || $m -ge 3 ]] || continue
				sim "${machine[@]}" --nodes=6 --size=1MiB --message-cost=1us \
					-k"$k" -m"$m" -b"$b" -s"$chunk"
				expect_status 0 "-k$k -m$m -b$b -s$chunk"
				seconds last out
			done
		done
	done
done >lasts
[[ $(wc -l <lasts) -eq 289 ]] || fail "$(wc -l <lasts) shapes were tried"
least=$(LC_ALL=C sort -g lasts | head -n 1)
[[ $least == "$best" ]] || fail "the search found $best s, the best takes $least s"
grep -q 'best of 289 shapes' found || fail "the search did not look at 289 shapes"

# The order in which the candidates end makes no difference.
for jobs in 1 2 5; do
	sim --search "${machine[@]}" --nodes=10 --size=2MiB --jobs=$jobs
	expect_status 0 "--jobs=$jobs"
	sed '/^shapes/,$d' out >found.$jobs
	cmp found.1 found.$jobs || fail "--jobs=$jobs finds something else"
done

sim --search --nodes=3 --size=1MiB --trace=trace
expect_status 2 "--search --trace"
grep -q 'not a --search' err || fail "--search --trace: no word of it"
sim --search --nodes=30 --size=1MiB -k20 --max-connections=4
expect_status 2 "a shape that can't be"

conclude
