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
