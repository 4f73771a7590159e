#!/usr/bin/env bats

load helper

setup() {
	engine_setup
	export AIPOD_NOTIFIER=$T/notifier AIPOD_WATCH=1
	printf '#!/bin/sh\ncat >>"%s/told"\n' "$T" >"$T/notifier"
	chmod 755 "$T/notifier"
}

setup_file() { engine_file_setup; }

teardown() {
	[ ! -f "$T/pid" ] || kill "$(cat "$T/pid")" 2>/dev/null || true
	engine_teardown
}

watch() {
	aipod watch -i 1 -w . >"$T/err" 2>&1 3>&- &
	echo $! >"$T/pid"
}

# a token that is drawn anew
token() {
	printf 'gh%s_%s' p "$(LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom |
	    head -c 36)"
}

@test "a secret that appears is told once: a line, a notification, the trail" {
	printf 'x = %s\n' "$(token)" >known
	aipod scan -w . | aipod hide -w . ignore
	watch
	printf 'x = %s\n' "$(token)" >"new
one"
	until_true 30 grep -q "'new.none' is new" "$T/err"
	until_true 10 grep -q "is new" "$T/told"
	is "$(aipod log -w . -k secret | cut -f3,4,5)" "secret	seen	github-token"
	echo PASSWORD=x >.env
	until_true 30 grep -q "'.env' is new" "$T/err"
	is "$(grep -c . "$T/err")" 2
	lacks "$(cat "$T/err")" known
	# a secret that changes is another one
	printf 'x = %s\n' "$(token)" >known
	until_true 30 grep -q "'known' is new" "$T/err"
	lacks "$(cat "$T/err" "$T/told")" "$(cut -c 6-30 known)"
}

@test "many at once are told in a few lines" {
	watch
	for i in $(seq 30); do : >"$i.env"; done
	until_true 30 grep -q ' more: see' "$T/err"
	[ "$(grep -c . "$T/err")" -le 14 ]
}

@test "a hidden file that is replaced on the host is told" {
	echo a >.env
	echo b >id_rsa
	aipod hide add .env id_rsa
	watch
	sleep 0.5
	echo more >>id_rsa
	echo b >.env.new
	mv .env.new .env
	until_true 30 grep -q "'.env' was replaced" "$T/err"
	lacks "$(cat "$T/err")" "'id_rsa'"
}

@test "it ends with whoever started it" {
	sh -c 'aipod-watch -i 1 -w . & echo $! >"$1"; sleep 0.5' sh "$T/pid"
	until_true 10 eval '! kill -0 "$(cat "$T/pid")" 2>/dev/null'
	rm "$T/pid"
	status 100 aipod watch -i 0
	status 100 aipod watch -w nowhere
}

@test "in a session: what the host or the agent writes, and WATCH=0" {
	printf 'n=%s\n' "$(token)" >"$T/outside"
	echo a >.env
	aipod hide add .env
	aipod run sh -c 'echo x >inside.env; until [ -e end ]; do sleep 0.2; done
	    cat .env' >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	until_true 60 test -e inside.env
	cp "$T/outside" host
	mv "$T/outside" .env.new
	mv .env.new .env
	until_true 60 grep -q "'inside.env' is new" "$T/err"
	until_true 60 grep -q "'host' is new" "$T/err"
	until_true 60 grep -q "'.env' was replaced" "$T/err"
	touch end
	wait "$pid"
	rm -f host inside.env end
	aipod hide add .env
	export AIPOD_WATCH=0
	status 0 aipod run sh -c 'echo x >inside.env; sleep 4'
	is "$stderr" ""
}
