# For tests of sessions: real containers that look like a launch's, under
# sessions that live as long as a process of the test's.

# A tiny image, made once a file, and removed again.
boxes_file_setup() {
	engine_file_setup
	[ -z "${SKIP_FILE-}" ] || return 0
	IMAGE=aipod-test-$$-$RANDOM
	export IMAGE
	case $E in
	*docker*) command -v busybox >/dev/null || {
			skip_file "no busybox here"
			return 0
		}
		mkdir -p "$BATS_FILE_TMPDIR/root"
		# shellcheck source=test/engine.sh
		. "$TOP/test/engine.sh"
		engine_rootfs "$BATS_FILE_TMPDIR/root" ;;
	*) ln -s engine/rootfs "$BATS_FILE_TMPDIR/root" ;;
	esac
	for _name in cat echo tty sleep; do
		ln -sf busybox "$BATS_FILE_TMPDIR/root/bin/$_name"
	done
	tar -C "$BATS_FILE_TMPDIR/root/" -cf - . |
	    "$E" import - "$IMAGE" >/dev/null 2>&1
}

boxes_file_teardown() {
	[ -z "${IMAGE-}" ] || "$E" rmi -f "$IMAGE" >/dev/null 2>&1 || true
}

# A runtime directory of the test's own: the engine keeps the user's.
boxes_setup() {
	engine_setup
	[ -x "$TOP/build/test/unit/session" ] || skip "run make unit"
	R=$(mktemp -d "${TMPDIR:-/tmp}/aipod-test.XXXXXX")
	ENGINE_RUNTIME=${XDG_RUNTIME_DIR-}
	export ENGINE_RUNTIME
	# tools see the test's, the engine its own
	mkdir "$T/bin"
	real=$(command -v "$E")
	base=${E##*/}
	cat >"$T/bin/$base" <<-X
	#!/bin/sh
	if [ -n "\$ENGINE_RUNTIME" ]; then
		export XDG_RUNTIME_DIR="\$ENGINE_RUNTIME"
	else
		unset XDG_RUNTIME_DIR
	fi
	echo "\$*" >>"$T/calls"
	exec "$real" "\$@"
	X
	chmod 755 "$T/bin/$base"
	PATH=$T/bin:$PATH
	E=$T/bin/$base
	export AIPOD_ENGINE=$E XDG_RUNTIME_DIR=$R
	unset AIPOD_WORKSPACE
	HOLDERS=
}

boxes_teardown() {
	local h
	for h in ${HOLDERS-}; do kill -9 "$h" 2>/dev/null || true; done
	if [ -n "${H-}" ]; then
		"$E" ps -a -q --filter "label=aipod.workspace=$H" |
		    while read -r h; do "$E" kill "$h"; "$E" rm -f "$h"; done >/dev/null 2>&1
		"$E" volume ls -q --filter "name=aipod-$H-" |
		    while read -r h; do "$E" volume rm "$h"; done >/dev/null 2>&1
		"$E" network ls --filter "name=aipod-$H-" --format '{{.Name}}' |
		    while read -r h; do "$E" network rm "$h"; done >/dev/null 2>&1
	fi
	[ -z "${R-}" ] || rm -rf "$R"
}

# begin [DIR]: a session; sets $dir, $id, $holder.
begin() {
	local ws=${1:-$T/ws} n
	n=$RANDOM$RANDOM
	mkfifo "$T/hold$n"
	# its output is a file: a fifo could end before it is read
	"$TOP/build/test/unit/session" make "$ws" <>"$T/hold$n" >"$T/dir$n" 3>&- &
	holder=$!
	disown "$holder"
	HOLDERS="$HOLDERS $holder"
	until_true 5 test -s "$T/dir$n"
	dir=$(cat "$T/dir$n")
	id=${dir##*/}
	echo "$E" >"$dir/engine"
	(cd "$ws" && pwd -P) >"$dir/workspace"
	echo shell >"$dir/agent"
	up=${dir%/*}
	echo "aipod-${up##*/}-$id" >"$dir/container"
}

# box [SECONDS]: the container of the session just begun.
box() {
	local up=${dir%/*}
	local hash=${up##*/}
	mkdir -p "$dir/run/bin"
	cp "$TOP/build/bin/box/aipod-relay" "$dir/run/bin/"
	"$E" run -d --network none --name "aipod-$hash-$id" \
	    --label aipod.workspace="$hash" --label aipod.session="$id" \
	    --label aipod.role=agent -v "$dir/run:/run/aipod:ro" \
	    "$IMAGE" /bin/busybox sleep "${1:-1000}" >"$dir/cid"
}

# The launcher dies.
end() {
	kill -9 "$holder"
	until_true 5 not_running "$holder"
}

not_running() { ! kill -0 "$1" 2>/dev/null; }
containers() { "$E" ps -a --filter "label=aipod.workspace=$H" --format '{{.Names}}' | sort; }
running() { "$E" ps --filter "label=aipod.workspace=$H" --format '{{.Names}}' | sort; }
