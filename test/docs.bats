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

# The options that a page has an item for, as -x and --long.
page_options() {
	awk '/^\.It Fl /{
		for (i = 3; i <= NF; i++)
			if (($(i - 1) == "Fl" || $(i - 1) == ",") && $i != "Fl")
				print "-" $i
	}' "$TOP/man/$1.1" | sort -u
}
# Letters of a help text, single or as in [-fnq].
short_options() {
	grep -oE '(^|[ |[])-[A-Za-z0-9]+' | sed 's/^[^-]*-//' | fold -w1 |
	    sort -u | grep -v '[hVvq]'
}

@test "each letter of a tool is in its page" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for t in $(tools); do
		built "$t" || continue
		page_text "$t" >"$T/page"
		for o in $("$TOP/build/bin/$t" --help | short_options); do
			grep -qE -- "(^|[^A-Za-z0-9-])-[A-Za-z0-9]*$o" "$T/page" ||
			    echo "$t: -$o is not in its page"
		done
	done >"$T/missing"
	is "$(cat "$T/missing")" ""
}

# Other spellings are for those who come from elsewhere: no help names them.
@test "each option of a page is in the tool's help" {
	n=0
	for t in $(tools); do
		built "$t" || continue
		"$TOP/build/bin/$t" --help >"$T/help"
		for o in $(page_options "$t"); do
			n=$((n + 1))
			case $o in
			--no-credential-check) continue ;;
			--*) grep -qE -- "(^|[^a-z-])$o([^a-z-]|\$)" "$T/help" ;;
			*) grep -qE -- "(^|[^A-Za-z0-9-])-[A-Za-z0-9]*${o#-}" "$T/help" ;;
			esac || echo "$t: $o is not in its help" >>"$T/missing"
		done
	done
	[ ! -e "$T/missing" ] || is "$(cat "$T/missing")" ""
	[ "$n" -gt 100 ]
}

# Names behind AIPOD_ that the programs look at, and settings.
code_settings() {
	grep -rhoE 'xconf_(get|bool)\("[A-Z_]+"' "$TOP/cmd" "$TOP/lib" |
	    sed 's/.*"\(.*\)"/\1/'
	sed -n '/^#/d;s/^.*[ 	(]setting \([A-Z_][A-Z_]*\).*/\1/p' "$TOP"/cmd/*
}
code_variables() {
	grep -rhoE '(getenv|setenv)\("AIPOD_[A-Z_]+' "$TOP/cmd" "$TOP/lib" |
	    sed 's/.*"//'
	grep -rhoE '\$\{?AIPOD_[A-Z_]+' "$TOP"/cmd "$TOP"/share/approvers \
	    "$TOP"/share/tools "$TOP"/share/hosts | tr -d '${'
}
page_variables() {
	grep -hE '^\..*(Ev|Cm) ' "$TOP"/man/*.[157] |
	    grep -oE '(Ev|Cm|,) [A-Z][A-Z_0-9]+' | sed 's/.* //' | sort -u
}

@test "each setting and variable is in a page" {
	page_variables >"$T/named"
	for k in $(code_settings | sort -u); do
		grep -qxE "(AIPOD_)?$k" "$T/named" || echo "setting $k"
	done >"$T/missing"
	for v in $(code_variables | sort -u); do
		grep -qxE "$v|${v#AIPOD_}" "$T/named" || echo "variable $v"
	done >>"$T/missing"
	is "$(cat "$T/missing")" ""
	[ "$(code_settings | wc -l)" -gt 20 ]
}

@test "each setting and variable of a page is known to the programs" {
	cat "$TOP"/cmd/* "$TOP"/lib/*.[ch] >"$T/code"
	echo "ALL_PROXY is libcurl's" >>"$T/code"
	find "$TOP/share" -type f ! -path '*/doc/*' -exec cat {} + >>"$T/code"
	for v in $(page_variables); do
		grep -qwE -- "$v|${v#AIPOD_}" "$T/code" || echo "$v"
	done >"$T/unknown"
	is "$(cat "$T/unknown")" ""
}

@test "the tour names each tool" {
	for t in $(tools); do
		grep -qE "^\.Xr $t 1( |\$)" "$TOP/man/aipod.7" ||
		    echo "$t is not in aipod.7"
	done >"$T/missing"
	is "$(cat "$T/missing")" ""
}

# Examples are lines that begin with aipod, or with a prompt before it.
examples() {
	sed -nE 's/^(\.Dl |  +|	)?(\$ )?aipod[ -]([a-z])/\3/p' "$@" | sed 's/ #.*//;s/[|<>].*//'
}

@test "examples of README and the tour: the tools have those options" {
	examples "$TOP/README" "$TOP/man/aipod.7" >"$T/examples"
	[ "$(wc -l <"$T/examples")" -gt 10 ]
	while read -r verb rest; do
		case $verb in help | version) continue ;; run) verb=launch ;; esac
		[ -x "$TOP/build/bin/aipod-$verb" ] || continue
		"$TOP/build/bin/aipod-$verb" --help >"$T/help"
		before=-
		for o in $rest; do
			# behind launch's own options are those of a command
			case $verb:$before:$o in
			*:--) break ;;
			launch:[!-]*:* | launch:-:[!-]*) break ;;
			esac
			before=$o
			case $o in
			--*) grep -qE -- "(^|[^a-z-])${o%%=*}([^a-z-]|\$)" "$T/help" ;;
			-[a-z]) grep -qE -- "(^|[^A-Za-z0-9-])-[A-Za-z0-9]*${o#-}" "$T/help" ;;
			esac || echo "aipod $verb $o"
		done
	done <"$T/examples" >"$T/unknown"
	is "$(cat "$T/unknown")" ""
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
