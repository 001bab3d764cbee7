#!/usr/bin/env bash
# --json: standard output is one object of JSON, however a run ends, and it says what is so.
. "$SRCDIR/tests/lib/mpi.sh"

command -v python3 >/dev/null || skip "there is no python3 to read JSON"
cd "$dir" || exit 99
host=$(uname -n)
head -c 300000 /dev/urandom >source
mkdir copies

# What the object has under a path such as nodes.staged, as JSON.  Names have to be in UTF-8.
value()	# path
{
	python3 -c '
import json, sys
[line] = open("out", "rb").read().replace(b"\0", b"").decode("utf-8").splitlines()
value = json.loads(line)
for key in sys.argv[1].split("."):
    value = value[int(key) if key.isdigit() else key]
print(json.dumps(value))' "$1" 2>&1
}

expect_value()	# path, JSON, what was done
{
	local is

	is=$(value "$1")
	[[ $is == "$2" ]] || fail "$3: $1 is ${is##*$'\n'}, not $2"
}

expect_number()	# path, what was done
{
	[[ $(value "$1") =~ ^[0-9.e+-]+$ ]] || fail "$2: $1 is no number, but $(value "$1")"
}

## Well

for option in --json -qv; do
	rm -f copies/*
	stage 4 --json $option --copies=rank source 'copies/%r'
	expect_status 0 "$option"
	expect_value state '"complete"' "$option"
	expect_value status 0 "$option"
	expect_value error null "$option"
	expect_value source '"source"' "$option"
	expect_value dest '"copies/%r"' "$option"
	expect_value bytes 300000 "$option"
	expect_value nodes '{"wanted": 4, "staged": 4, "already": 0}' "$option"
	expect_value leader "{\"host\": \"$host\", \"rank\": 0, \"taken_over\": false}" "$option"
	expect_value failed '[]' "$option"
	for path in seconds bytes_per_s.node bytes_per_s.all; do
		expect_number $path "$option"
	done
	if command -v xxhsum >/dev/null; then
		expect_value xxh3_128 "\"$(xxhsum -H2 -q <source | cut -d ' ' -f 1)\"" "$option"
	else
		not_tried "the digest, as there is no xxhsum"
	fi
done
stage 4 --json --copies=rank source 'copies/%r'
expect_value nodes '{"wanted": 4, "staged": 4, "already": 4}' "all had it"
expect_value bytes_per_s null "all had it"

## Names that are no UTF-8, and some that are

odd=$'\xff"\\ \xc3\xa4\n\xe2\x82'
cp source "$odd"
stage 2 --json --copies=rank "$odd" "copies/$odd.%r"
expect_status 0 "odd names"
expect_value source '"\ufffd\"\\ \u00e4\n\ufffd\ufffd"' "odd names"
expect_value dest '"copies/\ufffd\"\\ \u00e4\n\ufffd\ufffd.%r"' "odd names"
expect_copies source "copies/$odd.0" "copies/$odd.1"
rm -rf copies

## Not all, and none

mkdir -p copies/{0,1,3}
stage 4 --json --copies=rank source 'copies/%r/copy'
expect_status 3 "a folder that is missing"
expect_value state '"partial"' "a folder that is missing"
expect_value status 3 "a folder that is missing"
expect_value nodes '{"wanted": 4, "staged": 3, "already": 0}' "a folder that is missing"
expect_value failed.0.host "\"$host\"" "a folder that is missing"
expect_value failed.0.rank 2 "a folder that is missing"
expect_value failed.0.lost false "a folder that is missing"
[[ $(value failed.0.cause) == *'copies/2/copy'*'No such file or directory"' ]] ||
	fail "the cause is $(value failed.0.cause)"
expect_number failed.0.seconds "a folder that is missing"
[[ $(value failed.1) == *IndexError* ]] || fail "more than one failed"
stage 2 --json --copies=rank source 'none/%r'
expect_status 1 "no folder at all"
expect_value state '"nothing"' "no folder at all"
expect_value error '"no node can take a copy"' "no folder at all"
expect_value failed.1.rank 1 "no folder at all"

# Nothing has begun.
stage 2 --json --copies=rank none 'copies/%r'
expect_status 1 "no SOURCE"
expect_value status 1 "no SOURCE"
expect_value error '"cannot open none: No such file or directory"' "no SOURCE"
stage 2 --json --copies=rank source copies/one
expect_status 2 "one file for two"
expect_value status 2 "one file for two"
[[ $(value error) == *"would both write the same DEST"* ]] || fail "one file for two: $(value error)"

## Ended on its way, and taken over

make_slow_source slow 96
begin()	# argument ...
{
	rm -rf copies
	mkdir copies
	launch 4 "$STAGECAST" --json "${slow[@]}" --copies=rank "$@" slow "$dir/copies/%r"
	until_true test -e "copies/.3.stagecast.part" || fail "$*: it did not begin"
}
# Not mpirun itself, which may end before it has passed on what rank 0 says.
begin
kill -TERM "$(cat pids/3)" "$(cat pids/2)" "$(cat pids/1)" "$(cat pids/0)"
await "$launched" "$watchdog_s"
expect_gone "SIGTERM"
expect_value state '"nothing"' "SIGTERM"
expect_value error '"ended by signal 15"' "SIGTERM"
expect_value seconds null "SIGTERM"
if [[ ${HAVE_ULFM:-no} == yes ]]; then
	begin --buddy=2
	kill -KILL "$(cat pids/0)"
	await "$launched" "$watchdog_s"
	expect_gone "the origin is killed"
	expect_value status 3 "the origin is killed"
	expect_value leader "{\"host\": \"$host\", \"rank\": 2, \"taken_over\": true}" \
		"the origin is killed"
	expect_value nodes '{"wanted": 4, "staged": 3, "already": 0}' "the origin is killed"
	expect_value failed.0.rank 0 "the origin is killed"
	expect_value failed.0.lost true "the origin is killed"
	expect_value failed.0.cause '"its process has ended"' "the origin is killed"
else
	not_tried "a takeover: this MPI does not survive faults"
fi
conclude
