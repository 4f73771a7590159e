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
