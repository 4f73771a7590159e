#!/usr/bin/env bats

load helper

setup() {
	setup_env
	mkdir -p "$XDG_CONFIG_HOME/aipod/agents/mine"
	cd "$T" || return 1
}

@test "ours and the user's own, sorted, as records" {
	status 0 aipod-agents
	has "$output" "claude	aipod	"
	has "$output" "mine	own	-	$XDG_CONFIG_HOME/aipod/agents/mine"
	has "$output" "shell	aipod	"
	is "$(printf '%s\n' "$output" | LC_ALL=C sort)" "$output"
}

@test "the user's own goes before one of the same name" {
	mkdir "$XDG_CONFIG_HOME/aipod/agents/shell"
	echo "my shell" >"$XDG_CONFIG_HOME/aipod/agents/shell/about"
	status 0 aipod-agents shell
	is "$output" "shell	own	my shell	$XDG_CONFIG_HOME/aipod/agents/shell"
	is "$(aipod-agents | grep -c '^shell	')" 1
}

@test "what is no name is no agent" {
	mkdir "$XDG_CONFIG_HOME/aipod/agents/.hidden" \
	    "$XDG_CONFIG_HOME/aipod/agents/Upper" "$T/out"
	is "$(aipod-agents | cut -f1 | grep -cE 'hidden|Upper')" 0
	for name in .hidden Upper ../agents/shell '' . .. /etc "$(printf 'a\nb')" \
	    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do
		status 1 aipod-agents "$name"
		is "$output" ""
	done
	status 1 aipod-agents nobody shell
	has "$output" "shell	"
}

@test "as JSON" {
	status 0 aipod-agents -j mine
	is "$output" "{\"name\":\"mine\",\"origin\":\"own\",\"about\":null,\"dir\":\"$XDG_CONFIG_HOME/aipod/agents/mine\"}"
	status 100 aipod-agents -x
}

@test "every agent of ours is whole" {
	for dir in "$AIPOD_SHARE"/agents/*/; do
		name=$(basename "$dir")
		[ -s "$dir/command" ] && [ -s "$dir/about" ] &&
		    [ -s "$dir/base" ]
		if [ -f "$dir/install" ]; then sh -n "$dir/install"; fi
		[ ! -e "$dir/start" ] || { [ -x "$dir/start" ] && sh -n "$dir/start"; }
		is "$(cat "$dir/env" 2>/dev/null |
		    grep -vE '^(#|$|[A-Z_][A-Z0-9_]*=)')" ""
		is "$(grep -vE '^(#|$|(allow|deny) host [a-z0-9.*-]+$)' "$dir/rules")" ""
		for json in "$dir"/templates/*.json; do
			[ ! -f "$json" ] || jq -e . "$json" >/dev/null
		done
		has "$(aipod-agents "$name")" "$name	aipod"
	done
}

@test "starting twice leaves the login alone and the wiring current" {
	command -v jq >/dev/null || skip "no jq here"
	cp -R "$AIPOD_SHARE/agents/claude" agent
	cp "$AIPOD_SHARE/agents/take" agent
	mkdir -p home agent/home/.claude
	echo mine >agent/home/.claude/CLAUDE.md
	echo skill >agent/skill.md
	export HOME=$T/home ANTHROPIC_API_KEY='sk-0123456789abcdefghijklmnop'
	status 7 agent/start sh -c 'exit 7'
	is "$(jq -r '.customApiKeyResponses.approved[0]' home/.claude.json)" 6789abcdefghijklmnop
	is "$(jq -r '.mcpServers.aipod.url' home/.claude.json)" http://127.0.0.1:7822/mcp
	is "$(cat home/.claude/CLAUDE.md home/.claude/skills/aipod/SKILL.md)" "mine
skill"
	echo '{"login":true}' >home/.claude.json
	echo "new skill" >agent/skill.md
	echo "mine, too" >agent/home/.claude/CLAUDE.md
	status 0 agent/start true
	# where there is node the workspace's trust is added, and nothing else
	is "$(jq -c 'del(.projects)' home/.claude.json)" '{"login":true}'
	if command -v node >/dev/null; then
		is "$(jq -c '.projects | keys' home/.claude.json)" '["/app"]'
	fi
	is "$(cat home/.claude/CLAUDE.md home/.claude/skills/aipod/SKILL.md)" "mine, too
new skill"
}
