#!/usr/bin/env bash
# How often the arrival of a chunk at a relay changes file: of the functions of src/core that one
# step enters, in the order in which they are entered, those count that are in another file than the
# one before.  Returns don't count, nor do functions in headers, nor those of src/base and src/plan.
# Nothing is inlined.  What arrives at which relay: tests/core/arrival.c.
# Environment: SRCDIR, the source folder; BUILDDIR, the build folder; CC.
# usage: arrival.sh [print]   print the sequence, too
set -euo pipefail

most=12

for tool in addr2line "${CC%% *}"; do
	command -v "$tool" >/dev/null || { echo "arrival: skipped: there is no $tool"; exit 77; }
done
[[ -z ${SANITIZERS:-} ]] || { echo "arrival: skipped: sanitizers add calls"; exit 77; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
read -ra compiler <<<"$CC"
compiler+=(-std=c17 -O0 -g -D_POSIX_C_SOURCE=200809L -I"$SRCDIR/src" -fno-pie)

for file in "$SRCDIR"/src/core/*.c; do
	name=${file##*/}
	"${compiler[@]}" -finstrument-functions -c "$file" -o "$dir/${name%.c}.o"
done
"${compiler[@]}" -no-pie "$SRCDIR/tests/core/arrival.c" "$dir"/*.o \
	"$BUILDDIR/libplan.a" "$BUILDDIR/libbase.a" -lm -o "$dir/arrival"
"$dir/arrival" >"$dir/addresses"
# Two lines each: the function, and "FILE:LINE".
addr2line -f -s -e "$dir/arrival" <"$dir/addresses" | paste - - >"$dir/functions"

awk -v most="$most" -v print_all="${1:-}" '
	{
		split($2, place, ":")
		file = place[1]
		if (file !~ /\.c$/)
			next
		calls++
		functions[$1 " " file] = 1
		files[file] = 1
		if (file != last) {
			sequence = sequence (sequence == "" ? "" : " > ") file
			changes += last != ""
		}
		last = file
		if (print_all != "")
			print "  " file ": " $1
	}
	END {
		if (calls == 0) {
			print "arrival: no function was entered"
			exit 1
		}
		printf "arrival: %d calls of %d functions in %d files; %d changes of file (at most %d)\n",
			calls, length(functions), length(files), changes, most
		print "arrival: " sequence
		exit changes > most
	}' "$dir/functions"
