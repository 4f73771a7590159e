#!/usr/bin/env bats
# The workspace as it was when a session began.

load helper

setup() {
	setup_env
	cd "$T/ws"
	git_env
}

begin() { status 0 aipod-undo --begin "${1:-00000001}"; }
end() { status 0 aipod-review -q --end -s "${1:-00000001}"; }

# Everything there is, with permissions and content.
all() {
	find . -printf '%y %m %p %l\n' | sort
	find . -type f | sort | xargs -d '\n' -r cat
}

@test "what was changed, made, removed and retyped comes back as it was" {
	mkdir -p a/b empty
	echo one >a/b/f
	echo two >g
	printf '#!/bin/sh\n' >run
	chmod 750 run
	ln -s g link
	printf 'x' >"$(printf 'new\nline\t\\ \377')"
	before=$(all | base64)
	begin
	echo changed >a/b/f
	rm -r empty g link
	mkdir g
	echo in >g/h
	ln -s a link
	chmod 644 run
	mkdir -p new/deep
	echo x >new/deep/x
	printf y >"$(printf 'new\nline\t\\ \377')"
	end
	status 1 aipod-undo -n
	has "$output" "a/b/f	restore"
	has "$output" "new/deep/x	remove"
	has "$output" "run	mode"
	has "$output" 'new\nline\t\\ '
	[ -e new/deep/x ]
	status 0 aipod-undo -y
	is "$(all | base64)" "$before"
	status 0 aipod-undo -n
	is "$output" ""
}

@test "without a git program, and in a workspace that is no repository" {
	echo one >f
	begin
	echo two >f
	end
	mkdir "$T/bin"
	printf '#!/bin/sh\ntouch "%s"\n' "$T/canary" >"$T/bin/git"
	chmod 755 "$T/bin/git"
	PATH=$T/bin:$PATH status 0 aipod-undo -y
	is "$(cat f)" one
	[ ! -e "$T/canary" ]
}

@test "an undo can be undone, and that again" {
	echo one >f
	begin
	echo two >f
	echo new >n
	end
	status 0 aipod-undo -y
	is "$(cat f)" one
	[ ! -e n ]
	id=$(aipod-undo list | awk '$3 == "undo" { print $1; exit }')
	status 0 aipod-undo -y "$id"
	is "$(cat f)" two
	is "$(cat n)" new
}

@test "what was changed after the session stays, but with -a" {
	echo one >f
	echo one >g
	begin
	echo two >f
	echo two >g
	end
	echo mine >g
	echo mine >h
	status 1 aipod-undo -n
	has "$output" "g	restore	changed after the session: left as it is"
	status 0 aipod-undo -y
	is "$(cat f)" one
	is "$(cat g)" mine
	is "$(cat h)" mine
	status 0 aipod-undo -y -a 00000001
	is "$(cat g)" one
	[ ! -e h ]
}

@test "only the paths that are named" {
	mkdir d
	echo one | tee d/f >g
	begin
	echo two | tee d/f >g
	end
	status 0 aipod-undo -y d/
	is "$(cat d/f)" one
	is "$(cat g)" two
	status 0 aipod-undo -y ./g
	is "$(cat g)" one
}

@test "commits, branches, stashes, index: the repository as it was" {
	git init -q .
	echo one >f
	git add f
	git commit -qm one
	git branch old
	echo staged >s
	git add s
	was=$(git for-each-ref; git status --short; git symbolic-ref HEAD)
	begin
	echo two >f
	git commit -qam two
	git checkout -qb agent
	git branch -qD old
	git gc -q --prune=now
	end
	status 1 aipod-undo -n
	is "$(printf '%s\n' "$output" | cut -f1 | grep -c '^\.git')" 1
	status 0 aipod-undo -y
	is "$(git for-each-ref; git status --short; git symbolic-ref HEAD)" "$was"
	git fsck --no-dangling
}

@test "a repository that is gone comes back whole" {
	git init -q .
	for i in 1 2 3; do
		echo $i >f
		git add f
		git commit -qm $i
	done
	git repack -qad
	echo 4 >f
	git commit -qam 4
	was=$(git log --format=%H; git status --short)
	begin
	rm -rf .git f
	end
	status 0 aipod-undo -y
	is "$(git log --format=%H; git status --short)" "$was"
	git fsck
}

@test "a commit after the session keeps all of the repository" {
	git init -q .
	echo one >f
	git add f
	git commit -qm one
	begin
	echo two >f
	git commit -qam two
	end
	git commit -q --allow-empty -m mine
	head=$(git rev-parse HEAD)
	status 0 aipod-undo -y
	is "$(git rev-parse HEAD)" "$head"
	is "$(cat f)" one
}

@test "ignored files are left alone, and rules that the session wrote count for nothing" {
	git init -q .
	echo '*.o' >.gitignore
	echo one | tee x.o >f
	mkdir node_modules
	echo 1 >node_modules/m
	begin
	echo two | tee x.o >f
	echo 2 >node_modules/m
	echo '*' >.gitignore
	mkdir hidden
	echo '*' >hidden/.gitignore
	echo x >hidden/x
	echo '*' >.git/info/exclude
	end
	status 0 aipod-undo -y
	is "$(cat f) $(cat x.o) $(cat node_modules/m)" "one two 2"
	is "$(cat .gitignore)" '*.o'
	[ ! -e hidden ]
}

@test "links and FIFOs in the way lead nowhere" {
	mkdir d out
	echo one >d/f
	begin
	rm -r d
	mkdir "$T/outside"
	echo safe >"$T/outside/f"
	ln -s "$T/outside" d
	mkfifo p
	end
	status 0 timeout 20 aipod-undo -y
	is "$(cat "$T/outside/f")" safe
	[ ! -L d ]
	is "$(cat d/f)" one
	[ ! -e p ]
}

@test "what is excluded is neither copied nor touched" {
	mkdir keys
	echo topsecret | tee .env >keys/k
	echo one >f
	status 0 aipod-undo --begin 00000001 -x .env -x keys
	! grep -rq topsecret "$XDG_STATE_HOME"
	echo two >f
	echo other | tee .env >keys/new
	end
	status 0 aipod-review
	status 0 aipod-undo -y
	is "$(cat f) $(cat .env) $(cat keys/new)" "one other other"
}

@test "too large to keep: said, and never destroyed" {
	echo "UNDO_SIZE=0" >"$XDG_CONFIG_HOME/aipod/config"
	echo one >f
	status 0 aipod-undo --begin 00000001
	has "$stderr" "1 file is too large to keep a copy of"
	echo two >f
	echo new >n
	end
	status 1 aipod-undo -n
	has "$output" "f	lost	not kept"
	status 0 aipod-undo -y
	is "$(cat f) $(cat n)" "two new"
}

@test "an unchanged file is not read again, a snapshot's content is shared" {
	head -c 3000000 /dev/urandom >big
	for i in 1 2 3 4 5; do head -c 1000 /dev/urandom >f$i; done
	touch -d '1 hour ago' f*
	sleep 1.1
	begin 00000001
	one=$(du -s "$XDG_STATE_HOME" | cut -f1)
	begin 00000002
	begin 00000003
	three=$(du -s "$XDG_STATE_HOME" | cut -f1)
	[ $((three - one)) -lt 100 ]
	echo x >f1
	end 00000003
	status 0 aipod-undo -y
	[ "$(stat -c %s f1)" -eq 1000 ]
}

@test "old snapshots go, and with them what only they had" {
	head -c 500000 /dev/urandom >f
	begin 00000000
	packs=$(ls "$XDG_STATE_HOME"/aipod/*/undo/p-*)
	rm f
	for i in $(seq 10 30); do
		aipod-undo -q --begin "000000$i"
		aipod-review -q --end -s "000000$i"
	done
	is "$(aipod-undo list | wc -l)" 20
	for p in $packs; do [ ! -e "$p" ]; done
	status 100 aipod-undo -n 00000000
	status 0 aipod-undo forget
	is "$(aipod-undo list)" ""
}

@test "a running session is in the way; without a terminal nobody says yes" {
	[ -x "$TOP/build/test/unit/session" ] || skip "run make unit"
	echo one >f
	begin
	echo two >f
	status 1 setsid -w aipod-undo
	has "$stderr" "say -y"
	mkfifo "$T/hold"
	"$TOP/build/test/unit/session" make "$T/ws" <>"$T/hold" >"$T/dir" 3>&- &
	holder=$!
	until_true 5 test -s "$T/dir"
	status 1 aipod-undo -y
	has "$stderr" "is running"
	kill "$holder"
	is "$(cat f)" two
}

@test "usage" {
	status 100 aipod-undo --begin xyz
	status 100 aipod-undo
	has "$stderr" "no session in"
	begin
	status 100 aipod-undo -n deadbeef
}
