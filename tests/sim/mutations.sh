#!/bin/bash
# Bugs put into copies of the core have to be found by the swarm within 1,000 seeds.
# The core's own assertions are off: it is the simulator's rules that are tested.
# Then two of them in the swarm's own program, which has to tell what led to what it found: to a
# rule that is broken, and to an assertion that fails.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
flags=(-std=c17 -D_POSIX_C_SOURCE=200809L -DNDEBUG -O1 -I"$SRCDIR/src" -I"$SRCDIR/tests" -w)
failed=0

compile() { # SOURCE OBJECT
	"${CC:-cc}" "${flags[@]}" -c "$1" -o "$2" || exit 1
}

# change NAME FILE SED-EXPRESSION: write the changed file
change() {
	sed "$3" "$SRCDIR/src/core/$2" >"$work/mutant.c" || exit 1
	if cmp -s "$work/mutant.c" "$SRCDIR/src/core/$2"; then
		echo "$1: src/core/$2 has changed, the mutation no longer applies"
		failed=1
		return 1
	fi
}

# mutate NAME FILE SED-EXPRESSION: build a core with it and let the swarm look at it
mutate() {
	local name=$1 file=$2 expression=$3 object out

	object=$work/core_$(basename "$file" .c).o
	change "$name" "$file" "$expression" || return
	cp "$object" "$work/kept"
	compile "$work/mutant.c" "$object"
	"${CC:-cc}" "$work"/*.o -lm -o "$work/mutant" || exit 1
	mv "$work/kept" "$object"
	out=$(cd "$work" && timeout 60 ./mutant 1000 2>&1)
	status=$?
	out=${out##*$'\r'}
	if [ "$status" -eq 0 ]; then
		echo "$name: NOT FOUND ($out)"
		failed=1
	else
		echo "$name: $out (status $status)"
	fi
}

wrong() { # NAME WHAT
	echo "$1: $2"
	sed 's/^/  /' "$work/told"
	failed=1
}

# run_program ARGUMENT...: run the program that build_program made
run_program() {
	(cd "$work" && exec timeout 60 ./program "$@") >"$work/told" 2>&1
	status=$?
}

# shown OUTPUT: the events and actions of the first seed that failed
shown() {
	awk '/^  the last events / {seeds++} seeds == 1 && /^    [EA] /' "$work/told" >"$work/$1"
}

# build_program NAME FILE SED-EXPRESSION: the swarm with this bug, the core's assertions on
build_program() {
	change "$@" || return
	# shellcheck disable=SC2086 # the libraries are words
	"${CC:-cc}" "${flags[@]}" -UNDEBUG ${SANITIZERS:+-fsanitize="$SANITIZERS"} \
		"$work/mutant.c" "$BUILDDIR"/tests/swarm/*.o "$BUILDDIR"/tests/lib/traced.o \
		"$BUILDDIR"/lib{sim,record,core,plan,base}.a $HDF5_LIBS -lm -o "$work/program" || exit 1
}

# tell NAME SINGLE-STATUS: what it says of a failing seed, among many and alone
tell() {
	local name=$1 seed lines

	run_program 1000 --jobs=2
	seed=$(sed -n 's/^seed \([0-9]*\): .*/\1/p' "$work/told" | head -n 1)
	shown among_many
	[ "$status" -eq 1 ] || wrong "$name" "status $status of many seeds"
	grep -q "^  again: swarm 1 --first=$seed " "$work/told" ||
		wrong "$name" "not told how to run seed $seed again"
	run_program 1 --first="$seed" --trace=trace
	shown alone
	[ "$status" -eq "$2" ] || wrong "$name" "status $status of seed $seed alone, not $2"
	lines=$(wc -l <"$work/alone")
	if [ "$lines" -lt 1 ] || [ "$lines" -gt 40 ]; then
		wrong "$name" "seed $seed has $lines lines"
	fi
	cmp "$work/among_many" "$work/alone" || wrong "$name" "seed $seed is told in two ways"
	echo "$name: told of seed $seed in $lines lines"
}

for source in "$SRCDIR"/src/core/*.c; do
	compile "$source" "$work/core_$(basename "$source" .c).o"
done
for source in "$SRCDIR"/src/plan/*.c "$SRCDIR"/src/sim/*.c "$SRCDIR"/src/base/*.c \
	"$SRCDIR"/tests/swarm/{fault_text,faults,judge,stagings}.c "$SRCDIR/tests/sim/mutant.c"; do
	compile "$source" "$work/$(basename "$(dirname "$source")")_$(basename "$source" .c).o"
done
"${CC:-cc}" "$work"/*.o -lm -o "$work/mutant" || exit 1
if ! "$work/mutant" 200 | tr "\r" "\n" | tail -n 1; then
	echo "the core breaks a rule as it is"
	exit 1
fi

mutate 'send without credit' send.c '/^can_send/,/^}/s/edge->sent < edge->granted && //'
mutate 'free a slot that is being sent' retain.c '/^settle/,/^}/s/ || slot->sends > 0 || / || /'
mutate 'free a slot that is being stored' retain.c 's/slot->sends > 0 || slot->storing)/slot->sends > 0)/'
mutate 'commit when one chunk is missing' finish.c '/^commit_if_ready/,/^}/s/store->stored < /store->stored + 1 < /'
mutate 'forget to send when a credit comes' send.c '/edge->granted = credit->granted;/{n;d}'
mutate 'leave while sends are under way' finish.c 's/[a-z>-]*out->in_flight == 0;/true;/'
mutate 'a slot is never given back' store.c '/^end_store/,/^}/s/sc_pool_touch(store->pool, index);//'
mutate 'the seal is not passed on' control.c '/^sc_control_on_down/,/^}/{/SC_RECORD_SEALED/{n;d}}'
mutate 'a chunk that is here is taken again' in.c 's/else if (sc_store_has(in->store, event->chunk) ||/else if (/'
mutate 'what is here is asked for again' in.c '/^fill_wants/,/^}/s/if (!sc_store_has(.*$//'
mutate 'go on with a node that has failed' peers.c '/SC_ACTION_FORGET/d'
mutate 'ask no other node for what a failed one had' supply.c '/^sc_supply_on_losses/,/^}/s/sc_in_choose_all(supply->in);//'
mutate 'withdraw what is under way' former.c 's/former->withdrawn || former->got != former->sent/former->withdrawn/'
mutate 'a new parent is not told that all is done' control.c '/^mend_parent/,/^}/s/tell_done(control);/(void)0;/'
mutate 'a loss is not named' control.c '/^report_losses/,/^}/s/i < roster->failed.count/false/'
mutate 'silence is not noticed' peers.c '/^is_silent/,/^}/s/return .*/return false;/'
mutate 'a node that is out stays' control.c '/^sc_control_cut_off/,/^}/s/sc_control_leave(.*/(void)alone;/'
mutate 'a declined supplier is never done' serve.c 's/\.request = decline->request/.request = decline->request + 1/'
mutate 'slots that are free again are not granted' in.c '/^take_grants/,/^}/s/sc_marks_add(&in->grants, freed.first, freed.end);/;/'
mutate 'nothing is sent once a receiver declines' out.c '/^sc_out_end/,/^}/s/out->due = true;//'

# The trace ends with the step in which the rule was broken.
build_program 'tell of a rule' finish.c 's/[a-z>-]*out->in_flight == 0;/true;/'
tell 'tell of a rule' 1
steps=$(sed -n 's/.* step \([0-9]*\): .*/\1/p' "$work/told" | head -n 1)
awk -v steps="${steps:-0}" '/^E/ && ++events > steps {exit}
	/^[EA]/ {line = "    " $0; print length(line) < 160 ? line : substr(line, 1, 156) "..."}' \
	"$work/trace" | tail -n 40 | cmp - "$work/alone" ||
	wrong 'tell of a rule' "not the last lines before step $steps"

# Its process is ended by SIGABRT, after it has told.
build_program 'tell of an assertion' send.c '/^can_send/,/^}/s/edge->sent < edge->granted \&\& //'
tell 'tell of an assertion' 134
exit $failed
