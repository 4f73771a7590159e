#!/usr/bin/env bats
# What the pages say and what the programs say of themselves.

load helper

tools() { cut -f1 "$TOP/share/commands.tsv"; }
built() { [ -x "$TOP/build/bin/$1" ]; }

# Long options, but for those that every tool has.
help_options() {
	"$TOP/build/bin/$1" --help | grep -oE '(^| |\[|\|)--[a-z][a-z0-9-]*' |
	    grep -oE -- '--[a-z].*' | sort -u |
	    grep -vxE -- '--(help|version|verbose|quiet)'
}
page_text() { mandoc -T ascii -O width=400 "$TOP/man/$1.1" 2>/dev/null | col -b; }

@test "each long option of a tool is in its page" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for t in $(tools); do
		built "$t" || continue
		page=$(page_text "$t" | tr -d '\n' | tr -s ' ')
		for o in $(help_options "$t"); do
			case $page in
			*"$o"*) ;;
			*) echo "$t: $o is not in its page" ;;
			esac
		done
	done >"$T/missing"
	is "$(cat "$T/missing")" ""
}

@test "formats have pages, and README names tools that there are" {
	for p in aipod-records.5 aipod-rules.5 aipod-agents.5 aipod-exit.7 aipod.7; do
		[ -s "$TOP/man/$p" ]
	done
	own=$(printf 'run\nhelp\nversion\n')
	aliases=$(sed -n 's/^	{ "\([a-z-]*\)", "[a-z]*".*/\1/p' "$TOP/cmd/aipod.c")
	for v in $(grep -oE '(^  +|[$|] )aipod [a-z][a-z-]+' "$TOP/README" |
	    awk '{ print $NF }' | sort -u); do
		tools | grep -qx "aipod-$v" ||
		    printf '%s\n%s\n' "$own" "$aliases" | grep -qx -- "$v" ||
		    echo "README: aipod $v"
	done >"$T/unknown"
	is "$(cat "$T/unknown")" ""
}

@test "completion offers each tool of commands.tsv by itself" {
	offered=$(bash --norc -c '. "$1"; COMP_WORDS=(aipod "") COMP_CWORD=1
	    _aipod; printf "%s\n" "${COMPREPLY[@]}"' x \
	    "$TOP/share/completion/aipod.bash")
	for t in $(tools); do
		built "$t" || continue
		printf '%s\n' "$offered" | grep -qx "${t#aipod-}"
	done
}
