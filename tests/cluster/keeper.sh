#!/usr/bin/env bash
# The inside of an emulated cluster: "keep RECORD" is its first process, started by cluster in
# namespaces of its own, with 7 to read from "life"; "hold RECORD NODE SIZE" becomes the process that
# holds one node's.
# All links are in these namespaces: the machine's own network never sees one.
set -euo pipefail

record=$2

# The kernel without one of these cannot carry a cluster: status 77, not a failure.
try_machine()	# latency
{
	ip link add try type veth peer name tried || impossible "no veth links"
	tc qdisc add dev try root handle 1: htb default 1 || impossible "no htb in this kernel"
	ip link add bridge type bridge || impossible "no bridges"
	if [[ $1 != 0 ]]; then
		tc qdisc add dev tried root netem delay 1ms ||
			impossible "no netem in this kernel, so that there is no --latency"
	fi
	ip link delete try
	ip link set bridge up
}

impossible()
{
	echo "$*" >&2
	exit 77
}

# One end of a link: it sends at the rate and in order, and drops nothing from its queue.
shape()	# device, rate, latency
{
	tc -batch - <<-END
		qdisc add dev $1 root handle 1: htb default 1
		class add dev $1 parent 1: classid 1:1 htb rate $2 ceil $2 quantum 1514
		qdisc add dev $1 parent 1:1 handle 10: pfifo limit 2000
	END
	if [[ $3 != 0 ]]; then
		tc qdisc replace dev "$1" parent 1:1 handle 10: netem delay "$3" limit 4000
	fi
	# Packets as large as on a wire: a rate is no rate if 64 KiB go at once.
	ethtool -K "$1" tso off gso off gro off
}

# In the node's network namespace: see make_node.
wire_node()	# address, rate, latency
{
	ip -batch - <<-END
		link set lo up
		address add $1/24 dev eth0
		link set eth0 up
	END
	shape eth0 "$2" "$3"
	# The nodes of a cluster use CUBIC, whatever this machine uses.  BBR misjudges these links: it
	# looks for the shortest round trip, and that one meets neither queue nor rate.  A route may
	# choose the congestion control where the namespace may not.
	if grep -qw cubic /proc/sys/net/ipv4/tcp_available_congestion_control; then
		ip route replace "${1%.*}.0/24" dev eth0 proto kernel scope link src "$1" congctl cubic
	fi
}

make_node()	# name, address, rate, latency, size of /tmp
{
	local port=port${1#node} holder line

	mkfifo "$record/held.$1"
	unshare --mount --propagation private --net --uts --ipc \
		bash "$0" hold "$record" "$1" "$5" </dev/null >"$record/held.$1" 7<&- &
	holder=$!
	read -r line <"$record/held.$1" || return
	[[ $line == held ]]
	ip -batch - <<-END
		link add $port type veth peer name eth0 netns $holder
		link set $port master bridge up
	END
	shape "$port" "$3" 0
	nsenter --target "$holder" --net bash "$0" wire "$record" "$2" "$3" "$4"
	echo "$holder" >"$record/$1"
}

keep()
{
	local latency line nodes

	mapfile -t nodes <"$record/nodes"
	read -r _ _ _ latency _ <<<"${nodes[0]}"
	try_machine "$latency"
	# Names for the nodes; without the file there are addresses only.
	[[ ! -e /etc/hosts ]] || mount --bind "$record/hosts" /etc/hosts
	for line in "${nodes[@]}"; do
		# shellcheck disable=SC2086
		make_node $line
	done
	: >"$record/ready"
	while read -r line <&7; do
		case $line in
		stay)
			exec 5>"$record/life"
			: >"$record/stays" ;;
		down) break ;;
		esac
	done
	# The kernel ends all other processes of the namespace when the first one ends.
}

# A /tmp of its own, in which the shared folders are seen where they are outside.
hold()	# node, size
{
	local fd folder i options=mode=1777 opened=() shared=()

	hostname "$1"
	mapfile -t shared <"$record/shared"
	for folder in ${shared[@]+"${shared[@]}"}; do
		exec {fd}<"$folder"
		opened+=("$fd")
	done
	[[ $2 == all ]] || options+=,size=$2
	mount -t tmpfs -o "$options" "$1" /tmp
	for i in "${!shared[@]}"; do
		folder=${shared[i]} fd=${opened[i]}
		mkdir -p "$folder"
		# Not by its path, which now leads to this node's empty /tmp.
		mount --no-canonicalize --rbind "/proc/self/fd/$fd" "$folder"
		exec {fd}<&-
	done
	echo held
	exec sleep infinity >/dev/null
}

case $1 in
keep) keep ;;
hold) hold "$3" "$4" ;;
wire) wire_node "$3" "$4" "$5" ;;
esac
