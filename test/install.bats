#!/usr/bin/env bats
# configure, make, install: what lands where, and that it goes again.

load helper

setup_file() {
	export D=$BATS_FILE_TMPDIR/dest
	make -C "$TOP" -s install DESTDIR="$D" >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/log" >&2
		return 1
	}
	P=$(sed -n 's/^prefix = //p' "$TOP/config.mk")
	LIBC=$(sed -n 's/^LIBC = //p' "$TOP/config.mk")
	export P LIBC
}

@test "every program but aipod-fetch is static, and small together" {
	[ "$LIBC" = musl ] || skip "not built with musl"
	for f in "$D$P/bin/aipod" "$D$P"/libexec/aipod/aipod-* "$D$P"/libexec/aipod/box/aipod-*; do
		[ "$(head -c 2 "$f")" != '#!' ] || continue
		[ "${f##*/}" != aipod-fetch ] || continue
		has "$(file "$f")" "statically linked"
		status 1 ldd "$f"
		status 0 "$f" --version
	done
	find "$D" -type f -printf '%D:%i %s\n' | sort -u |
	    awk '{ s += $2 } END { print s; exit s >= 3000000 }'
}

@test "what is installed runs from where it is" {
	status 0 env -u AIPOD_EXEC_PATH -u AIPOD_SHARE "$D$P/bin/aipod" --version
	AIPOD_EXEC_PATH=$D$P/libexec/aipod AIPOD_SHARE=$D$P/share/aipod \
	    status 0 "$D$P/bin/aipod" hash "$T/ws"
	is "${#output}" 12
	[ -x "$D$P/libexec/aipod/box/aipod-relay" ]
	[ -f "$D$P/share/man/man1/aipod.1" ]
	[ -f "$D$P/share/doc/aipod/COPYING" ]
	[ -x "$D$P/share/aipod/tools/run_command/run" ] ||
	    [ -f "$D$P/share/aipod/tools/run_command/schema.json" ]
}

@test "uninstall takes all of it away" {
	cp -R "$D" "$T/dest"
	status 0 make -C "$TOP" -s uninstall DESTDIR="$T/dest"
	is "$(find "$T/dest" -type f)" ""
}

@test "bmake reads the Makefile and has nothing left to build" {
	command -v bmake >/dev/null || skip "no bmake here"
	cd "$TOP"
	status 0 bmake programs
	lacks "$output" " -c -o "
}

@test "configure: help, bad options, what would be installed" {
	status 0 "$TOP/configure" --help
	has "$output" --with-libc=musl
	status 1 "$TOP/configure" --no-such-option
	status 1 "$TOP/configure" --prefix=relative
	status 0 "$TOP/configure" --get-deps=check -n
	case $output in
	"nothing is missing") ;;
	*) has "$output" "+ " ;;
	esac
}

@test "dist: the same bytes from elsewhere, later, by another; all that a build needs" {
	git -C "$TOP" rev-parse HEAD >/dev/null 2>&1 || skip "no clone"
	git clone -q "$TOP" "$T/src"
	(umask 077 && mkdir "$T/far off" && git clone -q "$TOP" "$T/far off/copy")
	for d in "$T/src" "$T/far off/copy"; do
		cp "$TOP/config.mk" "$TOP/config.h" "$TOP/config.c" "$d/"
	done
	cd "$T/src"
	umask 022
	make -s dist
	mv aipod-*.tar.gz "$T/one.tar.gz"
	# neither the settings of who makes it nor what lies about matter
	sleep 1.1
	cd "$T/far off/copy"
	umask 077
	echo junk >lib/junk.c
	find . -name .git -prune -o -exec touch -d 2020-01-01 {} +
	git config tar.umask 0077
	git config tar.tar.gz.command 'gzip -1'
	TZ=Asia/Tokyo LC_ALL=C.UTF-8 GZIP=-1 HOME=$T/nowhere make -s dist
	cmp aipod-*.tar.gz "$T/one.tar.gz"
	tar -tzf "$T/one.tar.gz" >"$T/list"
	for f in configure Makefile README cmd/aipod.c lib/status.h man/aipod.1 \
	    share/commands.tsv test/run; do
		grep -q "/$f\$" "$T/list"
	done
	! grep -q junk "$T/list"
}
