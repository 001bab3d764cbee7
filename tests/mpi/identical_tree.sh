#!/usr/bin/env bash
# A DEST that is the tree already: nothing is sent there, it is left as it is, and it counts.
. "$SRCDIR/tests/lib/mpi.sh"
. "$SRCDIR/tests/lib/tree.sh"

cd "$dir" || exit 99
umask 022
make_tree tree 200

fresh()
{
	chmod -R u+rwx copies 2>/dev/null
	rm -rf copies
	mkdir copies
}

stage_all()	# argument ...
{
	stage 3 -r --copies=rank "$@" tree copies/%r/
}

# What a run would change: the files, their times and those of their attributes.
identity()	# folder ...
{
	find "$@" -printf '%p %i %Ts %T@ %C@ %m\n' | sort | cksum
}

# Of so many nodes so many had it before.
expect_had()	# count, label
{
	local had=" \($1 had it already\)"

	[[ $1 -gt 0 ]] || had=
	expect_status 0 "$2"
	tail -n 1 out | grep -qE "^staged .* to 3/3 nodes$had in " || fail "$2: $(tail -n 1 out)"
}

# One that lacks it, or has another one under its name.
expect_refused()	# label
{
	expect_status 3 "$1"
	expect_said '\(rank 1\): .*copies/1/tree exists; use --force to replace it' "$1"
	tail -n 1 out | grep -qE '^staged .* to 2/3 nodes \(1 had it already\) in ' ||
		fail "$1: $(tail -n 1 out)"
}

prepare()
{
	fresh
	mkdir copies/{0,1,2}
	cp -a tree copies/1/
	cp -r --preserve=links tree copies/2/ # with the time of now
}

# Nobody has it, then everybody, and it stays what it was.
fresh
mkdir copies/{0,1,2}
stage_all
expect_had 0 "nobody has it"
before=$(identity copies)
stage_all
expect_had 3 "everybody has it"
[[ $(identity copies) == "$before" ]] || fail "everybody has it: it was touched"
stage_all --json
grep -q '"state": *"complete"' out || fail "--json: $(cat out)"

# Some have it; its times count only where it could be replaced, or has to have them.
prepare
before=$(identity copies/1 copies/2)
stage_all
expect_had 2 "some have it"
[[ $(identity copies/1 copies/2) == "$before" ]] || fail "some have it: it was touched"
prepare
before=$(identity copies/1)
stage_all -f
expect_had 1 "--force"
[[ $(identity copies/1) == "$before" ]] || fail "--force: a tree with the same times was touched"
prepare
before=$(identity copies/1)
rm -r copies/2/tree
stage_all -p
expect_had 1 "--preserve"
[[ $(identity copies/1) == "$before" ]] || fail "--preserve: it was touched"
stage_all -p -f
expect_had 3 "--preserve, again"
chmod 700 copies/1/tree/modes
stage_all -p -f
expect_had 2 "--preserve, another mode"
diff -r --no-dereference tree copies/1/tree || fail "--preserve, another mode"

# What makes it another tree.
change()	# in copies/1/tree, label
{
	prepare
	(cd copies/1/tree && eval "$1") || fail "$2: can't be made"
	sum=$(identity copies/1)
	stage_all
	expect_refused "$2"
	[[ $(identity copies/1) == "$sum" ]] || fail "$2: it was touched"
}
large=$(cd tree && find . -type f -size +100k | sort | head -n 1)
change "printf x | dd of='$large' bs=1 seek=5000 conv=notrunc status=none" "another byte"
change ": >one_more" "a file too many"
change "rm '$large'" "a file too few"
change "mv '$large' '$large.'" "another name"
change "ln -s nowhere link && rm '$large'" "another kind"
change "cp '$large' other && rm '$large' && ln -s other '$large'" "a link instead of a file"

# A link to the tree is none.
fresh
mkdir copies/{0,1,2}
cp -a tree copies/2/
cp -a tree elsewhere
ln -s ../../elsewhere copies/1/tree
stage_all
expect_status 3 "a link to a tree"
expect_said '\(rank 1\): .*copies/1/tree exists and is not a directory' "a link to a tree"
[[ -L copies/1/tree ]] || fail "a link to a tree was replaced"
conclude
