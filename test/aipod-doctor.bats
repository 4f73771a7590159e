load helper

# An engine that answers as told; the real one is asked in the last test.
engine() {
	mkdir -p "$T/bin"
	cat >"$T/bin/$1" <<-X
	#!/bin/sh
	case "\$*" in
	*SecurityOptions*) echo '[name=seccomp]' ;;
	info*) echo '$2'; exit ${3:-0} ;;
	run*) echo '${4-}' >&2; exit ${5:-0} ;;
	esac
	X
	chmod +x "$T/bin/$1"
	PATH=$T/bin:$PATH
	export PATH AIPOD_ENGINE=$1
	unset CONTAINER_HOST DOCKER_HOST CONTAINER_CONNECTION DOCKER_CONTEXT
}

level() { printf '%s\n' "$output" | grep "$1" | cut -f1; }

@test "records of four fields, levels as documented" {
	engine podman '4.9.0 false overlay v2 false'
	status 0 aipod-doctor
	printf '%s\n' "$output" | awk -F'\t' 'NF != 4 { exit 1 }'
	is "$(printf '%s\n' "$output" | cut -f1 | grep -vxE 'ok|warn')" ""
	is "$(level 'podman 4.9.0')" ok
	is "$(level 'cgroups v2')" ok
	is "$(level 'rootful')" warn
	is "$(level 'dead sessions')" ok
}

@test "every warning and failure says what follows and how to mend it" {
	engine podman '3.4.0 true vfs v1 true'
	run aipod-doctor -q
	[ -n "$output" ]
	printf '%s\n' "$output" |
	    awk -F'\t' '$1 == "ok" || $3 == "-" || $4 == "-" { print; exit 1 }'
	is "$(level 'is old')" warn
	is "$(level 'driver vfs')" warn
	is "$(level 'cgroups v1')" warn
}

@test "an engine that fails, or runs no container, is status 1" {
	engine podman 'broken: no such	thing' 1
	status 1 aipod-doctor
	is "$(level 'does not work')" fail
	engine podman '4.9.0 false overlay v2 false' 0 'no crun here' 126
	command -v busybox || skip "no busybox"
	status 1 aipod-doctor
	has "$output" "no crun here"
	AIPOD_ENGINE=no-such status 1 aipod-doctor
	has "$output" "no container engine"
}

@test "docker, its daemon, and engines elsewhere" {
	engine docker '24.0.1 overlay2 2 Debian'
	status 0 aipod-doctor
	is "$(level 'docker 24.0.1')" ok
	is "$(level 'daemon is root')" warn
	DOCKER_HOST=tcp://10.0.0.1:2375 status 1 aipod-doctor
	is "$(level 'tcp://10.0.0.1')" fail
	has "$output" "unset DOCKER_HOST"
	DOCKER_HOST=unix:///run/docker.sock status 0 aipod-doctor
	engine podman '4.9.0 false overlay v2 true'
	CONTAINER_HOST=ssh://me@far.example/run/podman.sock status 1 aipod-doctor
	is "$(level 'ssh://me@far.example')" fail
	CONTAINER_HOST=unix:///run/podman.sock status 0 aipod-doctor
	is "$(level 'by its service at unix:///run/podman.sock')" ok
	engine docker '' 1
	status 1 aipod-doctor
	is "$(level 'does not answer')" fail
}

@test "tools of another version are found out" {
	engine podman '4.9.0 false overlay v2 false'
	mkdir "$T/exec"
	printf '#!/bin/sh\necho aipod-hash 0.0.1\n' >"$T/exec/aipod-hash"
	chmod +x "$T/exec/aipod-hash"
	AIPOD_EXEC_PATH=$T/exec status 1 aipod-doctor
	is "$(level "its tools '0.0.1'")" fail
}

@test "dead sessions, and a runtime directory that is not private" {
	engine podman '4.9.0 false overlay v2 false'
	mkdir -m 700 "$XDG_RUNTIME_DIR/aipod"
	mkdir -p "$XDG_RUNTIME_DIR/aipod/0123456789ab/0123abcd"
	status 0 aipod-doctor
	is "$(level '1 dead session')" warn
	chmod 777 "$XDG_RUNTIME_DIR/aipod"
	status 1 aipod-doctor
	is "$(level 'cannot be listed')" fail
}

@test "JSON" {
	command -v jq >/dev/null || skip "no jq"
	engine podman 'a "quoted" \ thing' 1
	run aipod-doctor -j
	printf '%s\n' "$output" | jq -e .level >/dev/null
	is "$(printf '%s\n' "$output" | jq -r 'select(.level == "fail").mend')" \
	    "run 'podman info' and mend what it says"

}

@test "usage" {
	status 100 aipod-doctor --nonsense
	status 100 aipod-doctor word
	status 0 aipod-doctor --help
	has "$output" "usage: aipod-doctor"
	status 0 aipod-doctor -V
}

@test "of this machine: what it says of the engine is so" {
	setup_env
	command -v podman >/dev/null || skip "no podman"
	v=$(podman info --format '{{.Version.Version}}' 2>/dev/null) ||
	    skip "podman does not work here"
	run aipod-doctor --engine podman
	[ "$status" -le 1 ]
	has "$output" "podman $v"
}
