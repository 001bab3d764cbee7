#!/usr/bin/env bash
# stagecast on the emulated cluster: copies on all nodes, the timings file, and a node whose /tmp
# is too small.
. "$SRCDIR/tests/cluster/lib.sh"
head -c 2000000 /dev/urandom >source

# Each node looks for itself whether its copy is identical, while the cluster is there.
up -n 4
cluster mpirun --name "$name" -n 5 "$STAGECAST" --timings=run.h5 source /tmp/copy
expect_status 0 "to four recipients"
grep -q '^staged 1.91 MiB to 5/5 nodes in ' out || fail "the last line: $(tail -n 1 out)"
for node in 0 1 2 3 4; do
	on $node cmp source /tmp/copy || fail "node$node: no copy, or another"
	left=$(on $node find /tmp -name '.*.stagecast.*')
	[[ -z $left ]] || fail "node$node: left behind: $left"
done
[[ ! -e /tmp/copy ]] || fail "a copy in our /tmp"
hosts=$(h5dump -d /nodes run.h5 | grep -o '"node[0-4]"' | LC_ALL=C sort -u | wc -l)
[[ $hosts -eq 5 ]] || fail "--timings: $hosts hosts instead of 5"
down "$name"

# One node has no space: it is named, and the others have the file.
# shellcheck disable=SC2016
cluster_run -n 4 --tmp-of 3=1M -- "$STAGECAST" --failed-hosts=failed source /tmp/copy
expect_status 3 "a node with a small /tmp"
expect_said '^stagecast: node3 \(rank 3\): /tmp/copy needs 1.91 MiB, .* KiB are free' "a small /tmp"
[[ $(cat failed) == node3 ]] || fail "--failed-hosts: $(cat failed)"
grep -q '^staged 1.91 MiB to 4/5 nodes in ' out || fail "the last line: $(tail -n 1 out)"

# The same, step by step, to look at the other nodes' copies.
up -n 2 --tmp-of 1=1M
cluster mpirun --name "$name" -n 3 "$STAGECAST" source /tmp/copy
expect_status 3 "a node with a small /tmp, step by step"
on 0 cmp source /tmp/copy || fail "node0: no copy, or another"
on 1 test ! -e /tmp/copy || fail "node1 has a copy, without the space"
on 2 cmp source /tmp/copy || fail "node2: no copy, or another"

# The command returns the program's status.
cluster_run -n 1 -- sh -c 'exit 5'
expect_status 5 "a program that fails"
conclude
