load helper

setup() {
	setup_env
	command -v tmux >/dev/null || skip "no tmux"
	export LC_ALL=C.UTF-8 ENV=
	cd "$T"
}

teardown() {
	command -v tmux >/dev/null && tm kill-server 2>/dev/null || :
}

tm() { tmux -f /dev/null -S "$T/tmux" "$@"; }
screen() { tm capture-pane -p; }
shows() { screen | grep -qF -- "$1"; }
see() { until_true 10 shows "$1" || { screen >&2; return 1; }; }
gone() { ! shows "$1"; }
keys() { tm send-keys "$@"; }

# A shell on a terminal of this size.
terminal() {	# COLUMNS ROWS
	tm new-session -d -x "$1" -y "$2" \
	    "exec env PS1='ready\$ ' TERM=\"\$TERM\" sh -i" 3>&-
	see 'ready$'
}

# Start aipod-pick in it by a shell line.
start() {
	printf '%s; echo "status=$?" >status.new; mv status.new status\n' "$1" >line
	keys 'sh ./line' Enter
}

ended() {
	until_true 10 test -e status || { screen >&2; return 1; }
	is "$(cat status)" "status=$1"
}

records() {
	printf 'c%d\trunning\tcommand %d\n' 1 1 2 2 3 3 >in
	seq 4 50 | sed 's/.*/c&	done	command &/' >>in
}

@test "pick: choose a record, exactly as it came" {
	printf 'a\tx\\ty\nb\t\033[31m\377\nc\n' >in
	terminal 80 24
	start 'aipod-pick <in >out'
	see '> a'
	keys Down
	see '> b'
	keys Enter
	ended 0
	printf 'b\t\033[31m\377\n' | cmp - out
}

@test "pick: leaving chooses nothing" {
	records
	terminal 80 24
	for key in q Escape C-c; do
		start 'aipod-pick <in >out'
		see '> c1'
		keys "$key"
		ended 1
		[ ! -s out ]
		rm status
		until_true 10 gone '> c1'
	done
}

@test "pick: movement" {
	records
	terminal 80 12
	start 'aipod-pick <in >out'
	see '> c1 '
	keys j j; see '> c3 '
	keys k; see '> c2 '
	keys End; see '> c50'
	keys PageUp; see '> c39'
	keys Home; see '> c1 '
	keys Up; see '> c1 '
	keys NPage; see '> c12'
	keys G; see '> c50'
	keys g Down; see '> c2 '
	keys Enter
	ended 0
	is "$(cut -f1 out)" c2
}

@test "pick: filter while typing" {
	records
	terminal 80 24
	start 'aipod-pick <in >out'
	see '50/50'
	keys / r u n
	see '/run_'
	see '3/50'
	keys Space '!2'
	see '2/50'
	keys BSpace BSpace BSpace
	see '3/50'
	keys Down Down Enter
	see '> c3'
	keys Escape
	see '50/50'
	see '> c3'
	keys / C O M
	see '0/50'
	keys C-u
	see '50/50'
	keys é
	see '0/50'
	keys BSpace
	see '50/50'
	keys Enter Enter
	ended 0
}

@test "pick: columns chosen" {
	printf 'a\tb\tc\nd\n' >in
	terminal 80 24
	start 'aipod-pick -c 3,1 -p "echo {1}-{2}" <in >out'
	see '> c  a'
	see 'a-b'
	gone 'b '
	keys Enter
	ended 0
	is "$(cat out)" $'a\tb\tc'
	for bad in 0 33 x 1,,2 ''; do
		status 100 aipod-pick -c "$bad" </dev/null
	done
}

@test "pick: marks" {
	records
	terminal 80 24
	start 'aipod-pick -m -i running <in >out'
	see '3/50'
	keys Space Space Space Space
	see '*2'
	keys Enter
	ended 0
	is "$(cut -f1 out | tr '\n' ' ')" 'c1 c2 '
}

@test "pick: fields reach a command as words and never as shell" {
	cat >in <<'EOT'
$(touch pwned1)	a  b	'x'
`touch pwned2`;touch pwned3	*	"q"
-	-n	\t\\
EOT
	cat >show <<'EOT'
#!/bin/sh
for a; do printf '[%s]' "$a"; done
EOT
	chmod +x show
	terminal 80 24
	start "aipod-pick -p './show {1} {2} \"{2}\" '\\''{3}'\\'' \"<{}>\" {9} x{1}y \\{2}' -p 'echo second' <in >out"
	see "[\$(touch pwned1)][a  b][a  b]['x'][<\$(touch pwned1)"
	keys Down
	see '[`touch pwned2`;touch pwned3][*][*]["q"]'
	keys Down
	see '[][-n][-n]['
	keys Tab
	see second
	see 'view 2/2'
	keys q
	ended 1
	run ls
	lacks "$output" pwned
}

@test "pick: hostile bytes are shown and not obeyed" {
	printf 'k\t\033]0;title\007\033[2J\xe2\x80\xaeabc\xc2\x9bm\tz\n' >in
	printf 'k2\t\xe4\xb8\xad\xe6\x96\x87\te\xcc\x81\n' >>in
	printf 'a\033[31mred\033[0mb\033]52;c;eA==\007\r\nc\rd\n' >log
	terminal 100 10
	start 'aipod-pick -p "cat log" <in >out'
	see '\x1b]0;title'
	see 'aredb\x1b]52;c;eA==\x07'
	see 'c\rd'
	see '中文'
	is "$(tm display-message -p '#{pane_title}' | grep -c title)" 0
	keys q
	ended 1
	# a key is matched by the bytes, whatever is shown
	rm -f status
	start 'aipod-pick -T "$(printf "\033[7mT")" <in >out'
	see '\x1b[7mT'
	keys Enter
	ended 0
	is "$(cut -f1 out)" k
}

@test "pick: without UTF-8 everything is ASCII" {
	printf 'a\t\xe4\xb8\xad\n' >in
	terminal 120 10
	start 'LC_ALL=C aipod-pick -p "cat in" <in >out'
	see 'a  \u4e2d'
	! screen | LC_ALL=C grep -q '[^ -~]'
	keys q
	ended 1
}

@test "pick: 40x10 and 300x80, and a resize between" {
	records
	terminal 40 10
	start 'aipod-pick -T Title -p "seq 200" <in >out'
	see '> c1'
	see Title
	see '50/50'
	is "$(screen | sed -n '2,5p' | cut -c3-4 | tr '\n' ' ')" 'c1 c2 c3 c4 '
	preview() { is "$(screen | sed -n '7,9p' | tr -d ' ' | tr '\n' ' ')" '1 2 3 '; }
	until_true 10 preview 2>preview.err
	tm resize-window -x 300 -y 80
	until_true 10 shows '│70'
	is "$(screen | wc -l | tr -d ' ')" 80
	see '> c1'
	see 'c50'
	tm resize-window -x 12 -y 3
	until_true 10 gone '│'
	keys Down Enter
	ended 0
	is "$(cut -f1 out)" c2
}

@test "pick: the preview is scrolled, and shows its end" {
	echo a >in
	terminal 40 12
	start 'aipod-pick -p "seq 100" <in >out'
	see 4
	keys J J
	see 6
	keys K K K q
	ended 1
	rm status
	start 'aipod-pick -t -p "seq 100" <in >out'
	see 100
	keys K
	until_true 10 gone 100
	see 99
	keys q
	ended 1
}

@test "pick: a preview that never ends, floods or fails" {
	printf 'a\nb\n' >in
	terminal 80 12
	start 'aipod-pick -p "case {1} in a) echo \$\$ >pid; yes flood;; *) echo gone; exit 3;; esac" <in >out'
	see flood
	keys Down
	see gone
	until_true 10 sh -c '! kill -0 "$(cat pid)" 2>/dev/null'
	keys Up
	see flood
	keys q
	ended 1
	until_true 10 sh -c '! kill -0 "$(cat pid)" 2>/dev/null'
}

@test "pick: bound keys, quiet and with the terminal" {
	printf 'c1\tx\nc2\ty\n' >in
	terminal 80 12
	start "aipod-pick -l 'cat in' -b 'k:kill=sed -i /^{1}/d in; echo killed {1}' -b 'f=exit 7' -x 'e:edit=printf \"edit %s? \" {1}; read a; echo \$a >answer' >out </dev/null"
	see 'k: kill  f: exit 7  e: edit'
	keys Down
	see '> c2'
	keys e
	see 'edit c2?'
	keys yes Enter
	see '> c2'
	is "$(cat answer)" yes
	keys f
	see 'f: exit status 7'
	keys k
	see 'killed c2'
	see '1/1'
	see '> c1'
	echo c9 >>in
	keys r
	see '2/2'
	see '> c1'
	keys Enter
	ended 0
	is "$(cat out)" "c1	x"
}

@test "pick: a bound command for all that is marked" {
	printf 'a\nb\nc\n' >in
	terminal 80 12
	start "aipod-pick -m -b 'k=echo {1} >>log' <in >out"
	see '> a'
	keys Space j Space k
	until_true 10 test -s log
	until_true 10 grep -q c log
	is "$(tr '\n' ' ' <log)" 'a c '
	keys q
	ended 1
}

@test "pick: what is pasted presses no keys" {
	printf 'a\nb\n' >in
	terminal 80 12
	start "aipod-pick -b 'k=echo {1} >>log' <in >out"
	see '> a'
	printf 'kkq\r' >paste
	tm load-buffer "$T/paste"
	tm paste-buffer -p
	keys j
	see '> b'
	[ ! -e log ]
	keys /
	tm paste-buffer -p
	see '/kkq'
	keys Escape
	until_true 10 gone kkq
	keys q
	ended 1
}

@test "pick: follows a growing list" {
	mkfifo fifo
	terminal 80 12
	start 'aipod-pick -f <fifo >out'
	exec 7>fifo
	printf 'c1\nc2\n' >&7
	see '2/2 ...'
	see '> c2'
	printf 'c3\n' >&7
	see '> c3'
	keys Up
	see '> c2'
	printf 'c4\nc5' >&7
	see 'c4'
	see '> c2'
	exec 7>&-
	see '5/5'
	until_true 10 gone '...'
	keys Enter
	ended 0
	is "$(cat out)" c2
}

modes() { keys "stty -a >$1" Enter; until_true 10 test -s "$1"; }

@test "pick: the terminal is as it was, however the end comes" {
	records
	terminal 80 12
	modes before
	for sig in TERM HUP INT QUIT PIPE SEGV ABRT USR1; do
		rm -f status after
		start 'aipod-pick <in >out'
		see '> c1'
		kill -"$sig" "$(pgrep -f -x 'aipod-pick' -t "$(tm display-message -p '#{s|/dev/||:pane_tty}')")"
		until_true 10 test -e status
		[ "$(cut -d= -f2 status)" -gt 128 ]
		until_true 10 gone '> c1'
		modes after
		cmp before after
		is "$(tm display-message -p '#{alternate_on} #{cursor_flag}')" '0 1'
	done
}

@test "pick: ^Z stops the job and fg brings it back" {
	records
	terminal 80 12
	modes before
	keys 'aipod-pick <in >out' Enter
	see '> c1'
	keys Down
	see '> c2'
	keys C-z
	until_true 10 shows 'topped'
	is "$(tm display-message -p '#{alternate_on} #{cursor_flag}')" '0 1'
	modes after
	cmp before after
	keys fg Enter
	see '> c2'
	kill -TSTP "$(pgrep -f -x 'aipod-pick' -t "$(tm display-message -p '#{s|/dev/||:pane_tty}')")"
	until_true 10 gone '> c2'
	keys fg Enter
	see '> c2'
	keys Enter
	until_true 10 test -s out
	is "$(cut -f1 out)" c2
}

@test "pick: a filter in a pipe needs no terminal" {
	records
	status 0 aipod-pick -F 'running !2' <in
	is "$output" $'c1\trunning\tcommand 1\nc3\trunning\tcommand 3'
	status 0 aipod-pick --filter '' <in
	is "$output" "$(cat in)"
	status 1 aipod-pick -F nothing <in
	is "$output" ''
	printf 'a\nb\0c\0' | aipod-pick -0 -F '' | cmp - <(printf 'a\nb\0c\0')
	printf 'a' | aipod-pick -F a | cmp - <(printf 'a\n')
	aipod-pick -F '' </dev/null && return 1
	head -c 1048577 /dev/zero | tr '\0' x >long
	status 100 aipod-pick -F '' <long
	has "$stderr" 'longer than'
}

@test "pick: a filter passes records on as they come" {
	mkfifo fifo
	aipod-pick -F a <fifo >out 3>&- &
	exec 7>fifo
	echo a1 >&7
	until_true 10 grep -q a1 out
	exec 7>&-
	wait
}

@test "pick: without a terminal and without a filter it says so" {
	command -v setsid >/dev/null || skip "no setsid"
	records
	status 100 setsid -w aipod-pick <in
	has "$stderr" '--filter'
}

@test "pick: usage" {
	for bad in 'k' 'k=' 'ctrl-i=x' 'two words=x' 'paste-begin=x' '=x'; do
		status 100 aipod-pick -b "$bad" </dev/null
	done
	status 100 aipod-pick word </dev/null
	status 100 aipod-pick --bogus </dev/null
	status 0 aipod-pick --help
}
