load helper

setup() {
	OLD_HOME=$HOME OLD_RUNTIME=${XDG_RUNTIME_DIR-}
	setup_env
	cd "$T/ws" || return 1
}
teardown() {
	[ -z "${pids-}" ] || kill $pids 2>/dev/null || true
	[ -z "${H-}" ] || engine_teardown
}

# A session as aipod-launch makes one, held alive by a lock; its run/ is $D.
session() {
	D=$XDG_RUNTIME_DIR/aipod/$(aipod-hash)/${1:-0123abcd}
	mkdir -p "$D/run/bin"
	chmod 700 "$XDG_RUNTIME_DIR"/aipod "$XDG_RUNTIME_DIR"/aipod/*
	: >"$D/lock"
	flock "$D/lock" sleep 60 3>&- &
	pids="${pids-} $!"
	D=$D/run
	export D
	until_true 5 sh -c '! flock -n "$D/../lock" true'
}

# box COMMAND...: in the background, with the relay as its PID 1.
box() {
	local user=''
	[ "$(id -u)" -eq 0 ] || user=-Ur
	unshare $user -n -p -f --kill-child --mount-proc sh -c 'busybox ip link \
	    set lo up; exec aipod-relay -d "$D" --strict -- "$@"' sh "$@" \
	    >"$T/box" 2>&1 3>&- &
	pids="$pids $!"
}

# forward ARG...: started; the address in $to.
forward() {
	aipod-forward "$@" >"$T/to" 3>&- &
	forward=$!
	pids="$pids $forward"
	until_true 5 test -s "$T/to"
	to=$(cut -f 2 "$T/to")
}

need_box() {
	local user=''
	[ "$(id -u)" -eq 0 ] || user=-Ur
	unshare $user -n -p -f true || skip "no namespaces for us here"
}

@test "forward: usage" {
	for a in '' 0 65536 80:65536 80: :80 x 80:80:80 '80 81' -1; do
		status 100 aipod-forward $a
	done
	status 0 aipod-forward --help
	status 1 aipod-forward 80
	status 1 aipod-forward -s 0123abcd 80
}

@test "forward: a server in the box is reached on the host's loopback" {
	need_box
	session
	box socat TCP-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr EXEC:cat
	forward 8080:0
	is "$(cut -f 1 "$T/to")" 8080
	has "$to" 127.0.0.1:
	until_true 5 sh -c "echo hello | socat -t 5 - TCP:$to | grep hello"
	is "$(stat -c %a "$D"/forward-*.sock)" 600
	# many at once, and much
	head -c 3000000 /dev/urandom >"$T/in"
	for i in 1 2 3 4 5 6 7 8; do
		socat -t 20 - "TCP:$to" <"$T/in" >"$T/out$i" 3>&- &
		waits="${waits-} $!"
	done
	wait $waits
	for i in 1 2 3 4 5 6 7 8; do cmp "$T/in" "$T/out$i"; done
	kill $forward
	wait $forward
	[ -z "$(ls "$D" | grep forward)" ]
	run socat -u "TCP:$to" -
	[ "$status" -ne 0 ]
}

@test "forward: started before the box, and before its server" {
	need_box
	session
	forward 8080:0
	box sh -c 'until [ -e "$T/go" ]; do sleep 0.05; done
	    exec socat TCP6-LISTEN:8080,bind=[::1],fork EXEC:cat'
	# nobody listens yet: the client is cut off
	status 0 timeout 10 socat -t 5 -u "TCP:$to" - ||
	    is "$status" 1
	: >"$T/go"
	until_true 10 sh -c "echo six | socat -t 5 - TCP:$to | grep six"
}

@test "forward: the relay's network half killed, it goes on" {
	need_box
	session
	box socat TCP-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr EXEC:cat
	forward 8080:0
	until_true 5 sh -c "echo one | socat -t 5 - TCP:$to | grep one"
	# the younger of the two is the helper
	kill -9 "$(pgrep -f "^aipod-relay -d $D " | sort -n | tail -1)"
	until_true 10 sh -c "echo two | socat -t 5 - TCP:$to | grep two"
}

@test "forward: it listens on 127.0.0.1 and nowhere else" {
	session
	forward 8080:0
	port=${to#*:}
	is "$(ss -Hltn "sport = :$port" | awk '{ print $4 }')" "127.0.0.1:$port"
	status 111 aipod-forward "8080:$port"
	has "$stderr" "cannot listen on '127.0.0.1:$port'"
}

@test "forward: it ends with the session" {
	session
	forward 8080:0
	rm -r "${D%/run}"
	rc=0
	wait $forward || rc=$?
	is $rc 0
}

@test "forward: what the box says before it is asked is not believed" {
	session
	forward 8080:0
	sock=$(echo "$D"/forward-*.sock)
	printf 'no\n' | socat -t 5 - "UNIX:$sock" 3>&- &
	pids="$pids $!"
	sleep 0.2
	status 0 timeout 10 socat -u "TCP:$to" - || is "$status" 1
	is "$output" ""
	# a peer that ends without a word is passed over for the next
	: | socat - "UNIX:$sock" 3>&- &
	sleep 0.2
	printf 'ok\nyes' | socat -t 5 - "UNIX:$sock" 3>&- &
	pids="$pids $!"
	is "$(timeout 10 socat -u "TCP:$to" -)" yes
}

@test "forward: a real session" {
	export HOME=$OLD_HOME XDG_RUNTIME_DIR=$OLD_RUNTIME
	[ -n "$XDG_RUNTIME_DIR" ] || unset XDG_RUNTIME_DIR
	engine_file_setup
	engine_setup
	aipod run sh -c 'echo "from the box" >/tmp/index.html
	    httpd -p 127.0.0.1:8080 -h /tmp; : >up; sleep 60' \
	    </dev/null >"$T/run.log" 2>&1 3>&- &
	launcher=$!
	pids="${pids-} $launcher"
	until_true 40 test -e up || { cat "$T/run.log" >&2; return 1; }
	forward 8080:0
	until_true 10 eval '[ "$(curl -s -m 10 "http://$to/")" = "from the box" ]'
	kill $launcher
	wait $launcher || true
	wait $forward
}
