#!/usr/bin/env bats
# Another provider of models: the user's file, in the agent's own words.

load helper

setup_file() { engine_file_setup; }

setup() {
	engine_setup
	C=$T/config/aipod
	mkdir -p "$C/providers" "$C/agents/robot"
	cat >"$C/agents/robot/start" <<-'EOT'
	#!/bin/sh
	. "$(dirname "$0")/provider.sh"
	exec "$@"
	EOT
	chmod 755 "$C/agents/robot/start"
	printf '%s\n' sh -c 'env; echo "got $*"; sleep ${WAIT-0}' robot >"$C/agents/robot/command"
	echo tiny >"$C/agents/robot/base"
	cat >"$C/agents/robot/provider" <<-'EOT'
	# what the robot wants to know
	env ROBOT_KEY=@key@
	env ROBOT_CONFIG={"url":"@base_url@","model":"@model@"}
	env ROBOT_SMALL=@small_model@
	env ROBOT_AT=a@b.c/@model@@ @KEY@ @@
	option --model @model@
	option --small=@small_model@
	EOT
	echo 'the-secret-key' >"$T/key"
	chmod 600 "$T/key"
	printf '%s\n' '# mine' base_url=https://api.example.com:8443/v1 \
	    model=big-1.5 "key_file=$T/key" >"$C/providers/mine"
	export AIPOD_AGENT=robot
}

teardown() { engine_teardown; }

@test "the agent gets its address, its key and its options, and the host a rule" {
	status 0 aipod-launch --provider mine
	has "$output" "ROBOT_KEY=the-secret-key"
	has "$output" 'ROBOT_CONFIG={"url":"https://api.example.com:8443/v1","model":"big-1.5"}'
	has "$output" "ROBOT_AT=a@b.c/big-1.5@ @KEY@ @@"
	has "$output" "got --model big-1.5"
	# what the file does not say is left out
	lacks "$output" SMALL
	has "$stderr" "provider 'mine': allow host api.example.com:8443, for this session"
	echo small_model=small-1 >>"$C/providers/mine"
	AIPOD_PROVIDER=mine status 0 aipod run robot more
	has "$output" "got --model big-1.5 --small=small-1 more"
}

@test "inside, the host is known for this session, and not after it" {
	status 0 aipod-launch --provider mine cat /run/aipod/hosts
	has "$output" "allow api.example.com 8443"
	AIPOD_AGENT=shell status 0 aipod-launch cat /run/aipod/hosts
	lacks "$output" api.example.com
	status 0 aipod-allow list
	lacks "$output" api.example.com
}

@test "the key is in no argument, not with the engine and not on disk" {
	status 0 aipod-launch -n --provider mine
	lacks "$output" the-secret-key
	WAIT=30 aipod-launch -e WAIT --provider mine >"$T/out" 2>/dev/null 3>&- &
	until_true 30 grep -q "^got" "$T/out"
	run pgrep -fa the-secret-key
	is "$output" ""
	"$E" inspect "$(left_containers)" >"$T/inspect"
	run grep -c the-secret-key "$T/inspect"
	is "$output" 0
	is "$(grep -rl the-secret-key "$T" | sort)" "$T/key
$T/out"
	aipod-stop -w "$T/ws"
	wait
}

@test "a key by command, and none at all" {
	sed -i "s/^key_file.*/key_command=printf '%s' from-command/" "$C/providers/mine"
	status 0 aipod-launch --provider mine
	has "$output" "ROBOT_KEY=from-command"
	sed -i '/^key_/d' "$C/providers/mine"
	status 0 aipod-launch --provider mine
	lacks "$output" ROBOT_KEY
	echo 'key_command=exit 3' >>"$C/providers/mine"
	status 100 aipod-launch --provider mine
}

@test "what cannot be is refused, saying what" {
	status 100 aipod-launch -n --provider none
	has "$stderr" "$C/providers/none"
	status 100 aipod-launch -n --provider ../mine
	AIPOD_AGENT=shell status 100 aipod-launch -n --provider mine
	has "$stderr" "agent 'shell' knows of no other provider"
	for line in 'base_url=ftp://x/' 'base_url=https://' 'base_url=https://x:0/' \
	    'base_url=https://a b/' 'model=x"y' 'colour=red' 'no setting' \
	    "base_url=https://u@x/"; do
		printf '%s\n' "$line" >"$C/providers/bad"
		status 100 aipod-launch -n --provider bad
	done
	chmod 666 "$C/providers/mine"
	status 100 aipod-launch -n --provider mine
	has "$stderr" "mine"
}

@test "what ours say is what their agents read" {
	for agent in "$TOP"/share/agents/*/provider; do
		run grep -cvE '^(#|env [A-Z_]+=|option [^ ]+( |$))' "$agent"
		is "$output" 0
	done
	sed -n 's/^env OPENCODE_CONFIG_CONTENT=//p' \
	    "$TOP/share/agents/opencode/provider" | sed 's/@[a-z_]*@/x/g' | jq -e . >/dev/null
}
