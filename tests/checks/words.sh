#!/usr/bin/env bash
# Nodes, ranks and processes are "it", "which", "no node", "every node": the words for people are for
# people.  Looked at are the sources, README and the manual pages.
# Environment: SRCDIR, the source folder.
set -euo pipefail
cd "$SRCDIR"

words='who|whom|whoever|whomever|nobody|somebody|everybody|anybody|he|him|his'
# Lines that have one of these (ERE) are about people.
people='(users?|people|readers?|administrators?),? whom?'

mapfile -t files < <(find src README.md -name '*.[ch]' -o -name '*.[1-9]' -o -name README.md |
	LC_ALL=C sort)
if [[ ${#files[@]} -lt 10 ]]; then
	echo "words: only ${#files[@]} files below $SRCDIR"
	exit 1
fi
if grep -HnwiE "$words" "${files[@]}" | grep -viE "$people"; then
	echo 'words: FAILED: those are words for people'
	exit 1
fi
echo "words: ${#files[@]} files are clean"
