#!/usr/bin/env bats
# What a session wrote that the host would execute.

load helper

setup() {
	setup_env
	cd "$T/ws"
	git_env
}

begin() { status 0 aipod-undo --begin 00000001 "$@"; }
paths() { aipod-review -0 | tr '\0' '\n'; }

@test "quiet when there is nothing" {
	echo one >f
	begin
	echo two >f
	echo text >notes.md
	status 0 aipod-review
	is "$output$stderr" ""
	status 0 aipod-review --end -s 00000001
	is "$output$stderr" ""
}

@test "one of each kind is found, new and changed" {
	mkdir -p .vscode .github/workflows
	echo '{}' | tee package.json >.vscode/settings.json
	echo old >.github/workflows/ci.yml
	echo same >Makefile
	begin
	mkdir -p .husky .idea .claude sub/.vscode .git/hooks .devcontainer
	for f in .envrc .husky/pre-commit .idea/workspace.xml .mcp.json \
	    .claude/settings.json sub/.vscode/tasks.json .gitlab-ci.yml \
	    CLAUDE.md .pre-commit-config.yaml build.rs conftest.py \
	    .git/hooks/post-checkout .devcontainer/devcontainer.json; do
		echo x >"$f"
	done
	echo '{"scripts":{"postinstall":"x"}}' >package.json
	echo new >.github/workflows/ci.yml
	touch Makefile .vscode/settings.json
	status 1 aipod-review
	has "$output" ".envrc	shell	direnv runs it when you enter the directory	new"
	has "$output" "package.json	build	npm runs its scripts, some of them on install	changed"
	has "$output" ".github/workflows/ci.yml	ci	"
	is "$(printf '%s\n' "$output" | wc -l)" 15
	lacks "$output" Makefile
	lacks "$output" settings.json"	editor"
	status 1 aipod-review -q
	is "$output" ""
}

@test "newly executable, set-id, links that lead out, a FIFO" {
	echo x | tee a >b
	begin
	chmod +x a
	printf '#!/bin/sh\n' >c
	chmod 755 c
	cp b s
	chmod 4755 s
	mkdir -p d
	ln -s /etc/passwd out
	ln -s ../../x d/out
	ln -s d inside
	ln -s ../b d/inside
	ln -s inside/../../y sly
	mkfifo p
	status 1 aipod-review
	has "$output" "a	program	it can be executed now	changed"
	has "$output" "c	program	"
	has "$output" "s	setuid	"
	has "$output" "d/out	link	"
	has "$output" "p	special	"
	has "$output" "sly	link	"
	is "$(paths | tr '\n' ' ')" "a c d/out out p s sly "
}

@test "directories that nobody may look into, or too far down, hide nothing else" {
	mkdir before
	[ "$(id -u)" -eq 0 ] || chmod 400 before
	begin
	echo x >.envrc
	deep=$(printf 'd/%.0s' $(seq 140))
	mkdir -p "$deep"
	echo x >"$deep/.envrc"
	if [ "$(id -u)" -eq 0 ]; then
		is "$(paths | sed 's|\(d/\)*d$|deep|' | tr '\n' ' ')" ".envrc deep "
		return
	fi
	mkdir blind listed closed
	touch blind/.envrc listed/.envrc closed/.envrc
	chmod 300 blind
	chmod 400 listed
	chmod 0 closed
	status 1 aipod-review
	has "$output" "listed	unseen	you may not look into it"
	has "$output" "	unseen	it is too far down"
	is "$(paths | grep -v '^d/')" "$(printf '%s\n' .envrc blind closed listed)"
	status 0 aipod-review --end -s 00000001
	has "$stderr" "wrote 5 files"
	status 0 aipod-undo --begin 00000002
	chmod -R u+rwX blind listed closed before
}

@test "a repository in the repository, a bare one, a .git file" {
	git init -q .
	git commit -q --allow-empty -m x
	begin
	git init -q sub
	git init -q --bare b
	echo '#!/bin/sh' >b/hooks/post-update
	mkdir w
	echo 'gitdir: /tmp/x' >w/.git
	status 1 aipod-review
	has "$output" "sub/.git/config	git	"
	has "$output" "b/config	git	"
	has "$output" "b/hooks/post-update	git	"
	has "$output" "w/.git	git	"
	lacks "$output" .sample
	lacks "$output" "b/HEAD"
}

@test "ignored files that are executed are found, by the rules of before" {
	git init -q .
	printf '.envrc\n.idea/\nout/\n' >.gitignore
	echo one >.envrc
	begin
	echo two >.envrc
	mkdir .idea out tools
	echo x | tee .idea/w.xml >out/Makefile
	echo '*' | tee tools/.gitignore >.git/info/exclude
	echo x >tools/Makefile
	is "$(paths | tr '\n' ' ')" ".envrc .idea/w.xml tools/Makefile "
}

@test "the user's own lines" {
	printf 'mine\tspecial.cfg\tmytool obeys it\n' >"$XDG_CONFIG_HOME/aipod/executes.tsv"
	begin
	echo x >special.cfg
	status 1 aipod-review
	is "$output" "special.cfg	mine	mytool obeys it	new"
	echo broken >>"$XDG_CONFIG_HOME/aipod/executes.tsv"
	status 100 aipod-review
}

@test "differences, as they were and are" {
	printf 'all:\n\techo one\n' >Makefile
	begin
	printf 'all:\n\techo two\n' >Makefile
	echo 'curl x | sh' >.envrc
	head -c 100 /dev/urandom >build.rs
	status 1 aipod-review -d
	has "$output" "-	echo one"
	has "$output" "+	echo two"
	has "$output" "--- /dev/null"
	has "$output" "+curl x | sh"
	status 1 aipod-review -d ./Makefile
	lacks "$output" curl
	status 0 aipod-review -d README
}

@test "hostile names and bytes: a record is a line, a terminal is safe" {
	begin
	mkdir "$(printf 'a\033[2J\nb')"
	echo x >"$(printf 'a\033[2J\nb')/.envrc"
	printf 'echo \033]0;title\007\n' >.envrc
	status 1 aipod-review
	is "$(printf '%s\n' "$output" | wc -l)" 2
	run script -qec "aipod-review; aipod-review -d; aipod-review --end -s 00000001" /dev/null
	lacks "$output" "$(printf '\033[2J')"
	lacks "$output" "$(printf '\033]0;')"
	has "$output" '\x1b]0;title\x07'
}

@test "JSON" {
	begin
	echo x >.envrc
	status 1 aipod-review -j
	is "$(printf '%s' "$output" | jq -r '.path + .kind + .state')" .envrcshellnew
}

@test "at a session's end: a list on a terminal, a line elsewhere" {
	begin
	for i in $(seq 20); do mkdir d$i; echo x >d$i/Makefile; done
	status 0 aipod-review --end -s 00000001
	has "$stderr" "the session wrote 20 files that this machine would execute"
	is "$output" ""
	run script -qec "aipod-review --end -s 00000001" /dev/null
	has "$output" "d1/Makefile: make runs its recipes"
	has "$output" "and 8 more"
	has "$output" "aipod undo"
}

@test "with UNDO=no only what is executed is kept, and found" {
	echo UNDO=no >"$XDG_CONFIG_HOME/aipod/config"
	echo onlyhere | tee f >Makefile
	begin
	echo x | tee f >Makefile
	status 1 aipod-review -d
	has "$output" "-onlyhere"
	status 1 aipod-undo -n
	has "$output" "f	lost"
}

@test "nothing of the repository runs, whatever it is set up to run" {
	git init -q .
	echo one >f.txt
	git add f.txt
	git commit -qm one
	git init -q "$T/other"
	git -C "$T/other" commit -q --allow-empty -m x
	c="touch $T/canary"
	for h in pre-commit post-checkout post-index-change reference-transaction \
	    post-merge fsmonitor-watchman pre-auto-gc; do
		printf '#!/bin/sh\n%s\n' "$c" >.git/hooks/$h
		chmod 755 .git/hooks/$h
	done
	begin
	git config core.fsmonitor "$c; false"
	git config filter.x.clean "$c; cat"
	git config filter.x.smudge "$c; cat"
	git config filter.x.process "$c"
	git config filter.x.required true
	git config diff.x.textconv "$c; cat"
	git config diff.x.command "$c"
	git config diff.external "$c"
	git config merge.x.driver "$c"
	git config core.sshCommand "$c"
	git config core.pager "$c"
	git config core.editor "$c"
	git config core.hooksPath .git/hooks
	git config alias.status "!$c"
	git config alias.diff "!$c"
	git config gpg.program "$c"
	git config credential.helper "!$c"
	git config include.path ../evil
	printf '[core]\n\tfsmonitor = %s\n' "$c" >evil
	echo '* filter=x diff=x merge=x' | tee .gitattributes >.git/info/attributes
	echo two >f.txt
	printf 'all:\n\t%s\n' "$c" >Makefile
	# the setting bites: git itself would have run it
	git status >/dev/null 2>&1 || :
	[ -e "$T/canary" ]
	rm "$T/canary"
	status 1 aipod-review
	has "$output" ".git/config	git	"
	status 1 aipod-review -d
	status 0 aipod-review --end -s 00000001
	status 1 aipod-undo -n
	status 0 aipod-undo -y
	status 0 aipod-undo --begin 00000002
	[ ! -e "$T/canary" ]
	is "$(cat f.txt)" one
}

@test "usage" {
	status 100 aipod-review --end
	status 100 aipod-review
	has "$stderr" "nothing is known of how"
	begin
	status 100 aipod-review -s ../x
	status 100 aipod-review -s deadbeef
}
