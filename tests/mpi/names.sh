#!/usr/bin/env bash
# SOURCE and DEST may have any name that a file can have, and DEST may be a folder.
. "$SRCDIR/tests/lib/mpi.sh"

printf -v long '%251s' ''
names=(
	'two  words '
	$'a\nnew line'
	'-f'
	'--verify'
	'Größe 文件 💾'
	"${long// /x}.bin"
	'back\slash'
	"it's \"quoted\" \$HOME * ?"
	'.hidden'
	'100 %h %r %'
	$'\xff\xfe not UTF-8'
)
is_whole "seven of eleven names" || names=("${names[@]:0:3}" "${names[-1]}")
mkdir "$dir/elsewhere" "$dir/copies"
cd "$dir/elsewhere" || exit 99

for name in "${names[@]}"; do
	head -c 10000 /dev/urandom >"./$name" || fail "the file system has no such name: $name"
	# As the name of SOURCE, which is not expanded, and of the copy.
	stage 2 -f -- "$name" "$dir/copies/"
	expect_status 0 "SOURCE $name"
	expect_files "$dir/copies" "$name"
	expect_copies "./$name" "$dir/copies/$name"
	# As the last part of DEST, where a percent sign is written twice.
	rm -f "$dir/copies/$name"
	cp "./$name" "$dir/plain"
	stage 2 "$dir/plain" "$dir/copies/${name//%/%%}"
	expect_status 0 "DEST $name"
	expect_files "$dir/copies" "$name"
	expect_copies "$dir/plain" "$dir/copies/$name"
	rm -f "$dir/copies/$name"
	# As its folder.
	mkdir "$dir/copies/$name"
	stage 3 --copies=rank -- "$name" "$dir/copies/${name//%/%%}/%r"
	expect_status 0 "folder $name"
	expect_files "$dir/copies/$name" 0 1 2
	expect_copies "./$name" "$dir/copies/$name"/{0,1,2}
	rm -rf "$dir/copies/$name"
done

# What is said of a name stays on its line.
stage 1 -- $'a\nnew line' "$dir/copies/"
grep -qE '^[0-9a-f]{32}  a\\x0anew line$' "$dir/out" || fail "a new line in a name is printed"
stage 1 -- $'no\nsuch file' "$dir/copies/"
expect_status 1 "no such file"
expect_one_message '^stagecast: .*no\\x0asuch file: No such file or directory$' "no such file"
rm -f "$dir"/copies/*

# Relative to the working folder, and names of one letter.
cp "$dir/plain" s
stage 2 s d
expect_status 0 "one letter"
expect_copies s d
stage 2 s ../copies
expect_copies s ../copies/s
stage 2 -f ./s ../copies/
expect_copies s ../copies/s
stage 2 ../elsewhere/s .
expect_status 0 "DEST is the folder of SOURCE"
expect_left s
rm -f "$dir"/copies/*

# A folder: into it, as with cp; but not one that isn't there.
mkdir "$dir/copies/folder"
ln -s folder "$dir/copies/link"
stage 2 s "$dir/copies/link"
expect_status 0 "a link to a folder"
expect_left folder/s link
stage 2 s "$dir/copies/none/"
expect_status 1 "a slash and no folder"
expect_said "^stagecast: .*$dir/copies/none/s: No such file or directory" "a slash and no folder"
expect_left folder/s link

# A link to a file is replaced, with --force, and not what it leads to.
rm -rf "$dir"/copies/*
echo precious >"$dir/copies/precious"
ln -s precious "$dir/copies/link"
stage 2 s "$dir/copies/link"
expect_status 1 "a link to a file"
stage 2 -f s "$dir/copies/link"
expect_status 0 "a link to a file, --force"
[[ ! -L $dir/copies/link && $(cat "$dir/copies/precious") == precious ]] ||
	fail "what a link leads to was written"
expect_copies s "$dir/copies/link"

# Mode and times.
rm -rf "$dir"/copies/*
chmod 750 s
touch -d '2001-02-03 04:05:06.789' s
(umask 077 && stage 2 s "$dir/copies/plain" && exit "$status")
stage 2 -p s "$dir/copies/preserved"
[[ $(stat -c %a "$dir/copies/plain") == 700 ]] || fail "mode $(stat -c %a "$dir/copies/plain")"
[[ $(stat -c '%a %y' "$dir/copies/preserved") == $(stat -c '%a %y' s) ]] ||
	fail "--preserve: $(stat -c '%a %y' "$dir/copies/preserved")"
conclude
