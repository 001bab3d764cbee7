#!/usr/bin/env bash
# Ranks that are killed, stopped or crash, by what they are in the plan and by what they are doing:
# no survivor lacks its copy, and the status, the lists and the last line say how it went.
# The moments are lines of a rank's trace (trace_fault.c), so that none is missed.
# A selection, of which tests/run does one of each kind by default; with --all everything, and a table of
# it: run it then in the build folder.  A pattern after --all picks the rows that it matches.
if [[ ${1:-} == --all && -z ${STAGECAST:-} ]]; then
	SRCDIR=$(cd "$(dirname "$0")/../.." && pwd)
	BUILDDIR=$PWD STAGECAST=$PWD/stagecast MPIRUN=$(command -v mpirun) HAVE_ULFM=yes
	export SRCDIR BUILDDIR STAGECAST MPIRUN HAVE_ULFM
	. "$SRCDIR/tests/lib/environment.sh"
fi
. "$SRCDIR/tests/lib/mpi.sh"

[[ ${HAVE_ULFM:-no} == yes ]] || skip "this MPI reports no lost processes"
find_unshare
compile_fault
ulimit -c 0

all='' picked=${2:-}
[[ ${1:-} != --all ]] || all=yes
watchdog_s=60
[[ -z ${SANITIZERS:-} ]] || watchdog_s=400

# Each rank is a host of its own: the lists then tell who is meant.  FAULT_n and FAULT_PIDS_n are
# those of rank n.
export RANK_UNSHARE="${unshare[*]}" FAULT_SO=$dir/fault.so FAULT_FOLDER=$dir/faults
# shellcheck disable=SC2016
export RANK_SETUP='hostname node-$rank
eval "FAULT=\${FAULT_$rank:-} FAULT_PIDS=\${FAULT_PIDS_$rank:-}"
if [ -n "$FAULT" ]; then
	export FAULT FAULT_PIDS FAULT_AT="$FAULT_FOLDER/$rank" LD_PRELOAD="$FAULT_SO"
	export ASAN_OPTIONS=verify_asan_link_order=0:handle_segv=0
fi'
last=9    # of the ranks
if [[ -z $all ]] && ! is_whole "the other rows of the selection"; then
	picked='^(initial, secondary tree|subsequent, group communication|relief, relieving|'
	picked+='origin, source finished, with a buddy|origin, distribution, no buddy|the whole first group|'
	picked+='supplier, stand-in, and the buddy after them|initial, at any moment)$'
	by_default=8
fi
head -c 4M /dev/urandom >"$dir/source"

# 3 groups of 3: 1 to 3, 4 to 6, 7 to 9.  A chain; a group with two next groups, one of which
# relieves it; and one that feeds a secondary tree, which feeds the next.
declare -A shapes=(
	[chain]='-k 3 -m 3 -b 1'
	[fork]='-k 3 -m 3 -b 2'
	[trees]='-k 3 -m 1 -b 1'
)

# Moments of a rank, as patterns for its trace: see record/trace.h, and core/names.c for the names.
begins()    { echo "1 ^E $1 [0-9]+ started "; }
gets()      { echo "${3:-30} ^E $1 [0-9]+ chunk_arrived $2 "; }      # rank, peer, chunks
sends()     { echo "${3:-30} ^A $1 send $2 "; }                      # rank, peers, chunks
finishes()  { echo "1 ^A $1 finish_source "; }
finished()  { echo "1 ^E $1 [0-9]+ source_finished "; }
commits()   { echo "1 ^A $1 commit "; }
committed() { echo "1 ^E $1 [0-9]+ committed "; }
reports()   { echo "1 ^A $1 control .* done="; }
is_told()   { echo "1 ^E $1 [0-9]+ control_arrived .* close="; }
leaves()    { echo "1 ^A $1 leave "; }
# Asked by a peer for what it lacks of subfile 1.
is_asked()  { echo "1 ^E $1 [0-9]+ control_arrived $2 .* want=[0-9a-f]{4}01000000"; }
records()   { echo "1 ^A $1 record [0-9]+ [0-9]+ [0-9]+ [0-9]+ $2 "; }
detours()   { records "$1" detour; }
takes_over() { records "$1" takeover; }
has_half()  { records "$1" half_held; }

# An edge that relieves the first group, of any subfile.
read -r relief relieved < <("$STAGECAST" --plan -v --topology=nodes:$last --size=4M -s 16K \
	-k 3 -m 3 -b 2 | awk '$6 == "relief" {print $3, $5; exit}')
[[ -n ${relieved:-} ]] || fail "-k 3 -m 3 -b 2 relieves nobody"

runs=0

# The files that are beside the copies: part files and journals, only where there is no copy.
check_strays()
{
	local name rank

	while IFS= read -r name; do
		rank=${name#.}
		rank=${rank%%.*}
		if [[ $name == .*.stagecast.@(part|map|new) ]]; then
			[[ ! -e $dir/copies/$rank || " $victims " == *" $rank "* ]] ||
				fail "$what: left beside a copy: $name"
			[[ $told != 3 || " $victims " == *" $rank "* ]] ||
				fail "$what: rank $rank is well and left $name"
		elif [[ ! $name =~ ^[0-9]$ ]]; then
			fail "$what: a stray file: $name"
		fi
	done < <(cd "$dir/copies" && find . -mindepth 1 -printf '%P\n')
	[[ ! -e $dir/.failed.part && ! -e $dir/.record.part ]] || fail "$what: half a list is left"
}

# Who has to have a copy has one; nobody has anything else.
check_copies()
{
	local rank

	for ((rank = 0; rank <= last; rank++)); do
		if [[ -e $dir/copies/$rank ]]; then
			cmp -s "$dir/source" "$dir/copies/$rank" || fail "$what: rank $rank has another file"
			[[ $told != 1 || " $victims " == *" $rank "* ]] ||
				fail "$what: status 1, and rank $rank has a copy"
		elif [[ $told == [0n]* ]]; then
			fail "$what: record $told, and rank $rank has no copy"
		elif [[ $told == 3 && " $victims " != *" $rank "* ]]; then
			fail "$what: rank $rank, which nothing happened to, has no copy"
		fi
	done
}

# What is said and written is what happened.
check_words()
{
	local rank lost=() had=$((last + 1)) line names

	line=$(tail -n 1 "$dir/out")
	case $told in
	0) ;;
	1)
		for ((rank = 0; rank <= last; rank++)); do
			lost+=("node-$rank")
		done
		had=0
		grep -qE '^stagecast: .*: giving up$' "$dir/err" || fail "$what: status 1, without a word" ;;
	3)
		for rank in $victims; do
			lost+=("node-$rank")
			had=$((had - 1))
			# Whoever takes over says it once more.
			names=$(grep -cE "^stagecast: .*node-$rank \(rank $rank\): .* \(after " "$dir/err")
			[[ $names -eq 1 || ($names -eq 2 && " $victims " == *" 0 "*) ]] ||
				fail "$what: rank $rank is named $names times"
		done ;;
	esac
	if [[ $had -gt 0 ]]; then
		[[ $line == "staged 4.00 MiB to $had/$((last + 1)) nodes in "* ]] ||
			fail "$what: the last line: $line"
	else
		! grep -q '^staged' "$dir/out" || fail "$what: no copy, but: $line"
	fi
	[[ $(cat "$dir/failed") == "$(printf '%s\n' "${lost[@]-}")" ]] ||
		fail "$what: --failed-hosts lists: $(paste -sd ' ' "$dir/failed")"
	[[ $(cat "$dir/record") == "$(printf '%s\n' "status=$told staged=$had/$((last + 1))" \
		${lost[@]+"${lost[@]/#/failed }"})" ]] ||
		fail "$what: --status-file says: $(paste -sd ';' "$dir/record")"
}

# Run with some faults and look at everything.  A fault is RANK:MOMENT or RANK:MOMENT:VICTIMS, where
# the victim is the rank itself if there are none.
try()	# signal, what it is, shape, statuses that are right, options, fault ...
{
	local signal=$1 what="$2, SIG$1" statuses=$4 options=() faults=() fault rank rest
	local moment targets=() victims=' ' began ms told

	read -ra options <<<"${shapes[$3]} $5"
	shift 5
	rm -rf "$dir"/{copies,faults,failed,record,trace.*}
	mkdir "$dir/copies" "$dir/faults"
	[[ $signal != STOP ]] || options+=(--timeout=3s --heartbeat=300ms)
	for fault; do
		rank=${fault%%:*} rest=${fault#*:}
		moment=${rest%:*} targets=("$rank")
		[[ $rest != *:* ]] || read -ra targets <<<"${rest##*:}"
		printf -v "FAULT_$rank" '%s' "$(kill -l "$signal") $moment"
		printf -v "FAULT_PIDS_$rank" "$dir/pids/%s " "${targets[@]}"
		export "FAULT_$rank" "FAULT_PIDS_$rank"
		faults+=("$rank")
		victims+="${targets[*]} "
	done
	victims=$(tr ' ' '\n' <<<"$victims" | grep . | sort -n | paste -sd ' ')
	began=$(date +%s%N)
	launch $((last + 1)) "$STAGECAST" -s 16K --trace="$dir/a.trace" "${options[@]}" \
		--failed-hosts="$dir/failed" --status-file="$dir/record" "$dir/source" \
		"$dir/copies/%r"
	await "$launched" "$watchdog_s"
	ms=$((($(date +%s%N) - began) / 1000000))
	runs=$((runs + 1))
	for rank in "${faults[@]}"; do
		unset "FAULT_$rank" "FAULT_PIDS_$rank"
		[[ -e $dir/faults/$rank ]] || fail "$what: rank $rank never came to that moment"
	done
	told=$(sed -n '1s/^status=\([0-3]\) .*/\1/p' "$dir/record" 2>/dev/null)
	told=${told:-none}
	[[ " $statuses " == *" $told "* ]] || fail "$what: record $told instead of $statuses"
	check_copies
	check_strays
	if [[ $told != none ]]; then
		# Who is lost while all leave together has the others wait in MPI_Finalize, and mpirun's
		# status is then anything; what was recorded before holds.
		[[ $told -eq $status || $statuses == '0 3' ]] ||
			fail "$what: status $status, but the record says $told"
		check_words
	fi
	expect_gone "$what"
	[[ -z $all ]] || printf '| %-62s | %-4s | %2d.%d s |\n' "$what" "$told" $((ms / 1000)) \
		$((ms % 1000 / 100))
}

# A row of the matrix: with all three signals, or with the one that the selection has.
row()	# signal of the selection or -, what it is, shape, statuses, options, fault ...
{
	local signal

	[[ $2 =~ $picked ]] || return 0
	for signal in KILL STOP SEGV; do
		[[ -n $all || $signal == "$1" ]] || continue
		try "$signal" "${@:2}"
	done
}

buddy='--buddy=9' none='--buddy=none'

# A member of the first group.
row -    "initial, at the beginning" fork 3 "$none" "2:$(begins 2)"
row -    "initial, distribution" fork 3 "$none" "2:$(gets 2 0)"
row KILL "initial, collection" fork 3 "$none" "2:$(sends 2 '[13]')"
row -    "initial, collection, with a buddy" fork 3 "$buddy" "2:$(sends 2 '[13]')"
row STOP "initial, group communication" fork 3 "$none" "2:$(sends 2 '[4-9]')"
row -    "initial, group communication, with a buddy" fork 3 "$buddy" "2:$(sends 2 '[4-9]')"
row SEGV "initial, secondary tree" trees 3 "$none" "2:$(sends 2 '[4-6]')"
row -    "initial, secondary tree, with a buddy" trees 3 "$buddy" "2:$(sends 2 '[4-6]')"
row -    "initial, while committing" fork 3 "$none" "2:$(commits 2)"
row -    "initial, committed" fork 3 "$none" "2:$(committed 2)"
row -    "initial, done" fork 3 "$none" "2:$(reports 2)"
row KILL "initial, closing" fork '0 3' "$none" "2:$(is_told 2)"
row -    "initial, leaving" fork '0 3' "$none" "2:$(leaves 2)"

# A member of a subsequent group.
row -    "subsequent, at the beginning" chain 3 "$none" "5:$(begins 5)"
row -    "subsequent, receiving" chain 3 "$none" "5:$(gets 5 2)"
row SEGV "subsequent, collection" chain 3 "$none" "5:$(sends 5 '[46]')"
row KILL "subsequent, group communication" chain 3 "$none" "5:$(sends 5 8)"
row -    "subsequent, receiving, in a secondary tree" trees 3 "$none" "5:$(gets 5 2)"
row -    "subsequent, collection, in a secondary tree" trees 3 "$none" "5:$(sends 5 '[46]')"
row -    "subsequent, to a secondary tree" trees 3 "$none" "5:$(sends 5 8)"
row -    "subsequent, while committing" chain 3 "$none" "5:$(commits 5)"
row -    "subsequent, committed" chain 3 "$none" "5:$(committed 5)"
row -    "subsequent, done" chain 3 "$none" "5:$(reports 5)"
row -    "subsequent, closing" chain '0 3' "$none" "5:$(is_told 5)"
row -    "subsequent, leaving" chain '0 3' "$none" "5:$(leaves 5)"

# A leaf; and one that relieves a group.
row -    "leaf, at the beginning" chain 3 "$none" "8:$(begins 8)"
row -    "leaf, receiving" chain 3 "$none" "8:$(gets 8 5)"
row -    "leaf, collection" chain 3 "$none" "8:$(sends 8 '[79]')"
row -    "leaf, while committing" chain 3 "$none" "8:$(commits 8)"
row -    "leaf, done" chain 3 "$none" "8:$(reports 8)"
row STOP "leaf, leaving" chain '0 3' "$none" "8:$(leaves 8)"
row -    "relief, receiving" fork 3 "$none" "$relief:$(gets "$relief" '[0-9]')"
row KILL "relief, relieving" fork 3 "$none" "$relief:$(sends "$relief" "[$relieved]")"
row -    "relief, while committing" fork 3 "$none" "$relief:$(commits "$relief")"

# The buddy, as long as the origin lives.
row -    "buddy, at the beginning" chain 3 "$buddy" "9:$(begins 9)"
row -    "buddy, receiving" chain 3 "$buddy" "9:$(gets 9 '[678]')"
row KILL "buddy in the first group, collection" chain 3 --buddy=2 "2:$(sends 2 '[13]')"
row -    "buddy in the first group, group communication" chain 3 --buddy=2 "2:$(sends 2 5)"
row -    "buddy, while committing" chain 3 "$buddy" "9:$(commits 9)"
row -    "buddy, leaving" chain '0 3' "$buddy" "9:$(leaves 9)"

# The origin, with a buddy and without.  It leaves as the last: if it is lost before it has written
# the record, whoever is left writes it, or nobody who knows is left to do so.
row -    "origin, at the beginning, with a buddy" chain 3 "$buddy" "0:$(begins 0)"
row KILL "origin, distribution, with a buddy" chain 3 "$buddy" "0:$(sends 0 '[123]' 100)"
row -    "origin, distribution, with a buddy in the first group" chain 3 --buddy=2 \
	"0:$(sends 0 '[123]' 100)"
row -    "origin, secondary trees, with a buddy" trees 3 "$buddy" "0:$(sends 0 '[123]' 250)"
row -    "origin, at the source's end, with a buddy" chain 3 "$buddy" "0:$(finishes 0)"
row STOP "origin, source finished, with a buddy" chain 3 "$buddy" "0:$(finished 0)"
row -    "origin, while committing, with a buddy" chain 3 "$buddy" "0:$(commits 0)"
row -    "origin, committed, with a buddy" chain 3 "$buddy" "0:$(committed 0)"
row -    "origin, leaving, with a buddy" chain '3 none' "$buddy" "0:$(leaves 0)"
row -    "origin, at the beginning, no buddy" chain 1 "$none" "0:$(begins 0)"
row SEGV "origin, distribution, no buddy" chain 1 "$none" "0:$(sends 0 '[123]' 100)"
row -    "origin, at the source's end, no buddy" chain 1 "$none" "0:$(finishes 0)"
row -    "origin, source finished, no buddy" chain '1 3' "$none" "0:$(finished 0)"
row KILL "origin, committed, no buddy" chain '1 3' "$none" "0:$(committed 0)"
row -    "origin, leaving, no buddy" chain '3 none' "$none" "0:$(leaves 0)"

# Two and more.
row -    "two of the first group" chain 3 "$none" "1:$(sends 1 '[23]')" "2:$(sends 2 '[13]')"
row KILL "the whole first group" chain 3 "$buddy" "1:$(gets 1 0)" "2:$(gets 2 0)" "3:$(gets 3 0)"
row -    "the whole first group, no buddy" chain 3 "$none" "1:$(gets 1 0)" "2:$(gets 2 0)" \
	"3:$(gets 3 0)"
row -    "two of a subsequent group" chain 3 "$none" "4:$(sends 4 '[56]')" "5:$(sends 5 '[46]')"
row KILL "subsequent, then who stands in in collection" chain 3 "$none" "5:$(sends 5 '[46]')" \
	"1:$(is_asked 1 4)"
row STOP "subsequent, then who stands in in group communication" chain 3 "$none" \
	"5:$(sends 5 8)" "2:$(is_asked 2 8)"
row SEGV "subsequent, then who asks for a detour" chain 3 "$none" "5:$(sends 5 8)" "8:$(detours 8)"
row -    "initial, then the buddy, which stands in" fork 3 "$buddy" "2:$(sends 2 '[13]')" \
	"9:$(is_asked 9 '[13]')"
row KILL "supplier, stand-in, and the buddy after them" chain 3 "$buddy" "5:$(sends 5 8)" \
	"2:$(is_asked 2 8)" "9:$(is_asked 9 8)"
row -    "origin and an initial node" chain 3 "$buddy" "0:$(sends 0 '[123]' 100)" \
	"2:$(sends 2 '[13]')"
row KILL "origin, then the buddy as it takes over" chain 1 "$buddy" "0:$(sends 0 '[123]' 100)" \
	"9:$(takes_over 9)"
row -    "buddy, then the origin" chain 1 "$buddy" "9:$(begins 9)" "0:$(sends 0 '[123]' 100)"
row -    "origin, then an initial node while the buddy leads" chain 3 "$buddy" \
	"0:$(sends 0 '[123]' 100)" "1:$(detours 1)"
row -    "all but the origin and one" chain 3 "$buddy" "1:$(gets 1 '[0-9]')" \
	"2:$(gets 2 '[0-9]' 40)" "3:$(gets 3 '[0-9]' 50)" "4:$(gets 4 '[0-9]' 60)" \
	"5:$(gets 5 '[0-9]' 70)" "6:$(gets 6 '[0-9]' 80)" "7:$(gets 7 '[0-9]' 20)" \
	"8:$(gets 8 '[0-9]' 90)"

# At whatever these do when another one has half of the file.
row KILL "initial, at any moment" chain 3 "$none" "9:$(has_half 9):2"
row -    "subsequent, at any moment" chain 3 "$none" "9:$(has_half 9):5"
row -    "leaf, at any moment" chain 3 "$none" "4:$(has_half 4):8"
row -    "relief, at any moment" fork 3 "$none" "1:$(has_half 1):$relief"
row -    "initial, at any moment, secondary trees" trees 3 "$none" "4:$(has_half 4):2"
row -    "two of a group at once" chain 3 "$none" "9:$(has_half 9):4 5"
row -    "origin and buddy at once" chain '1' "--buddy=2" "9:$(has_half 9):0 2"
row STOP "origin, at any moment, with a buddy" chain 3 "$buddy" "4:$(has_half 4):0"
row -    "origin, at any moment, no buddy" chain '1 3' "$none" "4:$(has_half 4):0"
row -    "a whole group at once" fork 3 "$buddy" "7:$(has_half 7):4 5 6"

note "$runs runs"
[[ -z ${by_default:-} || $runs -eq $by_default ]] || fail "a row that is tried by default has got another name"
conclude
