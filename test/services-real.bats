#!/usr/bin/env bats
# PostgreSQL and Redis as services, from Debian's packages, and many sessions
# at once.  For AIPOD_TEST_LONG=1.

load helper

setup_file() {
	[ "${AIPOD_TEST_LONG-}" = 1 ] || { skip_file "AIPOD_TEST_LONG=1 runs it"; return 0; }
	engine_file_setup
	[ -z "${SKIP_FILE-}" ] || return 0
	local cache=${AIPOD_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aipod-test}
	export AIPOD_IMAGE=localhost/aipod-test-services:1
	if ! "$E" image inspect $AIPOD_IMAGE >/dev/null 2>&1; then
		if [ ! -s "$cache/services.tar" ]; then
			command -v mmdebstrap >/dev/null || {
				skip_file "no mmdebstrap here"
				return 0
			}
			mkdir -p "$cache"
			"$TOP/test/images/services" "$cache/services.tar" \
			    >"$BATS_FILE_TMPDIR/services.log" 2>&1 || {
				cat "$BATS_FILE_TMPDIR/services.log" >&2
				return 1
			}
		fi
		"$E" import --change 'ENTRYPOINT ["/usr/local/bin/entry"]' \
		    --change 'CMD ["postgres"]' --change 'STOPSIGNAL SIGINT' \
		    --change 'VOLUME /var/lib/postgresql/data' \
		    "$cache/services.tar" $AIPOD_IMAGE >/dev/null
	fi
}
setup() {
	engine_setup
	aipod-allow service $AIPOD_IMAGE env POSTGRES_PASSWORD
	aipod-allow service $AIPOD_IMAGE
	# the box is of the same image, for the clients: with its commands
	printf 'FROM %s\nENTRYPOINT []\n' $AIPOD_IMAGE >aipod.Dockerfile
}
teardown() {
	[ -z "${pids-}" ] || kill -9 $pids 2>/dev/null || true
	engine_teardown
}

no_service() {
	[ -z "$("$E" ps -a -q --filter "label=aipod.workspace=$H" \
	    --filter label=aipod.role=service)" ]
}

@test "services: psql and redis-cli by name, and two databases at one port" {
	cat >go <<-X
	set -e
	export PGUSER=postgres PGPASSWORD=secret
	aipod-call start_service name=db image=$AIPOD_IMAGE \\
	    env:='{"POSTGRES_PASSWORD":"secret"}' timeout:=120; echo
	aipod-call start_service name=db2 image=$AIPOD_IMAGE \\
	    env:='{"POSTGRES_PASSWORD":"other"}' timeout:=120; echo
	aipod-call start_service name=cache image=$AIPOD_IMAGE \\
	    command:='["redis-server"]'; echo
	psql -h db -tAc 'create table t (x int)'
	psql -h db -tAc 'insert into t select generate_series(1, 100000)'
	psql -h db -tAc 'select sum(x) from t'
	psql -h db2 -tAc 'select 1' 2>&1 || true
	PGPASSWORD=other psql -h db2 -tAc 'select count(*) from pg_tables where tablename = \$\$t\$\$'
	for i in 1 2 3 4 5 6 7 8 9 10; do
		psql -h db -tAc 'select pg_sleep(0.2), pg_backend_pid()' >/dev/null &
	done
	wait
	redis-cli -h cache set key value
	redis-cli -h cache get key
	redis-benchmark -h cache -q -n 2000 -c 50 -t get | tr '\r' '\n' | grep 'per second'
	aipod-call stop_service name=db; echo
	psql -h db -tAc 'select 1' 2>&1 || echo gone
	X
	status 0 timeout 500 aipod run --no-scan bash go </dev/null
	echo "$output" >&3
	has "$output" 5000050000
	has "$output" "password authentication failed"
	has "$output" "
0
"
	has "$output" "OK
value"
	has "$output" gone
	until_true 20 no_service
}

@test "services: a launcher killed with databases at work leaves nothing" {
	cat >go <<-X
	aipod-call start_service name=db image=$AIPOD_IMAGE \\
	    env:='{"POSTGRES_PASSWORD":"secret"}' timeout:=120
	: >up
	PGUSER=postgres PGPASSWORD=secret psql -h db -c 'select pg_sleep(100)'
	X
	aipod run --no-scan bash go </dev/null >"$T/box" 2>&1 3>&- &
	pids=$!
	until_true 120 test -e up
	volume=$("$E" inspect --format '{{range .Mounts}}{{.Name}} {{end}}' \
	    $("$E" ps -q --filter "label=aipod.workspace=$H" --filter label=aipod.role=service))
	[ -n "$volume" ]
	kill -9 $pids
	until_true 20 nothing_left
	for v in $volume; do ! "$E" volume inspect "$v" >/dev/null 2>&1; done
}

@test "services: 20 sessions with a service each at once" {
	n=${AIPOD_TEST_SESSIONS:-20}
	cat >go <<-X
	i=\$1
	aipod-call start_service name=web image=$AIPOD_IMAGE port:=80 timeout:=300 \\
	    command:="[\"redis-server\",\"--port\",\"80\"]"; echo
	redis-cli -h web -p 80 set key \$i >/dev/null
	: >up\$i
	until [ -e on ]; do sleep 0.5; done
	echo "\$i is \$(redis-cli -h web -p 80 get key)"
	X
	date +'%T begin' >&3
	for i in $(seq "$n"); do
		aipod run --no-scan bash go "$i" </dev/null >"$T/box$i" 2>&1 3>&- &
		pids="${pids-} $!"
	done
	for i in $(seq "$n"); do until_true 500 test -e "up$i"; done
	date +'%T all up' >&3
	is "$(aipod-service | grep -c running)" "$n"
	is "$(aipod-service | cut -f 1 | sort -u | wc -l)" "$n"
	set -- $pids
	kill -9 "$1"
	shift
	: >on
	for p; do wait "$p" || { tail -n 5 "$T"/box* >&2; return 1; }; done
	date +'%T all ended' >&3
	for i in $(seq 2 "$n"); do has "$(cat "$T/box$i")" "$i is $i"; done
	until_true 60 nothing_left
	pids=
}
