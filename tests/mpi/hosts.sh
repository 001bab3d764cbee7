#!/usr/bin/env bash
# Who takes part: one rank a host, the lowest, or all; where %h and %r lead; and who may not
# write where.  The hosts are made of UTS name spaces.
. "$SRCDIR/tests/lib/mpi.sh"

find_unshare
export RANK_UNSHARE="${unshare[*]}"
# Ranks 0 and 1 on node-a, 2 and 3 on node-b, 4 and 5 on node-c.
# shellcheck disable=SC2016
three_hosts='case $rank in
	0 | 1) hostname node-a ;;
	2 | 3) hostname node-b ;;
	*) hostname node-c ;;
esac'
export RANK_SETUP=$three_hosts
head -c 300000 /dev/urandom >"$dir/source"

fresh()	# folder ...
{
	local folder

	rm -rf "$dir/copies"
	for folder in "$dir/copies" "$@"; do
		mkdir "$folder" || fail "mkdir $folder"
	done
}

# A copy a host, by its lowest rank.
fresh
stage 6 "$dir/source" "$dir/copies/%h.%r"
expect_status 0 "a copy a host"
expect_files "$dir/copies" node-a.0 node-b.2 node-c.4
expect_copies "$dir/source" "$dir"/copies/node-{a.0,b.2,c.4}
grep -q '^staged 293 KiB to 3/3 nodes in ' "$dir/out" || fail "the last line is not of 3 nodes"

# The same when the ranks of a host aren't neighbours.
fresh
# shellcheck disable=SC2016
RANK_SETUP='hostname node-$((rank % 3))' stage 7 "$dir/source" "$dir/copies/%h.%r"
expect_status 0 "hosts in turn"
expect_files "$dir/copies" node-0.0 node-1.1 node-2.2
expect_copies "$dir/source" "$dir"/copies/node-{0.0,1.1,2.2}

# A copy for every rank.
fresh
stage 6 --copies=rank "$dir/source" "$dir/copies/%h.%r"
expect_status 0 "a copy for every rank"
expect_files "$dir/copies" node-a.0 node-a.1 node-b.2 node-b.3 node-c.4 node-c.5
expect_copies "$dir/source" "$dir"/copies/*

# One path on two hosts is two files, as a rule.  A folder a host gets the name of the source.
fresh "$dir"/copies/node-{a,b,c}
stage 6 "$dir/source" "$dir/copies/%h/"
expect_status 0 "a folder a host, with a slash"
stage 6 -f "$dir/source" "$dir/copies/%h"
expect_status 0 "a folder a host, without a slash"
expect_copies "$dir/source" "$dir"/copies/node-{a,b,c}/source
for host in a b c; do
	expect_files "$dir/copies/node-$host" source
done

# Two ranks that would write one path on one host: a mistake, found before anything is written.
fresh "$dir/copies/sub"
ln -s . "$dir/copies/link"
# shellcheck disable=SC2016
for dest in "$dir/copies/%h" "$dir/copies/"; do
	stage 6 --copies=rank "$dir/source" "$dest"
	expect_status 2 "two ranks, one path"
	expect_one_message \
		'^stagecast: ranks [0-5] and [0-5] would both write the same DEST on node-[abc]: ' \
		"two ranks, one path"
	expect_files "$dir/copies" link sub
done

# A host that fails is told from the others by its name, in the list too.
fresh "$dir"/copies/node-{a,c}
stage 6 --failed-hosts="$dir/failed" "$dir/source" "$dir/copies/%h/copy"
expect_status 3 "a host without the folder"
cause='No such file or directory \(after .*\)'
expect_said "^stagecast: node-b \(rank 2\): .*$dir/copies/node-b/copy.*: $cause\$" \
	"a host without the folder"
[[ $(cat "$dir/failed") == node-b ]] || fail "--failed-hosts: $(cat "$dir/failed")"
expect_copies "$dir/source" "$dir"/copies/node-{a,c}/copy
grep -q '^staged 293 KiB to 2/3 nodes in ' "$dir/out" || fail "the last line is not of 2/3 nodes"
stage 6 -f --failed-hosts="$dir/failed" "$dir/source" "$dir/copies/%h.%r"
[[ -e $dir/failed && ! -s $dir/failed ]] || fail "--failed-hosts: none failed, but it isn't empty"

# The names of the hosts are in the plan.
stage 6 --plan "$dir/source" "$dir/copies/%h.%r"
expect_status 0 "--plan"
grep -q 'node-a -> node-[bc]$' "$dir/out" || fail "--plan: the hosts are not named"
grep -q 'assuming links of ' "$dir/out" || fail "--plan: a small file is not worth a measurement"

# For a larger one the network is measured, to another host: not to rank 1, which is on this one.
stage 6 --plan --size=1G
expect_status 0 "--plan of a large file"
grep -q 'with links of .* latency, as measured to node-b$' "$dir/out" ||
	fail "--plan: the network was not measured to another host"
RANK_SETUP='hostname node-a' stage 3 --copies=rank --plan --size=1G
grep -q 'assuming links of ' "$dir/out" || fail "--plan: one host has no network to be measured"
conclude
