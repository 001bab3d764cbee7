#!/usr/bin/env bash
# The form of the sources: clang-format's, no white space at line ends, no path of the machine
# on which they were written.
# Environment: SRCDIR, the source folder.
set -euo pipefail
cd "$SRCDIR"

bad=0
fail()
{
	printf 'style: %s\n' "$*"
	bad=1
}

mapfile -t sources < <(find src tests benchmarks -name '*.[ch]' | LC_ALL=C sort)
mapfile -t texts < <(find .ci .clang-format .gitignore Makefile.am configure.ac build-aux/*.sh \
	src tests benchmarks jobs ./*.md -type f 2>/dev/null | LC_ALL=C sort)
if [[ ${#sources[@]} -eq 0 ]]; then
	fail "no sources below $SRCDIR"
fi

if lines=$(grep -nE '[[:space:]]+$' "${texts[@]}"); then
	fail "white space at the end of lines:"$'\n'"$lines"
fi
if lines=$(grep -nE '(^|[^[:alnum:]_.-])/(home|root|Users)/[[:alnum:]]' "${texts[@]}"); then
	fail "somebody's folder:"$'\n'"$lines"
fi
# A short one, such as /src, is a part of too much else.
if [[ $SRCDIR == /*/* ]] && lines=$(grep -nF "$SRCDIR/" "${texts[@]}"); then
	fail "the folder of this checkout:"$'\n'"$lines"
fi
for file in "${sources[@]}"; do
	length=$(wc -l <"$file")
	# sizes.sh has a bar for src.
	[[ $file == src/* || $length -le 500 ]] || printf 'style: note: %s has %d lines; still one subject?\n' \
		"$file" "$length"
done
[[ $bad -eq 0 ]] || exit 1

version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [[ ${version:-0} -lt 17 ]]; then
	echo "style: skipped: needs clang-format 17 or later (found: ${version:-none})"
	exit 77
fi
if ! clang-format --dry-run --Werror "${sources[@]}" 2>/dev/null; then
	for file in "${sources[@]}"; do
		if ! changes=$(clang-format "$file" | diff -u --label "$file" --label formatted "$file" -); then
			fail "$file is not as clang-format $version writes it:"
			head -n 30 <<<"$changes"
		fi
	done
fi
[[ $bad -ne 0 ]] || echo "style: ${#sources[@]} files are as clang-format $version writes them"
exit $bad
