#!/bin/bash
# Bugs put into copies of the core have to be found by the swarm within 1,000 seeds.
# The core's own assertions are off: it is the simulator's rules that are tested.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
flags=(-std=c17 -D_POSIX_C_SOURCE=200809L -DNDEBUG -O1 -I"$SRCDIR/src" -w)
failed=0

compile() { # SOURCE OBJECT
	"${CC:-cc}" "${flags[@]}" -c "$1" -o "$2" || exit 1
}

# mutate NAME FILE SED-EXPRESSION: build a core with it and let the swarm look at it
mutate() {
	local name=$1 file=$2 expression=$3 object status out

	object=$work/core_$(basename "$file" .c).o
	sed "$expression" "$SRCDIR/src/core/$file" >"$work/mutant.c" || exit 1
	if cmp -s "$work/mutant.c" "$SRCDIR/src/core/$file"; then
		echo "$name: src/core/$file has changed, the mutation no longer applies"
		failed=1
		return
	fi
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

for source in "$SRCDIR"/src/core/*.c; do
	compile "$source" "$work/core_$(basename "$source" .c).o"
done
for source in "$SRCDIR"/src/sim/*.c "$SRCDIR"/src/base/*.c "$SRCDIR/tests/sim/mutant.c"; do
	compile "$source" "$work/$(basename "$(dirname "$source")")_$(basename "$source" .c).o"
done
"${CC:-cc}" "$work"/*.o -lm -o "$work/mutant" || exit 1
if ! "$work/mutant" 200 | tr "\r" "\n" | tail -n 1; then
	echo "the core breaks a rule as it is"
	exit 1
fi

mutate 'forward before the checksum' node_receive.c 's/ || !event->intact//'
mutate 'send without credit' node_send.c 's/edge->sent == edge->granted/edge->sent == edge->total/'
mutate 'free a slot that is being sent' node_slots.c 's/ || slot->sends > 0 || / || /'
mutate 'free a slot that is being stored' node_slots.c 's/slot->sends > 0 || slot->storing)/slot->sends > 0)/'
mutate 'commit when one chunk is missing' node_finish.c 's/node->stored < node->plan->chunks)/node->stored + 1 < node->plan->chunks)/'
mutate 'forget to send when a credit comes' node_send.c '/edge->granted = credit->granted;/{n;d}'
mutate 'leave while sends are under way' node_finish.c 's/ && node->sends_in_flight == 0//'
mutate 'a slot is never given back' node_receive.c '/^node_on_stored/,/^}/s/node_slot_settle(node, event->slot);//'
mutate 'the seal is not passed on' node_finish.c '/SC_RECORD_SEALED/{n;s/tell_children(node, message);//}'
exit $failed
