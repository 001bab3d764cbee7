#!/bin/sh
# Run a command on a node of the cluster in whose record this script lies.
# Called by mpirun in the place of ssh, with a node and a shell command; by cluster with
# "--in FOLDER", a node, and a program and its arguments.
record=$(dirname "$0")

folder=/
if [ "$1" = --in ]; then
	folder=$2
	shift 2
	node=$1
	shift
else
	node=$1
	shift
	set -- sh -c "$*"
fi
read -r holder <"$record/$node" || exit 255
exec nsenter --target "$holder" --mount --root --net --uts --ipc --wdns="$folder" -- "$@"
