#!/usr/bin/env bats
# Real Claude Code from npm in its box, with a model that has a script.

load helper
load lib-images

setup_file() { agent_file_setup claude; }
setup() { agent_setup claude; }
teardown() { agent_teardown; }

claude() {
	aipod run -e "ANTHROPIC_BASE_URL=http://host.containers.internal:$PORT" \
	    -e ANTHROPIC_API_KEY=sk-test-0123456789abcdefghij \
	    -- "${AGENT[@]}" "$@" </dev/null
}

@test "it reaches its model, runs a command on the host and prints the output" {
	model "echo on-the-host >'$T/mark'; echo the-output"
	status 0 claude -p 'go'
	has "$output" "RESULT"
	has "$output" "the-output"
	is "$(cat "$T/mark")" on-the-host
	# once to ask, once with the result, and with the key it was given
	is "$(grep -c '^POST /v1/messages.* sk-test-' "$T/model.log")" 2
}

@test "a host without a rule is refused, and so is a command" {
	model "echo on-the-host >'$T/mark'"
	aipod-allow remove host "host.containers.internal:$PORT"
	run ! claude -p 'go'
	[ ! -e "$T/model.log" ]
	[ ! -e "$T/mark" ]
	aipod-allow host "host.containers.internal:$PORT"
	aipod-allow remove command "echo on-the-host >'$T/mark'"
	status 0 claude -p 'go'
	has "$output" "RESULT"
	[ ! -e "$T/mark" ]
}

@test "it is content with its MCP server" {
	PORT=1
	status 0 claude mcp list
	has "$output" "aipod"
	has "$output" "onnected"
	lacks "$output" "ailed"
}

@test "what it keeps in its home, a login too, is there next time" {
	status 0 aipod run sh -c '
		echo token >~/.claude/.credentials.json
		echo "{\"mine\":1}" >~/.claude.json
		ls ~/.claude'
	status 0 aipod run sh -c 'cat ~/.claude/.credentials.json ~/.claude.json'
	is "$output" 'token
{"mine":1}'
}

@test "on a terminal it starts without a question" {
	command -v expect >/dev/null || skip "no expect here"
	model "echo the-output"
	cat >"$T/say" <<-'EOT'
	set timeout 90
	set stty_init "rows 40 columns 120"
	spawn {*}$argv
	expect {
		-re {Do.you.trust|Is.this.a.project|custom.API.key|Choose.the.text|Select.login|Yes,.I.accept} { exit 3 }
		-re {bypass.{0,8}permissions.{0,8}on} {}
		timeout { exit 4 }
	}
	# typed, not pasted
	sleep 2
	send "go"
	sleep 1
	send "\r"
	expect {
		"the-output" {}
		timeout { exit 5 }
	}
	send "\003"
	sleep 1
	send "\003\003"
	expect eof
	exit 0
	EOT
	status 0 expect "$T/say" aipod \
	    -e "ANTHROPIC_BASE_URL=http://host.containers.internal:$PORT" \
	    -e ANTHROPIC_API_KEY=sk-test-0123456789abcdefghij
}
