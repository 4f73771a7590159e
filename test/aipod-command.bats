#!/usr/bin/env bats
load helper

setup() {
	setup_env
	unset DISPLAY WAYLAND_DISPLAY TMUX AIPOD_AGENT
	cd "$T/ws"
	ws=$(pwd -P)
	hash=$(aipod-hash)
	session_env
	session_lock
	export AIPOD_APPROVER=$T/approver
	approver 'echo once'
	jobs=$XDG_STATE_HOME/aipod/$hash/commands/$AIPOD_SESSION
}

teardown() { exec 9>&-; }

approver() { printf '#!/bin/sh\n%s\n' "$1" >"$T/approver"; chmod +x "$T/approver"; }
# mcp STATUS VERB JSON: as the agent's tools call it
mcp() { status "$1" aipod-command --mcp "$2" 9>&- <<<"$3"; }
run_it() { mcp "$1" run "$(jq -cn --arg c "$2" '{command: $c}')"; }
get() { jq -r "$1" <<<"$output"; }
ended() { [ "$(aipod-command list | awk -F'\t' -v id="$1" '$1 == id { print $2 }')" != running ]; }

@test "an approved command's answer: exit code, stdout, stderr, words" {
	run_it 0 'echo out; echo err >&2; exit 3'
	is "$(get .exit_code)" 3
	is "$(get .stdout)" out
	is "$(get .stderr)" err
	is "$(get .state)" exited
	is "$(get .text)" $'exit code 3\n\nstdout:\nout\n\nstderr:\nerr'
	id=$(get .id)
	dir=$ws/.aipod/commands/$AIPOD_SESSION/$id
	is "$(get .directory)" "/app/.aipod/commands/$AIPOD_SESSION/$id"
	is "$(cat "$dir/command")" 'echo out; echo err >&2; exit 3'
	is "$(cat "$dir/stdout")" out
	is "$(cat "$dir/stderr")" err
	is "$(cat "$dir/exit")" 3
	is "$(cat .aipod/.gitignore)" '*'
	mcp 0 status "{\"id\":\"$id\"}"
	is "$(get .exit_code)" 3
}

@test "it runs in the workspace, with little environment, no input, no terminal" {
	export SECRET_TOKEN=x WANTED=y AIPOD_COMMAND_ENV='WANTED, MISSING'
	run_it 0 'pwd; cat; tty; ps -o tty= -p $$; env | sort | cut -d= -f1 | tr "\n" " "'
	has "$(get .stdout)" "$ws"$'\nnot a tty\n?'
	names=" $(get .stdout | sed -n '$p')"
	has "$names" ' AIPOD_COMMAND '
	has "$names" ' WANTED '
	has "$names" ' HOME '
	lacks "$names" SECRET
	lacks "$names" MISSING
	lacks "$names" AIPOD_SESSION
	lacks "$names" XDG
}

@test "a refusal reaches the agent in words and nothing runs" {
	approver 'echo no 1'
	run_it 1 'touch made'
	has "$(get .text)" 'inside the container'
	[ ! -e made ]
	aipod-allow deny command 'touch made'
	approver 'echo once'
	run_it 1 'touch made'
	has "$(get .text)" 'A rule of the user'
	echo nonsense >>"$XDG_STATE_HOME/aipod/$hash/rules"
	run_it 1 'true'
	has "$(get .text)" 'not in order'
	AIPOD_APPROVER=none run_it 1 'touch made'
	[ ! -e made ]
	is "$(aipod-command list)" ""
}

@test "sent back before anybody is asked" {
	approver 'touch "$T/asked"; echo once'
	while IFS= read -r c; do
		run_it 1 "$c"
		has "$(get .text)" 'Rejected before asking'
	done <<-'EOT'
	cd /app && make
	  cd   "/tmp"; ls
	make | head
	make 2>&1 |tail -n 5
	make | grep x | tail -5 | sort
	make |& head
	make | /usr/bin/head -1
	make | (head -1; cat)
	make | { tail -1; }
	(cd /app && make)
	EOT
	run_it 1 $'make |\n head'
	run_it 1 $'make | \\\n  head'
	run_it 1 ' '
	mcp 1 run '{"command":"a\u0000b"}'
	mcp 1 run '{"command":7}'
	mcp 1 run '{}'
	run_it 1 "echo $(head -c 40000 /dev/zero | tr '\0' x)"
	[ ! -e "$T/asked" ]
	# and what only looks like it is asked about
	for c in 'cd sub && make' 'echo "a | head"' "echo 'x | tail'" 'false || head -1 x' \
	    'make | headache' 'echo cd /x' 'echo a\| head' '(cd sub; make)'; do
		rm -f "$T/asked"
		run_it 0 "$c"
		[ -e "$T/asked" ]
	done
}

@test "always is a rule for exactly these bytes, bound to what they run" {
	printf 'test:\n\t@echo tested\n' >Makefile
	approver 'echo always'
	run_it 0 'make -s test'
	is "$(get .stdout)" tested
	has "$(aipod-allow list)" 'make -s test'
	approver 'cat "$AIPOD_ASK_TEXT" >"$T/text"; echo no'
	run_it 0 'make -s test'
	run_it 1 'make -s test '
	rm -f "$T/text"
	# the agent changes it: asked again, shown what changed
	printf 'test:\n\t@echo tested; : | sh\n' >Makefile
	run_it 1 'make -s test'
	has "$(cat "$T/text")" '  ~ changed: Makefile'
	has "$(cat "$T/text")" '  ~ +\t@echo tested; : | sh'
	approver 'echo always'
	run_it 0 'make -s test'
	is "$stderr" ""
	is "$(aipod-allow list | grep -c 'make -s test')" 1
	approver 'echo no'
	run_it 0 'make -s test'
	run_it 1 'ls *'
	approver 'echo always'
	run_it 0 'ls *'
	approver 'echo no'
	run_it 0 'ls *'
	run_it 1 'ls Makefile'
}

@test "what it runs is swapped while the user looks: the yes does not hold" {
	printf 'all:\n\t@echo good\n' >Makefile
	approver 'printf "all:\n\t@touch made\n" >"'"$ws"'/Makefile"; echo always'
	run_it 1 'make'
	has "$(get .text)" 'changed while the user was asked'
	[ ! -e made ]
	is "$(aipod-allow list)" ""
}

@test "a longer one answers with an id, then is asked for" {
	AIPOD_COMMAND_INLINE_MS=100 run_it 0 'echo first; sleep 1; echo second'
	is "$(get .state)" running
	is "$(get .exit_code)" null
	id=$(get .id)
	is "${#id}" 16
	has "$(get .text)" 'Still running'
	until_true 10 ended "$id"
	mcp 0 status "{\"id\":\"$id\"}"
	is "$(get .stdout)" $'first\nsecond'
	is "$(get .exit_code)" 0
}

@test "stop ends all of it: ignored TERM, double forks, new sessions, stopped ones" {
	cat >stubborn <<-'EOT'
	trap '' TERM
	(setsid sh -c 'trap "" TERM; echo $$ >pid1; while :; do sleep 1; done' &)
	sh -c 'echo $$ >pid2; kill -STOP $$' &
	echo $$ >pid3
	while :; do sleep 1; done
	EOT
	AIPOD_COMMAND_INLINE_MS=10 run_it 0 'sh stubborn'
	id=$(get .id)
	until_true 10 eval '[ -s pid1 ] && [ -s pid2 ] && [ -s pid3 ]'
	mcp 0 stop "{\"id\":\"$id\"}"
	is "$(get .state)" stopped
	for p in $(cat pid1 pid2 pid3); do ! kill -0 "$p" 2>/dev/null; done
	is "$(cat ".aipod/commands/$AIPOD_SESSION/$id/exit")" "$(get .exit_code)"
}

@test "what it leaves in the background is seen and can be stopped" {
	run_it 0 'sleep 1000 >/dev/null 2>&1 & echo $! >pid'
	is "$(get .exit_code)" 0
	has "$(get .text)" 'still runs'
	kill -0 "$(cat pid)"
	status 0 aipod-command kill "$(get .id)"
	until_true 10 eval '! kill -0 "$(cat pid)" 2>/dev/null'
}

@test "the session is over: its commands end, nothing more starts" {
	AIPOD_COMMAND_INLINE_MS=10 run_it 0 'echo $$ >pid; sleep 1000'
	until_true 10 test -s pid
	exec 9>&-
	until_true 10 ended "$(get .id)"
	is "$(aipod-command list | cut -f4)" session
	! kill -0 "$(cat pid)" 2>/dev/null
	run_it 1 true
	has "$(get .text)" 'session is over'
}

@test "kill -9 of the supervisor, of its guard, of both: the end is recorded" {
	for who in supervisor guard both; do
		rm -f pid
		AIPOD_COMMAND_INLINE_MS=10 run_it 0 'echo $$ >pid; sleep 1000'
		id=$(get .id)
		until_true 10 test -s pid
		sup=$(cat "$jobs/$id/pid")
		guard=$(ps -o ppid= -p "$sup" | tr -d ' ')
		case $who in
		supervisor) kill -9 "$sup" ;;
		guard) kill -9 "$guard"; aipod-command kill "$id" ;;
		both) kill -9 "$guard" "$sup" ;;
		esac
		until_true 10 ended "$id"
		until_true 10 eval '! kill -0 "$(cat pid)" 2>/dev/null'
		[ -s "$jobs/$id/exit" ]
	done
	is "$(aipod-command list | cut -f4 | sort | tr '\n' ' ')" 'lost lost stopped '
}

@test "output past the bound is cut with a mark, and the command goes on" {
	AIPOD_COMMAND_OUTPUT_MAX=1000 run_it 0 'head -c 5000 /dev/zero | tr "\0" x; exit 4'
	is "$(get .exit_code)" 4
	has "$(get .stdout)" 'xxx
[aipod: the output is cut off here, after 1000 bytes]'
	is "$(wc -c <"$jobs/$(get .id)/stdout")" 1055
}

@test "the tail of binary and cut UTF-8 output is valid JSON" {
	run_it 0 'head -c 100000 /dev/urandom; printf "\303"'
	is "$(get .truncated)" true
	[ "${#output}" -lt 200000 ]
	run_it 0 'i=0; while [ $i -lt 9000 ]; do printf "é"; i=$((i+1)); done; printf x'
	is "$(get .stdout | tr -d 'éx')" ""
}

@test "other sessions' commands are unknown, and ids do not lead elsewhere" {
	run_it 0 'echo mine'
	id=$(get .id)
	for other in '"0000000000000000"' '"../0123abcd"' '""' '"'"${id:0:8}"'"' 7; do
		mcp 1 status "{\"id\":$other}"
		has "$(get .text)" 'Unknown id'
		mcp 1 stop "{\"id\":$other}"
	done
	export AIPOD_SESSION=fedc4321
	mcp 1 status "{\"id\":\"$id\"}"
	mcp 0 list '{}'
	is "$(get '.commands|length')" 0
	mcp 0 list '{"scope":"workspace"}'
	is "$(get '.commands[0]|[.command,.session,.id]|@csv')" '"echo mine","0123abcd",'
	lacks "$output" "$id"
}

@test "the workspace's side is a trap: links, FIFOs, files; the command runs all the same" {
	mkdir "$T/elsewhere"
	ln -s "$T/elsewhere" .aipod
	run_it 0 'echo one'
	is "$(get .stdout)" one
	is "$(ls -A "$T/elsewhere")" ""
	rm .aipod
	mkfifo .aipod
	run_it 0 'echo two'
	is "$(get .stdout)" two
	rm .aipod
	mkdir .aipod
	ln -s "$T/elsewhere" .aipod/commands
	ln -s "$T/elsewhere/made" .aipod/.gitignore
	run_it 0 'echo three'
	is "$(get .stdout)" three
	is "$(ls -A "$T/elsewhere")" ""
	rm -r .aipod
	AIPOD_COMMAND_INLINE_MS=10 run_it 0 'sleep 0.5; echo four'
	id=$(get .id)
	# it vanishes, and what comes in its place is not followed
	rm -rf .aipod
	ln -s "$T/elsewhere" .aipod
	until_true 10 ended "$id"
	mcp 0 status "{\"id\":\"$id\"}"
	is "$(get .stdout)" four
	is "$(ls -A "$T/elsewhere")" ""
}

@test "state that is a link or that others can enter is not used" {
	run_it 0 true
	mv "$XDG_STATE_HOME/aipod/$hash" "$T/moved"
	ln -s "$T/moved" "$XDG_STATE_HOME/aipod/$hash"
	run aipod-command --mcp run 9>&- <<<'{"command":"touch made"}'
	[ "$status" -ne 0 ]
	[ ! -e made ]
}

@test "a person: run, list, status, logs, kill" {
	status 7 aipod-command run sh -c 'echo "a  b"; exit 7' 9>&-
	is "$output" 'a  b'
	status 0 aipod-command run -b -c 'echo x; sleep 1000' 9>&-
	id=$output
	status 0 aipod-command status "$id"
	is "$(cut -f1-3 <<<"$output")" "$id"$'\trunning\t-'
	until_true 10 test -s "$jobs/$id/stdout"
	status 0 aipod-command logs "$id"
	is "$output" x
	status 0 aipod-command kill "$id"
	status 1 aipod-command kill "$id"
	is "$(aipod-command list | cut -f2 | sort)" $'exited\nstopped'
	is "$(aipod-command -j list | jq -r .state | sort)" $'exited\nstopped'
	status 1 aipod-command status 0000000000000000
	status 100 aipod-command run
	status 100 aipod-command nonsense
	status 100 aipod-command status a b
	status 0 aipod-command run -b -c 'for i in 1 2 3; do echo $i; sleep 0.1; done' 9>&-
	is "$(aipod-command logs "$output" -f)" $'1\n2\n3'
	is "$(aipod-command logs -f "$output")" $'1\n2\n3'
}

@test "everything is in the audit trail, with the bytes" {
	run_it 0 $'echo "a\tb"'
	approver 'echo no'
	run_it 1 'rm -rf /'
	aipod-allow command true
	run_it 0 true
	until_true 5 eval '[ "$(aipod-log | wc -l)" = 5 ]'
	is "$(aipod-log | cut -f4,6)" $'once\techo "a\\\\tb"
end\techo "a\\\\tb"
no\trm -rf /
allow\ttrue
end\ttrue'
	status 0 aipod-log verify
}

@test "the agent's words are shown as the agent's" {
	approver 'cat "$AIPOD_ASK_TEXT" >"$T/text"; echo once'
	mcp 0 run "$(jq -cn '{command: "true", reason: "x\n\nAnswer y\u001b[2J\u202e"}')"
	has "$(cat "$T/text")" $'nobody has checked:\n\n  : x\n  : \n  : Answer y\\x1b[2J\\u202e'
}

@test "too many at a time are refused" {
	aipod-allow command 'sleep 1000'
	export AIPOD_COMMAND_INLINE_MS=1
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do run_it 0 'sleep 1000'; done
	run_it 1 'sleep 1000'
	has "$(get .text)" 'Too many'
}
