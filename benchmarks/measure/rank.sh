#!/usr/bin/env bash
# One rank of a measured program, on its node: what it used is added to a file, and its copy is
# compared with the source.
set -euo pipefail

usage='usage: rank.sh USED-FILE SOURCE DEST PROGRAM...'
[[ $# -ge 4 ]] || { echo "$usage" >&2; exit 2; }
used=$1 source=$2 dest=$3
shift 3

mkdir -p "$(dirname "$dest")"
rm -f "$dest" "$dest.part"
status=0
# One write: several ranks add to one file.
/usr/bin/time --append --output="$used" --format='used %U %S %M' "$@" || status=$?
if [[ $status -eq 0 ]] && cmp -s "$source" "$dest"; then
	echo "same $(hostname)" >>"$used"
fi
exit "$status"
