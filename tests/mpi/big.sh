#!/usr/bin/env bash
# A real tar of more than 100 MB, read back from the disk by each of 8 ranks; and files with
# holes, which stay holes.
. "$SRCDIR/tests/lib/mpi.sh"

needed_kib=$((2 * 1024 * 1024))
free_kib=$(df -Pk "$dir" | awk 'NR == 2 {print $4}')
[[ $free_kib -ge $needed_kib ]] || skip "needs 2 GiB in ${TMPDIR:-/tmp}; $free_kib KiB are free"

# The programs and libraries of this machine, and themselves again until it is enough.
make_tar()
{
	tar -C / -cf - usr/bin usr/lib 2>/dev/null | head -c 150000000 >"$dir/tar"
	while [[ $(stat -c %s "$dir/tar") -lt 104857600 ]]; do
		cat "$dir/tar" "$dir/tar" >"$dir/more" && mv "$dir/more" "$dir/tar" || return 1
	done
}

blocks()
{
	stat -c %b "$1"
}

mkdir "$dir/copies"
make_tar || fail "no tar could be made"
stage 8 --verify --copies=rank "$dir/tar" "$dir/copies/%r"
expect_status 0 "a tar"
expect_files "$dir/copies" 0 1 2 3 4 5 6 7
expect_copies "$dir/tar" "$dir"/copies/*
rates='\([0-9.]+ .iB/s a node, [0-9.]+ .iB/s in all\)'
tail -n 1 "$dir/out" | grep -qE "^staged 1.. MiB to 8/8 nodes in [0-9.]+ m?s $rates\$" ||
	fail "the last line is not what it should be"
if command -v xxhsum >/dev/null; then
	sum=$(xxhsum -H2 "$dir/tar" | awk '{print $1}')
	grep -qxF "$sum  $dir/tar" "$dir/out" || fail "no line says '$sum  $dir/tar'"
else
	not_tried "xxhsum -H2 says the same digest: there is no xxhsum"
fi

# Holes larger than a chunk, smaller than one, and at both ends.
make_sparse()
{
	local at

	truncate -s 256M "$dir/sparse" || return 1
	for at in 1 3 5 200 40000 40001 60000; do
		dd if="$dir/tar" of="$dir/sparse" bs=4096 count=1 skip="$at" seek="$at" conv=notrunc \
			status=none || return 1
	done
}

rm -f "$dir"/copies/*
make_sparse || fail "no sparse file could be made"
if [[ $(blocks "$dir/sparse") -gt 2048 ]]; then
	not_tried "holes: the file system in ${TMPDIR:-/tmp} has none"
	conclude
fi
stage 5 -s 1M --verify --copies=rank "$dir/sparse" "$dir/copies/%r"
expect_status 0 "a sparse file"
expect_files "$dir/copies" 0 1 2 3 4
expect_copies "$dir/sparse" "$dir"/copies/*
for copy in "$dir"/copies/*; do
	# Some file systems give out more than a block at once.
	[[ $(blocks "$copy") -le $((2 * $(blocks "$dir/sparse") + 256)) ]] ||
		fail "$copy has $(blocks "$copy") blocks, the source has $(blocks "$dir/sparse")"
done

rm -f "$dir"/copies/*
truncate -s 1000003 "$dir/hole"
stage 4 --copies=rank "$dir/hole" "$dir/copies/%r"
expect_status 0 "nothing but a hole"
expect_copies "$dir/hole" "$dir"/copies/{0,1,2,3}
for copy in "$dir"/copies/*; do
	[[ $(blocks "$copy") -le $(($(blocks "$dir/hole") + 16)) ]] ||
		fail "$copy has $(blocks "$copy") blocks; the source is a hole"
done
conclude
