#!/usr/bin/env bats
# A login that is shared: as on the host, and nothing else of the host's.

load helper

setup_file() { engine_file_setup; }
setup() {
	engine_setup
	A=$T/config/aipod/agents/own
	mkdir -p "$A" "$T/home/.own/hooks"
	printf '%s\n' sh >"$A/command"
	echo .own/login.json >"$A/login"
	echo tiny >"$A/base"
	LOGIN=$T/home/.own/login.json
	login first "$LOGIN"
	echo '{"hooks":{}}' >"$T/home/.own/settings.json"
	export AIPOD_AGENT=own
}
teardown() { engine_teardown; }

# login TOKEN FILE: as an agent writes it.
login() {
	printf '{"oauth":{"accessToken":"%s","expiresAt":%s,"plan":"max"}}' \
	    "$1" "${3:-1}" >"$2.tmp"
	chmod 600 "$2.tmp"
	mv "$2.tmp" "$2"
}

# shared COMMAND...: the home of the user is the test's; the engine's is not.
shared() {
	HOME=$T/home aipod run --login share "$@"
}

# The host's whole configuration of the agent but the tokens.
rest() {
	find "$T/home" ! -name login.json -exec ls -ld {} + | cut -d' ' -f1,3-
	find "$T/home" -type f ! -name login.json -exec cat {} +
}

# The engine finds its images by the home: it keeps the user's.
engine_home() {
	mkdir -p "$T/bin"
	printf '#!/bin/sh\necho run >>"%s"\nHOME="%s" exec "%s" "$@"\n' \
	    "$T/calls" "$HOME" "$(command -v "$E")" >"$T/bin/${E##*/}"
	chmod 755 "$T/bin/${E##*/}"
	export AIPOD_ENGINE=$T/bin/${E##*/}
}

@test "the login is inside, with home, name and machine as on the host" {
	engine_home
	status 0 shared sh -c 'echo "$HOME"; cat "$HOME/.own/login.json";
	    echo; echo "$USER"; cat /etc/machine-id 2>/dev/null; ls -A "$HOME/.own"'
	has "$output" "$T/home
$(cat "$LOGIN")
$(id -un)"
	[ ! -r /etc/machine-id ] || has "$output" "$(cat /etc/machine-id)"
	lacks "$output" settings.json
	# the name is in the list of users, beside all others of the image
	status 0 shared sh -c 'id -un; echo ~; cut -d: -f1 /etc/passwd'
	is "$(printf '%s\n' "$output" | head -n 2)" "$(id -un)
$T/home"
	has "$output" root
	calls=$(wc -l <"$T/calls")
	status 0 shared true
	is $(($(wc -l <"$T/calls") - calls)) 1
	# by default the home's own
	status 1 aipod run --login own test -e "$T/home"
	status 100 aipod run --login other true
}

@test "a refresh inside comes back, however it is written" {
	engine_home
	status 0 shared sh -c "sed s/first/second/ ~/.own/login.json >~/.own/l &&
	    mv ~/.own/l ~/.own/login.json"
	has "$(cat "$LOGIN")" second
	is "$(stat -c %a "$LOGIN")" 600
	status 0 shared sh -c "sed s/second/third/ ~/.own/login.json >~/l;
	    cat ~/l >~/.own/login.json; sleep 2"
	has "$(cat "$LOGIN")" third
	status 0 shared sh -c 'cat ~/.own/login.json'
	has "$output" third
}

@test "a refresh on the host goes in, and the newest stays" {
	engine_home
	shared sh -c 'echo >up; until grep -q second ~/.own/login.json; do
	    sleep 0.2; done; echo >got; until [ -e end ]; do sleep 0.2; done' \
	    </dev/null 2>"$T/err" 3>&- &
	pid=$!
	until_true 20 test -e up
	login second "$LOGIN" 2
	until_true 20 test -e got
	login third "$LOGIN" 3
	touch end
	wait "$pid"
	has "$(cat "$LOGIN")" third
}

@test "two sessions at once see each other's refresh" {
	engine_home
	shared sh -c 'echo >up; until grep -q second ~/.own/login.json; do
	    sleep 0.2; done' </dev/null 2>"$T/err" 3>&- &
	pid=$!
	until_true 20 test -e up
	status 0 shared sh -c "sed -i s/first/second/ ~/.own/login.json"
	wait "$pid"
	has "$(cat "$LOGIN")" second
}

@test "nothing but new tokens comes back, and nothing else can be written" {
	engine_home
	before=$(rest) was=$(cat "$LOGIN")
	for bad in 's/max/free/' 's/"plan"/"x":1,"plan"/' 's/"plan":"max"/"plan":{}/' \
	    's/first/fi\\nrst/' 's/}}/}/' 's/first/first","hooks":"x/' 's/.*//' \
	    's/"expiresAt":1/"expiresAt":1,"expiresAt":2/'; do
		shared sh -c "sed '$bad' ~/.own/login.json >~/x;
		    cat ~/x >~/.own/login.json"
		is "$(cat "$LOGIN")" "$was"
	done
	shared sh -c 'head -c 100000 /dev/zero >~/.own/login.json'
	shared sh -c 'rm ~/.own/login.json; ln -s /etc/passwd ~/.own/login.json'
	shared sh -c 'rm ~/.own/login.json; mkfifo ~/.own/login.json'
	shared sh -c 'rm -rf ~/.own; echo x >~/.own'
	is "$(cat "$LOGIN")" "$was"
	is "$(rest)" "$before"
}

@test "the container's root finds no way to the host's files" {
	engine_home
	before=$(rest) was=$(cat "$LOGIN")
	shared sh -c 'echo >up; sleep 1000' </dev/null 2>"$T/err" 3>&- &
	pid=$!
	until_true 20 test -e up
	HOME=$T/home aipod attach --root sh -c "
	    mkdir -p $T/home/.own
	    echo evil >$T/home/.own/settings.json
	    echo evil >$T/home/.own/hooks/x
	    ln -sf $T/home/.own/settings.json $T/home/.own/login.json
	    find / -xdev -name settings.json -exec cp /dev/null {} \;
	    echo evil >/etc/machine-id; echo evil >/run/aipod/login.sock
	    umount $T/home; mount --bind / /app" || :
	# what is no message, what is one but no login, and what is a login
	[ -x "$TOP/build/test/unit/unixcat" ] || skip "run make unit"
	cp "$TOP/build/test/unit/unixcat" unixcat
	say() { printf "$1" | aipod attach ./unixcat /run/aipod/login.sock; }
	now='\177\377\377\377\377\377\377\377'
	say 'F\377\377\377\377' >/dev/null
	say "X\0\0\0\2$now{}" >/dev/null
	say "N\0\0\0\7$now{}" >/dev/null
	say "N\0\0\0\2$now{}" >/dev/null
	say "F\0\0\0\2$now{}" >/dev/null
	printf 'N\0\001\0\001' >m
	head -c 80000 /dev/zero >>m
	aipod attach ./unixcat /run/aipod/login.sock <m >/dev/null || :
	is "$(cat "$LOGIN")" "$was"
	new=${was/first/newer}
	has "$(say "N\0\0\0\0$now" | tr -d "\000")" "$was"
	say "N\0\0\0\0\0\0\0\0\0\0\0\0" >/dev/null
	say "N\0\0\0\\$(printf %o ${#new})\0\0\0\0\0\0\0\1$new" >/dev/null
	is "$(cat "$LOGIN")" "$was"
	say "N\0\0\0\\$(printf %o ${#new})$now$new" >/dev/null
	is "$(cat "$LOGIN")" "$new"
	status 0 aipod stop -W -t 0
	wait "$pid" || :
	is "$(cat "$LOGIN")" "$new"
	is "$(rest)" "$before"
}

@test "a login that is not there, or a link, is not shared: a line says so" {
	engine_home
	mv "$LOGIN" "$T/elsewhere"
	status 0 shared true
	has "$stderr" "log in on the host first"
	ln -s "$T/elsewhere" "$LOGIN"
	status 0 shared true
	has "$stderr" "cannot share the login"
	rm "$A/login"
	status 0 shared true
	has "$stderr" "no login that can be shared"
}
