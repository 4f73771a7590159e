#!/usr/bin/env bats
# lib/rule: the language of aipod-rules(5) and what matches what.
load helper

setup() {
	setup_env
	R=$T/rules
	rule=$TOP/build/test/unit/rule
	[ -x "$rule" ] || make -s -C "$TOP" unit
}

# rules LINE...: the file; judge COMMAND: which rule holds for it
rules() { printf '%s\n' "$@" >"$R"; chmod 600 "$R"; }
judge() { printf '%s' "$1" | "$rule" command "$R"; }
line() { printf '%s' "$1" | sed -n 's/^.*:\([0-9]*\): .*/\1/p; s/^none$/none/p'; }

@test "a file that is not there has no rules" {
	status 0 "$rule" show "$T/none"
	is "$output" ""
}

@test "rules of every kind are read and shown as they can be read again" {
	rules '# a comment' '' 'allow command "make test"   # why' \
	    '  allow	command make' \
	    'allow command "cargo *"' \
	    'allow service postgres:16 env B A' \
	    'allow host *.crates.example.' \
	    'deny host [0:0:0:0:0:0:0:1]:8080' \
	    'deny host *' \
	    "allow command \"printf 'a\\tb' \\\"\\\\\\\\\\\"\" digest $(printf '%064d' 7)"
	status 0 "$rule" show "$R"
	is "$(printf '%s\n' "$output" | sed 's/^[^ ]*: //')" \
'allow command "make test"
allow command "make"
allow command "cargo *"
allow service postgres:16 env A B
allow host *.crates.example
deny host [::1]:8080
deny host *
allow command "printf '"'a\\tb'"' \"\\\\\"" digest '"$(printf '%064d' 7)"
	printf '%s\n' "$output" | sed 's/^[^ ]*: //' >"$T/again"
	chmod 600 "$T/again"
	first=$(printf '%s\n' "$output" | sed 's/^[^ ]*: //')
	status 0 "$rule" show "$T/again"
	is "$(printf '%s\n' "$output" | sed 's/^[^ ]*: //')" "$first"
}

@test "what is no rule stops everything and names its line" {
	while IFS= read -r bad; do
		rules 'allow command "fine"' "$bad"
		status 1 "$rule" show "$R"
		has "$output" "$R:2: "
	done <<-'EOT'
	permit command "x"
	allow
	allow command
	allow commands "x"
	"allow" command "x"
	allow command make test
	allow command ""
	allow command "x
	allow command "x"y
	allow command "\q"
	allow command "\x4"
	allow command "a\x00b"
	allow command a;b
	allow command 'make test'
	allow command "x" digest 12
	allow command "x" digest 000000000000000000000000000000000000000000000000000000000000000G
	allow command "x *" digest 0000000000000000000000000000000000000000000000000000000000000000
	allow command "x" because
	allow command "sh -c 'x *"
	allow command " *"
	allow command "cd a && make *"
	allow service
	allow service pg env
	allow service -v
	allow service pg env 1A
	allow service pg env A A
	allow service pg with A
	allow host
	allow host *
	allow host a..b
	allow host *.
	allow host a*.b
	allow host http://a
	allow host a:0
	allow host a:080
	allow host a:65536
	allow host a:
	allow host ::1
	allow host [::1
	allow host [zz]
	allow host a b
	EOT
	printf 'allow command "x"\r\n' >"$R"
	status 1 "$rule" show "$R"
	has "$output" "carriage return"
	printf 'allow command "x"\n\0' >"$R"
	status 1 "$rule" show "$R"
	has "$output" "NUL"
}

@test "a file that others can write, a link's target included, is refused" {
	rules 'allow command "x"'
	for mode in 620 602 666; do
		chmod $mode "$R"
		status 1 "$rule" show "$R"
		has "$output" "others cannot write"
		ln -sf rules "$T/link"
		status 1 "$rule" show "$T/link"
	done
	mkfifo -m 600 "$T/fifo"
	status 1 "$rule" show "$T/fifo"
	status 1 "$rule" show "$T"
}

@test "an exact command matches its bytes and nothing else" {
	rules 'allow command "make test"'
	is "$(line "$(judge 'make test')")" 1
	for c in 'make tes' 'make test ' ' make test' 'make  test' 'make test;id' \
	    $'make test\n' 'Make test' ''; do
		is "$(judge "$c")" none
	done
	is "$(printf 'make test\0' | "$rule" command "$R")" none
}

@test "a trailing star takes plain words and no syntax of the shell" {
	rules 'allow command "cargo *"'
	for c in 'cargo build' 'cargo test --all -p a_b/c@1.2' 'cargo a=b:c,d+e%f'; do
		is "$(line "$(judge "$c")")" 1
	done
	while IFS= read -r c; do
		is "$(judge "$c")" none
	done <<-'EOT'
	cargo
	cargo 
	cargo  build
	cargo build 
	cargox build
	cargo build;id
	cargo build ; id
	cargo build & id
	cargo build && id
	cargo build | sh
	cargo $(id)
	cargo `id`
	cargo $HOME
	cargo ${X}
	cargo >x
	cargo 2>&1
	cargo <x
	cargo "a b"
	cargo 'a'
	cargo a\ b
	cargo *
	cargo a?
	cargo [ab]
	cargo {a,b}
	cargo ~
	cargo #x
	cargo !!
	cargo (x)
	cargo a	b
	cargo é
	EOT
	is "$(judge $'cargo build\nid')" none
	is "$(judge $'cargo build\rid')" none
	is "$(printf 'cargo build\0' | "$rule" command "$R")" none
}

@test "a written star can be meant as such" {
	rules 'allow command "ls \x2a"'
	is "$(line "$(judge 'ls *')")" 1
	is "$(judge 'ls x')" none
	is "$(printf 'ls *' | "$rule" quote exact)" '"ls \x2a"'
	is "$(printf 'ls *' | "$rule" quote)" '"ls *"'
	has "$("$rule" show "$R")" 'allow command "ls \x2a"'
}

@test "a denial's star takes anything" {
	rules 'allow command "rm -rf $HOME"' 'deny command "rm *"'
	for c in 'rm' 'rm x' 'rm -rf $HOME' 'rm x; id' $'rm \n'; do
		is "$(line "$(judge "$c")")" 2
	done
	is "$(judge 'rmdir x')" none
}

@test "the last match wins" {
	rules 'allow command "a *"' 'deny command "a b"' 'allow command "a b c"'
	is "$(line "$(judge 'a b')")" 2
	is "$(line "$(judge 'a c')")" 1
	is "$(line "$(judge 'a b c')")" 3
}

@test "any bytes can be quoted and come back" {
	for s in 'a"b\c' $'a\nb\tc' $'\033[2J\177\200\377' 'é*' ' *' '*' 'x *'; do
		rules "allow command $(printf '%s' "$s" | "$rule" quote exact)"
		is "$(line "$(judge "$s")")" 1
	done
}

@test "hosts: names, what is below a name, ports" {
	rules 'allow host *.crates.example' 'allow host db:5432' 'deny host gist.github.com' \
	    'allow host [fe80::1]' 'allow host x.org' 'deny host y.x.org:443'
	h() { line "$("$rule" host "$R" "$@")"; }
	is "$(h static.crates.example 443)" 1
	is "$(h a.b.crates.example 80)" 1
	is "$(h crates.example 443)" none
	is "$(h evilcrates.example 443)" none
	is "$(h static.crates.example 22)" none
	is "$(h db 5432)" 2
	is "$(h db 80)" none
	is "$(h gist.github.com 443)" 3
	is "$(h gist.github.com 22)" 3
	is "$(h fe80::1 80)" 4
	is "$(h y.x.org 80)" none
	is "$(h y.x.org 443)" 6
}

@test "services: the image and exactly its keys; a denial needs no keys" {
	rules 'allow service pg:16 env PASSWORD A' 'allow service redis' \
	    'deny service mysql'
	s() { line "$("$rule" service "$R" "$@")"; }
	is "$(s pg:16 A PASSWORD)" 1
	is "$(s pg:16 A)" none
	is "$(s pg:16)" none
	is "$(s pg:16 A B PASSWORD)" none
	is "$(s pg:17 A PASSWORD)" none
	is "$(s redis)" 2
	is "$(s redis A)" none
	is "$(s mysql)" 3
	is "$(s mysql A)" 3
}
