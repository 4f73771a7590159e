#!/usr/bin/env bats
# Real clients in a box, a network namespace with a loopback and the relay as
# PID 1, to the servers of test/egress/town.py in another one, whose addresses
# change every second.  Nothing leaves the machine but the npm test.

load helper

setup_file() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	setup_env
	export LAB=$BATS_FILE_TMPDIR/lab REAL_HOME
	REAL_HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
	export D=$LAB/run
	mkdir -p "$LAB/www" "$LAB/git" "$D/bin"
	local flags=-nm
	[ "$(id -u)" -eq 0 ] || flags=-rnm
	if ! unshare $flags true 2>"$LAB/why" ||
	    ! command -v python3 curl openssl git ip busybox >/dev/null; then
		export LAB_LACKS=1
		return 0
	fi
	echo 'nameserver 127.0.0.1' >"$LAB/resolv.conf"
	openssl ecparam -name prime256v1 -genkey -noout -out "$LAB/key.pem"
	openssl req -x509 -key "$LAB/key.pem" -out "$LAB/one.pem" -days 2 \
	    -subj /CN=one -addext "subjectAltName=DNS:*.town.example"
	openssl req -x509 -key "$LAB/key.pem" -out "$LAB/two.pem" -days 2 \
	    -subj /CN=two -addext "subjectAltName=DNS:two.town.example"
	cat "$LAB/one.pem" "$LAB/two.pem" >"$LAB/ca.pem"
	mkdir "$LAB/www/one" "$LAB/www/two"
	echo "this is one" >"$LAB/www/one/index.html"
	echo "this is two" >"$LAB/www/two/index.html"
	head -c 3000000 /dev/urandom >"$LAB/www/one/big"
	git init -q --bare -b main "$LAB/git/r.git"
	git -C "$LAB/git/r.git" config http.receivepack true
	sshd_config
	# shellcheck disable=SC2016
	unshare $flags sh -c 'mount --bind "$1/resolv.conf" /etc/resolv.conf &&
	    exec python3 "$2/test/egress/town.py" "$1"' - "$LAB" "$TOP" \
	    >"$LAB/out" 2>&1 3>&- &
	echo $! >"$LAB/pid"
	until_true 10 test -e "$LAB/ready"
	printf 'allow host *.town.example\nallow host ssh.town.example:22\n' \
	    >"$LAB/rules"
	chmod 600 "$LAB/rules"
	NS=(nsenter -t "$(cat "$LAB/pid")" -n -m --wd="$PWD")
	[ "$(id -u)" -eq 0 ] || NS+=(-U --preserve-credentials)
	judge "$D" "$LAB/rules" "${NS[@]}"
}

# judge RUNDIR RULES COMMAND...: an aipod-egress, started by the command, that
# outlives the test; its process ID is in RUNDIR/pid.
judge() {
	local d=$1 r=$2
	shift 2
	rm -f "$d/hosts"
	"$@" env AIPOD_WORKSPACE="$T/ws" AIPOD_SESSION=0123abcd setsid -f sh -c \
	    'echo $$ >"$1/pid"; exec python3 "$TOP/test/egress/serve.py" \
	    "$1/egress.sock" aipod-egress -m deny -r "$2" -H "$1/hosts"' \
	    - "$d" "$r" >/dev/null 2>&1 3>&-
	until_true 10 test -s "$d/hosts"
}

# An sshd that takes one key; who is no root there cannot have one.
sshd_config() {
	[ "$(id -u)" -eq 0 ] && [ -x /usr/sbin/sshd ] || return 0
	ssh-keygen -q -t ed25519 -N '' -f "$LAB/host"
	ssh-keygen -q -t ed25519 -N '' -f "$LAB/id"
	install -m 600 "$LAB/id.pub" "$LAB/keys"
	cat >"$LAB/sshd_config" <<-EOT
	Port 22
	HostKey $LAB/host
	PidFile none
	AuthorizedKeysFile $LAB/keys
	PermitRootLogin prohibit-password
	StrictModes no
	UsePAM no
	EOT
}

teardown_file() {
	local f
	for f in "$D/pid" "$LAB/pid"; do
		[ ! -s "$f" ] || kill "$(cat "$f")"
	done
}

setup() {
	setup_env
	[ -z "${LAB_LACKS-}" ] || skip "no namespace, or no python3, curl, openssl, git"
	cd "$T"
	export CA=$LAB/ca.pem
}

needs() {
	command -v "$@" >/dev/null || skip "no $*"
}

# box [-d RUNDIR] SCRIPT: the relay is PID 1, has a loopback and nothing else.
box() {
	local user='' d=$D
	[ "$1" != -d ] || { d=$2; shift 2; }
	[ "$(id -u)" -eq 0 ] || user=-Ur
	timeout -k 1 "${BOX_TIME:-60}" unshare $user -n -m -p -f --mount-proc sh -c '
	    busybox ip link set lo up
	    mount --bind "$TOP/share/box/resolv.conf" /etc/resolv.conf
	    exec aipod-relay -d "$0" --strict -- sh -ec "$1"' "$d" "$1"
}

none_stale() { [ ! -s "$LAB/stale" ] || { cat "$LAB/stale"; return 1; }; }

@test "curl: two names of one server, files, a name without a rule" {
	status 0 box 'for n in one two; do curl -sS --cacert "$CA" \
	    https://$n.town.example/ http://$n.town.example/; done
	    curl -sS --cacert "$CA" https://one.town.example/big | cmp - "$LAB/www/one/big"
	    ! curl -sS https://nobody.example/ 2>&1
	    curl -sS -x http://127.0.0.1:3128 http://one.town.example/'
	is "$(grep -v nobody <<<"$output")" "this is one
this is one
this is two
this is two
this is one"
	has "$output" "Could not resolve host"
	none_stale
}

@test "wget, python's urllib and requests, node's fetch" {
	cat >get.py <<-'EOT'
	import ssl, os, urllib.request
	ctx = ssl.create_default_context(cafile=os.environ["CA"])
	print(urllib.request.urlopen("https://two.town.example/",
	    context=ctx).read().decode().strip(), "urllib")
	try:
	    import requests
	    print(requests.get("https://two.town.example/",
	        verify=os.environ["CA"]).text.strip(), "requests")
	except ImportError:
	    print("this is two requests")
	EOT
	cat >get.js <<-'EOT'
	fetch("https://one.town.example/").then(r => r.text()).then(t =>
	    console.log(t.trim(), "node"))
	EOT
	needs wget
	needs node
	status 0 box 'wget -qO- --ca-certificate="$CA" https://one.town.example/
	    python3 get.py; NODE_EXTRA_CA_CERTS=$CA node get.js'
	is "$output" "this is one
this is two urllib
this is two requests
this is one node"
	none_stale
}

@test "git over https: clone, push, fetch" {
	status 0 box 'export GIT_SSL_CAINFO=$CA GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
	    export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	    git clone -q https://git.town.example/r.git c 2>/dev/null
	    cd c; git checkout -q -B main; head -c 2000000 /dev/urandom >f
	    git add f; git commit -qm one; git push -q origin main
	    git clone -q https://git.town.example/r.git ../d
	    cmp f ../d/f; git ls-remote origin | cut -f 2'
	has "$output" refs/heads/main
	none_stale
}

@test "git over ssh, and a host without port 22" {
	[ -e "$LAB/sshd_config" ] || skip "no root, or no sshd"
	status 0 box 'export GIT_SSH_COMMAND="ssh -F none -i $LAB/id \
	    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -q"
	    u=$(id -un); git init -q -b main x; cd x; echo x >f; git add f
	    git -c user.name=a -c user.email=a@b commit -qm two
	    git push -q "$u@ssh.town.example:$LAB/git/r.git" main:ssh
	    git ls-remote "ssh://$u@ssh.town.example$LAB/git/r.git" | cut -f 2
	    ! timeout 10 ssh -F none -o ConnectTimeout=5 one.town.example 2>/dev/null'
	has "$output" refs/heads/ssh
}

@test "apt: an archive of our own" {
	needs apt-get dpkg-deb
	[ "$(id -u)" -eq 0 ] || skip "no root"
	mkdir -p p/DEBIAN "$LAB/www/apt" l/partial c/archives/partial s
	printf 'Package: town\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.example>\nDescription: x\n' \
	    >p/DEBIAN/control
	dpkg-deb -b p "$LAB/www/apt/town.deb" >/dev/null
	{
		sed '/^$/d' p/DEBIAN/control
		echo "Filename: ./town.deb"
		echo "Size: $(stat -c %s "$LAB/www/apt/town.deb")"
		echo "SHA256: $(sha256sum <"$LAB/www/apt/town.deb" | cut -d ' ' -f 1)"
	} >"$LAB/www/apt/Packages"
	echo 'deb [trusted=yes] http://apt.town.example/ ./' >list
	: >s/status
	status 0 box 'set -- -o Dir::Etc::sourcelist=$PWD/list -o APT::Sandbox::User=root \
	    -o Dir::Etc::sourceparts=/nonexistent -o Dir::State=$PWD/l/.. \
	    -o Dir::State::lists=$PWD/l -o Dir::Cache=$PWD/c -o Dir::State::status=$PWD/s/status
	    apt-get "$@" -qq update; apt-get "$@" -qq download town; ls town*.deb'
	has "$output" town_1_all.deb
	none_stale
}

@test "pip: an index of our own" {
	needs pip
	mkdir -p "$LAB/www/pip/simple/town"
	python3 - "$LAB/www/pip/simple/town" <<-'EOT'
	import sys, zipfile
	n = "town-1-py3-none-any.whl"
	with zipfile.ZipFile(sys.argv[1] + "/" + n, "w") as z:
	    z.writestr("town.py", "here = 1\n")
	    z.writestr("town-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: town\nVersion: 1\n")
	    z.writestr("town-1.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
	    z.writestr("town-1.dist-info/RECORD", "town.py,,\ntown-1.dist-info/METADATA,,\ntown-1.dist-info/WHEEL,,\ntown-1.dist-info/RECORD,,\n")
	open(sys.argv[1] + "/index.html", "w").write(f'<a href="{n}">{n}</a>')
	EOT
	status 0 box 'env -u REQUESTS_CA_BUNDLE -u CURL_CA_BUNDLE pip install -q --isolated --disable-pip-version-check \
	    --no-deps --cert "$CA" --index-url https://pip.town.example/simple/ -t t town
	    cat t/town.py'
	has "$output" "here = 1"
	none_stale
}

@test "cargo: a registry of our own" {
	needs cargo
	local sum www=$LAB/www/cargo
	export RUSTUP_HOME=$REAL_HOME/.rustup CARGO_HOME=$T/cargo
	cargo --version >/dev/null 2>&1 || skip "cargo does not run"
	mkdir -p "$www/to/wn" town-1.0.0/src app/src "$CARGO_HOME"
	printf '[package]\nname = "town"\nversion = "1.0.0"\n' >town-1.0.0/Cargo.toml
	: >town-1.0.0/src/lib.rs
	tar czf "$www/town.crate" town-1.0.0
	sum=$(sha256sum <"$www/town.crate" | cut -d ' ' -f 1)
	echo '{"dl":"https://cargo.town.example/{crate}.crate"}' >"$www/config.json"
	printf '{"name":"town","vers":"1.0.0","deps":[],"cksum":"%s","features":{},"yanked":false}\n' \
	    "$sum" >"$www/to/wn/town"
	printf '[registries.t]\nindex = "sparse+https://cargo.town.example/"\n[http]\ncainfo = "%s"\n' \
	    "$CA" >"$CARGO_HOME/config.toml"
	printf '[package]\nname = "app"\nversion = "0.1.0"\n[dependencies]\ntown = { version = "1", registry = "t" }\n' \
	    >app/Cargo.toml
	: >app/src/lib.rs
	status 0 box 'cd app; cargo fetch -q; find "$CARGO_HOME/registry/src" -name lib.rs'
	has "$output" town-1.0.0/src/lib.rs
	none_stale
}

@test "npm: the registry that it is set up for, by a rule, and nothing else" {
	needs npm
	local url host
	url=$(cd / && HOME=$REAL_HOME npm config get registry 2>/dev/null)
	host=${url#https://} host=${host%%[/:]*}
	[ "$url" != "$host" ] && [ -n "$host" ] || skip "npm has no https registry"
	curl -sS -m 10 -o /dev/null "$url" 2>/dev/null || skip "npm's registry is not reached from here"
	mkdir -p run/bin
	echo "allow host $host:443" >rules
	chmod 600 rules
	judge "$T/run" "$T/rules"
	status 0 box -d "$T/run" 'export npm_config_registry='"$url"' npm_config_update_notifier=false
	    npm pack -s left-pad@1.3.0; npm view -s left-pad@1.3.0 version
	    ! curl -sS -m 5 https://example.com/ 2>/dev/null'
	kill "$(cat run/pid)"
	has "$output" left-pad-1.3.0.tgz
	has "$output" 1.3.0
	tar tzf left-pad-1.3.0.tgz | grep -q package.json
}

@test "half-close, refusals, and the judge started anew" {
	status 0 box 'printf "GET / HTTP/1.1\r\nHost: one.town.example\r\nConnection: close\r\n\r\n" |
	    socat -t 10 - TCP:one.town.example:80 | tail -n 1
	    curl -sS -H "Host: two.town.example" http://one.town.example/ | grep why
	    ! curl -sSk --resolve two.town.example:443:"$(getent hosts one.town.example |
		cut -d " " -f 1)" https://two.town.example/ 2>/dev/null'
	has "$output" "this is one"
	has "$output" "why:"
	NS=(nsenter -t "$(cat "$LAB/pid")" -n -m --wd="$PWD")
	[ "$(id -u)" -eq 0 ] || NS+=(-U --preserve-credentials)
	box 'curl -sS http://one.town.example/; : >now
	    until [ -e then ]; do sleep 0.1; done; curl -sS http://two.town.example/' >out 3>&- &
	local pid=$!
	until_true 10 test -e now
	kill "$(cat "$D/pid")"
	until_true 10 eval '! kill -0 "$(cat "$D/pid")" 2>/dev/null'
	judge "$D" "$LAB/rules" "${NS[@]}"
	: >then
	wait $pid
	is "$(cat out)" "this is one
this is two"
}

@test "1,000 connections while addresses change every second, none stale" {
	local n=1000 seconds=5
	[ -z "${AIPOD_TEST_LONG-}" ] || seconds=100
	rm -f "$LAB/stale"
	cat >many.py <<-'EOT'
	import concurrent.futures, socket, sys, time
	n, seconds = int(sys.argv[1]), float(sys.argv[2])
	begin = time.monotonic()
	def one(i):
	    time.sleep(max(0, begin + i * seconds / n - time.monotonic()))
	    h = f"{'one' if i % 2 else 'two'}.town.example"
	    with socket.create_connection((h, 80), 20) as s:
	        s.sendall(f"HEAD / HTTP/1.1\r\nHost: {h}\r\n\r\n".encode())
	        return s.recv(4096).split(b"\r\n")[0].decode()
	with concurrent.futures.ThreadPoolExecutor(20) as p:
	    got = list(p.map(one, range(n)))
	print({g: got.count(g) for g in got})
	EOT
	export AIPOD_N=$n AIPOD_S=$seconds
	[ "$seconds" -lt 50 ] || BOX_TIME=200
	status 0 box 'python3 many.py $AIPOD_N $AIPOD_S'
	is "$output" "{'HTTP/1.1 200 OK': $n}"
	none_stale
}
