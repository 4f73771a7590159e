#!/usr/bin/env bats
# A session on a terminal: the agent's pseudo-terminal, and the question that
# is asked over its screen.

load helper

setup_file() {
	command -v tmux >/dev/null || skip_file "no tmux here"
	engine_file_setup
}
setup() {
	engine_setup
	mux() { tmux -L "aipod-$BATS_TEST_NUMBER-$$" -f /dev/null "$@"; }
	aipod build >/dev/null 2>&1
}
teardown() {
	mux kill-server 2>/dev/null || true
	engine_teardown
}

screen() { mux capture-pane -p; }
shows() { screen | grep -qF -- "$1"; }
shows_not() { ! shows "$1"; }
box() {
	mux new-session -d -x "${1:-80}" -y "${2:-24}" \
	    "aipod; stty -a >'$T/stty'; echo over >'$T/over'; sleep 60"
	until_true 30 shows '/app '
}
# What was typed before the question was there is dropped: type after it.
answer() {
	until_true 20 shows 'Answer within'
	sleep 1
	type_line "$1"
}
type_line() { mux send-keys -l -- "$1"; mux send-keys Enter; }

@test "a shell on a terminal: size, resize, Ctrl-C, the terminal afterwards" {
	box 90 28
	type_line 'stty size; tty'
	until_true 10 shows '28 90'
	mux resize-window -x 70 -y 20
	type_line 'stty size'
	until_true 10 shows '20 70'
	type_line 'sleep 1000; echo st''opped'
	sleep 1
	mux send-keys C-c
	type_line 'echo go''es on'
	until_true 10 shows 'goes on'
	type_line 'exit 3'
	until_true 15 test -e "$T/over"
	has "$(cat "$T/stty")" ' icanon '
	has "$(cat "$T/stty")" ' echo '
	lacks "$(cat "$T/stty")" '-icanon'
}

@test "a question comes over the agent's screen and the screen comes back" {
	box
	type_line 'clear; echo my sc''reen'
	until_true 10 shows 'my screen'
	type_line "aipod-call run_command command='echo \$((40 + 2)) on the host'"
	until_true 20 shows 'wants to run a command'
	shows 'echo $((40 + 2)) on the host'
	shows_not 'my screen'
	answer y
	until_true 20 shows '42 on the host'
	shows 'my screen'
	shows_not 'wants to run a command'
}

@test "the answer is no by default, and keys typed before do not answer" {
	box
	# typed while nothing asks yet: it must reach the agent, or nobody
	type_line "sleep 2; aipod-call run_command command='touch done'; echo st=\$?"
	type_line y
	until_true 20 shows 'wants to run a command'
	sleep 1
	shows 'wants to run a command'
	answer ''
	until_true 20 shows 'st=1'
	[ ! -e done ]
}

@test "the agent on the alternate screen is drawn again, its modes are kept" {
	box
	cat >asks <<-'EOT'
	printf '\033[?1049h\033[?2004h\033[?1000h\033[?25l\033[H'
	trap 'echo drawn' WINCH
	aipod-call run_command command=true >/dev/null &
	while [ ! -e end ]; do sleep 0.1; done
	EOT
	type_line 'sh asks'
	answer y
	until_true 20 shows_not 'Answer within'
	until_true 20 shows 'drawn'
	is "$(mux display-message -p '#{alternate_on} #{cursor_flag} #{mouse_standard_flag}')" \
	    "1 0 1"
	touch end
	type_line 'exit'
	until_true 15 test -e "$T/over"
	is "$(mux display-message -p '#{alternate_on} #{cursor_flag} #{mouse_standard_flag}')" \
	    "0 1 0"
}

@test "a flood of output passes byte for byte" {
	mux new-session -d -x 80 -y 24 "aipod run sh -c 'yes 0123456789 |
	    head -n 200000; echo E''ND'; echo over >'$T/over'; sleep 60"
	until_true 60 test -e "$T/over"
	shows END
	is "$(screen | grep -c '^0123456789$')" 22
}

@test "the terminal hung up: nothing is left" {
	box
	mux kill-server
	until_true 30 nothing_left
}

# on_pty CHECK...: a session on a terminal of Python's, read as CHECK says.
on_pty() {
	cat >"$T/on_pty.py" <<-'EOT'
	import hashlib, os, pty, select, signal, struct, sys, time
	import fcntl, termios
	seen = bytearray()
	def start(*words):
	    global pid, fd, seen
	    seen = bytearray()
	    pid, fd = pty.fork()
	    if pid == 0:
	        os.execvp(words[0], words)
	    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
	def more(patience=30):
	    global seen
	    if not select.select([fd], [], [], patience)[0]:
	        raise SystemExit("nothing more: %r" % seen[-300:])
	    try:
	        got = os.read(fd, 65536)
	    except OSError:
	        got = b""
	    seen += got
	    return got != b""
	def until(what):
	    while what not in seen:
	        assert more(), "ended without %r: %r" % (what, seen[-300:])
	def end():
	    while more():
	        pass
	    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
	def launcher():
	    kids = open("/proc/%d/task/%d/children" % (pid, pid)).read().split()
	    return [pid] + [int(k) for k in kids]
	def rss():
	    return max(int(l.split()[1]) for p in launcher()
	        for l in open("/proc/%d/status" % p) if l.startswith("VmRSS"))
	EOT
	cat >>"$T/on_pty.py"
	status 0 timeout 120 python3 "$T/on_pty.py"
}

@test "whatever the bytes, none is lost or changed, and the status is the agent's" {
	cat >bytes <<-'EOT'
	stty raw
	i=0
	while [ $i -lt 256 ]; do
		printf "\\$(printf %03o $i)"
		i=$((i + 1))
	done >all
	i=0
	while [ $i -lt 400 ]; do
		cat all all all
		i=$((i + 1))
	done
	printf 'the very last'
	exit 7
	EOT
	on_pty <<-'EOT'
	want = bytes(range(256)) * 1200 + b"the very last"
	start("aipod", "run", "sh", "bytes")
	assert end() == 7
	at = seen.find(want)
	assert at >= 0, (len(seen), seen[-40:])
	# what follows undoes modes that the bytes may have set, no more
	assert len(seen) - at - len(want) < 100, seen[-200:]
	for i in range(5):
	    start("aipod", "run", "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo LAST; exit 9")
	    assert end() == 9
	    assert b"x" * 100000 + b"LAST" in seen, len(seen)
	EOT
}

@test "a terminal that is slow holds the agent up, and nothing grows" {
	on_pty <<-'EOT'
	start("aipod", "run", "sh", "-c",
	    "echo BE''GIN; yes 0123456789 | head -n 500000; echo E''ND; exit 5")
	until(b"BEGIN")
	before = rss()
	time.sleep(2)
	assert rss() - before < 2000, (before, rss())
	assert end() == 5
	assert seen.count(b"0123456789\r\n") == 500000 and b"END" in seen
	EOT
}

@test "a huge paste arrives whole while much is written" {
	on_pty <<-'EOT'
	start("aipod", "run", "sh", "-c", "stty raw -echo; echo REA''DY;"
	    " yes 0123456789 & head -c 1000000 | md5sum >sum; kill $!; exit 4")
	until(b"READY")
	os.set_blocking(fd, False)
	text = b"".join(b"%07d\xff" % i for i in range(125000))
	left = text
	while left:
	    r, w, _ = select.select([fd], [fd], [], 30)
	    if r:
	        assert more()
	        del seen[:-100]
	    if w:
	        try:
	            left = left[os.write(fd, left[:4096]):]
	        except BlockingIOError:
	            pass
	os.set_blocking(fd, True)
	assert end() == 4
	assert open("sum").read().split()[0] == hashlib.md5(text).hexdigest()
	EOT
}

@test "a question comes in the middle of a flood, and the flood goes on" {
	box
	cat >asks <<-'EOT'
	(sleep 1; aipod-call run_command command='echo yes >>said') >/dev/null 2>&1 &
	while [ ! -e end ]; do
		printf '\033[1;3%dm\303\244 %s\033[0m\n' 1 2 3 4 5 6 7 8
	done
	EOT
	type_line 'sh asks'
	answer y
	until_true 20 test -e said
	mux resize-window -x 71 -y 21
	# the whole question has gone, and it flows
	until_true 20 shows_not 'Answer within'
	shows 'ä'
	touch end
	type_line 'clear; stty size'
	until_true 10 shows '21 71'
	type_line exit
	until_true 15 test -e "$T/over"
}

@test "a sequence that never ends keeps no question away" {
	box
	cat >asks <<-'EOT'
	printf '\033Pnever ended'
	aipod-call run_command command='echo yes >said' >/dev/null 2>&1
	printf '\030\033\\\nwell\n'
	EOT
	type_line 'sh asks'
	answer y
	until_true 20 test -e said
	until_true 20 shows well
}

@test "the client killed: the terminal is as it was, and nothing is left" {
	box
	type_line 'printf "\033[?1049h\033[?1000h"; cat'
	until_true 10 eval \
	    '[ "$(mux display-message -p "#{alternate_on}")" = 1 ]'
	pkill -9 -f -- "-v $T/ws:/app"
	until_true 30 test -e "$T/over"
	is "$(mux display-message -p '#{alternate_on} #{mouse_standard_flag}')" "0 0"
	lacks "$(cat "$T/stty")" '-icanon'
	until_true 30 nothing_left
}
