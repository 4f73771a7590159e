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
