#!/usr/bin/env bats

load helper

setup() {
	setup_env
	cd "$T/ws" || return 1
}

@test "a file with comments, that is not overwritten" {
	status 0 aipod-init -a claude -i debian -t jq,ripgrep
	has "$(cat aipod.Dockerfile)" "FROM debian"
	has "$(cat aipod.Dockerfile)" "RUN sh /opt/aipod/tools jq ripgrep"
	has "$(cat aipod.Dockerfile)" "RUN sh /opt/aipod/agent claude"
	is "$output" ""
	echo mine >aipod.Dockerfile
	status 1 aipod-init -a claude
	is "$(cat aipod.Dockerfile)" mine
	status 0 aipod-init -q -a shell --force
	is "$stderr" ""
	has "$(cat aipod.Dockerfile)" "FROM aipod-tiny"
}

@test "an ai-pod.Dockerfile is good enough" {
	echo FROM x >ai-pod.Dockerfile
	status 1 aipod-init -a shell
	has "$stderr" "works as it is"
	[ ! -e aipod.Dockerfile ]
}

@test "a symbolic link is not written through" {
	echo precious >"$T/other"
	ln -s "$T/other" aipod.Dockerfile
	status 1 aipod-init -a shell
	status 0 aipod-init -a shell --force
	is "$(cat "$T/other")" precious
	[ ! -L aipod.Dockerfile ]
}

@test "what the box will reach is said, presets by name" {
	status 0 aipod-init -a claude,shell
	has "$stderr" "hosts: no preset; $(grep -c '^[ad].* host ' "$AIPOD_SHARE/agents/claude/rules") rules of the agent's"
	echo 'allow preset npm' >"$XDG_CONFIG_HOME/aipod/rules"
	status 0 aipod-init -f -a claude
	has "$stderr" "hosts: preset npm"
	status 0 aipod-init -f -q -a claude
	is "$stderr" ""
}

@test "a dry run prints it and writes nothing" {
	status 0 aipod-init -n -a claude@2.1.0,shell
	has "$output" "agent claude@2.1.0"
	[ ! -e aipod.Dockerfile ] && [ ! -e "$XDG_STATE_HOME/aipod" ]
}

@test "what is no agent, base or tool is refused" {
	status 100 aipod-init -a no-such
	status 100 aipod-init -i no-such
	status 100 aipod-init -a shell -t 'x; reboot'
	status 100 aipod-init -i 'x:1
RUN reboot'
	status 100 aipod-init --from-devcontainer -i debian
	status 100 aipod-init extra
	[ ! -e aipod.Dockerfile ]
}

@test "the agents become the workspace's, and its file needs no question" {
	status 0 aipod-init -a shell,claude
	dir=$XDG_STATE_HOME/aipod/$(aipod-hash)
	is "$(cat "$dir/agent")" shell,claude
	cmp aipod.Dockerfile "$dir/dockerfile"
}

@test ".gitignore: asked for in a repository, added once" {
	status 0 aipod-init -a shell
	lacks "$stderr" gitignore
	mkdir .git
	status 0 aipod-init -f -a shell
	has "$stderr" "--gitignore"
	[ ! -e .gitignore ]
	printf 'node_modules' >.gitignore
	status 0 aipod-init -f -a shell --gitignore
	status 0 aipod-init -f -a shell --gitignore
	is "$(cat .gitignore)" "node_modules
/.aipod/"
	status 0 aipod-init -f -a shell
	lacks "$stderr" "gitignore"
	rm .gitignore
	status 0 aipod-init -f -a shell --no-gitignore
	lacks "$stderr" gitignore
}

@test "on a terminal it asks" {
	command -v expect >/dev/null || skip "no expect here"
	mkdir .git
	cat >"$T/say" <<-'EOT'
	set timeout 60
	spawn aipod-init
	expect "agents" { send "shell,claude\r" }
	expect "base" { send "alpine\r" }
	expect "tools" { send "jq\r" }
	expect "gitignore" { send "\r" }
	expect eof
	EOT
	status 0 expect "$T/say"
	has "$(cat aipod.Dockerfile)" "FROM alpine"
	has "$(cat aipod.Dockerfile)" "tools jq"
	is "$(cat .gitignore)" "/.aipod/"
}

devcontainer() {
	mkdir -p .devcontainer
	cat >.devcontainer/devcontainer.json
}

@test "from a devcontainer.json with an image" {
	devcontainer <<-'EOT'
	// a comment
	{
		"name": "x", /* another, } */
		"image": "registry.example/base:1",
		"features": {
			"x.example/features/node:1": {"version": "22"},
			"x.example/features/python:1": {},
			"x.example/features/docker-in-docker:2": {},
		},
		"containerEnv": {
			"A": "b\"$x // no comment",
			"W": "${containerWorkspaceFolder}/bin",
			"H": "${localEnv:HOME}"
		},
		"forwardPorts": [3000],
		"postCreateCommand": "npm ci && make",
		"postStartCommand": ["echo", "a b"],
		"mounts": ["source=/,target=/host,type=bind",
			"source=x,target=/workspaces/w/node_modules,type=volume",
			"type=bind,src=${localEnv:HOME}/.m2,dst=/m2,readonly",
			"source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind",
			{"source": "v", "target": "${containerWorkspaceFolder}/a/b", "type": "volume"},
			{"source": "v", "target": "/root/.cache", "type": "volume"},
			"source=/a;b,target=/ab,type=bind",
			{"type": "tmpfs", "target": "/t"}],
		"initializeCommand": "touch /tmp/evil",
		"runArgs": ["--privileged"],
		"no\u001b[2Jthing": 1,
	}
	EOT
	status 0 aipod-init --from-devcontainer -a shell -t jq
	text=$(cat aipod.Dockerfile)
	has "$text" "FROM registry.example/base:1"
	has "$text" "tools jq mise:node@22 python3"
	has "$text" 'ENV A="b\"\$x // no comment"'
	has "$text" 'ENV W="/app/bin"'
	has "$text" "aipod forward 3000"
	has "$text" "#   aipod run sh -c 'npm ci && make'"
	has "$text" "#   aipod run echo 'a b'"
	lacks "$text" evil
	lacks "$text" privileged
	for what in docker-in-docker "'H'" mounts initializeCommand runArgs \
	    'no\x1b[2Jthing'; do
		has "$stderr" "$what"
	done
	lacks "$stderr" "'name'"
	has "$text" "#   aipod mask add node_modules"
	has "$text" "#   aipod mask add a/b"
	has "$text" '#   aipod mount add "$HOME"/.m2:/m2'
	is "$(grep -c 'aipod mount add' aipod.Dockerfile)" 1
	for what in /host /var/run/docker.sock /root/.cache /ab /t; do
		has "$stderr" "'mounts: $what'"
	done
}

@test "what a devcontainer.json runs when new is kept, if the user says so" {
	fact=$XDG_STATE_HOME/aipod/$(aipod-hash)/postcreate
	devcontainer <<-'EOT'
	{"image": "x", "postCreateCommand": {"a": "npm ci && make", "b": ["echo", "it's"]},
	 "onCreateCommand": "echo \u001b[2J\necho two", "postStartCommand": "never", "updateContentCommand": 5}
	EOT
	status 0 aipod-init --from-devcontainer -a shell
	has "$stderr" "npm ci && make"
	has "$stderr" '\x1b[2J'
	has "$stderr" "--yes"
	has "$stderr" "updateContentCommand"
	[ ! -e "$fact" ]
	status 0 aipod-init -n --yes --from-devcontainer -a shell
	[ ! -e "$fact" ]
	status 0 aipod-init -f --yes --from-devcontainer -a shell
	is "$(tail -n +2 "$fact")" "# onCreateCommand
sh -c 'echo $(printf '\033')[2J
echo two' || exit
# postCreateCommand
sh -c 'npm ci && make' || exit
# postCreateCommand
echo 'it'\\''s' || exit"
	is "$(stat -c %a "$fact")" 600
	was=$(cat "$fact")
	status 0 aipod-init -f -y --from-devcontainer -a shell
	[ "$(cat "$fact")" != "$was" ]
	status 0 aipod-init -f -a shell
	[ ! -e "$fact" ]
}

@test "from a devcontainer.json with a Dockerfile" {
	devcontainer <<<'{"build": {"dockerfile": "Dockerfile", "context": ".."}}'
	printf 'FROM mine\nRUN something' >.devcontainer/Dockerfile
	status 0 aipod-init --from-devcontainer -a shell
	has "$(cat aipod.Dockerfile)" "RUN something
USER 0"
	has "$stderr" build.context
	devcontainer <<<'{"dockerFile": "../Dockerfile"}'
	echo 'FROM top' >Dockerfile
	status 0 aipod-init -f --from-devcontainer -a shell
	has "$(cat aipod.Dockerfile)" "FROM top"
}

@test "no link leads a devcontainer out of the workspace" {
	mkdir "$T/secrets"
	echo 'FROM secret' >"$T/secrets/key"
	echo '{"image": "secret:1"}' >"$T/secrets/devcontainer.json"
	devcontainer <<<'{"dockerFile": "link"}'
	ln -s "$T/secrets/key" .devcontainer/link
	status 100 aipod-init --from-devcontainer -a shell
	devcontainer <<<'{"dockerFile": "dir/key"}'
	ln -s "$T/secrets" .devcontainer/dir
	status 100 aipod-init --from-devcontainer -a shell
	for name in ../../secrets/key /etc/passwd .. ../..; do
		devcontainer <<<"{\"dockerFile\": \"$name\"}"
		status 100 aipod-init --from-devcontainer -a shell
	done
	rm -r .devcontainer
	ln -s "$T/secrets" .devcontainer
	status 100 aipod-init --from-devcontainer -a shell
	[ ! -e aipod.Dockerfile ]
}

@test "values of a devcontainer.json that would be instructions or lead elsewhere" {
	devcontainer <<'X'
	{ "image": "debian:12", "runArgs": ["--privileged", "-v", "/:/host"],
	  "containerEnv": { "": "x", "A\nRUN evil": "y", "B": "1\nRUN evil",
		"C": "a\\", "D": "\"\nRUN evil" },
	  "mounts": [ "source=/etc/../,target=/h,type=bind",
		{ "type": "bind", "source": "/etc", "target": "/x\nRUN evil" } ],
	  "features": { "rust\nRUN evil": {}, "x/go:1": { "version": "1\nRUN evil" } },
	  "postStartCommand": { "x": "y\nRUN evil" }, "\u001b[2J": 1 }
X
	status 0 aipod-init --from-devcontainer -a shell
	text=$(cat aipod.Dockerfile)
	lacks "$text" evil
	is "$(grep ^ENV <<<"$text")" 'ENV C="a\\"'
	lacks "$text" "aipod mount"
	lacks "$text" privileged
	has "$stderr" "'': it is no variable's name"
	has "$stderr" "'A\\nRUN evil': it is no variable's name"
	has "$stderr" "'\\x1b[2J': unknown"
	has "$stderr" "'mounts: /h': its paths must be plain"
	has "$stderr" "'runArgs': the box is made by aipod alone"
}

@test "a devcontainer.json that is nothing of the kind" {
	status 100 aipod-init --from-devcontainer -a shell
	for text in '' '{' '[]' '{"dockerComposeFile": "x"}' '{"image": 5}' \
	    '{"image": "x\nRUN y"}' '{"image": "--x"}' '{"image": ""}' '/* ' '"' '{"image": "x", "image": "y"}'; do
		devcontainer <<<"$text"
		status 100 aipod-init --from-devcontainer -a shell
	done
	[ ! -e aipod.Dockerfile ]
}
