#!/usr/bin/env bash
# stagecast-report: what it says of real and simulated runs, its pictures, and bad input.
. "$SRCDIR/tests/lib/mpi.sh"

report=$BUILDDIR/stagecast-report
sim=$BUILDDIR/stagecast-sim
cd "$dir" || exit 99

cli()	# argument ...
{
	printf -v last_run '%q ' stagecast-report "$@"
	timeout -k 5 "$watchdog_s" "$report" "$@" </dev/null >out 2>err
	status=$?
}

refuse()	# status, sentence (ERE), argument ...
{
	local expected=$1 sentence=$2

	shift 2
	cli "$@"
	expect_status "$expected" "$*"
	[[ $(head -n 1 err) =~ ^stagecast-report:\ $sentence ]] || fail "$*: not said: $sentence"
	[[ $(wc -l <err) -eq $expected && ! -s out ]] || fail "$*: something else was said"
	[[ $expected -ne 2 || $(tail -n 1 err) == "Try 'stagecast-report --help'." ]] ||
		fail "$*: no word of --help"
}

says()	# pattern (ERE), what was done; sentences may be broken into lines
{
	tr '\n' ' ' <out | tr -s ' ' | LC_ALL=C grep -aqE -e "$1" || fail "$2: it does not say: $1"
}

have_xmllint=yes
command -v xmllint >/dev/null || { have_xmllint=no; not_tried "XML: there is no xmllint"; }

tell()	# file of timings
{
	cli "$1" --svg="${1%.h5}.svg"
	expect_status 0 "$1"
	[[ ! -s err ]] || fail "$1: something on standard error"
	[[ $have_xmllint == no ]] || xmllint --noout "${1%.h5}.svg" || fail "$1: no XML"
}

draws()	# pattern (ERE), file, count
{
	local count

	count=$(grep -cE -e "$1" "$2")
	[[ $count -eq $3 ]] || fail "$2: $count lines with $1, not $3"
}

simulate()	# file of timings, argument ...
{
	local file=$1

	shift
	"$sim" --timings="$file" "$@" >sim.out || fail "stagecast-sim $* failed"
}

## The command line

for option in -h --help; do
	cli "$option"
	expect_status 0 "$option"
	[[ $(head -n 1 out) == Usage:\ stagecast-report* && ! -s err ]] || fail "$option: no usage"
	[[ $(awk 'length > 85' out) == "" ]] || fail "$option: long lines"
done
cli --version
[[ $status -eq 0 && $(head -n 1 out) =~ ^stagecast-report\ [0-9]+\.[0-9] ]] || fail "no version"
refuse 2 'FILE.h5 is missing'
refuse 2 "one FILE.h5: 'b' is too much" a b
refuse 2 '--bogus: ' --bogus a
refuse 2 'there is no option -z' -z a
refuse 2 '--svg needs a value' a --svg
refuse 2 '--svg=: it takes the name of a file' a --svg=

## A real run, with names that are hard on XML and one node that fails

# In Latin-1, which is no UTF-8, with markup and a line feed.
name=$'a<b>&"c\'\xe9]]>\n.bin'
head -c 3000000 /dev/urandom >"$name"
mkdir copies
: >copies/copy.3
stage 6 --copies=rank -k 3 --timings=real.h5 "$name" 'copies/copy.%r'
expect_status 3 "a copy that is there already"
before=$(cksum <real.h5)
tell real.h5
says '^staged a<b>&"c'\''.*\\x0a\.bin, 2\.86 MiB to 5 nodes, by stagecast [0-9.]+ started 20' "real.h5"
says 'command .*--copies=rank -k 3' "real.h5"
says 'plan k=3 m=[0-9]+ b=[12]: 2 groups in 1 tree' "real.h5"
says 'outcome partial: 5 of 6 nodes have the file \(exit status 3\)' "real.h5"
says 'nodes first [0-9.]+ .*, median .*, p99 .*, last ' "real.h5"
says 'stalls a node waited [0-9.]+ m?s for the network and ' "real.h5"
says 'without the file node 3 \(.*\): copies/copy.3 exists; use --force .* \(after ' "real.h5"
draws 'copies/copy.3 exists' real.svg 1
draws '<g><title>' real.svg 6
draws 'a&lt;b&gt;&amp;&quot;c' real.svg 1
draws 'the copy failed' real.svg 1
draws 'waited for storage' real.svg 1
if [[ $have_xmllint == yes ]]; then
	[[ $(xmllint --xpath 'count(//*[local-name()="script"])' real.svg) == 0 ]] || fail "a script"
fi
mv real.svg first.svg
tell real.h5
cmp first.svg real.svg || fail "not the same picture twice"
[[ $(cksum <real.h5) == "$before" ]] || fail "the timings were changed"
refuse 2 '--svg=real.h5 would replace the timings' real.h5 --svg=real.h5
refuse 1 'none/a.svg: ' real.h5 --svg=none/a.svg
refuse 1 'copies: it is a directory' real.h5 --svg=copies
cli real.h5
cp out without.out
cli real.h5 --svg=real.svg
cmp out without.out || fail "--svg changes what is said"

## A process that was slow all the way: stopped half of the time

make_slow_source source 8
launch 5 "$STAGECAST" --copies=rank -k 4 "${slow[@]}" --timings=stopped.h5 source "copies/slow.%r"
if until_true test -s pids/2; then
	victim=$(cat pids/2)
	while kill -0 "$launched" 2>/dev/null; do
		kill -STOP "$victim" 2>/dev/null || break
		sleep 0.02
		kill -CONT "$victim" 2>/dev/null || break
		sleep 0.02
	done
fi
await "$launched" "$watchdog_s"
expect_status 0 "a node that is stopped again and again"
tell stopped.h5
says 'outcome complete: 5 of 5' "stopped.h5"
# On a busy machine other nodes may be as slow: then no node is named, but never another one.
if tr '\n' ' ' <out | tr -s ' ' | grep -qE 'held up node [^2]|node [^2] [^:]*was slow'; then
	fail "another node than the stopped one is blamed"
fi

## Nodes that are lost, and what comes of it

# Journals with something in them.
# shellcheck disable=SC2317
has_records()	# journal ...
{
	local journal

	for journal; do
		[[ $(stat -c %s "$journal") -gt 64 ]] || return 1
	done
}

# Start a run to five nodes and return when something has arrived at all of them.
begin()	# name of copies and timings, argument ...
{
	local name=$1

	shift
	launch 6 "$STAGECAST" --copies=rank -k 3 "${slow[@]}" --timings="$name.h5" "$@" slowly \
		"copies/$name.%r"
	until_true has_records copies/."$name".{1,2,3,4,5}.stagecast.map || fail "$name: no journals"
}

# A row of /failures in variables: see the columns in stagecast-timings(5).
take_failure()	# file
{
	IFS=$'\t' read -r _ failed_node _ cause detected_s detected_by detour_s detours again \
		< <(rows "$1" /failures)
}

# When something was first said of a node in the events, and how often.
first_event()	# file, kind, peer
{
	rows "$1" /events | awk -F'\t' -v what="$2" -v peer="$3" '
		$4 == what && $5 == peer {if (n++ == 0) first = $1}
		END {print first, n + 0}'
}

make_slow_source slowly 96
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	begin lost --buddy=none
	kill -KILL "$(cat pids/2)"
	await "$launched" "$watchdog_s"
	expect_status 3 "a node is killed"
	expect_copies slowly copies/lost.{0,1,3,4,5}
	tell lost.h5
	says 'outcome partial: 5 of 6 nodes' lost.h5
	says 'lost node 2 \(.*\): its process has ended \(after [0-9.]+ m?s, noticed by (the origin|node [1345])\); [2-5] nodes took detours, the last one in place [0-9.]+ [mu]?s later' lost.h5
	grep -q '^without' out && fail "lost.h5: it says twice what was lost"
	draws '>the node is lost<' lost.svg 1
	draws '>a detour: asks another node<' lost.svg 1
	draws '>what it held is not told<' lost.svg 1
	draws '>2 [^<]*: lost<' lost.svg 1
	if command -v h5dump >/dev/null; then
		take_failure lost.h5
		read -r first _ < <(first_event lost.h5 peer_failed 2)
		[[ $failed_node == 2 && $cause == '"its process has ended"' ]] ||
			fail "lost.h5: node $failed_node: $cause"
		[[ $detected_s == "$first" && $detected_by != 2 ]] ||
			fail "lost.h5: noticed at $detected_s by $detected_by, the first event at $first"
		awk "BEGIN {exit !($detour_s > $detected_s && $detour_s < $detected_s + 5)}" ||
			fail "lost.h5: noticed at $detected_s, and a detour at $detour_s"
		# It was to send its subfile to the two others of its group and one of the next.
		[[ $detours -ge 3 && $again -gt 1000000 && $again -lt $((5 * 100663296)) ]] ||
			fail "lost.h5: $detours detours, of $again bytes"
	fi

	begin taken --buddy=4
	kill -KILL "$(cat pids/0)"
	await "$launched" "$watchdog_s"
	expect_status 3 "the origin is killed"
	expect_copies slowly copies/taken.{1,2,3,4,5}
	tell taken.h5
	says 'takeover node 4 \(.*\) took over from the origin \(.*\) after [0-9.]+ m?s' taken.h5
	says 'lost the origin \(.*\): its process has ended \(after [0-9.]+ m?s, noticed by node [1-5]\); ' taken.h5
	draws '>another node takes over<' taken.svg 1
else
	not_tried "lost nodes: this MPI does not report them"
fi

## A run that is given up, and one that goes on from there

begin given
truncate -s 1000000 slowly
await "$launched" "$watchdog_s"
expect_status 1 "a source that shrinks"
tell given.h5
says 'outcome failed: 0 of 6 nodes' given.h5
says 'node 3 \(.*\): given up: .*slowly.* \(after ' given.h5
grep -q 'no cause is told' out && fail "given.h5: no cause is told"
make_slow_source slowly 96
begin resumed
kill -TERM "$launched"
await "$launched" "$watchdog_s"
stage 6 --copies=rank -k 3 "${slow[@]}" --timings=resumed.h5 slowly 'copies/resumed.%r'
expect_status 0 "the run after one that was ended"
tell resumed.h5
says 'resumed [56] nodes had [0-9.]+ [KM]iB in all that an earlier run had left' resumed.h5

## Clocks that differ, along a chain of nodes: all moments are by the origin's

if unshare -T --fork --monotonic 100 true 2>/dev/null; then
	# shellcheck disable=SC2016
	run 4 sh -c 'exec unshare -T --fork --monotonic $((${PMIX_RANK:-0} * 1000)) "$@"' sh \
		"$STAGECAST" --copies=rank -k 1 --timings=clocks.h5 "$name" 'copies/clocks.%r'
	expect_status 0 "clocks that differ"
	tell clocks.h5
	if command -v h5dump >/dev/null; then
		rows clocks.h5 /nodes | awk -F'\t' '
			{wrong += $5 + 1000 * $2 > 1 || $5 + 1000 * $2 < -1 || $12 < 0 || $12 > 100}
			END {exit !(NR == 4 && wrong == 0)}' ||
			fail "clocks.h5: $(rows clocks.h5 /nodes | cut -f 2,5,12)"
	fi
else
	not_tried "clocks that differ: unshare -T is not permitted"
fi

## Simulated runs, whose causes are known

simulate even.h5 --nodes=16 --size=256M
tell even.h5
says '^staged 256 MiB to 16 nodes, simulated by stagecast' even.h5
says 'outcome complete: 17 of 17' even.h5
says 'stalls not told by a simulation' even.h5
says 'why it was not late' even.h5
grep -q '^held up' out && fail "even.h5: a node is blamed"
draws '<g><title>' even.svg 17
draws 'times enlarged' even.svg 1

simulate slow.h5 --nodes=16 --size=256M -k 4 -m 4 -b 1 --slow=3:0.25
tell slow.h5
says 'held up node 3 \(node3\) probably held up others' slow.h5
draws '>3 node3: held others<' slow.svg 1

simulate leaf.h5 --nodes=16 --size=256M -k 4 -m 4 -b 1 --slow=14:0.25
tell leaf.h5
says 'why (node 14 \(node14\), .*, was slow|chunks reached it slowly)' leaf.h5

simulate chain.h5 --nodes=6 --size=256M -k 1 --slow=4:0.25
tell chain.h5
says 'slowest node [456] .*why (node 4 \(node4\), .*, was slow|chunks reached it slowly)' chain.h5

simulate disk.h5 --nodes=16 --size=256M --disk-write=200MB/s
tell disk.h5
says 'pace storage set the pace' disk.h5
draws 'Storage set the pace' disk.svg 1

simulate trees.h5 --nodes=24 --size=64M -k 4 -m 2 -b 1
tell trees.h5
says 'why its first chunk came only after .* it is in secondary tree [0-9]' trees.h5
draws '>secondary tree 2<' trees.svg 1

simulate nodes200.h5 --nodes=200 --size=64M
tell nodes200.h5
draws '<g><title>' nodes200.svg 201
simulate nodes2000.h5 --nodes=2000 --size=16M
tell nodes2000.h5
draws '^Lanes|>Lanes: [0-9]+ of 2000 nodes' nodes2000.svg 1
draws '>of all nodes have<' nodes2000.svg 1
[[ $(wc -c <nodes2000.svg) -lt 500000 ]] || fail "2000 nodes: a picture of $(wc -c <nodes2000.svg)"

for nodes in 0 1 2; do
	for size in 0 1 1M; do
		simulate small.h5 --nodes=$nodes --size=$size
		tell small.h5
		says "outcome complete: $((nodes + 1)) of" "$nodes nodes, $size"
	done
done

## What is no timings file

refuse 1 'none: cannot open it: No such file' none
refuse 1 'copies: .*not a regular file' copies
: >empty
refuse 1 'empty: not a timings file: it is empty' empty
refuse 1 'source: it is not an HDF5 file, or damaged' source
size=$(stat -c %s real.h5)
for part in 100 1000 $((size / 2)) $((size - 1)); do
	head -c "$part" real.h5 >cut.h5
	refuse 1 'cut.h5: ' cut.h5 --svg=cut.svg
done
[[ ! -e cut.svg ]] || fail "a picture of a file that cannot be read"
conclude
