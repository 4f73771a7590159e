# Loaded by every .bats file: our programs first on PATH, and a home, state,
# configuration and runtime directory of the test's own.

bats_require_minimum_version 1.5.0 2>/dev/null || true

TOP=$(cd "${BATS_TEST_DIRNAME%/test*}" && pwd)
export TOP

setup_env() {
	export AIPOD_EXEC_PATH=$TOP/build/bin AIPOD_SHARE=$TOP/share
	export PATH=$TOP/build/bin:$PATH
	export T=$BATS_TEST_TMPDIR
	export HOME=$T/home XDG_CONFIG_HOME=$T/config XDG_STATE_HOME=$T/state
	export XDG_RUNTIME_DIR=$T/run XDG_CACHE_HOME=$T/cache NO_COLOR=1
	unset AIPOD_ENGINE AIPOD_WORKSPACE AIPOD_APPROVER AIPOD_SESSION
	mkdir -p "$HOME" "$T/ws"
	mkdir -m 700 -p "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME/aipod" "$XDG_STATE_HOME"
	ulimit -c 0
}

setup() { setup_env; }

# A session of the test's own for the workspace at hand; session_lock is what
# its launcher does for as long as it lives, on descriptor 9.
session_env() {
	export AIPOD_SESSION=0123abcd
	export AIPOD_SESSION_DIR=$XDG_RUNTIME_DIR/aipod/$(aipod-hash)/$AIPOD_SESSION
	(umask 077 && mkdir -p "$AIPOD_SESSION_DIR/run")
}
session_lock() {
	exec 9>"$AIPOD_SESSION_DIR/lock"
	flock 9
}

# What git obeys, but for the repository.
git_env() {
	export GIT_CONFIG_GLOBAL=$T/gitconfig GIT_CONFIG_NOSYSTEM=1
	git config --global user.email a@example.com
	git config --global user.name A
	git config --global init.defaultBranch main
}

# status N COMMAND...: run it and want that exit status, showing what it said.
status() {
	local want=$1
	shift
	if [ "$want" -eq 127 ]; then
		run -127 --separate-stderr "$@"
	else
		run --separate-stderr "$@"
	fi
	if [ "$status" -ne "$want" ]; then
		printf 'status %s, wanted %s: %s\nstdout: %s\nstderr: %s\n' \
		    "$status" "$want" "$*" "$output" "$stderr" >&2
		return 1
	fi
}

# is ACTUAL WANTED: compare two strings and show both when they differ.
is() {
	[ "$1" = "$2" ] || {
		printf 'got:  %q\nwant: %q\n' "$1" "$2" >&2
		return 1
	}
}

# has TEXT PART: the text contains the part.
has() {
	case $1 in *"$2"*) return 0 ;; esac
	printf 'no %q in:\n%s\n' "$2" "$1" >&2
	return 1
}

lacks() {
	case $1 in *"$2"*)
		printf 'unwanted %q in:\n%s\n' "$2" "$1" >&2
		return 1 ;;
	esac
}

# A build with sanitizers is large and slow by intent: no place for figures.
sanitized() { grep -q '^SANITIZE = yes' "$TOP/config.mk"; }
not_sanitized() { ! sanitized || skip "a build with sanitizers"; }

# until_true SECONDS COMMAND...: poll, ten times a second.
until_true() {
	local left=$(($1 * 10))
	shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || { echo "never true: $*" >&2; return 1; }
		sleep 0.1
	done
}

# For tests with a real engine.  Home, data and runtime directory stay the
# user's, because by them the engine finds its images; configuration and
# state are the test's own.  AIPOD_ENGINE chooses; root's podman is rootful.
# bats 1.8 cannot skip in setup_file: the reason waits there for setup.
skip_file() { export SKIP_FILE=$1; }
skip_if_so() { [ -z "${SKIP_FILE-}" ] || skip "$SKIP_FILE"; }

engine_file_setup() {
	E=${AIPOD_ENGINE:-podman}
	export E
	command -v "$E" >/dev/null || { skip_file "no $E here"; return 0; }
	case $E in
	*docker*) docker info >/dev/null 2>&1 ||
	    skip_file "no Docker daemon here" ;;
	*)
		# shellcheck source=test/engine.sh
		. "$TOP/test/engine.sh"
		engine_prepare "$BATS_FILE_TMPDIR/engine" ||
		    skip_file "podman cannot run containers here" ;;
	esac
}

engine_setup() {
	skip_if_so
	export AIPOD_EXEC_PATH=$TOP/build/bin AIPOD_SHARE=$TOP/share
	export PATH=$TOP/build/bin:$PATH
	export T=$BATS_TEST_TMPDIR NO_COLOR=1 AIPOD_AGENT=shell
	mkdir -p "$T/config/aipod" "$T/ws"
	[ ! -d "$HOME/.config/containers" ] ||
	    ln -s "$HOME/.config/containers" "$T/config/containers"
	export XDG_CONFIG_HOME=$T/config XDG_STATE_HOME=$T/state
	export AIPOD_WORKSPACE=$T/ws
	unset AIPOD_SESSION AIPOD_SESSION_DIR AIPOD_APPROVER
	H=$(aipod-hash "$T/ws")
	cd "$T/ws" || return 1
}

engine_teardown() {
	[ -z "${H-}" ] || aipod-clean -q -y -f -w "$T/ws" >/dev/null 2>&1 || true
}

# What there is of this workspace's: containers, and processes of a session.
left_containers() { "$E" ps -a -q --filter "label=aipod.workspace=$H"; }
left_sessions() { aipod-list -w "$T/ws"; }
nothing_left() {
	[ -z "$(left_containers)" ] &&
	    [ ! -e "$(runtime_dir)/$H" ] &&
	    ! pgrep -f "aipod/$H/" >/dev/null
}
runtime_dir() {
	if [ -n "${XDG_RUNTIME_DIR-}" ]; then
		echo "$XDG_RUNTIME_DIR/aipod"
	elif [ "$(id -u)" -eq 0 ]; then
		echo /run/aipod
	elif [ -O "/run/user/$(id -u)" ]; then
		echo "/run/user/$(id -u)/aipod"
	else
		echo "/tmp/aipod-$(id -u)"
	fi
}

# An approver that answers with the words given.
approver() {
	printf '#!/bin/sh\ncat >"%s"\nprintf "%%s\\n" "%s"\n' "$T/asked" "$*" \
	    >"$T/approver"
	chmod 755 "$T/approver"
	export AIPOD_APPROVER=$T/approver
}
