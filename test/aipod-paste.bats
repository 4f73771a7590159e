#!/usr/bin/env bats
# The image on the clipboard, as a file in the workspace.

load helper

setup() {
	setup_env
	cd "$T/ws"
	unset DISPLAY WAYLAND_DISPLAY AIPOD_PASTE_COMMAND
	# the smallest PNG there is
	printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' |
	    base64 -d >"$T/a.png"
}

teardown() {
	[ -z "${XPID-}" ] || kill "$XPID" 2>/dev/null || true
}

# The file behind a path that was printed.
host() { printf '%s/ws/%s\n' "$T" "${1#/app/}"; }

@test "from standard input" {
	status 0 sh -c "aipod-paste - <'$T/a.png'"
	[[ $output =~ ^/app/\.aipod/paste/[0-9TZ]+-[0-9]+\.png$ ]]
	cmp "$T/a.png" "$(host "$output")"
	printf '\377\330\377\340' >"$T/j"
	status 0 sh -c "aipod-paste - <'$T/j'"
	has "$output" .jpg
}

@test "from the clipboard of an X server" {
	command -v Xvfb >/dev/null && command -v xclip >/dev/null ||
	    skip "no Xvfb or no xclip here"
	Xvfb -displayfd 5 -screen 0 64x64x8 5>"$T/display" >/dev/null 2>&1 3>&- &
	XPID=$!
	until_true 20 test -s "$T/display"
	DISPLAY=:$(cat "$T/display")
	export DISPLAY
	status 1 aipod-paste
	has "$stderr" "there is no image"
	xclip -selection clipboard -t image/png -i "$T/a.png" >/dev/null 2>&1 3>&-
	status 0 aipod-paste
	cmp "$T/a.png" "$(host "$output")"
	echo text | xclip -selection clipboard -i >/dev/null 2>&1 3>&-
	status 1 aipod-paste
}

@test "a session tells where the workspace is" {
	dir=$XDG_RUNTIME_DIR/aipod/$(aipod-hash)/01234567
	mkdir -p "$dir"
	pwd >"$dir/at"
	status 0 sh -c "aipod-paste - <'$T/a.png'"
	cmp "$T/a.png" "$output"
}

@test "no image, and too much of one" {
	status 1 sh -c 'echo text | aipod-paste -'
	status 1 sh -c 'aipod-paste - </dev/null'
	status 1 sh -c "(cat '$T/a.png'; head -c 34000000 /dev/zero) | aipod-paste -"
	has "$stderr" "larger than 32 MB"
	status 1 env AIPOD_PASTE_COMMAND=false aipod-paste
	status 0 env AIPOD_PASTE_COMMAND="cat '$T/a.png'" aipod-paste
	is "$(ls .aipod/paste | wc -l)" 1
}

@test "links and FIFOs where the directory should be" {
	mkdir "$T/outside"
	for p in .aipod .aipod/paste; do
		rm -rf .aipod
		[ $p = .aipod ] || mkdir .aipod
		ln -s "$T/outside" $p
		status 111 sh -c "aipod-paste - <'$T/a.png'"
		rm $p
		mkfifo $p
		status 111 timeout 20 sh -c "aipod-paste - <'$T/a.png'"
		rm $p
	done
	is "$(ls -A "$T/outside")" ""
}

@test "no program that reads a clipboard" {
	mkdir "$T/bin"
	for c in sh cat head mktemp rm wc grep od tr env; do
		ln -s "$(command -v $c)" "$T/bin/$c"
	done
	status 100 env PATH="$T/bin" "$(command -v aipod-paste)"
	has "$stderr" "install wl-clipboard"
}

@test "usage" {
	status 100 aipod-paste --bogus
	status 100 aipod-paste a b
	status 0 aipod-paste --help
	status 0 aipod-paste --version
}
