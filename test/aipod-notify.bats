#!/usr/bin/env bats
load helper

setup() {
	setup_env
	unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS AIPOD_SESSION_DIR
	cd "$T/ws"
	printf '#!/bin/sh\ncat >"%s/got"\n' "$T" >"$T/notifier"
	chmod +x "$T/notifier"
	export AIPOD_NOTIFIER=$T/notifier
}

@test "a message by words, by standard input, by an agent" {
	status 0 aipod-notify hello you
	is "$(cat "$T/got")" $'aipod ws\nhello you'
	status 0 aipod-notify -t done <<<'hello  there'
	is "$(sed -n 1p "$T/got")" 'aipod ws: done'
	has "$(cat "$T/got")" 'hello there'
	status 0 aipod-notify --mcp <<<'{"message":"m","title":"t"}'
	is "$(cat "$T/got")" $'aipod ws: t\nm'
	has "$(jq -r .text <<<"$output")" 'has been notified'
}

@test "controls, bidi and invalid bytes are no longer there, and it stays short" {
	printf 'a\033[31mb\n\tc\342\200\256d\377e' | aipod-notify -t $'x\ny\007'
	is "$(cat "$T/got")" $'aipod ws: x y\357\277\275\na\357\277\275[31mb c\357\277\275d\357\277\275e'
	head -c 100000 /dev/zero | tr '\0' x | aipod-notify
	[ "$(wc -c <"$T/got")" -lt 600 ]
}

@test "markup does not reach the desktop" {
	mkdir "$T/bin"
	printf '#!/bin/sh\nprintf "<%%s>" "$@" >"%s/got"\n' "$T" >"$T/bin/notify-send"
	chmod +x "$T/bin/notify-send"
	unset AIPOD_NOTIFIER
	DISPLAY=:9 PATH=$T/bin:$PATH aipod-notify -- '--icon=x <b>a</b> & <img src="/etc/passwd">'
	is "$(cat "$T/got")" \
	    '<--app-name=aipod><--><aipod ws><--icon=x &lt;b&gt;a&lt;/b&gt; &amp; &lt;img src="/etc/passwd"&gt;>'
}

@test "a webhook gets JSON, and its address is in no argument" {
	mkdir "$T/bin"
	printf '#!/bin/sh\necho "$@" >"%s/args"\ncat >"%s/got"\n' "$T" "$T" >"$T/bin/curl"
	chmod +x "$T/bin/curl"
	AIPOD_NOTIFIER=none AIPOD_WEBHOOK='http://h.example/se"cret' PATH=$T/bin:$PATH \
	    status 0 aipod-notify 'say "hi" \ bye'
	lacks "$(cat "$T/args")" cret
	has "$(cat "$T/got")" 'url = "http://h.example/se\"cret"'
	has "$(cat "$T/got")" 'data-raw = "{\"title\":\"aipod ws\",\"text\":\"say \\\"hi\\\" \\\\ bye\"}"'
}

@test "nobody was told: the answer is no" {
	AIPOD_NOTIFIER=none status 1 aipod-notify x
	AIPOD_NOTIFIER=/nonexistent status 1 aipod-notify x
	status 1 aipod-notify --mcp <<<'{"message":"  "}'
	has "$(jq -r .text <<<"$output")" 'no message'
	status 100 aipod-notify ''
	status 100 aipod-notify --mcp <<<'{'
}

@test "the terminal's bell and nothing else" {
	cd "$T/ws"
	AIPOD_NOTIFIER=bell script -qec 'aipod-notify hello' "$T/typescript" >/dev/null </dev/null
	sed 1d "$T/typescript" | sed '$d' >"$T/shown"
	has "$(cat "$T/shown")" $'\a'
	lacks "$(cat "$T/shown")" hello
}

@test "ten a minute in a session" {
	export AIPOD_SESSION_DIR=$T/run/s
	mkdir -m 700 "$AIPOD_SESSION_DIR"
	for i in 1 2 3 4 5 6 7 8 9 10; do aipod-notify "$i"; done
	status 1 aipod-notify 11
	has "$stderr" 'Too many'
	is "$(sed -n 2p "$T/got")" 10
}
