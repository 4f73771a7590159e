load helper
load boxes

setup_file() { boxes_file_setup; }
teardown_file() { boxes_file_teardown; }
setup() { boxes_setup; }
teardown() { boxes_teardown; }

@test "the only session of the workspace: a command in its container" {
	begin
	box
	status 0 aipod-attach sh -c 'echo "in $1"; cat; exit 0' x box </dev/null
	is "$output" "in box"
	is "$(echo through | aipod-attach cat)" through
	status 7 aipod-attach sh -c 'exit 7'
	rc=0
	aipod-attach no-such-program 2>/dev/null || rc=$?
	[ $rc -eq 127 ] || [ $rc -eq 126 ]	# Docker's
	status 0 aipod-attach -w "$T/ws" echo -n x
	is "$output" x
}

@test "a session by its name, from anywhere" {
	begin
	box
	cd /
	status 0 aipod-attach "$id" echo one
	is "$output" one
	status 0 aipod-attach "$H/$id" -- echo two
	is "$output" two
	status 0 aipod-attach -w "$T/ws" -- echo "$id"
	is "$output" "$id"
	status 100 aipod-attach -w "$T/ws" "$id" true
}

@test "--root is the container's root, who can read nothing private" {
	begin
	box
	status 0 aipod-attach --root sh -c 'cat /proc/self/status'
	has "$output" "Uid:	0	0"
	is "$(stat -c %a "$dir" "$dir/run" | xargs)" "700 711"
}

@test "a shell where there is no command" {
	begin
	box
	is "$(echo 'echo $((6 * 7)); exit 3' | { aipod-attach; echo $?; })" "42
3"
}

@test "-e sets and passes on" {
	begin
	box
	export PASSED=on
	status 0 aipod-attach -e SET=value -e PASSED sh -c 'echo $SET $PASSED'
	is "$output" "value on"
}

@test "none, or more than one: status 1 and what there is" {
	status 1 aipod-attach true
	has "$stderr" "no session is alive"
	is "$output" ""
	begin
	one=$id
	begin
	status 1 aipod-attach true
	has "$stderr" "name one"
	is "$(printf '%s\n' "$output" | cut -f1 | sort | tr '\n' ' ')" \
	    "$(printf '%s\n' "$one" "$id" | sort | tr '\n' ' ')"
	end
	status 1 aipod-attach "$id" true
	has "$stderr" "not alive"
	status 1 aipod-attach 01234567 true
}

@test "a session that has no container yet" {
	begin
	status 111 aipod-attach true
	has "$stderr" "try again"
}

@test "with a terminal the command has one" {
	command -v script >/dev/null || skip "no script(1)"
	script -qec true /dev/null >/dev/null 2>&1 </dev/null || skip "another script(1)"
	begin
	box
	script -qec 'aipod-attach tty' /dev/null </dev/null >"$T/out"
	has "$(cat "$T/out")" /dev/pts/
	status 1 aipod-attach tty </dev/null
}
