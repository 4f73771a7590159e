#!/usr/bin/env bats
# What a devcontainer.json runs in a new container, in real ones.

load helper

setup_file() { engine_file_setup; }
setup() {
	engine_setup
	D=$XDG_STATE_HOME/aipod/$H
}
teardown() { engine_teardown; }

# take_over COMMAND: as the user does; the image is the tests' all the same.
take_over() {
	mkdir -p .devcontainer
	printf '{"image": "x", "postCreateCommand": "%s"}\n' "$1" \
	    >.devcontainer/devcontainer.json
	status 0 aipod init -f --yes --from-devcontainer -a shell
	rm aipod.Dockerfile
}

@test "it runs once, in the box, before the command, and is talk" {
	take_over "cat; pwd; id -u; echo once >>\${containerWorkspaceFolder}/ran; echo in >/home/aipod/x"
	echo '{"postCreateCommand": "touch /app/evil"}' \
	    >.devcontainer/devcontainer.json
	status 0 aipod run cat <<<mine
	is "$output" mine
	has "$stderr" "in a new box, once"
	has "$stderr" /app
	is "$(cat ran)" once
	status 0 aipod run cat /home/aipod/x
	is "$output" in
	is "$stderr" ""
	is "$(cat ran)" once
	[ ! -e evil ]
}

@test "a failure is said, and it is not run again until it is wanted" {
	take_over "echo ran >>ran; exit 7"
	status 3 aipod run sh -c 'exit 3'
	has "$stderr" "status 7"
	status 0 aipod run true
	is "$stderr" ""
	is "$(cat ran)" ran
	take_over "echo ran >>ran; exit 7"
	status 0 aipod run true
	is "$(wc -l <ran)" 2
	status 0 aipod run --rebuild true
	is "$(wc -l <ran)" 3
	status 0 aipod run true
	is "$(wc -l <ran)" 3
}

@test "a kept container and two sessions at once: once" {
	# a session that was killed while it was at it
	status 0 aipod run sh -c 'mkdir -p ~/.aipod; echo 5 >~/.aipod/creating'
	take_over "sleep 5; echo ran >>ran"
	aipod run true </dev/null 2>"$T/err" 3>&- &
	status 0 aipod run --keep true
	wait $!
	status 0 aipod run true
	is "$(cat ran)" ran
}
