#!/usr/bin/env bats
# share/packaging: that the files agree with the tree; with AIPOD_TEST_LONG=1 the
# Debian package is made and put into a clean system.

load helper

@test "packages are of this version, and name no place to download from" {
	version=$(sed -n 's/^aipod \([0-9][0-9.]*\).*/\1/p' "$TOP/share/doc/NEWS" | head -n 1)
	cd "$TOP/share/packaging"
	has "$(head -n 1 debian/changelog)" "($version)"
	has "$(cat APKBUILD)" "pkgver=$version"
	has "$(cat aipod.rb)" "aipod-$version.tar.gz"
	is "$(grep -hoE 'https?://[^/" ]*' ./* 2>/dev/null | sort -u)" \
	    "https://example.org"
	sh -n APKBUILD
	[ -x debian/rules ]
}

@test "the Debian package, made and installed in a clean system, and purged" {
	[ "${AIPOD_TEST_LONG-}" = 1 ] || skip "AIPOD_TEST_LONG is not set"
	[ "$(id -u)" -eq 0 ] || skip "a clean system wants root"
	for p in dpkg-buildpackage dh mmdebstrap git; do
		command -v $p >/dev/null || skip "no $p here"
	done
	git clone -q "$TOP" "$T/src"
	cd "$T/src"
	./configure --without-curl >/dev/null
	make -s deb >"$T/log" 2>&1 || { tail -n 30 "$T/log"; return 1; }
	root=$T/root
	mmdebstrap -q --variant=apt --include=man-db "$(. /etc/os-release
	    echo "$VERSION_CODENAME")" "$root" >"$T/log" 2>&1 ||
	    { cat "$T/log"; return 1; }
	files() { (cd "$root" && find . -path '*aipod*' ! -path './tmp/*' | sort); }
	is "$(files)" ""
	cp build/deb/*.deb "$root/tmp/aipod.deb"
	chroot "$root" apt-get update -q >"$T/log" 2>&1
	chroot "$root" apt-get install -y -q --no-install-recommends \
	    /tmp/aipod.deb >"$T/log" 2>&1 || { cat "$T/log"; return 1; }
	# nothing of this tree's is in the environment there
	in_root() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
	is "$(in_root aipod --version)" \
	    "$(sed -n 's/^VERSION = /aipod /p' config.mk)"
	in_root aipod fetch --version
	is "$(in_root sh -c 'cd /tmp && aipod hash | wc -c')" 13
	has "$(in_root aipod agents)" claude
	[ -f "$root/usr/share/man/man1/aipod.1.gz" ]
	chroot "$root" apt-get purge -y -q aipod >/dev/null 2>&1
	is "$(files | grep -v '^./var/cache/\|^./var/log/')" ""
}
