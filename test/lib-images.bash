# Loaded by tests that run real agents: a Debian image with node, made here
# once and kept in the cache, the agent from npm on top of it, and a model with
# a script for it to talk to.

# agent_file_setup AGENT: its default image, or skip and say why.
agent_file_setup() {
	local cache=${AIPOD_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aipod-test}
	[ "${AIPOD_TEST_NPM-yes}" != no ] || { skip_file "AIPOD_TEST_NPM=no"; return 0; }
	command -v npm >/dev/null || { skip_file "no npm here"; return 0; }
	command -v python3 >/dev/null || { skip_file "no python3 here"; return 0; }
	engine_file_setup
	[ -z "${SKIP_FILE-}" ] || return 0
	export AIPOD_IMAGE=localhost/aipod-test-node:1
	# where the engine's own network for builds cannot be had
	export AIPOD_BUILD_NETWORK=host
	if ! "$E" image inspect "$AIPOD_IMAGE" >/dev/null 2>&1; then
		mkdir -p "$cache"
		if [ ! -s "$cache/base.tar" ]; then
			command -v mmdebstrap >/dev/null || {
				skip_file "no mmdebstrap here"
				return 0
			}
			npm view npm version >/dev/null 2>&1 || {
				skip_file "npm cannot reach its registry"
				return 0
			}
			"$TOP/test/images/base" "$cache/base.tar" \
			    >"$BATS_FILE_TMPDIR/base.log" 2>&1 || {
				cat "$BATS_FILE_TMPDIR/base.log" >&2
				return 1
			}
		fi
		"$E" import "$cache/base.tar" "$AIPOD_IMAGE" >/dev/null 2>&1
	fi
	npm view npm version >/dev/null 2>&1 || {
		skip_file "npm cannot reach its registry"
		return 0
	}
	mkdir -p "$BATS_FILE_TMPDIR/ws"
	AIPOD_EXEC_PATH=$TOP/build/bin AIPOD_SHARE=$TOP/share \
	    XDG_STATE_HOME=$BATS_FILE_TMPDIR/state \
	    "$TOP/build/bin/aipod-build" -e "$E" -a "$1" \
	    -w "$BATS_FILE_TMPDIR/ws" >"$BATS_FILE_TMPDIR/build.log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/build.log" >&2
		return 1
	}
}

# agent_setup AGENT: as engine_setup, with the agent's own command in AGENT.
agent_setup() {
	engine_setup
	export AIPOD_AGENT=$1
	mapfile -t AGENT < <(grep -v '^#' "$TOP/share/agents/$1/command")
}

agent_teardown() {
	[ -z "${MODEL_PID-}" ] || kill "$MODEL_PID" 2>/dev/null || true
	engine_teardown
}

# model COMMAND: start one that asks for this command; its port is in PORT, and
# a rule lets the box reach it.
model() {
	"$TOP/test/images/model" "$T/model.log" "$1" >"$T/port" 3>&- &
	MODEL_PID=$!
	until_true 10 test -s "$T/port"
	PORT=$(cat "$T/port")
	aipod-allow host "host.containers.internal:$PORT"
	aipod-allow command "$1"
}
