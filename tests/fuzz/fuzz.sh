#!/usr/bin/env bash
# The parsers of what comes from others, under libFuzzer: control messages, journals, manifests,
# archives.  Each fuzzer starts from its corpus, tests/fuzz/corpus/NAME.hex, a line of hexadecimal digits
# an input.
#   fuzz.sh          build the fuzzers, and run each for FUZZ_SECONDS (20; in tests/run without --all, 3)
#   fuzz.sh build    build them, in BUILDDIR/tests/fuzz
#   fuzz.sh keep     the same as without, and put what was found into the corpus, minimised
# Environment: SRCDIR, the source folder; BUILDDIR, the build folder; FUZZ_CC, a clang;
# XXHASH_CFLAGS, XXHASH_LIBS, ARCHIVE_CFLAGS, ARCHIVE_LIBS.
set -euo pipefail

clang=${FUZZ_CC:-clang}
out=$BUILDDIR/tests/fuzz
flags=(-std=c17 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -I"$SRCDIR/src" -g -O1
	'-fsanitize=fuzzer,address,undefined' -fno-sanitize-recover=all -fno-omit-frame-pointer)
declare -A sources=(
	[wire]='core/wire.c base/bytes.c'
	[journal]='file/resume.c file/journal.c file/digest.c file/transfer.c
		base/bitmap.c base/bytes.c base/clock.c base/error.c base/random.c'
	[manifest]='tree/manifest.c tree/manifest_code.c base/bytes.c base/error.c base/vector.c'
	[unpack]='archive/unpack.c archive/unpack_entry.c archive/unpack_facts.c archive/unpack_stream.c
		beneath/beneath.c archive/directories.c beneath/remove.c beneath/system.c file/disk.c file/transfer.c
		base/clock.c base/vector.c
		base/error.c base/units.c'
)
seconds=20
[[ ${TIER:-all} == all ]] || seconds=3
seconds=${FUZZ_SECONDS:-$seconds}
declare -A most_bytes=([wire]=2100 [journal]=1000 [manifest]=1000 [unpack]=8200)

work=$(mktemp -d)
# Where files are made again and again: in memory, if that can be.
files=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$work" "$files"' EXIT

[[ -z ${SANITIZERS:-} ]] || { echo "fuzz: skipped: the fuzzers have sanitizers of their own"; exit 77; }
echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return n < 0 && *p; }' >"$work/try.c"
if ! "$clang" "${flags[@]}" "$work/try.c" -o "$work/try" 2>/dev/null; then
	echo "fuzz: skipped: needs clang with libFuzzer"
	exit 77
fi

build()	# name
{
	local files

	read -ra files -d '' <<<"${sources[$1]}" || true
	# shellcheck disable=SC2086
	"$clang" "${flags[@]}" ${XXHASH_CFLAGS:-} ${ARCHIVE_CFLAGS:-} "$SRCDIR/tests/fuzz/fuzz_$1.c" \
		"${files[@]/#/$SRCDIR/src/}" ${XXHASH_LIBS:--lxxhash} \
		${ARCHIVE_LIBS:--larchive -lz} -lm -o "$out/fuzz_$1"
}

# The inputs of a corpus as files in a folder.
unpack()	# name, folder
{
	local line number=0

	while read -r line; do
		number=$((number + 1))
		# shellcheck disable=SC2059
		printf "${line//??/\\x&}" >"$2/$number"
	done <"$SRCDIR/tests/fuzz/corpus/$1.hex"
	[[ $number -gt 0 ]]
}

hex()	# file ...
{
	local file

	for file in "$@"; do
		od -An -v -tx1 "$file" | tr -d ' \n'
		echo
	done
}

run()	# name
{
	local name=$1 status=0 crash inputs

	mkdir "$work/$name" "$work/$name.crashes"
	unpack "$name" "$work/$name"
	(cd "$work" && TMPDIR=$files "$out/fuzz_$name" -max_total_time="$seconds" -max_len="${most_bytes[$name]}" \
		-timeout=300 -artifact_prefix="$work/$name.crashes/" "$work/$name") \
		>"$work/log" 2>&1 || status=$?
	if [[ $status -ne 0 ]]; then
		tail -n 60 "$work/log"
		for crash in "$work/$name.crashes"/*; do
			[[ ! -f $crash ]] || printf '%s: %s\n' "${crash##*/}" "$(hex "$crash")"
		done
		return 1
	fi
	inputs=("$work/$name"/*)
	echo "fuzz_$name: $(sed -n 's/^Done //p' "$work/log"), ${#inputs[@]} inputs, nothing found"
}

# Of all inputs only those that reach what no smaller one does.
keep()	# name
{
	local name=$1

	mkdir "$work/$name.least"
	TMPDIR=$files "$out/fuzz_$name" -merge=1 "$work/$name.least" "$work/$name" >"$work/log" 2>&1
	hex "$work/$name.least"/* | LC_ALL=C sort >"$SRCDIR/tests/fuzz/corpus/$name.hex"
	echo "$name.hex: $(wc -l <"$SRCDIR/tests/fuzz/corpus/$name.hex") inputs"
}

mkdir -p "$out"
for name in wire journal manifest unpack; do
	build "$name"
	[[ ${1:-} != build ]] || continue
	run "$name"
	[[ ${1:-} != keep ]] || keep "$name"
done
