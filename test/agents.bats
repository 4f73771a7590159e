#!/usr/bin/env bats
# Claude Code, OpenCode, Codex and Gemini CLI from npm, all in one image made
# here, each in its box without a network and with a model that has a script.
# AIPOD_TEST_AGENTS says which; AIPOD_TEST_LONG=1, as make agents sets it,
# takes all four.

load helper
load lib-images

setup_file() {
	local some=claude,opencode
	[ -z "${AIPOD_TEST_LONG-}" ] || some=claude,opencode,codex,gemini
	agents_file_setup "${AIPOD_TEST_AGENTS:-$some}"
}
setup() { agents_setup; }
teardown() { agents_teardown; }

wanted() {
	case ",$AGENTS," in
	*",$1,"*) ;;
	*) skip "AIPOD_TEST_AGENTS does not name $1" ;;
	esac
}

# The model as the user's own provider, whose key is asked for by command.
provider() {
	mkdir -p "$T/config/aipod/providers"
	printf '%s\n' "base_url=$MODEL$2" "key_command=echo sk-test" \
	    "model=$3" "small_model=$3" kind=anthropic \
	    >"$T/config/aipod/providers/$1"
}
choose() {
	provider claude "" claude-sonnet-4-5
	provider opencode /v1 claude-sonnet-4-5
	provider codex /v1 gpt-5-codex
	provider gemini "" gemini-2.5-pro
}
agent() {
	choose
	aipod run --provider "$1" -e CLAUDE_CODE_MAX_RETRIES=0 \
	    -e OPENCODE_DISABLE_MODELS_FETCH=1 -- "$@" </dev/null
}

# It asked its model, ran the host's command, said what came back, and the
# user was told that it has finished.
ready() {
	COMMAND="echo on-the-host >'$T/mark'; echo the-output"
	model "$COMMAND"
	aipod-allow command "$COMMAND"
}
did_it() {
	has "$output" "RESULT"
	has "$output" "the-output"
	is "$(cat "$T/mark")" on-the-host
	until_true 10 grep -q "$1 has finished" "$T/told"
	# once to ask, once with the result, and with the key it was given
	[ "$(grep -c "^POST .* \(Bearer \)\?sk-test\$" "$T/model.log")" -ge 2 ]
}

@test "Claude Code runs a command on the host, prints the output and says so" {
	wanted claude
	ready
	status 0 agent claude -p go
	did_it "Claude Code"
}

@test "OpenCode runs a command on the host, prints the output and says so" {
	wanted opencode
	ready
	status 0 agent opencode run go
	did_it OpenCode
}

@test "Codex runs a command on the host, prints the output and says so" {
	wanted codex
	ready
	status 0 agent codex exec --skip-git-repo-check go
	did_it Codex
}

@test "Gemini CLI runs a command on the host, prints the output and says so" {
	wanted gemini
	ready
	status 0 agent gemini -p go
	did_it "Gemini CLI"
}

@test "a host without a rule is refused, and so is a command" {
	wanted claude
	ready
	claude() {
		aipod run -e "ANTHROPIC_BASE_URL=$MODEL" -e ANTHROPIC_API_KEY=sk-test \
		    -e CLAUDE_CODE_MAX_RETRIES=0 -- claude -p go </dev/null
	}
	run ! claude
	[ ! -e "$T/model.log" ]
	[ ! -e "$T/mark" ]
	aipod-allow host "host.containers.internal:$PORT"
	aipod-allow remove command "$COMMAND"
	status 0 claude
	has "$output" "RESULT"
	[ ! -e "$T/mark" ]
}

@test "Claude Code is content with its MCP server" {
	wanted claude
	MODEL=http://127.0.0.1:1
	status 0 agent claude mcp list
	has "$output" "aipod"
	has "$output" "onnected"
	lacks "$output" "ailed"
}

@test "OpenCode is content with its MCP server" {
	wanted opencode
	MODEL=http://127.0.0.1:1
	status 0 agent opencode mcp list
	has "$output" "aipod"
	has "$output" "connected"
	lacks "$output" "ailed"
}

@test "Codex is content with its MCP server" {
	wanted codex
	MODEL=http://127.0.0.1:1
	status 0 agent codex mcp list
	has "$output" "http://127.0.0.1:7822/mcp"
	has "$output" "enabled"
}

@test "Gemini CLI is content with its MCP server" {
	wanted gemini
	MODEL=http://127.0.0.1:1
	status 0 agent gemini mcp list
	has "$output$stderr" "aipod"
	has "$output$stderr" "Connected"
}

# What each one itself says of a login that it made in the session before.
@test "Claude Code keeps its login" {
	wanted claude
	status 0 aipod run sh -c 'mkdir -p ~/.claude
		printf "{\"claudeAiOauth\":{\"accessToken\":\"t\",\"refreshToken\":\"r\",\"expiresAt\":4102444800000,\"scopes\":[\"user:inference\"],\"subscriptionType\":\"max\"}}" \
		    >~/.claude/.credentials.json'
	status 0 aipod run claude auth status
	has "$output" '"loggedIn": true'
}

@test "OpenCode keeps its login" {
	wanted opencode
	status 0 aipod run sh -c 'mkdir -p ~/.local/share/opencode
		printf "{\"anthropic\":{\"type\":\"api\",\"key\":\"k\"}}" \
		    >~/.local/share/opencode/auth.json'
	status 0 aipod run opencode auth list
	has "$output$stderr" Anthropic
}

@test "Codex keeps its login" {
	wanted codex
	status 0 aipod run sh -c 'echo sk-test-0123456789 | codex login --with-api-key'
	status 0 aipod run codex login status
	has "$output$stderr" "API key"
	lacks "$output$stderr" "ot logged in"
}

# A key in the file that it reads by itself, and the choice of how to log in.
@test "Gemini CLI keeps its login" {
	wanted gemini
	ready
	aipod-allow host "host.containers.internal:$PORT"
	status 0 aipod run sh -c 'mkdir ~/.gemini && cd ~/.gemini && echo GEMINI_API_KEY=sk-kept >.env &&
	    printf "{\"security\":{\"auth\":{\"selectedType\":\"gemini-api-key\"}}}" \
		>settings.json'
	status 0 aipod run -e "GOOGLE_GEMINI_BASE_URL=$MODEL" gemini -p go </dev/null
	has "$output" RESULT
	grep -q "^POST .* sk-kept\$" "$T/model.log"
}

# Nothing is asked for but the model: no newer release, no statistics.
only_model() {
	status 0 aipod log -k host
	has "$output" "host.containers.internal"
	is "$(grep -v host.containers.internal <<<"$output")" ""
}

@test "Claude Code does not update itself" {
	wanted claude
	ready
	status 0 agent claude -p go
	only_model
	status 0 aipod run sh -c 'echo $DISABLE_AUTOUPDATER'
	is "$output" 1
}

@test "OpenCode does not update itself" {
	wanted opencode
	ready
	status 0 agent opencode run go
	only_model
	status 0 aipod run opencode debug config
	has "$output" '"autoupdate": false'
}

@test "Codex does not update itself" {
	wanted codex
	ready
	status 0 agent codex exec --skip-git-repo-check go
	only_model
	has "$(aipod run -n codex)" check_for_update_on_startup=false
}

@test "Gemini CLI does not update itself" {
	wanted gemini
	ready
	status 0 agent gemini -p go
	only_model
	status 0 aipod run sh -c 'cat ~/.gemini/settings.json'
	has "$output" '"enableAutoUpdate": false'
	has "$output" '"enableAutoUpdateNotification": false'
}

@test "a package that was installed stays in a kept container" {
	mkdir cow
	printf '{"name":"cow","version":"1.0.0","bin":"cow.js"}' >cow/package.json
	printf '#!/usr/bin/env node\nconsole.log("moo")\n' >cow/cow.js
	aipod run --keep sh -c 'cd cow && npm pack && chmod a+r *.tgz && echo >/app/up && sleep 1000' \
	    </dev/null >/dev/null 2>"$T/err" 3>&- &
	pid=$!
	until_true 60 test -e up
	status 0 aipod attach --root npm install --global --offline --no-audit \
	    --cache /tmp/npm /app/cow/cow-1.0.0.tgz
	status 0 aipod stop -t 1
	wait "$pid" || :
	rm -r cow
	status 0 aipod run cow
	is "$output" moo
	status 0 aipod run "${AGENTS%%,*}" --version
	status 127 aipod run --no-keep cow
}

# on_terminal NAME READY: no question before it is ready; then it is told "go".
# WAIT is what the user has to be told before it is left, AT where it works.
on_terminal() {
	command -v expect >/dev/null || skip "no expect here"
	wanted "$1"
	ready
	choose
	cat >"$T/say" <<-'EOT'
	set timeout 90
	set stty_init "rows 40 columns 120"
	set ready [lindex $argv 0]
	spawn {*}[lrange $argv 1 end]
	expect {
		-nocase -re {do.you.trust|allow.codex.to.work|custom.API.key|choose.the.text|select.login|yes,.i.accept|how.would.you.like.to.auth|sign.in|update.available} { exit 3 }
		-re $ready {}
		timeout { exit 4 }
	}
	# typed, not pasted
	sleep 2
	send "go"
	sleep 1
	send "\r"
	expect {
		"the-output" {}
		timeout { exit 5 }
	}
	for {set i 0} {[info exists env(WAIT)] && [catch {exec grep -q $env(WAIT) $env(T)/told}]} {incr i} {
		if {$i == 90} { exit 6 }
		set timeout 1
		expect timeout
	}
	send "\003"
	sleep 1
	send "\003\003"
	set timeout 5
	expect eof
	exit 0
	EOT
	status 0 expect "$T/say" "$2" aipod run --provider "$1" \
	    -e OPENCODE_DISABLE_MODELS_FETCH=1 ${AT+--at "$AT"} "$1"
	is "$(cat "$T/mark")" on-the-host
}

@test "Claude Code starts without a question" {
	on_terminal claude 'bypass.{0,8}permissions.{0,8}on'
}
@test "Claude Code trusts the workspace at its own path, too" {
	wanted claude
	status 0 aipod run true
	AT=same on_terminal claude 'bypass.{0,8}permissions.{0,8}on'
}
@test "Claude Code waits for the user, who is told" {
	wanted claude
	status 0 aipod run sh -c \
	    'sed -i "1s/{/{\"messageIdleNotifThresholdMs\": 500,/" ~/.claude.json'
	export WAIT='waiting for you'
	on_terminal claude 'bypass.{0,8}permissions.{0,8}on'
}
@test "OpenCode starts without a question" {
	on_terminal opencode 'Ask anything|ctrl.p'
}
@test "Codex starts without a question" {
	on_terminal codex 'OpenAI Codex'
}
@test "Gemini CLI starts without a question" {
	on_terminal gemini 'Type your message'
}
