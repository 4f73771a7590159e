load helper

# complete WORD...: what bash offers for the last word, one a line.
bash_offers() {
	bash --norc -c '. "$1"; shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _aipod
	printf "%s\n" "${COMPREPLY[@]}"' x "$TOP/share/completion/aipod.bash" "$@"
}

@test "bash: every tool that is there, and its long options" {
	offered=$(bash_offers aipod '')
	for tool in "$AIPOD_EXEC_PATH"/aipod-*; do
		tool=${tool##*/aipod-}
		case $tool in *.new) continue ;; esac
		grep -q "^aipod-$tool	" "$AIPOD_SHARE/commands.tsv" || continue
		printf '%s\n' "$offered" | grep -qx "$tool"
	done
	is "$(bash_offers aipod versi)" version
	printf '%s\n' "$(bash_offers aipod hash --)" | grep -qx -- --session
	printf '%s\n' "$(bash_offers aipod --)" | grep -qx -- --rebuild
	printf '%s\n' "$(bash_offers aipod run --)" | grep -qx -- --rebuild
	lacks "$(bash_offers aipod hash --)" --rebuild
}

@test "bash: living sessions, and files elsewhere" {
	[ -x "$TOP/build/test/unit/session" ] || skip "run make unit"
	mkfifo "$T/hold"
	"$TOP/build/test/unit/session" make "$T/ws" <>"$T/hold" >"$T/dir" 3>&- &
	until_true 5 test -s "$T/dir"
	id=$(basename "$(cat "$T/dir")")
	is "$(bash_offers aipod attach '')" "$id"
	is "$(bash_offers aipod stop "${id%??????}")" "$id"
	kill -9 $!
	cd "$T"
	is "$(bash_offers aipod scan w)" ws
}

@test "bash: agents, and the rules that there are to remove" {
	cd "$T/ws"
	printf '%s\n' "$(bash_offers aipod init --agent '')" | grep -qx claude
	is "$(bash_offers aipod run -a op)" opencode
	aipod-allow -q add host a.example
	aipod-allow -q add host b.example
	is "$(bash_offers aipod allow remove '')" "$(aipod-allow list | cut -f1)"
	[ "$(aipod-allow list | wc -l)" -ge 2 ]
}

# The same of zsh, as if it had been typed at a terminal.
zsh_offers() {
	cat >"$T/init.zsh" <<-'X'
	PS1= fpath=($TOP/share/completion $fpath)
	autoload -Uz compinit
	compinit -u -d $T/dump
	compadd() {
		local -a hits
		builtin compadd -A hits "$@"
		print -rl -- $hits >>$T/offered
		builtin compadd "$@"
	}
	comppostfuncs=(completed)
	completed() { : >$T/completed; }
	precmd() { : >$T/ready; }
	X
	rm -f "$T/ready" "$T/completed"
	: >"$T/offered"
	zsh -f -c '
	till() {
		repeat 200 { [[ -e $1 ]] && return; sleep 0.05 }
		print -u2 "never: $1"
		return 1
	}
	zmodload zsh/zpty
	zpty z zsh -f -i
	zpty -w z "source $T/init.zsh"
	till $T/ready && zpty -w -n z "$*"$'"'\t'"' && till $T/completed
	rc=$?
	zpty -d z
	exit $rc' zsh "$@" 3>&- || return 1
	sed '/^$/d' "$T/offered" | sort -u
}

fish_offers() {
	fish --no-config -c 'source $argv[1]; complete -C "$argv[2..]"' \
	    "$TOP/share/completion/aipod.fish" "$@" | cut -f1 | sort -u
}

# A living session of the test's, in $id.
living() {
	[ -x "$TOP/build/test/unit/session" ] || skip "run make unit"
	mkfifo "$T/hold"
	"$TOP/build/test/unit/session" make "$T/ws" <>"$T/hold" >"$T/dir" 3>&- &
	holder=$!
	until_true 5 test -s "$T/dir"
	id=$(basename "$(cat "$T/dir")")
}

# all_live SHELL: tools, options, agents, rules, sessions, files.
all_live() {
	command -v "$1" >/dev/null || skip "no $1"
	cd "$T/ws"
	: >somefile
	"$1_offers" aipod '' >"$T/tools"
	grep -qx hash "$T/tools"
	grep -qx run "$T/tools"
	printf '%s\n' "$("$1_offers" aipod hash --)" | grep -qx -- --session
	printf '%s\n' "$("$1_offers" aipod run --)" | grep -qx -- --rebuild
	aipod-agents | cut -f1 | sort >"$T/agents"
	is "$("$1_offers" aipod init --agent '')" "$(cat "$T/agents")"
	is "$("$1_offers" aipod run -a op)" opencode
	aipod-allow -q add host a.example
	aipod-allow -q add host b.example
	is "$("$1_offers" aipod allow remove '')" \
	    "$(aipod-allow list | cut -f1 | sort)"
	[ "$(aipod-allow list | wc -l)" -ge 2 ]
	living
	is "$("$1_offers" aipod attach '')" "$id"
	is "$("$1_offers" aipod stop "${id%??????}")" "$id"
	kill -9 "$holder"
	printf '%s\n' "$("$1_offers" aipod scan some)" | grep -qx somefile
}

@test "zsh: tools, options, agents, rules, sessions" {
	all_live zsh
}

@test "fish: tools, options, agents, rules, sessions" {
	all_live fish
}
