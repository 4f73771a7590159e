#!/usr/bin/env bats
# A session in a real container on a network where names lead somewhere: the
# town of test/egress/town.py.  Needs root: the engine runs in its namespaces.

load helper

setup_file() { engine_file_setup; }

setup() {
	engine_setup
	[ "$(id -u)" -eq 0 ] || skip "no root"
	command -v python3 ip openssl >/dev/null || skip "no python3, ip or openssl"
	LAB=$T/lab
	mkdir -p "$LAB/www/one" "$LAB/www/two"
	echo "this is one" >"$LAB/www/one/index.html"
	echo "this is two" >"$LAB/www/two/index.html"
	echo 'nameserver 127.0.0.1' >"$LAB/resolv.conf"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$LAB/key.pem" -out "$LAB/one.pem" -days 2 -subj /CN=one 2>/dev/null
	cp "$LAB/one.pem" "$LAB/two.pem"
	unshare -nm sh -c 'mount --bind "$1/resolv.conf" /etc/resolv.conf &&
	    exec python3 "$2/test/egress/town.py" "$1"' - "$LAB" "$TOP" \
	    >"$LAB/out" 2>&1 3>&- &
	lab=$!
	until_true 10 test -e "$LAB/ready"
}

teardown() {
	[ -z "${lab-}" ] || kill "$lab"
	engine_teardown
}

town() { nsenter -t "$lab" -n -m --wd="$PWD" "$@"; }

@test "record: what a session reached is the smallest file of rules for it" {
	aipod-allow host two.town.example
	status 0 town aipod run --egress record sh -c '
	    wget -q -O - http://one.town.example/; wget -q -O - http://two.town.example/
	    wget -q -O - http://one.town.example/; ! wget -q -O - http://nobody.example/'
	is "$output" "this is one
this is two
this is one"
	rules=$(grep '^allow ' <<<"$stderr")
	is "$rules" "allow host one.town.example:80"
	# and it suffices
	aipod-allow add host one.town.example:80
	status 0 town aipod run --egress deny wget -q -O - http://one.town.example/
	is "$output" "this is one"
	status 1 town aipod run --egress deny wget -q -O - http://six.town.example/
}
