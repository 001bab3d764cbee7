#!/usr/bin/env bash
# Completion in bash: it offers exactly the options that --help lists, which the program takes, and
# values that are words; files are bash's own.  That --help lists every option is checked by
# tests/unit/test_options, that the manual describes them by tests/checks/man.sh.
. "$SRCDIR/tests/lib/mpi.sh"

[[ ${BASH_VERSINFO[0]} -gt 4 || ${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]} == 4.[2-9] ]] ||
	skip "bash ${BASH_VERSION} is too old"
cd "$dir" || exit 99
mkdir bin
ln -s "$SRCDIR/jobs/stagecast-run" "$BUILDDIR"/stagecast{,-report,-sim} bin/
PATH=$PWD/bin:$PATH
completion=$SRCDIR/src/cli/stagecast.bash
# shellcheck source=src/cli/stagecast.bash
. "$completion" || fail "the completion can't be sourced"

# What is offered for the last word of a command line, a line each.
offered()	# word ...
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_stagecast "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort
}

expect_offered()	# words that there have to be, word ...
{
	local is

	is=$(offered "${@:2}" | paste -sd ' ')
	[[ $is == "$1" ]] || fail "${*:2}: offered are '$is', not '$1'"
}

# The options in a --help: on lines that begin with one, up to what is said of them.
listed()	# command
{
	"$1" --help | sed -nE '/^ +-/ {s/^ +//; s/ {2,}[^ -].*//; p}' |
		grep -oE '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,' | LC_ALL=C sort -u
}

## All options and no others

for command in stagecast stagecast-report stagecast-run stagecast-sim; do
	last_run=$command
	wanted=$(listed "$command")
	[[ $(wc -l <<<"$wanted") -ge 4 && $wanted == *--help* ]] || fail "$command --help lists: $wanted"
	[[ $command != stagecast-run ]] || wanted=$(LC_ALL=C sort -u <<<"$wanted"$'\n'"$(listed stagecast)")
	is=$(offered "$command" - | sed 's/=$//' | LC_ALL=C sort -u)
	[[ $is == "$wanted" ]] ||
		fail "$command: offered, not listed / listed, not offered: $(comm -3 <(echo "$is") <(echo "$wanted"))"
	# With the = where a value has to follow.
	while IFS= read -r option; do
		"$command" "$option" >out 2>err </dev/null
		! grep -qE 'no such option|there is no option|takes no value' err ||
			fail "$command does not take $option: $(head -n 1 err)"
	done < <(offered "$command" -- | grep -vE '^--(help|version)$')
done

## Words and values

expect_offered '--copies=' stagecast --cop
expect_offered '--preserve --progress=' stagecast -f --pr
expect_offered '-f' stagecast -f
expect_offered 'node rank' stagecast --copies = ''
expect_offered 'node rank' stagecast --copies =
expect_offered 'rank' stagecast --copies = r
expect_offered '--copies=node --copies=rank' stagecast --copies=
expect_offered '--copies=rank' stagecast --copies=r
expect_offered 'auto none' stagecast --buddy ''
expect_offered '1 2' stagecast -b ''
expect_offered 'always auto never' stagecast --progress ''
expect_offered 'nodes:' stagecast --plan --topology = n
expect_offered 'no yes' stagecast --send-libs = ''
expect_offered 'node rank' stagecast-run --hosts=a,b --copies = ''
expect_offered '' stagecast --timeout = ''
expect_offered '' stagecast --timings = ''
# Without its = an option whose value may be left out has none, and the next word is a file.
expect_offered '' stagecast --send-libs ''
expect_offered '' stagecast ''
expect_offered '' stagecast -- -
expect_offered '' stagecast --bogus = ''
expect_offered '--svg=' stagecast-report --s
expect_offered '--search --seed= --size= --slow= --source-read= --store-and-forward' \
	stagecast-sim --s
expect_offered '' ./none -

## In a shell that somebody types into

if command -v python3 >/dev/null; then
	cat >type.py <<'END'
import os, pty, select, sys, time

# Type into a shell, and read what it writes.
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1="ready> ", TERM="dumb")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])

seen = b""

# Wait for some words, behind those that were waited for before.
def expect(words):
    global seen
    deadline = time.monotonic() + 60
    while words not in seen:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit(f"instead of {words!r} there is {seen!r}")
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            sys.exit(f"the shell has ended; instead of {words!r} there was {seen!r}")
    seen = seen[seen.index(words) + len(words):]

def type(keys):
    os.write(terminal, keys)

expect(b"ready> ")
type(b". \"$COMPLETION\" && echo it is $((6 * 7))\n")
expect(b"it is 42")
expect(b"ready> ")
type(b"echo got stagecast --cop\t")       # no command of ours, and nothing happens
type(b"\x15stagecast --cop\t")
expect(b"--copies=")
type(b"ra\t")
expect(b"rank ")
type(b"the\t")
expect(b"the\\ file\\ with\\ blanks")
type(b"--failed-hosts=the\t")
expect(b"--failed-hosts=the\\ file\\ with\\ blanks")
type(b"\x15exit\n")
os.waitpid(pid, 0)
END
	touch 'the file with blanks'
	last_run='type.py'
	COMPLETION=$completion python3 type.py >out 2>err || fail "typed: $(cat err)"
else
	not_tried "typing, as there is no python3"
fi
conclude
