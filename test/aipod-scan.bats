load helper

setup() {
	setup_env
	cd "$T/ws"
}

paths() { aipod-scan "$@" | cut -f1; }

@test "an empty tree is clean" {
	status 0 aipod-scan
	is "$output" ""
}

@test "files are known by their name, whatever its case" {
	mkdir -p a/.aws b/.docker c/.kube
	touch .env .env.local a/.aws/credentials b/.docker/config.json \
	    c/.kube/config id_ed25519 x.P12 terraform.tfstate prod.tfvars .npmrc \
	    .pypirc .netrc store.jks
	status 1 aipod-scan
	is "$(paths | tr '\n' ' ')" ".env .env.local .netrc .npmrc .pypirc \
a/.aws/credentials b/.docker/config.json c/.kube/config id_ed25519 \
prod.tfvars store.jks terraform.tfstate x.P12 "
}

@test "examples, public keys and certificates are no secrets" {
	touch .env.example .env.sample id_rsa.pub config credentials
	printf -- '-----BEGIN CERTIFICATE-----\nMIIB\n' >ca.pem
	status 0 aipod-scan
	printf -- '-----BEGIN %s KEY-----\nMIIB\n' PRIVATE >>ca.pem
	status 1 aipod-scan
}

@test "a record has eight fields, and a hostile name stays one" {
	touch "a	b
c$(printf '\033[31m\377')d.env"
	status 1 aipod-scan
	is "${#lines[@]}" 1
	is "$(awk -F'\t' '{ print NF }' <<<"$output")" 8
	is "$(cut -f5 <<<"$output")" env-file
	aipod-scan -0 >out || true
	is "$(tr -cd '\0' <out | wc -c | tr -d ' ')" 1
	is "$(tr '\0' '.' <out)" "$(printf 'a\tb\nc\033[31m\377d.env.')"
	status 1 aipod-scan -j
	jq -e . <<<"$output" >/dev/null
	status 1 aipod-scan --sarif
	jq -e '.runs[0].results | length == 1' <<<"$output" >/dev/null
}

@test "links, FIFOs, devices and sockets are not opened" {
	echo >"$T/secret.env"
	ln -s "$T/secret.env" .env
	ln -s "$T" up
	ln -s . loop
	mkfifo .netrc
	mknod x.env c 1 5 2>/dev/null || true
	! command -v socat >/dev/null ||
	    timeout 1 socat UNIX-LISTEN:s.env - </dev/null >/dev/null 2>&1 || true
	status 0 timeout 10 aipod-scan
}

@test "what cannot be read is told apart from clean and from found" {
	[ "$(id -u)" != 0 ] || skip "root can read everything"
	mkdir closed
	chmod 000 closed
	status 101 aipod-scan
	has "$stderr" "cannot read 'closed'"
	touch .env
	status 1 aipod-scan
	has "$stderr" "there may be more"
	chmod 700 closed
}

# crowd FILES DEPTH: so many in one directory, and directories in each other
crowd() {
	mkdir many
	(cd many && seq "$1" | xargs touch)
	touch many/.env
	deep=$(printf 'd/%.0s' $(seq "$2"))
	mkdir -p "$deep"
	touch "$deep.env"
	status 1 aipod-scan -0
	is "$(paths | grep -c '\.env$')" 2
	is "$(paths | grep -c '^d/d/')" 1
	rm -rf many d
}

@test "many files in one directory, and a path of 1,000 directories" {
	crowd 1000 1000
}

@test "100,000 files in one directory" {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG is not set"
	crowd 100000 1500
}

@test "a sparse file of 100 GB is read where it holds data" {
	truncate -s 100G huge || skip "no such files here"
	printf 'AKIA%s\n' Q3EGRIWWT5KXZ2JY | dd of=huge bs=1M seek=90000 \
	    conv=notrunc status=none
	status 1 timeout 120 aipod-scan --no-cache huge
	is "$(cut -f3,5 <<<"$output")" "94371840001	aws-key"
}

@test "what vanishes while it is scanned is no failure" {
	(while [ ! -e stop ]; do mkdir -p v && touch v/1 v/2 v/3 && rm -rf v
	done) &
	for i in $(seq 20); do
		aipod-scan --no-cache >../out 2>../err
		is "$(cat ../err)" ""
	done
	touch stop
	wait
}

@test "links: each name of a file is told, and a big one is read once" {
	printf 'AKIA%s\n' Q3EGRIWWT5KXZ2JY >a
	ln a b
	is "$(paths | tr '\n' ' ')" "a b "
	rm a b
	TIMEFORMAT='%3U'
	head -c 4000000 /dev/zero >z
	t1=$( { time aipod-scan --no-cache; } 2>&1)
	for i in $(seq 100); do ln z "z$i"; done
	t2=$( { time aipod-scan --no-cache; } 2>&1)
	# a hundred readings would be a hundred times that
	awk "BEGIN { exit !($t2 < 20 * ($t1 + 0.01)) }"
}

@test ".gitignore labels a finding, and -g leaves it out" {
	git init -q .
	mkdir -p sub node_modules/m
	printf '*.env\n!keep.env\n' >.gitignore
	echo 'id_rsa' >sub/.gitignore
	touch a.env keep.env sub/id_rsa id_rsa node_modules/m/.npmrc
	is "$(aipod-scan | cut -f1,7 | tr '\t\n' '= ')" "a.env=ignored \
id_rsa=- keep.env=- node_modules/m/.npmrc=vendored sub/id_rsa=ignored "
	is "$(paths -g | tr '\n' ' ')" "id_rsa keep.env node_modules/m/.npmrc "
}

@test "a path narrows the scan and keeps its place in the workspace" {
	mkdir -p a/b
	touch a/b/.env .env
	is "$(paths a)" a/b/.env
	is "$(paths a/b/.env)" a/b/.env
	cd "$T"
	is "$(paths -w ws a)" a/b/.env
	cd "$T/home"
	is "$(paths "$T/ws/a")" b/.env
	status 100 aipod-scan -w "$T/home" "$T/ws"
	status 100 aipod-scan nowhere
}

@test "fingerprints are keyed: by user, path and secret" {
	echo one >.env
	a=$(aipod-scan | cut -f6)
	is "$(aipod-scan | cut -f6)" "$a"
	echo two >.env
	[ "$(aipod-scan | cut -f6)" != "$a" ]
	echo one >.env
	rm "$XDG_STATE_HOME/aipod/scan-key"
	[ "$(aipod-scan | cut -f6)" != "$a" ]
	is "$(stat -c %a "$XDG_STATE_HOME/aipod/scan-key")" 600
	printf '%064d\n' 7 >key
	chmod 600 key
	b=$(aipod-scan --key key .env | cut -f6)
	XDG_STATE_HOME=$T/other
	is "$(aipod-scan --key key .env | cut -f6)" "$b"
	echo nonsense >key
	status 100 aipod-scan --key key
}

@test "a baseline leaves out what it names" {
	touch a.env b.env
	aipod-scan >"$T/known" || true
	status 0 aipod-scan --baseline "$T/known"
	touch c.env
	is "$(paths --baseline "$T/known")" c.env
	cut -f6 "$T/known" | head -n 1 >"$T/one"
	is "$(paths --baseline "$T/one" | tr '\n' ' ')" "b.env c.env "
	status 100 aipod-scan --baseline a.env/x
	echo nonsense >"$T/one"
	status 100 aipod-scan --baseline "$T/one"
}
