#!/usr/bin/env bash
# --unpack of archives as people have them: what is there on each rank is what tar makes of them,
# in all compressions; however the run is disturbed, DEST is whole or absent.
if [[ -z ${MOUNTS:-} ]]; then
	MOUNTS=no
	if [[ $(id -u) -eq 0 ]] && unshare -m true 2>/dev/null; then
		MOUNTS=yes exec unshare -m --propagation private bash "$0"
	fi
fi
. "$SRCDIR/tests/lib/mpi.sh"

command -v rsync >/dev/null || skip "there is no rsync to compare trees with"
mkdir "$dir/tmp" "$dir/copies" "$dir/tree" "$dir/wanted"
export TMPDIR=$dir/tmp
host=$(uname -n)
# Nothing is removed that is mounted.
trap 'umount "$dir/copies/2" "$dir/copies" 2>/dev/null
	finish' EXIT

# In memory, as what is to be shown does not depend on a disk, and a busy one takes minutes for it.
[[ $MOUNTS == no ]] || mount -t tmpfs -o size=1G tmpfs "$dir/copies" || fail "no tmpfs"
# What a fault leaves.
empty_copies()
{
	find "$dir/copies" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
}

# Some thousand files of this system, and what they lack.
tree=$dir/tree
mkdir "$tree/include"
cp -a /usr/include/linux /usr/include/c++ "$tree/include"
mkdir -p "$tree/odd/closed" "$tree/odd/empty"
echo text >"$tree/odd/file"
ln "$tree/odd/file" "$tree/odd/hard link"
ln -s ../odd/file "$tree/odd/symbolic link"
ln "$tree/odd/symbolic link" "$tree/odd/hard link to a link" 2>/dev/null
ln -s /nowhere "$tree/odd/dangling"
truncate -s 3M "$tree/odd/hole"
echo middle >>"$tree/odd/hole"
truncate -s 5M "$tree/odd/hole"
: >"$tree/odd/empty file"
echo x >"$tree/odd/$(printf 'new\nline \\ \303\244')"
mkdir -p "$tree/odd/$(printf 'd%.0s' {1..200})/$(printf 'e%.0s' {1..200})"
echo deep >"$tree/odd/$(printf 'd%.0s' {1..200})/$(printf 'e%.0s' {1..200})/f"
echo x >"$tree/odd/closed/x"
chmod 4755 "$tree/odd/file"
touch -d '1995-06-07 08:09:10.111213141' "$tree/odd/file"
touch -h -d '1996-06-07 08:09:10' "$tree/odd/symbolic link" "$tree/odd/dangling"
chmod 2750 "$tree/odd/empty"
chmod 0500 "$tree/odd/closed"
touch -d '1997-01-02 03:04:05' "$tree/odd/closed" "$tree/odd" "$tree/include" "$tree"
files=$(find "$tree" | wc -l)
note "$files files, $(du -sm "$tree" | cut -f 1) MiB"

compress()	# how, file
{
	case $1 in
	plain) cp "$2" "$dir/$1.tar" ;;
	xz) xz -1 -c "$2" >"$dir/$1.tar" ;;
	zstd) zstd -q --check -c "$2" >"$dir/$1.tar" ;;
	*) "$1" -c "$2" >"$dir/$1.tar" ;;
	esac
}

# All that differs between what tar made and a copy: content, modes, times, links, holes or not.
expect_tree()	# folder, what was done, option of rsync ...
{
	local folder=$1 differences

	differences=$(rsync -aHn -i --checksum --delete "${@:3}" "$dir/wanted/" "$folder/" 2>&1)
	[[ -z $differences ]] || fail "$2: $folder differs: $(head -n 20 <<<"$differences")"
}

expect_trees()	# what was done, rank ...
{
	local rank

	for rank in "${@:2}"; do
		expect_tree "$dir/copies/$rank" "$1"
	done
	[[ -z $(find "$dir/copies" -name '*.stagecast.*' -prune) ]] ||
		fail "$1: left behind: $(find "$dir/copies" -maxdepth 1 -name '*.stagecast.*')"
}

## The same as tar makes of it

tar -C "$tree" --sparse -cf "$dir/gnu" .
tar -C "$dir/wanted" --no-same-owner --no-same-permissions -xf "$dir/gnu"
# Set-ID bits are kept by tar as root, and here with --preserve only.
chmod 755 "$dir/wanted/odd/file"
chmod 750 "$dir/wanted/odd/empty"
touch -d '1995-06-07 08:09:10' "$dir/wanted/odd/file"
compressions=(plain gzip bzip2 xz zstd)
is_whole "bzip2 and xz" || compressions=(plain gzip zstd)
for how in "${compressions[@]}"; do
	if ! command -v "$how" >/dev/null && [[ $how != plain ]]; then
		not_tried "$how: there is no such program"
		continue
	fi
	compress "$how" "$dir/gnu"
	empty_copies
	stage 4 --copies=rank --unpack "$dir/$how.tar" "$dir/copies/%r"
	expect_status 0 "$how"
	expect_trees "$how" 0 1 2 3
	grep -q '^staged .* to 4/4 nodes in ' "$dir/out" || fail "$how: no last line"
done
[[ $(stat -c %b "$dir/copies/1/odd/hole") -lt 1000 ]] || fail "a hole was filled"

# DEST is the name of the tree, also where a folder has it.
stage 4 --copies=rank --unpack "$dir/plain.tar" "$dir/copies/%r/"
expect_status 1 "DEST is there"
expect_said "copies/1 exists; use --force to replace it" "DEST is there"
expect_trees "DEST is there" 0 1 2 3
touch "$dir/copies/1/older"
mkdir "$dir/copies/2/closed"
chmod 0 "$dir/copies/2/closed"
stage 4 --copies=rank --unpack --force "$dir/plain.tar" "$dir/copies/%r/"
expect_status 0 "DEST is replaced"
expect_trees "DEST is replaced" 0 1 2 3
empty_copies
echo file >"$dir/copies/1"
stage 2 --copies=rank --unpack --force "$dir/plain.tar" "$dir/copies/%r"
expect_status 3 "DEST is a file"
expect_said "copies/1 exists and is not a directory" "DEST is a file"
[[ $(cat "$dir/copies/1") == file ]] || fail "a file was replaced"

for name in / . .. "$dir/copies/."; do
	stage 1 --unpack --force "$dir/plain.tar" "$name"
	expect_status 1 "DEST is $name"
	expect_said "is no name that a tree could get" "DEST is $name"
done

# With --preserve all that the archive has, where this user may give it.
rm -rf "$dir/wanted"
empty_copies
mkdir "$dir/wanted"
options=()
if setfattr -n user.colour -v blue "$tree/odd/file" 2>/dev/null && command -v setfacl >/dev/null &&
	setfacl -m u:1234:rwx,g:77:r "$tree/odd/file" && setfacl -d -m u:1234:rwx "$tree/odd/empty"; then
	options=(-AX)
	chmod 4775 "$tree/odd/file"
else
	not_tried "attributes and ACLs: this file system, or this machine, has none"
fi
[[ $(id -u) -ne 0 ]] || chown -h 1234:4321 "$tree/odd/file" "$tree/odd/symbolic link"
[[ $(id -u) -ne 0 ]] || chmod 4775 "$tree/odd/file"
tar -C "$tree" --format=posix --xattrs --acls --numeric-owner --sparse -cf "$dir/pax" .
tar -C "$dir/wanted" --xattrs --acls --numeric-owner -xpf "$dir/pax"
stage 2 --copies=rank --unpack --preserve "$dir/pax" "$dir/copies/%r"
expect_status 0 "--preserve"
for rank in 0 1; do
	expect_tree "$dir/copies/$rank" "--preserve" --numeric-ids "${options[@]}"
done
[[ $(stat -c %Y.%y "$dir/copies/1/odd/file") == *.111213141* ]] || fail "parts of a second are lost"

## Faults

rm -rf "$dir/wanted"
empty_copies
mkdir "$dir/wanted"
tar -C "$dir/wanted" --no-same-owner --no-same-permissions -xf "$dir/plain.tar"
size=$(stat -c %s "$dir/plain.tar")

# So that there is time for a fault: small chunks, a window of one.
# shellcheck disable=SC2317
has_begun()	# rank, per cent of the archive
{
	[[ -d $dir/copies/.$1.stagecast.tree/odd || -d $dir/copies/.$1.stagecast.tree/include ]] &&
		[[ $(($(stat -c %s "$dir/copies/.$1.stagecast.map") / 32)) -ge $(($2 * size / 16384 / 100)) ]]
}

begin()
{
	empty_copies
	launch 4 "$STAGECAST" -s 16384 -w 1 --copies=rank --unpack "$dir/plain.tar" "$dir/copies/%r"
}

for attempt in 1 2 3 4 5 6 7 8 9 10; do
	begin
	caught=no
	! until_true has_begun 3 30 || caught=yes
	for rank in 0 1 2 3; do
		kill -KILL "$(cat "$dir/pids/$rank")"
	done 2>/dev/null
	kill -KILL "$launched" 2>/dev/null
	{
		await "$launched" 60
		expect_gone "kill -9 of everything"
	} 2>/dev/null
	[[ $caught == no || -d $dir/copies/3 ]] || break
	[[ $attempt -lt 10 ]] || fail "ten times it was too fast to be killed"
done
for rank in 0 1 2 3; do
	[[ ! -e $dir/copies/$rank ]] || expect_tree "$dir/copies/$rank" "kill -9 of everything"
done
note "killed with $(find "$dir/copies/.3.stagecast.tree" 2>/dev/null | wc -l) of $files entries unpacked"
stage 4 -v -s 16384 --copies=rank --force --unpack "$dir/plain.tar" "$dir/copies/%r"
expect_status 0 "the run after kill -9 of everything"
expect_trees "the run after kill -9 of everything" 0 1 2 3

if [[ ${HAVE_ULFM:-no} == yes ]]; then
	begin
	until_true has_begun 2 10 || fail "rank 2 has not begun"
	kill -KILL "$(cat "$dir/pids/2")"
	await "$launched" "$watchdog_s"
	expect_status 3 "rank 2 is killed"
	expect_said "$host \(rank 2\): its process has ended" "rank 2 is killed"
	for rank in 0 1 3; do
		expect_tree "$dir/copies/$rank" "rank 2 is killed"
	done
	[[ ! -e $dir/copies/2 ]] || expect_tree "$dir/copies/2" "rank 2 is killed"
	stage 3 --copies=rank --unpack --force "$dir/plain.tar" "$dir/copies/%r"
	expect_status 0 "the run after that"
	expect_trees "the run after that" 0 1 2
else
	not_tried "a rank that is killed: this MPI doesn't survive it"
fi

# A signal: what arrived is kept, the half-made trees are not, or the next run removes them.
begin
until_true has_begun 3 10 || fail "rank 3 has not begun"
kill -TERM "$launched"
await "$launched" "$watchdog_s"
for rank in 0 1 2 3; do
	[[ ! -e $dir/copies/$rank ]] || expect_tree "$dir/copies/$rank" "SIGTERM"
done
stage 4 --copies=rank --unpack --force "$dir/plain.tar" "$dir/copies/%r"
expect_status 0 "the run after SIGTERM"
expect_trees "the run after SIGTERM" 0 1 2 3

# A disk that has room for the archive, but not for the tree.
if [[ $MOUNTS == yes ]]; then
	empty_copies
	mkdir -p "$dir"/copies/{0,1,2,3}
	mount -t tmpfs -o size=$((size / 2048 + size / 4096))k tmpfs "$dir/copies/2"
	stage 4 --copies=rank --unpack "$dir/gzip.tar" "$dir/copies/%r/t"
	expect_status 3 "a full disk"
	# Which of the two finds it full first, what unpacks or what writes the archive, is open.
	expect_said "$host \(rank 2\): (.*gzip.tar|cannot write .*/2/t): (.*: )?No space left on device" \
		"a full disk"
	for rank in 0 1 3; do
		expect_tree "$dir/copies/$rank/t" "a full disk"
	done
	[[ ! -e $dir/copies/2/t && ! -e $dir/copies/2/.t.stagecast.tree ]] ||
		fail "a full disk: there is a tree"
	mount -o remount,size=$((size * 3 / 1024))k "$dir/copies/2"
	stage 4 --copies=rank --unpack --force "$dir/gzip.tar" "$dir/copies/%r/t"
	expect_status 0 "with more room"
	for rank in 0 1 2 3; do
		expect_tree "$dir/copies/$rank/t" "with more room"
	done
else
	not_tried "a full disk: mounting is not permitted"
fi
conclude
