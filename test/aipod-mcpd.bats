#!/usr/bin/env bats
# aipod-mcpd over raw sockets; the numbers are those of the protocol's items.
load helper

# One server for all cases that leave it as it was.
setup_file() {
	local d=$BATS_FILE_TMPDIR
	export MCP_SOCK=$d/sock MCP_WS=$d/ws
	serve_in "$d" python3 "$TOP/test/mcp/listen.py" "$MCP_SOCK" \
	    "$TOP/build/bin/aipod-mcpd" -k 1 --host-name extra.name -w "$MCP_WS"
	until_true 10 [ -S "$MCP_SOCK" ]
}

teardown_file() { end_server; }

setup() {
	setup_env
	rm -f "${MCP_WS:?}/slow.log"
}

teardown() { [ -z "${own_server-}" ] || end_server; }

# serve_in DIR COMMAND...: a server with the test's tools, and its pid.
serve_in() {
	local d=$1
	shift
	mkdir -p "$d/config/aipod/agents/tester" "$d/ws" "$d/state"
	cp -R "$TOP/test/mcp/tools" "$d/config/aipod/"
	printf '#!/bin/sh\necho install tester\n' \
	    >"$d/config/aipod/agents/tester/install"
	chmod -R go-w "$d/config"
	XDG_CONFIG_HOME=$d/config XDG_STATE_HOME=$d/state AIPOD_SHARE=$TOP/share \
	    AIPOD_EXEC_PATH=$TOP/build/bin "$@" >"$d/out" 2>"$d/err" 3>&- &
	server=$!
}

end_server() {
	kill "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
}

# own OPTION...: a server for this test alone.
own() {
	own_server=yes
	export MCP_SOCK=$T/own.sock MCP_WS=$T/own/ws
	serve_in "$T/own" python3 "$TOP/test/mcp/listen.py" "$MCP_SOCK" \
	    "$TOP/build/bin/aipod-mcpd" -w "$MCP_WS" "$@"
	until_true 10 [ -S "$MCP_SOCK" ]
}

wire() {
	run python3 "$TOP/test/mcp/wire.py" "$1"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

gone() { ! ps -o pid= -p "$(echo $1 | tr ' ' ,)" >/dev/null; }

child_of() { ps -o pid= --ppid "$1" | tr -d ' '; }

@test "mcpd: T01 one endpoint, one message, one answer" { wire t01_endpoint; }
@test "mcpd: T02 a foreign Origin is refused" { wire t02_origin; }
@test "mcpd: T03 a foreign Host is refused" { wire t03_host; }
@test "mcpd: T05 other methods are 405 with Allow" { wire t05_methods; }
@test "mcpd: T06 Content-Type must be JSON" { wire t06_content_type; }
@test "mcpd: T07 Accept must have both types, in any shape" { wire t07_accept; }
@test "mcpd: T08 notifications and responses are 202" { wire t08_notification; }
@test "mcpd: T09 bad notifications are 400" { wire t09_bad_notification; }
@test "mcpd: T10 a long call is a stream that ends" { wire t10_stream; }

@test "mcpd: M01 server/discover" { wire m01_discover; }
@test "mcpd: M02 results are complete and say how long they hold" { wire m02_result_type; }
@test "mcpd: M03 the version's header must match" { wire m03_version_header; }
@test "mcpd: M04 an unknown version is told what there is" { wire m04_unsupported; }
@test "mcpd: M05 the method's header must match" { wire m05_method_header; }
@test "mcpd: M06 the name's header must match, base64 too" { wire m06_name_header; }
@test "mcpd: M07 _meta must have version and capabilities" { wire m07_meta; }
@test "mcpd: M08 what is gone is 404" { wire m08_unknown_method; }
@test "mcpd: M09 no session ids" { wire m09_no_sessions; }
@test "mcpd: M12 closing the stream ends the tool" { wire m12_close_cancels; }
@test "mcpd: M17 other errors are 200" { wire m17_statuses; }

@test "mcpd: L01 initialize settles on a version" { wire l01_initialize; }
@test "mcpd: L05 the version's header may be missing, not wrong" { wire l05_version_header; }
@test "mcpd: L07 unknown methods are 200 and -32601" { wire l07_unknown_method; }
@test "mcpd: L08 notifications/cancelled ends the call" { wire l08_cancelled; }
@test "mcpd: L08 a late cancel hits no other call" { wire l08_late_cancel; }
@test "mcpd: L11 a task field is ignored" { wire l11_task; }

@test "mcpd: J01 ids come back as they were" { wire j01_ids; }
@test "mcpd: J02 what is no JSON is -32700" { wire j02_no_json; }
@test "mcpd: J03 what is no request is -32600" { wire j03_bad_requests; }

@test "mcpd: O01 tools/list is sorted and sound" { wire o01_list; }
@test "mcpd: O02 our tools' schemas and hints" { wire o02_shipped; }
@test "mcpd: O03 unknown tools and failures" { wire o03_errors; }
@test "mcpd: O04 structuredContent and text are both complete" { wire o04_structured; }
@test "mcpd: O04 large answers" { wire o04_large; }
@test "mcpd: O06 a broken tool is an internal error" { wire o06_broken; }

@test "mcpd: a tool that stays answers many calls" { own; wire s_stays; }
@test "mcpd: a tool that stays and breaks its word is ended" { own; wire s_breaks; }
@test "mcpd: a cancelled call ends the process of a tool that stays" { own; wire s_cancel; }
@test "mcpd: a tool that stays is a few processes at most" {
	own
	wire s_many
	pid=$(pgrep -f "$T/own/config/aipod/tools/stays/run")
	[ -n "$pid" ]
	end_server
	until_true 10 gone "$pid"
}
@test "mcpd: P01 progress with the call's own token" { wire p01_progress; }
@test "mcpd: P01 comments where there is no token" { wire p01_no_token; }
@test "mcpd: P03 a legacy call goes on without its client" { wire p03_legacy_goes_on; }

@test "mcpd: A02 every other path is 404" { wire a02_paths; }
@test "mcpd: /health, /version, /install/AGENT.sh" { wire plain_paths; }
@test "mcpd: POST /notify_user" { wire notify; }

@test "mcpd: HTTP that two readers might take differently" { wire h_syntax; }
@test "mcpd: endless heads and absurd lengths" { wire h_sizes; }
@test "mcpd: a body of 64 MiB, and one of exactly 1 MiB" { wire h_big_body; }
@test "mcpd: smuggling" { wire h_smuggling; }
@test "mcpd: chunks of every shape" { wire h_chunks; }
@test "mcpd: trailers are no headers" { wire h_trailers; }
@test "mcpd: pipelined requests are answered in order" { wire h_pipelining; }
@test "mcpd: a half-closed connection gets its answer" { wire h_half_close; }
@test "mcpd: Expect" { wire h_expect; }
@test "mcpd: Connection: close, and a request byte by byte" { wire h_close; }
@test "mcpd: 300 connections" { wire h_many; }
@test "mcpd: 112 calls at once" { wire h_floods; }

@test "mcpd: slow clients are ended while others are served" {
	own -t 2
	wire h_slow
}

@test "mcpd: who never reads is ended" {
	own -t 2
	wire h_no_reader
}

@test "mcpd: over TCP, with a token" {
	own_server=yes
	MCP_WS=$T/own/ws
	export MCP_TOKEN=0123456789abcdef-secret
	AIPOD_TOKEN=$MCP_TOKEN serve_in "$T/own" aipod-mcpd -l 127.0.0.1:0 -w "$MCP_WS"
	until_true 10 [ -s "$T/own/out" ]
	read -r url <"$T/own/out"
	[[ $url =~ ^http://127\.0\.0\.1:([0-9]+)/mcp$ ]]
	export MCP_SOCK=${BASH_REMATCH[1]} MCP_WS
	wire t01_endpoint
	wire a01_token
	wire h_half_close
	rm "$MCP_WS/slow.log"
	wire m12_close_cancels
}

@test "mcpd: the token's file is made once, 0600, and must stay so" {
	own_server=yes
	mkdir -p "$T/own/ws"
	f=$T/own/state/aipod/$(aipod-hash "$T/own/ws")/token
	serve_in "$T/own" aipod-mcpd -l 127.0.0.1:0 -w "$T/own/ws"
	until_true 10 [ -s "$T/own/out" ]
	is "$(stat -c %a "$f")" 600
	is "$(wc -c <"$f")" 65
	has "$(cat "$T/own/err")" "$f"
	before=$(cat "$f")
	end_server
	serve_in "$T/own" aipod-mcpd -l 127.0.0.1:0 -w "$T/own/ws"
	until_true 10 [ -s "$T/own/out" ]
	end_server
	is "$(cat "$f")" "$before"
	chmod 640 "$f"
	XDG_STATE_HOME=$T/own/state status 100 aipod-mcpd -l 127.0.0.1:0 -w "$T/own/ws"
	has "$stderr" "can be read by others"
	echo short >"$T/short"
	chmod 600 "$T/short"
	status 100 aipod-mcpd -l 127.0.0.1:0 --token-file "$T/short"
	has "$stderr" "fewer than 16"
}

@test "mcpd: a tool sees no token, and finds our programs on PATH" {
	own_server=yes
	mkdir -p "$T/own/config/aipod/tools/env"
	echo '{"name":"env","description":"d","inputSchema":{"type":"object"}}' \
	    >"$T/own/config/aipod/tools/env/schema.json"
	cat >"$T/own/config/aipod/tools/env/run" <<'EOT'
#!/bin/sh
printf '{"token":"%s","hash":"%s","ws":"%s","pwd":"%s","session":"%s"}' \
    "${AIPOD_TOKEN-none}" "$(command -v aipod-hash)" "$AIPOD_WORKSPACE" \
    "$(pwd)" "$AIPOD_SESSION"
EOT
	chmod +x "$T/own/config/aipod/tools/env/run"
	export AIPOD_TOKEN=0123456789abcdef
	serve_in "$T/own" aipod-mcpd -l 127.0.0.1:0 -w "$T/own/ws"
	until_true 10 [ -s "$T/own/out" ]
	out=$(curl -sS -H "Authorization: Bearer $AIPOD_TOKEN" -H 'Content-Type: application/json' \
	    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"env"}}' \
	    "$(cat "$T/own/out")" | jq -r '.result.structuredContent | .token, .hash, .ws, .pwd, .session')
	ws=$(cd "$T/own/ws" && pwd -P)
	is "$(echo "$out" | head -n 4)" "none
$TOP/build/bin/aipod-hash
$ws
$ws"
	id=$(echo "$out" | tail -n 1)
	[[ $id =~ ^[0-9a-f]{8}$ ]]
	d=$XDG_RUNTIME_DIR/aipod/$(aipod-hash "$ws")/$id
	[ -d "$d" ]
	# it has no container: that is said plainly
	export XDG_CONFIG_HOME=$T/own/config XDG_STATE_HOME=$T/own/state
	status 100 aipod-attach -w "$ws"
	has "$stderr" 'standing server (aipod serve)'
	status 111 aipod-stop -w "$ws"
	has "$stderr" 'standing server (aipod serve)'
	[ -d "$d" ]
	end_server
	[ ! -e "$d" ]
}

@test "mcpd: our own tools answer, and run what a rule allows" {
	own_server=yes
	export AIPOD_TOKEN=0123456789abcdef
	serve_in "$T/own" aipod-mcpd -l 127.0.0.1:0 -w "$T/own/ws"
	until_true 10 [ -s "$T/own/out" ]
	ask() {
		curl -sS -H "Authorization: Bearer $AIPOD_TOKEN" -H 'Content-Type: application/json' \
		    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"'"$1"'","arguments":'"$2"'}}' \
		    "$(cat "$T/own/out")" | tail -n 3
	}
	has "$(ask list_commands '{}')" '"isError":false'
	has "$(ask list_allowed_commands '{}')" '"isError":false'
	out=$(ask command_status '{"id":"0123"}')
	has "$out" '"isError":true'
	has "$out" 'Unknown id'
	has "$(ask run_command '{"command":7}')" '"isError":true'
	mkdir -p "$T/own/ws"
	XDG_CONFIG_HOME=$T/own/config XDG_STATE_HOME=$T/own/state \
	    aipod-allow -w "$T/own/ws" add command 'echo from the host'
	out=$(ask run_command '{"command":"echo from the host"}')
	has "$out" '"isError":false'
	has "$out" 'from the host'
}

@test "mcpd: what our tools send conforms to their output schemas" {
	own_server=yes
	export AIPOD_TOKEN=0123456789abcdef
	mkdir -p "$T/own/config/aipod" "$T/own/ws"
	echo COMMAND_INLINE_MS=300 >"$T/own/config/aipod/config"
	serve_in "$T/own" aipod-mcpd -l 127.0.0.1:0 -w "$T/own/ws"
	until_true 10 [ -s "$T/own/out" ]
	(
		export XDG_CONFIG_HOME=$T/own/config XDG_STATE_HOME=$T/own/state
		aipod-allow -w "$T/own/ws" add command 'echo *'
		aipod-allow -w "$T/own/ws" add command 'sleep 60'
		aipod-allow -w "$T/own/ws" add command 'seq 9000'
		aipod-allow -w "$T/own/ws" deny command 'false'
	)
	rpc() {
		curl -sS -H "Authorization: Bearer $AIPOD_TOKEN" -H 'Content-Type: application/json' \
		    -d "$1" "$(cat "$T/own/out")" | sed -n 's/^data: //; /^{/p' >"$2"
	}
	n=0 all=()
	ask() {
		n=$((n + 1))
		rpc '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"'"$1"'","arguments":'"$2"'}}' "$T/r$n"
		all+=("$1=$T/r$n")
		is "$(jq .result.isError "$T/r$n")" "$3"
	}
	rpc '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' "$T/list"
	ask list_commands '{}' false
	ask run_command '{"command":"echo a b"}' false
	is "$(jq .result.structuredContent.exit_code "$T/r$n")" 0
	ask run_command '{"command":"seq 9000"}' false
	is "$(jq .result.structuredContent.truncated "$T/r$n")" true
	ask run_command '{"command":"false"}' true
	ask run_command '{"command":"cd / && ls"}' true
	ask run_command '{"command":"sleep 60"}' false
	is "$(jq -r .result.structuredContent.state "$T/r$n")" running
	id=$(jq -r .result.structuredContent.id "$T/r$n")
	ask command_status '{"id":"'"$id"'"}' false
	ask stop_command '{"id":"'"$id"'"}' false
	is "$(jq -r .result.structuredContent.state "$T/r$n")" stopped
	ask command_status '{"id":"none"}' true
	ask list_commands '{"scope":"workspace"}' false
	is "$(jq '.result.structuredContent.commands | length' "$T/r$n")" 3
	ask list_allowed_commands '{}' false
	ask why_denied '{}' false
	status 0 python3 "$TOP/test/mcp/conforms.py" "$T/list" "${all[@]}"
	# the check itself can fail
	jq '.result.structuredContent.exit_code = "0"' "$T/r2" >"$T/bad"
	status 1 python3 "$TOP/test/mcp/conforms.py" "$T/list" "run_command=$T/bad"
}

@test "mcpd: SIGTERM ends open streams with an error" {
	own
	python3 "$TOP/test/mcp/wire.py" stop_ends_streams >"$T/said" 2>&1 3>&- &
	client=$!
	until_true 10 grep -q waiting "$T/said"
	kill "$server"
	wait "$client" || { cat "$T/said"; false; }
	wait "$server"
	until_true 5 grep -q ended "$MCP_WS/slow.log"
}

@test "mcpd: it ends with its parent" {
	export MCP_SOCK=$T/sock XDG_CONFIG_HOME=$T/config
	sh -c 'python3 "$1" "$2" aipod-mcpd & echo $! >"$3"; sleep 60 & echo $! >"$4"; wait' \
	    - "$TOP/test/mcp/listen.py" "$MCP_SOCK" "$T/pid" "$T/sleep" 3>&- &
	parent=$!
	until_true 10 [ -S "$MCP_SOCK" ]
	wire t01_endpoint
	kill -9 "$parent"
	kill "$(cat "$T/sleep")"
	until_true 10 bash -c "! kill -0 $(cat "$T/pid") 2>/dev/null"
	until_true 5 bash -c '! python3 "$TOP/test/mcp/wire.py" t01_endpoint 2>/dev/null'
}

@test "mcpd: the process that parses cannot do anything else" {
	own -v
	wire t01_endpoint
	has "$(cat "$T/own/err")" "confined by:"
	grep -q seccomp "$T/own/err" || skip "$(cat "$T/own/err")"
	pid=$(child_of "$server")
	grep -q '^NoNewPrivs:.1$' "/proc/$pid/status"
	grep -q '^Seccomp:.2$' "/proc/$pid/status"
	grep -q '^NoNewPrivs:.0$' "/proc/$server/status" ||
	    skip "this test itself runs without new privileges"
}

@test "mcpd: when the process that parses dies, all of it ends" {
	own
	wire t01_endpoint
	kill -9 "$(child_of "$server")"
	rc=0
	wait "$server" || rc=$?
	is "$rc" 111
}

@test "mcpd: a thousand requests leave no trace in memory or descriptors" {
	not_sanitized
	own
	pid=$(child_of "$server")
	wire h_pipelining
	rss() { awk '/^VmRSS/ { s += $2 } END { print s }' "/proc/$pid/status" "/proc/$server/status"; }
	before=$(rss) fds=$(find "/proc/$server/fd" "/proc/$pid/fd" | wc -l)
	for _ in 1 2 3 4; do
		wire h_pipelining
		wire o04_large
	done
	after=$(rss)
	[ "$after" -le $((before + 2500)) ] || { echo "$before kB, then $after kB"; false; }
	[ "$after" -lt 6000 ]
	is "$(find "/proc/$server/fd" "/proc/$pid/fd" | wc -l)" "$fds"
}

@test "mcpd: tools that are none are left out, and said so" {
	d=$XDG_CONFIG_HOME/aipod/tools
	for t in good writable no_run not_executable no_json wrong_name 'bad name' array words worded empty_command no_program stays_one; do
		mkdir -p "$d/$t"
		echo '{"name":"'"$t"'","description":"d","inputSchema":{"type":"object"}}' >"$d/$t/schema.json"
		printf '#!/bin/sh\ncat\n' >"$d/$t/run"
		chmod 755 "$d/$t/run"
		chmod 644 "$d/$t/schema.json"
	done
	chmod 664 "$d/writable/schema.json"
	rm "$d/no_run/run"
	chmod 644 "$d/not_executable/run"
	echo '{' >"$d/no_json/schema.json"
	echo '{"name":"x","description":"d","inputSchema":{"type":"object"}}' >"$d/wrong_name/schema.json"
	command() { jq -c --argjson c "$2" '.command = $c' <"$d/good/schema.json" | sed "s/good/$1/" >"$d/$1/schema.json"; }
	command words '["x",1]'
	command empty_command '[]'
	command no_program '["no-such-program"]'
	command worded '["aipod-allow","--mcp","list"]'
	rm "$d/worded/run"
	echo '{"name":"array","description":"d","inputSchema":{"type":"array"}}' >"$d/array/schema.json"
	jq -c '.stays = 1' <"$d/good/schema.json" | sed s/good/stays_one/ >"$d/stays_one/schema.json"
	own_server=yes
	MCP_SOCK=$T/sock
	AIPOD_SHARE=$T/none python3 "$TOP/test/mcp/listen.py" "$MCP_SOCK" aipod-mcpd 2>"$T/err" 3>&- &
	server=$!
	until_true 10 [ -S "$MCP_SOCK" ]
	is "$(curl -sS --unix-socket "$MCP_SOCK" -H 'Content-Type: application/json' http://localhost/mcp \
	    -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' | jq -r '.result.tools[].name' | xargs)" "good worded"
	has "$(curl -sS --unix-socket "$MCP_SOCK" -H 'Content-Type: application/json' http://localhost/mcp \
	    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"worded"}}')" '"commands":[]'
	for t in writable no_run not_executable no_json wrong_name 'bad name' array words empty_command no_program stays_one; do
		grep -q "'$d/$t.*left out" "$T/err" || { cat "$T/err"; false; }
	done
}

@test "mcpd: the page's examples, a tool of one's own" {
	mkdir -p "$XDG_CONFIG_HOME/aipod/tools/clock"
	cd "$XDG_CONFIG_HOME/aipod/tools/clock"
	mandoc -T ascii "$TOP/man/aipod-mcpd.1" | col -bx | sed 's/^ \{11\}//; s/^\$ //' >"$T/page"
	sed -n '/^mkdir.*clock$/,/^chmod/p' "$T/page" | sed 1,2d >"$T/anew"
	sed -n '/same as a program/,/^EOT$/p' "$T/page" | sed -n '/^echo/,$p' >"$T/stays"
	own_server=yes MCP_SOCK=$T/sock
	for kind in anew stays; do
		sh "$T/$kind"
		rm -f "$MCP_SOCK"
		python3 "$TOP/test/mcp/listen.py" "$MCP_SOCK" aipod-mcpd 3>&- &
		server=$!
		until_true 10 [ -S "$MCP_SOCK" ]
		out=$(curl -sS --unix-socket "$MCP_SOCK" -H 'Content-Type: application/json' http://localhost/mcp \
		    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"clock"}}')
		[[ $(jq -r .result.structuredContent.time <<<"$out") =~ ^[0-9]{2}:[0-9]{2}:[0-9]{2}$ ]]
		end_server
	done
	grep -q python3 run
}

@test "mcpd: usage" {
	status 0 aipod-mcpd --help
	has "$output" "--token-file"
	status 0 aipod-mcpd --version
	status 100 aipod-mcpd extra
	status 100 aipod-mcpd -s 0
	status 100 aipod-mcpd -s 77
	status 100 aipod-mcpd -s 0 -l 127.0.0.1:0
	export AIPOD_TOKEN=0123456789abcdef
	status 100 aipod-mcpd -l localhost
	status 100 aipod-mcpd -l localhost:0
	status 100 aipod-mcpd -k 26
	status 100 aipod-mcpd -t 0
	status 100 aipod-mcpd -w "$T/none"
	status 111 aipod-mcpd -l 192.0.2.1:1
}
