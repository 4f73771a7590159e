# The relay as PID 1 of namespaces of its own, and in real containers.

load helper

setup() {
	OLD_HOME=$HOME OLD_RUNTIME=${XDG_RUNTIME_DIR-}
	setup_env
	D=$T/d
	export D EGRESS_LOG=$T/asked EGRESS_ZEROES=50000000
	mkdir -p "$D/bin"
	: >"$EGRESS_LOG"
	mkdir "$T/bin"
	printf '#!/bin/sh\nexec python3 "$TOP/test/relay/ask.py" "$@"\n' \
	    >"$T/bin/ask"
	chmod 755 "$T/bin/ask"
	PATH=$PATH:$T/bin
	rules 'mode ask'
	cd "$T" || return 1
}

teardown() {
	[ -z "${servers-}" ] || kill $servers 2>/dev/null || true
}

rules() {
	printf '%s\n' "$@" >"$D/hosts.new"
	mv "$D/hosts.new" "$D/hosts"
}

# serve NAME ADDRESS...: a socat on RUNDIR/NAME for the time of the test.
serve() {
	socat "UNIX-LISTEN:$D/$1,fork,backlog=1024" "$2" 2>/dev/null 3>&- &
	servers="${servers-} $!"
	until_true 5 test -S "$D/$1"
}
egress() { serve egress.sock "EXEC:$TOP/test/relay/egress"; }

# box COMMAND...: the relay is PID 1, has a loopback and nothing else.
box() {
	local user=''
	[ "$(id -u)" -eq 0 ] || user=-Ur
	timeout -k 1 60 unshare $user -n -m -p -f --mount-proc sh -c 'busybox ip link set lo up
	    mount --bind "$TOP/share/box/resolv.conf" /etc/resolv.conf
	    exec aipod-relay -d "$D" --strict ${RELAY_OPTIONS-} -- "$@"' sh "$@"
}
# The process that does the networking, from inside.
helper='grep -lx aipod-relay /proc/[0-9]*/comm | grep -v "^/proc/1/" |
    cut -d / -f 3'
need_box() { box true || skip "no namespaces for us here"; }

@test "relay: exit statuses" {
	need_box
	status 0 box true
	status 7 box sh -c 'exit 7'
	status 143 box sh -c 'kill $$'
	status 137 box sh -c 'kill -9 $$'
	status 127 box no-such-program
	has "$stderr" "cannot run 'no-such-program'"
	status 126 box /etc/passwd
	has "$stderr" "cannot run '/etc/passwd'"
	status 100 aipod-relay
	status 100 aipod-relay --no-such-option -- true
	status 0 aipod-relay --help
}

@test "relay: its terminal gets the sizes that the launcher tells, the first before the start" {
	need_box
	cat >"$T/size.py" <<-'EOT'
	import os, pty, socket, subprocess
	life = socket.socket(socket.AF_UNIX)
	life.bind(os.environ["D"] + "/life.sock")
	life.listen()
	master, tty = pty.openpty()
	box = subprocess.Popen(["unshare", *([] if os.getuid() == 0 else ["-Ur"]),
	    "-n", "-m", "-p", "-f", "--mount-proc", "sh", "-c",
	    'busybox ip link set lo up; exec setsid -c aipod-relay -q -d "$D" -- "$@"',
	    "sh", "sh", "-c", "stty size; trap 'stty size; exit 3' WINCH;"
	    " echo ready; while :; do sleep 0.1; done"],
	    stdin=tty, stdout=tty, stderr=tty, start_new_session=True)
	os.close(tty)
	seen = b""
	def until(what):
	    global seen
	    while what not in seen:
	        seen += os.read(master, 4096)
	to, _ = life.accept()
	to.send(b"\x0031x97;")
	until(b"ready")
	assert b"31 97" in seen, seen
	to.send(b"40x")
	to.send(b"120;")
	until(b"40 120")
	assert box.wait() == 3
	EOT
	status 0 timeout 60 python3 "$T/size.py"
}

@test "relay: environment and command from a file" {
	need_box
	printf 'ONE=1 and\na half\0TWO=\0\0sh\0-c\0echo "$ONE$TWO$1"; exit 3\0x\0 2 \0' \
	    >"$T/start"
	status 3 box aipod-relay --start "$T/start"
	is "$output" "1 and
a half 2 "
	for bad in '' 'ONE=1\0' 'ONE=1\0\0' 'ONE=1\0\0true'; do
		printf "$bad" >"$T/start"
		status 111 aipod-relay --start "$T/start"
	done
	status 111 aipod-relay --start "$T/none"
	status 100 aipod-relay --start "$T/start" true
}

@test "relay: strict runs nothing when a port cannot be had" {
	need_box
	status 111 box aipod-relay --strict -- touch ran
	has "$stderr" "cannot listen on '127.0.0.1:53 (UDP)'"
	is "$(printf '%s\n' "$stderr" | wc -l)" 1
	[ ! -e ran ]
	status 0 box aipod-relay -- touch ran
	has "$stderr" "cannot listen on"
	[ -e ran ]
	[ "$(id -u)" -eq 0 ] || {
		status 111 aipod-relay --strict -- true
		has "$stderr" "ip_unprivileged_port_start"
	}
}

@test "relay: it is PID 1, and the command inherits what it should" {
	need_box
	status 0 box cat /proc/1/comm
	is "$output" aipod-relay
	# three descriptors and the one that reads the directory
	status 0 box sh -c 'ls /proc/self/fd' </dev/null 3>&-
	is "$(printf '%s\n' "$output" | sort -n | head -3 | tr '\n' ' ')" "0 1 2 "
	status 0 box python3 -c 'import os
for fd in os.listdir("/proc/self/fd"):
    try: print(os.readlink("/proc/self/fd/" + fd))
    except OSError: pass'
	lacks "$output" socket:
	lacks "$output" epoll
	status 0 box grep Sig /proc/self/status
	has "$output" "SigBlk:	0000000000000000"
	# 32 and 33 are the C library's own, and inherited: nobody can set them
	[[ $output =~ SigIgn:.0000000[01][08]0000000 ]]
	is "$(ulimit -Sn 200; box sh -c 'ulimit -n')" 200
	status 0 box sh -c 'echo "$PATH"'
	is "$output" "$PATH:$D/bin"
}

@test "relay: orphans are reaped and do not hold the box open" {
	need_box
	status 0 box sh -c '
	    for i in 1 2 3 4 5; do (sleep 0.1 &); done; (sleep 1000 &)
	    sleep 0.5; grep -l "State:.Z" /proc/[0-9]*/status || echo none'
	is "$output" none
}

@test "relay: signals reach the command" {
	need_box
	for sig in TERM INT HUP QUIT USR1 USR2 WINCH ALRM RTMAX; do
		rm -f up
		box bash -c "trap 'echo $sig >got; exit 9' $sig; echo >up
		    while :; do sleep 0.05; done" 3>&- &
		local pid=$!
		until_true 5 test -e up
		kill -"$sig" "$(pgrep -o -f "^aipod-relay -d $D ")"
		rc=0
		wait $pid || rc=$?
		is "$rc" 9
		is "$(cat got)" $sig
	done
}

@test "relay: standard input and output pass untouched" {
	need_box
	head -c 100000000 /dev/urandom >in
	box cat <in >out 2>err
	cmp in out
	is "$(cat err)" ""
}

@test "relay: an end that the command closes is closed" {
	need_box
	local user=''
	[ "$(id -u)" -eq 0 ] || user=-Ur
	# unshare -f would itself keep them open
	set -- unshare $user -n aipod-relay -- sh -c
	# the reader sees the end while the command still runs
	"$@" 'exec >&-; n=0; until [ -e seen ] || [ $((n += 1)) -gt 100 ]; do
	    sleep 0.05; done; [ -e seen ] && : >in-time' 3>&- |
	    { cat; : >seen; }
	[ -e in-time ]
	# the writer learns that nobody reads
	mkfifo fifo
	"$@" 'exec <&-; sleep 5' <fifo 3>&- &
	local pid=$!
	rc=0
	timeout 4 sh -c 'while :; do echo y; done >fifo' || rc=$?
	kill $pid
	[ $rc -ne 124 ]
}

@test "relay: names have addresses, stable and of their own" {
	need_box
	rules 'mode deny' 'allow www.example.com 443' 'allow *.example.org 443' \
	    'deny no.example.org 443'
	status 0 box bash -c 'ask www.example.com; ask -t WWW.example.com
	    ask a.example.org; ask www.example.com.'
	set -- $output
	has "$2" 127.
	is "$4" "$2"
	is "$8" "$2"
	[ "$6" != "$2" ]
	IFS=. read -r _ b _ _ <<<"$2"
	[ "$b" -ge 64 ] && [ "$b" -le 127 ]
	status 0 box bash -c 'for t in AAAA HTTPS SVCB MX; do
	    ask www.example.com $t; ask -t no.such.name $t; done
	    ask no.example.org; ask example.org; ask postgres; ask 1.2.3.4'
	is "$(printf %s "$output" | tr '\n' ' ')" "0 3 0 3 0 3 0 3 3 3 3 3"
	status 0 box bash -c 'ask localhost; ask a.localhost
	    ask host.containers.internal; ask 1.0.0.127.in-addr.arpa PTR
	    set -- $(ask www.example.com); IFS=.; set -- $2
	    ask $4.$3.$2.$1.in-addr.arpa PTR; ask 9.9.64.127.in-addr.arpa PTR
	    ask 8.8.8.8.in-addr.arpa PTR'
	is "$(printf %s "$output" | tr '\n' ' ')" "0 127.0.0.1 0 127.0.0.1 \
0 127.0.0.1 0 localhost 0 www.example.com 3 3"
}

@test "relay: modes" {
	need_box
	for mode in ask open record; do
		rules "mode $mode" 'deny no.example 80' 'deny no.example 443' \
		    'deny no.example 22' 'allow *.local 80'
		status 0 box bash -c 'ask any.example; ask no.example
		    ask a.onion; ask x.arpa; ask printer.local; ask single'
		is "$(printf %s "$output" | cut -c 1 | tr '\n' ' ')" \
		    "0 3 3 3 0 3 "
	done
	for bad in '' 'mode never' 'allow a.example 80' 'mode ask
allow a.example' 'mode ask
permit a.example 80' 'mode ask
allow a.example 0'; do
		rules "$bad"
		status 0 box bash -c 'ask a.example'
		is "$output" 3
	done
	rm "$D/hosts"
	status 0 box bash -c 'ask a.example'
	is "$output" 3
}

@test "relay: the C library's resolvers find names" {
	need_box
	rules 'mode deny' 'allow www.example.com 443'
	status 0 box getent ahosts www.example.com
	has "$output" 127.
	status 2 box getent ahosts www.example.net
	status 0 box busybox nslookup www.example.com
	status 0 box python3 -c 'import socket
a = socket.getaddrinfo("www.example.com", 443, type=socket.SOCK_STREAM)
assert len(a) == 1, a
b = socket.getaddrinfo("www.example.com", 443, type=socket.SOCK_STREAM,
    flags=socket.AI_ADDRCONFIG)
assert b == a, b
print(a[0][4][0])'
	has "$output" 127.
}

@test "relay: a change of the rules is noticed without a query" {
	need_box
	rules 'mode deny' 'allow echo.example 443'
	egress
	status 0 box bash -c 'a=$(ask echo.example); a=${a#0 }; exec 3>&2
	    ! (: >/dev/tcp/$a/8443) 2>/dev/null || exit 50
	    : >now; n=0
	    until (: >/dev/tcp/$a/8443) 2>/dev/null; do
		[ $((n += 1)) -lt 100 ] || exit 51; sleep 0.05; done
	    (: >/dev/tcp/$a/443) 2>/dev/null && exit 52
	    (: >/dev/tcp/127.0.0.1/5432) || exit 53' 3>&- &
	until_true 5 test -e now
	rules 'mode deny' 'allow echo.example 8443' \
	    'allow host.containers.internal 5432'
	wait $!
}

@test "relay: a connection is asked for by name and port" {
	need_box
	egress
	status 0 box bash -c 'echo over | socat -t 5 - TCP:echo.example:443
	    (exec 4<>/dev/tcp/banner.example/22; head -1 <&4)
	    head -c 3000000 /dev/zero | socat -t 5 - TCP:count.example:80'
	is "$output" "over
hello first
3000000"
	is "$(cat "$EGRESS_LOG")" "CONNECT echo.example:443 HTTP/1.1|Host: echo.example:443
CONNECT banner.example:22 HTTP/1.1|Host: banner.example:22
CONNECT count.example:80 HTTP/1.1|Host: count.example:80"
}

@test "relay: 50 MB each way at once are what they were" {
	need_box
	egress
	head -c 50000000 /dev/urandom >in
	status 0 box bash -c 'socat -t 30 - TCP:echo.example:443 <in >out'
	cmp in out
}

@test "relay: a reader that does not read stops the writer" {
	not_sanitized
	need_box
	egress
	status 0 box bash -c 'exec 3<>/dev/tcp/zero.example/443; sleep 1
	    for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != aipod-relay ] ||
		grep VmHWM $p/status; done
	    head -c 1000 <&3 | wc -c; wc -c <&3'
	set -- $output
	[ "$2" -lt 4096 ] && [ "$5" -lt 4096 ]
	is "$7 $8" "1000 $((EGRESS_ZEROES - 1000))"
}

@test "relay: a refusal is an HTTP answer on port 80, a reset elsewhere" {
	need_box
	egress
	status 0 box curl -s -m 10 -w '%{http_code}' http://denied.example/
	is "$output" "policy says no to denied.example:80 HTTP/1.1
403"
	# a client that has sent much already hears of it, too
	head -c 5000000 /dev/zero >much
	status 0 box curl -s -m 10 -T much -H Expect: -w '%{http_code}' \
	    http://denied.example/
	has "$output" 403
	for name in denied gone big; do
		status 0 box python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1] + ".example", 443), 5)
try: print(s.recv(1))
except ConnectionResetError: print("reset")' $name
		is "$output" reset
	done
}

@test "relay: without anybody on the host" {
	need_box
	status 0 box curl -s -m 10 -w '%{http_code}' http://a.example/
	has "$output" "does not take connections"
	has "$output" 503
	status 0 box curl -s -m 10 -o /dev/null -w '%{http_code}' \
	    http://127.0.0.1:7822/
	is "$output" 503
	# reset before or after curl has seen the connection made
	run box curl -s -m 10 https://a.example/
	[ "$status" -eq 7 ] || [ "$status" -eq 35 ]
	# and one that comes later is found
	status 0 box bash -c 'curl -s http://a.example/ >/dev/null; : >now
	    until curl -s -m 5 http://a.example/ | grep -q policy; do
		sleep 0.1; done' 3>&- &
	local pid=$!
	until_true 5 test -e now
	egress
	wait $pid
}

@test "relay: a judge that takes clients over is given them" {
	need_box
	rules 'mode ask handover'
	python3 "$TOP/test/relay/takes.py" "$D/egress.sock" 3>&- &
	servers=$!
	until_true 5 test -S "$D/egress.sock"
	box bash -c 'exec 4<>/dev/tcp/a.example/443; head -1 <&4
	    for i in 1 2 3; do echo $i | socat -t 5 - TCP:b.example:80; done
	    kill -9 $('"$helper"'); echo on >&4; head -1 <&4
	    echo new | socat -t 5 - TCP:c.example:22
	    : >now; until [ -e then ]; do sleep 0.1; done
	    echo newer | socat -t 5 - TCP:d.example:443' >out 3>&- &
	local pid=$!
	# a client outlives the network half of the relay; then comes another judge
	until_true 10 test -e now
	kill $servers
	python3 "$TOP/test/relay/takes.py" "$D/egress.sock" 3>&- &
	servers=$!
	until_true 5 socat -u /dev/null UNIX:"$D/egress.sock"
	: >then
	wait $pid
	is "$(cat out)" "CONNECT a.example:443 HTTP/1.1
CONNECT b.example:80 HTTP/1.1
1
CONNECT b.example:80 HTTP/1.1
2
CONNECT b.example:80 HTTP/1.1
3
on
CONNECT c.example:22 HTTP/1.1
new
CONNECT d.example:443 HTTP/1.1
newer"
}

@test "relay: a judge that takes none over after all is asked" {
	need_box
	rules 'mode ask handover'
	egress
	status 0 box bash -c 'socat -t 5 - TCP:echo.example:443 </dev/null
	    until echo over | socat -t 5 - TCP:echo.example:443 | grep over
	    do sleep 0.1; done 2>/dev/null'
	has "$output" over
}

@test "relay: MCP and the proxy are spliced as they are" {
	need_box
	egress
	serve mcp.sock EXEC:cat
	status 0 box bash -c 'echo hello mcp | socat -t 5 - TCP:127.0.0.1:7822
	    curl -s -m 5 -x http://127.0.0.1:3128 http://some.example/
	    echo via | socat -t 5 - PROXY:127.0.0.1:echo.example:443,proxyport=3128'
	is "$output" "hello mcp
proxied
via"
}

@test "relay: a judge at the other end of TCP is shown the token" {
	need_box
	rules 'mode ask'
	echo 0123456789abcdef >"$T/token"
	export RELAY_OPTIONS="--tcp 127.0.0.1:3129 --token-file $T/token"
	run -0 box sh -c 'socat TCP-LISTEN:3129,bind=127.0.0.1,fork,reuseaddr \
		EXEC:"$TOP/test/relay/egress" &
	    until [ "$(printf "GET http://x/ HTTP/1.0\r\nHost: x\r\n\r\n" |
	        socat -t 5 - TCP:127.0.0.1:3128 | tail -n 1)" = proxied ]; do
		sleep 0.1
	    done
	    echo hello | socat -t 5 - TCP:echo.example:443
	    kill $!'
	is "$output" hello
	grep -qx 'CONNECT echo.example:443 HTTP/1.1|Proxy-Authorization: Bearer 0123456789abcdef' "$EGRESS_LOG"
	grep -q '^GET http://x/ HTTP/1.0|Host: x' "$EGRESS_LOG"
	# nobody there
	RELAY_OPTIONS="--tcp 127.0.0.1:9 --token-file $T/token"
	run -0 box sh -c 'printf "GET http://x/ HTTP/1.0\r\n\r\n" |
	    socat -t 5 - TCP:127.0.0.1:3128'
	has "$output" "HTTP/1.1 503"
	status 100 aipod-relay --tcp 127.0.0.1:9 -- true
	status 100 aipod-relay --tcp 127.0.0.1 --token-file "$T/token" -- true
	status 111 aipod-relay --tcp 127.0.0.1:9 --token-file "$T/none" -- true
}

@test "without a socket: aipod-mcpd by TCP, with the token on each request" {
	command -v curl >/dev/null || skip "no curl"
	printf '%s\n' 0123456789abcdef0123456789abcdef >"$T/token"
	chmod 600 "$T/token"
	export RELAY_OPTIONS="--mcp-tcp 127.0.0.1:7999 --token-file $T/token"
	run -0 box sh -c 'aipod-mcpd -l 127.0.0.1:7999 --token-file "$T/token" \
		-w "$T/ws" >"$T/url" &
	    until [ -s "$T/url" ]; do sleep 0.1; done
	    curl -sS -o "$T/1" -o "$T/2" -w "%{http_code}\n" \
		http://127.0.0.1:7822/mcp http://127.0.0.1:7822/mcp \
		-H "Content-Type: application/json" \
		-d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"
	    curl -sS -o /dev/null -w "%{http_code}\n" http://127.0.0.1:7999/mcp \
		-H "Content-Type: application/json" -d "{}"
	    kill $!'
	is "$output" "200
200
401"
	has "$(cat "$T/2")" run_command
	RELAY_OPTIONS="--mcp-tcp 127.0.0.1:9 --token-file $T/token"
	run -0 box curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:7822/mcp
	is "$output" 503
	status 100 aipod-relay --mcp-tcp 127.0.0.1:9 -- true
}

@test "relay: the container's own servers keep their ports" {
	need_box
	egress
	rules 'mode ask' 'allow host.containers.internal 5432'
	status 0 box bash -c 'ask echo.example >/dev/null
	    for p in 80 443; do
		socat TCP-LISTEN:$p,bind=127.0.0.1,fork SYSTEM:"echo own $p" &
	    done
	    sleep 0.3; for p in 80 443; do socat -u TCP:127.0.0.1:$p -; done
	    echo out | socat -t 5 - TCP:echo.example:80
	    echo host | socat -t 5 - TCP:host.containers.internal:5432'
	is "$output" "own 80
own 443
out
host"
}

@test "relay: a port of the host's that is in use is had later" {
	need_box
	egress
	rules 'mode ask'
	box bash -c 'socat TCP-LISTEN:5432,bind=127.0.0.1,reuseaddr \
		SYSTEM:"echo own" &
	    sleep 0.3; : >now; sleep 0.5; socat -u TCP:127.0.0.1:5432 -
	    until echo host | socat -t 5 - TCP:127.0.0.1:5432 2>/dev/null; do
		sleep 0.2; done' 3>&- >out &
	local pid=$!
	until_true 5 test -e now
	rules 'mode ask' 'allow host.containers.internal 5432' \
	    'allow host.containers.internal 53'
	wait $pid
	is "$(cat out)" "own
host"
}

@test "relay: the table is bounded, and nothing fresh is thrown out" {
	need_box
	status 0 box bash -c 'ulimit -n 20000; cd "$TOP/test/relay"; python3 -c "
from ask import ask
got = [ask(\"n%d.example\" % i) for i in range(600)]
ok = [g for g in got if g.startswith(\"0 \")]
assert 200 < len(ok) <= 512, len(ok)
assert len(set(ok)) == len(ok)
assert set(got[len(ok):]) == {\"2\"}, set(got[len(ok):])
assert ask(\"n0.example\") == got[0]
"'
}

@test "relay: a thousand connections at once, in little memory" {
	not_sanitized
	need_box
	[ "$(ulimit -Hn)" -ge 4096 ] || skip "no more than $(ulimit -Hn) files"
	ulimit -n "$(ulimit -Hn)"
	python3 "$TOP/test/relay/echo.py" "$D/egress.sock" 3>&- &
	servers=$!
	until_true 5 test -S "$D/egress.sock"
	status 0 box python3 "$TOP/test/relay/thousand.py" echo.example 1000
	[ "$output" -lt 4096 ]
}

@test "relay: a thousand connections live on while orphans end by the hundred" {
	need_box
	[ "$(ulimit -Hn)" -ge 4096 ] || skip "no more than $(ulimit -Hn) files"
	ulimit -n "$(ulimit -Hn)"
	python3 "$TOP/test/relay/echo.py" "$D/egress.sock" 3>&- &
	servers=$!
	until_true 5 test -S "$D/egress.sock"
	status 0 box python3 "$TOP/test/relay/thousand.py" echo.example 1000 200
	is "$output" 0
}

@test "relay: idle, it does not wake up" {
	need_box
	egress
	status 0 box bash -c 'exec 3<>/dev/tcp/echo.example/443
	    echo x >&3; read -r <&3; sleep 0.5
	    h=$('"$helper"'); [ -n "$h" ] || exit 50
	    s() { grep voluntary_ctxt /proc/1/status /proc/$h/status; }
	    a=$(s); sleep 2; [ "$a" = "$(s)" ] || { echo "$a"; s; exit 1; }'
}

@test "relay: its network half killed, the box goes on" {
	need_box
	egress
	status 0 box bash -c 'a=$(ask echo.example)
	    kill -9 $('"$helper"') || exit 51
	    [ "$(ask echo.example)" = "$a" ] || exit 50
	    echo again | socat -t 5 - TCP:echo.example:443'
	is "$output" again
}

@test "relay: hostile DNS traffic does it no harm" {
	need_box
	status 0 box python3 -c '
import os, socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3000):
    u.sendto(os.urandom(i % 700), ("127.0.0.1", 53))
held = [socket.create_connection(("127.0.0.1", 53)) for i in range(100)]
for i, s in enumerate(held):
    try: s.send(os.urandom(i * 10))
    except OSError: pass
import sys
sys.path.insert(0, os.environ["TOP"] + "/test/relay")
from ask import ask
print(ask("a.example")[0], ask("a.example", tcp=True)[0])'
	is "$output" "0 0"
}

# ---- real containers --------------------------------------------------------

# An image of the system's static busybox, and a run directory, for the engine.
engine() {
	command -v podman >/dev/null || skip "no podman here"
	# shellcheck source=test/engine.sh
	. "$TOP/test/engine.sh"
	export HOME=$OLD_HOME XDG_RUNTIME_DIR=$OLD_RUNTIME
	unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME
	engine_prepare "$T/engine" || skip "podman cannot run containers here"
	for applet in cat cut echo sleep stty tty ls grep wget nslookup id ps; do
		ln -sf busybox "$T/engine/rootfs/bin/$applet"
	done
	image=localhost/aipod-relay-test:$$-$RANDOM
	tar -C "$T/engine/rootfs" -c . | podman import -q - "$image" >/dev/null
	keep=''
	[ "$(id -u)" -eq 0 ] || keep=--userns=keep-id
	chmod 755 "$T" "$D" "$D/bin"
}

# pod [OPTION ...] -- COMMAND...: as aipod-launch runs it.
pod() {
	local opts=()
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	podman run --rm "${opts[@]}" --network none $keep --cap-drop=all \
	    --security-opt no-new-privileges \
	    --sysctl net.ipv4.ip_unprivileged_port_start=0 \
	    --add-host host.containers.internal:127.0.0.1 \
	    -v "$D:/run/aipod:ro" -v "$TOP/build/bin/box:/run/aipod/bin:ro" \
	    -v "$TOP/share/box/resolv.conf:/etc/resolv.conf:ro" \
	    --entrypoint /run/aipod/bin/aipod-relay "$image" --strict -- "$@"
}

@test "relay: in a container, names, connections, status" {
	engine
	egress
	rules 'mode ask' 'allow host.containers.internal 5432'
	rc=0
	out=$(pod -- sh -c 'wget -q -O - http://denied.example/ 2>&1
	    echo over | busybox nc echo.example 443
	    echo host | busybox nc host.containers.internal 5432
	    cat /proc/1/comm; exit 7') || rc=$?
	# what was made must go before a check can fail
	podman rmi -f "$image" >/dev/null
	is "$rc" 7
	has "$out" 403
	has "$out" "over
host
aipod-relay"
}

@test "relay: in a container, a terminal is the command's own" {
	command -v expect >/dev/null || skip "no expect here"
	engine
	rc=0
	export -f pod
	export D TOP image keep
	out=$(expect -f "$TOP/test/relay/tty.exp" bash -c 'pod -it -- sh') ||
	    rc=$?
	podman rmi -f "$image" >/dev/null
	[ "$rc" -eq 7 ] || printf '%s\n' "$out" >&2
	is "$rc" 7
	lacks "$out" "job control turned off"
}

# service NAME STEP...: something that is taken for a service's relay.
service() {
	python3 "$TOP/test/relay/service.py" "$D" "$@" >"$T/service" 2>&1 3>&- &
	servers="${servers-} $!"
	until_true 5 test -S "$D/svc-$1.sock"
}

@test "relay: a service's name and ports" {
	need_box
	service db 'ports 0 80 666 667 668\n'
	printf x | socat - "UNIX-LISTEN:$D/svc-Bad.sock" 3>&- &
	servers="$servers $!"
	status 0 box bash -c 'until ask db | grep -q 127; do sleep 0.1; done
	    until echo hello | busybox nc db 80; do sleep 0.1; done
	    IFS=". " read -r code one two three four rest <<<"$(ask db)"
	    ask DB; ask db AAAA; ask $four.$three.$two.$one.in-addr.arpa PTR; ask bad; ask Bad
	    for p in 666 667 668 81; do
		    got=$(echo | busybox nc -w 5 db $p 2>/dev/null)
		    [ -z "$got" ] || echo "answer at $p"; done
	    rm "$D/svc-db.sock"
	    while ask db | grep -q 127; do sleep 0.1; done; echo gone'
	has "$output" "hello
0 127."
	has "$output" "
0
0 db
3
3
"
	lacks "$output" answer
	has "$output" gone
	grep -q have "$T/service"
}

@test "relay: a service that lies costs nobody else anything" {
	need_box
	long=$(printf '%600s' x)
	many=$(seq -s ' ' 1 40)
	service evil "$long" "ports 0 $many\\n" 'ports 0 70000\n' 'ports 0 -1\n' \
	    'ports\n' '\0\0\n' 'ports 0 0\n' 'ports 0  80\n' 'ports x 80 80 80\n'
	service good 'ports 0 80\n'
	# each is cut off, and asked again a while later
	status 0 box sh -c 'until echo still | busybox nc good 80; do sleep 0.1; done
	    until echo at last | busybox nc -w 5 evil 80; do sleep 0.1; done'
	has "$output" "still
at last"
}
