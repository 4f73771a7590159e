load helper

# No token stands in here: they are made of letters drawn anew each time.
setup() {
	setup_env
	cd "$T/ws"
	W=$(LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 36)
	TOKEN=gh$(printf 'p_')$W
}

rules() { aipod-scan --no-cache "$@" | cut -f5 | sort -u | tr '\n' ' '; }

@test "a token is found at its line and column, and shown masked" {
	printf 'one\ntwo = "%s"\n' "$TOKEN" >a.txt
	is "$(aipod-scan | cut -f1-5)" "a.txt	2	8	40	github-token"
	lacks "$(aipod-scan)" "$W"
	has "$(aipod-scan --show)" "$TOKEN"
}

@test "a token across the edge of every buffer, in 5 MB lines, at the end" {
	for n in 524280 540650 557040 1048570 5000000; do
		head -c "$n" /dev/zero | tr '\0' ' ' >big
		printf '%s' "$TOKEN" >>big
		is "$(aipod-scan --no-cache | cut -f2-4)" "1	$((n + 1))	40"
	done
}

@test "UTF-16, base64, hexadecimal and percent signs" {
	command -v iconv >/dev/null || skip "no iconv"
	printf 'k = %s\n' "$TOKEN" | iconv -t UTF-16LE >a
	is "$(rules)" "github-token "
	for pre in '' x xy; do
		printf '%s%s;' "$pre " "$TOKEN" | base64 -w0 >a
		is "$(rules)" "github-token "
	done
	printf '%s' "$TOKEN" | od -An -tx1 | tr -d ' \n' >a
	is "$(rules)" "github-token "
}

@test "passwords in the places where people write them" {
	p=x7$(LC_ALL=C tr -dc 'a-z0-9' </dev/urandom | head -c 8)Q
	i=0
	while read -r line; do
		rm -f f.*
		i=$((i + 1))
		printf "$line\n" "$p" >"f.$i"
		[ -n "$(rules)" ] || { echo "not found: $line"; return 1; }
	done <<-'X'
	db.password=%s
	postgres://joe:%s@db.internal/x
	machine h.internal login joe password %s
	<add key="MailPassword" value="%s"/>
	curl -u joe:%s https://h.internal/
	$env:x = ConvertTo-SecureString "%s" -AsPlainText
	new NetworkCredential("joe", "%s");
	Server=db;User Id=joe;Password=%s;
	requirepass %s
	X
}

@test "names, placeholders and expressions are no passwords" {
	cat >a.env.txt <<-'X'
	password = os.environ["PW"]
	password = ${DB_PASSWORD}
	password: "changeme"
	<input type="password" name="password">
	token = request.headers.get("x")
	passwordLabel: "Password:"
	url = https://user:{{pass}}@host/
	X
	status 0 aipod-scan
}

@test "aipod:allow counts only when asked for" {
	printf 'x = %s # aipod:allow\n' "$TOKEN" >a
	status 1 aipod-scan
	status 0 aipod-scan --allow-comments
}

@test "what is clean is remembered, and what changes is read again" {
	printf 'nothing here\n' >a
	touch -d '1 hour ago' a
	sleep 3.1
	status 0 aipod-scan -w .
	[ -s "$XDG_STATE_HOME/aipod/$(aipod-hash)/scanned" ]
	status 0 aipod-scan -w .
	# the same size and time of writing: the inode's change tells
	printf '%.13s' "$TOKEN" >b
	printf '%s' "$TOKEN" >c
	touch -r a c
	mv c a
	status 1 aipod-scan -w .
}

@test "staged changes and history" {
	command -v git >/dev/null || skip "no git"
	git init -q .
	printf 'x = %s\n' "$TOKEN" >a
	status 0 aipod-scan --staged
	git add a
	is "$(aipod-scan --staged | cut -f1,7)" "a	staged"
	git -c user.name=a -c user.email=a@b.c commit -qm x
	git rm -q a
	status 0 aipod-scan
	is "$(aipod-scan --history | cut -f1,7)" "a	history"
}

@test "ignored as git ignores, over a tree of names and rules" {
	command -v git >/dev/null || skip "no git"
	git init -q .
	mkdir -p a/b/c d/a/b x/y
	printf '*.o\n!keep.o\n/a/b\nd/**/b\n[xy]?\n/x/*\n!/x/y\ndeep/\n' >.gitignore
	printf '*.c\n!b.c\n' >d/.gitignore
	for d in . a a/b a/b/c d d/a d/a/b x x/y; do
		for f in a.o keep.o b.c x1 .env deep; do touch "$d/$f.env" "$d/$f"; done
	done
	find . -name '*.env' -not -path './.git/*' | sed 's,^\./,,' | sort >all
	git check-ignore --stdin <all | sort >want || true
	aipod-scan | awk -F'\t' '$7 == "ignored" { print $1 }' | sort >got
	[ -s want ]
	diff want got
}

# random LENGTH: letters of both cases and digits, from a fixed generator
token() {
	awk -v n="$1" -v seed="$2" 'BEGIN { srand(seed); for (s = "Ab1Xy2";
	    length(s) < n;) s = s substr("ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	    "abcdefghijklmnopqrstuvwxyz0123456789", 1 + int(rand() * 62), 1)
	    print s }'
}

@test "tokens of providers that no rule names, and values a step away" {
	printf 'x acme_live_%s\n' "$(token 32 1)" >live
	printf 'variable "corp_api_token" {\n  type = string\n  default = "%s"\n}\n' \
	    "$(token 40 2)" >main.tf
	printf 'jwt:\n  secret: "%s"\n' "$(token 32 3)" >nested.yml
	printf 'curl https://a.example \\\n-u me:%s\n' "$(token 24 4)" >run
	printf 'PASS = "%s"\n' "$(token 12 5)" >bare
	printf 'bypass = "%s"\n' yes-or-no >bypass
	status 1 aipod-scan --no-cache
	is "$(cut -f1,2 <<<"$output" | tr '\t\n' ': ')" \
	    "bare:1 live:1 main.tf:3 nested.yml:2 run:2 "
}

@test "what repeats, or has the alphabet in it, is an example" {
	printf 'token = "%s"\n' "$(printf 'Sk3%.0s' 1 2 3 4 5 6 7 8 9 0 1 2)" >a
	printf 'token = "%sklmnopqrstuvwx%s"\n' "$(token 30 6)" "$(token 30 7)" >b
	status 0 aipod-scan --no-cache
}
