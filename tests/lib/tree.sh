# Trees for the tests that stage them, and how they are compared.  To be sourced by bash behind
# mpi.sh.
# shellcheck shell=bash

# All that a tree can have.  Files of a thousand names, in one folder each hundred.
make_tree()	# folder, small files
{
	local i name

	mkdir -p "$1"/{empty,deep/a/b/c/d/e,modes/setgid,links,names,small} || return
	head -c 3000017 /dev/urandom >"$1/large"
	head -c 40000 /dev/urandom >"$1/deep/a/b/c/d/e/file"
	: >"$1/nothing"
	: >"$1/zz last of all, and empty"
	truncate -s 8M "$1/sparse"
	printf x | dd of="$1/sparse" bs=1 seek=5000000 conv=notrunc status=none
	truncate -s 300000 "$1/hole"
	head -c 200000 /dev/zero >"$1/zeros"
	for name in 'with space' $'new\nline' 'ümlaut 日本' '-rf' ' ' '...' '.hidden' 'back\slash' \
		$'\x01\xff\xfe' "$(printf 'n%.0s' {1..255})"; do
		printf '%s' "$name" >"$1/names/$name"
	done
	mkdir "$1/names/"$'dir\n'
	ln -s nowhere "$1/links/dangling"
	ln -s ../large "$1/links/to-large"
	ln -s /etc/passwd "$1/links/out"
	ln -s .. "$1/links/up"
	ln "$1/large" "$1/links/hard-large"
	ln "$1/nothing" "$1/links/hard-nothing"
	ln "$1/deep/a/b/c/d/e/file" "$1/a-hard-link-ahead-of-its-file"
	for ((i = 0; i < $2; i++)); do
		((i % 100 > 0)) || mkdir "$1/small/$((i / 100))"
		printf '%*d' $((i % 700)) "$i" >"$1/small/$((i / 100))/$i"
	done
	for i in 400 444 600 755 4755 1640; do
		echo "$i" >"$1/modes/$i"
		chmod "$i" "$1/modes/$i"
	done
	chmod 2775 "$1/modes/setgid"
	mkdir -m 1777 "$1/modes/sticky"
	mkdir "$1/modes/closed"
	echo in >"$1/modes/closed/in"
	chmod 555 "$1/modes/closed"
	find "$1" -depth -exec touch -h -d '2019-02-03 04:05:06.123456789' {} +
	touch -d '1969-12-31 23:59:58.5' "$1/nothing"
}

# Two trees are the same to rsync: names, kinds, contents, links, modes, times, and as root with
# -p owners, attributes and ACLs.
expect_same_tree()	# tree, copy, option of rsync ...
{
	local differences

	differences=$(rsync -nrlHtpi --checksum --delete "${@:3}" "$1/" "$2/" 2>&1) ||
		fail "$2: rsync: $differences"
	[[ -z $differences ]] || fail "$2 is not as $1: $(head -n 20 <<<"$differences")"
}
