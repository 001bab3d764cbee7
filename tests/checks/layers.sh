#!/usr/bin/env bash
# The layers of src/: base <- {beneath, plan <- core} <- {file <- {tree, archive}, fabric, record,
# sim} <- cli <- {stage, simulate, report}; those beside each other don't include each other.
# Who includes whom, where MPI and HDF5 are seen, and what the core asks of the system.
# Environment: SRCDIR, the source folder; BUILDDIR, the build folder.
set -euo pipefail
cd "$SRCDIR"

bad=0
fail()
{
	printf 'layers: %s\n' "$*"
	bad=1
}

# The layers that a layer's files may include.
allowed()
{
	case $1 in
	base) echo base ;;
	beneath | plan) echo base "$1" ;;
	core) echo base plan core ;;
	file | fabric | record | sim) echo base beneath plan core "$1" ;;
	tree | archive) echo base beneath plan core file "$1" ;;
	cli) echo base plan cli ;;
	stage) echo base beneath plan core file tree archive fabric record cli stage ;;
	simulate) echo base plan core record sim cli simulate ;;
	report) echo base beneath plan core record cli report ;;
	*) return 1 ;;
	esac
}

check_own()	# file, line, layer, name
{
	local one ok=no

	if [[ $4 == config.h ]]; then
		[[ $3 != core && $3 != plan ]] || fail "$1:$2: the core does not depend on the configuration"
		return
	fi
	for one in $(allowed "$3"); do
		[[ $4 != "$one"/* ]] || ok=yes
	done
	[[ $ok == yes ]] || fail "$1:$2: $3 may not include \"$4\""
	if [[ ($3 == core || $3 == plan) && ($4 =~ ^base/(clock|deadman|log|thread)\.h$) ]]; then
		fail "$1:$2: the core has no clock and no threads, and says nothing: \"$4\""
	fi
	if [[ ! -f src/$4 ]]; then
		fail "$1:$2: there is no src/$4"
	fi
}

check_system()	# file, line, layer, name
{
	case $4 in
	mpi.h | mpi-ext.h)
		[[ $3 == fabric ]] || fail "$1:$2: <$4> outside src/fabric" ;;
	hdf5.h | hdf5_hl.h | H5*)
		[[ $3 == record ]] || fail "$1:$2: <$4> outside src/record" ;;
	fcntl.h | poll.h | pthread.h | semaphore.h | signal.h | sys/* | threads.h | time.h | unistd.h)
		[[ $3 != core && $3 != plan ]] || fail "$1:$2: <$4> in the core" ;;
	esac
}

checked=0
while IFS= read -r file; do
	layer=${file#src/}
	layer=${layer%%/*}
	if ! allowed "$layer" >/dev/null; then
		fail "$file: src/$layer is not a layer"
		continue
	fi
	checked=$((checked + 1))
	while IFS=: read -r number line; do
		if [[ $line =~ include[[:space:]]*\"([^\"]+)\" ]]; then
			check_own "$file" "$number" "$layer" "${BASH_REMATCH[1]}"
		elif [[ $line =~ include[[:space:]]*\<([^\>]+)\> ]]; then
			check_system "$file" "$number" "$layer" "${BASH_REMATCH[1]}"
		else
			fail "$file:$number: an #include that can't be read: $line"
		fi
	done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file")
done < <(find src -name '*.[ch]' | LC_ALL=C sort)
[[ $checked -gt 0 ]] || fail "no source files below $SRCDIR"

# The core: memory, strings, formatting, arithmetic and assert; what compilers and sanitizers
# put in is theirs.
pure='mem(cpy|set|move|cmp|chr)|str(len|cmp|ncmp|chr|rchr|str|spn|cspn|casecmp|nlen|toull?)'
pure+='|malloc|calloc|aligned_alloc|realloc|reallocarray|free|qsort|bsearch|v?snprintf'
pure+='|(ceil|floor|round|sqrt|cbrt|log|log2|log10|log1p|exp|exp2|pow|fmin|fmax|fabs|ldexp)f?'
pure+='|__assert_fail|abort|__ctype_(b|tolower|toupper)_loc|__errno_location|__isoc(99|23)_strtoull?'
pure+='|__stack_chk_fail|__(mem(cpy|set|move)|v?snprintf)_chk|_GLOBAL_OFFSET_TABLE_'
pure+='|__(asan|lsan|ubsan|tsan|sanitizer)_.*'

symbols()	# nm option, library ...
{
	local option=$1

	shift
	nm "$option" "$@" |
		awk 'NF >= 2 && $(NF-1) ~ /^[A-Za-z]$/ {sub(/@.*/, "", $NF); print $NF}' | sort -u
}

cd "$BUILDDIR"
undefined=$(symbols --undefined-only libcore.a libplan.a)
[[ -n $undefined ]] || fail "libcore.a has no undefined symbols at all: was it built?"
while IFS= read -r symbol; do
	[[ $symbol =~ ^($pure)$ ]] || fail "the core calls $symbol"
done < <(comm -23 <(printf '%s\n' "$undefined") <(symbols --defined-only libcore.a libplan.a libbase.a))

[[ $bad -ne 0 ]] || echo "layers: $checked files and the symbols of libcore.a are as they should be"
exit $bad
