#!/usr/bin/env bats
# Worktrees, submodules and nested repositories in a box, with the host's git.

load helper

setup_file() { engine_file_setup; }
setup() {
	engine_setup
	git_env
	git config --global protocol.file.allow always
	# the host's git, with its libraries, read-only
	aipod-mount add "$(readlink -f /usr):/usr" >/dev/null
	for d in /lib /lib64; do
		[ ! -d $d ] || aipod-mount add "$(readlink -f $d):$d" >/dev/null
	done
	git init -q "$T/main"
	echo one >"$T/main/f"
	git -C "$T/main" add f
	git -C "$T/main" commit -qm one
}
teardown() {
	H=${H-}
	[ -z "$H" ] || aipod-clean -q -y -f -w "$PWD" >/dev/null 2>&1 || true
	engine_teardown
}

box() {
	status 0 aipod run -e PATH=/usr/bin:/bin -e GIT_AUTHOR_NAME=B -e GIT_AUTHOR_EMAIL=b@example.com \
	    -e GIT_COMMITTER_NAME=B -e GIT_COMMITTER_EMAIL=b@example.com "$@"
}

# All of a git directory but what git may add.
listing() {
	(cd "$1" && find . \( -name objects -o -name logs -o -name refs \) \
	    -prune -o -print | sort && cat config)
}

@test "a linked worktree: commit, branch, rebase, stash; the main one is well" {
	git -C "$T/main" worktree add -q "$T/wt" -b topic
	git -C "$T/main" worktree add -q "$T/other" -b other
	touch "$T/main/.git/worktrees/wt/config.worktree" # as git made it once
	rm "$T/main/.git/worktrees/wt/config.worktree"
	before=$(listing "$T/main/.git" | grep -v -e ORIG_HEAD -e COMMIT_EDITMSG)
	cd "$T/wt"
	export AIPOD_WORKSPACE=$PWD
	box sh -ec 'git status --short
	    echo two >f; git commit -qam two; git branch b2
	    echo three >g; git add g; git stash -q; git stash pop -q
	    git commit -qm three; git rebase -q --onto main main topic
	    git worktree prune; git gc -q --auto; git log --oneline'
	is "$(printf '%s\n' "$output" | cut -d' ' -f2- | tr '\n' ' ')" "three two one "
	lacks "$stderr" fatal
	is "$(git log --format=%s | tr '\n' ' ')" "three two one "
	git -C "$T/main" status
	git -C "$T/other" status
	git -C "$T/main" fsck
	is "$(git -C "$T/main" worktree list | wc -l)" 3
	is "$(listing "$T/main/.git" | grep -v -e ORIG_HEAD -e COMMIT_EDITMSG)" "$before"
}

@test "a linked worktree's common directory is closed as in the workspace" {
	git -C "$T/main" worktree add -q "$T/wt" -b topic
	git -C "$T/main" worktree add -q "$T/other" -b other
	rm -rf "$T/main/.git/hooks" "$T/main/.git/info"
	before=$(listing "$T/main/.git")
	cd "$T/wt"
	export AIPOD_WORKSPACE=$PWD
	box sh -c 'g=$(git rev-parse --git-common-dir); w=$(git rev-parse --git-dir)
	    echo "$g"
	    echo x >>$g/config; echo x >$g/config.worktree; echo /tmp >$g/commondir
	    mkdir -p $g/hooks; echo x >$g/hooks/pre-commit
	    mkdir -p $g/info; echo x >$g/info/attributes
	    mv $g/hooks $g/h; mv $g $g.x
	    echo /tmp >$w/commondir; echo /tmp/.git >$w/gitdir; echo x >$w/config.worktree
	    rm -rf $g/worktrees/other; echo /tmp >$g/worktrees/other/commondir
	    rm -f .git; echo "gitdir: /tmp" >.git; :'
	is "$output" "$T/main/.git"
	is "$(listing "$T/main/.git")" "$before"
	git status
	git -C "$T/other" status
}

@test "with --at same, a worktree inside the workspace, a submodule" {
	cd "$T/main"
	export AIPOD_WORKSPACE=$PWD
	git worktree add -q wt -b topic
	git init -q "$T/lib"
	git -C "$T/lib" commit -q --allow-empty -m lib
	git submodule --quiet add "$T/lib" sub
	git commit -qm sub
	for at in app same; do
		box --at $at sh -ec "cd wt; echo $at >f; git commit -qam $at
		    git worktree prune
		    cd ../sub; git commit -q --allow-empty -m $at
		    cd ..; git commit -qam $at"
		lacks "$stderr" fatal
		is "$(git -C wt log -1 --format=%s)" $at
		is "$(git -C sub log -1 --format=%s)" $at
		is "$(git log -1 --format=%s)" $at
	done
	is "$(git status --short | grep -v '^?? ')" ""
	box sh -c 'echo /tmp >.git/worktrees/wt/commondir
	    rm -f .git/worktrees/wt/gitdir; mv .git/worktrees .git/w
	    mv .git/worktrees/wt .git/worktrees/w; :'
	git -C wt status
}

@test "a submodule that is the workspace" {
	git init -q "$T/lib"
	git -C "$T/lib" commit -q --allow-empty -m lib
	git -C "$T/main" submodule --quiet add "$T/lib" sub
	cd "$T/main/sub"
	export AIPOD_WORKSPACE=$PWD
	for at in app same; do
		box --at $at sh -ec "echo $at >f; git add f; git commit -qm $at
		    git status --short"
		is "$output" ""
		is "$(git log -1 --format=%s)" $at
	done
	box sh -c 'd=$(git rev-parse --git-dir); echo x >>$d/config
	    echo x >$d/hooks/pre-commit; :'
	git status
	[ ! -e "$T/main/.git/modules/sub/hooks/pre-commit" ]
	lacks "$(cat "$T/main/.git/modules/sub/config")" /app
}

@test "a .git file that is not answered opens no other repository" {
	git init -q "$T/secret"
	echo 'gitdir: '"$T/secret/.git" >.git
	box sh -c 'ls "'"$T"'/secret/.git"; :'
	is "$output" ""
	has "$stderr" "does not name it in turn"
	# nor by a worktree that the agent has made up
	rm .git
	git init -q .
	mkdir -p .git/worktrees/evil x
	echo "$T/secret/.git" >.git/worktrees/evil/commondir
	echo "$PWD/x/.git" >.git/worktrees/evil/gitdir
	echo ref: refs/heads/main >.git/worktrees/evil/HEAD
	echo "gitdir: $PWD/.git/worktrees/evil" >x/.git
	box sh -c 'ls "'"$T"'/secret/.git"; :'
	is "$output" ""
}

@test "two worktrees at a time: the one that ends first leaves the other closed" {
	git -C "$T/main" worktree add -q "$T/wt" -b topic
	git -C "$T/main" worktree add -q "$T/other" -b other
	before=$(listing "$T/main/.git")
	(cd "$T/other" && AIPOD_WORKSPACE=$PWD exec aipod run sh -c 'echo >up
	    until [ -e end ]; do sleep 0.1; done' </dev/null >/dev/null 2>&1 3>&-) &
	until_true 30 test -e "$T/other/up"
	cd "$T/wt"
	export AIPOD_WORKSPACE=$PWD
	box git status --short
	[ -e "$T/main/.git/commondir" ]
	touch "$T/other/end"
	wait $!
	rm "$T/other/up" "$T/other/end"
	box true
	is "$(listing "$T/main/.git")" "$before"
	AIPOD_WORKSPACE=$T/other aipod-clean -q -y -f -w "$T/other"
}

@test "git as usual: fetch, a branch that follows, merge, stash, rebase, tag, push" {
	cd "$T/main"
	export AIPOD_WORKSPACE=$PWD
	git clone -q --bare . r.git
	git remote add origin ./r.git
	git fetch -q origin
	before=$(cat .git/config)
	box sh -ec 'git fetch -q origin
	    git checkout -q -b t origin/main
	    echo two >f; git commit -qam two
	    git switch -q -c u; echo x >x; git add x; git stash -q; git stash pop -q
	    git commit -qm x; git rebase -q origin/main; git tag -a -m v v1
	    git switch -q t; git merge -q u; git push -q origin t
	    git cherry-pick --allow-empty u~0 >/dev/null 2>&1 || git cherry-pick --skip
	    echo three >f; git commit -qam three; git push -q
	    git branch -qD u 2>/dev/null; git gc -q; git status --short --untracked-files=no'
	lacks "$stderr" "could not write config"
	lacks "$stderr" fatal
	is "$(git -C r.git log -1 --format=%s t)" three
	is "$(cat .git/config)" "$before"
	git fsck
	# what cannot be written says so, and the tool is the way
	run aipod run -e PATH=/usr/bin:/bin git config user.name x
	[ "$status" -ne 0 ]
	has "$output" "config"
	aipod-allow command "git config branch.t.remote origin"
	status 0 aipod run sh -c '/run/aipod/bin/aipod-call git_config key=branch.t.remote value=origin &&
	    grep -A1 "branch \"t\"" .git/config'
	has "$output" "remote = origin"
	is "$(git config branch.t.remote)" origin
}
