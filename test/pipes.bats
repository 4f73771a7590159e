#!/usr/bin/env bats
# The tools in pipes, as README and the manual show them.

load helper

setup() {
	setup_env
	cd "$T/ws" || return 1
	export AIPOD_WORKSPACE=$T/ws
}

@test "aipod scan | aipod hide add; scan again | pending" {
	echo 'PASSWORD=only-here-1x' >.env
	mkdir keys
	echo x >keys/id_rsa
	aipod scan | aipod hide add
	aipod scan | aipod hide pending
	is "$(aipod hide list | cut -f1 | sort -u | tr '\n' ' ')" ".env keys/id_rsa "
	is "$(aipod hide mounts | cut -f2 | sort | uniq -c | tr -s ' ')" " 2 file"
}

@test "a name with a newline is one record in every tool" {
	mkdir "$(printf 'a\nb')"
	printf 'K=v\n' >"$(printf 'a\nb')/.env"
	printf 'K=v\n' >.env.local
	is "$(aipod scan | cut -f1 | sort -u | wc -l)" 2
	aipod scan | aipod hide add
	aipod hide mounts | cut -f1 | grep -qF 'a\nb/.env'
	is "$(aipod scan -0 | tr -cd '\000' | wc -c)" 2
}

@test "rules from one list into another" {
	aipod allow command 'make test'
	aipod allow host '*.example.com:443'
	is "$(aipod allow list | cut -f2,3,4 | grep workspace -v | head -n 2)" \
	    "$(printf 'allow\tcommand\tmake test\nallow\thost\t*.example.com:443')"
	aipod allow list -j | jq -e 'select(.kind == "host")' >/dev/null
	aipod allow check host www.example.com:443
	status 2 aipod allow check host www.example.com:22
	status 2 aipod allow check command 'make test; id'
}

@test "sessions, log: nothing is nothing, and no error" {
	is "$(aipod list | cut -f1)" ""
	aipod log | { ! grep deny; }
}

@test "names of one workspace for a script" {
	is "$(aipod hash -l | grep ^home | cut -f2)" "aipod-$(aipod hash)-home"
	printf '%s\0' "$T" "$T/ws" | aipod hash -0 - | tr '\0' '\n' | wc -l | grep -q 2
}

@test "README's commands are commands" {
	grep -oE 'aipod [a-z][a-z-]+' "$TOP/README" | sort -u |
	    while read -r _ name; do
		case $name in
		claude | foo | in | is | gives | to | and | at) continue ;;
		esac
		aipod help 2>/dev/null | grep -qw -- "$name" ||
		    grep -q "^aipod-$name	" "$TOP/share/commands.tsv" ||
		    aipod "$name" --help >/dev/null 2>&1 || {
			echo "README names 'aipod $name'" >&2
			return 1
		}
	done
}
