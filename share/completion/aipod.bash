# bash completion for aipod(1): source it, or put it where bash-completion
# looks, under the name aipod.  Tools, options and sessions are asked of aipod
# itself, so that it knows what is installed.

_aipod_tools() {
	aipod --help 2>/dev/null |
	    sed -n '/^tools:/,$s/^  \([a-z-]*\) .*/\1/p'
	echo help run version
}

_aipod_options() {
	aipod "$1" --help 2>/dev/null |
	    grep -oE '(^| )--?[A-Za-z0-9][A-Za-z0-9-]*' | tr -d ' '
}

_aipod() {
	local cur=${COMP_WORDS[COMP_CWORD]} tool=${COMP_WORDS[1]-} words
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		case $cur in
		-*) words=$(_aipod_options launch) ;;
		*) words=$(_aipod_tools) ;;
		esac
	else
		case $tool in
		-* | run) tool=launch ;;
		esac
		case ${COMP_WORDS[COMP_CWORD - 1]}:$tool:$cur in
		-a:* | --agent:*) words=$(aipod agents 2>/dev/null | cut -f1) ;;
		*:*:-*) words=$(_aipod_options "$tool") ;;
		*:help:*) words=$(_aipod_tools) ;;
		*:attach:* | *:stop:*)
			words=$(aipod list 2>/dev/null |
			    awk -F'\t' '$2 == "alive" { print $1 }') ;;
		remove:allow:* | remove:allowed:* | remove:rules:*)
			words=$(aipod allow list 2>/dev/null | cut -f1) ;;
		*)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o filenames -F _aipod aipod
