#!/usr/bin/env bats
# An Agent Client Protocol client drives an agent through aipod run: bytes
# untouched, no terminal, questions to the host's approver.  AIPOD_TEST_LONG=1
# turns on what fetches agents and the client from npm.

load helper
load lib-images

setup_file() {
	if [ -z "${AIPOD_TEST_LONG-}" ]; then
		engine_file_setup
		return 0
	fi
	agents_file_setup "${AIPOD_TEST_AGENTS:-opencode}"
	[ -z "${SKIP_FILE-}" ] || return 0
	export ACP=$CACHE/acp
	[ -e "$ACP/complete" ] || {
		mkdir -p "$ACP"
		(cd "$ACP" && timeout 300 npm install --no-audit --no-fund --silent \
		    @agentclientprotocol/sdk@2 >/dev/null 2>&1 && touch complete) || true
	}
}
setup() {
	if [ -n "${AIPOD_TEST_LONG-}" ]; then
		agents_setup
	else
		engine_setup
	fi
}
teardown() { agents_teardown; }

long() {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG is not set"
	[ -e "$ACP/complete" ] || skip "npm has no ACP client here"
	case ",$AGENTS," in
	*",$1,"*) ;;
	*) skip "AIPOD_TEST_AGENTS does not name $1" ;;
	esac
	COMMAND="echo on-the-host >'$T/mark'; echo the-output"
	model "$COMMAND"
}

client() {
	timeout 200 node "$TOP/test/images/acp.mjs" \
	    "$ACP/node_modules/@agentclientprotocol/sdk/dist/v1/stable/acp.js" "$@"
}

@test "any byte passes both ways, nothing of ours is among them" {
	head -c 300000 /dev/urandom >"$T/in"
	aipod run cat <"$T/in" >"$T/out"
	cmp "$T/in" "$T/out"
	status 0 sh -c 'printf "{}\n" | aipod run sh -c "cat; [ ! -t 0 ] && [ ! -t 1 ]"'
	is "$output" "{}"
}

@test "OpenCode under an ACP client: a tool of the host's, and its output" {
	long opencode
	status 0 client aipod run -e ANTHROPIC_API_KEY=sk-test \
	    -e OPENCODE_DISABLE_MODELS_FETCH=1 \
	    -e "OPENCODE_CONFIG_CONTENT={\"model\":\"anthropic/claude-sonnet-4-5\",\"provider\":{\"anthropic\":{\"options\":{\"baseURL\":\"$MODEL/v1\"}}}}" \
	    -- opencode acp
	has "$output" "stop end_turn"
	has "$output" "the-output"
	is "$(cat "$T/mark")" on-the-host
	lacks "$output" 'permission {'
}

@test "OpenCode under an ACP client: a question goes to the host's approver" {
	long opencode
	aipod-allow remove command "$COMMAND"
	approver once
	status 0 client aipod run -e ANTHROPIC_API_KEY=sk-test \
	    -e OPENCODE_DISABLE_MODELS_FETCH=1 \
	    -e "OPENCODE_CONFIG_CONTENT={\"model\":\"anthropic/claude-sonnet-4-5\",\"provider\":{\"anthropic\":{\"options\":{\"baseURL\":\"$MODEL/v1\"}}}}" \
	    -- opencode acp
	has "$output" "the-output"
	has "$(cat "$T/asked")" on-the-host
	is "$(cat "$T/mark")" on-the-host
}
