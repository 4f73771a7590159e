#!/usr/bin/env bats
# A session's servers that do not come up, that take their time, that die.

load helper

setup_file() { engine_file_setup; }
setup() {
	engine_setup
	mkdir "$T/exec"
	export AIPOD_EXEC_PATH=$T/exec
}
teardown() {
	[ -z "${launcher-}" ] || kill "$launcher" 2>/dev/null || :
	engine_teardown
}

# instead SERVER LINE...: what is started in its place; $real is the server.
instead() {
	local name=$1
	shift
	{ printf '#!/bin/sh\nreal=%s\n' "$TOP/build/bin/$name"; printf '%s\n' "$@"; } \
	    >"$T/exec/$name"
	chmod 755 "$T/exec/$name"
}

@test "one that does not come up: no session, and why" {
	status 0 aipod run true
	for server in aipod-mcpd aipod-egress; do
		instead "$server" 'echo no luck >&2' 'exit 3'
		status 111 aipod run sh -c 'echo >/app/ran'
		has "$stderr" "'$T/exec/$server' ended with status 3 before the session began"
		has "$stderr" "no luck"
		# it cannot even be executed
		printf '#!%s/none\n' "$T" >"$T/exec/$server"
		status 111 aipod run sh -c 'echo >/app/ran'
		has "$stderr" "$server' ended with status 127 before"
		# it says that it serves, and dies while the box comes up
		instead "$server" 'while [ "$1" != --ready ]; do shift; done' \
		    'echo >/proc/self/fd/"$2"' 'kill -9 $$'
		status 111 aipod run sh -c 'echo >/app/ran'
		has "$stderr" "$server' ended with status 137 before"
		rm "$T/exec/$server"
	done
	[ ! -e ran ]
	status 0 aipod run true
	until_true 10 nothing_left
}

@test "one that does not come up: a kept box is not begun either, and stays" {
	status 0 aipod run --keep sh -c 'echo kept >~/there'
	instead aipod-egress 'exit 3'
	status 111 aipod run --keep sh -c 'echo >/app/ran'
	[ ! -e ran ]
	rm "$T/exec/aipod-egress"
	status 0 aipod run --keep sh -c 'cat ~/there'
	is "$output" kept
	status 0 aipod clean -y --kept
}

@test "one that never serves is not waited for without end" {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG=1 waits for it"
	instead aipod-egress 'exec sleep 100'
	status 111 aipod run sh -c 'echo >/app/ran'
	has "$stderr" "'$T/exec/aipod-egress' does not serve after 15 seconds"
	[ ! -e ran ]
	until_true 10 nothing_left
}

@test "the workspace that cannot be remembered: no session, and why" {
	instead aipod-undo 'echo the disk is full >&2' 'exit 111'
	status 111 aipod run sh -c 'echo >/app/ran'
	has "$stderr" "the disk is full"
	has "$stderr" "could not be remembered, and there is no session without that"
	instead aipod-undo 'sleep 1' 'kill -9 $$'
	status 111 aipod run sh -c 'echo >/app/ran'
	[ ! -e ran ]
	AIPOD_UNDO=no AIPOD_REVIEW=no status 0 aipod run true
	# too much to be remembered: that was said
	instead aipod-undo 'exit 1'
	status 0 aipod run true
	until_true 10 nothing_left
}

@test "the workspace takes long to be remembered: it is waited for" {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG=1 waits for it"
	instead aipod-undo 'sleep 25' 'exec "$real" "$@"'
	status 0 aipod run echo there
	is "$output" there
}

@test "those that take their time are waited for" {
	for server in aipod-mcpd aipod-egress; do
		instead "$server" 'sleep 1' 'exec "$real" "$@"'
	done
	# written by one when it starts; answered by the other
	status 0 aipod run sh -c 'head -n 1 /run/aipod/hosts && aipod-call -l >/dev/null'
	is "$output" "mode ask handover"
}

@test "one that keeps dying: the user is told, and the box has no network" {
	printf '#!/bin/sh\ncat >>"%s"\n' "$T/told" >"$T/notifier"
	chmod 755 "$T/notifier"
	printf 'NOTIFIER=%s\n' "$T/notifier" >"$T/config/aipod/config"
	aipod allow host example.com
	for server in aipod-mcpd aipod-egress; do
		# once, and never again
		instead "$server" "mkdir '$T/$server' || exit 9" 'exec "$real" "$@"'
	done
	aipod run sh -c 'echo >up; until [ -e go ]; do sleep 0.1; done
	    wget -q -O - http://example.com/ && echo net
	    aipod-call -l && echo mcp; echo >on' >"$T/out" 2>"$T/err" </dev/null 3>&- &
	launcher=$!
	until_true 20 test -e up
	for server in aipod-mcpd aipod-egress; do
		pkill -9 -P "$launcher" -f "$server"
		until_true 10 grep -q "$server' keeps dying" "$T/err"
	done
	echo >go
	until_true 20 test -e on
	wait "$launcher" || true
	is "$(cat "$T/out")" ""
	has "$(cat "$T/err")" "the box reaches nothing any more; end the session"
	has "$(cat "$T/err")" "the agent has no tools of the host any more"
	until_true 5 grep -q "the box reaches nothing" "$T/told"
	is "$(grep -c 'keeps dying' "$T/err")" 2
}
