#!/usr/bin/env bats
# aipod-kube: what it prints, and the Pods run here by podman.

load helper

setup() {
	setup_env
	cd "$T/ws"
	H=$(aipod-hash)
}

teardown() {
	[ -n "${POD-}" ] || return 0
	for p in $POD-servers $POD; do podman pod rm -f -t 0 $p; done
	podman rm -f -t 0 $POD-web
	for v in workspace home rules token; do podman volume rm -f $POD-$v; done
	podman secret rm $POD-token
	podman network rm -f $POD
	podman rmi -f localhost/$POD:1
} >/dev/null 2>&1

# kinds: KIND/NAME of each document.
kinds() { awk '/^kind:/ { k = $2 } /^  name:/ { print k "/" $2 }'; }
# only PATTERN: the documents whose KIND/NAME matches.
only() {
	awk -v p="$1" 'function out() { if (k "/" n ~ p) printf "%s", d; d = k = n = "" }
	/^---$/ { out() } /^kind:/ { k = $2 } /^  name:/ && n == "" { n = $2 }
	{ d = d $0 "\n" } END { out() }'
}

@test "what there is, with a Sandbox or a Pod" {
	status 0 aipod-kube -a shell
	is "$(printf '%s\n' "$output" | kinds | tr '\n' ' ')" "Secret/aipod-$H-token\
 ConfigMap/aipod-$H-rules PersistentVolumeClaim/aipod-$H-workspace\
 PersistentVolumeClaim/aipod-$H-home NetworkPolicy/aipod-$H-agent\
 NetworkPolicy/aipod-$H-servers Pod/aipod-$H-servers Service/aipod-$H-servers\
 Sandbox/aipod-$H "
	lacks "$output" @
	status 0 aipod-kube -a shell --pod --name box --token mine
	has "$(printf '%s\n' "$output" | kinds | tail -n 1)" Pod/box
	lacks "$output" Secret/
	has "$output" "secretName: mine"
	has "$output" 'BOX_SERVERS_SERVICE_HOST):3128'
}

@test "the token is new each time" {
	status 0 aipod-kube -a shell
	one=$output
	status 0 aipod-kube -a shell
	[ "$one" != "$output" ]
	is "$(printf '%s\n' "$output" | sed 's/token: "[0-9a-f]*"//')" \
	    "$(printf '%s\n' "$one" | sed 's/token: "[0-9a-f]*"//')"
}

@test "rules, agent's, user's and workspace's, and words as they are" {
	command -v python3 >/dev/null && python3 -c 'import yaml' 2>/dev/null ||
	    skip "no python3-yaml"
	aipod-allow -q -g add host user.example:8443
	aipod-allow -q add host workspace.example
	aipod-allow -q add command 'make "a  b" \c	d'
	status 0 aipod-kube -a claude --secret keys --pod -- sh -c 'echo "$(HOME)" \
	: # it'\''s' '' ü
	printf '%s\n' "$output" >all.yaml
	python3 - <<'X'
import sys, yaml
docs = list(yaml.safe_load_all(open("all.yaml")))
rules = [d for d in docs if d["kind"] == "ConfigMap"][0]["data"]
text = rules["rules"]
assert text.index("api.anthropic.com") < text.index("user.example:8443") \
    < text.index("workspace.example"), text
assert 'allow command "make \\"a  b\\" ' in text, text
assert rules["hosts"].startswith("mode deny\n"), rules
assert "allow user.example 8443\n" in rules["hosts"], rules
c = docs[-1]["spec"]["containers"][0]
assert c["args"][c["args"].index("--") + 1:] == \
    ["sh", "-c", 'echo "$$(HOME)" \\\n\t: # it\'s', "", "ü"], c["args"]
assert c["envFrom"] == [{"secretRef": {"name": "keys"}}], c
assert {"name": "DISABLE_AUTOUPDATER", "value": "1"} in c["env"], c["env"]
X
	status 0 aipod-kube -a claude
	has "$output" "/run/aipod/agent/start"
	has "$output" "--dangerously-skip-permissions"
}

@test "usage" {
	status 0 aipod-kube --help
	status 0 aipod-kube --version
	status 100 aipod-kube --no-such-option
	status 100 aipod-kube --name
	for bad in --name=Box --name=a/b --size=big --memory='1 Gi' --cpus=x \
	    --user=0 --user=me --mode=record --address='a b' --token=a_b \
	    --secret=X --class=-; do
		status 100 aipod-kube -a shell "$bad"
		is "$output" ""
	done
	status 100 aipod-kube -a no-such-agent
	status 100 aipod-kube -w "$T/none"
	echo nonsense >"$XDG_CONFIG_HOME/aipod/rules"
	status 100 aipod-kube -a shell
	is "$output" ""
}

# AIPOD_KUBE_SCHEMAS: a directory with JSON schemas, KIND.json in lower case,
# and the definition of the Sandbox as it is published, sandbox.yaml.
@test "the published schemas" {
	[ -n "${AIPOD_KUBE_SCHEMAS-}" ] || skip "AIPOD_KUBE_SCHEMAS is not set"
	python3 -c 'import yaml, jsonschema' || skip "no python3-jsonschema"
	aipod-kube -a claude --secret keys --class fast >all.yaml
	aipod-kube -a claude --pod >>all.yaml
	python3 "$TOP/test/kube/validate" "$AIPOD_KUBE_SCHEMAS" all.yaml
}

# play FILE: with podman 4.3, which reads a Secret in one way for a variable and
# in another for a volume, and knows none that is in the file.
play() { podman kube play --network $POD "$1" 3>&-; }
secret() {
	podman secret rm $POD-token >/dev/null 2>&1 || true
	podman secret create $POD-token - >/dev/null
}

@test "podman plays the Pods: MCP, a host and a name, through the relay" {
	[ "$(id -u)" -eq 0 ] || skip "Pods with a network of theirs want root"
	command -v podman >/dev/null || skip "no podman here"
	case $(podman --version) in
	*' 4.3.'*) ;;
	*) skip "made for podman 4.3, and how it reads Secrets" ;;
	esac
	unset XDG_RUNTIME_DIR XDG_CONFIG_HOME
	HOME=/root
	# shellcheck source=test/engine.sh
	. "$TOP/test/engine.sh"
	engine_prepare "$T/engine" || skip "podman cannot run containers here"
	export XDG_CONFIG_HOME=$T/config
	POD=kube$$
	podman network create $POD >/dev/null 2>&1 ||
	    skip "no network can be made"
	root=$T/engine/rootfs
	for n in $(busybox --list); do
		[ -e "$root/bin/$n" ] || ln -s busybox "$root/bin/$n"
	done
	make -s -C "$TOP" install DESTDIR="$root" >/dev/null
	prefix=$(sed -n 's/^prefix = //p' "$TOP/config.mk")
	mkdir -p "$root/www"
	chmod 1777 "$root/tmp"
	echo hello >"$root/www/index.html"
	tar -C "$root" -cf - . | podman import -q \
	    --change 'CMD ["/bin/sleep", "3600"]' \
	    --change "ENV PATH=$prefix/bin:/bin" - localhost/$POD:1 >/dev/null
	# a Pod's first process, and ports below 1024 for who is not root
	cat >"$T/containers.conf" <<-X
	[containers]
	default_sysctls = ["net.ipv4.ip_unprivileged_port_start=0"]
	default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
	[engine]
	infra_image = "localhost/$POD:1"
	$(sed '1,/^\[engine\]/d' "${CONTAINERS_CONF:-/dev/null}")
	X
	export CONTAINERS_CONF=$T/containers.conf
	podman run -q -d --name $POD-web --network $POD --user 1000 \
	    --log-driver=none localhost/$POD:1 httpd -f -p 8080 -h /www \
	    >/dev/null 3>&-
	web=$(podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
	    $POD-web)
	aipod-allow -q add host "$web:8080"
	aipod-allow -q add host name.example
	kube="aipod-kube --pod -a shell --name $POD --token $POD-token
	    --image localhost/$POD:1 --servers localhost/$POD:1"
	token=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	data=$(printf %s "$token" | base64 | tr -d '\n')

	$kube | only "Pod/$POD-servers|ConfigMap" >servers.yaml
	printf '{"token":"%s"}' "$data" | secret
	play servers.yaml
	address=$(podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
	    "$(podman pod inspect -f '{{.InfraContainerID}}' $POD-servers)")
	$kube --address "$address" -- sh -c 'exec sleep 300' |
	    only "Pod/$POD\$|ConfigMap|Claim" >agent.yaml
	printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ndata:\n  token: %s\n' \
	    $POD-token "$token" | secret
	play agent.yaml

	in_box() { timeout 30 podman exec $POD-agent sh -c "PATH=\$PATH:/run/aipod/bin; $1" </dev/null 3>&-; }
	get() {	# URL HOST PORT: by hand, for busybox's wget does not run here
		host=${1#http://}
		in_box "printf 'GET $1 HTTP/1.1\\r\\nHost: ${host%%/*}\\r\\nConnection: close\\r\\n\\r\\n' |
		    nc -w 10 $2 $3"
	}
	until_true 5 in_box 'aipod-call -l >/tmp/tools'
	has "$(in_box 'cat /tmp/tools')" run_command
	has "$(get "http://$web:8080/index.html" 127.0.0.1 3128)" hello
	has "$(get "http://$web:8081/" 127.0.0.1 3128)" " 403 "
	has "$(in_box 'nslookup name.example 127.0.0.1')" "Name:	name.example"
	lacks "$(in_box 'nslookup other.example 127.0.0.1')" "Name:"
	# who has no token is refused by both servers
	has "$(get "http://$web:8080/" "$address" 3128)" " 407 "
	status 100 in_box "aipod-call --url http://$address:7822/mcp -l"
	is "$(in_box 'id -u; grep CapEff /proc/self/status' | tr -s '\n\t' ' ')" \
	    "1000 CapEff: 0000000000000000 "
	! in_box 'touch /run/aipod/x'
	in_box 'touch /app/x /home/aipod/x'
}
