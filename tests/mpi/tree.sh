#!/usr/bin/env bash
# A tree with all that trees can have reaches every rank as it is; and what goes wrong on the way:
# a rank that dies, a disk that is full, everything killed in the middle and resumed, DESTs and
# sources that can't be.

# What is mounted here is seen by this script only, and gone with it.
if [[ -z ${MOUNTS:-} ]]; then
	if [[ $(id -u) -eq 0 ]] && unshare -m true 2>/dev/null; then
		MOUNTS=yes exec unshare -m --propagation private bash "$0"
	fi
	MOUNTS=no
fi
. "$SRCDIR/tests/lib/mpi.sh"
. "$SRCDIR/tests/lib/tree.sh"

command -v rsync >/dev/null || skip "there is no rsync to compare trees with"
cd "$dir" || exit 99
umask 022
make_tree tree 1000
mkdir copies

ranks=(0 1 2 3)

fresh()
{
	chmod -R u+rwx copies 2>/dev/null
	rm -rf copies
	mkdir copies
}

# What rsync may not compare where stagecast doesn't preserve: set-ID and sticky bits.
expect_plain_copies()	# name below copies/RANK ...
{
	local rank differences

	for rank in "${ranks[@]}"; do
		differences=$(rsync -nrlHti --checksum --delete tree/ "copies/$rank$1/" 2>&1)
		[[ -z $differences ]] ||
			fail "copies/$rank$1 is not as the tree: $(head -n 20 <<<"$differences")"
	done
}

## As cp -r, without and with preserving

stage 4 -r --copies=rank tree copies/%r
expect_status 0 "a tree"
[[ ! -s err ]] || fail "a tree: something was said"
tail -n 1 out | grep -q '^staged .* to 4/4 nodes in ' || fail "a tree: $(tail -n 1 out)"
expect_plain_copies ''
expect_files copies "${ranks[@]}"
for copy in copies/*; do
	[[ $(stat -c %a "$copy/modes/4755" "$copy/modes/setgid" "$copy/modes/444" | xargs) == \
		"755 755 444" ]] || fail "$copy: modes without -p"
	[[ $(stat -c %h "$copy/large") -eq 2 && $copy/large -ef $copy/links/hard-large ]] ||
		fail "$copy: a hard link"
	[[ $(stat -c %b "$copy/sparse") -le $(($(stat -c %b tree/sparse) + 64)) ]] ||
		fail "$copy: the holes are filled"
	[[ $(stat -c %b "$copy/hole") -eq 0 ]] || fail "$copy: a file that is a hole has blocks"
done

# It is there: nothing is replaced unless asked for, and then as a whole.
for rank in "${ranks[@]}"; do
	mkdir "into$rank"
done
stage 4 -r --copies=rank -p --verify tree/ into%r
expect_status 0 "into directories that are there"
for rank in "${ranks[@]}"; do
	expect_same_tree tree "into$rank/tree" --owner --group
	expect_files "into$rank" tree
	echo old >"into$rank/tree/old"
done
stage 4 -r --copies=rank -p tree into%r
expect_status 1 "trees that are there"
expect_said 'into1/tree exists; use --force to replace it \(after' "trees that are there"
[[ -e into0/tree/old ]] || fail "a tree was replaced without --force"
stage 4 -rfp --copies=rank tree into%r
expect_status 0 "--force"
for rank in "${ranks[@]}"; do
	expect_same_tree tree "into$rank/tree" --owner --group
	expect_files "into$rank" tree
done
chmod -R u+rwx into?
rm -rf into?

## Extended attributes and ACLs

if setfattr -n user.test -v 'a value' tree/large 2>/dev/null &&
	setfattr -n user.empty tree/deep 2>/dev/null && setfacl -m u:12345:rw tree/modes/600 \
	2>/dev/null && setfacl -d -m g:12345:rx tree/modes 2>/dev/null; then
	stage 4 -rp --copies=rank tree copies/%r-p
	expect_status 0 "attributes"
	for rank in "${ranks[@]}"; do
		expect_same_tree tree "copies/$rank-p" --owner --group -AX
	done
	[[ $(getfattr --only-values -n user.test copies/1-p/links/hard-large 2>/dev/null) == 'a value' ]] ||
		fail "an attribute is missing, and rsync didn't see it"
	stage 2 -r --copies=rank tree copies/%r-no
	[[ -z $(getfattr -d copies/1-no/large 2>/dev/null) ]] || fail "attributes without -p"
else
	not_tried "extended attributes: this file system has none, or there is no setfattr or setfacl"
fi
fresh

## Several sources

mkdir -p several/dir/sub "several/into"
echo one >several/one
echo two >several/dir/two
ln -s one several/link
stage 3 --copies=rank several/one several/one several/into
expect_status 1 "the same name twice"
expect_said 'several/one and several/one would have the same name$' "the same name twice"
mkdir copies/{0,1,2}
stage 3 -r --copies=rank several/one several/dir/ several/link copies/%r/
expect_status 0 "several sources"
grep -qE '^[0-9a-f]{32}  several/one and 2 more$' out || fail "several sources: $(cat out)"
for rank in 0 1 2; do
	expect_files "copies/$rank" one dir link
	diff -r several/dir "copies/$rank/dir" || fail "several sources: dir"
	expect_copies several/one "copies/$rank/one"
	# What is named is followed, as with one file.
	[[ ! -L copies/$rank/link ]] || fail "several sources: the link that was named is one"
	expect_copies several/one "copies/$rank/link"
done
# All or none, and each only if it may.
rm copies/1/one
rm -r copies/2/dir
echo file >copies/2/dir
for rank in 0 1 2; do
	echo old >"copies/$rank/link"
done
stage 3 -r --copies=rank several/dir several/one several/link copies/%r
expect_status 1 "several sources, and some names are taken"
expect_files copies/1 dir link
stage 3 -rf --copies=rank several/dir several/one several/link copies/%r
expect_status 3 "several sources, and a file is where a directory is to be"
expect_said 'copies/2/dir exists and is not a directory' "a file where a directory is to be"
for rank in 0 1; do
	expect_files "copies/$rank" one dir link
	expect_copies several/one "copies/$rank/one" "copies/$rank/link"
	diff -r several/dir "copies/$rank/dir" || fail "several sources, --force: dir"
done
[[ $(cat copies/2/link) == old && $(cat copies/2/dir) == file ]] || fail "a part of it was replaced"
stage 2 several/one several/link nowhere
expect_status 1 "several sources to a DEST that isn't there"
expect_said 'cannot open the directory of nowhere/one' "several sources to a DEST that isn't there"
fresh

## What can't be

stage 2 tree copies/no
expect_status 1 "a directory without -r"
expect_one_message '^stagecast: tree is a directory: it takes --recursive$' "a directory without -r"
stage 2 -r tree tree/deep/copy
expect_status 1 "a tree into itself"
expect_said "^stagecast: tree can't be staged into itself" "a tree into itself"
stage 2 -r . copies
expect_status 1 "a source without a name"
expect_said "\. has no name that it could get in a directory" "a source without a name"
mkfifo several/pipe
stage 2 -r --copies=rank several copies/%r
expect_status 1 "a named pipe"
expect_one_message '^stagecast: several/pipe is a named pipe; --on-unreadable=skip leaves it out$' "a named pipe"
[[ -z $(ls -A copies) ]] || fail "a named pipe: something was written"
stage 2 -r --copies=rank --on-unreadable=skip several copies/%r
expect_status 0 "a named pipe that is left out"
expect_said '^stagecast: warning: several/pipe is a named pipe: it is left out$' "it is left out"
for rank in 0 1; do
	diff -r --exclude=pipe several "copies/$rank" || fail "the rest of a tree with a pipe"
	[[ ! -e copies/$rank/pipe ]] || fail "a pipe was staged"
done
rm several/pipe
echo file >copies/file
stage 2 -rf several copies/file
expect_status 1 "a file where a directory is to be"
expect_said 'copies/file exists and is not a directory' "a file where a directory is to be"
[[ $(cat copies/file) == file ]] || fail "a file was replaced by a directory"
fresh

## In the middle

chunks=(-s 4096 -w 1 --copies=rank)

# shellcheck disable=SC2317
has_chunks()	# journal, chunks
{
	[[ $(($(stat -c %s "$1") - 64)) -ge $((32 * $2)) ]]
}

# shellcheck disable=SC2317
has_part()	# rank, chunks
{
	has_chunks "copies/.$1.stagecast.map" "$2"
}

# shellcheck disable=SC2317
is_caught()	# rank, chunks
{
	[[ -d copies/$1 ]] || has_part "$1" "$2"
}

# Kill a rank while it has some of its copy.  On a busy machine all may be over before: then it is
# done again.
stage_and_kill()	# victim, witness, argument ...
{
	local attempt

	for ((attempt = 1; attempt <= 10; attempt++)); do
		fresh
		launch 4 "$STAGECAST" -r "${chunks[@]}" "${@:3}" tree copies/%r
		until_true is_caught "$2" 500 || fail "rank $2 got no 500 chunks"
		kill -KILL "$(cat "pids/$1")" 2>/dev/null
		await "$launched" "$watchdog_s"
		[[ -d copies/$1 ]] || return 0
	done
	fail "ten times it was too fast for rank $1 to be killed"
}

# One rank dies.
stage_and_kill 2 2
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	expect_status 3 "a rank is killed"
	for rank in 0 1 3; do
		rsync -nrlHti --checksum --delete tree/ "copies/$rank/" | grep . &&
			fail "a rank is killed: copies/$rank"
	done
	[[ ! -e copies/2 && -d copies/.2.stagecast.part/tree ]] || fail "the killed rank's copy"
	[[ $(stat -c %a copies/.2.stagecast.part) == 700 ]] || fail "others may look into the part"
fi
# And the next run goes on there, though the others have it.
rm -rf copies/{0,1,3}
stage 4 -r --copies=rank -s 4096 tree copies/%r
expect_status 0 "after a rank was killed"
expect_plain_copies ''
expect_files copies "${ranks[@]}"
fresh

# The origin dies, and its buddy sees the same tree; who does not can't be it.
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	stage_and_kill 0 2 --buddy=3
	for rank in 1 2 3; do
		rsync -nrlHti --checksum --delete tree/ "copies/$rank/" | grep . &&
			fail "the origin is killed: copies/$rank"
	done
	expect_files copies 1 2 3 .0.stagecast.{map,part}
	fresh
fi

# One's disk is full, after there was enough room for all.
if [[ $MOUNTS == yes ]]; then
	mkdir copies/small
	mount -t tmpfs -o size=40m none copies/small || fail "no tmpfs"
	ln -s small copies/2.there
	mkdir copies/{0,1,3}.there
	for ((attempt = 1; attempt <= 10; attempt++)); do
		rm -rf copies/?.there/*
		launch 4 "$STAGECAST" -r "${chunks[@]}" tree copies/%r.there/copy
		until_true has_chunks copies/small/.copy.stagecast.map 500
		dd if=/dev/zero of=copies/small/filler bs=64k status=none 2>/dev/null
		await "$launched" "$watchdog_s"
		[[ -d copies/small/copy ]] || break
	done
	expect_status 3 "a full disk"
	expect_said 'copies/2.there/copy.*: No space left on device' "a full disk"
	for rank in 0 1 3; do
		rsync -nrlHti --checksum --delete tree/ "copies/$rank.there/copy/" | grep . &&
			fail "a full disk: copies/$rank"
	done
	expect_files copies/small filler .copy.stagecast.{map,part}
	rm copies/small/filler
	rm -rf copies/{0,1,3}.there/copy
	stage 4 -r --copies=rank tree copies/%r.there/copy
	expect_status 0 "the disk has room again"
	for rank in "${ranks[@]}"; do
		rsync -nrlHti --checksum --delete tree/ "copies/$rank.there/copy/" | grep . &&
			fail "the disk has room again: copies/$rank"
		expect_files "copies/$rank.there/" copy
	done
	umount copies/small
	# Too small from the beginning.
	mount -t tmpfs -o size=6m none copies/small
	stage 3 -r --copies=rank -f tree copies/%r.there/copy
	expect_status 3 "a disk that is too small"
	expect_said 'copies/2.there/copy needs [0-9.]+ MiB, [0-9.]+ MiB are free' "a disk that is too small"
	[[ -z $(ls -A copies/small) ]] || fail "something was left on a disk that is too small"
	umount copies/small
	mount -t tmpfs -o nr_inodes=100 none copies/small
	stage 3 -r --copies=rank -f tree copies/%r.there/copy
	expect_status 3 "a disk with too few inodes"
	expect_said 'copies/2.there/copy needs [0-9]+ inodes, [0-9]+ are free' "too few inodes"
	umount copies/small
else
	not_tried "disks that are full: not root, or no mount namespaces"
fi
fresh

# All are killed, and go on where they were: with other chunks, too.
kill_all()	# option ...
{
	local rank attempt

	for ((attempt = 1; attempt <= 10; attempt++)); do
		fresh
		launch 4 "$STAGECAST" -r "${chunks[@]}" "$@" tree copies/%r
		for rank in 1 2 3; do
			until_true is_caught "$rank" 2000 || fail "rank $rank got no 2000 chunks"
		done
		kill -STOP "$launched"
		for rank in "${ranks[@]}"; do
			kill -KILL "$(cat "pids/$rank")" || true
		done
		{
			kill -KILL "$launched"
			await "$launched" 60
			expect_gone "kill -9 of everything"
		} 2>/dev/null
		[[ -n $(find copies -maxdepth 1 -name '[0-9]') ]] || return 0
	done
	fail "ten times it was too fast to be killed"
}

received()
{
	rows t.h5 /nodes | awk -F '\t' '$1 > 0 {sum += $6} END {print int(sum / 3)}'
}

resume()	# option ...
{
	stage 4 -r --copies=rank --timings=t.h5 "$@" tree copies/%r
	expect_status 0 "resume with $*"
	[[ ! -s err ]] || fail "resume with $*: something was said"
	expect_files copies "${ranks[@]}"
	# 2000 chunks of 4096 are 8 million bytes of 12.
	! command -v h5dump >/dev/null || [[ $(received) -le 6500000 ]] ||
		fail "resume with $*: $(received) bytes were sent"
}

for size in 4096 64K; do
	kill_all --verify
	resume -s "$size" --verify
	expect_plain_copies ''
	fresh
done
kill_all -p
resume -p -s 4096
for rank in "${ranks[@]}"; do
	expect_same_tree tree "copies/$rank" --owner --group
done
fresh

# Another tree: what was left counts for nothing.
kill_all -w 2
touch tree/names/.hidden
stage 4 -r --copies=rank tree copies/%r
expect_status 0 "another tree"
expect_said 'the journal of an earlier run to copies/1 is of another source' "another tree"
expect_plain_copies ''
expect_files copies "${ranks[@]}"
fresh

# What was left of a tree is in the way of nothing: a file of that name, and a tree after a file.
kill_all -w 2
stage 4 -r --no-resume --copies=rank several copies/%r
expect_status 0 "--no-resume after a tree"
expect_files copies "${ranks[@]}"
fresh

# It changes while it is read.
for ((attempt = 1; attempt <= 10; attempt++)); do
	fresh
	launch 4 "$STAGECAST" -r "${chunks[@]}" tree copies/%r
	until_true has_part 2 500
	echo more >>tree/small/0/7
	await "$launched" "$watchdog_s"
	[[ $status -eq 0 ]] || break
done
expect_status 1 "a file changes"
expect_said 'tree/small/0/7 changed while it was read' "a file changes"
[[ -z $(ls copies) ]] || fail "a file changed, and there are copies"

conclude
