#!/usr/bin/env bats
# Everything happens in a network namespace of the tests' own: its only
# interface is lo, its name server and its servers are test/egress/lab.py.

load helper

setup_file() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	setup_env
	export LAB=$BATS_FILE_TMPDIR/lab
	mkdir -p "$LAB"
	local flags=-nm
	[ "$(id -u)" -eq 0 ] || flags=-rnm
	if ! unshare $flags true 2>"$LAB/why" ||
	    ! command -v python3 socat curl openssl ip >/dev/null; then
		export LAB_LACKS=1
		return 0
	fi
	echo 'nameserver 127.0.0.1' >"$LAB/resolv.conf"
	echo '127.0.0.1 localhost' >"$LAB/hosts"
	echo '5.5.5.5 file.example' >>"$LAB/hosts"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$LAB/key.pem" -out "$LAB/cert.pem" -days 2 \
	    -subj /CN=lab -addext \
	    "subjectAltName=DNS:site.example,DNS:*.site.example" 2>/dev/null
	# shellcheck disable=SC2016
	unshare $flags sh -c 'mount --bind "$1/resolv.conf" /etc/resolv.conf &&
	    mount --bind "$1/hosts" /etc/hosts &&
	    exec python3 "$2/test/egress/lab.py" "$1"' - "$LAB" "$TOP" \
	    >"$LAB/log" 2>&1 3>&- &
	echo $! >"$LAB/pid"
	until_true 10 test -e "$LAB/ready"
}

teardown_file() {
	[ ! -s "$LAB/pid" ] || kill "$(cat "$LAB/pid")"
}

setup() {
	setup_env
	[ -z "${LAB_LACKS-}" ] || skip "no namespace, or no python3, socat, curl"
	export AIPOD_WORKSPACE=$T/ws AIPOD_SESSION=0123abcd
	SOCK=$T/egress.sock RULES=$XDG_CONFIG_HOME/aipod/rules
	PROXY=http://127.0.0.1:3128 STARTED=''
	umask 077
	# words in front of what is to run in the lab
	NS=(nsenter -t "$(cat "$LAB/pid")" -n -m --wd="$PWD")
	[ "$(id -u)" -eq 0 ] || NS+=(-U --preserve-credentials)
}

teardown() {
	local p
	for p in $STARTED; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
}

within() { "${NS[@]}" "$@"; }

egress() {	# options...
	"${NS[@]}" python3 "$TOP/test/egress/serve.py" "$SOCK" aipod-egress \
	    -H "$T/hosts" "$@" 2>"$T/err" >"$T/out" 3>&- &
	STARTED="$STARTED $!"
	EGRESS=$!
	until_true 10 test -s "$T/hosts"
	"${NS[@]}" socat TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr,backlog=1024 \
	    UNIX:"$SOCK" 2>/dev/null 3>&- &
	STARTED="$STARTED $!"
	until_true 3 within curl -s -o /dev/null "$PROXY"
}

rules() { printf '%s\n' "$@" >"$RULES"; }

web() { within curl -sS -m 30 --noproxy '' -x "$PROXY" "$@"; }
tunnel() { web -p "$@"; }
tls() { web --cacert "$LAB/cert.pem" "$@"; }

# raw: what comes back for the bytes that printf makes of the argument.
raw() { printf "$1" | socat -t 5 - UNIX:"$SOCK" | tr -d '\r'; }

audit() { cut -f 3-7 "$XDG_STATE_HOME"/aipod/*/audit; }

# Records are written behind the connection's back.
in_audit() { audit | grep -qF -e "$1"; }
noted() { until_true 5 in_audit "$1"; }

@test "a name that a rule allows is reached, another is refused and told why" {
	rules 'allow host *.site.example' 'deny host b.site.example'
	egress -m deny
	has "$(tunnel http://a.site.example/x)" "GET /x HTTP/1.1"
	has "$(web http://a.site.example/x)" "at 5.5.5.5"
	has "$(tls https://a.site.example/y)" "sni a.site.example"
	out=$(web http://site.example/)
	has "$out" "refused by policy"
	has "$out" "why: no rule"
	has "$out" "aipod allow host site.example"
	has "$(web http://b.site.example/)" \
	    "why: $RULES:2: deny host b.site.example"
	is "$(web -o /dev/null -w '%{http_code}' http://site.example/)" 403
	is "$(web -o /dev/null -w '%{http_code}' http://a.site.example:81/)" 403
	noted "host	allow	$RULES:1: allow host *.site.example	a.site.example:80	-"
	noted "host	deny	no rule	site.example:80"
	until_true 5 eval 'audit | grep -q "host	end	-	a.site.example:443	sent=[1-9][0-9]* received=[1-9][0-9]* ms="'
}

@test "rules change while it runs, and the relay is told" {
	rules 'allow host a.site.example:443' 'allow command x'
	egress -m ask
	is "$(cat "$T/hosts")" "mode ask handover
allow a.site.example 443"
	is "$(web -o /dev/null -w '%{http_code}' http://c.site.example/)" 403
	status 0 aipod-allow -g add host c.site.example
	until_true 5 grep -q 'allow c.site.example 80' "$T/hosts"
	has "$(web http://c.site.example/)" "GET / HTTP/1.1"
	# the workspace's own file was not there before
	status 0 aipod-allow deny host c.site.example
	until_true 5 grep -q 'deny c.site.example 443' "$T/hosts"
	is "$(web -o /dev/null -w '%{http_code}' http://c.site.example/)" 403
}

@test "rules that cannot be used leave nothing allowed" {
	rules 'allow host a.site.example'
	egress -m open
	has "$(web http://a.site.example/)" "200\|GET" || has \
	    "$(web http://a.site.example/)" "GET /"
	rules 'allow host a.site.example' 'allow hots b'
	until_true 5 grep -q 'mode deny' "$T/hosts"
	has "$(web http://a.site.example/)" "the rules cannot be used: $RULES:2"
	rules 'allow host a.site.example'
	chmod 666 "$RULES"
	until_true 5 eval 'web http://a.site.example/ | grep -q "others cannot write"'
}

@test "addresses of the user's own network need a rule that says so" {
	rules 'allow host *.example' 'allow host mapped.example'
	egress -m deny
	for n in private loop loop6 meta mapped nat64 sixtofour cgnat ula zero \
	    multi; do
		out=$(web "http://$n.example/")
		has "$out" "which no rule names"
	done
	has "$(web http://loop.example/)" "a loopback address"
	has "$(web http://meta.example/)" "a link-local address"
	# of several addresses only the public one is dialled
	has "$(web http://mixed.example/)" "at 5.5.5.5"
	rules 'allow host *.example' 'allow host loop.example:80' \
	    'allow host private.example:80' 'allow host meta.example:80'
	until_true 5 grep -q meta "$T/hosts"
	has "$(web http://loop.example/)" "at 127.0.0.1"
	has "$(web http://private.example/)" "at 10.1.2.3"
	has "$(web http://meta.example/)" "which no rule names"
	rules 'allow host *.example' 'allow host 169.254.169.254:80' \
	    'deny host 5.5.5.5'
	until_true 5 grep -q 169 "$T/hosts"
	has "$(web http://meta.example/)" "at 169.254.169.254"
	has "$(web http://mixed.example/)" "an address that a rule denies"
}

@test "a name is resolved once for a connection: no rebinding" {
	rules 'allow host rebind.example'
	egress -m deny
	has "$(web http://rebind.example/)" "at 5.5.5.5"
	has "$(web http://rebind.example/)" "a loopback address"
}

@test "IPv6 alone, dead addresses first, /etc/hosts" {
	rules 'allow host *.example'
	egress -m deny
	has "$(web http://six.example/)" "at 2a00:5::5"
	has "$(web http://both.example/)" "at 5.5.5.5"
	has "$(web http://file.example/)" "at 5.5.5.5"
	is "$(web -o /dev/null -w '%{http_code}' http://none.example/)" 502
	is "$(web -o /dev/null -w '%{http_code}' http://dead.example:80/)" 502
}

@test "presets: all that ship are rules, and a line is one of them" {
	local p
	for p in "$TOP"/share/hosts/*; do
		printf 'allow preset %s\n' "${p##*/}"
	done >"$RULES"
	status 0 aipod-allow -C
	[ "$(grep -c . "$RULES")" -ge 11 ]
	mkdir -p "$T/share/hosts"
	printf '# mine\n**.site.example  # all\nfile.example:80\n' \
	    >"$T/share/hosts/lab"
	export AIPOD_SHARE=$T/share
	rules 'allow preset lab'
	egress -m deny
	is "$(sed 1d "$T/hosts" | cut -d ' ' -f 1-2 | uniq | tr '\n' ' ')" \
	    "allow site.example allow *.site.example allow file.example "
	has "$(web http://site.example/)" "at 5.5.5.5"
	has "$(web http://x.site.example/)" "at 5.5.5.5"
	noted "$RULES:1: allow host *.site.example"
	rules 'allow preset nothing'
	until_true 5 grep -q 'mode deny' "$T/hosts"
	has "$(web http://site.example/)" "there is no such preset"
}

@test "address literals need a rule that is the address" {
	rules 'allow host 5.5.5.5:80' 'allow host [2a00:5::5]:80' \
	    'allow host *.example'
	egress -m open
	has "$(web http://5.5.5.5/)" "at 5.5.5.5"
	has "$(web 'http://[2a00:5::5]/')" "at 2a00:5::5"
	is "$(web -o /dev/null -w '%{http_code}' http://10.1.2.3/)" 403
	for h in 0x5050505 84215045 5.5.1285 0005.5.5.5 5.5.5.5. \
	    '[::ffff:5.5.5.5]' '[2a00:5:0::5]'; do
		out=$(raw "CONNECT $h:80 HTTP/1.1\r\n\r\n" || true)
		lacks "$out" "200 Connection"
		out=$(raw "GET http://$h/ HTTP/1.1\r\nHost: $h\r\n\r\n")
		has "$out" "HTTP/1.1 400"
	done
}

@test "host.containers.internal is the host's loopback, port by port" {
	rules 'allow host *.internal' 'allow host host.containers.internal'
	egress -m deny
	is "$(web -o /dev/null -w '%{http_code}' \
	    http://host.containers.internal/)" 403
	rules 'allow host host.containers.internal:80'
	until_true 5 grep -q ':80\|internal 80' "$T/hosts"
	until_true 5 eval 'web http://host.containers.internal/ |
	    grep -q "at 127.0.0.1"'
	is "$(web -o /dev/null -w '%{http_code}' -p \
	    http://host.containers.internal:7001/)" 000 || true
	noted "host.containers.internal:80"
}

@test "requests that are none, or tricks" {
	rules 'allow host *.site.example'
	egress -m deny
	has "$(raw 'GET / HTTP/1.1\r\nHost: a.site.example\r\n\r\n')" "HTTP/1.1 405"
	has "$(raw 'GET https://a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example HTTP/1.1\r\nHost: a.site.example\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example:443 HTTP/1.1\r\nHost: b.other.example:443\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example:0443 HTTP/1.1\r\nHost: a\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example.:443 HTTP/1.1\r\nHost: a.site.example\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example%%00.b:443 HTTP/1.1\r\nHost: a\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT x@a.site.example:443 HTTP/1.1\r\nHost: a\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example:443 HTTP/1.1\r\nHost: a.site.example:443\r\nContent-Length: 3\r\n\r\nabc')" "HTTP/1.1 400"
	has "$(raw 'CONNECT a.site.example:443 HTTP/1.1\nHost: a.site.example:443\n\n')" "HTTP/1.1 400"
	has "$(raw 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')" "HTTP/1.1 505"
	has "$(raw 'GET http://x@a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'GET http://a.site.example/ HTTP/1.1\r\nHost: b.site.example\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'GET http://a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\nHost: b\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'GET http://a.site.example:443/ HTTP/1.1\r\nHost: a.site.example:443\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'POST http://a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw 'POST http://a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n')" "HTTP/1.1 400"
	has "$(raw "GET http://a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\nX: $(head -c 40000 /dev/zero | tr '\0' x)\r\n\r\n")" "HTTP/1.1 431"
	has "$(raw "CONNECT $(head -c 9000 /dev/zero | tr '\0' x):443 HTTP/1.1\r\n\r\n")" "HTTP/1.1 414"
	noted "host	deny	CONNECT takes NAME:PORT	CONNECT a.site.example HTTP/1.1	-"
	noted "host	deny	a host must be given in its plain form: 'a.site.example'	CONNECT a.site.example.:443 HTTP/1.1	-"
	noted "host	deny	Host names another than CONNECT	a.site.example:443	-"
}

@test "absolute form: rewritten, hop fields go, one request a connection" {
	rules 'allow host *.site.example'
	egress -m deny
	out=$(raw 'GET http://a.site.example?q HTTP/1.1\r\nHost: a.site.example\r\nProxy-Authorization: Basic x\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nUpgrade: h2c\r\nTE: trailers\r\nX-Stay: 2\r\n\r\nGET http://b.site.example/second HTTP/1.1\r\nHost: b.site.example\r\n\r\n')
	has "$out" "GET /?q HTTP/1.1
Host: a.site.example
X-Stay: 2
Connection: close"
	lacks "$out" second
	for f in Basic X-Hop Upgrade trailers; do
		lacks "$out" "$f"
	done
	out=$(web -d 'some data' http://a.site.example/post)
	has "$out" "some data"
	out=$(web -H 'Transfer-Encoding: chunked' -d 'more data' \
	    http://a.site.example/post)
	has "$out" "more data"
	out=$(web -X BREW http://a.site.example/)
	has "$out" "BREW / HTTP/1.1"
}

@test "port 80 in a tunnel: each request must name the host" {
	rules 'allow host *.site.example'
	egress -m deny
	local c='CONNECT a.site.example:80 HTTP/1.1\r\nHost: a.site.example:80\r\n\r\n'
	out=$(raw "${c}GET /one HTTP/1.1\r\nHost: b.site.example\r\n\r\n")
	lacks "$out" "GET /one"
	has "$out" "a request whose Host is another"
	out=$(raw "${c}GET /one HTTP/1.1\r\nHost: a.site.example\r\n\r\nGET /two HTTP/1.1\r\nHost: b.site.example\r\n\r\n")
	lacks "$out" "GET /two"
	out=$(raw "${c}GET /one HTTP/1.1\r\nHost: a.site.example\r\nConnection: close\r\n\r\n")
	has "$out" "GET /one"
	for r in 'GET http://b.site.example/ HTTP/1.1\r\nHost: a.site.example\r\n\r\n' \
	    'GET / HTTP/1.0\r\n\r\n' 'SSH-2.0-x\r\n' '\026\003\001\002\000\001' \
	    'CONNECT b:80 HTTP/1.1\r\nHost: a.site.example\r\n\r\n' \
	    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' \
	    'POST / HTTP/1.1\r\nHost: a.site.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nGET'; do
		lacks "$(raw "$c$r")" "200 OK"
	done
	out=$(tunnel http://a.site.example/k1 http://a.site.example/k2)
	has "$out" /k1
	has "$out" /k2
	noted "deny	a request whose Host is another	a.site.example:80"
}

@test "port 443: the server name must be the name, and TLS at all" {
	rules 'allow host *.site.example'
	egress -m deny
	: >"$LAB/tls.log"
	run tls --connect-to a.site.example:443:b.site.example:443 \
	    https://a.site.example/
	[ "$status" -ne 0 ]
	has "$output" alert
	noted "asks for another server"
	local c='CONNECT a.site.example:443 HTTP/1.1\r\nHost: a.site.example:443\r\n\r\n'
	out=$(raw "${c}GET / HTTP/1.1\r\nHost: a.site.example\r\n\r\n")
	noted "deny	no TLS	a.site.example:443"
	within socat -t 5 - "PROXY:127.0.0.1:a.site.example:443,proxyport=3128" \
	    <<<'SSH-2.0-x' >/dev/null 2>&1 || true
	out=$(within openssl s_client -proxy 127.0.0.1:3128 -noservername \
	    -connect a.site.example:443 </dev/null 2>&1) && false
	noted "a ClientHello without server name"
	# nothing of all this reached the server
	is "$(cat "$LAB/tls.log")" ""
	has "$(within openssl s_client -proxy 127.0.0.1:3128 -servername \
	    A.SITE.example -connect a.site.example:443 </dev/null 2>&1)" \
	    "BEGIN CERTIFICATE"
}

@test "port 443: beside an encrypted ClientHello it is the outer name that counts" {
	egress
	rules 'allow host a.site.example' 'allow host b.site.example'
	ech() { within timeout 20 python3 "$TOP/test/egress/ech.py" "$@"; }
	is "$(ech a.site.example a.site.example)" tls
	: >"$LAB/tls.log"
	for sni in b.site.example cover.example ''; do
		# shellcheck disable=SC2086
		lacks "$(ech a.site.example $sni)" tls
	done
	noted "deny	a ClientHello that asks for another server	a.site.example:443"
	noted "deny	a ClientHello without server name	a.site.example:443"
	is "$(cat "$LAB/tls.log")" ""
}

@test "half-close, and 30 MB through" {
	rules 'allow host *.site.example:7000'
	egress -m deny
	status 0 python3 "$TOP/test/egress/load.py" "$SOCK" a.site.example:7000 \
	    push 30000000
	is "$output" 30000000
}

@test "a client that does not read stops the server, not the memory" {
	not_sanitized
	rules 'allow host *.site.example:7002'
	egress -m deny
	(printf 'CONNECT a.site.example:7002 HTTP/1.1\r\n\r\n'; sleep 5) |
	    socat -u - UNIX:"$SOCK" &
	STARTED="$STARTED $!"
	sleep 2
	[ "$(awk '/VmRSS/ { print $2 }' "/proc/$EGRESS/status")" -lt 4096 ]
}

@test "1,000 connections at once, in less than 4 MB" {
	not_sanitized
	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 4096 ] ||
		skip "not enough descriptors"
	ulimit -n 4096
	rules 'allow host *.site.example:7001'
	egress -m deny
	status 0 python3 "$TOP/test/egress/load.py" "$SOCK" \
	    a.site.example:7001 many 1000 "$EGRESS"
	echo "# $output" >&3
	set -- $output
	is "$2" 1000
	[ "$4" -lt 4096 ]
}

@test "1,000 connections over 100 rotations, none refused, none stale" {
	rules 'allow host rot.example:7003'
	egress -m deny
	status 0 within python3 "$TOP/test/egress/load.py" "$SOCK" \
	    rot.example:7003 rotate 1000 100
	is "$output" "fresh 1000 of 1000"
}

@test "clients that are handed over, and what is no client" {
	rules 'allow host a.site.example:7000' 'allow host a.site.example:7001' \
	    'allow host a.site.example:7002'
	egress -m deny
	status 0 within timeout 60 python3 "$TOP/test/egress/hand.py" "$SOCK" \
	    "$EGRESS"
	is "$output" "counted b'100000\n' end
ticket b'7\n'
443 b'' reset
80 b'HTTP/1.1 403 Forbidden' end True
tickets [b'8', b'9']
shared b'echo'
ticket b'10\n'
ticket b'11\n'
others b'on'
tickets [b'12', b'13']
alone b'0\n' end True
long b'' end True
served 16
left True"
	noted "host	deny	no rule	denied.example:443"
	until_true 5 eval 'audit | grep -q "host	end	-	a.site.example:7000	sent=100000 "'
}

@test "record: everything public, and the rules that would have sufficed" {
	rules 'allow host a.site.example:443'
	egress -m record -o "$T/recorded"
	tls -o /dev/null https://a.site.example/
	tls -o /dev/null https://b.site.example/
	web -o /dev/null http://c.site.example/
	tls -o /dev/null https://c.site.example/
	is "$(web -o /dev/null -w '%{http_code}' http://private.example/)" 403
	kill "$EGRESS"
	until_true 5 test -s "$T/recorded"
	is "$(sort "$T/recorded")" "allow host b.site.example:443
allow host c.site.example"
}

@test "TCP with a token, and none without" {
	rules 'allow host *.site.example'
	echo 0123456789abcdef0123456789abcdef >"$T/token"
	"${NS[@]}" aipod-egress --tcp 127.0.0.1:3129 --token-file "$T/token" \
	    -m deny 2>"$T/err" 3>&- &
	STARTED="$STARTED $!"
	PROXY=http://127.0.0.1:3129
	until_true 3 within curl -s -o /dev/null "$PROXY"
	is "$(web -o /dev/null -w '%{http_code}' http://a.site.example/)" 407
	is "$(web -o /dev/null -w '%{http_code}' --proxy-header \
	    'Proxy-Authorization: Bearer wrong' http://a.site.example/)" 407
	is "$(web --proxy-header "Proxy-Authorization: Bearer $(cat "$T/token")" \
	    http://a.site.example/ | grep -c Bearer)" 0
	has "$(web --proxy-header "Proxy-Authorization: Bearer $(cat "$T/token")" \
	    http://a.site.example/)" "at 5.5.5.5"
	# the relay's other form; the lab has its name server's port
	mkdir -p "$T/run"
	has "$(within aipod-relay -d "$T/run" --tcp 127.0.0.1:3129 --token-file \
	    "$T/token" -- curl -sS -m 10 --noproxy '' -x http://127.0.0.1:3128 \
	    http://a.site.example/ 2>&1)" "at 5.5.5.5"
}

@test "why_denied tells the agent what was refused and how to ask" {
	command -v jq >/dev/null || skip "no jq"
	rules 'deny host b.site.example' 'allow host dead.example'
	egress -m deny
	status 0 "$TOP/share/tools/why_denied/run" </dev/null
	# that it listens was found out by a request that is none
	is "$(jq -c '[.denials[] | select(.host | test("^GET ") | not)]' \
	    <<<"$output")" "[]"
	web -o /dev/null http://b.site.example/ http://other.example:81/ \
	    -o /dev/null http://dead.example/ -o /dev/null
	until_true 5 eval 'audit | grep -q dead'
	status 0 "$TOP/share/tools/why_denied/run" </dev/null
	is "$(jq -r '.denials[] | .host + " " + .why' <<<"$output" |
	    grep -v '^GET ')" \
	    "b.site.example:80 $RULES:1: deny host b.site.example
other.example:81 no rule
dead.example:80 allowed, but: Connection refused"
	has "$(jq -r .text <<<"$output")" "aipod allow host NAME"
	AIPOD_SESSION=76543210 status 0 "$TOP/share/tools/why_denied/run"
	# that it listens was found out by a request that is none
	is "$(jq -c '[.denials[] | select(.host | test("^GET ") | not)]' \
	    <<<"$output")" "[]"
}

@test "asking: one question for many connections, and what is remembered" {
	# the approver is a program of the configuration; it notes each question
	cat >"$T/approver" <<-'SH'
	#!/bin/sh
	cat >>"$T/asked"
	echo ==== >>"$T/asked"
	sleep 1
	cat "$T/answer"
	SH
	chmod 700 "$T/approver"
	export AIPOD_APPROVER=$T/approver
	egress -m ask
	echo once >"$T/answer"
	local i pids=''
	for i in 1 2 3 4 5; do
		web -o "$T/got$i" http://a.site.example/ &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	for i in 1 2 3 4 5; do
		has "$(cat "$T/got$i")" "at 5.5.5.5"
	done
	is "$(grep -c ==== "$T/asked")" 1
	has "$(cat "$T/asked")" "a.site.example:80"
	has "$(web http://a.site.example/)" "at 5.5.5.5"
	is "$(grep -c ==== "$T/asked")" 1
	echo no >"$T/answer"
	has "$(web http://b.site.example/)" "refused by policy"
	has "$(web http://b.site.example/)" "said no"
	is "$(grep -c ==== "$T/asked")" 2
	echo always >"$T/answer"
	has "$(web http://c.site.example/)" "at 5.5.5.5"
	until_true 5 grep -q 'allow c.site.example 443' "$T/hosts"
	has "$(cat "$XDG_STATE_HOME"/aipod/*/rules)" "allow host c.site.example"
	is "$(grep -c ==== "$T/asked")" 3
	echo always-domain >"$T/answer"
	has "$(web http://d.site.example/)" "at 5.5.5.5"
	until_true 5 grep -qF 'allow *.site.example 443' "$T/hosts"
	has "$(cat "$XDG_STATE_HOME"/aipod/*/rules)" "allow host *.site.example"
	has "$(web http://e.site.example/)" "at 5.5.5.5"
	is "$(grep -c ==== "$T/asked")" 4
}

@test "asking: nobody answers within a minute, and who asks after that" {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG=1 waits a minute"
	printf '#!/bin/sh\ncat >/dev/null\necho >>"%s"\nuntil [ -e "%s" ]; do sleep 0.1; done\n' \
	    "$T/asked" "$T/answer" >"$T/approver"
	echo 'echo once' >>"$T/approver"
	chmod 755 "$T/approver"
	AIPOD_APPROVER=$T/approver egress
	# while the question is still open
	has "$(web -m 100 http://a.site.example/)" "did not answer in time"
	is "$(wc -l <"$T/asked")" 1
	# the question went with its time, and what was no is asked again later
	: >"$T/answer"
	until_true 45 eval 'web -m 100 http://a.site.example/ | grep -q "at 5.5.5.5"'
	is "$(wc -l <"$T/asked")" 2
}

@test "always is a rule of the workspace served, and is taken back with it" {
	printf '#!/bin/sh\necho always\n' >"$T/approver"
	chmod 700 "$T/approver"
	mkdir "$T/other"
	AIPOD_APPROVER=$T/approver egress -m ask -w "$T/other"
	has "$(web http://a.site.example/)" "at 5.5.5.5"
	is "$(aipod-allow -w "$T/other" list | cut -f2-4)" "allow	host	a.site.example"
	is "$(aipod-allow list)" ""
	[ -n "${AIPOD_TEST_LONG-}" ] || return 0
	printf '#!/bin/sh\necho no\n' >"$T/approver"
	aipod-allow -w "$T/other" remove host a.site.example
	until_true 40 eval 'web http://a.site.example/ | grep -q "said no"'
}

@test "who asks is killed: that is no answer, and the name can be asked about again" {
	printf '#!/bin/sh\necho >>"$T/asked"; exec sleep 100\n' >"$T/approver"
	chmod 700 "$T/approver"
	AIPOD_APPROVER=$T/approver egress -m ask
	for i in 1 2; do
		web -o "$T/got" http://a.site.example/ &
		until_true 10 eval '[ "$(wc -l <"$T/asked")" = '$i' ]'
		asker=$(ps -o ppid= -p "$(pgrep -n -f "aipod-approve --kind host --workdir $T")")
		kill -9 "$asker"
		wait $!
		has "$(cat "$T/got")" "the user cannot be asked"
		aipod-approve -l | cut -f1 | xargs -r -n 1 aipod-approve no
	done
}

@test "kill -9 at random times: no answer of always without its rule" {
	printf '#!/bin/sh\ns=$(cat); echo "$s" >>"$T/said"
	case $s in *[02468].site*) echo always ;; *) echo always-domain ;; esac\n' >"$T/approver"
	chmod 700 "$T/approver"
	export AIPOD_APPROVER=$T/approver
	unset AIPOD_SESSION
	rounds=15
	[ -z "${AIPOD_TEST_LONG-}" ] || rounds=200
	status 0 within python3 "$TOP/test/mcp/killer.py" host "$rounds"
	echo "# $output" >&3
}

@test "it ends with SIGTERM, and its helpers with it" {
	rules 'allow host *.site.example'
	egress -m deny
	kids=$(pgrep -P "$EGRESS" | tr '\n' ' ')
	[ "$(echo "$kids" | wc -w)" -ge 6 ]
	kill "$EGRESS"
	wait "$EGRESS"
	for k in $kids; do
		until_true 5 eval "! kill -0 $k 2>/dev/null"
	done
}

@test "usage" {
	status 100 aipod-egress
	status 100 aipod-egress -s 0 </dev/null
	status 100 aipod-egress -s 0 -m maybe </dev/null
	status 100 aipod-egress --tcp 127.0.0.1:1
	echo short >"$T/token"
	status 100 aipod-egress --tcp 127.0.0.1:1 --token-file "$T/token"
	chmod 666 "$T/token"
	status 100 aipod-egress --tcp 127.0.0.1:1 --token-file "$T/token"
}
