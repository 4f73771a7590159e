#!/usr/bin/env bats
# One harmless setting of the workspace's repository.

load helper

setup() {
	setup_env
	cd "$T/ws"
	export GIT_CONFIG_GLOBAL=$T/gitconfig GIT_CONFIG_NOSYSTEM=1
	git init -q .
	git config remote.origin.url https://example.org/r.git
}

mcp() { printf '{"key":"%s","value":"%s"}' "$1" "$2" | aipod-gitset --mcp; }

@test "what git push -u, branch -u and remote add would have written" {
	inode=$(stat -c %i .git/config)
	while read -r key value; do
		status 0 aipod-gitset "$key" "$value"
		is "$(git config --local "$key")" "$value"
	done <<-'EOT'
	branch.topic/x.remote origin
	branch.topic/x.merge refs/heads/topic/x
	branch.topic/x.rebase true
	remote.fork.url git@github.com:me/r.git
	remote.fork.fetch +refs/heads/*:refs/remotes/fork/*
	branch.main.remote fork
	user.email me@example.org
	user.name Ada Löve
	push.autoSetupRemote true
	pull.rebase merges
	EOT
	# the box has this inode mounted
	is "$(stat -c %i .git/config)" "$inode"
	[ ! -e .git/config.lock ]
	is "$(ls "$XDG_STATE_HOME"/aipod/*/)" path
}

@test "what could run a program, or lead elsewhere, is refused" {
	before=$(cat .git/config)
	while read -r key value; do
		status 1 aipod-gitset "$key" "$value"
	done <<-'EOT'
	core.hooksPath /tmp
	core.fsmonitor x
	core.sshCommand x
	core.pager x
	alias.st !x
	include.path /tmp/x
	filter.x.clean x
	diff.x.textconv x
	credential.helper !x
	url.x.insteadOf https://
	remote.x.uploadpack x
	remote.x.proxy x
	remote.x.vcs x
	remote.x.url ext::sh -c x
	remote.x.url -oProxyCommand=x
	remote.x.url ssh://-oProxyCommand=x/y
	remote.x.url ssh://a@-oProxyCommand=x/y
	remote.x.url -x:y
	remote.x.url /etc
	remote.x.url file:///etc
	remote.x.url http://plain.example.org/
	remote.x.fetch +refs/heads/*:refs/heads/*
	branch.x.remote nosuch
	branch.x.remote https://example.org/
	branch.x.remote ext::x
	branch.x.merge --x
	branch.x.merge refs/heads/../x
	branch.-x.remote origin
	branch.x"]y.remote origin
	user.name a<b
	pull.rebase x
	push x
	.name x
	EOT
	is "$(cat .git/config)" "$before"
	status 1 aipod-gitset user.name "$(printf 'a\n[core]\n\tpager = x')"
	status 1 aipod-gitset "$(printf 'branch.x\n.remote')" origin
	is "$(cat .git/config)" "$before"
}

@test "the agent's wish is the user's to grant, in the words of git" {
	approver no
	status 1 mcp branch.x.remote origin
	has "$output" "did not agree"
	has "$(cat "$T/asked")" "git config branch.x.remote origin"
	run ! git config branch.x.remote
	approver once
	status 0 mcp branch.x.remote origin
	is "$(git config branch.x.remote)" origin
	# what is refused is not even asked
	rm "$T/asked"
	status 1 mcp core.pager x
	[ ! -e "$T/asked" ]
	# and what is allowed neither
	aipod-allow command 'git config branch.x.merge refs/heads/x'
	status 0 mcp branch.x.merge refs/heads/x
	[ ! -e "$T/asked" ]
}

@test "nothing of the repository runs, and links are not followed" {
	c="touch $T/canary"
	git config core.fsmonitor "$c"
	git config alias.config "!$c"
	git config core.editor "$c"
	printf '[alias]\n\tconfig = !%s\n' "$c" >"$GIT_CONFIG_GLOBAL"
	git config include.path ../evil
	printf '[core]\n\tpager = %s\n' "$c" >evil
	status 0 aipod-gitset pull.rebase true
	[ ! -e "$T/canary" ]
	mv .git/config "$T/outside"
	before=$(cat "$T/outside")
	ln -s "$T/outside" .git/config
	status 100 aipod-gitset pull.rebase false
	is "$(cat "$T/outside")" "$before"
}

@test "locked, and no repository" {
	: >.git/config.lock
	status 111 aipod-gitset pull.rebase true
	has "$stderr" "locked"
	[ -e .git/config.lock ]
	rm -r .git
	status 100 aipod-gitset pull.rebase true
}

@test "usage" {
	status 100 aipod-gitset
	status 100 aipod-gitset a
	status 100 sh -c 'echo "[]" | aipod-gitset --mcp'
}
