#!/usr/bin/env bash
# All scripts of the project pass shellcheck.
# Environment: SRCDIR, the source folder.
set -euo pipefail
cd "$SRCDIR"

if ! command -v shellcheck >/dev/null; then
	echo "shell: skipped: needs shellcheck"
	exit 77
fi

scripts=()
while IFS= read -r file; do
	if [[ $file == *.sh || $file == *.bash ]] || head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh\b'; then
		scripts+=("$file")
	fi
done < <(find .ci jobs src/cli tests benchmarks build-aux/*.sh -type f | LC_ALL=C sort)
if [[ ${#scripts[@]} -lt 5 ]]; then
	echo "shell: only ${#scripts[@]} scripts found below $SRCDIR"
	exit 1
fi
shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
echo "shell: ${#scripts[@]} scripts are clean"
