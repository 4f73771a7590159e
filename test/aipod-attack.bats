#!/usr/bin/env bats
# The tries themselves run in a real box, on the engine of AIPOD_ENGINE.

load helper

setup_file() { engine_file_setup; }
setup() { engine_setup; }
teardown() { engine_teardown; }

@test "the table: a line a try, at least 80, in four categories" {
	status 0 aipod-attack -l
	[ "$(wc -l <<<"$output")" -ge 80 ]
	is "$(cut -f 1 <<<"$output" | sort | uniq -d)" ""
	is "$(cut -f 4 <<<"$output" | sort -u | tr '\n' ' ')" \
	    "consent files network privilege "
	is "$(grep -vc '^#' "$TOP/share/attack.tsv")" "$(wc -l <<<"$output")"
	cmp "$TOP/share/attack.tsv" "$TOP/build/bin/box/attack.tsv"
}

@test "what gets through shows, and is status 1" {
	echo secret >"$T/f"
	printf 'a\tfiles\tread\t%s\ta file\tnothing\nb\tfiles\tread\t%s\tnone\tx\n' \
	    "$T/f" "$T/none" >"$T/table"
	status 1 aipod-attack -t "$T/table"
	is "$output" "a	THROUGH	it was read	files	a file
b	stopped	No such file or directory	files	none"
	status 1 aipod-attack -f -t "$T/table"
	is "$output" "a	THROUGH	it was read	files	a file"
	status 0 aipod-attack -q -t "$T/table" b
	is "$stderr" ""
}

@test "usage, and tables that are none" {
	status 100 aipod-attack no-such-category
	status 100 aipod-attack -t "$T/none"
	printf 'a\tb\tc\n' >"$T/table"
	status 100 aipod-attack -t "$T/table"
	printf 'a\tb\tno-such-way\td\te\tf\n' >"$T/table"
	status 100 aipod-attack -t "$T/table"
}

@test "in a session nothing gets through" {
	git init -q "$T/ws" 2>/dev/null || skip "no git"
	status 0 aipod run aipod-attack
	is "$(grep -c THROUGH <<<"$output")" 0
	[ "$(grep -c stopped <<<"$output")" -ge 80 ]
	# the judge was there to be tried
	has "$output" "net-38	stopped	HTTP/1.1 403"
	has "$output" "ask-19	stopped	answered with"
}

@test "as the box's root, and as another user of it" {
	git init -q "$T/ws" 2>/dev/null || skip "no git"
	[ "$(id -u)" -eq 0 ] || skip "rootless, one user is all there is"
	chown 1234:1234 "$T/ws"
	status 0 aipod run aipod-attack -f
	is "$output" ""
}

@test "with every capability given back the network is as shut" {
	status 0 aipod build
	image=$(aipod run -n true | tr ' ' '\n' | grep -x -A1 \
	    '/run/aipod/bin/aipod-relay' | tail -n 1)
	"$E" run --rm --network none --cap-add=all --user 0 \
	    --entrypoint /b/aipod-attack -v "$TOP/build/bin/box:/b:ro" \
	    "$image" -l >/dev/null 2>&1 ||
	    skip "the engine has not every capability to give"
	status 0 "$E" run --rm --network none --cap-add=all --user 0 \
	    --security-opt label=disable --entrypoint /b/aipod-attack \
	    -v "$TOP/build/bin/box:/b:ro" "$image" network
	is "$(grep -c THROUGH <<<"$output")" 0
	has "$output" "net-17	stopped	Network"
}
