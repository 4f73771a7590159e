# fish completion for aipod(1): put it in ~/.config/fish/completions.  Tools,
# options, agents, rules and sessions are asked of aipod itself.

function __aipod_tools
    aipod --help 2>/dev/null |
        sed -n '/^tools:/,$s/^  \([a-z-]*\)  *\(.*\)/\1\t\2/p'
    printf 'help\topen a manual page\nrun\trun a command in the box\nversion\tthe version\n'
end

function __aipod_options
    set -l words (commandline -opc)
    set -l tool launch
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        and test $words[2] != run
        set tool $words[2]
    end
    aipod $tool --help 2>/dev/null |
        grep -oE '(^| )--?[A-Za-z0-9][A-Za-z0-9-]*' | string trim
end

function __aipod_sessions
    aipod list 2>/dev/null | awk -F'\t' '$2 == "alive" { print $1 }'
end

function __aipod_agents
    aipod agents 2>/dev/null | cut -f1
end

function __aipod_rules
    aipod allow list 2>/dev/null | cut -f1
end

function __aipod_after_agent
    contains -- (commandline -opc)[-1] -a --agent
end

function __aipod_after_remove
    set -l words (commandline -opc)
    test "$words[-1]" = remove; and contains -- "$words[2]" allow allowed rules
end

complete -c aipod -n __fish_use_subcommand -f -a '(__aipod_tools)'
complete -c aipod -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__aipod_options)'
complete -c aipod -n '__fish_seen_subcommand_from attach stop' -f -a '(__aipod_sessions)'
complete -c aipod -n '__fish_seen_subcommand_from help' -f -a '(__aipod_tools)'
complete -c aipod -n __aipod_after_agent -f -a '(__aipod_agents)'
complete -c aipod -n __aipod_after_remove -f -a '(__aipod_rules)'
