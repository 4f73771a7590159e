#!/usr/bin/env bats
# One session from start to end, on the engine of AIPOD_ENGINE, for real.

load helper

setup_file() { engine_file_setup; }
setup() { engine_setup; }
teardown() {
	unset CONTAINER_HOST
	[ -z "${service-}" ] || kill "$service" 2>/dev/null || :
	engine_teardown
}

@test "a command runs, its status is ours, and nothing is left" {
	status 0 aipod run true
	is "$output" ""
	status 1 aipod run false
	status 7 aipod run sh -c 'exit 7'
	status 125 aipod run sh -c 'exit 125'
	status 127 aipod run no-such-program
	status 126 aipod run /etc
	status 143 aipod run sh -c 'kill -TERM $$'
	until_true 5 nothing_left
}

@test "the engine as a service on a socket of this machine" {
	case $E in *docker*) skip "Docker always is one" ;; esac
	"$E" system service -t 60 "unix://$T/engine.sock" >"$T/log" 2>&1 3>&- &
	service=$!
	disown "$service"
	until_true 10 test -S "$T/engine.sock"
	export CONTAINER_HOST=unix://$T/engine.sock
	is "$("$E" info -f '{{.Host.ServiceIsRemote}}')" true
	approver once
	status 0 aipod run sh -c 'echo made >out; ls /run/aipod/*.sock; aipod-call -j run_command command="echo told"'
	has "$output" /run/aipod/egress.sock
	has "$(cat "$T/asked")" "echo told"
	is "$(cat out)" made
	status 7 aipod run sh -c 'exit 7'
	until_true 5 nothing_left
	run aipod-doctor
	has "$output" "by its service at $CONTAINER_HOST"
}

@test "the workspace is /app and what is made there is the user's" {
	echo hello >in
	status 0 aipod run sh -c 'cat in; echo made >out; mkdir d; pwd'
	is "$output" "hello
/app"
	is "$(cat out)" made
	is "$(stat -c %u:%g out d | sort -u)" "$(stat -c %u:%g "$T/ws")"
	is "$(stat -c %u "$T/ws")" "$(id -u)"
}

@test "the workspace at its own path: all that belongs to it is there, too" {
	command -v git >/dev/null || skip "no git here"
	git init -q .
	git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x
	git worktree add -q --detach wt
	echo 'PASSWORD=hunter2-and-more' >.env
	aipod hide add .env
	mkdir node_modules
	aipod mask add node_modules
	status 0 aipod run --at same sh -c 'pwd; cat .env; ls /app; echo made >out
	    echo x 2>&1 >.git/hooks/pre-commit; mv .git .g 2>&1
	    mount | grep -c " on $PWD/node_modules "
	    cd "$(sed "s/gitdir: //" wt/.git)" && cat commondir'
	is "$(printf '%s\n' "$output" | sed -n '1p;$p')" "$T/ws
../.."
	has "$output" "1
../.."
	lacks "$output" hunter2
	is "$(cat out)" made
	[ ! -e .git/hooks/pre-commit ]
	approver once
	status 0 aipod run --at same aipod-call -j run_command command='echo told'
	has "$output" "$T/ws/.aipod/commands/"
	lacks "$output" /app/
	echo AT=same >"$XDG_CONFIG_HOME/aipod/config"
	chmod 600 "$XDG_CONFIG_HOME/aipod/config"
	status 0 aipod run pwd
	is "$output" "$T/ws"
	status 0 aipod run --at app pwd
	is "$output" /app
	mkdir "$T/m"
	aipod mount add "$T/m:$T"
	status 100 aipod run pwd
	has "$stderr" "the workspace is there"
	status 100 aipod run --at here pwd
}

@test "a workspace at its own path must not shadow the wiring" {
	for dir in /usr/bin /etc /home /usr /opt; do
		[ -d "$dir" ] || continue
		status 100 aipod run --no-scan -n -w "$dir" --at same true
		has "$stderr" "use --at app"
	done
}

@test "run by root for somebody else, files are the workspace's owner's" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	chown 1234:1234 "$T/ws"
	status 0 aipod run sh -c 'echo x >f; id -u'
	is "$output" 1234
	is "$(stat -c %u:%g f)" 1234:1234
}

@test "stdio passes untouched: 100 MB of any bytes in and out" {
	head -c 100000000 /dev/urandom >"$T/in"
	aipod run cat <"$T/in" >"$T/out" 2>"$T/err"
	cmp "$T/in" "$T/out"
	is "$(cat "$T/err")" ""
}

@test "JSON-RPC lines go through and back one by one" {
	local i line
	coproc BOX { aipod run sh -c 'while read -r l; do echo "re:$l"; done'; }
	local in=${BOX[1]} out=${BOX[0]} pid=$BOX_PID
	for i in 1 2 3; do
		printf '{"jsonrpc":"2.0","id":%s}\n' $i >&"$in"
		read -r -t 20 line <&"$out"
		is "$line" "re:{\"jsonrpc\":\"2.0\",\"id\":$i}"
	done
	eval "exec $in>&-"
	wait "$pid"
}

@test "there is no network, no capability, no way to gain privileges" {
	status 0 aipod run cat /proc/self/status
	has "$output" "CapEff:	0000000000000000"
	has "$output" "CapBnd:	0000000000000000"
	has "$output" "NoNewPrivs:	1"
	status 0 aipod run sh -c 'ls /sys/class/net; cat /proc/net/route'
	is "$(printf '%s\n' "$output" | grep -v Iface)" lo
	status 0 aipod run sh -c 'echo x 2>&1 >/run/aipod/x; :'
	has "$output$stderr" "ead-only"
}

@test "the container sees its sockets and nothing else of the session" {
	status 0 aipod run ls /run/aipod
	is "$(printf '%s' "$output" | tr '\n' ' ')" \
	    "agent bin egress.sock gitconfig hosts mcp.sock"
	status 0 aipod run sh -c 'ls /run/aipod/bin'
	has "$output" aipod-call
}

@test "a dry run prints the engine's command and touches nothing" {
	status 0 aipod build
	mine() {	# other tests have sessions of their own meanwhile
		find "$T/state" "$(runtime_dir)/$(aipod-hash)" 2>/dev/null | sort
		left_containers
	}
	before=$(mine)
	status 0 aipod run -n true
	has "$output" "run --rm -i"
	has "$output" "--network none --cap-drop=all --security-opt no-new-privileges"
	has "$output" "$T/ws:/app"
	is "$(mine)" "$before"
}

@test "the home volume stays, everything else goes" {
	status 0 aipod run sh -c 'echo kept >~/f; echo gone >/tmp/f'
	status 0 aipod run sh -c 'cat ~/f; ls /tmp/f 2>/dev/null || echo none'
	is "$output" "kept
none"
	is "$("$E" volume inspect -f '{{index .Labels "aipod.workspace"}}' \
	    "aipod-$H-home")" "$H"
}

@test "a secret that nobody has decided about stops the launch" {
	echo 'PASSWORD=hunter2-and-more' >.env
	status 100 aipod run true </dev/null
	has "$stderr" .env
	has "$stderr" "aipod hide"
	[ -z "$(left_containers)" ]
	status 0 aipod run --no-scan true
	aipod scan | aipod hide add
	status 0 aipod run cat .env
	is "$output" ""
	is "$(cat .env)" "PASSWORD=hunter2-and-more"
	# it cannot be uncovered from inside
	status 0 aipod run sh -c 'rm -f .env; mv .env x; cat .env x 2>/dev/null; :'
	lacks "$output" hunter2
}

@test "a workspace that holds aipod's own files is refused" {
	status 100 aipod run -w "$T" true
	has "$stderr" "must not reach"
	status 100 aipod run -w / true
}

@test "an approved host command runs on the host and its output is read inside" {
	approver once
	status 0 aipod run aipod-call run_command command='echo "on $(pwd)"; id -u'
	has "$output" "on $T/ws"
	has "$output" "$(id -u)"
	is "$(cat "$T/asked")" 'echo "on $(pwd)"; id -u'
	[ -f "$(find .aipod/commands -name stdout)" ]
	is "$(cat .aipod/commands/*/*/exit)" 0
}

@test "always is remembered, no is no, and nobody to ask is no" {
	approver always
	status 0 aipod run aipod-call run_command command='echo first'
	rm -f "$T/asked"
	status 0 aipod run aipod-call run_command command='echo first'
	[ ! -e "$T/asked" ]
	approver no
	status 1 aipod run aipod-call run_command command='touch denied'
	[ -e "$T/asked" ]
	[ ! -e denied ]
	unset AIPOD_APPROVER
	status 1 setsid -w aipod run aipod-call run_command command='touch denied' \
	    </dev/null
	[ ! -e denied ]
	status 0 aipod log
	has "$output" "echo first"
	has "$output" "touch denied"
}

@test "both names lead to the MCP server" {
	for host in 127.0.0.1 host.containers.internal; do
		status 0 aipod run wget -q -O - "http://$host:7822/health"
	done
}

@test "rules that cannot be used: no session, and why" {
	aipod-allow add host a.example
	rules=$(echo "$XDG_STATE_HOME"/aipod/*/rules)
	chmod 620 "$rules"
	status 100 aipod run true
	has "$stderr" "$rules: refused"
	chmod 600 "$rules"
	status 0 aipod run true
	echo nonsense >>"$rules"
	status 100 aipod run true
	has "$stderr" "$rules:2"
	nothing_left
}

@test "a host without a rule is refused, and logged" {
	status 1 aipod run --egress deny wget -q -O - http://example.invalid/
	status 1 aipod run --egress deny wget -q -O - http://example.com/
	status 1 aipod run --egress deny sh -c "nc -w 3 192.0.2.1 80 </dev/null || exit 1"
}

@test "a host with a rule is reached by name, through the socket" {
	mkdir -p "$T/www"
	echo "from outside" >"$T/www/index.html"
	port=$((20000 + RANDOM % 20000))
	busybox httpd -f -p "127.0.0.1:$port" -h "$T/www" 3>&- &
	pid=$!
	aipod allow host "host.containers.internal:$port"
	status 0 aipod run wget -q -O - "http://host.containers.internal:$port/"
	kill "$pid"
	is "$output" "from outside"
	status 1 aipod run wget -q -O - \
	    "http://host.containers.internal:$((port + 1))/"
}

@test "several sessions at once in one workspace" {
	for i in 1 2 3; do
		aipod run sh -c "echo $i >started-$i; sleep 5" 3>&- &
	done
	until_true 20 sh -c 'ls started-3 started-2 started-1 >/dev/null 2>&1'
	is "$(left_sessions | wc -l)" 3
	is "$(left_containers | wc -l)" 3
	wait
	until_true 5 nothing_left
}

@test "processes are limited" {
	status 0 aipod run --pids 40 sh -c 'sh -c "i=0; while [ \$i -lt 60 ]; do
	    sleep 2 & i=\$((i + 1)); done" 2>&1 | grep fork'
	has "$output" "can't fork"
}

@test "limits: what the option or the setting says is what the box has" {
	case $E in *docker*) rootless= ;; *) rootless=$(id -u) ;; esac
	if [ "${rootless:-0}" -ne 0 ] &&
	    [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
		for option in '--memory 64m' '--cpus 1'; do
			status 111 aipod run $option true
			has "$stderr" "cgroups version 2"
		done
		return 0
	fi
	where='cat /sys/fs/cgroup/memory.max \
	    /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; :'
	status 0 aipod run --memory 64m sh -c "$where"
	has "$output" 67108864
	printf 'MEMORY=96m\nCPUS=1.5\nPIDS=50\n' >"$XDG_CONFIG_HOME/aipod/config"
	chmod 600 "$XDG_CONFIG_HOME/aipod/config"
	status 0 aipod run sh -c "$where"
	has "$output" 100663296
	status 0 aipod run --pids 60 sh -c 'cat /sys/fs/cgroup/pids.max \
	    /sys/fs/cgroup/pids/pids.max 2>/dev/null; cat /sys/fs/cgroup/cpu.max \
	    /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null; :'
	has "$output" 60
	has "$output" 150000
}

@test "a read-only root: nothing but the workspace, the home and /tmp" {
	status 0 aipod run --read-only --agent shell sh -c '
	    for d in / /usr /etc /bin /var /home /run/aipod; do
		echo x 2>/dev/null >"$d/written" && echo "$d"
	    done; echo x >/tmp/f; echo x >~/f; echo x >f; mount | grep " / "'
	is "$(printf '%s\n' "$output" | wc -l)" 1
	has "$output" "(ro"
	[ -e f ]
	# without it the home is kept, and /tmp is not
	status 0 aipod run sh -c 'cat ~/f; ls /tmp'
	is "$output" x
}

@test "what the box may reach is said on standard error, when asked to" {
	aipod allow host example.com
	status 0 aipod run -v echo out
	is "$output" out
	has "$stderr" "hosts: "
	has "$stderr" "1 of yours"
	is "$(printf '%s\n' "$stderr" | grep -c hosts:)" 1
	for quiet in '' -q; do
		status 0 aipod run $quiet echo out
		is "$output" out
		is "$stderr" ""
	done
}

@test "a mount's link that was swapped is judged again at the launch" {
	mkdir "$T/ok"
	chmod 755 "$T/ok"
	ln -s "$T/ok" "$T/link"
	aipod mount add "$T/link:/mnt/x"
	status 0 aipod run sh -c 'ls -d /mnt/x'
	for to in "$T/config" "$T/state" "$(runtime_dir)"; do
		ln -sfn "$to" "$T/link"
		status 100 aipod run sh -c 'ls /mnt/x'
		is "$output" ""
		has "$stderr" "aipod's own files"
	done
	rm "$T/link"
	status 0 aipod run sh -c '! ls /mnt/x'
	has "$stderr" "leaving out"
	is "$(left_containers)" ""
}

@test "the user's own mounts are there, read-only unless asked" {
	mkdir "$T/ro" "$T/rw"
	echo given >"$T/ro/f"
	chown -R "$(stat -c %u:%g "$T/ws")" "$T/ro" "$T/rw"
	aipod mount add "$T/ro:/mnt/ro"
	aipod mount add --rw "$T/rw:/mnt/rw"
	status 0 aipod run sh -c 'cat /mnt/ro/f; echo x >/mnt/rw/f;
	    echo x 2>/dev/null >/mnt/ro/f || echo refused'
	is "$output" "given
refused"
	is "$(cat "$T/rw/f")" x
}

# The launcher of a box that sleeps, started; its pid in $launcher.
start_box() {
	aipod run sh -c "$1" >"$T/out" 2>"$T/err" </dev/null 3>&- &
	launcher=$!
	until_true 20 test -e "$T/ws/up"
}

@test "TERM, INT and HUP reach the command, and nothing is left" {
	for sig in TERM INT HUP USR1; do
		rm -f up got
		start_box "trap 'echo $sig >got; exit 9' $sig; echo >up;
		    while :; do sleep 0.1; done"
		kill -"$sig" "$launcher"
		rc=0
		wait "$launcher" || rc=$?
		is "$rc" 9
		is "$(cat got)" "$sig"
	done
	until_true 5 nothing_left
}

@test "a command that ignores TERM is removed after the grace" {
	start_box "trap '' TERM; echo >up; while :; do sleep 0.1; done"
	kill "$launcher"
	wait "$launcher" || true
	until_true 5 nothing_left
}

@test "the launcher killed: the watchdog sweeps" {
	start_box "echo >up; sleep 1000"
	kill -9 "$launcher"
	until_true 20 nothing_left
}

@test "the engine's client killed: the container goes" {
	start_box "echo >up; sleep 1000"
	pkill -9 -P "$launcher" -f "run --rm"
	rc=0
	wait "$launcher" || rc=$?
	is "$rc" 111
	until_true 20 nothing_left
}

@test "the engine's monitor killed: the container goes" {
	case $E in *docker*) skip "Docker's daemon looks after its own" ;; esac
	start_box "echo >up; sleep 1000"
	id=$("$E" ps -q --no-trunc --filter "label=aipod.workspace=$H")
	pkill -9 -f "conmon .*$id"
	rc=0
	wait "$launcher" || rc=$?
	is "$rc" 111
	until_true 30 nothing_left
}

@test "open egress: a network of its own, MCP as ever" {
	net=aipod-$H-net
	"$E" network create "$net" >/dev/null 2>&1 ||
	    skip "the engine cannot make a network here"
	"$E" run --rm --network "$net" "$(aipod build)" true 2>/dev/null ||
	    skip "the engine cannot run a container with a network here"
	"$E" network rm "$net" >/dev/null
	status 0 aipod run --egress open sh -c 'ls /sys/class/net | grep -v lo;
	    wget -q -O - http://127.0.0.1:7822/health'
	has "$output" eth0
	has "$output" ok
	is "$("$E" network inspect -f '{{index .Labels "aipod.workspace"}}' "$net")" "$H"
	status 0 aipod clean -y
	run "$E" network inspect "$net"
	[ "$status" -ne 0 ]
}

@test "a server killed: it is started again, the session goes on" {
	start_box "echo >up; sleep 1000"
	for server in aipod-mcpd aipod-egress; do
		before=$(pgrep -P "$launcher" -f "$server")
		kill -9 "$before"
		until_true 5 sh -c "pgrep -P $launcher -f $server | grep -v ^$before\$"
	done
	kill "$launcher"
	wait "$launcher" || true
	until_true 10 nothing_left
}

@test "launcher and watchdog both killed: the next launch picks up" {
	start_box "echo >up; sleep 1000"
	dog=$(pgrep -P "$launcher" -x aipod-launch)
	kill -9 $dog "$launcher"
	status 0 aipod run true
	until_true 20 nothing_left
}

@test "an image that is gone is built again and the command runs" {
	status 0 aipod run true
	image=$(aipod build)
	"$E" rmi -f "$image" >/dev/null
	status 0 aipod run echo again
	has "$output" again
}

@test "orphans are reaped and do not hold the box open" {
	status 0 aipod run sh -c '(sleep 100 &) ; sh -c "sleep 0.1 & exit"; sleep 0.5;
	    ps -o stat | grep -c Z || :'
	is "$output" 0
}
