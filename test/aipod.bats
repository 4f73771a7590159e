load helper

# A tool of the test's own that shows what it was called with.
fake() {
	mkdir -p "$T/exec"
	cat >"$T/exec/aipod-$1" <<-'X'
	#!/bin/sh
	printf '%s' "${0##*/}"
	for w; do printf ' <%s>' "$w"; done
	echo
	X
	chmod +x "$T/exec/aipod-$1"
	export AIPOD_EXEC_PATH=$T/exec
	export PATH=/usr/local/bin:/usr/bin:/bin
	aipod=$TOP/build/bin/aipod
}

@test "aipod alone and with options alone is launch" {
	fake launch
	status 0 "$aipod"
	is "$output" "aipod-launch"
	status 0 "$aipod" --rebuild -w "/some dir"
	is "$output" "aipod-launch <--rebuild> <-w> </some dir>"
	status 0 "$aipod" -- sh -c 'echo x'
	is "$output" "aipod-launch <--> <sh> <-c> <echo x>"
}

@test "aipod run: the options before the command are launch's" {
	fake launch
	status 0 "$aipod" run make -j2
	is "$output" "aipod-launch <--> <make> <-j2>"
	status 0 "$aipod" run -w /x make -j2
	is "$output" "aipod-launch <-w> </x> <make> <-j2>"
	status 0 "$aipod" run -- -odd
	is "$output" "aipod-launch <--> <-odd>"
	status 0 "$aipod" run ''
	is "$output" "aipod-launch <--> <>"
	status 100 "$aipod" run
	has "$stderr" "usage: aipod run"
}

@test "aipod foo is aipod-foo, from AIPOD_EXEC_PATH before PATH" {
	fake foo
	status 0 "$aipod" foo -a 'b c' ''
	is "$output" "aipod-foo <-a> <b c> <>"
	mkdir "$T/path"
	sed 's/^echo/echo; echo path/' "$T/exec/aipod-foo" >"$T/path/aipod-foo"
	cp "$T/path/aipod-foo" "$T/path/aipod-bar"
	chmod +x "$T/path"/*
	PATH=$T/path:$PATH
	status 0 "$aipod" foo
	is "$output" "aipod-foo"
	status 0 "$aipod" bar
	has "$output" path
}

@test "the tool's exit status is aipod's" {
	fake foo
	printf '#!/bin/sh\nexit 42\n' >"$T/exec/aipod-foo"
	status 42 "$aipod" foo
	printf '#!/bin/sh\nkill -TERM $$\n' >"$T/exec/aipod-foo"
	status 143 "$aipod" foo
	chmod -x "$T/exec/aipod-foo"
	status 100 "$aipod" foo
	printf 'no program\n\0' >"$T/exec/aipod-bad"
	chmod +x "$T/exec/aipod-bad"
	status 126 "$aipod" bad
	has "$stderr" "cannot run '$T/exec/aipod-bad'"
}

@test "a tool is not taken from the working directory or by a path" {
	fake launch
	mkdir "$T/cwd"
	cp "$T/exec/aipod-launch" "$T/cwd/aipod-evil"
	cd "$T/cwd"
	PATH=.::$PATH status 100 "$aipod" evil
	status 100 "$aipod" ../cwd/aipod-evil
	mkdir "$T/exec/aipod-"
	cp "$T/exec/aipod-launch" "$T/exec/aipod-/x"
	status 100 "$aipod" /x
	status 100 "$aipod" ''
}

@test "aliases, and their first word where the user gives none" {
	fake command
	cp "$T/exec/aipod-command" "$T/exec/aipod-allow"
	cp "$T/exec/aipod-command" "$T/exec/aipod-list"
	cp "$T/exec/aipod-command" "$T/exec/aipod-mask"
	cp "$T/exec/aipod-command" "$T/exec/aipod-mcpd"
	status 0 "$aipod" commands
	is "$output" "aipod-command <list>"
	status 0 "$aipod" commands -j
	is "$output" "aipod-command <list> <-j>"
	status 0 "$aipod" commands kill 3
	is "$output" "aipod-command <kill> <3>"
	status 0 "$aipod" allowed
	is "$output" "aipod-allow <list>"
	status 0 "$aipod" sessions -j
	is "$output" "aipod-list <-j>"
	status 0 "$aipod" unmask node_modules
	is "$output" "aipod-mask <remove> <node_modules>"
	status 0 "$aipod" serve
	is "$output" "aipod-mcpd <--listen> <127.0.0.1:7822>"
	cp "$T/exec/aipod-command" "$T/exec/aipod-service"
	status 0 "$aipod" services -s 0123abcd
	is "$output" "aipod-service <list> <-s> <0123abcd>"
	rm "$T/exec/aipod-mask"
	status 127 "$aipod" unmask x
	has "$stderr" "cannot find 'aipod-mask'"
}

@test "every alias that aipod.1 lists is one, and every tool it names exists" {
	page=$TOP/man/aipod.1
	sed -n '/^\.It Sy name/,/^\.El/s/^\.It \(.*\) Ta \(aipod-[a-z]*\).*/\2 \1/p' \
	    "$page" >"$T/aliases"
	[ "$(wc -l <"$T/aliases")" -ge 10 ]
	while read -r tool names; do
		fake "${tool#aipod-}"
		for a in $names; do
			[ "$a" = , ] && continue
			run -0 "$aipod" "$a"
			has "$output" "$tool"
		done
	done <"$T/aliases"
}

@test "unknown: status 100 and what is near" {
	status 100 aipod lsit
	has "$stderr" "'lsit' is no tool"
	has "$stderr" "'list'"
	status 100 aipod comands
	has "$stderr" "'commands'"
	status 100 aipod vers
	has "$stderr" "'version'"
	status 100 aipod xyzzy
	lacks "$stderr" "Did you mean"
	status 100 aipod "$(printf '%0300d' 0)"
	lacks "$stderr" "Did you mean"
	is "$output" ""
}

@test "version" {
	v=$(sed -n 's/^aipod \([0-9.]*\).*/\1/p' "$TOP/share/doc/NEWS" | head -n 1)
	for o in version --version -V; do
		status 0 aipod $o
		is "$output" "aipod $v"
	done
}

@test "--help lists each tool that is there with its line" {
	status 0 aipod --help
	while IFS=$(printf '\t') read -r tool line; do
		if [ -x "$AIPOD_EXEC_PATH/$tool" ]; then
			has "$output" "$line"
		else
			lacks "$output" "$line"
		fi
	done <"$AIPOD_SHARE/commands.tsv"
	all=$output
	status 0 aipod -h
	is "$output" "$all"
}

@test "help opens the page with man, or shows --help without it" {
	fake foo
	mkdir "$T/bin"
	printf '#!/bin/sh\necho "man $*"\n' >"$T/bin/man"
	chmod +x "$T/bin/man"
	cp "$T/exec/aipod-foo" "$T/exec/aipod-hash"
	PATH=$T/bin:$PATH
	status 0 "$aipod" help hash
	is "$output" "man $AIPOD_SHARE/../man/aipod-hash.1"
	status 0 "$aipod" help aipod-hash
	is "$output" "man $AIPOD_SHARE/../man/aipod-hash.1"
	status 0 "$aipod" help
	is "$output" "man $AIPOD_SHARE/../man/aipod.7"
	status 0 "$aipod" help exit
	is "$output" "man $AIPOD_SHARE/../man/aipod-exit.7"
	status 0 "$aipod" help foo
	is "$output" "man aipod-foo"
	status 100 "$aipod" help hahs
	has "$stderr" "'hash'"
	status 100 "$aipod" help ../../etc/passwd
	status 0 env PATH="$T/none" "$aipod" help foo
	is "$output" "aipod-foo <--help>"
}

@test "a damaged or missing list of tools is said plainly" {
	export AIPOD_SHARE=$T/share
	status 111 aipod --help
	has "$stderr" "commands.tsv"
	mkdir "$T/share"
	echo 'no tab here' >"$T/share/commands.tsv"
	status 111 aipod --help
	has "$stderr" "damaged"
}

@test "standard output that cannot be written is an error" {
	[ -c /dev/full ] || skip "no /dev/full"
	status 111 sh -c 'aipod --help >/dev/full'
	status 111 sh -c 'aipod version >/dev/full'
}
