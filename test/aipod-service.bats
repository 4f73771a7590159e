#!/usr/bin/env bats
# Services in real sessions: containers of a busybox image, reached from the
# box by name.

load helper
load boxes

setup_file() { boxes_file_setup; }
teardown_file() { boxes_file_teardown; }
setup() {
	engine_setup
	# what a box runs: SVC NAME SCRIPT [ARG ...] starts one of our image
	cat >svc <<-X
	svc() {
		svc_name=\$1 svc_script=\$2
		shift 2
		aipod-call start_service name="\$svc_name" image="$IMAGE" \\
		    command:="[\"/bin/busybox\",\"sh\",\"-c\",\"\$svc_script\"]" "\$@"
		set -- \$?
		echo
		return \$1
	}
	page() {
		echo "echo \$1 >/tmp/index.html; exec /bin/busybox httpd -f -p \$2 -h /tmp"
	}
	get() { busybox wget -q -O - "http://\$1/index.html"; }
	X
}
teardown() {
	[ -z "${pids-}" ] || kill -9 $pids 2>/dev/null || true
	engine_teardown
}

# box SCRIPT: in a session, with the functions above; what it says in $output.
box() {
	printf '. /app/svc\n%s\n' "$1" >go
	status "${2-0}" timeout 100 aipod run sh go </dev/null
}
allowed() { aipod-allow service "$IMAGE" "$@"; }
no_service() {
	[ -z "$("$E" ps -a -q --filter "label=aipod.workspace=$H" \
	    --filter label=aipod.role=service)" ]
}

@test "service: usage" {
	status 0 aipod-service --help
	status 0 aipod-service --version
	status 0 aipod-service
	is "$output" ""
	for a in 'start' 'start x' 'start Bad img' 'start localhost img' 'stop' \
	    'logs' 'logs a b' 'list x' 'start -p 0 x img' 'start -t 601 x img' \
	    'start x dir:/etc' 'start x docker-archive:x' 'start x -x' \
	    'start -e A=b x img' 'start -e NOT_SET x img' '--mcp x' 'frob'; do
		status 100 aipod-service $a
	done
	status 1 aipod-service start x img
	status 1 aipod-service logs x
	status 1 aipod-service stop x
}

@test "service: reached by name, two of them at one port, and gone after stop" {
	allowed
	box '
	svc web "$(page one 80)" || exit
	svc other "$(page two 80)" || exit
	get web; get other
	nslookup web 2>/dev/null | grep -c 127.1
	aipod-call list_services
	aipod-call -j service_logs name=web | grep -o "\"state\":\"running\""
	svc web "$(page again 80)"; echo "status $?"
	aipod-call stop_service name=web
	get web || echo "no web"
	get other
	ls /run/aipod'
	has "$output" "Running. Reach it at the host name web, port 80.
Running. Reach it at the host name other, port 80."
	has "$output" "one
two"
	has "$output" "web ($IMAGE): Running. Reach it at the host name web, port 80."
	has "$output" '"state":"running"'
	has "$output" "status 1"
	has "$stderr$output" "is there already"
	has "$output" "no web
two"
	has "$output" "svc-other.sock"
	lacks "$output" "svc-web.sock"
	until_true 5 nothing_left
}

@test "service: what cannot start is told with its log, and leaves nothing" {
	allowed
	aipod-allow service localhost/no-such-image:1
	box '
	svc "Bad" true
	svc host.containers.internal true
	aipod-call start_service name=x image=dir:/etc; echo
	aipod-call start_service name=x image=localhost/no-such-image:1; echo
	svc crash "echo about to fail >&2; exit 3"
	svc slow "exec /bin/busybox sleep 50" timeout:=1
	svc wrong "$(page x 80)" port:=81 timeout:=1
	svc noenv "true" env:="{\"1A\":\"x\"}"
	aipod-call start_service name=bin image="'"$IMAGE"'" command:="[\"/no/such\"]"; echo
	aipod-call -j list_services; echo
	ls /run/aipod' 0
	has "$output$stderr" "The name is no good: it must be lower-case"
	has "$output$stderr" "no image"
	has "$output$stderr" "cannot be pulled"
	has "$output$stderr" "it ended at once with exit code 3"
	has "$output$stderr" "about to fail"
	has "$output$stderr" "it listened on no port within 1 seconds"
	has "$output$stderr" "nothing listened on port 81 within 1 seconds"
	has "$output$stderr" "a variable's name is letters"
	has "$output$stderr" "cannot run '/no/such'"
	has "$output" '"services":[]'
	lacks "$output" svc-
	no_service
	is "$(aipod-log -k service -j | grep -c '"allow"')" 5
}

@test "service: the user is asked for the image with its keys, once" {
	approver always
	box '
	# the workspace itself is copied to the state
	secret=$(printf hush-%s-value hush)
	svc web "$(page one 80)" env:="{\"B\":\"$secret\",\"A\":\"\"}" reason="I want it"
	grep -r "$secret" /run/aipod && echo leaked
	svc two "$(page two 81); echo \$B" env:="{\"A\":\"x\",\"B\":\"y\"}"
	: >up
	until [ -e on ]; do sleep 0.1; done' &
	pids=$!
	until_true 60 test -e up
	is "$(cat "$T/asked")" "$IMAGE env A B"
	aipod-allow check service "$IMAGE" A B
	D=$(runtime_dir)/$H
	# nowhere: not in the state, the session, a log, the engine or an argv
	! grep -rsq hush-hush-value "$T/state" "$D"
	! "$E" inspect $("$E" ps -q --filter "label=aipod.workspace=$H" \
	    --filter label=aipod.role=service) | grep -q hush-hush-value
	! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' |
	    grep -v secret= | grep -q '^hush-hush-value\|B=hush'
	approver no 2
	: >on
	wait $pids
	pids=
	# other keys, and a denial, are another matter
	box 'svc web "$(page one 80)" env:="{\"A\":\"\"}"; echo "status $?"'
	is "$(cat "$T/asked")" "$IMAGE env A"
	has "$output" "status 1"
	aipod-allow deny service "$IMAGE"
	box 'svc web "$(page one 80)" env:="{\"A\":\"\",\"B\":\"\"}"' 1
	has "$stderr$output" "A rule of the user's denies this"
	no_service
}

@test "service: any user id, and what each may" {
	for change in 'USER 4321:4321' 'EXPOSE 8080/tcp' 'VOLUME /data'; do
		n=$((${n-0} + 1))
		tar -C "$BATS_FILE_TMPDIR/root/" -cf - . | "$E" import \
		    --change "$change" --change 'ENTRYPOINT ["/bin/busybox","sh","-c"]' \
		    - "$IMAGE-$n" >/dev/null
		aipod-allow service "$IMAGE-$n"
	done
	# who it is, what it may, what it sees; 0 in the end to be told all
	show='grep -E "^(Cap(Eff|Bnd)|Uid)" /proc/self/status; ls /run/aipod'
	show="$show"' /run/aipod/bin; ls /sys/class/net; echo $HOSTNAME; touch'
	show="$show"' /run/aipod/x; echo again >/dev/stderr; exec httpd -f -p 80 -h /tmp'
	printf '%s' "$show" >show
	box '
	for n in 1 2 3; do
		aipod-call start_service name=s$n image="'"$IMAGE"'-$n" \
		    command:="[\"$(sed "s/\"/\\\\\"/g" show)\"]" timeout:=2
		echo
	done
	for n in 1 2 3; do aipod-call service_logs name=s$n; done'
	"$E" rmi -f "$IMAGE-1" "$IMAGE-2" "$IMAGE-3" >/dev/null 2>&1 || :
	is "$(printf '%s\n' "$output" | grep -c '^Running')" 6
	is "$(printf '%s\n' "$output" | grep -c '^again')" 3
	has "$output" "Uid:	4321"
	is "$(printf '%s\n' "$output" | grep ^CapEff | sort -u)" \
	    "$(printf 'CapEff:	%016x\nCapEff:	%016x' 0 $((1 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7)))"
	has "$output" "ead-only"
	lacks "$output" start.sock
	lacks "$output" eth0
	until_true 10 no_service
}

# stay SCRIPT: a session in the background that runs it and waits.
stay() {
	printf '. /app/svc\n%s\n: >up; exec sleep 1000\n' "$1" >go
	aipod run ${2-} sh go </dev/null >"$T/box" 2>&1 3>&- &
	launcher=$!
	pids="${pids-} $launcher"
	until_true 60 test -e up || { cat "$T/box" >&2; return 1; }
}
# keepers: the processes that look after this workspace's services.
keepers() { cat "$(runtime_dir)/$H"/*/svc/*/pid 2>/dev/null; }
service() { "$E" ps -q --filter "label=aipod.workspace=$H" --filter label=aipod.role=service; }

@test "service: the launcher killed, nothing is left, volumes included" {
	tar -C "$BATS_FILE_TMPDIR/root/" -cf - . | "$E" import \
	    --change 'VOLUME /data' - "$IMAGE-v" >/dev/null
	IMAGE=$IMAGE-v allowed
	stay "$(sed "s/$IMAGE/$IMAGE-v/" svc)
	svc a \"\$(page a 80)\"; svc b \"\$(page b 80)\"; svc c \"\$(page c 80)\""
	is "$(service | wc -l)" 3
	kept=$(keepers)
	is "$(echo "$kept" | wc -l)" 3
	volumes=$("$E" inspect --format '{{range .Mounts}}{{.Name}} {{end}}' $(service))
	[ "$(echo "$volumes" | wc -w)" -eq 3 ]
	kill -9 "$launcher"
	until_true 15 nothing_left
	for k in $kept; do until_true 5 not_running "$k"; done
	for v in $volumes; do ! "$E" volume inspect "$v"; done >/dev/null 2>&1
	"$E" rmi -f "$IMAGE-v" >/dev/null 2>&1 || :
}

@test "service: from the host: start, list, logs, stop; and what is killed" {
	stay :
	status 1 env SECRET=very-secret aipod-service start -t 1 -e SECRET db "$IMAGE" \
	    /bin/busybox sh -c 'echo $SECRET; sleep 50'
	has "$stderr" "listened on no port"
	has "$output" very-secret
	status 0 aipod-service start db "$IMAGE" /bin/busybox sh -c \
	    'echo started; exec nc -ll -p 5432 -e echo hello'
	id=$(echo "$output" | cut -f 1)
	is "$(echo "$output" | cut -f 2-4)" "running	$IMAGE	5432"
	is "$(aipod-service | cut -f 1,2)" "$id	running"
	is "$(aipod services -s "${id%/*}" | cut -f 1)" "$id"
	is "$(aipod-service -s 01234567)" ""
	has "$(aipod-service -j)" "\"name\":\"db\",\"image\":\"$IMAGE\",\"state\":\"running\",\"ports\":[5432]"
	is "$(aipod-service logs db)" started
	status 1 aipod-service start db "$IMAGE" true
	has "$stderr" "there already"
	aipod-service logs -f "$id" >"$T/follow" 3>&- &
	status 0 aipod-service stop "$id"
	wait $!
	is "$(cat "$T/follow")" started
	is "$(aipod-service)" ""
	no_service
	# the engine's own kill is told of
	status 0 aipod-service start db "$IMAGE" /bin/busybox nc -ll -p 1 -e true
	"$E" kill "$(service)" >/dev/null
	until_true 10 eval 'aipod-service | grep -q "exited.*killed"'
	no_service
	# and its name can be used again
	status 0 aipod-service start db "$IMAGE" /bin/busybox nc -ll -p 1 -e true
	# without what looks after it, it ends
	kill -9 "$(keepers)"
	until_true 20 no_service
	has "$(aipod-service)" exited
	status 0 aipod-service stop db
	is "$(aipod-service)" ""
	kill "$launcher"
	until_true 15 nothing_left
}

@test "service: much at once, both ways, and ports that come and go" {
	allowed
	head -c 3000000 /dev/urandom >in
	box '
	svc echo "/bin/busybox nc -ll -p 7 -e /bin/busybox cat & /bin/busybox nc -l -p 9; exec /bin/busybox nc -ll -p 8 -e echo late" || exit
	for i in 1 2 3 4 5 6 7 8; do
		busybox nc echo 7 <in >out$i & pids="$pids $!"
	done
	wait $pids
	for i in 1 2 3 4 5 6 7 8; do cmp in out$i && echo same; done
	busybox nc echo 8 </dev/null || echo refused
	until busybox nc echo 9 </dev/null; do sleep 0.1; done
	until busybox nc echo 8 </dev/null 2>/dev/null; do sleep 0.1; done'
	is "$(printf '%s\n' "$output" | grep -c same)" 8
	has "$output" "refused
late"
}

@test "service: in a box with a network, too" {
	allowed
	network=$("$E" network create "aipod-$H-net" 2>/dev/null) &&
	    "$E" run --rm --network "aipod-$H-net" "$IMAGE" /bin/busybox true \
	    >/dev/null 2>&1 || skip "the engine's own networks do not work here"
	"$E" network rm "aipod-$H-net" >/dev/null
	printf '. /app/svc; svc web "$(page one 80)"; get web; cat /etc/hosts
	    ping -c 1 localhost >/dev/null && echo local
	    aipod-call stop_service name=web; cat /etc/hosts' >go
	status 0 timeout 100 aipod run --egress open sh go </dev/null
	has "$output" "
one
"
	has "$output" local
	is "$(printf '%s\n' "$output" | grep -c '	web$')" 1
}

@test "service: out of memory is told as that" {
	[ "$(id -u)" -eq 0 ] || [ -e /sys/fs/cgroup/cgroup.controllers ] ||
	    skip "no limits without root and cgroups version 2"
	allowed
	printf '%s\n' '. /app/svc; svc big "x=; while :; do x=\$x\$x.............; done"' >go
	status 1 timeout 100 aipod run --memory 32m sh go </dev/null
	has "$stderr$output" "ran out of memory"
	no_service
}

@test "service: an image that is pulled" {
	mkdir "$T/bin"
	# the engine, but for a registry to pull from
	cat >"$T/bin/${E##*/}" <<-X
	#!/bin/sh
	[ "\$1" = pull ] || exec $(command -v "$E") "\$@"
	echo "Copying blob 1 of 2"
	until [ -e "$T/ws/on" ]; do sleep 0.1; done
	exec $(command -v "$E") tag "$IMAGE" "\$2"
	X
	chmod 755 "$T/bin/${E##*/}"
	export AIPOD_ENGINE=$T/bin/${E##*/}
	aipod-allow service "$IMAGE-pulled:1"
	box '
	aipod-call start_service name=web image="'"$IMAGE"'-pulled:1" \
	    command:="[\"/bin/busybox\",\"nc\",\"-ll\",\"-p\",\"1\",\"-e\",\"true\"]" &
	until aipod-call list_services | grep "pulled. Copying blob 1 of 2"; do sleep 0.1; done
	: >on
	wait; echo
	aipod-call list_services'
	"$E" rmi "$IMAGE-pulled:1" >/dev/null 2>&1 || :
	has "$output" "is being pulled. Copying blob"
	has "$output" "Running. Reach it at the host name web, port 1."
}
