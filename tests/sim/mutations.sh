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

mutate 'send without credit' node_send.c '/^can_send/,/^}/s/edge->sent < edge->granted && //'
mutate 'free a slot that is being sent' node_slots.c 's/ || slot->sends > 0 || / || /'
mutate 'free a slot that is being stored' node_slots.c 's/slot->sends > 0 || slot->storing)/slot->sends > 0)/'
mutate 'commit when one chunk is missing' node_finish.c 's/node->stored < node->plan->chunks)/node->stored + 1 < node->plan->chunks)/'
mutate 'forget to send when a credit comes' node_send.c '/edge->granted = credit->granted;/{n;d}'
mutate 'leave while sends are under way' node_finish.c 's/node->sends_in_flight == 0;/true;/'
mutate 'a slot is never given back' node_receive.c '/^node_on_stored/,/^}/s/node_slot_settle(node, event->slot);//'
mutate 'the seal is not passed on' node_tree.c '/SC_RECORD_SEALED/{n;s/node_tell_children(node, &onward);//}'
mutate 'a chunk that is here is taken again' node_receive.c 's/} else if (sc_bitmap_has(&node->here, event->chunk) ||/} else if (/'
mutate 'what is here is asked for again' node_supply.c '/^fill_wants/,/^}/s/if (!sc_bitmap_has(&node->here, chunk))//'
mutate 'go on with a node that has failed' node_peers.c '/SC_ACTION_FORGET/d'
mutate 'ask no other node for what a failed one had' node_peers.c '/^follow_up/,/^}/s/node_resupply(node, i);//'
mutate 'withdraw what is under way' node_supply.c 's/former->withdrawn || former->got != former->sent/former->withdrawn/'
mutate 'a new parent is not told that all is done' node_tree.c '/^node_tree_mend/,/^}/s/node_tell_done(node);/(void)0;/'
mutate 'a loss is not named' node_peers.c '/^follow_up/,/^}/s/node_report_loss(.*/(void)0;/'
mutate 'silence is not noticed' node_peers.c '/^is_silent/,/^}/s/return .*/return false;/'
mutate 'a node that is out stays' node_peers.c '/^node_on_notice/,/^}/s/node_leave(node, SC_LEAVE_CUT_OFF);//'

# The trace ends with the step in which the rule was broken.
build_program 'tell of a rule' node_finish.c 's/node->sends_in_flight == 0;/true;/'
tell 'tell of a rule' 1
steps=$(sed -n 's/.* step \([0-9]*\): .*/\1/p' "$work/told" | head -n 1)
awk -v steps="${steps:-0}" '/^E/ && ++events > steps {exit}
	/^[EA]/ {line = "    " $0; print length(line) < 160 ? line : substr(line, 1, 156) "..."}' \
	"$work/trace" | tail -n 40 | cmp - "$work/alone" ||
	wrong 'tell of a rule' "not the last lines before step $steps"

# Its process is ended by SIGABRT, after it has told.
build_program 'tell of an assertion' node_send.c '/^can_send/,/^}/s/edge->sent < edge->granted \&\& //'
tell 'tell of an assertion' 134
exit $failed
