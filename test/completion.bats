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

@test "zsh reads its file" {
	command -v zsh >/dev/null || skip "no zsh"
	zsh -f -c "fpath=('$TOP/share/completion' \$fpath); autoload -Uz compinit;
	    compinit -u -d '$T/dump'; [[ \$_comps[aipod] == _aipod ]] &&
	    autoload +X _aipod"
}

@test "fish: every tool that is there" {
	command -v fish >/dev/null || skip "no fish"
	fish --no-config -c "source '$TOP/share/completion/aipod.fish'
	    complete -C 'aipod '" >"$T/offered"
	cut -f1 "$T/offered" | grep -qx hash
	cut -f1 "$T/offered" | grep -qx run
	fish --no-config -c "source '$TOP/share/completion/aipod.fish'
	    complete -C 'aipod hash --'" | grep -qx -- --session
}
