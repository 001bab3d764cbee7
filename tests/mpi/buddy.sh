#!/usr/bin/env bash
# Who stands in for the origin: chosen, asked for, or nobody.  The hosts are made of UTS name
# spaces, and where SOURCE is not to be the same a rank has a folder of its own there.
. "$SRCDIR/tests/lib/mpi.sh"

unshare=()
if unshare -um true 2>/dev/null; then
	unshare=(-um)
elif unshare -rum true 2>/dev/null; then
	unshare=(-rum)
else
	skip "unshare -um is not permitted, so there is one host only"
fi
export RANK_UNSHARE="${unshare[*]}"
mkdir "$dir/shared" "$dir/other"
head -c 300000 /dev/urandom >"$dir/shared/source"
head -c 300000 /dev/urandom >"$dir/other/source"
touch -d '2020-02-03 04:05:06.123456789' "$dir/shared/source"
mkdir "$dir/copies"

# Two ranks a host: 0 and 1 on node-0, and so on.  $blind: ranks that have another SOURCE.
# shellcheck disable=SC2016
export RANK_SETUP='hostname node-$((rank / 2))
case " $blind " in
	*" $rank "*) mount --bind "$other" "$shared" ;;
esac'
export shared=$dir/shared other=$dir/other blind=

stage_six()	# argument ...
{
	rm -f "$dir"/copies/*
	stage 6 -v "$@" "$dir/shared/source" "$dir/copies/%h.%r"
}

expect_buddy()	# what is said of it, what was done
{
	expect_status 0 "$2"
	[[ $(grep -o 'buddy: .*' "$dir/err") == "$1" ]] ||
		fail "$2: not '$1', but '$(grep buddy "$dir/err")'"
}

# The last one on another host that sees the same.
stage_six
expect_buddy 'buddy: rank 4 on node-2' "auto"
stage_six --copies=rank --buddy=auto
expect_buddy 'buddy: rank 5 on node-2' "auto, all ranks"
blind='5' stage_six --copies=rank
expect_buddy 'buddy: rank 4 on node-2' "the last is blind"
blind='2 3 4 5' stage_six --copies=rank
expect_buddy 'buddy: no node on another host sees SOURCE, with the same size and time' "all are blind"
RANK_SETUP='hostname node-0' stage 3 -v --copies=rank "$dir/shared/source" "$dir/copies/%r"
expect_buddy 'buddy: no recipient is on another host' "one host"

# The same size and another time; the same time and another size.
touch "$dir/other/source"
blind='4 5' stage_six --copies=rank
expect_buddy 'buddy: rank 3 on node-1' "another time"
head -c 299999 "$dir/shared/source" >"$dir/other/source"
touch -r "$dir/shared/source" "$dir/other/source"
blind='4 5' stage_six --copies=rank
expect_buddy 'buddy: rank 3 on node-1' "another size"
rm "$dir/other/source"
blind='4 5' stage_six --copies=rank
expect_buddy 'buddy: rank 3 on node-1' "no SOURCE"
mkdir "$dir/other/source"
blind='4 5' stage_six --copies=rank
expect_buddy 'buddy: rank 3 on node-1' "a folder"

# A tree: who sees its root with the same time is chosen, and has to find the same.
mkdir "$dir/shared/tree" "$dir/other/tree"
echo one >"$dir/shared/tree/file"
echo two >"$dir/other/tree/file"
touch -d '2020-02-03 04:05:06.123456789' "$dir"/{shared,other}/tree/file "$dir"/{shared,other}/tree
stage_tree()
{
	rm -rf "$dir"/copies/*
	stage 6 -v -r --copies=rank "$dir/shared/tree" "$dir/copies/%h.%r"
}
stage_tree
expect_buddy 'buddy: rank 5 on node-2' "a tree"
touch "$dir/other/tree"
blind='4 5' stage_tree
expect_buddy 'buddy: rank 3 on node-1' "another tree"
touch -r "$dir/shared/tree" "$dir/other/tree"
echo more >>"$dir/other/tree/file"
blind='5' stage_tree
expect_buddy $'buddy: rank 5 on node-2\nbuddy: rank 5 finds another tree' "another tree of the same time"
diff -r "$dir/shared/tree" "$dir/copies/node-1.3" || fail "another tree of the same time: a copy"
rm -rf "$dir"/copies/*

# Asked for: any recipient, also on the origin's own host.
stage_six --copies=rank --buddy=1
expect_buddy 'buddy: rank 1 on node-0' "asked for"
stage_six --buddy=2
expect_buddy 'buddy: rank 2 on node-1' "asked for, one a host"
stage_six --buddy=none
expect_status 0 "none"
! grep -E '^stagecast: (no )?buddy: ' "$dir/err" || fail "--buddy=none, and yet there is one"

refuse()	# what is said (ERE), argument ...
{
	local said=$1

	shift
	rm -f "$dir"/copies/*
	stage 6 "$@" "$dir/shared/source" "$dir/copies/%h.%r"
	expect_status 2 "$*"
	expect_one_message "^stagecast: $said\$" "$*"
	# shellcheck disable=SC2119
	expect_left
}
refuse '--buddy=6: there are ranks 0 to 5 only' --buddy=6
refuse '--buddy=3: rank 3 takes no part, rank 2 does for node-1' --buddy=3
blind='4' refuse '--buddy=4: SOURCE is not there on node-2, or not the same \(size and time\)' \
	--buddy=4

# When a node is given up is said, too.
stage_six
expect_said '^stagecast: heartbeats every 250.0 ms; a node that is silent for 10.000 s is given up$' "-v"
stage_six --timeout=2s
expect_said ' every 200.0 ms; a node that is silent for 2.000 s is given up$' "--timeout"
stage_six --heartbeat=4s
expect_said ' every 4.000 s; a node that is silent for 20.000 s is given up$' "--heartbeat"

# Whoever has the file already takes no part.
rm -f "$dir"/copies/*
cp "$dir/shared/source" "$dir/copies/node-2.4"
stage 6 -v "$dir/shared/source" "$dir/copies/%h.%r"
expect_buddy 'buddy: rank 2 on node-1' "the last has it already"
rm -f "$dir"/copies/node-[01]*
stage 6 --buddy=4 "$dir/shared/source" "$dir/copies/%h.%r"
expect_buddy 'buddy: rank 4 has the file already, and takes no part' "asked for, has it already"
conclude
