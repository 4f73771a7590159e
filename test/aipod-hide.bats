load helper

setup() {
	setup_env
	cd "$T/ws"
}

# at the terminal ANSWER COMMAND...: run it on a terminal that types ANSWER
# when it is asked.
at_terminal() {
	local answer=$1
	shift
	command -v expect >/dev/null || skip "no expect"
	cat >"$T/at.exp" <<-'X'
	set timeout 60
	spawn -noecho {*}$argv
	foreach a [split $env(ANSWER) {}] {
		expect {\? } { send "$a\r" }
	}
	expect eof
	catch wait r
	exit [lindex $r 3]
	X
	ANSWER=$answer expect "$T/at.exp" "$@"
}

@test "hide by path, list, remove" {
	mkdir d
	touch .env d/x
	status 0 aipod-hide add .env d
	is "$(aipod-hide list | cut -f1-3 | tr '\t\n' '= ')" ".env=hidden=file d=hidden=dir "
	is "$(aipod-hide mounts | tr '\t\n' '= ')" ".env=file d=dir "
	[ -f .env ]
	status 0 aipod-hide remove .env
	is "$(aipod-hide mounts)" "d	dir"
	status 1 aipod-hide remove .env
	aipod-hide list -j | jq -e '.path == "d"' >/dev/null
}

@test "records from a pipe are hidden; nothing is pending after that" {
	mkdir a
	touch .env a/id_rsa "we
ird	.env"
	status 1 sh -c 'aipod-scan | aipod-hide pending'
	is "${#lines[@]}" 3
	aipod-scan | aipod-hide
	status 0 sh -c 'aipod-scan | aipod-hide pending'
	is "$output" ""
	is "$(aipod-hide mounts | wc -l | tr -d ' ')" 3
	status 100 aipod-hide pending <<<"no record"
	status 100 sh -c 'aipod-scan -0 | aipod-hide'
}

@test "what was ignored is asked about again when the secret changes" {
	echo one >.env
	status 0 aipod-hide ignore .env
	status 0 sh -c 'aipod-scan | aipod-hide pending'
	is "$(aipod-hide mounts)" ""
	echo two >.env
	status 1 sh -c 'aipod-scan | aipod-hide pending'
	echo one >.env
	status 0 aipod-hide unignore .env
	status 1 sh -c 'aipod-scan | aipod-hide pending'
	status 1 aipod-hide unignore .env
	touch harmless
	status 1 aipod-hide ignore harmless
}

@test "what lies outside the workspace is refused" {
	touch "$T/outside"
	ln -s "$T" up
	status 100 aipod-hide add "$T/outside"
	status 100 aipod-hide add ../outside
	status 100 aipod-hide add up/outside
	status 100 aipod-hide add nowhere
	status 100 aipod-hide add .
	printf '../outside\t-\t-\t-\tx\t%032d\t-\t-\n' 1 >rec
	status 100 aipod-hide add <rec
	mkdir real
	touch real/.env
	aipod-hide add real/.env
	rm -r real
	ln -s "$T" real
	touch "$T/.env"
	status 0 aipod-hide mounts
	is "$output" ""
}

@test "--move leaves a link, and remove brings the file back" {
	mkdir a
	echo data >a/.env
	status 0 aipod-hide --move "$T/vault" add a/.env
	[ -L a/.env ]
	is "$(cat a/.env)" data
	is "$(aipod-hide list | cut -f2)" moved
	is "$(aipod-hide mounts)" ""
	status 0 aipod-scan
	status 0 aipod-hide remove a/.env
	[ ! -L a/.env ]
	is "$(cat a/.env)" data
	aipod-hide --move "$T/vault" add a/.env
	rm a/.env
	echo other >a/.env
	status 111 aipod-hide remove a/.env
	is "$(cat a/.env)" other
}

@test "without a terminal triage refuses, lists and tells the commands" {
	touch .env
	status 100 setsid -w aipod-hide check
	is "$output" ""
	has "$stderr" .env
	has "$stderr" "aipod hide -w $T/ws"
	# the very command that it prints
	eval "$(grep -m1 'aipod hide.* add$' <<<"$stderr" | sed 's/aipod /aipod-/g')"
	status 0 setsid -w aipod-hide check
	is "$output" ".env	file"
}

@test "triage on a terminal: hide all, each, abort" {
	touch .env id_rsa
	status 1 at_terminal a aipod-hide check
	status 1 at_terminal '
' aipod-hide check
	is "$(aipod-hide list)" ""
	status 0 at_terminal ehi aipod-hide check
	is "$(aipod-hide list | cut -f1,2 | tr '\t\n' '= ')" ".env=hidden id_rsa=ignored "
	touch b.env
	status 0 at_terminal h aipod-hide check
	is "$(aipod-hide mounts | tr '\t\n' '= ')" ".env=file b.env=file "
}

@test "triage masks what dependencies hold, asks about the rest, forgives a slip" {
	mkdir -p node_modules/m r/vendor
	touch node_modules/m/.env r/vendor/x.env .env
	status 0 at_terminal xmxezi aipod-hide check
	is "$(aipod-mask list | cut -f1 | tr '\n' ' ')" "node_modules r/vendor "
	is "$(aipod-hide list | cut -f1,2 | tr '\t\n' '= ')" ".env=ignored "
}

@test "a hostile name reaches the terminal only as text" {
	touch "$(printf 'a\033]0;x\007.env')"
	status 1 at_terminal a aipod-hide check
	has "$output" 'a\x1b]0;x\x07.env'
	lacks "$output" "$(printf '\033]0;x')"
}

@test "check without a scan prints the mounts" {
	touch .env b.env
	aipod-hide add .env
	status 0 aipod-hide check --no-scan
	is "$output" ".env	file"
}

@test "hidden in a hidden directory is one mount" {
	mkdir d
	touch d/.env d.env
	aipod-hide add d/.env d d.env
	is "$(aipod-hide mounts | tr '\t\n' '= ')" "d=dir d.env=file "
}

@test "a workspace whose parent was renamed keeps its decisions" {
	mkdir -p p/w
	touch p/w/.env
	aipod-hide -w p/w add .env
	mv p q
	status 0 aipod-hide -w q/w mounts
	is "$output" ".env	file"
	has "$stderr" "this workspace was"
	# a copy is another directory, and the old one is still there
	cp -R q/w copy
	status 0 aipod-hide -w copy mounts
	is "$output" ""
}

@test "a hidden file that git tracks is said to be in its history" {
	git init -q .
	touch .env
	git add -f .env
	status 0 aipod-hide add .env
	has "$stderr" "git tracks it"
}

@test "a list that others can write is refused" {
	touch .env
	aipod-hide add .env
	chmod 666 "$XDG_STATE_HOME"/aipod/*/hidden
	status 100 aipod-hide list
	has "$stderr" refusing
}

@test "usage" {
	status 100 aipod-hide nonsense
	status 100 aipod-hide remove
	status 100 aipod-hide list x
}
