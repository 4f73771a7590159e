load helper

U=$TOP/build/test/unit

setup() {
	setup_env
	[ -x "$U/buf" ] || skip "no unit tests: run make unit"
	T=$(cd "$T" && pwd -P)
	mkdir "$T/empty"
	cd "$T/empty"
}

@test "buf" { "$U/buf"; }
@test "num" { "$U/num"; }
@test "rec" { "$U/rec"; }
@test "io" { "$U/io"; ! ls -d ./*.tmp.* dir/*.tmp.* .tmp.* 2>/dev/null; }
@test "update" { "$U/update"; }
@test "child" { "$U/child"; }

@test "argv: a shell reads the words back" {
	"$U/argv"
	all=$(for i in $(seq 1 255); do printf "\\$(printf %03o "$i")"; done; echo x)
	set -- '' ' ' a 'a b' "it's" '"' '$HOME' '`id`' '$(id)' \\ '\\n' '*' '?' \
	    '[a]' '~' '#c' '!x' ';' '&' '|' '<' '>' '(' ')' '{a,b}' -n -- = A=b \
	    $'new\nline' $'tab\t' $'\x1b[31m' "''" "'" ü "${all%x}" end
	line=$("$U/argv" word "$@")
	for shell in sh bash dash busybox; do
		command -v $shell >/dev/null || continue
		[ $shell != busybox ] || shell='busybox sh'
		$shell -c "eval \"set -- \$1\"; printf '%s\0' \"\$@\"" x "$line" |
		    cmp - <(printf '%s\0' word "$@")
	done
	is "$("$U/argv" podman run -e A=b /x,y:z@1%)" "podman run -e A=b /x,y:z@1%"
}

@test "argv: a first word is a program's name whatever it is" {
	for name in A=b if while '{' '!' time function case ''; do
		line=$("$U/argv" "$name" x)
		run -127 bash -c "$line"
	done
}

@test "conf: directories by the XDG base directory specification" {
	is "$("$U/conf" dirs)" "$T/config/aipod
$T/state/aipod
$T/run/aipod"
	unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR
	d=/run/aipod
	[ "$(id -u)" = 0 ] || d=/run/user/$(id -u)/aipod
	[ -O "${d%/aipod}" ] || d=/tmp/aipod-$(id -u)
	is "$("$U/conf" dirs)" "$HOME/.config/aipod
$HOME/.local/state/aipod
$d"
	XDG_CONFIG_HOME=rel XDG_STATE_HOME='' XDG_RUNTIME_DIR=./x \
	    is "$("$U/conf" dirs)" "$HOME/.config/aipod
$HOME/.local/state/aipod
$d"
}

@test "conf: state and runtime directories are made private, or refused" {
	XDG_STATE_HOME=$T/a/b run "$U/conf" make
	is "$status" 0
	is "$(stat -c %a "$T/a/b/aipod" "$XDG_RUNTIME_DIR/aipod" | tr '\n' ' ')" \
	    "700 700 "
	chmod 755 "$XDG_RUNTIME_DIR/aipod"
	status 111 "$U/conf" make
	has "$stderr" "chmod 700"
	rmdir "$XDG_RUNTIME_DIR/aipod"
	ln -s "$T" "$XDG_RUNTIME_DIR/aipod"
	status 111 "$U/conf" make
}

@test "conf: settings" {
	f=$XDG_CONFIG_HOME/aipod/config
	status 1 "$U/conf" get ENGINE
	printf '# comment\n\nENGINE=first\nOTHER=a=b c \nENGINE=docker\nEMPTY=\nLAST=x' >"$f"
	is "$("$U/conf" get ENGINE)" docker
	is "$("$U/conf" get OTHER)" "a=b c "
	is "$("$U/conf" get EMPTY)" ""
	is "$("$U/conf" get LAST)" x
	status 1 "$U/conf" get ENGIN
	AIPOD_ENGINE=env is "$(AIPOD_ENGINE=env "$U/conf" get ENGINE)" env
	for bad in 'ENGINE' 'engine=x' ' A=b' '=x' 'A B=c' 'export A=b'; do
		printf 'OK=1\n%s\n' "$bad" >"$f"
		status 100 "$U/conf" get ENGINE
		has "$stderr" "line 2"
	done
	printf 'ENGINE=a\0\n' >"$f"
	status 100 "$U/conf" get ENGINE
	printf 'ENGINE=a\n' >"$f"
	chmod 666 "$f"
	status 100 "$U/conf" get ENGINE
	has "$stderr" "chmod go-w"
	rm "$f"
	mkdir "$f"
	status 100 "$U/conf" get ENGINE
}

@test "conf: yes and no" {
	for v in yes TRUE 1 On; do is "$(AIPOD_X=$v "$U/conf" bool X 0)" 1; done
	for v in no False 0 off; do is "$(AIPOD_X=$v "$U/conf" bool X 1)" 0; done
	is "$("$U/conf" bool X 1)$("$U/conf" bool X 0)" 10
	AIPOD_X=maybe status 100 "$U/conf" bool X 1
	AIPOD_X='' status 100 "$U/conf" bool X 1
}

@test "conf: where tools and data are found" {
	mkdir "$T/p1" "$T/p2"
	printf '#!/bin/sh\n' >"$T/p2/aipod-thing"
	chmod +x "$T/p2/aipod-thing"
	cp "$T/p2/aipod-thing" .
	unset AIPOD_EXEC_PATH
	PATH=.:$T/p1:$T/p2:$PATH
	is "$("$U/conf" tool aipod-thing)" "$T/p2/aipod-thing"
	cp "$T/p2/aipod-thing" "$T/p1"
	AIPOD_EXEC_PATH=$T/p2 is "$(AIPOD_EXEC_PATH=$T/p2 "$U/conf" tool aipod-thing)" \
	    "$T/p2/aipod-thing"
	status 127 "$U/conf" tool aipod-nothing
	is "$(AIPOD_SHARE=/x "$U/conf" share agents/y)" /x/agents/y
	lacks "$(AIPOD_SHARE=rel "$U/conf" share y)" rel
}

# A session that lives until let go; its directory in $dir.
begin() {
	mkfifo "$T/in$1" "$T/out$1"
	"$U/session" make "${2:-$T/ws}" <"$T/in$1" >"$T/out$1" 3>&- &
	pid=$!
	exec 8>"$T/in$1"
	read -r dir <"$T/out$1"
}

@test "session: made private, alive while its launcher is" {
	begin 1
	is "$(stat -c %a "$dir" "$dir/run" "$dir/lock" | tr '\n' ' ')" "700 711 600 "
	id=${dir#"$XDG_RUNTIME_DIR/aipod/"}
	[[ $id =~ ^[0-9a-f]{12}/[0-9a-f]{8}$ ]]
	is "$("$U/session" list)" "$id alive"
	is "$("$U/session" list "${id%/*}")" "$id alive"
	is "$("$U/session" list 000000000000)" ""
	echo 'podman' >"$dir/engine"
	printf 'new\nline\n' >"$dir/workspace"
	is "$("$U/session" fact "${id%/*}" engine)" podman
	is "$("$U/session" fact "${id%/*}" workspace)" $'new\nline'
	is "$("$U/session" fact "${id%/*}" gone)" ""
	kill -KILL $pid
	wait $pid || true
	is "$("$U/session" list)" "$id dead"
	mkdir -p "$dir/run/a/b"
	: >"$dir/run/a/b/c"
	ln -s "$T/ws" "$dir/run/out"
	: >"$T/ws/keep"
	"$U/session" remove "${id%/*}"
	[ ! -e "${dir%/*}" ]
	[ -e "$T/ws/keep" ]
	is "$("$U/session" list)" ""
}

@test "session: a lister that looks on does not hinder a launch" {
	h=$(printf %s "$T/ws" | sha256sum | cut -c1-12)
	n=100
	! sanitized || n=10
	( exec 3>&-; while [ ! -e "$T/stop" ]; do
		"$U/session" list
	done >"$T/seen" ) &
	for i in $(seq 1 $n); do
		"$U/session" make "$T/ws" </dev/null >/dev/null
		"$U/session" remove "$h"
	done
	: >"$T/stop"
	wait
}

@test "session: what is in the way or not ours" {
	mkdir -m 700 -p "$XDG_RUNTIME_DIR/aipod"
	mkdir "$XDG_RUNTIME_DIR/aipod/nothex"
	h=0123456789ab
	mkdir -p "$XDG_RUNTIME_DIR/aipod/$h/.new.89abcdef/run" \
	    "$XDG_RUNTIME_DIR/aipod/$h/0123"
	is "$("$U/session" list)" ""
	"$U/session" tidy $h 1000
	[ -d "$XDG_RUNTIME_DIR/aipod/$h/.new.89abcdef" ]
	"$U/session" tidy $h 0
	[ ! -e "$XDG_RUNTIME_DIR/aipod/$h/.new.89abcdef" ]
	[ -d "$XDG_RUNTIME_DIR/aipod/$h/0123" ]
	chmod 777 "$XDG_RUNTIME_DIR/aipod"
	status 1 "$U/session" list
	has "$stderr" "not permitted"
}
