#!/usr/bin/env bash
# --send-libs: a program reaches every rank with the libraries that it loads, in one directory, and
# runs there with the line that is printed, when its own libraries are out of reach.
. "$SRCDIR/tests/lib/mpi.sh"

cd "$dir" || exit 99
cc=${CC:-cc}
mkdir lib bin copies

# Compile what standard input has, for the folder of libraries.
library()	# name of the file, its name to the loader, option ...
{
	$cc -shared -fPIC -Wl,-soname,"$2" -o "lib/$1" -x c - -x none "${@:3}"
}
make_program()
{
	library libtwo.so.2.1 libtwo.so.2 <<<'int two(void) {return 2;}' &&
		ln -s libtwo.so.2.1 lib/libtwo.so.2 && ln -s libtwo.so.2 lib/libtwo.so &&
		library libone.so.1 libone.so.1 -Llib -ltwo "-Wl,-rpath,\$ORIGIN" \
			<<<'int two(void); int one(void) {return two() - 1;}' &&
		ln -s libone.so.1 lib/libone.so &&
		library libplugin.so libplugin.so <<<'int plugin(void) {return 7;}' &&
		$cc -o bin/prog -x c - -x none -Llib -lone "-Wl,-rpath,\$ORIGIN/../lib" \
			-Wl,-rpath-link,lib <<'END'
#include <stdio.h>
int one(void);
int main(void) {return printf("one is %d\n", one()) < 0;}
END
}
make_program || skip "$cc makes no shared libraries"
[[ $(bin/prog) == "one is 1" ]] || skip "a program that was made does not run"

files=(prog libone.so.1 libtwo.so.2 libtwo.so.2.1)

## Into a directory that is made

stage 3 --send-libs --copies=rank bin/prog 'copies/%r'
expect_status 0 "--send-libs"
[[ ! -s err ]] || fail "--send-libs: something was said"
grep -qx "LD_LIBRARY_PATH=$PWD/copies/0" out || fail "--send-libs: no LD_LIBRARY_PATH"
[[ $(tail -n 1 out) == "staged "*" to 3/3 nodes in "* ]] || fail "the last line: $(tail -n 1 out)"
line=$(grep '^LD_LIBRARY_PATH=' out)
mv lib away
! bin/prog >/dev/null 2>&1 || fail "it runs without its libraries: nothing is shown by what follows"
for rank in 0 1 2; do
	expect_files "copies/$rank" "${files[@]}"
	[[ $(readlink "copies/$rank/libtwo.so.2") == libtwo.so.2.1 ]] || fail "$rank: the link is lost"
	cmp bin/prog "copies/$rank/prog" || fail "$rank: the program"
	[[ $(env "${line/%0/$rank}" "copies/$rank/prog" 2>&1) == "one is 1" ]] ||
		fail "$rank: it does not run"
done
mv away lib

# It is given again: what is there stays, but for --force.
stage 3 --send-libs --copies=rank bin/prog 'copies/%r'
expect_status 1 "what is there"
expect_said 'copies/1 exists; use --force to replace it' "what is there"
echo old >copies/1/libold.so.1
stage 3 -q -f --send-libs=yes --copies=rank bin/prog 'copies/%r'
expect_status 0 "--force"
[[ ! -s out ]] || fail "--quiet: $(cat out)"
for rank in 0 1 2; do
	expect_files "copies/$rank" "${files[@]}"
done

# A directory of something else is entered, and a file is never replaced by a directory.
rm -rf copies
mkdir -p copies/{0,1,2}
touch copies/{0,1,2}/prog.txt
cp bin/prog copies/2/
stage 3 -f --send-libs --copies=rank bin/prog 'copies/%r'
expect_status 3 "directories that are there"
expect_said "rank 2.*copies/2/prog is a file, and would have to be a directory" "a file that is there"
grep -qx "LD_LIBRARY_PATH=$PWD/copies/0/prog" out || fail "not the directory in it: $(cat out)"
for rank in 0 1; do
	expect_files "copies/$rank" prog prog.txt
	expect_files "copies/$rank/prog" "${files[@]}"
done
cmp bin/prog copies/2/prog || fail "a file was replaced"
rm -rf copies
mkdir copies
stage 1 -f --send-libs bin/prog bin/prog
expect_status 1 "SOURCE itself"
[[ $(bin/prog) == "one is 1" ]] || fail "SOURCE was replaced"
stage 1 --send-libs bin/prog copies/
expect_status 0 "a slash at the end"
expect_files copies prog
expect_files copies/prog "${files[@]}"
rm -rf copies
mkdir copies

## More, fewer, and as JSON

stage 2 --send-libs --lib=lib/libplugin.so --lib lib/libone.so --copies=rank bin/prog 'copies/%r'
expect_status 0 "--lib"
expect_files copies/1 "${files[@]}" libplugin.so libone.so
stage 2 --send-libs --exclude="/usr:$PWD/lib,/lib,/lib64" --copies=rank bin/prog 'copies/without.%r'
expect_status 0 "--exclude"
expect_files copies/without.1 prog
stage 2 -v --send-libs --exclude=NONE --copies=rank bin/prog 'copies/all.%r'
expect_status 0 "--exclude=NONE"
[[ -n $(find copies/all.1 -name 'libc.*') && -z $(find copies/all.1 -name 'ld-*') ]] ||
	fail "--exclude=NONE: $(ls -m copies/all.1)"
expect_said "sending .*/libtwo.so.2.1 as libtwo.so.2.1\$" "-v"
stage 2 --send-libs=no --copies=rank bin/prog 'copies/plain.%r'
expect_status 0 "--send-libs=no"
cmp bin/prog copies/plain.1 || fail "--send-libs=no: not the program alone"
stage 2 --json --send-libs --copies=rank bin/prog 'copies/json.%r'
expect_status 0 "--json"
grep -q "\"ld_library_path\":\"$PWD/copies/json.0\"" out || fail "--json: no path"
[[ $(wc -l <out) -eq 1 ]] || fail "--json: more than a line"
stage 2 --verify -p --send-libs --copies=rank bin/prog 'copies/p.%r'
expect_status 0 "-p --verify"
expect_files copies/p.1 "${files[@]}"
[[ $(stat -c %Y copies/p.1/libtwo.so.2.1) == "$(stat -c %Y lib/libtwo.so.2.1)" ]] || fail "-p: the time"
rm -rf copies
mkdir copies

## What can't be

refuse()	# what is said (ERE), program
{
	stage 2 --send-libs --copies=rank "$2" 'copies/%r'
	expect_status 1 "$2"
	expect_one_message "^stagecast: .*$1" "$2"
	[[ -z $(ls -A copies) ]] || fail "$2: copies holds $(ls -Am copies)"
}
printf '#!/bin/sh\n' >bin/script
refuse 'bin/script is no program in ELF for this kind of machine$' bin/script
refuse 'bin/none: No such file or directory$' bin/none
refuse 'bin is not a regular file$' bin
mv lib/libtwo.so.2.1 away
refuse 'libtwo\.so\.2' bin/prog
mv away lib/libtwo.so.2.1
if echo 'int main(void) {return 0;}' | $cc -static -o bin/static -x c - 2>/dev/null; then
	stage 2 --send-libs --copies=rank bin/static 'copies/%r'
	expect_status 0 "a static program"
	expect_said 'warning: bin/static loads no libraries: it is statically linked$' "a static program"
	expect_files copies/1 static
else
	not_tried "a static program: $cc makes none"
fi
conclude
