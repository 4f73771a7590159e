load helper

setup() {
	setup_env
	command -v socat >/dev/null || skip "no socat"
	unset AIPOD_MCP AIPOD_TOKEN AIPOD_SESSION_DIR
	S=$T/mcp.sock
	cd "$T/ws"
}

teardown() {
	[ -z "${pid-}" ] || kill "$pid" 2>/dev/null || :
}

# answer N STATUS TYPE BODY: what the N-th connection gets.
answer() {
	printf 'HTTP/1.1 %s X\r\nContent-Type: %s\r\nContent-Length: %s\r\n\r\n%s' \
	    "$2" "$3" "$(printf %s "$4" | wc -c | tr -d ' ')" "$4" >"$T/answer.$1"
}

# result N ID JSON: a result as JSON.
result() {
	answer "$1" 200 application/json '{"jsonrpc":"2.0","id":'"$2"',"result":'"$3"'}'
}

text() {	# the result of a tool that says $1
	printf '{"resultType":"complete","content":[{"type":"text","text":"%s"}]}' "$1"
}

serve() {
	socat "UNIX-LISTEN:$S,fork" "EXEC:$TOP/test/answer.sh $T" 3>&- &
	pid=$!
	until_true 5 test -S "$S"
}

schema='{"tools":[{"name":"other"},{"name":"t","title":"A tool","description":"long\nmore","inputSchema":{"type":"object","additionalProperties":false,"properties":{"s":{"type":"string"},"i":{"type":"integer"},"n":{"type":["number","null"]},"b":{"type":"boolean"},"l":{"type":"array","items":{"type":"integer"}},"w":{"type":"array"},"o":{"type":"object"},"any":{}}}}]}'

@test "a call as revision 2026-07-28 wants it" {
	result 1 1 "$(text 'hello\nthere')"
	serve
	status 0 aipod-call -S "$S" t
	is "$output" $'hello\nthere'
	is "$stderr" ''
	is "$(head -n 1 "$T/head.1")" 'POST /mcp HTTP/1.1'
	for h in 'Host: localhost' 'MCP-Protocol-Version: 2026-07-28' \
	    'Mcp-Method: tools/call' 'Mcp-Name: t' \
	    'Content-Type: application/json' \
	    'Accept: application/json, text/event-stream'; do
		grep -qx "$h" "$T/head.1" || { echo "no $h"; return 1; }
	done
	! grep -qi '^authorization' "$T/head.1"
	is "$(jq -c '[.jsonrpc,.method,.params.name,.params.arguments]' <"$T/body.1")" \
	    '["2.0","tools/call","t",{}]'
	is "$(jq -r '.params._meta["io.modelcontextprotocol/protocolVersion"]' <"$T/body.1")" \
	    2026-07-28
	is "$(jq -c '.params._meta["io.modelcontextprotocol/clientCapabilities"]' <"$T/body.1")" '{}'
}

@test "text goes to stdout byte by byte" {
	result 1 1 "$(text 'a\tb\u001b[1m\\')"
	serve
	aipod-call -S "$S" t >"$T/out"
	printf 'a\tb\033[1m\\' | cmp - "$T/out"
}

@test "blocks of text are lines of their own; what is no text is told" {
	result 1 1 '{"content":[{"type":"text","text":"a"},{"type":"text","text":"b\n"},{"type":"image","data":""},{"type":"text","text":"c"}]}'
	serve
	status 0 aipod-call -S "$S" t
	is "$output" $'a\nb\nc'
	has "$stderr" 'not text'
}

@test "on a terminal nothing from the server is obeyed" {
	command -v script >/dev/null || skip "no script"
	result 1 1 "$(text 'a\u001b]0;x\u0007\u202eb')"
	result 2 1 '{"tools":[{"name":"\u001b[31m","description":"\u009b"}]}'
	serve
	script -qec "aipod-call -S $S t; aipod-call -S $S --list" /dev/null \
	    </dev/null >"$T/out"
	has "$(cat "$T/out")" 'a\x1b]0;x\x07\u202eb'
	! LC_ALL=C grep -q "$(printf '\033')" "$T/out"
}

@test "structured content as one line" {
	result 1 1 '{ "content": [],
	 "structuredContent": { "a" : [ 1, "x \u0041" ] } }'
	serve
	status 0 aipod-call -j -S "$S" t
	is "$output" '{"a":[1,"x \u0041"]}'
	result 1 1 "$(text x)"
	status 0 aipod-call -j -S "$S" t
	is "$(jq -r '.content[0].text' <<<"$output")" x
}

@test "a tool's error: text to stderr, status 1" {
	result 1 1 '{"content":[{"type":"text","text":"not allowed"}],"isError":true}'
	serve
	status 1 aipod-call -S "$S" t
	is "$output" ''
	is "$stderr" 'not allowed'
	status 1 aipod-call -j -S "$S" t
	is "$(jq .isError <<<"$output")" true
}

@test "values typed by the schema" {
	result 1 1 "$schema"
	result 2 2 "$(text ok)"
	serve
	status 0 aipod-call -S "$S" t s=5 i=-3 n=1.5e3 b=true l=1 l=2 w=x \
	    'o={"k": [1]}' any=null 'extra:={"a":[true]}'
	is "$(jq -c .params.arguments <"$T/body.2")" \
	    '{"s":"5","i":-3,"n":1500,"b":true,"l":[1,2],"w":["x"],"o":{"k":[1]},"any":"null","extra":{"a":[true]}}'
	is "$(jq -r .method <"$T/body.1")" tools/list
}

@test "values that do not fit" {
	result 1 1 "$schema"
	serve
	for a in i=1.5 i=x i= b=1 n=true o=1 o='[]' l=x l=1.0; do
		status 100 aipod-call -S "$S" t "$a"
		has "$stderr" "argument '${a%%=*}': must be of type"
	done
	status 100 aipod-call -S "$S" t zz=1
	has "$stderr" "argument 'zz': unknown; there are: s, i, n"
	status 100 aipod-call -S "$S" t s=1 s=2
	has "$stderr" "argument 's': given twice"
	status 100 aipod-call -S "$S" t l=1 'l:=[2]'
	status 100 aipod-call -S "$S" t word
	has "$stderr" 'must be KEY=VALUE'
	status 100 aipod-call -S "$S" t =x
	status 100 aipod-call -S "$S" t 's:={'
	has "$stderr" 'not JSON'
	status 100 aipod-call -S "$S" t "s=$(printf '\377')"
	has "$stderr" 'not valid UTF-8'
	status 100 aipod-call -S "$S" none s=1
	has "$stderr" "no tool 'none'"
}

@test "arguments as JSON need no schema" {
	result 1 1 "$(text ok)"
	serve
	printf '{ "a" : "\\u0041",\n"b": [1] }' | aipod-call -S "$S" t -
	is "$(jq -c .params.arguments <"$T/body.1")" '{"a":"A","b":[1]}'
	printf '{}' | aipod-call -S "$S" --json-args t
	is "$(jq -c .params.arguments <"$T/body.2")" '{}'
	aipod-call -S "$S" t 'x:=1'
	is "$(jq -c .params.arguments <"$T/body.3")" '{"x":1}'
	for bad in '' '[]' '{"a":1,"a":2}' '{'; do
		printf %s "$bad" >"$T/in"
		status 100 aipod-call -S "$S" t - <"$T/in"
	done
	status 100 aipod-call -S "$S" t - x=1 </dev/null
}

@test "list and schema, over pages" {
	result 1 1 '{"tools":[{"name":"a","description":"one\ntwo"},{"name":"b"}],"nextCursor":"p\"2"}'
	result 2 2 "$schema"
	serve
	status 0 aipod-call -S "$S" --list
	is "$output" $'a\tone\nb\t-\nother\t-\nt\tA tool'
	is "$(jq -r .params.cursor <"$T/body.2")" 'p"2'
	rm "$T"/head.*
	status 0 aipod-call -S "$S" -lj
	is "${#lines[@]}" 4
	is "$(jq -r .name <<<"${lines[3]}")" t
	rm "$T"/head.*
	status 0 aipod-call -S "$S" --schema t
	is "$(jq -r .properties.i.type <<<"$output")" integer
	rm "$T"/head.*
	status 100 aipod-call -S "$S" --schema nothing
}

@test "an endless list ends" {
	result 1 1 '{"tools":[],"nextCursor":"x"}'
	serve
	for i in $(seq 2 101); do
		result "$i" "$i" '{"tools":[],"nextCursor":"x"}'
	done
	status 100 aipod-call -S "$S" --schema t
	[ ! -e "$T/head.101" ]
}

@test "an event stream, with progress when asked for" {
	printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n' >"$T/answer.1"
	{
		printf ': comment\r\n\r\nevent: message\r\ndata: {"jsonrpc":"2.0",\r\n'
		printf 'data:"method":"notifications/progress","params":{"progressToken":1,"progress":2,"total":4,"message":"half\\u001b"}}\r\n\r\n'
		printf 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1,"message":"not mine"}}\n\n'
		printf 'id: 1\ndata: {"jsonrpc":"2.0","id":1,"result":%s}\r\rdata: junk\n\n' "$(text done)"
	} >>"$T/answer.1"
	serve
	status 0 aipod-call -v -S "$S" t
	is "$output" 'done'
	is "$stderr" 'aipod-call: half\x1b (2 of 4)'
	status 0 aipod-call -S "$S" t
	is "$stderr" ''
}

@test "an event stream in chunks" {
	printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n' >"$T/answer.1"
	printf 'data: {"jsonrpc":"2.0","id":1,"result":%s}\n\n' "$(text chunky)" |
	    fold -w 7 | while IFS= read -r p; do
		[ -n "$p" ] || continue
		printf '%x\r\n%s\r\n' "${#p}" "$p"
	done >>"$T/answer.1"
	# the line ends that fold took along
	printf '2\r\n\n\n\r\n0\r\n\r\n' >>"$T/answer.1"
	serve
	status 0 aipod-call -S "$S" t
	is "$output" chunky
}

@test "an older server: initialize, with its session" {
	answer 1 400 application/json '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: no session"}}'
	printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: abc\r\n\r\n%s' \
	    '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}' >"$T/answer.2"
	printf 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n' >"$T/answer.3"
	result 4 3 "$(text old)"
	serve
	status 0 aipod-call -S "$S" t
	is "$output" old
	is "$(jq -c '[.method,.params.protocolVersion]' <"$T/body.2")" '["initialize","2025-11-25"]'
	is "$(jq -r .method <"$T/body.3")" notifications/initialized
	grep -qx 'Mcp-Session-Id: abc' "$T/head.3"
	grep -qx 'Mcp-Session-Id: abc' "$T/head.4"
	grep -qx 'MCP-Protocol-Version: 2025-06-18' "$T/head.4"
	! grep -q '^Mcp-Method' "$T/head.4"
	is "$(jq -c '.params._meta|keys' <"$T/body.4")" '["progressToken"]'
}

@test "an error that means what it says is no reason for initialize" {
	answer 1 400 application/json '{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"headers\u001b differ"}}'
	serve
	status 100 aipod-call -S "$S" t
	has "$stderr" 'the server refused: headers\x1b differ (error -32020)'
	[ ! -e "$T/head.2" ]
}

@test "errors and their status" {
	answer 1 200 application/json '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown tool"}}'
	serve
	status 100 aipod-call -S "$S" t
	answer 1 200 application/json '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"broken"}}'
	status 111 aipod-call -S "$S" t
	answer 1 401 text/plain no
	status 100 aipod-call -S "$S" t
	has "$stderr" 'AIPOD_TOKEN'
	answer 1 503 text/html '<html>'
	status 111 aipod-call -S "$S" t
	has "$stderr" 'HTTP status 503'
}

@test "answers that are none" {
	serve
	bad() {
		rm -f "$T"/head.*
		printf "$1" >"$T/answer.1"
		status 111 aipod-call -S "$S" t
		has "$stderr" "$2"
	}
	json='HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
	bad '' 'without an answer'
	bad 'HTTP/1.1 200 OK\r\n' 'without an answer'
	bad 'SSH-2.0-x\r\n\r\n' 'not HTTP'
	bad 'HTTP/1.1 200 OK\n\n' 'not HTTP'
	bad "${json}Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx" 'not clear'
	bad "${json}Content-Length: 50\r\n\r\n{}" 'in the middle'
	bad "${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n" 'chunks'
	bad "${json}\r\n{\"a\":1" 'not JSON'
	bad "${json}\r\n[]" 'not JSON-RPC'
	bad "${json}\r\n{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}" 'something else'
	bad "${json}\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}" 'something else'
	bad "${json}\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}" 'something else'
	bad "${json}\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"input_required\"}}" 'input'
	bad 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\n\n' 'not JSON'
	bad 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: ka\n\n' 'without an answer'
	bad 'HTTP/1.1 202 Accepted\r\n\r\n' 'HTTP status 202'
}

@test "an endless answer ends, and so does silence" {
	{
		echo '#!/bin/sh'
		echo 'printf "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata:"'
		echo 'tr "\0" x </dev/zero'
	} >"$T/endless"
	chmod +x "$T/endless"
	socat "UNIX-LISTEN:$S,fork" "EXEC:$T/endless" 2>/dev/null 3>&- &
	pid=$!
	until_true 5 test -S "$S"
	status 111 aipod-call -S "$S" t
	has "$stderr" 'too long'
	kill "$pid"
	rm -f "$S"
	socat "UNIX-LISTEN:$S,fork" 'SYSTEM:sleep 60' 3>&- &
	pid=$!
	until_true 5 test -S "$S"
	status 111 timeout 30 aipod-call -t 1 -S "$S" t
	has "$stderr" 'silent'
}

@test "run_command prints the output; --wait exits as the command did" {
	running='{"content":[],"structuredContent":{"id":"c1","state":"running","stdout":"","stderr":""}}'
	ended='{"content":[{"type":"text","text":"for models"}],"structuredContent":{"id":"c1","state":"ended","exit_code":7,"stdout":"out\n","stderr":"oops\n"}}'
	result 1 1 "$running"
	result 2 2 "$running"
	result 3 3 "$ended"
	serve
	status 7 aipod-call --wait -S "$S" run_command 'command:="make"'
	is "$output" out
	is "$stderr" oops
	is "$(jq -c '[.params.name,.params.arguments]' <"$T/body.3")" '["command_status",{"id":"c1"}]'
	rm "$T"/head.*
	result 1 1 "$ended"
	status 0 aipod-call -S "$S" run_command 'command:="make"'
	is "$output" out
	rm "$T"/head.*
	status 7 aipod-call -jW -S "$S" run_command 'command:="make"'
	is "$(jq .exit_code <<<"$output")" 7
	rm "$T"/head.*
	result 1 1 "$(text hello)"
	status 100 aipod-call -W -S "$S" t
	has "$stderr" 'no command'
	rm "$T"/head.*
	result 1 1 '{"content":[{"type":"text","text":"denied"}],"isError":true}'
	status 1 aipod-call -W -S "$S" run_command 'command:="make"'
	is "$stderr" denied
}

@test "the token comes from a file or the environment" {
	result 1 1 "$(text ok)"
	serve
	echo secret-1 >"$T/token"
	aipod-call --token-file "$T/token" -S "$S" t
	grep -qx 'Authorization: Bearer secret-1' "$T/head.1"
	AIPOD_TOKEN=secret-2 aipod-call -S "$S" t
	grep -qx 'Authorization: Bearer secret-2' "$T/head.2"
	printf 'a\rb\n' >"$T/token"
	status 100 aipod-call --token-file "$T/token" -S "$S" t
	status 100 aipod-call --token-file "$T/none" -S "$S" t
}

@test "which server" {
	result 1 1 "$(text ok)"
	[ ! -S /run/aipod/mcp.sock ] || skip "inside a box"
	status 100 aipod-call t
	has "$stderr" 'aipod launch'
	hash=$(aipod-hash)
	run_dir=$XDG_RUNTIME_DIR/aipod/$hash/0123abcd/run
	(umask 077 && mkdir -p "$run_dir")
	S=$run_dir/mcp.sock
	serve
	status 100 aipod-call t
	exec 9>"${run_dir%/run}/lock"
	flock 9
	status 0 aipod-call t
	status 0 aipod-call -s 0123abcd t
	status 100 aipod-call -s 00000000 t
	mkdir -m 700 "$XDG_RUNTIME_DIR/aipod/$hash/4567abcd"
	exec 8>"$XDG_RUNTIME_DIR/aipod/$hash/4567abcd/lock"
	flock 8
	status 100 aipod-call t
	has "$stderr" 'more than one session'
	status 0 env AIPOD_SESSION_DIR="${run_dir%/run}" aipod-call t
	status 0 env AIPOD_MCP="$S" AIPOD_SESSION_DIR=/none aipod-call t
	exec 8>&- 9>&-
	status 111 env AIPOD_MCP="$T/none.sock" aipod-call t
	has "$stderr" "cannot use the server at '$T/none.sock': No such file"
	for u in ftp://x http:// http://a:b http://a@b http://[::1 x "http://a b" \
	    http://a:99999; do
		status 100 aipod-call -u "$u" t
	done
	status 100 aipod-call -u http://a -S b t
}

@test "over TCP, by URL" {
	result 1 1 "$(text ok)"
	port=$((20000 + $$ % 20000))
	socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" \
	    "EXEC:$TOP/test/answer.sh $T" 3>&- &
	pid=$!
	until_true 5 aipod-call -u "http://127.0.0.1:$port" t
	rm -f "$T"/head.* "$T"/body.*
	status 0 aipod-call -u "http://127.0.0.1:$port/other?x" t
	is "$(head -n 1 "$T/head.1")" 'POST /other?x HTTP/1.1'
	grep -qx "Host: 127.0.0.1:$port" "$T/head.1"
}

@test "usage" {
	for a in '' '-l t' '--list --schema t' '-t 0 t' '--bogus'; do
		# shellcheck disable=SC2086
		status 100 aipod-call -S "$S" $a
	done
	status 100 aipod-call -S "$S" 'a b'
	status 0 aipod-call --help
	status 0 aipod-call --version
}

@test "a command that still runs: its id" {
	result 1 1 '{"content":[{"type":"text","text":"runs as c1"}],"structuredContent":{"id":"c1","exit_code":null,"stdout":"half"}}'
	serve
	status 0 aipod-call -S "$S" run_command 'command:="make"'
	is "$output" 'runs as c1'
	rm "$T"/head.*
	status 0 aipod-call -j -S "$S" run_command 'command:="make"'
	is "$(jq -r .id <<<"$output")" c1
}

@test "with aipod-mcpd, both ways to get an answer" {
	[ -x "$TOP/build/bin/aipod-mcpd" ] || skip "no aipod-mcpd"
	cp -R "$TOP/test/mcp/tools" "$XDG_CONFIG_HOME/aipod/"
	port=$((20000 + $$ % 20000))
	(umask 077 && echo 0123456789abcdef-s3cret >"$T/token")
	aipod-mcpd -k 1 -l "127.0.0.1:$port" --token-file "$T/token" -w "$T/ws" 3>&- &
	pid=$!
	export AIPOD_MCP=http://127.0.0.1:$port
	until_true 10 aipod-call --token-file "$T/token" --list >"$T/out" 2>&1
	grep -q '^run_command	' "$T/out"
	status 100 aipod-call --list
	has "$stderr" AIPOD_TOKEN
	export AIPOD_TOKEN=0123456789abcdef-s3cret
	status 0 aipod-call plain_text
	is "$output" $'two\nlines "quoted"'
	status 0 aipod-call -j plain_text
	is "$(jq .n <<<"$output")" 1
	status 1 aipod-call fails
	is "$stderr" 'it is not allowed'
	is "$(aipod-call --schema slow | jq -r .type)" object
	# long enough for an event stream with a sign of life
	key=$(aipod-call --schema slow | jq -r '.properties | keys[0]')
	status 0 aipod-call -v -j slow "$key=3"
	is "$(jq .slept <<<"$output")" 3
	[ -n "$stderr" ]
	status 100 aipod-call slow "$key=x"
	status 100 aipod-call nonesuch
}

@test "host commands by aipod-mcpd, with their own status" {
	[ -x "$TOP/build/bin/aipod-command" ] || skip "no aipod-command"
	export AIPOD_WORKSPACE=$T/ws
	session_env
	session_lock
	(umask 077 && echo 0123456789abcdef >"$T/token")
	printf '#!/bin/sh\necho out; echo err >&2; exit 3\n' >quick
	printf '#!/bin/sh\necho begun; sleep 6; echo over; exit 9\n' >slow
	chmod +x quick slow
	aipod-allow add command ./quick
	aipod-allow add command ./slow
	port=$((20000 + ($$ + 7) % 20000))
	aipod-mcpd -l "127.0.0.1:$port" --token-file "$T/token" 3>&- 9>&- </dev/null &
	pid=$!
	export AIPOD_MCP=http://127.0.0.1:$port AIPOD_TOKEN=0123456789abcdef
	until_true 10 aipod-call --list 2>/dev/null >"$T/out"
	status 0 aipod-call run_command command=./quick
	is "$output" out
	is "$stderr" err
	status 3 aipod-call --wait run_command command=./quick
	status 9 aipod-call --wait run_command command=./slow
	is "$output" $'begun\nover'
	export AIPOD_APPROVER=none
	status 1 aipod-call run_command command=./other </dev/null
	is "$output" ''
	[ -n "$stderr" ]
	exec 9>&-
}
