#!/usr/bin/env bash
# What a run left that was killed, all of it at once, the next one need not send again: with other
# chunks, groups and ranks as well.  A journal that is not to be trusted is ignored, with a word.
. "$SRCDIR/tests/lib/mpi.sh"

command -v h5dump >/dev/null || skip "there is no h5dump to read the timings with"
chunk=16384
size=$((128 * 1024 * 1024))
head -c "$size" /dev/urandom >"$dir/source"
touch -d '2020-02-03 04:05:06.123456789' "$dir/source"
mkdir "$dir/tmp"
timings=$dir/t.h5
others=()    # files of ranks that are not there any more

# A journal that names so many hundredths of the chunks.
# shellcheck disable=SC2317
has_part()	# rank, hundredths
{
	[[ $(($(stat -c %s "$dir/copies/.$1.stagecast.map") - 64)) -ge $((32 * $2 * size / chunk / 100)) ]]
}

# shellcheck disable=SC2317
one_has_part()	# hundredths
{
	local rank

	for rank in 1 2 3 4; do
		if [[ -f $dir/copies/$rank ]] || has_part "$rank" "$1"; then
			return 0
		fi
	done
	return 1
}

# Kill everything when each of the recipients has 70 % of the file.  The origin is stopped when one
# has, and a bit more, so that the others catch up and nobody comes to the end; if one has
# nevertheless, on a busy machine, it is begun again.  What mpirun leaves behind is in the
# folder of this test.
begin_and_kill()	# argument ...
{
	local rank attempt

	for ((attempt = 1; attempt <= 10; attempt++)); do
		rm -rf "$dir/copies"
		mkdir "$dir/copies"
		TMPDIR=$dir/tmp launch 5 "$STAGECAST" -s "$chunk" -w 1 --copies=rank --timeout=60s "$@" \
			"$dir/source" "$dir/copies/%r"
		until_true one_has_part 72 || fail "nobody has 72 % in its journal"
		kill -STOP "$(cat "$dir/pids/0")"
		for rank in 1 2 3 4; do
			[[ -f $dir/copies/$rank ]] || until_true has_part "$rank" 70 ||
				fail "rank $rank has not 70 % in its journal"
		done
		kill -STOP "$launched"
		for rank in 0 1 2 3 4; do
			kill -KILL "$(cat "$dir/pids/$rank")" || true
		done
		{
			kill -KILL "$launched"
			await "$launched" 60
			expect_gone "kill -9 of everything"
		} 2>/dev/null    # bash tells of what was killed
		[[ -n $(find "$dir/copies" -name '[0-9]') ]] || return 0
	done
	fail "ten times it was too fast to be killed"
}

# Bytes that nodes received, of a hundred of what they would have without the earlier run.
received()	# the first node and the last
{
	rows "$timings" /nodes | awk -F '\t' -v first="$1" -v last="$2" -v size="$size" '
		$1 >= first && $1 <= last {sum += $6; count++}
		END {print count == last - first + 1 ? int(100 * sum / (count * size)) : "none"}'
}

# Sets $part.
resume()	# what it is, ranks, per cent that nodes 1 to 4 may receive, option ...
{
	local what=$1 most=$3 last=$(($2 - 1)) names

	rm -f "$timings"
	stage "$2" --copies=rank --timings="$timings" "${@:4}" "$dir/source" "$dir/copies/%r"
	expect_status 0 "$what"
	mapfile -t names < <(seq 0 "$last")
	expect_copies "$dir/source" "${names[@]/#/$dir/copies/}"
	expect_files "$dir/copies" "${names[@]}" ${others[@]+"${others[@]}"}
	part=$(received 1 "$((last < 4 ? last : 4))")
	note "$what: nodes 1 to 4 received $part %"
	[[ $part -le $most ]] || fail "$what: more than $most %"
}

begin_and_kill
resume "the same again" 5 35 -s "$chunk"
[[ ! -s $dir/err ]] || fail "a resume complains"
begin_and_kill
resume "larger chunks" 5 37 -s 256K
if is_whole "smaller chunks, other groups and numbers of ranks, options"; then
	begin_and_kill
	resume "smaller chunks" 5 35 -s 4K
	begin_and_kill -k 4
	resume "other groups" 5 35 -s "$chunk" -k 1
	begin_and_kill -k 2
	resume "more ranks" 8 35 -s "$chunk" -k 3
	begin_and_kill
	others=(.{3,4}.stagecast.{part,map})
	resume "fewer ranks" 3 35 -s "$chunk"
	others=()
	begin_and_kill
	resume "--verify, --preserve" 5 35 -s "$chunk" --verify --preserve
	begin_and_kill
	resume "--no-resume" 5 101 --no-resume
	[[ $part -ge 99 && ! -s $dir/err ]] || fail "--no-resume used what was there"
fi

# What must not count.
begin_and_kill
# One is cut in the middle of a record, one in its header, one is noise, one is nothing.
truncate -s $((64 + 32 * 100 + 7)) "$dir/copies/.1.stagecast.map"
truncate -s 40 "$dir/copies/.2.stagecast.map"
head -c 10000 /dev/urandom >"$dir/copies/.3.stagecast.map"
rm "$dir/copies/.4.stagecast.map"
resume "journals that are damaged" 5 101 -s "$chunk"
[[ $part -ge 90 ]] || fail "damaged journals were trusted"
for rank in 2 3; do
	expect_said "^stagecast: .*warning: the journal .*/copies/$rank is damaged: nothing of it is used\$" \
		"a damaged journal"
done
expect_said '^stagecast: .*warning: the journal .*/copies/4 is missing: nothing of it is used$' "none"
[[ $(grep -c warning "$dir/err") -eq 3 ]] || fail "not three warnings"

# What the journal names is compared: chunks that are others now are sent again.
begin_and_kill
dd if=/dev/zero of="$dir/copies/.1.stagecast.part" bs=1M count=2 conv=notrunc status=none
resume "a part file that was written to" 5 40 -s "$chunk"

# Another file of the same name, and one that only looks like another.
begin_and_kill
touch "$dir/source"
resume "another time" 5 101 -s "$chunk"
[[ $(grep -cE '^stagecast: .*warning: the journal .* is of another source: ' "$dir/err") -eq 5 ]] ||
	fail "not every node says that its journal is of another source"
[[ $part -ge 99 ]] || fail "a journal of another source was trusted"

# The same again, with the copies there: nothing is sent.
stage 5 --copies=rank --timings="$timings" "$dir/source" "$dir/copies/%r"
expect_status 0 "copies that are there"
[[ $(rows "$timings" /nodes | awk -F '\t' '{sum += $6} END {print sum + 0}') -eq 0 ]] ||
	fail "copies that are there were sent again"
tail -n 1 "$dir/out" | grep -q '^staged 128 MiB to 5/5 nodes (5 had it already) in ' ||
	fail "copies that are there: $(tail -n 1 "$dir/out")"

# Two at the same time: the second says so, and the first is not disturbed.
rm -rf "$dir/copies" && mkdir "$dir/copies"
launch 3 "$STAGECAST" -s "$chunk" -w 1 --copies=rank "$dir/source" "$dir/copies/%r"
first=$launched
until_true has_part 2 5 || fail "the first of two runs has not begun"
for rank in 0 1 2; do
	kill -STOP "$(cat "$dir/pids/$rank")"
done
mv "$dir/pids" "$dir/first.pids" && mkdir "$dir/pids"
mv "$dir/out" "$dir/first.out"
stage 3 --copies=rank "$dir/source" "$dir/copies/%r"
for rank in 0 1 2; do
	kill -CONT "$(cat "$dir/first.pids/$rank")"
done
expect_status 1 "the second of two runs"
for rank in 0 1 2; do
	expect_said "\\(rank $rank\\): another stagecast is writing .*/copies/$rank: " "the second of two"
done
started=("$first")
await "$first" "$watchdog_s"
expect_status 0 "the first of two runs"
grep -q '^staged 128 MiB to 3/3 nodes in ' "$dir/first.out" || fail "the first of two runs"
expect_copies "$dir/source" "$dir"/copies/{0,1,2}
expect_left 0 1 2
conclude
