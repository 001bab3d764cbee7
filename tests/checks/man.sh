#!/usr/bin/env bash
# The manual pages describe the options that --help lists, and no others, and are what the formatters
# of manual pages understand.
# Environment: SRCDIR, the source folder; BUILDDIR, the build folder.
set -euo pipefail
cd "$SRCDIR"

bad=0

# The options in a --help: on lines that begin with one, up to what is said of them.
listed()	# command
{
	"$1" --help | sed -nE '/^ +-/ {s/^ +//; s/ {2,}[^ -].*//; p}' |
		grep -oE '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,' | LC_ALL=C sort -u
}

# The options that a manual page has an entry for.
described()	# command
{
	sed -nE 's/^\.It Fl //; T; s/ (Ns|Ar) .*//; s/ , /\n/g; p' "src/man/$1.1" |
		sed -E 's/^\\?/-/' | LC_ALL=C sort -u
}

# The lines of a list that are in none of the others.
without()	# list, other list ...
{
	LC_ALL=C comm -23 <(echo "$1") <(printf '%s\n' "${@:2}" | LC_ALL=C sort -u)
}

complain()	# sentence, list of options
{
	[[ -z $2 ]] || printf 'man: %s: %s\n' "$1" "$(paste -sd ' ' <<<"$2")"
	[[ -z $2 ]] || bad=1
}

for command in stagecast stagecast-report stagecast-run stagecast-sim; do
	program=$BUILDDIR/$command
	[[ $command != stagecast-run ]] || program=jobs/stagecast-run
	help=$(listed "$program")
	page=$(described "$command")
	[[ $help == *--help* && -n $page ]] || complain "options of $command" "none can be found"
	more_page=
	more_help=
	# Options that stagecast-sim has of stagecast's are described there, and stagecast-run passes
	# on what it does not know.
	[[ $command != stagecast-sim ]] || more_page=$(described stagecast)
	[[ $command != stagecast-run ]] || more_help=$(listed "$BUILDDIR/stagecast")
	complain "$command.1 has no entry of" "$(without "$help" "$page" "$more_page")"
	complain "$command --help says nothing of" "$(without "$page" "$help" "$more_help")"
done

if ! command -v mandoc >/dev/null && ! command -v groff >/dev/null; then
	echo "man: skipped: needs mandoc or groff"
	[[ $bad -ne 0 ]] || exit 77
fi

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
