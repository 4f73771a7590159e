load helper
load boxes

setup_file() { boxes_file_setup; }
teardown_file() { boxes_file_teardown; }
setup() { boxes_setup; }
teardown() { boxes_teardown; }

# What it says of this test's workspace: the engine may hold what others left.
ours() { printf '%s\n' "$1" | grep "$H" || :; }

remember() {
	mkdir -m 700 -p "$XDG_STATE_HOME/aipod/$H"
	(cd "$T/ws" && pwd -P) >"$XDG_STATE_HOME/aipod/$H/path"
}

@test "a dead session goes with its container, a living one stays" {
	begin
	box
	alive=$id
	begin
	box
	end
	status 0 aipod-sweep
	is "$(ours "$output")" "container	aipod-$H-$id
session	$H/$id"
	is "$(containers)" "aipod-$H-$alive"
	is "$(running)" "aipod-$H-$alive"
	[ ! -e "$dir" ]
	is "$(aipod-list | cut -f1,2)" "$alive	alive"
	status 0 aipod-sweep
	is "$(ours "$output")" ""
}

@test "one list and one removal are all that the engine is asked" {
	begin
	box
	end
	begin
	box
	end
	: >"$T/calls"
	status 0 aipod-sweep
	is "$(containers)" ""
	is "$(grep -c '^container ls' "$T/calls")" 1
	is "$(grep -c '^container rm' "$T/calls")" 1
}

@test "-n tells and touches nothing; -q says nothing" {
	begin
	box
	end
	status 0 aipod-sweep -n
	has "$output" "session	$H/$id"
	is "$(running)" "aipod-$H-$id"
	[ -d "$dir" ]
	status 0 aipod-sweep -q
	is "$output" ""
	is "$(containers)" ""
}

@test "--session: the dead one named, and no other" {
	begin
	box
	end
	one=$id onedir=$dir
	begin
	box
	end
	status 0 aipod-sweep -q --session "$H/$one"
	is "$(containers)" "aipod-$H-$id"
	[ ! -e "$onedir" ]
	status 0 aipod-sweep -q "$dir"
	is "$(containers)" ""
	[ ! -e "${dir%/*}" ]
}

@test "--session of a living one is refused" {
	begin
	box
	status 1 aipod-sweep --session "$H/$id"
	has "$stderr" "is alive"
	is "$(running)" "aipod-$H-$id"
	[ -d "$dir" ]
	status 100 aipod-sweep --session "$id"
	status 100 aipod-sweep --session "../$H/$id/x"
	status 100 aipod-sweep a b
}

@test "--session: a container that comes into being late" {
	begin
	end
	( exec 3>&-; sleep 1; "$E" run -d --network none \
	    --name "aipod-$H-$id" --label aipod.workspace="$H" \
	    --label aipod.session="$id" "$IMAGE" /bin/busybox sleep 1000 ) \
	    >/dev/null 2>&1 &
	status 0 aipod-sweep --session "$H/$id"
	wait
	is "$(containers)" ""
}

@test "a container whose session's directory is gone" {
	begin
	box
	end
	rm -r "$dir"
	status 0 aipod-sweep
	is "$(ours "$output")" "container	aipod-$H-$id"
	is "$(containers)" ""
}

@test "what is not labelled, or lives by another runtime directory, stays" {
	begin
	box
	"$E" create --name "aipod-$H-plain" "$IMAGE" /bin/true >/dev/null
	# as cron would call it: a runtime directory of its own
	mkdir -m 700 "$T/elsewhere"
	XDG_RUNTIME_DIR=$T/elsewhere status 0 aipod-sweep
	is "$(ours "$output")" ""
	is "$(running)" "aipod-$H-$id"
	end
	# dead, and ours to see by its mount
	XDG_RUNTIME_DIR=$T/elsewhere status 0 aipod-sweep
	is "$(running)" ""
	"$E" rm "aipod-$H-plain" >/dev/null
}

@test "a labelled container with nothing of a session is left" {
	"$E" create --name "aipod-$H-odd" --label aipod.workspace="$H" \
	    --label aipod.session=89abcdef "$IMAGE" /bin/true >/dev/null
	status 0 aipod-sweep
	is "$(containers)" "aipod-$H-odd"
}

@test "in a loop beside launches it never takes a living session" {
	( exec 3>&-; while [ ! -e "$T/stop" ]; do aipod-sweep -q; done ) &
	disown $!
	for i in 1 2 3 4; do
		begin
		box
		sleep 0.2
		has "$(running)" "aipod-$H-$id"
		[ -d "$dir/run" ]
	done
	: >"$T/stop"
}

@test "in a loop beside launches of aipod's own: all end as they should" {
	status 0 aipod run true
	( exec 3>&-; while [ ! -e "$T/stop" ]; do
	    aipod-sweep -q --age 0 --audit-age 1 || echo "status $?"
	done >"$T/sweeps" 2>&1 ) &
	sweeper=$!
	aipod run sh -c 'touch up; while [ ! -e down ]; do sleep 0.1; done
	    echo lived' >"$T/long" 3>&- &
	long=$!
	until_true 30 test -e up
	for i in 1 2 3 4 5 6 7 8 9 10; do
		status 0 aipod run true
		is "$output" ""
	done
	: >down
	wait "$long"
	is "$(cat "$T/long")" lived
	: >"$T/stop"
	wait "$sweeper"
	is "$(cat "$T/sweeps")" ""
	until_true 5 nothing_left
}

@test "stale command output of dead sessions, and nothing else" {
	remember
	begin
	cd "$T/ws"
	mkdir -p .aipod/commands/{0123abcd/1,"$id"/1,89abcdef,notes}
	echo secret >"$T/outside"
	ln -s "$T/outside" .aipod/commands/0123abcd/1/stdout
	ln -s "$T" .aipod/commands/fedcba98
	: >.aipod/commands/01230123
	status 0 aipod-sweep
	is "$(ours "$output")" ""
	status 0 aipod-sweep -n --age 0
	[ -d .aipod/commands/0123abcd ]
	status 0 aipod-sweep --age 0
	is "$(printf '%s\n' "$output" | grep "$T" | cut -f1 | sort -u)" commands
	[ ! -e .aipod/commands/0123abcd ] && [ ! -e .aipod/commands/89abcdef ]
	[ -d ".aipod/commands/$id" ] && [ -d .aipod/commands/notes ]
	[ -L .aipod/commands/fedcba98 ] && [ -f .aipod/commands/01230123 ]
	is "$(cat "$T/outside")" secret
	# old enough by itself
	mkdir .aipod/commands/0123abcd
	touch -d '3 days ago' .aipod/commands/0123abcd
	status 0 aipod-sweep
	[ ! -e .aipod/commands/0123abcd ]
}

@test "links in the workspace lead nowhere" {
	remember
	mkdir -p "$T/victim/commands/0123abcd/keep"
	cd "$T/ws"
	ln -s "$T/victim" .aipod
	status 0 aipod-sweep --age 0
	rm .aipod
	mkdir .aipod
	ln -s "$T/victim/commands" .aipod/commands
	status 0 aipod-sweep --age 0
	[ -d "$T/victim/commands/0123abcd/keep" ]
}

@test "a workspace that is gone: what can be made again goes, the home stays" {
	remember
	"$E" volume create "aipod-$H-home" >/dev/null
	"$E" volume create "aipod-$H-mask-x-01234567" >/dev/null
	cd /
	rm -r "$T/ws"
	status 0 aipod-sweep </dev/null
	is "$("$E" volume ls -q --filter "name=aipod-$H-")" "aipod-$H-home"
	[ -d "$XDG_STATE_HOME/aipod/$H" ]
	status 0 aipod-sweep -y
	is "$("$E" volume ls -q --filter "name=aipod-$H-")" ""
	[ ! -e "$XDG_STATE_HOME/aipod/$H" ]
}

@test "directories that never became sessions" {
	mkdir -m 700 "$R/aipod"
	mkdir -p "$R/aipod/$H/.new.0123abcd/run"
	status 0 aipod-sweep
	[ -d "$R/aipod/$H/.new.0123abcd" ]
	touch -d '1 hour ago' "$R/aipod/$H/.new.0123abcd"
	status 0 aipod-sweep
	[ ! -e "$R/aipod/$H" ]
}

@test "the timer, its service and the crontab line name commands that work" {
	status 0 aipod $(sed -n 's/^ExecStart=.*aipod //p' "$TOP/share/systemd/aipod-sweep.service")
	line=$(grep -v '^#' "$TOP/share/doc/crontab")
	status 0 sh -c "$(printf '%s\n' "$line" | cut -d' ' -f6-)"
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	systemd-analyze --man=no verify "$TOP"/share/systemd/aipod-sweep.*
}
