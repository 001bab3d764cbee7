#!/usr/bin/env bash
# The parts of src/core: calls and includes between them form no cycle, and each calls only those
# whose header it includes.  From the symbols of the objects, and the #include lines.
#
# A part is a header and its .c; the control tree and the node have two.  What all use is "base".
# An #include counts like a call, so that the order also holds for what one part reads of another.
# Environment: SRCDIR, the source folder; BUILDDIR, the build folder.
set -euo pipefail

objects=$BUILDDIR/src/core

part_of()	# name of a file, without its ending
{
	case $1 in
	action | context | event | marks | names | record | wire) echo base ;;
	control_failures | control_impl) echo control ;;
	node_impl | step) echo node ;;
	*) echo "$1" ;;
	esac
}

bad=0
fail()
{
	printf 'parts: %s\n' "$*"
	bad=1
}

declare -A defined_in=()	# symbol -> part
declare -A includes=()	# "part part"
declare -A calls=()	# "part part" -> a symbol
declare -A parts=()

object_of()	# file.c
{
	local name=${1##*/}

	printf '%s/libcore_a-%s.o\n' "$objects" "${name%.c}"
}

symbols()	# nm option, object
{
	nm "$1" "$2" | awk 'NF >= 2 && $(NF-1) ~ /^[A-Z]$/ {sub(/@.*/, "", $NF); print $NF}'
}

for file in "$SRCDIR"/src/core/*.[ch]; do
	name=${file##*/}
	part=$(part_of "${name%.*}")
	parts[$part]=1
	while IFS= read -r included; do
		other=$(part_of "$included")
		[[ $other == "$part" ]] || includes["$part $other"]=1
	done < <(sed -nE 's/^#include "core\/([a-z_]+)\.h"$/\1/p' "$file")
	[[ $name == *.c ]] || continue
	if [[ ! -f $(object_of "$file") ]]; then
		fail "src/core/$name was not built in $BUILDDIR"
		continue
	fi
	while IFS= read -r symbol; do
		defined_in[$symbol]=$part
	done < <(symbols --defined-only "$(object_of "$file")")
done

for file in "$SRCDIR"/src/core/*.c; do
	name=${file##*/}
	part=$(part_of "${name%.c}")
	[[ -f $(object_of "$file") ]] || continue
	while IFS= read -r symbol; do
		other=${defined_in[$symbol]:-}
		[[ -z $other || $other == "$part" ]] || calls["$part $other"]=$symbol
	done < <(symbols --undefined-only "$(object_of "$file")")
done
[[ ${#calls[@]} -gt 0 ]] || fail "no part calls another: was the core built?"

# A header is there for those, too, that include a header that includes it.
reaches()	# part, other
{
	local -A seen=([$1]=1)
	local queue=("$1")
	local pair from to

	while [[ ${#queue[@]} -gt 0 ]]; do
		from=${queue[0]}
		queue=("${queue[@]:1}")
		[[ $from != "$2" ]] || return 0
		for pair in "${!includes[@]}"; do
			to=${pair#* }
			[[ ${pair% *} == "$from" && -z ${seen[$to]:-} ]] || continue
			seen[$to]=1
			queue+=("$to")
		done
	done
	return 1
}

for pair in "${!calls[@]}"; do
	reaches "${pair% *}" "${pair#* }" ||
		fail "${pair% *} calls ${calls[$pair]}, but does not include core/${pair#* }.h"
	[[ $pair != "base "* ]] || fail "base calls ${calls[$pair]} of ${pair#* }"
done

if ! order=$(printf '%s\n' "${!calls[@]}" "${!includes[@]}" | LC_ALL=C sort -u | tsort 2>/dev/null); then
	# tsort names the members of each cycle, one a line.
	fail "a cycle:" "$(printf '%s\n' "${!calls[@]}" "${!includes[@]}" | LC_ALL=C sort -u |
		tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([a-z_]*\)$/\1/p' | paste -sd ' ')"
fi
[[ $bad -eq 0 ]] || exit 1
echo "parts: ${#parts[@]}, in the order in which they call: ${order//$'\n'/ > }"
