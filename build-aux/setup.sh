# What jobs/demo and tests/run have in common: a system with Open MPI 5, and a build.
# Sourced by bash, in the top folder of the checkout, with set -euo pipefail.
# shellcheck shell=bash
#
# On Debian 13 and newer the packages that are missing are installed.  Debian 12 has only
# Open MPI 4.1, which does not survive faults: there, a Debian 13 root is made once, in
# STAGECAST_ROOT (default: .cache/debian13), and the calling script runs again inside of it.

build_packages=(
	autoconf automake build-essential ca-certificates hdf5-tools libarchive-dev libcunit1-dev
	libhdf5-dev libjansson-dev libopenmpi-dev libxxhash-dev mount openmpi-bin openssh-client pkgconf procps
	util-linux xxhash xz-utils zlib1g-dev
)
check_packages=(
	acl attr bzip2 clang clang-format ethtool git groff-base iproute2 libclang-rt-dev
	libxml2-utils man-db mandoc munge python3-h5py rsync shellcheck slurm-client slurmctld slurmd
	socat time universal-ctags valgrind zstd
)

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say()
{
	printf '==> %s\n' "$*"
}

# Run a command as root, through sudo if need be.
as_root()
{
	if [[ $(id -u) -eq 0 ]]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "must be root for: $* (there is no sudo)"
	fi
}

missing_packages()
{
	local package

	for package in "$@"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
			echo "$package"
	done
}

# Two scripts that are started together must not both install.
install_packages()
{
	local lock=${TMPDIR:-/tmp}/stagecast-apt.lock missing

	[[ ! -d /run/lock || ! -w /run/lock ]] || lock=/run/lock/stagecast-apt.lock
	[[ -n $(missing_packages "$@") ]] || return 0
	(
		flock 9
		mapfile -t missing < <(missing_packages "$@")
		[[ ${#missing[@]} -gt 0 ]] || exit 0
		say "installing ${missing[*]}"
		quietly as_root apt-get -q update
		quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
			-o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}"
	) 9>>"$lock"
}

# Show what a command printed only if it fails.
quietly()
{
	local output status=0

	output=$("$@" 2>&1 </dev/null) || status=$?
	[[ $status -eq 0 ]] || printf '%s\n' "$output" >&2
	return $status
}

# Does this system's own Open MPI have ULFM, that is, is it Debian 13 or newer or alike?
system_is_recent()
{
	local ID='' VERSION_ID=''

	# shellcheck source=/dev/null
	. /etc/os-release
	case $ID in
	debian) [[ ${VERSION_ID:-99} -ge 13 ]] ;;
	ubuntu) [[ ${VERSION_ID%%.*} -ge 25 ]] ;;
	*) return 1 ;;
	esac
}

# The mirror that this machine's apt is set up with, if it is Debian's, so that a site's own
# is used; mmdebstrap knows a default.
debian_mirror()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' \
		"Created-By: Packages" "Label: Debian" "Component: main" 2>/dev/null |
		grep -E '^https?:' | head -n 1
}

# Make the Debian 13 root, or wait for whoever is making it.  It appears by rename when it is
# complete: what was interrupted never looks like a root.
make_root()	# directory
{
	local root=$1 mirror options=() packages

	mkdir -p "$(dirname "$root")"
	exec 9>"$root.lock"
	flock 9
	if [[ ! -f $root/.stagecast-complete ]]; then
		say "this is not Debian 13: making a Debian 13 root in $root (about a minute, 2 GB)"
		install_packages mmdebstrap debian-archive-keyring
		mirror=$(debian_mirror) || mirror=
		apt-config dump | grep -iE '^Acquire::https?::Proxy' >"$root.apt" || true
		[[ ! -s $root.apt ]] || options+=(--aptopt="$root.apt")
		packages=$(IFS=,; echo "${build_packages[*]}")
		rm -rf --one-file-system "$root" "$root.new"
		quietly unshare -m --propagation private mmdebstrap --mode=root --variant=apt \
			--include="$packages" "${options[@]}" trixie "$root.new" ${mirror:+"$mirror"}
		rm -f "$root.apt"
		: >"$root.new/.stagecast-complete"
		mv "$root.new" "$root"
	fi
	exec 9>&-
}

# Go on with a script inside the root.  All mounts are made in a mount namespace of its own, and
# all processes in a process namespace: nothing stays mounted or running, however it ends.
enter_root()	# directory, script, arguments
{
	local root=$1

	shift
	# shellcheck disable=SC2016
	exec unshare --mount --propagation private --pid --fork --kill-child bash -euc '
		trap "exit 130" INT
		trap "exit 143" TERM
		root=$1 top=$2
		shift 2
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t sysfs sysfs "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
		mount -t tmpfs tmpfs "$root/tmp"
		mkdir -p "$root$top" "$root/run/lock"
		mount --bind "$top" "$root$top"
		cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
		chroot "$root" /usr/bin/env -i -C "$top" HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			${CI:+CI="$CI"} ${http_proxy:+http_proxy="$http_proxy"} \
			${https_proxy:+https_proxy="$https_proxy"} STAGECAST_IN_ROOT="$root" \
			bash "$@"
		exit $?
	' bash "$root" "$PWD" "$@"
}

# Bring this system to what the build needs.  Returns there, which may be inside of the root:
# the script has then been started again with its arguments.
prepare_system()	# build or check, script, arguments
{
	local purpose=$1 root

	shift
	if [[ -z ${STAGECAST_IN_ROOT:-} ]] && ! system_is_recent; then
		command -v apt-get >/dev/null ||
			die "this needs Debian or Ubuntu; elsewhere, see README.md for what to install"
		if [[ $(id -u) -ne 0 ]]; then
			command -v sudo >/dev/null || die "must be root to make a Debian 13 root"
			exec sudo -- env STAGECAST_ROOT="${STAGECAST_ROOT:-}" bash "$@"
		fi
		root=$(realpath -m "${STAGECAST_ROOT:-.cache/debian13}")
		install_packages mount
		make_root "$root"
		say "running in the Debian 13 root $root"
		enter_root "$root" "$@"
	fi
	install_packages "${build_packages[@]}"
	[[ $purpose == check ]] || return 0
	# What Slurm needs of systemd, where there is none: all of it sets the kernel up as well.
	command -v systemd-sysusers >/dev/null || check_packages+=(systemd-standalone-sysusers)
	install_packages "${check_packages[@]}"
}

# Configure and make, out of the sources' way.  1 if that fails.
build()	# directory, arguments of configure
{
	local top=$PWD dir=$1 options

	shift
	options="$*"
	mkdir -p "$dir" || return
	(
		# Two builds at once would share what autoreconf writes.
		flock 9 || exit
		if [[ ! -x configure || -n $(find configure.ac Makefile.am -newer configure) ]]; then
			say "autoreconf"
			quietly autoreconf --install --force || exit
		fi
	) 9>build/.lock || return
	(
		cd "$dir" || exit
		if [[ ! -f Makefile || ! -f configured-with || $(<configured-with) != "$options" ||
			$top/configure -nt config.status ]]; then
			say "configure $options"
			quietly "$top/configure" "$@" || exit
			printf '%s\n' "$options" >configured-with
		fi
		make -j2 --no-print-directory
	)
}
