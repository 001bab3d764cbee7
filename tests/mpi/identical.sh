#!/usr/bin/env bash
# A DEST that is the file already: nothing is sent there, it is left as it is, and it counts.
. "$SRCDIR/tests/lib/mpi.sh"

head -c 3000000 /dev/urandom >"$dir/source"
touch -d '2020-02-03 04:05:06.123456789' "$dir/source"
copies=("$dir"/copies/{0,1,2,3})

fresh()
{
	rm -rf "$dir/copies"
	mkdir "$dir/copies" || fail "mkdir $dir/copies"
}

stage_all()	# argument ...
{
	stage 4 --copies=rank "$@" "$dir/source" "$dir/copies/%r"
}

# The summary says of how many nodes it is, and which of them had it before.
expect_summary()	# nodes, how many had it
{
	local had=" \($2 had it already\)"

	[[ $2 -gt 0 ]] || had=
	grep -qE "^[0-9a-f]{32}  " "$dir/out" || fail "no digest"
	[[ $(head -n 1 "$dir/out") == "$(xxhsum -H2 "$dir/source")" ]] ||
		fail "the digest is not that of the source"
	tail -n 1 "$dir/out" | grep -qE "^staged 2.86 MiB to $1/$1 nodes$had in " ||
		fail "the last line is not of $1 nodes of which $2 had it: $(tail -n 1 "$dir/out")"
}

identity()	# file ...
{
	stat -c '%n %i %Y %y %a' "$@"
}

# Nobody has it, then everybody, and it stays what it was.
fresh
stage_all
expect_status 0 "nobody has it"
expect_summary 4 0
before=$(identity "${copies[@]}")
stage_all --failed-hosts="$dir/failed"
expect_status 0 "everybody has it"
expect_summary 4 4
[[ $(identity "${copies[@]}") == "$before" ]] || fail "everybody has it: files were touched"
[[ -e $dir/failed && ! -s $dir/failed ]] || fail "everybody has it: hosts have failed"
expect_left 0 1 2 3

# Some have it: recipients, and the origin.
for had in '1' '3' '1 3' '0' '0 2' '1 2 3'; do
	read -ra ranks <<<"$had"
	fresh
	for rank in "${ranks[@]}"; do
		cp "$dir/source" "$dir/copies/$rank"
	done
	before=$(cd "$dir/copies" && identity "${ranks[@]}")
	stage_all
	expect_status 0 "ranks $had have it"
	expect_summary 4 "${#ranks[@]}"
	expect_copies "$dir/source" "${copies[@]}"
	[[ $(cd "$dir/copies" && identity "${ranks[@]}") == "$before" ]] ||
		fail "ranks $had have it: they were touched"
	expect_left 0 1 2 3
done

# Another content of the same size is another file, and so is one of another size.
fresh
head -c 3000000 /dev/urandom >"$dir/copies/1"
cp "$dir/source" "$dir/copies/2"
head -c 2999999 "$dir/source" >"$dir/copies/3"
sum=$(cksum "$dir"/copies/{1,3})
stage_all --failed-hosts="$dir/failed"
expect_status 3 "the same size, another content"
expect_said '\(rank 1\): .*/copies/1 exists; use --force to replace it' "the same size"
expect_said '\(rank 3\): .*/copies/3 exists; use --force to replace it' "another size"
tail -n 1 "$dir/out" | grep -qE '^staged 2.86 MiB to 2/4 nodes \(1 had it already\) in ' ||
	fail "the last line is: $(tail -n 1 "$dir/out")"
expect_copies "$dir/source" "$dir"/copies/{0,2}
[[ $(cksum "$dir"/copies/{1,3}) == "$sum" ]] || fail "without --force a file was replaced"

# With --force nothing is read for nothing: only the source's time makes it worth a comparison.
fresh
cp "$dir/source" "$dir/copies/1"
cp -p "$dir/source" "$dir/copies/2"
head -c 3000000 /dev/urandom >"$dir/copies/3"
touch -r "$dir/source" "$dir/copies/3"
before=$(identity "$dir"/copies/2)
other=$(identity "$dir"/copies/1)
stage_all -f
expect_status 0 "--force"
expect_summary 4 1
expect_copies "$dir/source" "${copies[@]}"
[[ $(identity "$dir"/copies/2) == "$before" ]] || fail "--force: a file of the same time was touched"
[[ $(identity "$dir"/copies/1) != "$other" ]] || fail "--force: a file of another time was kept"

# --preserve gives it what a copy would have.
fresh
cp "$dir/source" "$dir/copies/1"
chmod 750 "$dir/source"
stage_all -p
expect_status 0 "--preserve"
expect_summary 4 1
for copy in "${copies[@]}"; do
	[[ $(stat -c '%a %y' "$copy") == $(stat -c '%a %y' "$dir/source") ]] ||
		fail "--preserve: $copy has $(stat -c '%a %y' "$copy")"
done
stage_all -p -f
expect_summary 4 4

# One rank a host: that one's DEST counts, whatever the others' is.
fresh
cp "$dir/source" "$dir/copies/0"
stage 4 "$dir/source" "$dir/copies/%r"
expect_status 0 "one rank a host"
expect_summary 1 1
expect_left 0

# No link counts, and a link to the source neither.
fresh
ln -s "$dir/source" "$dir/copies/1"
stage_all
expect_status 3 "a link to the source"
expect_said '\(rank 1\): .*/copies/1 exists' "a link to the source"

# An empty file.
fresh
: >"$dir/empty"
cp "$dir/empty" "$dir/copies/1"
stage 3 --copies=rank "$dir/empty" "$dir/copies/%r"
expect_status 0 "an empty file"
tail -n 1 "$dir/out" | grep -q '^staged 0 B to 3/3 nodes (1 had it already) in ' ||
	fail "an empty file: $(tail -n 1 "$dir/out")"

# A plan reads nothing, and is one for all.
fresh
cp "$dir/source" "$dir/copies/1"
stage 4 --plan --copies=rank "$dir/source" "$dir/copies/%r"
grep -q '^recipients  *3, ' "$dir/out" || fail "--plan leaves somebody out"

# In the timings are those that took part.
fresh
cp "$dir/source" "$dir/copies/1"
timings=$dir/t.h5
stage_all --timings="$timings"
expect_status 0 "--timings"
[[ $(rows "$timings" /nodes | wc -l) -eq 3 ]] || fail "--timings: $(rows "$timings" /nodes)"
conclude
