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
	db.internal:5432:app:joe:%s
	network={ psk="%s" }
	keytool -genkey -storepass %s -alias x
	define('DB_PASSWORD', '%s');
	<AdministratorPassword><Value>%s</Value>
	<Connector keystorePass="%s"/>
	ENV DB_PASSWORD %s
	Dim password As String = "%s"
	jdbc:oracle:thin:scott/%s@//db:1521/x
	jdbc:mysql://db/x?user=joe&password=%s
	smbclient //srv/x -U joe%%%s
	/msg nickserv identify %s
	echo "joe:%s" | chpasswd
	echo %s | sudo -S true
	net user joe %s /add
	rabbitmqctl add_user joe %s
	htpasswd -cb /etc/users joe %s
	stats auth joe:%s
	db = open("joe:%s@tcp(db:3306)/x")
	req.SetBasicAuth("joe", "%s")
	secret = %s
	<wsse:Password Type="PasswordText">%s</wsse:Password>
	<key>Password</key><value>%s</value>
	<input type="password" name="pw" value="%s">
	password: ${DB_PASSWORD:-%s}
	password = os.environ.get("PW") or "%s"
	cy.get("#password").type("%s")
	page.fill("#password", "%s")
	fill_in "Password", with: "%s"
	mapOf("password" to "%s")
	Password=%s;User ID=joe;Data Source=db
	username joe password 0 %s
	{"DBPassword": {"Type": "String", "Default": "%s"}}
	<password><![CDATA[%s]]></password>
	set :db_password, "%s"
	curl_easy_setopt(c, CURLOPT_USERPWD, "joe:%s");
	public string Password { get; set; } = "%s";
	wpa2-pre-shared-key="%s"
	**Password:** `%s`
	X
}

@test "a password in the column of a table" {
	p=x7$(LC_ALL=C tr -dc 'a-z0-9' </dev/urandom | head -c 8)Q
	printf 'host,user,password\na.internal,joe,%s\n' "$p" >a
	printf '"password";"user"\n"%s";"joe"\n' "$p" >b
	printf '| user | password |\n|---|---|\n| joe | %s |\n' "$p" >c
	printf 'field,password\nlength\n' >d
	printf 'user,password\njoe,secret\n' >e
	is "$(aipod-scan --no-cache | cut -f1,2 | tr '\t\n' ': ')" "a:2 b:2 c:3 "
}

@test "a generated value without an operator, and among words" {
	t=$(token 34 9)
	i=0
	while read -r line; do
		rm -f *.conf
		i=$((i + 1))
		printf "$line\n" "$t" >"$i.conf"
		[ -n "$(rules)" ] || { echo "not found: $line"; return 1; }
	done <<-'X'
	acme token - '%s'
	acme SECRET %s
	acmeTOKEN-%s
	| access token | %s |
	Your secret is %s, keep it.
	<secret>{acme AQAAABAAA %s}</secret>
	token = ' %s '
	acme_token: OAuth %s
	fetch(`https://h.internal/w?access_token=%s`)
	{"kty":"EC","crv":"P-256","d":"%s"}
	acme_pat = %s
	X
	rm -f *.conf
	printf '%s\n' 'mnemonic = "witch collapse practice feed shame open despair' \
	    'creek road again ice least"' | tr '\n' ' ' >f
	is "$(rules)" "seed-phrase "
	cat >f <<-'X'
	The token is what the parser returns, a secret is not.
	token - a word of the language
	mnemonic = "add the two registers and keep the carry flag"
	{"kty":"EC","x":"0","y":"1"}
	secretName: app-database-2
	<secret>see the documentation of version 2.0.18</secret>
	X
	is "$(rules)" ""
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
	lib-$(CONFIG_PASSWD) += pw_encrypt.o
	cp "$(pwd)"/.git/objects/x y
	password = $HOME/x
	X
	status 0 aipod-scan
}

@test "paths, versions, types, formats and bytes are no passwords" {
	mkdir sub
	cat >sub/a.conf <<-'X'
	DEPEND[doc/man1/passwd.pod]=man1/passwd.pod
	CURLOPT_PASSWORD  7.19.1
	"password": {"type": "string", "format": "secret-text"}
	{ "name": "password", "type": "string" }
	{"password": {"title": "x", "default": ""}}
	<resource key="password">Password</resource>
	label.password=Kennwort
	passwd => '_null_'
	password_encryption = scram-sha-256
	X
	cat >sub/a.c <<-'X'
	printf("pass=%-31s\n", pass);
	.key = "\x60\x3d\xeb\x10\x15\xca\x71\xbe\x2b\x73\xae\xf0"
	X
	echo 'verifyKey = MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmXg8sUUzwBYa' >sub/k
	status 0 aipod-scan --no-cache
}

@test "in a test a password counts when it is strong or no person chose it" {
	p=$(token 16 8)
	mkdir t src
	printf 'password=%s\nhttps://joe:%s@h.internal/x\n' winter77 summer78 |
		tee t/chosen >src/chosen
	printf 'Authorization: Basic %s\n' "$(printf 'joe:spring79' | base64)" |
		tee t/basic >src/basic
	printf 'Authorization: Basic %s\n' "$(printf 'joe:Autumn-80' | base64)" |
		tee t/basic-strong >src/basic-strong
	printf 'password=Winter77\n' | tee t/strong >src/strong
	printf 'password=%s\n' "$p" | tee t/made >src/made
	is "$(aipod-scan --no-cache | cut -f1 | sort -u | tr '\n' ' ')" \
	    "src/basic src/basic-strong src/chosen src/made src/strong t/basic-strong t/made t/strong "
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

# wood SEED: a tree of a few thousand files and rules at several levels of it
wood() {
	LC_ALL=C awk -v seed="$1" '
	function r(n) {			# 0 to n - 1, the same on every awk
		seed = (seed * 16807) % 2147483647
		return int(seed / 7) % n
	}
	function piece(  p) {
		p = name[1 + r(names)]
		if (r(4) == 0)
			p = substr(p, 1, 1) "*"
		else if (r(6) == 0)
			p = "*" substr(p, length(p))
		else if (r(6) == 0)
			p = "[" substr(p, 1, 1) (r(2) ? "-f" : "z") "]" substr(p, 2)
		else if (r(8) == 0)
			p = "[!" substr(p, 1, 1) "]" substr(p, 2)
		else if (r(8) == 0)
			p = "?" substr(p, 2)
		else if (r(10) == 0)
			p = "\\" p
		return p
	}
	function rule(  p, n, i) {
		n = 1 + (r(3) == 0) + (r(6) == 0)
		for (i = 1; i <= n; i++)
			p = p (i > 1 ? "/" : "") (r(7) == 0 ? "**" : piece())
		p = (r(4) == 0 ? "!" : "") (r(5) == 0 ? "/" : "") p
		if (r(3) == 0)
			p = p ".env"
		return p (r(6) == 0 ? "/" : "") (r(12) == 0 ? "  " : \
		    r(12) == 0 ? "\\ " : "")
	}
	BEGIN {
		names = split("a b ab abc foo fo o.o x.y #x !y sp_ce dee [k] q-r", name)
		dir[0] = ""
		dirs = 1
		for (i = 0; i < 120; i++) {
			d = dir[r(dirs)]
			if (gsub("/", "/", d) < 4)
				dir[dirs++] = d name[1 + r(names)] "/"
		}
		for (i = 0; i < 2500; i++)
			print "f\t" dir[r(dirs)] name[1 + r(names)] \
			    (r(3) ? ".env" : "z.env")
		for (i = 0; i < 40; i++) {
			d = i < 4 ? "" : dir[r(dirs)]
			for (k = 0; k < 4; k++)
				print "i\t" d ".gitignore\t" rule()
		}
	}' >"$T/wood"
	cut -f2 "$T/wood" | sed 's,[^/]*$,,' | sort -u | sed 's,^,./,' |
	    tr '\n' '\0' | xargs -0 mkdir -p
	awk -F'\t' '$1 == "f" { printf "./%s%c", $2, 0 }' "$T/wood" | xargs -0 touch
	awk -F'\t' '$1 == "i" { print $3 >>("./" $2); close("./" $2) }' "$T/wood"
}

@test "ignored as git ignores, over thousands of files and random rules" {
	command -v git >/dev/null || skip "no git"
	for seed in 1 2 3 4; do
		rm -rf w
		mkdir w
		cd w
		wood "$seed"
		git init -q .
		find . -name '*.env' -type f -not -path './.git/*' | sed 's,^\./,,' |
		    sort >"$T/all"
		[ "$(wc -l <"$T/all")" -gt 800 ]
		tr '\n' '\0' <"$T/all" | git check-ignore -z --stdin |
		    tr '\0' '\n' | sort >"$T/want"
		aipod-scan -w . | awk -F'\t' '$7 == "ignored" { print $1 }' | sort >"$T/got"
		diff "$T/want" "$T/got" || { echo "seed $seed"; return 1; }
		[ "$(wc -l <"$T/want")" -gt 50 ]
		# and -g leaves out just these
		aipod-scan -g -w . | cut -f1 | sort >"$T/got"
		comm -23 "$T/all" "$T/want" | diff - "$T/got"
		cd ..
	done
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

@test "every secret of a file is told, wherever they stand in it" {
	for i in $(seq 40); do
		printf 'token%d = "%s"\n' "$i" "$(token 30 "$i")"
		printf 'db_password%d = "%s"\n' "$i" "$(token 12 "$i")"
	done >many
	is "$(aipod-scan --no-cache | wc -l | tr -d ' ')" 80
}

# cpu FILE: thousandths of a second of a processor that a scan of it takes
cpu() {
	TIMEFORMAT='%3U %3S'
	{ time aipod-scan -q --no-cache --threads 1 "$1" >/dev/null || true; } \
	    2>&1 | awk '{ print int(($1 + $2) * 1000) + 1 }'
}

# hostile BYTES TEXT: the text again and again
hostile() {
	yes "$2" | tr -d '\n' | tr '~' '\n' | head -c "$1"
}

@test "time is linear in the bytes, whatever the bytes" {
	while read -r piece; do
		if sanitized; then	# for the sake of its bytes alone
			hostile 20000 "$piece" >small
			cpu small >/dev/null
			continue
		fi
		hostile 100000 "$piece" >small
		hostile 400000 "$piece" >big
		a=$(cpu small)
		b=$(cpu big)
		# quadratic would be sixteen times; once more for a busy machine
		if [ "$b" -gt $((8 * a + 40)) ]; then
			a=$(cpu small)
			b=$(cpu big)
		fi
		[ "$b" -le $((8 * a + 40)) ] || {
			echo "$piece: $a and $b ms"
			return 1
		}
	done <<-'X'
	kind: Secret x
	kind: Secret~data:~ a: b~
	curl -H x
	curl -H "key:
	curl -u a: x
	x-figma-token: x
	password is x
	token - x
	tokenSECRET-
	<secret>{x 
	echo chpasswd
	"kty"
	mnemonic = "add 
	<password x
	password" a="b" 
	x || "
	//password
	"password": { "
	password,~
	| password |~|-
	<input type="password" a="
	password="
	password='secret="token=`
	_auth=
	secret_key_base(
	wpa_passphrase=
	pscredential(
	mysql -u x
	machine a login x
	https://a:
	https://a:b@
	bearer:-
	hvs.AAAAAAAAAAAAAAAAAAAAAAAAAAA
	eyJhbGciOiJIUzI1NiIsInR5.ey
	-----BEGIN PRIVATE KEY-----abc
	-----BEGIN PRIVATE KEY
	QUtJQQ
	%41%4b%49%41
	414b4941
	a
	"
	{
	\"
	token:~~
	X
	not_sanitized
	for enc in a -; do
		hostile 100000 "$enc" | iconv -t UTF-16LE >small
		hostile 400000 "$enc" | iconv -t UTF-16LE >big
		[ "$(cpu big)" -le $((8 * $(cpu small) + 40)) ]
	done
}

@test "no literal of the rules costs a hundred times what plain text does" {
	mkdir hits plain
	n=4000
	! sanitized || n=400
	awk -F'\t' '!/^#/ && NF > 2 { n = split($2, l, ",")
		for (i = 1; i <= n; i++) if (l[i] != "" && !seen[l[i]]++)
			print l[i] }' "$TOP/share/rules/secrets.tsv" >literals
	# of each its own file, and three ways for it to go on
	awk '{ f = "hits/" NR % 100; for (k = 0; k < 3; k++) {
		s = $0 substr("= -aB3", 2 * k + 1, 2); t = ""
		while (length(t) < '"$n"') t = t s
		printf "%s", t >f } close(f) }' literals
	for f in hits/*; do
		hostile "$(wc -c <"$f")" 'the quick brown fox ' >"plain/${f##*/}"
	done
	a=$(cpu plain)
	b=$(cpu hits)
	not_sanitized
	[ "$b" -le $((100 * a)) ] || { echo "$a and $b ms"; return 1; }
}
