#!/usr/bin/env bash
# The command line: each option's good and bad values, in both spellings; what is said, where,
# and with what status.
. "$SRCDIR/tests/lib/cli.sh"

cd "$dir" || exit 99
head -c 100000 /dev/urandom >source

# Refused when the whole is looked at.
refuse_plan()	# sentence (ERE), argument ...
{
	local sentence=$1

	shift
	cli --plan "$@"
	expect_status 2 "$*"
	expect_one_message "^stagecast: $sentence" "$*"
}

plan()	# line that the plan has (ERE), argument ...
{
	local line=$1

	shift
	cli --plan "$@"
	expect_status 0 "--plan $*"
	grep -qE -e "$line" out || fail "--plan $*: no line says: $line"
	[[ ! -s err ]] || fail "--plan $*: something on standard error"
}

## Help and versions

for option in -h --help; do
	cli "$option"
	expect_status 0 "$option"
	[[ ! -s err && $(head -n 1 out) == Usage:\ *stagecast* ]] || fail "$option: no usage"
	[[ $(awk 'length > 80' out) == "" ]] || fail "$option: lines of more than 80 columns"
	for word in --force --preserve --verify --copies= --chunk-size= --group-size= --tree-groups= \
		--branching= --max-connections= --window= --memory= --store-and-forward --plan \
		--topology= --size= --timings= --failed-hosts= --progress= --quiet --verbose --version \
		--no-resume --buddy= --heartbeat= --timeout= --unpack; do
		grep -qF -e "$word" out || fail "$option: no word of $word"
	done
done
for option in -V --version; do
	cli "$option"
	expect_status 0 "$option"
	[[ ! -s err && $(head -n 1 out) =~ ^stagecast\ [0-9]+\.[0-9]+\.[0-9]+ ]] ||
		fail "$option: no version"
	if [[ ${HAVE_ULFM:-no} == yes ]]; then
		grep -q 'has process faults reported (ULFM)' out || fail "$option: no word of ULFM"
	else
		grep -q 'process faults are not survived' out || fail "$option: no word of faults"
	fi
done
cli --bogus --help
expect_status 2 "a bad option before --help"

## Operands

refuse 'SOURCE is missing'
refuse 'DEST is missing' source
refuse 'SOURCE is empty' source '' copy
refuse 'SOURCE is empty' '' copy
refuse 'DEST is empty' source ''
for dest in 'copy%' 'copy%x' '%H' '%%%'; do
	refuse "DEST '$dest': %h \(host\), %r \(rank\) and %% .*" source "$dest"
done
cli copy source
expect_status 1 "the wrong way round"
expect_said '^stagecast: cannot open copy: No such file or directory$' "the wrong way round"
[[ $(stat -c %s source) -eq 100000 ]] || fail "the wrong way round: it was written to"

## Options that don't exist or lack a value

refuse 'there is no option -z' -z source copy
refuse '--bogus: .*' --bogus source copy
for option in -k -s -m -b -w --group-size --chunk-size --tree-groups --branching --window \
	--max-connections --memory --copies --topology --size --timings --failed-hosts --progress \
	--buddy --heartbeat --timeout --on-unreadable; do
	refuse "$option needs a value" source copy "$option"
done
for option in --force --preserve --recursive --verify --plan --quiet --verbose --store-and-forward --help \
	--no-resume --unpack; do
	cli "$option=yes" source copy
	expect_status 2 "$option=yes"
done

refuse '--unpack takes one SOURCE, an archive' --unpack source source copy
refuse '--unpack takes one SOURCE, an archive: no directories, -r' --unpack -r source copy

## Numbers

refuse_number()	# name, least, most, option ...
{
	local name=$1 least=$2 most=$3 option value

	shift 3
	for option in "$@"; do
		for value in -1 $((least - 1)) $((most + 1)) x '' 2x; do
			# What looks like a name is taken for a node's: see sbcast.sh.
			[[ $name$value != windowx ]] || continue
			# A short option would take the next word.
			[[ $option$value != -? ]] || continue
			refuse "--$name=$value: it takes a number from $least to $most(, or auto)?" \
				"$option$value" source copy
		done
	done
}

refuse_number group-size 1 256 -k --group-size=
refuse_number tree-groups 1 1000000 -m --tree-groups=
refuse_number branching 1 2 -b --branching=
refuse_number window 1 64 -w --window=
refuse_number max-connections 2 258 --max-connections=
for value in 18446744073709551617 1.5 ' 2' '+2' 0x2; do
	refuse "--group-size=[ +]?[0-9.x]*: it takes a number from 1 to 256, or auto" -k "$value" source copy
done
for option in '-k 1' '-k 256' '--group-size=auto' '-m 1' '--tree-groups=1000000' '-m auto' '-b 1' \
	'-b2' '--branching=auto' '-w 1' '--window=64' '-w auto' '--max-connections=2' \
	'--max-connections=258'; do
	read -ra words <<<"$option"
	accept "${words[@]}"
done

## Sizes

for value in 4095 65M 0 1B; do
	refuse "--chunk-size=$value: it takes a size from 4.00 KiB to 64.0 MiB, such as 64KiB or 1M, or auto" -s $value source copy
done
for value in x 1x '' -1 '1 K' 1KB 1e6; do
	refuse "--chunk-size=$value: it takes a size from .*, such as .*" "--chunk-size=$value" source copy
	refuse "--memory=$value: it takes a size from .*, such as .*" "--memory=$value" source copy
	refuse "--size=$value: it takes a size from .*, such as .*" --plan "--size=$value"
done
refuse '--memory=63K: it takes a size from 64.0 KiB to 1.00 TiB, such as 64KiB or 1M' --memory=63K source copy
refuse '--memory=1025G: it takes a size from .*' --memory=1025G source copy
for value in 4096 4K 4k 4KiB 64MiB 64M 0.5M auto; do
	accept -s $value --memory=1G
	accept --chunk-size=$value --memory=1G
done
accept --memory=1G
accept -s 4096 --memory=256KiB

## Times

for option in heartbeat timeout; do
	for value in x 1x '' -1 '1 s' 1d 1. .5 1e3 1m 10001h; do
		refuse "--$option=$value: it takes a time from .*, such as 500ms, 10s or 2min" \
			"--$option=$value" source copy
	done
done
refuse '--heartbeat=9.9ms: it takes a time from 10.0 ms to 10 min 00 s, .*' --heartbeat=9.9ms source copy
refuse '--heartbeat=601: it takes a time from .*' --heartbeat=601 source copy
refuse '--timeout=99ms: it takes a time from 100.0 ms to 1440 min 00 s, .*' --timeout=99ms source copy
refuse '--timeout=25h: it takes a time from .*' --timeout=25h source copy
refuse '--timeout is 4.000 s: it must be more than two heartbeats \(--heartbeat\) of 2.000 s' \
	--timeout=4s --heartbeat=2 source copy
for value in 10ms 0.5 1s 10MIN 0.1h; do
	accept --heartbeat=$value
done
for value in 100ms 30 1.5min 24h; do
	accept --timeout=$value
done
accept --timeout=2.1s --heartbeat=1s

## Words

for value in x '' -1 4294967295 1.5 'auto,none' NONE; do
	refuse "--buddy=$value: it takes a rank, auto or none" "--buddy=$value" source copy
done
refuse '--buddy=0: rank 0 is the origin itself' --buddy=0 source copy
cli --buddy=1 source copy
expect_status 2 "a buddy that isn't there"
expect_one_message '^stagecast: --buddy=1: there are ranks 0 to 0 only$' "a buddy that isn't there"
accept --buddy=auto
accept --buddy=none --no-resume

for value in all NODE '' noderank; do
	refuse "--copies=$value: it takes node\|rank" "--copies=$value" source copy
	refuse "--progress=$value: it takes auto\|always\|never" "--progress=$value" source copy
done
for value in node all yes FAIL skipped ''; do
	refuse "--on-unreadable=$value: it takes fail\|skip" "--on-unreadable=$value" source copy
done
accept --on-unreadable=fail
accept -r --on-unreadable=skip
accept --recursive
accept --copies=node
accept --copies=rank
accept --progress=never
accept --progress=auto
cli --progress=always source copy
expect_status 0 "--progress=always"
rm copy

## The rest

accept -f
accept --preserve --verify --store-and-forward -p
accept --timings=timings.h5 --failed-hosts=failed -v
[[ -s timings.h5 && -e failed && ! -s failed ]] || fail "--timings, --failed-hosts: not written"
cli source copy --force
expect_status 0 "options after the operands"
[[ $(wc -l <out) -eq 2 && ! -s err ]] || fail "two lines were to be said"
grep -qE '^[0-9a-f]{32}  source$' out || fail "no digest"
rates='\([0-9.]+ .?i?B/s a node, [0-9.]+ .?i?B/s in all\)'
tail -n 1 out | grep -qE "^staged 97.7 KiB to 1/1 nodes in [0-9.]+ m?s $rates\$" ||
	fail "the last line is: $(tail -n 1 out)"
[[ $(tail -n 1 out) != *already* ]] || fail "--force: it was there already: $(tail -n 1 out)"
cli -- source copy
expect_status 0 "DEST is there, and the same"
tail -n 1 out | grep -q '^staged 97.7 KiB to 1/1 nodes (1 had it already) in ' ||
	fail "the last line is: $(tail -n 1 out)"
head -c 100000 /dev/urandom >copy
cli -- source copy
expect_status 1 "no --force"
expect_said ' \(rank 0\): copy exists; use --force to replace it \(after ' "no --force"
cli -q -- source copy
expect_status 1 "no --force, --quiet"
expect_said 'copy exists' "--quiet keeps errors"
cli --verb --cop=rank -f source copy
expect_status 0 "options cut short"

## Plans

plan '^recipients +1000, besides the origin$' --topology=nodes:1000 source
plan '^recipients +1000000, ' --topology=nodes:1000000 --size=1T
plan '^file +1.00 GiB \(1073741824 bytes\), 1024 chunks of 1.00 MiB$' --topology=nodes:9 \
	--size=1G -s 1M
plan '^file +97.7 KiB \(100000 bytes\), ' --topology=nodes:1 source copy
plan '^file +0 B \(0 bytes\), 0 chunks' --topology=nodes:3 --size=0
plan '^subfiles \(k\) +4$' --topology=nodes:12 --size=1G -k 4
plan '^trees +3 of at most 1 groups \(m\), 1 next group at most$' --topology=nodes:12 --size=1G \
	-k 4 -m 1 -b 1
plan '^window +7 chunks an edge$' --topology=nodes:12 --size=1G -w 7
plan '^mode +store and forward$' --topology=nodes:12 --size=1G --store-and-forward
plan '^subfile 1: 0 -> 2  distribution$' --topology=nodes:4 --size=1M -k 2 -m 2
plan '^subfile 0: 1 -> 2  collection$' --topology=nodes:4 --size=1M -k 2 -m 2
plan '^subfile 0: 1 -> 3  group$' --topology=nodes:4 --size=1M -k 2 -m 2
plan '^subfile 0: 1 -> 3  secondary$' --topology=nodes:4 --size=1M -k 2 -m 1
plan '^[0-9]+ edges: -v lists them$' --topology=nodes:500 --size=1M
plan '^subfile 0: .* -> 500 ' --topology=nodes:500 --size=1M -k 1 -v
plan '^recipients +0, besides the origin$' source
rm copy
refuse '--topology is for --plan' --topology=nodes:3 source copy
refuse '--size is for a plan without SOURCE' --plan --topology=nodes:3 --size=1G source
refuse 'SOURCE is missing' --plan --topology=nodes:3
for value in nodes:0 nodes:1000001 nodes: nodes 3 '' nodes:3x tree:3; do
	refuse_plan "--topology=$value: " "--topology=$value" --size=1M
done
refuse_plan 'a group size of 3 needs 3 connections; the maximum is 2$' \
	--topology=nodes:3 -k 3 --max-connections=2 --size=1M
refuse_plan 'a branching of 2 needs at least 3 connections; the maximum is 2$' \
	--topology=nodes:30 -b 2 --max-connections=2 --size=1M
refuse_plan 'a memory of 1MiB holds only 0 slots of 64MiB; ' \
	--topology=nodes:3 -k 3 -s 64M --memory=1M --size=1M
refuse_plan '.* too many chunks of 4KiB: a chunk must have at least ' \
	--topology=nodes:3 -s 4096 --size=1000T
cli --plan --topology=nodes:3 none
expect_status 1 "a plan for no SOURCE"
expect_one_message '^stagecast: cannot open none: No such file or directory$' "no SOURCE"

## Under mpirun: one rank speaks, and mpirun's status is its

stage 4 --copies=all source copy
expect_status 2 "a mistake under mpirun"
expect_one_message '^stagecast: --copies=all: it takes node\|rank$' "a mistake under mpirun"
stage 4 --help
expect_status 0 "--help under mpirun"
[[ $(grep -c '^Usage: ' out) -eq 1 ]] || fail "--help under mpirun is not said once"
stage 4 --version
[[ $(grep -c '^stagecast ' out) -eq 1 ]] || fail "--version under mpirun is not said once"
stage 4 --plan --copies=rank --size=1G
expect_status 0 "--plan under mpirun"
grep -q '^recipients  *3, besides the origin$' out || fail "--plan under mpirun: not 3 recipients"
stage 4 --plan --copies=rank --size=1G -k 3 --max-connections=2
expect_status 2 "an impossible plan under mpirun"
expect_one_message '^stagecast: a group size of 3 needs 3 connections' "an impossible plan"
stage 4 -q -k 3 --max-connections=2 --copies=rank source 'copy.%r'
expect_status 2 "an impossible plan, staged"
rm -f timings.h5 failed out err
expect_files . pids source
conclude
