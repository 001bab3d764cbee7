#!/usr/bin/env bash
# --latency delays what goes from node to node, where the kernel has netem: a copy takes at least
# the three ways of the connection's first packets and the data.
. "$SRCDIR/tests/cluster/lib.sh"
needs_socat

up -n 1 --latency 40ms
head -c 1000 /dev/urandom >source
ms=$(copy_ms source 0 1) || fail "no copy from node0 to node1"
[[ ${ms:-0} -ge 120 ]] || fail "--latency 40ms, and a copy took $ms ms"
conclude
