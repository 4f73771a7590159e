#!/usr/bin/env bats
# Clients from npm straight against aipod-mcpd on loopback, without a box, each
# with a model that has a script.  AIPOD_TEST_LONG=1 turns this on: it fetches
# some hundred megabytes once, into ~/.cache/aipod-test/clients.
load helper

setup_file() {
	[ -n "${AIPOD_TEST_LONG-}" ] || return 0
	export C=${XDG_CACHE_HOME:-$HOME/.cache}/aipod-test/clients
	arch=x64
	[ "$(uname -m)" != aarch64 ] || arch=arm64
	if command -v npm >/dev/null && ! [ -e "$C/complete" ]; then
		mkdir -p "$C"
		(cd "$C" && timeout 600 npm install --no-audit --no-fund --silent \
		    @openai/codex @google/gemini-cli @modelcontextprotocol/inspector@2 \
		    "node-linux-$arch@22" >/dev/null 2>&1 && touch complete) || true
	fi
}

setup() {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG is not set"
	command -v npm >/dev/null || skip "no npm here"
	[ -e "$C/complete" ] || skip "the clients cannot be had here"
	setup_env
	for n in "$C"/node_modules/node-linux-*/bin; do PATH=$n:$PATH; done
	export PATH=$C/node_modules/.bin:$PATH AIPOD_TOKEN=0123456789abcdef0123
	cd "$T/ws"
	aipod-allow command "echo on-the-host >'$T/mark'; echo the-output"
	COMMAND="echo on-the-host >'$T/mark'; echo the-output"
	aipod-mcpd -q -l 127.0.0.1:0 >"$T/url" 3>&- &
	server=$!
	python3 "$TOP/test/images/model" "$T/model.log" "$COMMAND" >"$T/port" 3>&- &
	model=$!
	until_true 10 [ -s "$T/url" ]
	until_true 10 [ -s "$T/port" ]
	URL=$(cat "$T/url") MODEL=http://127.0.0.1:$(cat "$T/port")
}

teardown() {
	[ -z "${server-}" ] || kill "$server" "$model" 2>/dev/null || true
}

done_it() {
	has "$output" "the-output"
	is "$(cat "$T/mark")" on-the-host
}

@test "Codex calls a tool" {
	export CODEX_HOME=$T/codex OPENAI_API_KEY=sk-test
	mkdir "$CODEX_HOME"
	status 0 timeout 120 codex -c model_provider=t -c model_providers.t.name=t \
	    -c "model_providers.t.base_url=$MODEL/v1" \
	    -c model_providers.t.wire_api=responses \
	    -c model_providers.t.env_key=OPENAI_API_KEY \
	    -c approval_policy=never -c sandbox_mode=danger-full-access \
	    -c check_for_update_on_startup=false -c analytics.enabled=false \
	    -c "mcp_servers.aipod.url=$URL" \
	    -c mcp_servers.aipod.required=true \
	    -c mcp_servers.aipod.bearer_token_env_var=AIPOD_TOKEN \
	    exec -m gpt-5-codex --skip-git-repo-check go </dev/null
	done_it
}

@test "Gemini CLI calls a tool" {
	export GEMINI_API_KEY=test GEMINI_DEFAULT_AUTH_TYPE=gemini-api-key
	export GOOGLE_GEMINI_BASE_URL=$MODEL GEMINI_CLI_TRUST_WORKSPACE=true
	mkdir -p "$HOME/.gemini"
	jq -n --arg url "$URL" --arg auth "Bearer $AIPOD_TOKEN" '{
	    general: {enableAutoUpdate: false}, privacy: {usageStatisticsEnabled: false},
	    security: {folderTrust: {enabled: false}, auth: {selectedType: "gemini-api-key"}},
	    mcpServers: {aipod: {httpUrl: $url, headers: {Authorization: $auth}, trust: true}}}' \
	    >"$HOME/.gemini/settings.json"
	status 0 timeout 120 gemini --yolo -m gemini-2.5-flash -p go </dev/null
	done_it
}

@test "the Inspector lists the tools and calls one" {
	inspect() {
		timeout 60 mcp-inspector --cli "$URL" --transport http \
		    --header "Authorization: Bearer $AIPOD_TOKEN" "$@" </dev/null
	}
	status 0 inspect --method tools/list
	has "$output" run_command
	status 0 inspect --method tools/call --tool-name run_command \
	    --tool-arg "command=$COMMAND"
	done_it
}
