#!/bin/sh
# Becomes one rank of a test: does what the test wants done in it first, then turns into the
# program in its arguments.
# Environment: RANK_PIDS, a folder in which the process number is left under the rank's name;
# RANK_UNSHARE, options of unshare; RANK_SETUP, shell code that may use $rank.
rank=${PMIX_RANK:-${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}}

if [ -n "${RANK_UNSHARE:-}" ]; then
	options=$RANK_UNSHARE
	unset RANK_UNSHARE
	# shellcheck disable=SC2086
	exec unshare $options sh "$0" "$@"
fi
if [ -n "${RANK_PIDS:-}" ]; then
	echo $$ >"$RANK_PIDS/$rank" || exit 99
fi
eval "${RANK_SETUP:-}" || exit 99
exec "$@"
