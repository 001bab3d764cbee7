#!/usr/bin/env bash
# Run one test when its turn has come, end it after a limit, and close its log with the time that it took.
# usage: one.sh SECONDS COMMAND... TEST
# Environment: ALONE_TESTS, which need all processors, and have the machine to themselves; PAIR_TESTS, which
# mostly wait, and run two at a time; all others run side by side.
set -u
limit=$1
shift
name=${!#}
name=tests/${name##*/tests/}

# One holds "turns" exclusively or many share it; and of the two seats a pair test has one.
exec 8>>tests.seat 9>>tests.turns
case " $ALONE_TESTS - $PAIR_TESTS " in
*" $name "*" - "*) flock 9 ;;
*" $name "*)
	flock --shared 9
	flock --nonblock 8 || {
		exec 8>>tests.other-seat
		flock 8
	} ;;
*) flock --shared 9 ;;
esac
TIMEFORMAT="$name took %R s, and %U + %S s of the processors"
time timeout -k 10 "$limit" "$@" 8>&- 9>&-
