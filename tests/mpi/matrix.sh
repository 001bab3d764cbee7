#!/usr/bin/env bash
# Copies are the same, byte for byte: for 1 to 16 recipients in every shape of plan, and for
# sizes around the edges of chunks and subfiles.  Every number of recipients meets every shape,
# and every shape every size.
. "$SRCDIR/tests/lib/mpi.sh"

chunk=4096
# One group; a chain; a chain of groups; a tree with two next groups; secondary trees, three of
# them for 7 and 8 recipients; a tree and secondary trees at once; store and forward.
shapes=(
	'-k 16'
	'-k 1 -m 16'
	'-k 3 -m 6 -b 1'
	'-k 2 -m 8 -b 2'
	'-k 2 -m 1'
	'-k 2 -m 3 -b 2'
	'-k 3 -m 6 -b 1 --store-and-forward'
)
# With k of 1, 2, 3 and 16: the sizes of one chunk for each subfile.
sizes=(0 1 4095 4096 4097 8192 12288 65536 1000003)
step=1
# Odd, so that all numbers of recipients have their turn.
[[ -z ${SANITIZERS:-} ]] && is_whole "four of five runs" || step=5

for size in "${sizes[@]}"; do
	head -c "$size" /dev/urandom >"$dir/$size"
done
mkdir "$dir/copies"

runs=0
for ((i = 0; i < 16 * ${#shapes[@]}; i += step)); do
	recipients=$((i % 16 + 1))
	shape=$((i / 16))
	size=${sizes[$(((recipients + 2 * shape) % ${#sizes[@]}))]}
	read -ra options <<<"${shapes[$shape]}"
	[[ $((recipients % 3)) -ne 0 ]] || options+=(-w 1)
	stage $((recipients + 1)) -q -s "$chunk" --copies=rank "${options[@]}" "$dir/$size" \
		"$dir/copies/%r"
	what="$size bytes to $recipients recipients"
	expect_status 0 "$what"
	[[ ! -s $dir/out && ! -s $dir/err ]] || fail "$what: --quiet, and yet something was said"
	mapfile -t names < <(seq 0 "$recipients")
	expect_files "$dir/copies" "${names[@]}"
	expect_copies "$dir/$size" "${names[@]/#/$dir/copies/}"
	rm -rf "$dir/copies"
	mkdir "$dir/copies"
	runs=$((runs + 1))
	[[ $failures -lt 5 ]] || break
done

# What the fifth shape promises.
trees=$("$STAGECAST" --plan --topology=nodes:8 --size=1M -k 2 -m 1 | grep -c '^group .*secondary')
[[ $trees -eq 3 ]] || fail "-k 2 -m 1 makes $trees secondary trees of 8 recipients"
note "$runs runs"
conclude
