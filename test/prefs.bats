#!/usr/bin/env bats
# The user's preferences for an agent: taken along, without the host's
# programs, fresh when they changed, never writable from inside.

load helper

setup_file() { engine_file_setup; }

setup() {
	engine_setup
	export AIPOD_AGENT=robot
	A=$T/config/aipod/agents/robot
	mkdir -p "$A"
	printf '%s\n' '#!/bin/sh' 'here=$(dirname "$0")' 'sh "$here/take"' \
	    'exec "$@"' >"$A/start"
	chmod 755 "$A/start"
	echo sh >"$A/command"
	echo tiny >"$A/base"
	# below the real home, by which the engine finds its images
	D=.aipod-test-$$
	mkdir "$HOME/$D"
	printf '%s\n' "$D/a.json" "$D/b.toml" "$D/sub" >"$A/files"
	printf '%s\n' "$D/a.json hooks" "$D/a.json statusLine" \
	    "$D/b.toml mcp_servers" "$D/b.toml notify" >"$A/leave"
}

teardown() {
	rm -rf "${HOME:?}/${D:?}"
	engine_teardown
}

inside() { aipod run sh -c "cd ~/$D && $1"; }

@test "JSON without what names programs of the host, and all else kept" {
	cat >"$HOME/$D/a.json" <<-'EOT'
	{ // mine
	  "theme": "dark", "hooks": {"Stop": [{"x": "evil"}]},
	  "statusLine": {"command": "bin/line"},
	  "unknown": {"hooks": [1, 2.50, "\u00e9"]},
	}
	EOT
	status 0 inside 'cat a.json'
	is "$output" '{"theme":"dark","unknown":{"hooks":[1,2.50,"\u00e9"]}}'
	# what is none stays at home, and that is said
	echo '{"theme": ' >"$HOME/$D/a.json"
	rm -f "$HOME/$D/none"
	status 0 aipod run ls "/run/aipod/agent/home/$D"
	is "$output" ""
	has "$stderr" "not taken along: '$D/a.json'"
}

@test "TOML without tables and keys that name programs, byte for byte" {
	cat >"$HOME/$D/b.toml" <<-'EOT'
	# mine
	model = "big" # [mcp_servers]
	notify = ["sh",
	  "-c", "evil ]"]
	text = """
	[mcp_servers.no]
	notify = 1
	"""
	notify_me = true

	[mcp_servers.one]
	command = "evil"
	args = ["a",
	"[b]"]
	[ mcp_servers . "two" ]
	url = "http://x"
	[mcp_servers_of_mine]
	a = 1
	[[profiles]]
	mcp_servers = 'stays'
	EOT
	status 0 inside 'cat b.toml'
	is "$output" '# mine
model = "big" # [mcp_servers]
text = """
[mcp_servers.no]
notify = 1
"""
notify_me = true

[mcp_servers_of_mine]
a = 1
[[profiles]]
mcp_servers = '"'stays'"
	for bad in 'a = [1' 'a = "x' "a = '''x"; do
		printf '%s\n' "$bad" '[mcp_servers]' >"$HOME/$D/b.toml"
		status 0 aipod run ls "/run/aipod/agent/home/$D"
		is "$output" ""
	done
}

@test "fresh when it changed on the host, else as it was left inside" {
	mkdir "$HOME/$D/sub"
	echo one >"$HOME/$D/sub/x"
	status 0 inside 'cat sub/x; echo inside >sub/x; echo login >token'
	is "$output" one
	status 0 inside 'cat sub/x token'
	is "$output" "inside
login"
	echo two >"$HOME/$D/sub/x"
	status 0 inside 'cat sub/x token'
	is "$output" "two
login"
	is "$(cat "$HOME/$D/sub/x")" two
	status 0 aipod run sh -c "echo no >/run/aipod/agent/home/$D/sub/x || echo refused"
	is "$output" refused
}

@test "Claude Code's trust in a folder is added, and all else stays" {
	command -v node >/dev/null || skip "no node here"
	trust() {
		node "$TOP/share/agents/claude/templates/trust.js" "$T/c.json" "$1"
	}
	echo '{"a":[1],"projects":{"/app":{"hasTrustDialogAccepted":true,"x":1},"/b":{"y":2}}}' >"$T/c.json"
	was=$(cat "$T/c.json")
	trust /app
	is "$(cat "$T/c.json")" "$was"
	trust /b
	is "$(tr -d ' \n' <"$T/c.json")" '{"a":[1],"projects":{"/app":{"hasTrustDialogAccepted":true,"x":1},"/b":{"y":2,"hasTrustDialogAccepted":true,"hasCompletedProjectOnboarding":true}}}'
	is "$(stat -c %a "$T/c.json")" 600
	for text in '[]' '{' '' null; do
		printf '%s' "$text" >"$T/c.json"
		trust /b
		is "$(cat "$T/c.json")" "$text"
	done
}
