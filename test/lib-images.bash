# Loaded by tests that run real agents: a Debian image with node, made here
# once and kept in the cache, the agents from npm on top of it, all in one
# image, and a model with a script for them to talk to.

# What setup has to find: programs, and npm's registry.
_agents_need() {
	local name
	[ "${AIPOD_TEST_NPM-yes}" != no ] || { skip_file "AIPOD_TEST_NPM=no"; return 1; }
	for name in npm python3 mmdebstrap; do
		command -v $name >/dev/null || { skip_file "no $name here"; return 1; }
	done
	npm view npm version >/dev/null 2>&1 || {
		skip_file "npm cannot reach its registry"
		return 1
	}
}

# Copying every layer takes most of the time: where the user's Podman does
# that, a storage of the tests' own, if it works.
_agents_storage() {
	local conf=$CACHE/storage.conf
	case $E in *docker*) return 0 ;; esac
	[ "$("$E" info -f '{{.Store.GraphDriverName}}')" = vfs ] || return 0
	printf '[storage]\ndriver = "overlay"\n%s = "%s"\n%s = "%s"\n' \
	    graphroot "$CACHE/storage" \
	    rootless_storage_path "$CACHE/storage" >"$conf"
	if CONTAINERS_STORAGE_CONF=$conf "$E" info >/dev/null 2>&1; then
		export CONTAINERS_STORAGE_CONF=$conf
	fi
}

# The base, as one of the user's own: DIR is the configuration.
_agents_base() {
	mkdir -p "$1/aipod/images"
	[ ! -d "$HOME/.config/containers" ] ||
	    ln -sfn "$HOME/.config/containers" "$1/containers"
	echo "FROM $BASE" >"$1/aipod/images/test-node"
}

# agents_file_setup NAME,...: their image, or skip and say why.
agents_file_setup() {
	local base log=$BATS_FILE_TMPDIR/log
	export AGENTS=$1 CACHE=${AIPOD_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aipod-test}
	_agents_need || return 0
	engine_file_setup
	[ -z "${SKIP_FILE-}" ] || return 0
	mkdir -p "$CACHE" "$BATS_FILE_TMPDIR/ws"
	_agents_storage
	base=$(sha256sum "$TOP/test/images/base" | cut -c 1-12)
	export BASE=localhost/aipod-test-node:$base AIPOD_IMAGE=test-node
	# where the engine's own network for builds cannot be had
	export AIPOD_BUILD_NETWORK=host
	# and where a company's certificates stand between
	[ ! -r /etc/ssl/certs/ca-certificates.crt ] ||
	    export AIPOD_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
	{
		flock 9
		"$E" image inspect "$BASE" >/dev/null 2>&1 || {
			[ -s "$CACHE/base-$base.tar" ] ||
			    "$TOP/test/images/base" "$CACHE/base-$base.tar" </dev/null 3>&- 9>&-
			"$E" import "$CACHE/base-$base.tar" "$BASE"
		} && _agents_base "$BATS_FILE_TMPDIR/config" &&
		    AIPOD_EXEC_PATH=$TOP/build/bin AIPOD_SHARE=$TOP/share \
		    XDG_STATE_HOME=$BATS_FILE_TMPDIR/state \
		    XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config "$TOP/build/bin/aipod-build" -e "$E" -a "$AGENTS" \
		    -w "$BATS_FILE_TMPDIR/ws"
	} >"$log" 2>&1 9>"$CACHE/lock" || {
		cat "$log" >&2
		return 1
	}
}

# As engine_setup, with the agents; what the user is told is in T/told.
agents_setup() {
	engine_setup
	export AIPOD_AGENT=$AGENTS
	_agents_base "$T/config"
	printf '#!/bin/sh\ncat >>"%s"\n' "$T/told" >"$T/notifier"
	chmod 755 "$T/notifier"
	export AIPOD_NOTIFIER=$T/notifier
}

agents_teardown() {
	[ -z "${MODEL_PID-}" ] || kill "$MODEL_PID" 2>/dev/null || true
	engine_teardown
}

# model COMMAND: start one that asks for this command; its port is in PORT,
# the address inside in MODEL.
model() {
	"$TOP/test/images/model" "$T/model.log" "$1" >"$T/port" 3>&- &
	MODEL_PID=$!
	until_true 10 test -s "$T/port"
	PORT=$(cat "$T/port")
	MODEL=http://host.containers.internal:$PORT
}
