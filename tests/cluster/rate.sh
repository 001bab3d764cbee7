#!/usr/bin/env bash
# A link of the emulated cluster carries what it is said to carry, in both directions: a TCP copy
# over a link of a quarter of the rate takes longer, by far.  Only ratios of what was measured
# side by side are looked at.
. "$SRCDIR/tests/cluster/lib.sh"
needs_socat

up -n 2 --rate 80mbit --rate-of 2=20mbit
head -c 3000000 /dev/urandom >source

# The best of two of each, by turns.
fast=1000000 slow_in=1000000 slow_out=1000000
for _ in 1 2; do
	ms=$(copy_ms source 0 1) || fail "no copy from node0 to node1"
	[[ ${ms:-1} -ge $fast ]] || fast=$ms
	ms=$(copy_ms source 0 2) || fail "no copy from node0 to node2"
	[[ ${ms:-1} -ge $slow_in ]] || slow_in=$ms
	ms=$(copy_ms source 2 1) || fail "no copy from node2 to node1"
	[[ ${ms:-1} -ge $slow_out ]] || slow_out=$ms
done
note "at 80mbit $fast ms, to 20mbit $slow_in ms, from 20mbit $slow_out ms"
[[ $((slow_in * 2)) -ge $((fast * 3)) ]] || fail "--rate-of does not slow down what a node receives"
[[ $((slow_out * 2)) -ge $((fast * 3)) ]] || fail "--rate-of does not slow down what a node sends"
conclude
