#!/usr/bin/env bats
# The approvers and notifications of a desktop, on an X server and a message
# bus of the test's own.
load helper

setup() {
	setup_env
	unset AIPOD_SESSION_DIR AIPOD_AGENT TMUX WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
	for p in Xvfb xdotool xdpyinfo; do
		command -v $p >/dev/null || skip "no $p"
	done
	cd "$T/ws"
	# the server chooses a number that is free, and outlives a last client
	mkfifo "$T/display"
	Xvfb -noreset -displayfd 7 -screen 0 1024x768x24 7>"$T/display" >/dev/null 2>&1 3>&- &
	xserver=$!
	read -r n <"$T/display"
	export DISPLAY=:$n
}

teardown() {
	[ -z "${asker-}" ] || kill "$asker" 2>/dev/null || true
	[ -z "${xserver-}" ] || kill "$xserver" 2>/dev/null || true
}

ask() { printf '%s' "$1" | aipod-approve -k command >"$T/answer" 3>&- & asker=$!; }
window() { xdotool search --onlyvisible --name 'aipod asks' 2>/dev/null | tail -n 1; }
shown() { [ -n "$(window)" ]; }
gone() { ! shown; }

@test "zenity: closing the dialog is no, the dialog goes when it is answered elsewhere" {
	command -v zenity >/dev/null || skip "no zenity"
	ask 'make test'
	until_true 20 shown
	xdotool windowfocus "$(window)" key Escape
	wait "$asker" || true
	has "$(cat "$T/answer")" $'no\tThe user said no.'
	ask $'make\033[2J test'
	until_true 20 shown
	aipod-approve yes "$(aipod-approve -l | cut -f1)"
	wait "$asker"
	is "$(cut -f1 "$T/answer")" once
	until_true 5 gone
}

@test "zenity: the buttons" {
	command -v zenity >/dev/null || skip "no zenity"
	mkdir "$T/bin"
	# what the dialog would print, for each button
	for pair in 'Yes, once=once' 'Always=always' 'No: wrong way=no' 'No: ask me=no' 'No to all=silence'; do
		printf '#!/bin/sh\ncase " $*" in *"--extra-button=%s"*) echo "%s" ;; esac\nexit 1\n' \
		    "${pair%=*}" "${pair%=*}" >"$T/bin/zenity"
		chmod +x "$T/bin/zenity"
		AIPOD_ASK_TEXT=/dev/null PATH=$T/bin:$PATH run "$TOP/share/approvers/zenity"
		has "$output" "${pair#*=}"
	done
	AIPOD_ASK_TEXT=/dev/null DISPLAY=:9999 run "$TOP/share/approvers/zenity"
	is "$status" 2
}

@test "kdialog: closing it is no, so is Enter; yes must be chosen" {
	command -v kdialog >/dev/null || skip "no kdialog"
	export AIPOD_APPROVER=kdialog
	# it takes the focus when it is ready for keys
	ready() { [ "$(xdotool getwindowfocus getwindowname 2>/dev/null)" = "$1" ]; }
	keys() {	# KEYS of the text box, and of the menu
		ask 'make test <b>x</b>'
		until_true 20 ready 'aipod asks — KDialog'
		xdotool key "$1"
		if [ -n "${2-}" ]; then
			until_true 20 ready 'aipod asks: your answer — KDialog'
			# shellcheck disable=SC2086
			xdotool key $2
		fi
		wait "$asker" || true
		until_true 5 gone
	}
	keys Escape
	has "$(cat "$T/answer")" $'no\tThe user said no.'
	keys Return Return
	has "$(cat "$T/answer")" $'no\tThe user said no.'
	keys Return Escape
	has "$(cat "$T/answer")" $'no\tThe user said no.'
	keys Return 'Down Return'
	is "$(cut -f1 "$T/answer")" once
	ask x
	until_true 20 shown
	aipod-approve no "$(aipod-approve -l | cut -f1)" words
	wait "$asker" || true
	has "$(cat "$T/answer")" words
	until_true 5 gone
}

@test "kdialog: markup that an agent chose is text" {
	mkdir "$T/bin"
	printf '#!/bin/sh\ncat >"%s/box"; exit 1\n' "$T" >"$T/bin/kdialog"
	chmod +x "$T/bin/kdialog"
	printf '%s\n' 'make <!-- & --> "test"' '<font color="#efefef">; evil</font>' \
	    '&lt;img src="file:///etc/hostname"&gt;' '' >"$T/c"
	PATH=$T/bin:$PATH AIPOD_APPROVER=kdialog status 1 aipod-approve -k command \
	    -m 'a <i>b</i>' <"$T/c"
	has "$output" "The user said no."
	# a line is one element and nothing else, so the box need not guess
	is "$(grep -cvE '^<span style="[a-z: ;-]*">[^<>]*</span>$' "$T/box")" 0
	sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' "$T/box" |
	    sed -n 's/^  | //p' | diff - <(cat "$T/c"; echo)
	grep -qF '  : a &lt;i&gt;b&lt;/i&gt;</span>' "$T/box"
}

@test "a notification's buttons, over D-Bus" {
	for p in dunst dunstctl dbus-run-session notify-send; do
		command -v $p >/dev/null || skip "no $p"
	done
	# dunst lets a program choose among the buttons
	printf '#!/bin/sh\ngrep "$(cat "%s/choice")"\n' "$T" >"$T/menu"
	chmod +x "$T/menu"
	printf '[global]\ndmenu = %s/menu\n' "$T" >"$T/dunstrc"
	cat >"$T/desk" <<-'EOT'
	dunst -conf "$T/dunstrc" >"$T/dunst.log" 2>&1 3>&- &
	dunst=$!
	for choice in 'Yes, once' Always 'In the container' '^#No'; do
		echo "$choice" >"$T/choice"
		printf 'make <b>x</b>' | AIPOD_APPROVER=notify aipod-approve -k command >>"$T/answers" 3>&- &
		asker=$!
		i=0
		until [ "$(dunstctl count displayed 2>/dev/null)" = 1 ] || [ $((i += 1)) -gt 100 ]; do sleep 0.1; done
		dunstctl context
		wait $asker
	done
	dunstctl history-clear
	aipod-notify -t title 'a <i>b</i> & \074u\076c \033' && echo told >>"$T/answers"
	printf 'make\t\\074\r' >"$T/c"
	AIPOD_ASK_TIMEOUT=1 AIPOD_APPROVER=notify aipod-approve -k command <"$T/c"
	dunstctl close-all
	dunstctl history | jq -r '.data[0][].body.data' >"$T/bodies"
	kill $dunst
	EOT
	timeout 60 dbus-run-session -- sh "$T/desk" 2>/dev/null
	is "$(cut -f1 "$T/answers" | tr '\n' ' ')" 'once always no no told '
	has "$(sed -n 3p "$T/answers")" 'inside the container'
	# what the server got for a body: no byte of it is an agent's markup
	has "$(cat "$T/bodies")" 'a &lt;i&gt;b&lt;/i&gt; &amp; &#92;074u&#92;076c &#92;033'
	has "$(cat "$T/bodies")" 'make&#92;t&#92;&#92;074&#92;r'
}

@test "what does not fit a notification is not asked by one" {
	printf '#!/bin/sh\ntouch "%s/asked"; echo once\n' "$T" >"$T/notify-send"
	chmod +x "$T/notify-send"
	long=$(head -c 300 /dev/zero | tr '\0' x)
	for c in "$long" $'two\nlines' 'make   ; evil'; do
		printf '%s' "$c" >"$T/c"
		PATH=$T:$PATH AIPOD_APPROVER=notify status 1 aipod-approve -k command <"$T/c"
	done
	[ ! -e "$T/asked" ]
	# nor is anything cut that is longer than a line of the question
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/asked"; echo once\n' "$T" >"$T/notify-send"
	printf '%s' "make a${long:0:120}" >"$T/c"
	PATH=$T:$PATH AIPOD_APPROVER=notify status 0 aipod-approve -k command <"$T/c"
	has "$(cat "$T/asked")" "make a${long:0:120}"
}
