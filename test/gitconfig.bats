#!/usr/bin/env bats

load helper

# ours FILE: settings as git names them, without subsections, sorted.
ours() { "$TOP/build/test/unit/gitconfig" <"$1" | sort; }
gits() {
	git config --file "$1" --list | sed 's/^\([^.=]*\)\..*\.\([^.=]*=\)/\1.\2/' |
	    sort
}

@test "reads what git reads" {
	printf '%s\n' '[core]' '	bare = false' 'hooksPath = .husky' \
	    '[include] path = a/b' '[includeIf "gitdir:~/x/"]' \
	    '	path = "with space"  # comment' '[remote "o.r"]' \
	    'url = x\' 'y' '; comment' '[A] b = "q\"q" ; c' 'D' \
	    '[alias]' ' l = !echo \t a#b' >"$T/c"
	printf '[core]\r\n\tx = y\r\n' >>"$T/c"
	is "$(ours "$T/c" | sed 's/^a.d=$/a.d/')" "$(gits "$T/c")"
}

@test "hooksPath is found in every spelling that git takes" {
	i=0
	for text in '[core]hooksPath=h' '[CORE] HOOKSPATH = h' \
	    '[core]
	hookspath	=	"h"' '[core] hooks\
Path = x' '[core]hooksPath = \
h' '[core] # c
hooksPath = h ; c' '[ core ] hooksPath = h'; do
		printf '%s\n' "$text" >"$T/c"
		want=$(git config --file "$T/c" core.hookspath 2>/dev/null) || continue
		has "$(ours "$T/c")" "core.hookspath=$want"
		i=$((i + 1))
	done
	[ $i -ge 4 ]
}

@test "any bytes end it, none break it" {
	for i in 1 2 3 4 5; do
		head -c 20000 /dev/urandom >"$T/r"
		ours "$T/r" >/dev/null
	done
	printf '[a' >"$T/r"; ours "$T/r" >/dev/null
	printf '[a "' >"$T/r"; ours "$T/r" >/dev/null
	printf 'a = "' >"$T/r"; ours "$T/r" >/dev/null
}
