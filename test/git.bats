#!/usr/bin/env bats
# The workspace stays safe to come back to: what git on the host would run or
# obey cannot be changed from inside, and git inside works.

load helper

setup_file() { engine_file_setup; }
setup() {
	engine_setup
	git_env
	git init -q .
	echo one >f
	git add f
	git commit -q -m one
}
teardown() { engine_teardown; }

# Everything below .git but objects, with what is in it.
listing() {
	find .git -path .git/objects -prune -o -print | sort
	cat .git/config
}

@test "hooks, config, attributes, commondir cannot be written or replaced" {
	before=$(listing)
	status 0 aipod run sh -c '
	    echo x >.git/hooks/pre-commit
	    echo x >>.git/config
	    echo x >.git/config.worktree
	    echo x >.git/commondir
	    echo x >.git/info/attributes
	    rm -rf .git/hooks .git/config .git/commondir
	    mv .git/hooks .git/h; mv .git/config .git/c; mv .git/info .git/i
	    mv .git g && mkdir -p .git/hooks
	    ln -sf /tmp .git/hooks
	    :'
	is "$(listing)" "$before"
	git status
}

@test "the user's name goes in, from the user's own configuration" {
	cp "$T/gitconfig" "$T/more"
	cat >"$GIT_CONFIG_GLOBAL" <<-'EOT'
	[user]
		name = "Ada \"A\" \\ Löve"
	[include]
		path = more2
	[includeIf "gitdir:/"]
		path = evil
	EOT
	echo '[user] email = ada@example.com' >"$T/more2"
	echo '[user] name = evil' >"$T/evil"
	git config user.email mine@example.com
	status 0 aipod run sh -c 'cat "$GIT_CONFIG_SYSTEM"; echo x >>"$GIT_CONFIG_SYSTEM"; :'
	printf '%s\n' "$output" >"$T/system"
	# as git inside reads it; what the workspace says goes first
	export GIT_CONFIG_SYSTEM=$T/system GIT_CONFIG_GLOBAL=/dev/null
	unset GIT_CONFIG_NOSYSTEM
	is "$(git config user.name)" 'Ada "A" \ Löve'
	is "$(git config user.email)" mine@example.com
	git config --unset user.email
	is "$(git config user.email)" ada@example.com
	# nobody is nobody
	status 0 aipod run sh -c 'cat "$GIT_CONFIG_SYSTEM"'
	lacks "$output" "[user]"
}

@test "what is missing cannot be made, and nothing is left of it" {
	rm -rf .git/hooks .git/info
	before=$(listing)
	status 0 aipod run sh -c '
	    mkdir -p .git/hooks; echo x >.git/hooks/post-checkout
	    mkdir -p .git/info; echo x >.git/info/attributes
	    echo /tmp >.git/commondir; echo x >.git/config.worktree
	    ls .git/hooks/*; :'
	lacks "$output" post-checkout
	is "$(listing)" "$before"
	git status
}

@test "a killed session leaves nothing that breaks git, and the next cleans up" {
	rm -rf .git/hooks .git/info
	before=$(listing)
	aipod run sh -c 'echo >up; sleep 1000' </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	until_true 20 test -e up
	kill -9 $(pgrep -P $pid -x aipod-launch) $pid
	rm up
	git status
	git log -1
	status 0 aipod run true
	is "$(listing)" "$before"
}

@test "a killed launcher: the watchdog removes the placeholders, too" {
	rm -rf .git/hooks
	aipod run sh -c 'echo >up; sleep 1000' </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	until_true 20 test -e up
	[ -d .git/hooks ]
	kill -9 $pid
	until_true 20 test ! -e .git/hooks
	[ ! -e .git/commondir ]
}

@test "placeholders stay while another session needs them" {
	rm -rf .git/hooks
	aipod run sh -c 'echo >up; until [ -e end ]; do sleep 0.1; done
	    mkdir -p .git/hooks; echo x >.git/hooks/pre-push; :' \
	    </dev/null >/dev/null 2>&1 3>&- &
	until_true 20 test -e up
	status 0 aipod run true
	touch end
	wait $!
	[ ! -e .git/hooks ]
}

@test "included files and core.hooksPath are closed, their parents pinned" {
	mkdir -p tools/git .husky/_
	echo '[alias] x = !true' >tools/git/config
	echo '#!/bin/sh' >.husky/_/pre-commit
	git config include.path ../tools/git/config
	git config core.hooksPath .husky/_
	status 0 aipod run sh -c '
	    echo x >>tools/git/config
	    echo x >>.husky/_/pre-commit; echo x >.husky/_/post-commit
	    mv tools t && mkdir -p tools/git
	    mv .husky h && mkdir -p .husky/_
	    rm -rf .husky tools
	    :'
	is "$(cat tools/git/config)" '[alias] x = !true'
	is "$(ls .husky/_)" pre-commit
	is "$(cat .husky/_/pre-commit)" '#!/bin/sh'
}

@test "nested repositories, submodules and worktree files" {
	git init -q sub/deep
	git -C sub/deep commit -q --allow-empty -m x
	git -c protocol.file.allow=always submodule --quiet add ./sub/deep mod
	status 0 aipod run sh -c '
	    echo x >sub/deep/.git/hooks/pre-commit
	    mv sub s2
	    echo x >.git/modules/mod/hooks/pre-commit
	    echo x >>.git/modules/mod/config
	    echo "gitdir: /tmp/evil" >mod/.git
	    rm -f mod/.git; :'
	[ ! -e sub/deep/.git/hooks/pre-commit ]
	[ ! -e .git/modules/mod/hooks/pre-commit ]
	has "$(cat mod/.git)" "gitdir: ../.git/modules/mod"
	git -C mod status
}

@test "a link in place of hooks is refused with a way out" {
	rm -rf .git/hooks
	mkdir hooks
	ln -s ../hooks .git/hooks
	status 100 aipod run true
	has "$stderr" --no-git-guard
	status 0 aipod run --no-git-guard true
}

@test "at the end: what the host would execute, and all of it taken back" {
	before=$(cat f; git rev-parse HEAD; ls -A)
	status 0 aipod run sh -c 'echo two >f; echo x >.envrc; rm -rf .git/refs/heads/*
	    echo "#!/bin/sh" >run; chmod +x run; rm -rf .git/objects/*; :'
	has "$stderr" "the session wrote 2 files that this machine would execute"
	status 1 aipod-review
	has "$output" ".envrc	shell	"
	has "$output" "run	program	"
	status 0 aipod-undo -y
	is "$(cat f; git rev-parse HEAD; ls -A)" "$before"
	git fsck
	status 0 aipod run true
	is "$stderr" ""
}

@test "the agent does not run before the workspace is remembered" {
	mkdir d
	for i in $(seq 300); do head -c 20000 /dev/zero >d/$i; done
	status 0 aipod run sh -c 'rm -rf d f; :'
	status 0 aipod-undo -y
	is "$(ls d | wc -l)" 300
	is "$(cat f)" one
}

@test "neither UNDO nor REVIEW: nothing is remembered" {
	printf 'UNDO=no\nREVIEW=no\n' >"$XDG_CONFIG_HOME/aipod/config"
	status 0 aipod run sh -c 'echo x >.envrc'
	is "$stderr" ""
	[ ! -e "$XDG_STATE_HOME/aipod/$H/undo" ]
}

@test "objects, refs, index and a new branch can be written inside" {
	status 0 aipod run sh -c 'echo x >.git/refs/heads/new &&
	    echo x >.git/index.lock && mv .git/index.lock .git/MERGE_MSG &&
	    mkdir -p .git/objects/zz && echo ref >.git/HEAD.lock'
}
