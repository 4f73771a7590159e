load helper
load boxes

setup_file() { boxes_file_setup; }
teardown_file() { boxes_file_teardown; }
setup() { boxes_setup; }
teardown() { boxes_teardown; }

# A launcher of the test's own: its session ends with its container.
launcher() {
	begin
	box
	( exec 3>&-; "$E" wait "$(cat "$dir/container")"; kill -9 "$holder" ) \
	    >/dev/null 2>&1 &
	disown $!
}

@test "the workspace's only session; with --wait it has ended" {
	launcher
	status 0 aipod-stop --wait -t 1
	is "$(running)" ""
	is "$(aipod-list | cut -f2)" dead
}

@test "without --wait it returns at once and ends by itself" {
	launcher
	before=$(date +%s)
	status 0 aipod-stop -t 3
	is "$stderr" "aipod-stop: ending session '$id', within 3 seconds"
	[ $(($(date +%s) - before)) -le 2 ]
	until_true 20 eval '[ -z "$(running)" ]'
}

@test "one by name, all, and the rest left alone" {
	launcher
	one=$id
	launcher
	two=$id
	status 1 aipod-stop
	has "$stderr" "name one"
	status 0 aipod-stop -W -t 0 "$one"
	is "$(running)" "aipod-$H-$two"
	launcher
	status 0 aipod-stop -W -t 0 --all
	is "$(running)" ""
	status 0 aipod-stop --all
}

@test "nothing to stop, and no such session" {
	status 1 aipod-stop
	status 1 aipod-stop 01234567
	status 100 aipod-stop word
	status 100 aipod-stop -t x
	status 100 aipod-stop --all 01234567
	status 100 aipod-stop --all -w .
}

@test "a session that is still being put together" {
	begin
	status 111 aipod-stop
	has "$stderr" "try again"
}
