#!/usr/bin/env bash
# What a node of the emulated cluster is: a host name, a network and a /tmp of its own, and
# neighbours that it reaches by their names, until its cable is cut.
. "$SRCDIR/tests/cluster/lib.sh"
needs_socat

# Interfaces of this machine that have names like those of a cluster.
interfaces()
{
	ip -o link | awk '$2 ~ /^(bridge|eth0@|port|try)/ {print $2}'
}

before=$(interfaces)
up -n 2 --tmp-of 2=1M

# Names, and a /tmp for each.
# shellcheck disable=SC2016
for node in 0 1 2; do
	[[ $(on $node hostname) == node$node ]] || fail "node$node is called $(on $node hostname)"
	on $node sh -c 'echo "I am $(hostname)" >/tmp/mine' || fail "node$node cannot write to /tmp"
done
for node in 0 1 2; do
	[[ $(on node$node cat /tmp/mine) == "I am node$node" ]] || fail "node$node: another's /tmp"
done
[[ ! -e /tmp/mine ]] || fail "the nodes have our /tmp"
[[ $(on 2 df --output=size -k /tmp | tail -n 1) -eq 1024 ]] || fail "--tmp-of: $(on 2 df -k /tmp)"
[[ $(on 1 df --output=size -k /tmp | tail -n 1) -gt 1024 ]] || fail "--tmp-of is for node2 only"

# This folder is seen in all of them, whatever /tmp is.
on 1 sh -c 'echo hello >from-node1' || fail "node1 cannot write to the shared folder"
[[ $(on 2 cat "$dir/from-node1") == hello && $(cat from-node1) == hello ]] ||
	fail "the shared folder is not shared"

# A line of text from one node to another, on a connection to its name: 0 if it arrived.
greet()	# from, to
{
	local listener

	rm -f heard
	"$cluster" exec --name "$name" "$2" timeout 30 \
		socat -u TCP-LISTEN:7000,reuseaddr OPEN:heard,creat &
	listener=$!
	until on "$2" ss -Hltn 2>/dev/null | grep -q ':7000 '; do
		kill -0 "$listener" || return 2
		sleep 0.02
	done
	echo "node$1 speaking" | on "$1" timeout 10 socat -u - "TCP:node$2:7000,connect-timeout=1" 2>err
	[[ -s heard ]] || kill -TERM "$listener"
	wait "$listener"
	[[ $(cat heard 2>/dev/null) == "node$1 speaking" ]]
}

greet 0 1 || fail "node0 does not reach node1: $(cat err)"
greet 1 2 || fail "node1 does not reach node2: $(cat err)"

# A node that is cut off is silent: it cannot be reached, and nothing reports that.
"$cluster" cut --name "$name" 1 || fail "cluster cut"
greet 0 1 && fail "node0 reaches node1, which is cut off"
grep -q 'timed out' err || fail "node1 is not silent, but: $(cat err)"
greet 1 2 && fail "node1, which is cut off, reaches node2"
greet 2 0 || fail "node2 does not reach node0, though only node1 is cut off: $(cat err)"
"$cluster" mend --name "$name" node1 || fail "cluster mend"
greet 2 1 || fail "node2 does not reach node1, which was mended: $(cat err)"

# The machine's own network is unchanged while the cluster is up.
[[ $(interfaces) == "$before" ]] || fail "other interfaces than before: $(interfaces)"

# A word that is no node is refused.
on 3 true 2>err && fail "there is no node3, and a command ran there"
grep -q 'no node3' err || fail "node3: $(cat err)"
conclude
