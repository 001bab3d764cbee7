#!/usr/bin/env bash
# Sizes below src/: lines in all; lines of each .c file, and the lengths of functions, each with the most
# that it may be.  A function's length counts from the line of its name to its closing brace.
# Environment: SRCDIR, the source folder.
set -euo pipefail
cd "$SRCDIR"

bad=0
expect_at_most()	# bar, what it is of, figure
{
	if [[ $3 -gt $1 ]]; then
		printf 'sizes: FAILED: %s: %d, more than %d\n' "$2" "$3" "$1"
		bad=1
	else
		printf 'sizes: %s: %d of at most %d\n' "$2" "$3" "$1"
	fi
}

mapfile -t sources < <(find src -name '*.[ch]' | LC_ALL=C sort)
if [[ ${#sources[@]} -eq 0 ]]; then
	echo "sizes: no sources below $SRCDIR"
	exit 1
fi

echo "sizes: lines of .c and .h files: $(cat "${sources[@]}" | wc -l)"
longest=0
for file in "${sources[@]}"; do
	[[ $file == *.c ]] || continue
	lines=$(wc -l <"$file")
	[[ $lines -le 500 ]] || expect_at_most 500 "lines of $file" "$lines"
	[[ $lines -le $longest ]] || longest=$lines
done
expect_at_most 500 'lines of the longest .c file' "$longest"

if ! ctags --version 2>/dev/null | grep -q 'Universal Ctags'; then
	echo 'sizes: the functions were not measured: needs universal-ctags'
	[[ $bad -eq 0 ]] || exit 1
	exit 77
fi

# Length, and file:line name; the longest last.
functions=$(ctags --kinds-C=f --fields=+ne -f - "${sources[@]}" | awk -F '\t' '
	{
		line = end = 0
		for (i = 4; i <= NF; i++) {
			if (sub(/^line:/, "", $i))
				line = $i
			if (sub(/^end:/, "", $i))
				end = $i
		}
		print end - line + 1, $2 ":" line " " $1
	}' | LC_ALL=C sort -n)
count=$(wc -l <<<"$functions")

# The least length that so many hundredths of the functions do not exceed.
quantile()	# hundredths
{
	sed -n "$(((count * $1 + 99) / 100))s/ .*//p" <<<"$functions"
}

while read -r length where; do
	[[ $length -le 70 ]] || expect_at_most 70 "lines of a function, $where" "$length"
done <<<"$functions"
expect_at_most 70 "lines of the longest of $count functions" "$(quantile 100)"
expect_at_most 13 'their median' "$(quantile 50)"
expect_at_most 27 'their 90th percentile' "$(quantile 90)"
exit $bad
