#!/usr/bin/env bats
# aipod-update: a signed index on a server with TLS of the test's own.

load helper
load https

setup_file() { https_file_setup; }
setup() {
	[ -x "$TOP/build/bin/aipod-fetch" ] || skip "configured --without-curl"
	command -v signify-openbsd >/dev/null || skip "no signify-openbsd"
	https_setup
	serve www "$CA"
	export AIPOD_UPDATE_URL=https://localhost:$port/index
	export AIPOD_UPDATE_KEY=$T/key.pub SSL_CERT_FILE=$CA
	signify-openbsd -G -n -p "$T/key.pub" -s "$T/key.sec"
	FACTS=$XDG_STATE_HOME/aipod/update
	mine=$(aipod-hash --version | cut -d' ' -f2)
	cd "$T"
}
teardown() { https_teardown; }

# at DAYS: the time so many days from now.
at() { date -u -d "$1 days" +%Y-%m-%dT%H:%M:%SZ; }

# release VERSION: an archive that marks where it was installed.
release() {
	rm -rf "aipod-$1"
	mkdir "aipod-$1"
	cat >"aipod-$1/configure" <<'X'
#!/bin/sh
echo "prefix=$1" | sed 's/--prefix=//' >config.mk
X
	printf 'include config.mk\nall:\n\ninstall:\n\techo %s >"$(prefix)/installed"\n' \
	    "$1" >"aipod-$1/Makefile"
	chmod 755 "aipod-$1/configure"
	tar -czf "www/aipod-$1.tar.gz" "aipod-$1"
}

# index DATE UNTIL VERSION...: signed.
index() {
	printf 'date\t%s\t%s\n' "$1" "$2" >www/index
	shift 2
	for v; do
		printf '%s\t%s\t%s\n' "$v" \
		    "$(sha256sum <"www/aipod-$v.tar.gz" | cut -d' ' -f1)" \
		    "${AIPOD_UPDATE_URL%/index}/aipod-$v.tar.gz" >>www/index
	done
	signify-openbsd -S -s key.sec -m www/index -x www/index.sig
}

@test "what is newer, and what is not" {
	for v in 0.0.9 9.9 9.10 10.0.1; do release $v; done
	index "$(at -1)" "$(at 30)" 0.0.9 10.0.1 9.10 9.9
	status 0 aipod-update check
	is "$(printf '%s\n' "$output" | cut -f1 | tr '\n' ' ')" "9.9 9.10 10.0.1 "
	is "$(cat "$FACTS/newest")" 10.0.1
	index "$(at 0)" "$(at 30)" 0.0.9
	status 1 aipod-update check
	is "$output" ""
	is "$(cat "$FACTS/newest")" "$mine"
}

@test "get: checked, into the cache or a directory; no way back" {
	for v in 0.0.9 9.9 9.10; do release $v; done
	index "$(at -1)" "$(at 30)" 0.0.9 9.10 9.9
	status 0 aipod-update -q get
	is "$output" "$XDG_CACHE_HOME/aipod/aipod-9.10.tar.gz"
	cmp "$output" www/aipod-9.10.tar.gz
	status 0 aipod-update -q get 9.9 -d out
	is "$output" "$T/out/aipod-9.9.tar.gz"
	status 1 aipod-update get 0.0.9
	has "$stderr" "no way back"
	status 1 aipod-update get "$mine"
	status 1 aipod-update get 11
	# what is there already and right is not fetched again
	: >www.log
	status 0 aipod-update -q get 9.9 -d out
	lacks "$(cat www.log)" tar.gz
}

@test "an index that was touched is not believed" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	sed 's/9\.9/9.8/' www/index >x && mv x www/index
	status 101 aipod-update check
	has "$stderr" "not signed"
	is "$output" ""
	[ ! -e "$FACTS/newest" ]
	# nor one that another key signed
	signify-openbsd -G -n -p other.pub -s other.sec
	signify-openbsd -S -s other.sec -m www/index -x www/index.sig
	status 101 aipod-update check
	: >www/index.sig
	status 101 aipod-update check
	rm www/index.sig
	status 101 aipod-update check
}

@test "an archive that was touched is not kept" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	echo more >>www/aipod-9.9.tar.gz
	status 1 aipod-update -q get -d out
	is "$(ls out)" ""
	status 1 aipod-update -y install
	is "$(ls "$XDG_CACHE_HOME/aipod")" ""
}

@test "an older index than the last, and one that is out of date" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	status 0 aipod-update check
	index "$(at -2)" "$(at 30)" 9.9
	status 102 aipod-update check
	has "$stderr" "seen before"
	index "$(at 0)" "$(at -1)" 9.9
	status 102 aipod-update check
	has "$stderr" "no longer"
	index "$(at -1)" never 9.9
	status 111 aipod-update check
}

@test "lines that are no releases are passed over" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	line=$(tail -n 1 www/index)
	{
		printf '%s\n' "$line" | sed 's/^9\.9/9.9;x/'
		printf '%s\n' "$line" | sed 's/^9\.9/9.9.8/; s/https/http/'
		printf '%s\n' "$line" | sed 's/^9\.9/9.9.7/; s/	[0-9a-f]/	z/'
		printf 'x\n\n9.9.6\n'
	} >>www/index
	signify-openbsd -S -s key.sec -m www/index -x www/index.sig
	status 0 aipod-update check
	is "$output" "$line"
}

@test "minisign's keys and signatures" {
	command -v minisign >/dev/null || skip "no minisign"
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	rm www/index.sig
	minisign -G -W -f -p mini.pub -s mini.key >/dev/null
	export AIPOD_UPDATE_KEY=$T/mini.pub
	minisign -S -s mini.key -m www/index >/dev/null </dev/null
	status 0 aipod-update check
	has "$output" 9.9
	echo >>www/index
	status 101 aipod-update check
}

@test "daily: once, whether or not there is an answer" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	status 0 aipod-update check --daily
	: >www.log
	status 1 aipod-update check --daily
	is "$(cat www.log)" ""
	touch -d '2 days ago' "$FACTS/checked"
	https_teardown
	status 111 aipod-update check --daily
	status 1 aipod-update check --daily
	is "$stderr" ""
}

@test "settings: none, and what others can write" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	conf=$XDG_CONFIG_HOME/aipod/config
	url=$AIPOD_UPDATE_URL key=$AIPOD_UPDATE_KEY
	unset AIPOD_UPDATE_URL AIPOD_UPDATE_KEY
	status 100 aipod-update
	has "$stderr" "set UPDATE_URL"
	printf 'UPDATE_URL=%s\nUPDATE_KEY=%s\n' "$url" "$key" >"$conf"
	status 0 aipod-update check
	printf 'UPDATE_URL=%s\n' "$url" >"$conf"
	status 100 aipod-update check
	has "$stderr" "set UPDATE_KEY"
	chmod go+w "$conf"
	status 100 aipod-update check
	has "$stderr" "chmod go-w"
	chmod go-w "$conf"
	chmod go+w "$key"
	AIPOD_UPDATE_KEY=$key status 100 aipod-update check
	has "$stderr" "chmod go-w"
	status 100 aipod-update no-such-verb
	status 100 aipod-update check 9.9
	status 0 aipod-update --help
	status 0 aipod-update --version
}

# installed: an aipod that was installed to the prefix $T/it's.
installed() {
	mkdir -p "it's/libexec/aipod"
	cp "$TOP"/build/bin/aipod-update "$TOP"/build/bin/aipod-hash \
	    "$TOP"/build/bin/aipod-fetch "it's/libexec/aipod"
	update="$T/it's/libexec/aipod/aipod-update"
}

@test "install: with consent, where the old one is" {
	installed
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	status 0 "$update" -n install
	has "$output" "tar -xzf"
	has "$output" "./configure --prefix='$T/it'\\''s'"
	[ ! -e "it's/installed" ]
	# nobody to ask: no
	status 1 setsid -w "$update" install </dev/null
	has "$stderr" "nothing was installed"
	[ ! -e "it's/installed" ]
	status 0 "$update" -y install
	is "$(cat "it's/installed")" 9.9
	status 1 aipod-update -y install
	has "$stderr" "make install"
}

@test "on a terminal it asks, twice" {
	command -v expect >/dev/null || skip "no expect"
	installed
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	cat >talk <<'X'
set timeout 30
spawn [lindex $argv 0]
foreach answer [lrange $argv 1 end] {
	expect "\\\[y/N] " { send "$answer\r" }
}
expect eof
exit [lindex [wait] 3]
X
	status 0 expect talk "$update" n
	has "$output" "aipod 9.9 is there; this is $mine"
	[ ! -e "$XDG_CACHE_HOME/aipod/aipod-9.9.tar.gz" ]
	status 1 expect talk "$update" y n
	[ -e "$XDG_CACHE_HOME/aipod/aipod-9.9.tar.gz" ]
	[ ! -e "it's/installed" ]
	status 0 expect talk "$update" y y
	is "$(cat "it's/installed")" 9.9
}

@test "through a proxy" {
	release 9.9
	index "$(at -1)" "$(at 30)" 9.9
	serve proxy
	https_proxy=http://127.0.0.1:$port status 0 aipod-update check
	has "$(cat proxy.log)" "CONNECT localhost:"
}
