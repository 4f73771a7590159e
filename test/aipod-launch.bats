#!/usr/bin/env bats
# What aipod-launch decides before any engine is asked; launch.bats has the
# rest, on a real one.

load helper

setup() {
	setup_env
	export AIPOD_AGENT=shell
	# an engine that only tells that it was run
	mkdir "$T/bin"
	printf '#!/bin/sh\necho "$@" >>"%s/engine"\nexit 1\n' "$T" >"$T/bin/podman"
	chmod 755 "$T/bin/podman"
	export AIPOD_ENGINE=$T/bin/podman
}

@test "usage" {
	status 0 aipod-launch --help
	has "$output" --egress
	status 0 aipod-launch --version
	status 100 aipod-launch --no-such-option
	status 100 aipod-launch -w "$T/missing" true
	status 100 aipod-launch -w "$T/ws" --egress perhaps true
	has "$stderr" "must be ask, deny, record or open"
	status 100 aipod-launch -w "$T/ws" --pids 0 true
	status 100 aipod-launch -w "$T/ws" -a no-such-agent true
	has "$stderr" shell
	[ ! -e "$T/engine" ]
}

@test "no engine at all" {
	unset AIPOD_ENGINE
	status 127 env PATH="$TOP/build/bin" "$TOP/build/bin/aipod-launch" \
	    -w "$T/ws" true
	has "$stderr" "install podman"
	status 127 aipod-launch --engine "$T/nothing" -w "$T/ws" true
}

# far NAME=VALUE WHERE: refused, and nothing was started.
far() {
	status 100 env "$1" aipod-launch -w "$T/ws" true
	has "$stderr" "'$2'"
	has "$stderr" "on another machine"
	has "$stderr" "aipod kube"
	status 100 env "$1" aipod-launch -n -w "$T/ws" true
	[ -z "$(ls "$XDG_RUNTIME_DIR")" ]
	[ -z "$(ls "$XDG_STATE_HOME")" ]
}

@test "an engine on another machine is refused before anything is started" {
	unset CONTAINER_HOST CONTAINER_CONNECTION DOCKER_HOST DOCKER_CONTEXT
	export DOCKER_CONFIG=$T/docker CONTAINERS_CONF=$T/containers.conf
	far CONTAINER_HOST=ssh://me@far.example:22/run/podman.sock \
	    ssh://me@far.example:22/run/podman.sock
	far CONTAINER_HOST=tcp://10.0.0.1:8080 tcp://10.0.0.1:8080
	ln -s podman "$T/bin/docker"
	AIPOD_ENGINE=$T/bin/docker
	far DOCKER_HOST=tcp://10.0.0.1:2376 tcp://10.0.0.1:2376
	far DOCKER_HOST=ssh://far.example ssh://far.example
	far DOCKER_HOST=unix:///home/me/.docker/desktop/docker.sock \
	    unix:///home/me/.docker/desktop/docker.sock
	[ ! -e "$T/engine" ]
	# one of this machine is asked, and whose variable it is matters
	CONTAINER_HOST=tcp://10.0.0.1:1 DOCKER_HOST=unix:///run/docker.sock \
	    status 0 aipod-launch -n -w "$T/ws" --no-scan true
}

@test "an engine on another machine by a connection or a context" {
	unset CONTAINER_HOST CONTAINER_CONNECTION DOCKER_HOST DOCKER_CONTEXT
	export DOCKER_CONFIG=$T/docker CONTAINERS_CONF=$T/containers.conf
	cat >"$T/bin/podman" <<-X
	#!/bin/sh
	case \$* in
	*'{{.Name}} {{.URI}}') printf 'a unix:///run/a\nab ssh://ab.example\n' ;;
	*'{{.Default}} {{.URI}}') printf 'false unix:///a\ntrue ssh://d.example\n' ;;
	'context inspect'*) echo ssh://docker.example ;;
	*) echo "\$@" >>"$T/engine"; exit 1 ;;
	esac
	X
	far CONTAINER_CONNECTION=ab ssh://ab.example
	CONTAINER_CONNECTION=a status 0 aipod-launch -n -w "$T/ws" true
	printf '[engine]\n  remote = true\n' >"$T/containers.conf"
	far X=y ssh://d.example
	: >"$T/containers.conf"
	status 0 aipod-launch -n -w "$T/ws" true
	ln -s podman "$T/bin/docker"
	AIPOD_ENGINE=$T/bin/docker
	status 0 aipod-launch -n -w "$T/ws" true
	far DOCKER_CONTEXT=there ssh://docker.example
	mkdir "$T/docker"
	printf '{\n\t"currentContext": "there"\n}\n' >"$T/docker/config.json"
	far X=y ssh://docker.example
}

@test "workspaces that would give aipod's own files away" {
	for w in "$T" "$T/config" "$T/config/aipod" "$T/state" "$T/run" /; do
		status 100 aipod-launch -w "$w" true
		has "$stderr" "must not reach"
	done
	# through a link, too, and where the directory does not exist yet
	ln -s "$T" "$T/ws/up"
	status 100 aipod-launch -w "$T/ws/up" true
	XDG_STATE_HOME=$T/ws/not/yet status 100 aipod-launch -w "$T/ws" true
	[ ! -e "$T/engine" ]
}

@test "a dry run says everything that keeps the agent in" {
	status 0 aipod-launch -n -w "$T/ws" cmd 'a b' "it's"
	line=$(printf '%s\n' "$output" | tail -n 1)
	for word in "--network none" --cap-drop=all "no-new-privileges" \
	    "--pull=never" ":/run/aipod:ro" ":/run/aipod/bin:ro" \
	    ":/etc/resolv.conf:ro" "--strict -- " "cmd 'a b' 'it'\\''s'"; do
		has "$line" "$word"
	done
	lacks "$line" "--privileged"
	# a shell reads back what was meant
	eval "set -- $line"
	while [ $# -gt 1 ]; do shift; done
	is "$1" "it's"
	[ ! -e "$T/engine" ]
	[ -z "$(find "$T/run" "$T/state" -mindepth 1)" ]
}

@test "open egress is another box, and says so in one line" {
	status 0 aipod-launch -n --egress open -w "$T/ws" true
	has "$output" "--network aipod-$(aipod-hash "$T/ws")-net"
	has "$output" --mcp-only
	is "$(printf '%s\n' "$stderr" | grep -c 'network of its own')" 1
	status 0 aipod-launch -n -w "$T/ws" true
	is "$stderr" ""
}

@test "paths that the engine cannot take are refused, others quoted" {
	mkdir "$T/with:colon" "$T/with:both,of" "$T/with space"
	status 0 aipod-launch -n -w "$T/with:colon" true
	has "$output" "type=bind,source=$T/with:colon,target=/app"
	status 100 aipod-launch -n -w "$T/with:both,of" true
	has "$stderr" "rename it"
	status 0 aipod-launch -n -w "$T/with space" true
	has "$output" "'$T/with space:/app'"
}

@test "an engine that fails: its words, our status, nothing left" {
	status 101 aipod-launch -w "$T/ws" true
	has "$stderr" "could not be built"
	[ -e "$T/engine" ]
	[ -z "$(find "$T/run" -name lock)" ]
}

@test "settings and environment" {
	printf 'MEMORY=1g\nPIDS=77\n' >"$T/config/aipod/config"
	AIPOD_ENGINE=$T/bin/docker
	cp "$T/bin/podman" "$T/bin/docker"
	status 0 aipod-launch -n -w "$T/ws" true
	has "$output" "--pids-limit 77 --memory 1g"
	status 0 aipod-launch -n --memory 2g -e A=b -e HOME -w "$T/ws" true
	has "$output" "--memory 2g"
	has "$output" "-e A=b -e HOME"
	chmod 666 "$T/config/aipod/config"
	status 100 aipod-launch -n -w "$T/ws" true
	has "$stderr" "chmod go-w"
}

@test "a newer release: looked for once a day, and nobody waits for it" {
	mkfifo "$T/hold"
	mkdir -p "$T/exec" "$XDG_STATE_HOME/aipod/update"
	facts=$XDG_STATE_HOME/aipod/update
	printf '#!/bin/sh\ncat "%s" >/dev/null\necho "$@" >"%s"\n' "$T/hold" \
	    "$T/looked" >"$T/exec/aipod-update"
	chmod 755 "$T/exec/aipod-update"
	export AIPOD_EXEC_PATH=$T/exec
	tool=$TOP/build/bin/aipod-launch
	export AIPOD_UPDATE_URL=https://example.org/index
	# it ends while the other still waits, and holds no descriptor of ours
	status 111 timeout 60 "$tool" -w "$T/ws" true
	lacks "$stderr" "aipod update"
	: >"$T/hold"
	until_true 20 test -s "$T/looked"
	is "$(cat "$T/looked")" "-q check --daily"
	rm "$T/looked"
	# not again today, not when switched off, not without a place to look
	: >"$facts/checked"
	status 111 "$tool" -w "$T/ws" true
	rm "$facts/checked"
	AIPOD_UPDATE_CHECK=no status 111 "$tool" -w "$T/ws" true
	AIPOD_UPDATE_URL='' status 111 "$tool" -w "$T/ws" true
	[ -z "$(pgrep -f "^/bin/sh $T/exec/aipod-update")" ]
}

@test "a newer release that is known of is told on a terminal" {
	command -v script >/dev/null || skip "no script(1)"
	facts=$XDG_STATE_HOME/aipod/update
	mkdir -p "$facts"
	: >"$facts/checked"
	echo 99.1 >"$facts/newest"
	export AIPOD_UPDATE_URL=https://example.org/index
	launch="$TOP/build/bin/aipod-launch -w $T/ws"
	status 111 script -qec "$launch true" /dev/null
	has "$output" "aipod 99.1 is there"
	status 111 script -qec "$launch -q true" /dev/null
	lacks "$output" 99.1
	status 111 $launch true
	lacks "$stderr" 99.1
	echo 0.0.1 >"$facts/newest"
	status 111 script -qec "$launch true" /dev/null
	lacks "$output" "aipod update"
}
