#!/usr/bin/env bash
# --unpack of archives that mean harm or are damaged: DEST is whole or absent, a tree around it is as
# it was, nothing is left behind, and the message names host, archive and cause.  Planted links
# and bombs too, which meet a disk of their own.
if [[ -z ${MOUNTS:-} ]]; then
	MOUNTS=no
	if [[ $(id -u) -eq 0 ]] && unshare -m true 2>/dev/null; then
		MOUNTS=yes exec unshare -m --propagation private bash "$0"
	fi
fi
. "$SRCDIR/tests/lib/mpi.sh"

if ! command -v python3 >/dev/null || ! command -v zstd >/dev/null; then
	skip "there is no python3 or no zstd to make archives with"
fi

# Nothing is removed that is mounted.
trap 'umount "$around/copies/0/small" "$around/copies/1/small" 2>/dev/null
	finish' EXIT

# What mpirun leaves behind when it is ended is in there.
mkdir "$dir/tmp"
export TMPDIR=$dir/tmp

# What the archives try to reach lies where "..", from DEST or from the tree beside it, leads to.
around=$dir/around
mkdir -p "$dir/archives" "$around"/canary/folder "$around"/copies/{0,1}
echo secret >"$around/canary/secret"
echo secret >"$around/copies/secret"
cp -a "$around/canary" "$around/copies/canary"
for rank in 0 1; do
	cp -a "$around/canary" "$around/copies/$rank/canary"
done
touch -d 2001-02-03 "$around/canary/folder" "$around/canary"
dest=$around/copies/%r/dest

snapshot()
{
	(cd "$around" && find . \( -name dest -prune \) -o \( -path './copies/[01]' -printf '%p %y %m %u\n' \) \
		-o -printf '%p %y %m %u %g %s %n %T@ %l\n' | LC_ALL=C sort
	find . -name dest -prune -o -type f -exec cksum {} + | LC_ALL=C sort)
}
untouched=$(snapshot)

check_around()	# what was done
{
	local now

	now=$(snapshot)
	[[ $now == "$untouched" ]] && return
	fail "$1: something around DEST has changed: $(diff <(echo "$untouched") <(echo "$now"))"
	untouched=$now
}

# The names below a DEST, as python writes what can't be printed.
names_of()	# folder
{
	(cd "$1" && find . -mindepth 1 -printf '%P\0') | python3 -c '
import sys
names = sorted(sys.stdin.buffer.read().split(b"\0")[:-1])
print(" ".join(repr(name)[2:-1] for name in names))'
}

# Both ranks have the whole tree, and what a header says is not more than is allowed.
check_whole()	# archive, names
{
	local rank found

	expect_status 0 "$1"
	for rank in 0 1; do
		found=$(names_of "$around/copies/$rank/dest")
		[[ $found == "$2" ]] || fail "$1: rank $rank has '$found' instead of '$2'"
		[[ -z $(find "$around/copies/$rank/dest" -perm /6000) ]] || fail "$1: set-ID bits"
	done
}

check_absent()	# archive, pattern
{
	expect_status 1 "$1"
	expect_said "^stagecast: $(uname -n) \(rank [01]\): .*archives/$1: .*(${2:-.})" "$1"
	[[ ! -e $around/copies/0/dest && ! -e $around/copies/1/dest ]] || fail "$1: there is a DEST"
}

unpack()	# archive, option ...
{
	rm -rf "$around"/copies/[01]/dest
	stage 2 --copies=rank --unpack "${@:2}" "$dir/archives/$1" "$dest"
}

# Some file systems take a hole of 8 EiB: nobody reads that.
have_same()
{
	local copies=("$around"/copies/{0,1}/dest)

	if [[ -n $(find "${copies[@]}" -size +1G) ]]; then
		[[ $(cd "${copies[0]}" && find . -printf '%p %y %s\n') == $(cd "${copies[1]}" &&
			find . -printf '%p %y %s\n') ]]
	else
		diff -r --no-dereference "${copies[@]}" >/dev/null
	fi
}

# Bytes of both sides are the same, or there is nothing.
check_either()	# archive
{
	if [[ $status -eq 0 ]]; then
		have_same || fail "$1: the ranks have different trees"
	else
		check_absent "$1" .
	fi
}

python3 "$SRCDIR/tests/tree/hostile.py" "$dir/archives" "$around/canary" 0 >"$dir/table" ||
	fail "no archives could be made"
every=1
is_whole "three of four archives" || every=4
count=0
while IFS=$'\t' read -r name fate what; do
	count=$((count + 1))
	[[ $((count % every)) -eq 0 ]] || continue
	unpack "$name"
	case $fate in
	accept) check_whole "$name" "$what" ;;
	refuse) check_absent "$name" "$what" ;;
	either) check_either "$name" ;;
	esac
	left=$(find "$around" -name '*.stagecast.*')
	[[ -z $left ]] || fail "$name: left behind: $left"
	check_around "$name"
done <"$dir/table"
note "$count archives, one of $every unpacked"
[[ $count -ge 100 ]] || fail "only $count archives"

unpack device-block --on-unreadable=skip
check_whole "--on-unreadable=skip" first
expect_said "\"?b\"? in .*device-block is a device: left out" "--on-unreadable=skip"

## What others have planted beside DEST

rm -rf "$around"/copies/[01]/dest
for rank in 0 1; do
	ln -s ../../canary "$around/copies/$rank/.dest.stagecast.tree"
done
unpack gzip
check_whole "a link in the tree's place" "b d d/a d/l noise"
check_around "a link in the tree's place"
for rank in 0 1; do
	rm -rf "$around/copies/$rank/dest"
	ln -s ../../canary "$around/copies/$rank/dest"
done
stage 2 --copies=rank --unpack --force "$dir/archives/gzip" "$dest"
expect_status 1 "DEST is a link to a folder"
expect_said "exists and is not a directory" "DEST is a link to a folder"
rm -f "$around"/copies/[01]/dest
check_around "DEST is a link to a folder"

## Bombs

# Which of the writers finds the disk full first, what unpacks or what writes the archive, is open.
check_full()	# archive
{
	local what="(.*archives/$1|cannot write .*/dest)"
	local why="(32\.0 MiB|needs 1\.00 GiB|No space left on device)"

	expect_status 1 "$1"
	expect_said "^stagecast: $(uname -n) \(rank [01]\): $what: .*$why" "$1"
	[[ ! -e $around/copies/0/small/dest && ! -e $around/copies/1/small/dest ]] ||
		fail "$1: there is a DEST"
}

if [[ $MOUNTS == yes ]]; then
	small=$around/copies/1/small
	untouched=
	mkdir "$around/copies/0/small" "$small"
	mount -t tmpfs -o size=32M tmpfs "$small" && mount -t tmpfs -o size=32M tmpfs "$around/copies/0/small"
	dest=$around/copies/%r/small/dest
	for name in bomb-file bomb-files; do
		stage 2 --copies=rank --unpack "$dir/archives/$name" "$dest"
		check_full "$name"
		# The part file is kept, for a run that finds more room; no tree is.
		left=$(find "$around" -name '*.stagecast.tree')
		[[ -z $left ]] || fail "$name: left behind: $left"
		stage 2 --copies=rank --unpack --no-resume "$dir/archives/$name" "$dest"
		check_full "$name"
		[[ -z $(ls -A "$small") ]] || fail "$name: left behind: $(ls -A "$small")"
	done
else
	not_tried "bombs: mounting is not permitted"
fi
conclude
