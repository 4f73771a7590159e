load helper
load boxes

setup_file() { boxes_file_setup; }
teardown_file() { boxes_file_teardown; }
setup() { boxes_setup; }
teardown() { boxes_teardown; }

# All that a workspace may have.
furnish() {
	"$E" volume create --label aipod.workspace="$H" \
	    --label aipod.role=home "aipod-$H-home" >/dev/null
	"$E" volume create "aipod-$H-mask-target-01234567" >/dev/null
	"$E" network create --label aipod.workspace="$H" \
	    "aipod-$H-net" >/dev/null 2>&1
	"$E" create --name "aipod-$H-0123abcd" --label aipod.workspace="$H" \
	    --label aipod.session=0123abcd "$IMAGE" /bin/true >/dev/null
	mkdir -m 700 -p "$XDG_STATE_HOME/aipod/$H/files"
	(cd "$T/ws" && pwd -P) >"$XDG_STATE_HOME/aipod/$H/path"
	echo 'allow host a.example' >"$XDG_STATE_HOME/aipod/$H/rules"
	echo x >"$XDG_STATE_HOME/aipod/$H/image"
}

volumes() { "$E" volume ls --filter "name=aipod-$H-" --format '{{.Name}}' | sort; }
networks() { "$E" network ls --filter "name=aipod-$H-" --format '{{.Name}}'; }

@test "-y removes containers, volumes, network and state; others stay" {
	other=aipod-0123456789ab-home
	furnish
	"$E" create --name "test-$H" "$IMAGE" /bin/true >/dev/null
	status 0 aipod-clean -y
	is "$(containers)$(volumes)$(networks)" ""
	[ ! -e "$XDG_STATE_HOME/aipod/$H" ]
	has "$output" "container	aipod-$H-0123abcd"
	has "$output" "volume	aipod-$H-home"
	has "$output" "network	aipod-$H-net"
	has "$output" "state	$XDG_STATE_HOME/aipod/$H"
	"$E" rm -f "test-$H" >/dev/null	# not labelled: was left
	status 0 aipod-clean -y
	is "$output" ""
}

@test "without an answer the home volume and the rules stay" {
	furnish
	status 1 aipod-clean </dev/null
	has "$stderr" "kept the home volume"
	is "$(containers)$(networks)" ""
	is "$(volumes)" "aipod-$H-home"
	is "$(cat "$XDG_STATE_HOME/aipod/$H/rules")" "allow host a.example"
	# what it remembered of things that are gone
	[ ! -e "$XDG_STATE_HOME/aipod/$H/image" ]
}

@test "on a terminal it asks" {
	command -v expect >/dev/null || skip "no expect"
	furnish
	expect -c 'set timeout 60; spawn aipod-clean; expect "y/N"; send "n\r"; expect eof' >"$T/out"
	has "$(cat "$T/out")" "Remove the home volume of '"
	is "$(volumes)" "aipod-$H-home"
	expect -c 'set timeout 60; spawn aipod-clean; expect "y/N"; send "y\r"; expect eof' >"$T/out"
	is "$(volumes)" ""
	[ ! -e "$XDG_STATE_HOME/aipod/$H" ]
}

@test "-n tells and touches nothing" {
	furnish
	before=$(containers; volumes; networks; find "$XDG_STATE_HOME")
	status 0 aipod-clean -n
	has "$output" "volume	aipod-$H-home"
	is "$(containers; volumes; networks; find "$XDG_STATE_HOME")" "$before"
	aipod-clean -n | cut -f1 | sort -u | tr '\n' ' ' >"$T/kinds"
	is "$(cat "$T/kinds")" "container network state volume "
}

@test "a living session is in the way, unless -f" {
	furnish
	begin
	box
	status 1 aipod-clean -y
	has "$stderr" "1 session of"
	is "$(running)" "aipod-$H-$id"
	is "$(volumes | grep -c .)" 2
	( exec 3>&-; "$E" wait "aipod-$H-$id"; kill -9 "$holder" ) \
	    >/dev/null 2>&1 &
	disown $!
	status 0 aipod-clean -y -f
	is "$(containers)$(volumes)" ""
	[ ! -e "$dir" ]
}

@test "by hash when the directory is gone, and all" {
	furnish
	cd /
	rm -r "$T/ws"
	status 100 aipod-clean -y -w "$T/ws"
	status 0 aipod-clean -y --hash "$H"
	is "$(containers)$(volumes)" ""
	mkdir "$T/ws"
	furnish
	status 0 aipod-clean -y --all
	is "$(containers)$(volumes)" ""
}

@test "the image built for the workspace, not one that others use" {
	printf 'FROM %s\nLABEL aipod.workspace=%s\n' "$IMAGE" "$H" >"$T/Dockerfile"
	"$E" build -q -t "aipod-ws-$H" -f "$T/Dockerfile" "$T/ws" >/dev/null 2>&1 ||
	    skip "the engine cannot build here"
	status 0 aipod-clean -y
	has "$output" "aipod-ws-$H"
	is "$("$E" images -q --filter "label=aipod.workspace=$H")" ""
	[ -n "$("$E" images -q "$IMAGE")" ]
}

@test "usage" {
	status 100 aipod-clean word
	status 100 aipod-clean --hash xyz
	status 100 aipod-clean --all --hash 0123456789ab
	status 127 aipod-clean --engine no-such-engine
}
