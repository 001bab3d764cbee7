#!/usr/bin/env bash
# What the sanitizers can't see: reads of memory that was never written, under valgrind.  The
# programs that take minutes there (thousands of plans or clusters) are left out.
set -uo pipefail

command -v valgrind >/dev/null || { echo "valgrind: not installed"; exit 77; }
[[ -z ${SANITIZERS:-} ]] || { echo "valgrind: not with sanitizers"; exit 77; }

programs=(unit/test_base unit/test_wire unit/test_census unit/test_options file/test_digest
	file/test_slots file/test_source file/test_sink file/test_dest file/test_io record/test_node_result)
failed=0
ran=0
for program in "${programs[@]}"; do
	[[ -x $BUILDDIR/tests/$program ]] || continue
	ran=$((ran + 1))
	# A child that is killed on purpose leaves memory behind: only the program itself counts.
	valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
		--show-leak-kinds=definite --child-silent-after-fork=yes \
		"$BUILDDIR/tests/$program" >"valgrind.$$.log" 2>&1
	status=$?
	if [[ $status -ne 0 ]]; then
		failed=$((failed + 1))
		echo "valgrind: $program: status $status"
		grep -E '^==|FAILED|^ +[0-9]+\.' "valgrind.$$.log" | head -n 40
	fi
	rm -f "valgrind.$$.log"
done
[[ $ran -gt 0 ]] || { echo "valgrind: nothing to run"; exit 77; }
echo "valgrind: $ran programs, $failed failed"
[[ $failed -eq 0 ]]
