#!/usr/bin/env bash
# What is wrong with SOURCE or DEST gets its exit status and a message that names path and cause
# (and, where it is one node's trouble, the host); the others get their copies, and no file is
# left behind.
# Mounts small file systems where it may: in a mount name space of its own, so that they are gone
# with it.
if [[ -z ${MOUNTS:-} ]]; then
	MOUNTS=no
	if [[ $(id -u) -eq 0 ]] && unshare -m true 2>/dev/null; then
		MOUNTS=yes exec unshare -m --propagation private bash "$0"
	fi
fi
. "$SRCDIR/tests/lib/mpi.sh"

host=$(uname -n)
after='\(after [0-9.]+ m?s\)$'
head -c 300000 /dev/urandom >"$dir/source"
mkdir "$dir/copies"

# A folder for each of 4 ranks; DEST is copy in each.
fresh()
{
	rm -rf "$dir/copies"
	mkdir -p "$dir"/copies/{0,1,2,3} || fail "no folders"
}
dest=$dir/copies/%r/copy

stage_copies()	# argument ...
{
	stage 4 --copies=rank --failed-hosts="$dir/failed" "$@" "$dest"
}

## SOURCE

refuse_source()	# pattern, what is wrong with it, source
{
	fresh
	stage_copies "$3"
	expect_status 1 "$2"
	expect_one_message "^stagecast: .*$3.*$1" "$2"
	expect_left
}

mkfifo "$dir/pipe"
ln -s "$dir/loop" "$dir/loop"
refuse_source ': No such file or directory$' "no SOURCE" "$dir/none"
refuse_source ': Not a directory$' "SOURCE below a file" "$dir/source/none"
refuse_source ' is a directory: it takes --recursive$' "SOURCE is a folder" "$dir/copies"
refuse_source ' is a named pipe$' "SOURCE is a pipe" "$dir/pipe"
refuse_source ' is not a regular file$' "SOURCE is a device" /dev/zero
refuse_source ': Too many levels of symbolic links$' "SOURCE is a loop" "$dir/loop"

# SOURCE is written to while it is read.  Without --no-resume what had come is kept for the next run.
resume=--no-resume
alter_source()	# pattern, what happens to it, command ...
{
	local pattern=$1 what=$2

	shift 2
	fresh
	make_slow_source "$dir/slow" 64
	launch 4 "$STAGECAST" "${slow[@]}" "$resume" --copies=rank "$dir/slow" "$dest"
	until_true test -e "$dir/copies/3/.copy.stagecast.part" || fail "no part file appeared"
	kill -STOP "$(cat "$dir/pids/0")"
	"$@" || fail "$what: it can't be done"
	kill -CONT "$(cat "$dir/pids/0")"
	await "$launched" "$watchdog_s"
	expect_status 1 "$what"
	expect_one_message "^stagecast: .*$dir/slow.*$pattern" "$what"
	[[ $resume != --no-resume ]] || expect_left
}

alter_source 'shrank while it was read' "SOURCE shrinks" truncate -s 67600000 "$dir/slow"
alter_source '(shrank|changed) while it was read' "SOURCE is cut" truncate -s 10000 "$dir/slow"
alter_source 'changed while it was read' "SOURCE grows" truncate -s +1 "$dir/slow"
alter_source 'changed while it was read' "SOURCE changes" \
	dd if=/dev/urandom of="$dir/slow" bs=1 count=9 seek=5000 conv=notrunc status=none

# What is kept of a source that changed is of no use, and does no harm.
resume=--preserve
alter_source 'changed while it was read' "SOURCE grows, with resume" truncate -s +1 "$dir/slow"
stage 4 --copies=rank "$dir/slow" "$dest"
expect_status 0 "SOURCE has grown"
expect_copies "$dir/slow" "$dir"/copies/{0,1,2,3}/copy
expect_left {0,1,2,3}/copy
rm "$dir/slow"

## DEST

# Rank 2 can't have a copy, all others can.
refuse_one()	# pattern, what is wrong, what is left in its folder ...
{
	local pattern=$1 what=$2

	shift 2
	stage_copies "$dir/source"
	expect_status 3 "$what"
	expect_said "^stagecast: $host \(rank 2\): .*$dir/copies/2/copy.*$pattern.* $after" "$what"
	[[ $(grep -c '^stagecast: ' "$dir/err") -eq 1 ]] || fail "$what: not one message"
	grep -q '^staged 293 KiB to 3/4 nodes in ' "$dir/out" || fail "$what: not 3/4 nodes"
	[[ $(cat "$dir/failed") == "$host" ]] || fail "$what: the list of failed hosts is wrong"
	expect_copies "$dir/source" "$dir"/copies/{0,1,3}/copy
	expect_left 0/copy 1/copy 3/copy "$@"
}

fresh
rmdir "$dir/copies/2"
refuse_one ': No such file or directory' "no folder for DEST"

fresh
rmdir "$dir/copies/2"
ln -s /proc "$dir/copies/2"
refuse_one '(No such file or directory|Permission denied)' "DEST where no files can be" 2

fresh
echo old >"$dir/copies/2/copy"
refuse_one ' exists; use --force to replace it' "DEST exists" 2/copy
[[ $(cat "$dir/copies/2/copy") == old ]] || fail "the old file was touched"
rm "$dir"/copies/[013]/copy
stage_copies --force "$dir/source"
expect_status 0 "DEST exists, --force"
expect_copies "$dir/source" "$dir"/copies/{0,1,2,3}/copy
expect_left {0,1,2,3}/copy
[[ -e $dir/failed && ! -s $dir/failed ]] || fail "nobody failed, but somebody is in the list"

fresh
mkfifo "$dir/copies/2/copy"
refuse_one ' is not a regular file' "DEST is a pipe" 2/copy
[[ -p $dir/copies/2/copy ]] || fail "the pipe was touched"

# A link in the place of the part file: it may lead anywhere.
fresh
echo precious >"$dir/precious"
ln -s "$dir/precious" "$dir/copies/2/.copy.stagecast.part"
stage_copies "$dir/source"
expect_status 3 "a link in the place of the part file"
expect_said "^stagecast: $host \(rank 2\): .* is a symbolic link $after" "a link for a part file"
[[ $(cat "$dir/precious") == precious ]] || fail "what a link leads to was written"
rm "$dir/copies/2/.copy.stagecast.part"
expect_left 0/copy 1/copy 3/copy

# The origin's own copy fails: it sends all the same.
fresh
rmdir "$dir/copies/0"
stage_copies "$dir/source"
expect_status 3 "no folder for the origin's DEST"
expect_said "^stagecast: $host \(rank 0\): .*/copies/0/copy: No such file or directory $after" \
	"no folder for the origin's DEST"
expect_copies "$dir/source" "$dir"/copies/{1,2,3}/copy
expect_left 1/copy 2/copy 3/copy

# Nobody can have a copy.
fresh
rmdir "$dir"/copies/*
stage_copies "$dir/source"
expect_status 1 "no folder for any DEST"
for rank in 0 1 2 3; do
	expect_said "^stagecast: $host \(rank $rank\): .*/copies/$rank/copy: No such file or dir" \
		"no folder for any DEST"
done
[[ ! -s $dir/out ]] || fail "no copy, but: $(cat "$dir/out")"
[[ $(cat "$dir/failed") == "$host" ]] || fail "the list of failed hosts: $(cat "$dir/failed")"
expect_left

# A name that is too long for any file system.
fresh
printf -v long '%300s' ''
stage 4 --copies=rank "$dir/source" "$dir/copies/%r/${long// /x}"
expect_status 1 "a DEST of 300 bytes"
expect_said ': File name too long' "a DEST of 300 bytes"
expect_left

# DEST is the source, at the origin: it keeps what it has.
fresh
cp "$dir/source" "$dir/copies/0/copy"
inode=$(stat -c '%i %Y' "$dir/copies/0/copy")
stage_copies "$dir/copies/0/copy"
expect_status 0 "DEST is SOURCE"
grep -q '^staged 293 KiB to 3/3 nodes in ' "$dir/out" || fail "DEST is SOURCE: not 3/3 nodes"
[[ $(stat -c '%i %Y' "$dir/copies/0/copy") == "$inode" ]] || fail "SOURCE was touched"
expect_copies "$dir/source" "$dir"/copies/{0,1,2,3}/copy
expect_left {0,1,2,3}/copy

## What is written besides

for option in --timings --failed-hosts; do
	fresh
	stage 4 --copies=rank "$option=$dir/none/file" "$dir/source" "$dest"
	expect_status 1 "$option where there is no folder"
	expect_one_message "^stagecast: .*$dir/none/file.*: No such file or directory" "$option"
	expect_left
done

## As somebody without rights

as_nobody=()
if [[ $(id -u) -eq 0 ]]; then
	as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	cp "$STAGECAST" "$dir/stagecast"
	chmod 755 "$dir"
	chmod 777 "$dir/pids"
fi
if [[ ${#as_nobody[@]} -eq 0 ]] || "${as_nobody[@]}" test -x "$dir/stagecast" 2>/dev/null; then
	[[ ${#launcher[@]} -gt 0 ]] || find_launcher
	with_rights=("${launcher[@]}")
	launcher=(${as_nobody[@]+"${as_nobody[@]}"} "${launcher[@]}")
	program=$STAGECAST
	[[ ! -x $dir/stagecast ]] || program=$dir/stagecast

	fresh
	chmod 777 "$dir"/copies/*
	cp "$dir/source" "$dir/secret"
	chmod 000 "$dir/secret"
	run 4 "$program" --copies=rank "$dir/secret" "$dest"
	expect_status 1 "SOURCE may not be read"
	expect_one_message "^stagecast: .*$dir/secret: Permission denied" "SOURCE may not be read"
	expect_left

	chmod 555 "$dir/copies/2"
	run 4 "$program" --copies=rank "$dir/source" "$dest"
	expect_status 3 "the folder may not be written"
	expect_said "^stagecast: $host \(rank 2\): .*$dir/copies/2/copy: Permission denied $after" \
		"the folder may not be written"
	expect_copies "$dir/source" "$dir"/copies/{0,1,3}/copy
	expect_left 0/copy 1/copy 3/copy
	chmod 755 "$dir/copies/2"
	launcher=("${with_rights[@]}")
else
	not_tried "without rights: nobody may not enter ${TMPDIR:-/tmp}"
fi

## File systems that are full or may not be written

if [[ $MOUNTS == yes ]]; then
	fresh
	mount -t tmpfs -o ro none "$dir/copies/2" || fail "no tmpfs"
	refuse_one ': Read-only file system' "a read-only file system"
	umount "$dir/copies/2"

	fresh
	mount -t tmpfs -o size=128k none "$dir/copies/2" || fail "no tmpfs"
	# A journal, which is there already, has a part of it.
	refuse_one ' needs 293 KiB, 12[48] KiB are free' "too little space from the start"
	umount "$dir/copies/2"

	# The space goes while the run is on: the file has holes, so that it isn't reserved.
	fresh
	mount -t tmpfs -o size=4m none "$dir/copies/2" || fail "no tmpfs"
	make_slow_source "$dir/slow" 64
	launch 4 "$STAGECAST" "${slow[@]}" --no-resume --copies=rank "$dir/slow" "$dest"
	until_true test -e "$dir/copies/2/.copy.stagecast.part" || fail "no part file appeared"
	kill -STOP "$(cat "$dir/pids/0")"
	head -c 5M /dev/zero >"$dir/copies/2/filler" 2>/dev/null
	kill -CONT "$(cat "$dir/pids/0")"
	await "$launched" "$watchdog_s"
	expect_status 3 "the space is used up on the way"
	expect_said "^stagecast: $host \(rank 2\): .*$dir/copies/2/copy.*: No space left on device" \
		"the space is used up on the way"
	expect_copies "$dir/slow" "$dir"/copies/{0,1,3}/copy
	expect_left 0/copy 1/copy 3/copy 2/filler
	umount "$dir/copies/2"
else
	not_tried "full and read-only file systems: mounting is not permitted"
fi
conclude
