#!/usr/bin/env bash
# A rank's memory is bounded, whatever the size of the file: at most 128 MiB more than that of a
# rank that does nothing, for a file of 4 GiB; and --memory is kept.
. "$SRCDIR/tests/lib/mpi.sh"

[[ -z ${SANITIZERS:-} ]] || skip "sanitizers need memory of their own"
[[ -n ${MPICC:-} ]] || skip "there is no MPI compiler for the rank that does nothing"
command -v h5dump >/dev/null || skip "there is no h5dump to read the timings with"
free_kib=$(df -Pk "$dir" | awk 'NR == 2 {print $4}')
[[ $free_kib -ge $((3 * 1024 * 1024)) ]] ||
	skip "needs 3 GiB in ${TMPDIR:-/tmp}; $free_kib KiB are free"

cat >"$dir/hello.c" <<'END'
#include <mpi.h>
#include <stdio.h>
#include <sys/resource.h>

int
main(int argc, char **argv)
{
	struct rusage usage;
	int rank;
	int size;

	if (MPI_Init(&argc, &argv) != MPI_SUCCESS ||
	    MPI_Comm_rank(MPI_COMM_WORLD, &rank) != MPI_SUCCESS ||
	    MPI_Comm_size(MPI_COMM_WORLD, &size) != MPI_SUCCESS ||
	    MPI_Barrier(MPI_COMM_WORLD) != MPI_SUCCESS || getrusage(RUSAGE_SELF, &usage) != 0)
		return 1;
	printf("hello from %d of %d: %ld KiB\n", rank, size, usage.ru_maxrss);
	return MPI_Finalize() != MPI_SUCCESS;
}
END
"$MPICC" -o "$dir/hello" "$dir/hello.c" || fail "the rank that does nothing can't be compiled"
run 3 "$dir/hello"
expect_status 0 "the rank that does nothing"
base_kib=$(awk '/^hello/ {if (!n++ || $(NF - 1) < least) least = $(NF - 1)} END {print least}' \
	"$dir/out")
note "a rank that does nothing has $base_kib KiB"

# 512 MiB of data in all, in pieces; the rest is holes.
for ((i = 0; i < 8; i++)); do
	head -c 64M /dev/urandom |
		dd of="$dir/source" bs=1M seek=$((i * 576)) iflag=fullblock conv=notrunc status=none
done
truncate -s 4G "$dir/source"

check()	# MiB that --memory allows, option ...
{
	local allowed_kib=$(($1 * 1024)) node peak rows=0

	shift
	stage 3 -q -f --copies=rank --timings="$dir/timings.h5" "$@" "$dir/source" "$dir/copy.%r"
	expect_status 0 "4 GiB, $*"
	while read -r node peak; do
		rows=$((rows + 1))
		note "4 GiB, $*: node $node had at most $((peak / 1024)) KiB"
		[[ $((peak / 1024)) -le $((base_kib + allowed_kib)) ]] ||
			fail "node $node: more than $base_kib + $allowed_kib KiB"
	done < <(rows "$dir/timings.h5" /nodes | awk -F '\t' '{print $1, $15}')
	[[ $rows -eq 3 ]] || fail "the timings have $rows nodes"
}

check 128
expect_copies "$dir/source" "$dir"/copy.{0,1,2}
check 16 --memory=16MiB
! is_whole "a large window" || check 128 -s 64K -w 64
conclude
