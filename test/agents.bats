#!/usr/bin/env bats
# OpenCode, Codex and Gemini CLI from npm in their boxes, each with a model
# that has a script.  AIPOD_TEST_AGENTS says which: opencode when unset.

load helper
load lib-images

teardown() { agent_teardown; }

# real AGENT ENVIRONMENT... -- WORDS...: the agent asks its model, runs the
# host's command and says what came back.
real() {
	local agent=$1 env=()
	case " ${AIPOD_TEST_AGENTS-opencode} " in
	*" $agent "*) ;;
	*) skip "AIPOD_TEST_AGENTS does not name $agent" ;;
	esac
	shift
	agent_file_setup "$agent"
	skip_if_so
	agent_setup "$agent"
	model "echo on-the-host >'$T/mark'; echo the-output"
	while [ "$1" != -- ]; do
		env+=(-e "${1//@port@/$PORT}")
		shift
	done
	shift
	status 0 aipod run "${env[@]}" -- "${AGENT[@]}" "${@//@port@/$PORT}" </dev/null
	has "$output" "RESULT"
	has "$output" "the-output"
	is "$(cat "$T/mark")" on-the-host
}

@test "OpenCode runs a command on the host and prints the output" {
	real opencode ANTHROPIC_API_KEY=sk-test \
	    'OPENCODE_CONFIG_CONTENT={"provider":{"anthropic":{"options":{"baseURL":"http://host.containers.internal:@port@/v1"}}}}' \
	    -- run -m anthropic/claude-sonnet-4-5 go
}

@test "Codex runs a command on the host and prints the output" {
	real codex OPENAI_API_KEY=sk-test -- \
	    -c model_provider=t -c model_providers.t.name=t \
	    -c 'model_providers.t.base_url=http://host.containers.internal:@port@/v1' \
	    -c model_providers.t.wire_api=responses \
	    -c model_providers.t.env_key=OPENAI_API_KEY \
	    exec --skip-git-repo-check go
}

@test "Gemini CLI runs a command on the host and prints the output" {
	real gemini GEMINI_API_KEY=test \
	    GEMINI_DEFAULT_AUTH_TYPE=gemini-api-key \
	    'GOOGLE_GEMINI_BASE_URL=http://host.containers.internal:@port@' \
	    -- -p go
}
