#!/usr/bin/env bash
# The manual pages are what the formatters of manual pages understand.
# Environment: SRCDIR, the source folder.
set -euo pipefail
cd "$SRCDIR"

if ! command -v mandoc >/dev/null && ! command -v groff >/dev/null; then
	echo "man: skipped: needs mandoc or groff"
	exit 77
fi

bad=0
for page in src/man/*.[1-9]; do
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" || bad=1
	fi
	if command -v groff >/dev/null; then
		complaints=$(groff -mandoc -Tutf8 -ww -z "$page" 2>&1)
		if [[ -n $complaints ]]; then
			printf '%s\n' "$complaints"
			bad=1
		fi
	fi
done
exit $bad
