#!/usr/bin/env bats
# What the user lends to a box when asked to: sockets, a device, caches.

load helper

setup_file() { engine_file_setup; }
setup() {
	engine_setup
	unset SSH_AUTH_SOCK
	USER_HOME=$HOME
}
teardown() {
	[ -z "${servers-}" ] || kill $servers 2>/dev/null || :
	[ -z "${CACHES-}" ] || "$E" volume rm -f $CACHES >/dev/null 2>&1 || :
	engine_teardown
}

# An agent at this path that answers each connection with a word.
agent() {
	command -v socat >/dev/null || skip "no socat here"
	[ -x "$TOP/build/test/unit/unixcat" ] || skip "run make unit"
	cp "$TOP/build/test/unit/unixcat" "$T/ws/unixcat"
	mkdir -p "${1%/*}"
	socat "UNIX-LISTEN:$1,fork" "EXEC:echo $2" 2>/dev/null 3>&- &
	servers="${servers-} $!"
	until_true 5 test -S "$1"
	# a socket of root's is nobody else's: the box's user is the workspace's
	chown "$(stat -c %u:%g "$T/ws")" "$1"
}

@test "an ssh agent: when asked for, and there; else a line" {
	agent "$T/s/agent.sock" from-the-agent
	export SSH_AUTH_SOCK=$T/s/agent.sock
	status 0 aipod run sh -c 'echo "<$SSH_AUTH_SOCK>"; ls -d /run/host 2>&1; :'
	has "$output" "<>"
	has "$output" "No such file"
	status 0 aipod run --ssh-agent sh -c 'echo "$SSH_AUTH_SOCK"
	    ./unixcat "$SSH_AUTH_SOCK" </dev/null'
	is "$output" "/run/host/ssh-agent.sock
from-the-agent"
	is "$stderr" ""
	echo SSH_AGENT=yes >"$XDG_CONFIG_HOME/aipod/config"
	chmod 600 "$XDG_CONFIG_HOME/aipod/config"
	status 0 aipod run sh -c 'echo "$SSH_AUTH_SOCK"'
	is "$output" /run/host/ssh-agent.sock
	echo >"$T/none"
	for SSH_AUTH_SOCK in "$T/none" /nowhere relative ''; do
		status 0 aipod run sh -c 'echo "<$SSH_AUTH_SOCK>"'
		is "$output" "<>"
		has "$stderr" "no ssh agent"
		is "$(printf '%s\n' "$stderr" | wc -l)" 1
	done
}

@test "1Password's and gpg's: where their tools look for them" {
	mkdir -p "$T/bin" "$T/home"
	printf '#!/bin/sh\nHOME="%s" exec "%s" "$@"\n' "$USER_HOME" \
	    "$(command -v "$E")" >"$T/bin/${E##*/}"
	printf '#!/bin/sh\necho "%s"\n' "$T/g/S.gpg-agent.extra" >"$T/bin/gpgconf"
	chmod 755 "$T/bin"/*
	export HOME=$T/home AIPOD_ENGINE=$T/bin/${E##*/} PATH=$T/bin:$PATH
	status 0 aipod run --gpg-agent --1password true
	has "$stderr" "no gpg agent here"
	has "$stderr" "1Password"
	agent "$T/home/.1password/agent.sock" from-1password
	agent "$T/g/S.gpg-agent.extra" from-gpg
	status 0 aipod run --gpg-agent --1password sh -c '
	    ./unixcat "$SSH_AUTH_SOCK" </dev/null
	    ./unixcat "$HOME/.1password/agent.sock" </dev/null
	    ./unixcat "$HOME/.gnupg/S.gpg-agent" </dev/null; ls -ld ~/.gnupg'
	is "$(printf '%s\n' "$output" | head -n 3)" "from-1password
from-1password
from-gpg"
	has "$output" "drwx------"
}

@test "a YubiKey: when asked for, and there; else a line" {
	status 0 aipod run true
	is "$stderr" ""
	ls /sys/bus/usb/devices/*/idVendor 2>/dev/null | xargs -r cat |
	    grep -q 1050 && skip "there is one here"
	status 0 aipod run --yubikey true
	has "$stderr" "no YubiKey"
}

@test "the nodes of a YubiKey by what sysfs says" {
	[ -x "$TOP/build/test/unit/lend" ] || skip "run make unit"
	s=$T/sys
	mkdir -p "$s/bus/usb/devices/1-2" "$s/bus/usb/devices/1-3" \
	    "$s/class/hidraw/hidraw3/device" "$s/class/hidraw/hidraw4/device"
	echo 1050 >"$s/bus/usb/devices/1-2/idVendor"
	echo 1 >"$s/bus/usb/devices/1-2/busnum"
	echo 7 >"$s/bus/usb/devices/1-2/devnum"
	echo 1d6b >"$s/bus/usb/devices/1-3/idVendor"
	echo 1 >"$s/bus/usb/devices/1-3/busnum"
	echo 8 >"$s/bus/usb/devices/1-3/devnum"
	printf 'DRIVER=x\nHID_ID=0003:00001050:00000407\nHID_NAME=Key\n' \
	    >"$s/class/hidraw/hidraw3/device/uevent"
	printf 'HID_ID=0003:0000046D:0000C52B\n' \
	    >"$s/class/hidraw/hidraw4/device/uevent"
	is "$("$TOP/build/test/unit/lend" "$s")" "/dev/bus/usb/001/007
/dev/hidraw3"
	is "$("$TOP/build/test/unit/lend" "$T/none")" ""
}

@test "caches are shared by workspaces, and the user's to write" {
	CACHES="aipod-cache-$(id -u)-npm aipod-cache-$(id -u)-cargo"
	for c in $CACHES; do
		! "$E" volume inspect "$c" >/dev/null 2>&1 ||
		    { CACHES= && skip "the user has caches already"; }
	done
	status 0 aipod run sh -c 'echo "<$npm_config_cache>"'
	is "$output" "<>"
	status 0 aipod run --caches npm,cargo sh -c '
	    echo one >"$npm_config_cache/f" && echo two >~/.cargo/registry/f'
	mkdir "$T/other"
	chown "$(stat -c %u:%g "$T/ws")" "$T/other"
	status 0 aipod run -w "$T/other" --read-only --caches npm,cargo sh -c '
	    cat "$npm_config_cache/f" ~/.cargo/registry/f'
	is "$output" "one
two"
	aipod-clean -q -y -f -w "$T/other"
	"$E" volume inspect $CACHES >/dev/null
	status 100 aipod run --caches npm,maven true
	has "$stderr" maven
}
