#!/usr/bin/env bats
# Containers that are kept: sessions that go on in one, for real.

load helper

setup_file() { engine_file_setup; }
setup() { engine_setup; }
teardown() { engine_teardown; }

# The session that says so, started; its launcher in $launcher.
start_session() {
	rm -f up
	aipod run "$@" sh -c 'echo >/app/up; while :; do sleep 0.1; done' \
	    </dev/null 2>"$T/err" 3>&- &
	launcher=$!
	until_true 20 test -e up
}

# Something put into the container's own file system, as its root.
install_package() {
	status 0 aipod attach --root sh -c "
	    printf '#!/bin/sh\necho $1 says hello\n' >/usr/$1 &&
	    chmod 755 /usr/$1"
}

end_session() {
	status 0 aipod stop -t 2
	wait "$launcher" || :
}

@test "what was installed is there next time, with sockets that work" {
	start_session --keep
	is "$(aipod list -w . | cut -f2)" alive
	first=$(aipod list -w . | cut -f1)
	install_package cow
	end_session
	is "$(aipod list -w . | cut -f2,4)" "kept	shell"
	kept=$(aipod list -w . | cut -f6)
	has "$(left_containers)" "$("$E" ps -a -q --filter "name=$kept")"
	[ ! -e "$(runtime_dir)/$H" ]
	# without being asked: the next launch goes on in it
	status 0 aipod run sh -c '/usr/cow; echo "$AIPOD_SESSION"
	    aipod-call list_allowed_commands >/dev/null && echo served'
	has "$output" "cow says hello"
	has "$output" served
	lacks "$output" "$first"
	is "$(aipod list -w . | cut -f2,6)" "kept	$kept"
	status 7 aipod run sh -c 'cat; exit 7' <<<"through"
	is "$output" through
	# unless it is told not to
	status 127 aipod run --no-keep /usr/cow
	is "$(aipod list -w . | cut -f6)" "$kept"
}

@test "a session's values are its own, and written down nowhere" {
	SECRET=first status 0 aipod run --keep -e SECRET -e ONE=1 \
	    sh -c 'echo "$SECRET$ONE"'
	is "$output" first1
	kept=$(aipod list -w . | cut -f6)
	run "$E" inspect "$kept"
	lacks "$output" first
	SECRET=second status 0 aipod run -e SECRET \
	    sh -c 'echo "$SECRET$ONE"; cat /run/aipod/start'
	has "$output" second
	lacks "$output" first
}

@test "rules and hidden files are those of now, not of when it was made" {
	start_session --keep
	install_package cow
	end_session
	echo 'PASSWORD=hunter2-and-more' >.env
	aipod hide add .env
	status 0 aipod run sh -c '/usr/cow; cat .env; mount | grep -c /app/.env'
	is "$output" "cow says hello
1"
	has "$stderr" "has changed"
	# it is made anew once, not each time
	status 0 aipod run sh -c '/usr/cow; cat .env'
	is "$output" "cow says hello"
	is "$stderr" ""
	aipod hide remove .env
	status 0 aipod run --no-scan sh -c '/usr/cow; cat .env'
	is "$output" "cow says hello
PASSWORD=hunter2-and-more"
	aipod allow command 'echo *'
	status 0 aipod run --no-scan aipod-call run_command command='echo ruled'
	has "$output" ruled
	is "$(aipod list -w . | wc -l)" 1
}

@test "nothing of an old session can be reached from the next" {
	start_session --keep
	status 0 aipod attach sh -c 'mkdir -p /tmp/old
	    cp /run/aipod/hosts /tmp/old/hosts
	    (exec 9</run/aipod 8</run/aipod/hosts; sleep 1000) >/dev/null 2>&1 &'
	old=$(runtime_dir)/$H
	before=$(cat "$old"/*/kept)
	end_session
	[ ! -e "$old" ]
	status 0 aipod run sh -c 'ps | grep -c "[s]leep 1000"; ls /run/aipod;
	    for f in /proc/[0-9]*/fd/*; do readlink "$f"; done 2>/dev/null |
	    grep -c deleted; :'
	has "$output" mcp.sock
	is "$(printf '%s\n' "$output" | head -n 1)" 0
	is "$(printf '%s\n' "$output" | tail -n 1)" 0
	is "$(aipod list -w . | cut -f1)" "$before"
}

@test "several at once, kept or not, each with a container of its own" {
	start_session --keep
	install_package cow
	one=$launcher
	start_session --keep
	two=$launcher
	start_session --no-keep
	is "$(aipod list -w . | cut -f2 | sort | uniq -c | tr -s ' ')" " 3 alive"
	is "$(left_containers | wc -l)" 3
	status 0 aipod stop -W -t 1 $(aipod list -w . | cut -f1)
	wait "$one" "$two" "$launcher" || :
	is "$(aipod list -w . | cut -f2)" "kept
kept"
	status 0 aipod clean --kept
	is "$(printf '%s\n' "$output" | cut -f1 | sort -u)" container
	is "$(left_containers)" ""
	is "$(aipod list -w .)" ""
	# nothing is kept of what was not to be
	status 0 aipod run true
	until_true 5 nothing_left
}

@test "a setting keeps, and clean removes it all" {
	echo KEEP=yes >>"$XDG_CONFIG_HOME/aipod/config"
	chmod 600 "$XDG_CONFIG_HOME/aipod/config"
	status 0 aipod run true
	is "$(aipod list -w . | cut -f2)" kept
	has "$(aipod list -w . -j)" '"state":"kept"'
	echo x >.env
	aipod hide add .env
	status 0 aipod run true
	status 0 aipod sweep
	is "$(aipod list -w . | cut -f2)" kept
	status 0 aipod clean -y
	is "$(left_containers)" ""
	is "$(aipod list -w .)" ""
	is "$("$E" images -a -q --filter "label=aipod.workspace=$H")" ""
}

@test "launcher and watchdog killed: it is stopped, and gone on in" {
	start_session --keep
	install_package cow
	kill -9 $(pgrep -P "$launcher" -x aipod-launch) "$launcher"
	status 0 aipod run /usr/cow
	is "$output" "cow says hello"
	is "$(left_containers | wc -l)" 1
	until_true 20 eval '[ ! -e "$(runtime_dir)/$H" ]'
}

@test "the launcher killed: the watchdog stops it and leaves it" {
	start_session --keep
	install_package cow
	kill -9 "$launcher"
	until_true 20 eval '[ ! -e "$(runtime_dir)/$H" ]'
	is "$("$E" ps -q --filter "label=aipod.workspace=$H")" ""
	status 0 aipod run /usr/cow
	is "$output" "cow says hello"
}

@test "removed behind our back: a new one is made" {
	status 0 aipod run --keep true
	"$E" rm -f "$(left_containers)" >/dev/null
	status 0 aipod run --keep echo anew
	is "$output" anew
	is "$(aipod list -w . | cut -f2)" kept
}

@test "a rebuilt image begins with a new one, an older image is said" {
	start_session --keep
	install_package cow
	end_session
	status 127 aipod run --rebuild --keep /usr/cow
	is "$(aipod list -w . | wc -l)" 2
	status 0 aipod clean -q --kept
	status 0 aipod run --keep true
	sed -i 's/^/x/' "$XDG_STATE_HOME/aipod/$H/kept/"*/image
	status 0 aipod run true
	has "$stderr" "older than the one"
	has "$stderr" "clean --kept"
}

# What engines do not do with too many layers, by one that refuses.
refusing() {
	mkdir -p "$T/bin"
	printf '#!/bin/sh\ncase " %s " in *" $1 "*) exit 125 ;; esac\nexec "%s" "$@"\n' \
	    "$*" "$(command -v "$E")" >"$T/bin/${E##*/}"
	chmod 755 "$T/bin/${E##*/}"
}
remake() {
	echo x >".env$1"
	aipod hide add ".env$1"
}

@test "nobody but the launcher holds its lock" {
	start_session --keep
	k=$(echo "$XDG_STATE_HOME/aipod/$H/kept/"*)
	is "$(find /proc/[0-9]*/fd -lname "$k/lock" 2>/dev/null | cut -d/ -f3 | sort -u | wc -l)" 1
	end_session
}

@test "layers become one before they are too many; nothing is lost" {
	export AIPOD_ENGINE=$T/bin/${E##*/}
	refusing
	start_session --keep
	install_package cow
	end_session
	k=$(echo "$XDG_STATE_HOME/aipod/$H/kept/"*)
	path=$(aipod run sh -c 'echo "$PATH"')
	for n in 1 2; do
		remake $n
		status 0 aipod run /usr/cow
		is "$(cat "$k/layers")" $n
	done
	layers() {
		"$E" image inspect -f '{{len .RootFS.Layers}}' "$(cat "$k/layer")"
	}
	[ "$(layers)" -gt 1 ]
	echo 40 >"$k/layers"
	remake 3
	status 0 aipod run sh -c '/usr/cow; echo "$PATH"; id -u'
	is "$output" "cow says hello
$path
$(aipod run --no-keep id -u)"
	is "$(layers)" 1
	is "$(cat "$k/layers")" 1
	# the same when the engine has had enough
	refusing commit
	remake 4
	status 0 aipod run /usr/cow
	is "$(layers)" 1
	# and when nothing works
	refusing commit export
	remake 5
	status 111 aipod run /usr/cow
	has "$stderr" "which is as it was"
	[ ! -e "$k/root.tar" ]
	refusing
	status 0 aipod run /usr/cow
	is "$output" "cow says hello"
	status 0 aipod clean -y
	is "$("$E" images -a -q --filter "label=aipod.workspace=$H")" ""
}
