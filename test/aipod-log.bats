#!/usr/bin/env bats
load helper

setup() {
	setup_env
	unset DISPLAY WAYLAND_DISPLAY TMUX AIPOD_SESSION_DIR
	cd "$T/ws"
	printf '#!/bin/sh\necho ${SAY:-no}\n' >"$T/approver"
	chmod +x "$T/approver"
	export AIPOD_APPROVER=$T/approver
	TRAIL=$XDG_STATE_HOME/aipod/$(aipod-hash)/audit
}

# three records: a command, a host, a command
three() {
	printf 'one' | aipod-approve -k command || true
	printf 'h.example:443' | SAY=once AIPOD_SESSION=01234567 aipod-approve -k host
	printf 'two\nlines\033' | aipod-approve -k command || true
}

@test "no trail yet" {
	status 0 aipod-log
	is "$output" ""
	status 0 aipod-log verify
}

@test "records are shown and chosen by kind, session and time" {
	three >/dev/null
	is "$(aipod-log | cut -f2-4,6)" \
	    $'-\tcommand\tno\tone
01234567\thost\tonce\th.example:443
-\tcommand\tno\ttwo\\\\nlines\\\\x1b'
	is "$(aipod-log -k host | wc -l)" 1
	is "$(aipod-log -s 01234567 | cut -f3)" host
	is "$(aipod-log -S 1h | wc -l)" 3
	is "$(aipod-log -S 2999-01-01T00:00:00Z)" ""
	is "$(aipod-log -j | jq -r .subject | tail -n 1)" 'two\nlines\x1b'
	is "$(stat -c %a "$TRAIL")" 600
	status 100 aipod-log -S yesterday
	status 100 aipod-log nonsense
}

@test "verify: the trail is whole, and its head changes with each record" {
	three >/dev/null
	status 0 aipod-log verify
	head=${output#*$'\t'}
	is "${output%%$'\t'*}" 3
	is "$head" "$(tail -n 1 "$TRAIL" | tr -d '\n' | sha256sum | cut -d' ' -f1)"
	three >/dev/null
	status 0 aipod-log verify
	is "${output%%$'\t'*}" 6
	is "$(sed -n 4p "$TRAIL" | cut -f8)" "$head"
}

@test "options stand on either side of the verb" {
	cd /
	status 0 aipod-log -w "$T/ws" verify
	head=$output
	status 0 aipod-log verify -w "$T/ws"
	is "$output" "$head"
	status 100 aipod-log verify show
	status 100 aipod-log -w "$T/ws" frob
	has "$stderr" "no verb 'frob'"
}

@test "verify: a line changed, taken out, put in or torn is named" {
	three >/dev/null
	cp "$TRAIL" "$T/whole"
	sed -i '1s/one/uno/' "$TRAIL"
	status 1 aipod-log verify
	has "$stderr" 'line 2:'
	sed 2d "$T/whole" >"$TRAIL"
	status 1 aipod-log verify
	has "$stderr" 'line 2:'
	sed 1p "$T/whole" >"$TRAIL"
	status 1 aipod-log verify
	has "$stderr" 'line 2:'
	head -c -5 "$T/whole" >"$TRAIL"
	status 1 aipod-log verify
	has "$stderr" 'line 3:'
	# a record after a torn line stands on a line of its own
	printf 'x' | aipod-approve -k command || true
	is "$(aipod-log 2>/dev/null | tail -n 1 | cut -f6)" x
	status 1 aipod-log verify
}

@test "many at once: no record is torn or lost, the chain holds" {
	for i in 1 2 3 4 5 6; do
		for j in 1 2 3 4; do
			printf '%s %s' "$i" "$j" | AIPOD_APPROVER=none aipod-approve -k command >/dev/null || true
		done &
	done
	wait
	status 0 aipod-log verify
	is "${output%%$'\t'*}" 24
}

@test "--follow" {
	three >/dev/null
	timeout 3 aipod-log -f >"$T/out" 3>&- &
	until_true 5 test -s "$T/out"
	three >/dev/null
	until_true 5 eval '[ "$(wc -l <"$T/out")" = 6 ]'
	wait || true
}

# The trail anew, the first N records of it five years old.
age() {
	local chain line n=0
	chain=$(printf '%064d' 0)
	while IFS= read -r line; do
		n=$((n + 1))
		[ "$n" -gt "$1" ] || line=2021${line#????}
		line="${line%	*}	$chain"
		printf '%s\n' "$line"
		chain=$(printf '%s' "$line" | sha256sum | cut -d' ' -f1)
	done <"$TRAIL" >"$T/aged"
	cat "$T/aged" >"$TRAIL"
}

# No engine has to be there for it.
sweep() {
	mkdir -p "$T/bin"
	for e in podman docker; do
		printf '#!/bin/sh\nexit 1\n' >"$T/bin/$e"
		chmod +x "$T/bin/$e"
	done
	PATH=$T/bin:$PATH aipod-sweep "$@"
}

@test "aipod-sweep --audit-age takes out old records, and the trail still holds" {
	three >/dev/null
	three >/dev/null
	age 4
	status 0 aipod-log verify
	cp "$TRAIL" "$T/whole"
	digest=$(sed -n 4p "$TRAIL" | tr -d '\n' | sha256sum | cut -d' ' -f1)
	status 0 sweep
	cmp "$TRAIL" "$T/whole"
	status 0 sweep -n --audit-age 365
	is "$output" "audit	$TRAIL	4"
	cmp "$TRAIL" "$T/whole"
	status 0 sweep --audit-age 365
	is "$output" "audit	$TRAIL	4"
	is "$(stat -c %a "$TRAIL")" 600
	is "$(head -n 2 "$TRAIL")" "$(tail -n 2 "$T/whole")"
	is "$(tail -n 1 "$TRAIL" | cut -f3,4,6)" "audit	cut	$digest"
	status 0 aipod-log verify
	is "${output%%$'\t'*}" 3
	# it goes on, is cut again, and all of it may be old
	three >/dev/null
	status 0 sweep --audit-age 365
	is "$output" ""
	age 6
	status 0 sweep --audit-age 365
	is "$output" "audit	$TRAIL	6"
	is "$(wc -l <"$TRAIL")" 1
	status 0 aipod-log verify
	status 100 sweep --audit-age 0
}

@test "a trail whose beginning others took out, or that does not hold" {
	three >/dev/null
	sed -i 1d "$TRAIL"
	status 1 aipod-log verify
	has "$stderr" 'line 1:'
	has "$stderr" 'taken out'
	three >/dev/null
	cp "$TRAIL" "$T/whole"
	status 111 sweep --audit-age 365
	has "$stderr" "stays"
	cmp "$TRAIL" "$T/whole"
	# one more than the record of the cut tells of
	rm "$TRAIL"
	three >/dev/null
	three >/dev/null
	age 2
	status 0 sweep -q --audit-age 365
	status 0 aipod-log verify
	sed -i 1d "$TRAIL"
	status 1 aipod-log verify
}

@test "cut while records are written and followed: none is lost" {
	three >/dev/null
	age 3
	timeout 6 aipod-log -f >"$T/out" 3>&- &
	until_true 5 test -s "$T/out"
	for i in 1 2 3 4; do
		for j in 1 2 3 4 5; do
			printf '%s %s' "$i" "$j" | AIPOD_APPROVER=none aipod-approve -k command >/dev/null || true
		done &
		writers="${writers-} $!"
	done
	status 0 sweep -q --audit-age 365
	wait $writers
	status 0 aipod-log verify
	is "${output%%$'\t'*}" 21
	until_true 5 eval '[ "$(wc -l <"$T/out")" = 24 ]'
	is "$(sort "$T/out" | uniq -d)" ""
	wait || true
}
