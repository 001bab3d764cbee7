# The environment in which MPI and the sanitizers work here: sourced by make check and jobs/demo.
# shellcheck shell=sh

# Open MPI refuses to run as root, in a container as well, unless it is told so twice.
if [ "$(id -u)" -eq 0 ]; then
	OMPI_ALLOW_RUN_AS_ROOT=1
	OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	PRTE_ALLOW_RUN_AS_ROOT=1
	PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
	export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
	export PRTE_ALLOW_RUN_AS_ROOT PRTE_ALLOW_RUN_AS_ROOT_CONFIRM
fi

# Without its hooks into what maps memory UCX, which is not used here, starts a rank 50 ms earlier.
UCX_MEM_EVENTS=n
UCX_MEM_MMAP_HOOK_MODE=none
export UCX_MEM_EVENTS UCX_MEM_MMAP_HOOK_MODE

# All ranks are on this host; an interface without a route only makes it warn.
OMPI_MCA_btl_tcp_if_include=lo
export OMPI_MCA_btl_tcp_if_include

if [ -n "${SANITIZERS:-}" ]; then
	LSAN_OPTIONS=suppressions=$SRCDIR/tests/lib/lsan.supp:print_suppressions=0
	UBSAN_OPTIONS=print_stacktrace=1
	export LSAN_OPTIONS UBSAN_OPTIONS
fi
