#!/usr/bin/env bats
# The tries themselves run in a real box, on the engine of AIPOD_ENGINE.

load helper

setup_file() { engine_file_setup; }
setup() { engine_setup; }
teardown() {
	[ -z "${server-}" ] || kill -9 "$server"
	engine_teardown
}

@test "the table: a line a try, at least 80, in four categories" {
	status 0 aipod-attack -l
	[ "$(wc -l <<<"$output")" -ge 80 ]
	is "$(cut -f 1 <<<"$output" | sort | uniq -d)" ""
	is "$(cut -f 4 <<<"$output" | sort -u | tr '\n' ' ')" \
	    "consent files network privilege "
	is "$(grep -vc '^#' "$TOP/share/attack.tsv")" "$(wc -l <<<"$output")"
	cmp "$TOP/share/attack.tsv" "$TOP/build/bin/box/attack.tsv"
}

@test "what gets through shows, and is status 1" {
	echo secret >"$T/f"
	printf 'a\tfiles\tread\t%s\ta file\tnothing\nb\tfiles\tread\t%s\tnone\tx\n' \
	    "$T/f" "$T/none" >"$T/table"
	status 1 aipod-attack -t "$T/table"
	is "$output" "a	THROUGH	it was read	files	a file
b	stopped	No such file or directory	files	none"
	status 1 aipod-attack -f -t "$T/table"
	is "$output" "a	THROUGH	it was read	files	a file"
	status 0 aipod-attack -q -t "$T/table" b
	is "$stderr" ""
}

@test "usage, and tables that are none" {
	status 100 aipod-attack no-such-category
	status 100 aipod-attack -t "$T/none"
	printf 'a\tb\tc\n' >"$T/table"
	status 100 aipod-attack -t "$T/table"
	printf 'a\tb\tno-such-way\td\te\tf\n' >"$T/table"
	status 100 aipod-attack -t "$T/table"
}

@test "in a session nothing gets through" {
	git init -q "$T/ws" 2>/dev/null || skip "no git"
	status 0 aipod run aipod-attack
	is "$(grep -c THROUGH <<<"$output")" 0
	[ "$(grep -c stopped <<<"$output")" -ge 80 ]
	# the judge was there to be tried
	has "$output" "net-38	stopped	HTTP/1.1 403"
	has "$output" "ask-19	stopped	answered with"
	has "$output" "priv-46	stopped	Function not implemented"
	has "$output" "net-30	stopped	Address family not supported"
	has "$output" "net-79	stopped	HTTP/1.1 403"
}

@test "a host that is allowed is no way to another" {
	[ "$(id -u)" -eq 0 ] || skip "only root may listen on ports 80 and 443"
	command -v python3 >/dev/null || skip "no python3"
	python3 "$TOP/test/answers.py" "$T/heard" 80 443 3>&- &
	server=$!
	until_true 5 test -e "$T/heard" || skip "ports 80 and 443 are taken"
	for port in 80 443; do
		aipod allow host "host.containers.internal:$port"
	done
	status 0 aipod run aipod-attack net-71 net-72 net-73 net-74 net-75 \
	    net-76 net-77 net-78 net-79 net-80 net-81
	for id in 71 72 73 75 76; do
		has "$output" "net-$id	stopped	cut off before a byte went out"
	done
	for id in 74 77; do has "$output" "net-$id	stopped	refused in the tunnel"; done
	for id in 78 79 80; do has "$output" "net-$id	stopped	HTTP/1.1 403"; done
	is "$(cat "$T/heard")" ""
	# the server would have heard
	status 0 aipod run wget -q -O - http://host.containers.internal/
	is "$output" hi
	has "$(cat "$T/heard")" "80 GET / HTTP/1.1"
}

@test "as the box's root, and as another user of it" {
	git init -q "$T/ws" 2>/dev/null || skip "no git"
	[ "$(id -u)" -eq 0 ] || skip "rootless, one user is all there is"
	chown 1234:1234 "$T/ws"
	status 0 aipod run aipod-attack -f
	is "$output" ""
}

# What the engine can give: all, or where this machine lacks some itself, all
# that it has.
every_capability() {
	local names bits i
	names="chown dac_override dac_read_search fowner fsetid kill setgid setuid
	    setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw
	    ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct
	    sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod
	    lease audit_write audit_control setfcap mac_override mac_admin syslog
	    wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
	bits=$((0x$(awk '/^CapBnd/ { print $2 }' /proc/self/status))) i=0
	for n in $names; do
		# the newest are not known to every engine
		[ "$((bits >> i & 1))" -eq 0 ] || [ "$i" -gt 37 ] ||
		    echo "--cap-add=$n"
		i=$((i + 1))
	done
}

@test "with every capability given back the network is as shut" {
	status 0 aipod build
	image=$(aipod run -n true | tr ' ' '\n' | grep -x -A1 \
	    '/run/aipod/bin/aipod-relay' | tail -n 1)
	box() {
		"$E" run --rm --network none "${caps[@]}" --user 0 \
		    --security-opt label=disable --entrypoint /b/aipod-attack \
		    -v "$TOP/build/bin/box:/b:ro" "$image" "$@"
	}
	caps=(--cap-add=all)
	if ! box -l >/dev/null 2>&1; then
		mapfile -t caps < <(every_capability)
		box -l >/dev/null
	fi
	status 0 box network
	is "$(grep -c THROUGH <<<"$output")" 0
	has "$output" "net-17	stopped	Network"
	has "$output" "net-16	stopped	there is no interface"
}

# A try that cannot succeed shows nothing: each way to try is let through here.
@test "where nothing holds it back, the tries get through" {
	local user='' t
	[ "$(id -u)" -eq 0 ] || user=-Ur
	unshare $user -n -m -p -f --mount-proc true 2>/dev/null || skip "no namespaces for us here"
	command -v python3 ip >/dev/null || skip "no python3 or ip"
	mkdir -p "$T/app/.git/hooks"
	: >"$T/app/.git/config"
	status 0 timeout 60 unshare $user -n -m -p -f --mount-proc sh -c '
	    mount -t tmpfs tmpfs /run && mkdir -p /run/aipod/bin
	    echo 0 0 >/proc/sys/net/ipv4/ping_group_range
	    ip link set lo up; ip link add d0 type veth peer name d1
	    ip link set d0 up; ip link set d1 up
	    ip addr add 10.9.9.1/24 dev d0; ip route add default dev d0
	    ip -6 addr add fd09::1/64 dev d0 nodad; ip -6 route add default dev d0
	    for a in 1.1.1.1 8.8.8.8 169.254.169.254 10.88.0.1; do
		ip addr add $a/32 dev lo; done
	    ip -6 addr add 2606:4700:4700::1111/128 dev lo nodad
	    python3 "$TOP/test/try-open.py" &
	    until [ -e /run/aipod/ready ]; do sleep 0.1; done
	    aipod-attack network consent >"$1"; aipod-attack fs-01 fs-04 fs-06 \
		fs-07 fs-44 fs-46 fs-48 priv-46 priv-47 priv-49 priv-50 priv-51 priv-52 >>"$1"
	    mkdir /run/jail; cp "$TOP/build/bin/aipod-attack" "$TOP/share/attack.tsv" /run/jail
	    python3 -c "import os; os.chroot(\"/run/jail\"); \
		os.execv(\"/aipod-attack\", [\"a\", \"fs-43\"])" >>"$1"; :' - "$T/out"
	# by name, since what else is stopped is the machine's own affair
	held=$(for t in net-01 net-02 net-03 net-05 net-06 net-08 net-09 net-14 \
	    net-18 net-21 net-25 net-27 net-28 net-31 net-32 net-35 net-38 net-43 \
	    net-46 net-54 net-62 net-65 net-70 net-71 net-73 net-74 net-76 \
	    net-77 net-78 net-79 net-80 net-81 net-82 net-83 \
	    fs-01 fs-04 fs-06 fs-07 fs-43 fs-44 fs-46 fs-48 \
	    priv-46 priv-47 priv-49 priv-50 priv-51 ask-11 ask-15 ask-16 ask-19 ask-20 \
	    ask-21 $([ "$(id -u)" -ne 0 ] || echo net-13 net-15 net-16 net-17)
	do
		grep -q "^$t	THROUGH" "$T/out" || grep "^$t	" "$T/out"
	done)
	is "$held" ""
}
