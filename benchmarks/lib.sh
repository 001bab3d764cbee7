# What the benchmarks of directories share.  To be sourced by bash.
# shellcheck shell=bash

# Take "[BUILD-FOLDER] [-- OPTION...]": sets stagecast, the program, and options.
take_build()	# argument ...
{
	local build=.

	if [[ $# -gt 0 && $1 != -- ]]; then
		build=$1
		shift
	fi
	[[ ${1:-} != -- ]] || shift
	# shellcheck disable=SC2034
	options=("$@")
	stagecast=$(realpath "$build")/stagecast
	if [[ ! -x $stagecast ]]; then
		echo "${0##*/}: there is no $stagecast: build it first" >&2
		exit 1
	fi
}

# Fill the folder "tree" with at least so many files: copies of this system's /usr/share.  Sets count.
make_tree()	# files
{
	local i

	mkdir tree
	count=0
	for ((i = 0; count < $1; i++)); do
		mkdir "tree/$i"
		cp -a /usr/share "tree/$i/"
		count=$(find tree -type f | wc -l)
		[[ $count -gt 0 ]]
	done
}

# Of numbers, a line each.
median()
{
	sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}
