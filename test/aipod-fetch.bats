#!/usr/bin/env bats
# aipod-fetch against a server with TLS of the test's own.

load helper
load https

setup_file() { https_file_setup; }
setup() {
	[ -x "$TOP/build/bin/aipod-fetch" ] || skip "configured --without-curl"
	https_setup
	serve www "$CA"
	url=https://localhost:$port
	printf 'the release\n' >"$T/www/file"
	sum=$(sha256sum <"$T/www/file" | cut -d' ' -f1)
	cd "$T"
}
teardown() { https_teardown; }

fetch() { aipod-fetch --ca-file "$CA" "$@"; }
nothing_but() { is "$(cd "$T/out" && echo *)" "$1"; }

@test "to standard output, to a file, with a digest" {
	status 0 fetch "$url/file"
	is "$output" "the release"
	is "$stderr" ""
	mkdir out
	umask 022
	status 0 fetch -o out/new --sha256 "$sum" "$url/file"
	cmp out/new www/file
	is "$(stat -c %a out/new)" 644
	echo old >out/old
	status 0 fetch -o out/old --sha256 "$(echo "$sum" | tr a-f A-F)" "$url/file"
	cmp out/old www/file
	nothing_but "new old"
	SSL_CERT_FILE=$CA status 0 aipod-fetch "$url/file"
}

@test "another digest: status 1, and nothing is left or replaced" {
	mkdir out
	wrong=$(printf 'another\n' | sha256sum | cut -d' ' -f1)
	status 1 fetch -o out/new --sha256 "$wrong" "$url/file"
	has "$stderr" "$sum"
	nothing_but "*"
	echo old >out/old
	status 1 fetch -o out/old --sha256 "$wrong" "$url/file"
	is "$(cat out/old)" old
	nothing_but old
	status 1 fetch --sha256 "$wrong" "$url/file"
	is "$output" ""
}

@test "a certificate that is not trusted, or for another name" {
	status 103 aipod-fetch "$url/file"
	has "$stderr" --ca-file
	status 103 fetch "https://127.0.0.1:$port/file"
	status 100 aipod-fetch --ca-file "$T/none" "$url/file"
	: >empty
	status 103 aipod-fetch --ca-file "$T/empty" "$url/file"
}

@test "more than may be: announced or not, nothing is left" {
	mkdir out
	status 102 fetch -o out/x --max-size 11 "$url/file"
	status 0 fetch --max-size 12 "$url/file"
	status 102 fetch -o out/x --max-size 1000000 "$url/endless"
	has "$stderr" --max-size
	nothing_but "*"
}

@test "what the server will not give, now or ever; what breaks off" {
	mkdir out
	status 101 fetch -o out/x "$url/none"
	has "$stderr" "the server says 404"
	status 111 fetch -o out/x "$url/busy"
	status 111 fetch -o out/x "$url/short"
	status 111 fetch -o out/x --timeout 1 "$url/slow"
	nothing_but "*"
	https_teardown
	status 111 fetch -o out/x "$url/file"
	status 111 fetch "https://name.invalid/file"
	nothing_but "*"
}

@test "redirections: a few, and to https alone" {
	status 0 fetch "$url/to?/file"
	is "$output" "the release"
	status 101 fetch "$url/again?1"
	tls=$url
	serve plain
	echo plain >plain/file
	status 101 fetch "$tls/to?http://127.0.0.1:$port/file"
	status 101 fetch --http "$tls/to?http://127.0.0.1:$port/file"
	status 101 fetch "$tls/to?file:///etc/passwd"
	is "$output" ""
	[ ! -e plain.log ]
}

@test "without TLS: only when asked for" {
	serve plain
	echo plain >plain/file
	status 100 fetch "http://127.0.0.1:$port/file"
	has "$stderr" --http
	status 0 fetch --http "http://127.0.0.1:$port/file"
	is "$output" plain
	status 0 fetch --http "http://127.0.0.1:$port/to?$url/file"
	is "$output" "the release"
}

@test "proxies of the environment" {
	tls=$url
	serve proxy
	https_proxy=http://127.0.0.1:$port status 0 fetch "$tls/file"
	is "$output" "the release"
	is "$(cat proxy.log)" "CONNECT ${tls#https://}"
	https_proxy=http://127.0.0.1:$port no_proxy=localhost \
	    status 0 fetch "$tls/file"
	is "$(wc -l <proxy.log)" 1
	https_proxy=http://127.0.0.1:1 status 111 fetch "$tls/file"
}

@test "usage" {
	status 100 aipod-fetch
	status 100 aipod-fetch "$url/file" more
	status 100 aipod-fetch file:///etc/passwd
	status 100 aipod-fetch --http ftp://localhost/x
	status 100 aipod-fetch https://name:secret@localhost/x
	status 100 fetch --sha256 12 "$url/file"
	status 100 fetch --max-size big "$url/file"
	status 100 fetch --timeout 0 "$url/file"
	status 100 fetch -o "$T" "$url/file"
	status 111 fetch -o "$T/none/x" "$url/file"
	status 100 fetch "https://local host/"
	if [ -w /dev/full ]; then
		status 111 sh -c 'aipod-fetch --ca-file "$1" "$2" >/dev/full' x \
		    "$CA" "$url/file"
	fi
}

@test "a signal leaves nothing behind" {
	mkdir out
	aipod-fetch --ca-file "$CA" -o out/x "$url/slow" 2>err 3>&- &
	until_true 20 sh -c 'ls out/x.* >/dev/null 2>&1'
	kill -TERM $!
	rc=0
	wait $! || rc=$?
	is "$rc" 143
	nothing_but "*"
}

@test "progress, on a terminal" {
	command -v script >/dev/null || skip "no script(1)"
	status 0 script -qec "aipod-fetch --ca-file $CA -o $T/x $url/file" /dev/null
	has "$output" "100 %"
	status 0 script -qec "aipod-fetch -q --ca-file $CA -o $T/x $url/file" /dev/null
	is "$output" ""
}
