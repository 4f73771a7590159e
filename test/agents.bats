#!/usr/bin/env bats
# Claude Code, OpenCode, Codex and Gemini CLI from npm, all in one image made
# here, each in its box without a network and with a model that has a script.
# AIPOD_TEST_AGENTS says which; AIPOD_TEST_LONG=1 takes all four.

load helper
load lib-images

setup_file() {
	local some=claude,opencode
	[ -z "${AIPOD_TEST_LONG-}" ] || some=claude,opencode,codex,gemini
	agents_file_setup "${AIPOD_TEST_AGENTS:-$some}"
}
setup() { agents_setup; }
teardown() { agents_teardown; }

wanted() {
	case ",$AGENTS," in
	*",$1,"*) ;;
	*) skip "AIPOD_TEST_AGENTS does not name $1" ;;
	esac
}

claude() {
	aipod run -e "ANTHROPIC_BASE_URL=$MODEL" -e CLAUDE_CODE_MAX_RETRIES=0 \
	    -e ANTHROPIC_API_KEY=sk-test-0123456789abcdefghij \
	    -- claude "$@" </dev/null
}

opencode() {
	aipod run -e ANTHROPIC_API_KEY=sk-test -e OPENCODE_DISABLE_MODELS_FETCH=1 \
	    -e "OPENCODE_CONFIG_CONTENT={\"provider\":{\"anthropic\":{\"options\":{\"baseURL\":\"$MODEL/v1\"}}}}" \
	    -- opencode "$@" </dev/null
}

codex() {
	aipod run -e OPENAI_API_KEY=sk-test -- codex \
	    -c model_provider=t -c model_providers.t.name=t \
	    -c "model_providers.t.base_url=$MODEL/v1" \
	    -c model_providers.t.wire_api=responses \
	    -c model_providers.t.env_key=OPENAI_API_KEY "$@" </dev/null
}

gemini() {
	aipod run -e GEMINI_API_KEY=test -e "GOOGLE_GEMINI_BASE_URL=$MODEL" \
	    -- gemini "$@" </dev/null
}

# It asked its model, ran the host's command, said what came back, and the
# user was told that it has finished.
COMMAND=
ready() { COMMAND="echo on-the-host >'$T/mark'; echo the-output"; model "$COMMAND"; }
did_it() {
	has "$output" "RESULT"
	has "$output" "the-output"
	is "$(cat "$T/mark")" on-the-host
	until_true 10 grep -q "$1 has finished" "$T/told"
}

@test "Claude Code runs a command on the host, prints the output and says so" {
	wanted claude
	ready
	status 0 claude -p 'go'
	did_it "Claude Code"
	# once to ask, once with the result, and with the key it was given
	is "$(grep -c '^POST /v1/messages.* sk-test-' "$T/model.log")" 2
}

@test "OpenCode runs a command on the host, prints the output and says so" {
	wanted opencode
	ready
	status 0 opencode run -m anthropic/claude-sonnet-4-5 go
	did_it OpenCode
}

@test "Codex runs a command on the host, prints the output and says so" {
	wanted codex
	ready
	status 0 codex exec --skip-git-repo-check -m gpt-5-codex go
	did_it Codex
}

@test "Gemini CLI runs a command on the host, prints the output and says so" {
	wanted gemini
	ready
	status 0 gemini -p go
	did_it "Gemini CLI"
}

@test "a host without a rule is refused, and so is a command" {
	wanted claude
	ready
	aipod-allow remove host "host.containers.internal:$PORT"
	run ! claude -p 'go'
	[ ! -e "$T/model.log" ]
	[ ! -e "$T/mark" ]
	aipod-allow host "host.containers.internal:$PORT"
	aipod-allow remove command "$COMMAND"
	status 0 claude -p 'go'
	has "$output" "RESULT"
	[ ! -e "$T/mark" ]
}

@test "Claude Code is content with its MCP server" {
	wanted claude
	MODEL=http://127.0.0.1:1
	status 0 claude mcp list
	has "$output" "aipod"
	has "$output" "onnected"
	lacks "$output" "ailed"
}

@test "OpenCode is content with its MCP server" {
	wanted opencode
	MODEL=http://127.0.0.1:1
	status 0 opencode mcp list
	has "$output" "aipod"
	has "$output" "connected"
	lacks "$output" "ailed"
}

@test "Codex is content with its MCP server" {
	wanted codex
	MODEL=http://127.0.0.1:1
	status 0 codex mcp list
	has "$output" "http://127.0.0.1:7822/mcp"
	has "$output" "enabled"
}

@test "Gemini CLI is content with its MCP server" {
	wanted gemini
	MODEL=http://127.0.0.1:1
	status 0 gemini mcp list
	has "$output$stderr" "aipod"
	has "$output$stderr" "Connected"
}

# What each one itself says of a login that it made in the session before.
@test "Claude Code keeps its login" {
	wanted claude
	status 0 aipod run sh -c 'mkdir -p ~/.claude
		printf "{\"claudeAiOauth\":{\"accessToken\":\"t\",\"refreshToken\":\"r\",\"expiresAt\":4102444800000,\"scopes\":[\"user:inference\"],\"subscriptionType\":\"max\"}}" \
		    >~/.claude/.credentials.json'
	status 0 aipod run claude auth status
	has "$output" '"loggedIn": true'
}

@test "OpenCode keeps its login" {
	wanted opencode
	status 0 aipod run sh -c 'mkdir -p ~/.local/share/opencode
		printf "{\"anthropic\":{\"type\":\"api\",\"key\":\"k\"}}" \
		    >~/.local/share/opencode/auth.json'
	status 0 aipod run opencode auth list
	has "$output$stderr" Anthropic
}

@test "Codex keeps its login" {
	wanted codex
	status 0 aipod run sh -c 'echo sk-test-0123456789 | codex login --with-api-key'
	status 0 aipod run codex login status
	has "$output$stderr" "Logged in using an API key"
}
