load helper

# What aipod-hash must say, by other programs.
want() {
	printf %s "$1" | sha256sum | cut -c1-12
}

setup() {
	setup_env
	command -v sha256sum >/dev/null || skip "no sha256sum"
	T=$(cd "$T" && pwd -P)
	cd "$T/ws"
}

@test "the working directory, -w and AIPOD_WORKSPACE" {
	status 0 aipod-hash
	is "$output" "$(want "$T/ws")"
	status 0 aipod-hash -w "$T"
	is "$output" "$(want "$T")"
	status 0 aipod-hash --workdir=/
	is "$output" "$(want /)"
	export AIPOD_WORKSPACE=$T/home
	status 0 aipod-hash
	is "$output" "$(want "$T/home")"
	status 0 aipod-hash -w "$T/ws"
	is "$output" "$(want "$T/ws")"
}

@test "relative paths, dots, slashes and links give one hash" {
	mkdir -p a/b
	ln -s a/b link
	ln -s ../../link a/b/chain
	w=$(want "$T/ws/a/b")
	for d in a/b ./a/b a/../a/./b//b/.. link link/ a/b/chain "$T/ws/link/." \
	    "$T//ws/a/b"; do
		case $d in a/../a/./b//b/..) mkdir -p a/b/b ;; esac
		status 0 aipod-hash "$d"
		is "$output" "$w"
	done
	cd link
	status 0 aipod-hash .
	is "$output" "$w"
}

@test "several, in their order" {
	mkdir x y
	status 0 aipod-hash y x "$T"
	is "$output" "$(want "$T/ws/y")
$(want "$T/ws/x")
$(want "$T")"
}

@test "deep paths" {
	d=$T/ws
	for i in $(seq 1 60); do
		d=$d/a-directory-with-a-name-of-some-length
	done
	mkdir -p "$d"
	[ ${#d} -gt 2000 ]
	status 0 aipod-hash "$d"
	is "$output" "$(want "$d")"
	cd "$d"
	status 0 aipod-hash
	is "$output" "$(want "$d")"
}

@test "any byte but NUL and slash" {
	for name in $'new\nline' $'\n' ' ' '-' '--help' $'tab\there' 'back\slash' \
	    "quo'te" 'ü€😀' $'\xff\xfe' $'e\xcc\x81' $'\x01\x1b[31m' '*' '$HOME'; do
		mkdir -- "./$name" 2>/dev/null || continue # not on every system
		status 0 aipod-hash -- "./$name"
		is "$output" "$(want "$T/ws/$name")"
		cd -- "./$name"
		status 0 aipod-hash
		is "$output" "$(want "$T/ws/$name")"
		cd ..
	done
}

@test "- reads records, and NUL-ended paths with -0" {
	mkdir $'new\nline' 'back\slash' $'ta\tb' plain
	all=$(for d in plain $'new\nline' 'back\slash' $'ta\tb'; do
		want "$T/ws/$d"; done)
	printf '%s\n' plain 'new\nline' 'back\\slash' 'ta\tb' >in
	status 0 aipod-hash - <in
	is "$output" "$all"
	printf '%s\0' plain $'new\nline' 'back\slash' $'ta\tb' >in
	aipod-hash -0 - <in >out
	is "$(tr '\0' '\n' <out)" "$all"
	is "$(tr -dc '\0' <out | wc -c | tr -d ' ')" 4
	is "$(tr -dc '\n' <out | wc -c | tr -d ' ')" 0
	printf plain >in	# the last line need not end
	status 0 aipod-hash / - <in
	is "$output" "$(want /)
$(want "$T/ws/plain")"
	: >in
	status 0 aipod-hash - <in
	is "$output" ""
}

@test "what is no path on standard input: a warning, and the rest goes on" {
	mkdir plain
	for bad in 'a\b' 'a	b' '' 'nul\0byte' - 'gone'; do
		printf -- "$bad\nplain\n" >in
		[ "$bad" != 'a\b' ] || printf '%s\nplain\n' 'a\qb' >in
		status 100 aipod-hash - <in
		is "$output" "$(want "$T/ws/plain")"
		[ -n "$stderr" ]
	done
}

@test "-l gives all names" {
	cd ..
	mkdir 'My Project!'
	d="$T/My Project!"
	h=$(want "$d")
	status 0 aipod-hash -l -s 0123abcd "$d"
	is "$output" "hash	$h
path	$d
container	aipod-$h-0123abcd
image	aipod-my-project-$h
home	aipod-$h-home
state	$XDG_STATE_HOME/aipod/$h"
	status 0 aipod-hash --long "$d"
	lacks "$output" container
}

@test "-l escapes a path so that a line is a record" {
	mkdir $'new\nli\tne\\'
	status 0 aipod-hash -l ./new*
	is "$(printf '%s\n' "$output" | wc -l | tr -d ' ')" 5
	has "$output" 'new\nli\tne\\'
}

@test "an image's name is one that engines take" {
	for name in '...' 'ÄÖÜ' 'A__B--c..d' '-x-' "$(printf '%0200d' 7)"; do
		mkdir -- "./$name"
		status 0 aipod-hash -l -- "./$name"
		image=$(printf '%s\n' "$output" | sed -n 's/^image	//p')
		printf '%s\n' "$image" |
		    grep -Eqx '[a-z0-9]+(-[a-z0-9]+)*'
		[ ${#image} -le 64 ]
	done
}

@test "-j gives JSON with the same names" {
	command -v jq >/dev/null || skip "no jq"
	mkdir $'new\n"line\\'
	status 0 aipod-hash -j -s 0123abcd ./new* .
	printf '%s\n' "$output" >out
	is "$(wc -l <out | tr -d ' ')" 2
	is "$(head -n 1 out | jq -r .path)" "$T/ws/"$'new\n"line\\'
	h=$(want "$T/ws")
	is "$(tail -n 1 out | jq -r '[.hash,.container,.image,.home,.state]|join(" ")')" \
	    "$h aipod-$h-0123abcd aipod-ws-$h aipod-$h-home $XDG_STATE_HOME/aipod/$h"
	status 0 aipod-hash -j
	is "$(printf '%s' "$output" | jq 'has("container")')" false
}

@test "what is no directory: status 100, the others named" {
	: >file
	ln -s loop loop
	mkdir here
	status 100 aipod-hash gone here file loop
	is "$output" "$(want "$T/ws/here")"
	has "$stderr" "cannot use 'gone' as workspace: No such file"
	has "$stderr" "cannot use 'file' as workspace: Not a directory"
	has "$stderr" "cannot use 'loop'"
	status 100 aipod-hash -w gone
	status 100 aipod-hash ''
	AIPOD_WORKSPACE=file status 100 aipod-hash
}

@test "a directory that cannot be entered is none to work in" {
	[ "$(id -u)" -ne 0 ] || skip "root enters every directory"
	mkdir -m 600 shut
	status 100 aipod-hash shut
	has "$stderr" "Permission denied"
}

@test "usage errors" {
	status 100 aipod-hash -s 0123 .
	status 100 aipod-hash -s 0123ABCD .
	status 100 aipod-hash --nonsense
	has "$stderr" "usage: aipod-hash"
	status 100 aipod-hash -w . .
}

@test "help, version, and standard output that cannot be written" {
	status 0 aipod-hash --help
	has "$output" "usage: aipod-hash"
	status 0 aipod-hash -V
	[ -c /dev/full ] || skip "no /dev/full"
	status 111 sh -c 'aipod-hash >/dev/full'
	status 111 sh -c 'aipod-hash -j >/dev/full'
}
