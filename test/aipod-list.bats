load helper
load boxes

setup() {
	setup_env
	[ -x "$TOP/build/test/unit/session" ] || skip "run make unit"
	E=podman
	HOLDERS=
}
teardown() { for h in $HOLDERS; do kill -9 "$h" 2>/dev/null || true; done; }

@test "none" {
	status 0 aipod-list
	is "$output" ""
	status 0 aipod-list -j -w "$T/ws"
	is "$output" ""
}

@test "living and dead sessions as records" {
	mkdir "$T/other"
	begin
	one=$id
	start=$(date -u -r "$dir/lock" +%Y-%m-%dT%H:%M:%SZ)
	h=$(aipod-hash "$T/ws")
	status 0 aipod-list
	is "$output" "$one	alive	$(cd "$T/ws" && pwd -P)	shell	podman	aipod-$h-$one	$start"
	begin "$T/other"
	end
	status 0 aipod-list
	is "$(printf '%s\n' "$output" | cut -f2 | sort | tr '\n' ' ')" "alive dead "
	status 0 aipod-list -w "$T/ws"
	is "$(printf '%s\n' "$output" | cut -f1)" "$one"
	status 0 aipod-list -w "$T/other"
	is "$(printf '%s\n' "$output" | cut -f1,2)" "$id	dead"
	status 0 aipod-list -w "$T"
	is "$output" ""
}

@test "facts that are not there yet are absent" {
	begin
	rm "$dir/agent" "$dir/container"
	status 0 aipod-list
	is "$(printf '%s\n' "$output" | cut -f4,6)" "-	-"
	status 0 aipod-list -j
	lacks "$output" '"agent"'
	has "$output" "\"session\":\"$id\""
}

@test "a workspace with any bytes in its name is one record, and right in JSON" {
	ws=$T/$'new\nline\ttab'
	mkdir "$ws"
	begin "$ws"
	status 0 aipod-list
	has "$output" 'new\nline\ttab'
	is "$(printf '%s\n' "$output" | wc -l | tr -d ' ')" 1
	command -v jq >/dev/null || skip "no jq"
	is "$(aipod-list -j | jq -r .workspace)" "$(cd "$ws" && pwd -P)"
}

@test "on a terminal: a heading, columns, and no raw control bytes" {
	command -v script >/dev/null || skip "no script(1)"
	script -qec true /dev/null >/dev/null 2>&1 </dev/null || skip "another script(1)"
	mkdir "$T/"$'evil\e[31m'
	begin "$T/"$'evil\e[31m'
	script -qec aipod-list /dev/null </dev/null >"$T/out"
	has "$(cat "$T/out")" "SESSION"
	has "$(cat "$T/out")" 'evil\x1b[31m'
	lacks "$(cat "$T/out")" $'\e'
}

@test "usage, and a runtime directory that is not to be trusted" {
	status 100 aipod-list word
	status 100 aipod-list -w "$T/gone"
	mkdir -p "$XDG_RUNTIME_DIR/aipod"
	chmod 777 "$XDG_RUNTIME_DIR/aipod"
	status 111 aipod-list
	has "$stderr" "cannot list the sessions"
}
