#!/usr/bin/env bats
# The image: what it is made of, when it is made, and by real engines.

load helper

setup_file() { engine_file_setup; }

setup() {
	engine_setup
	unset SSL_CERT_FILE NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE REQUESTS_CA_BUNDLE
	# nothing here fetches anything
	export AIPOD_BUILD_NETWORK=none AIPOD_CA_BUNDLE=no
	REAL=$(command -v "$E")
	mkdir "$T/bin"
	# the engine itself, with a list of what it was asked
	printf '#!/bin/sh\necho "$1 $2" >>"%s"\nexec %s "$@"\n' "$T/calls" \
	    "$REAL" >"$T/bin/${E##*/}"
	chmod 755 "$T/bin/${E##*/}"
	export AIPOD_ENGINE=$T/bin/${E##*/}
}

teardown() {
	[ -z "${IMAGE-}" ] || "$REAL" rmi -f "$IMAGE" >/dev/null 2>&1 || true
}

calls() { cat "$T/calls" 2>/dev/null; }

# An agent of the user's own, whose install leaves a mark.
own_agent() {
	mkdir -p "$T/config/aipod/agents/$1"
	echo "$2" >"$T/config/aipod/agents/$1/command"
	echo tiny >"$T/config/aipod/agents/$1/base"
	cat >"$T/config/aipod/agents/$1/install" <<-EOT
	echo "$1 \$AIPOD_VERSION" >>/etc/installed
	EOT
}

run_in() {
	local map='--user='$(stat -c %u:%g "$T/ws")
	case $E in
	*docker*) ;;
	*) [ "$(id -u)" -eq 0 ] || map=--userns=keep-id ;;
	esac
	"$REAL" run --rm --network none "$map" "$IMAGE" "$@"
}

@test "a workspace without a file gets the shared default, with no registry" {
	status 0 aipod-build
	first=$output
	has "$first" aipod-default-shell-tiny
	IMAGE=$first
	status 0 run_in sh -c 'id -u; stat -c %u:%g "$HOME" /app; pwd; echo $PATH'
	uid=$(stat -c %u "$T/ws")
	is "$output" "$uid
$(stat -c %u:%g "$T/ws")
$(stat -c %u:%g "$T/ws")
/app
/home/aipod/.local/bin:/bin:/run/aipod/bin"
	mkdir "$T/other"
	status 0 aipod-build -w "$T/other"
	is "$output" "$first"
	IMAGE=
}

@test "a passwd entry for the user, and the home is its own" {
	status 0 aipod-build
	IMAGE=$output
	status 0 run_in sh -c 'grep ":$(id -u):" /etc/passwd; touch ~/x && echo ok'
	has "$output" ":/home/aipod:/bin/sh"
	has "$output" ok
	IMAGE=
}

@test "when nothing changed the engine is not called at all" {
	status 0 aipod-build
	rm "$T/calls"
	status 0 aipod-build
	is "$(calls)" ""
	is "$stderr" ""
	status 0 aipod-build --verify
	is "$(calls)" "image inspect"
}

@test "what was remembered and is gone is built again on --verify" {
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	status 0 aipod-build
	IMAGE=$output
	"$REAL" rmi -f "$IMAGE"
	status 0 aipod-build
	status 0 aipod-build --verify
	status 0 "$REAL" image inspect "$IMAGE"
}

@test "an image that is there already is taken by its digest, and not built" {
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	status 0 aipod-build
	IMAGE=$output
	rm -rf "$T/state" "$T/calls"
	status 0 aipod-build
	is "$output" "$IMAGE"
	is "$(calls)" "image inspect"
}

@test "the workspace's file is built and named after the workspace" {
	printf 'FROM aipod-tiny\nRUN echo mine >/etc/mark\n' >aipod.Dockerfile
	status 0 aipod-build
	IMAGE=$output
	is "$IMAGE" "aipod-ws-$H"
	status 0 run_in cat /etc/mark
	is "$output" mine
	status 0 "$REAL" image inspect -f '{{index .Config.Labels "aipod.workspace"}}' "$IMAGE"
	is "$output" "$H"
}

@test "rebuilt when the file, the agent, the tools or the base changed" {
	own_agent robot robot
	printf 'FROM aipod-tiny\nCOPY aipod /opt/aipod\nRUN sh /opt/aipod/agent robot@1.2\n' >aipod.Dockerfile
	status 0 aipod-build -a robot
	IMAGE=$output
	status 0 run_in cat /etc/installed
	is "$output" "robot 1.2"

	rm "$T/calls"
	echo 'echo again >>/etc/installed' >>"$T/config/aipod/agents/robot/install"
	status 0 aipod-build -a robot
	has "$(calls)" "build "
	status 0 run_in cat /etc/installed
	has "$output" again

	rm "$T/calls"
	echo '# a comment' >>aipod.Dockerfile
	status 0 aipod-build -a robot --yes
	has "$(calls)" "build "

	rm "$T/calls"
	status 0 aipod-build -a robot
	is "$(calls)" ""
	d=$(cut -f2 "$T/state/aipod/$H/image")
	AIPOD_TOOLS=jq status 0 aipod-build -a robot -n
	has "$output" "build "
	lacks "$output" "$d"
	cp "$(command -v busybox)" "$T/busybox"
	AIPOD_BUSYBOX=$T/busybox status 0 aipod-build -a robot -n
	has "$output" "import "
	lacks "$output" "$d"
}

@test "a file that names no agent gets the one that is wanted" {
	own_agent robot robot
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	status 0 aipod-build -a robot
	IMAGE=$output
	status 0 run_in cat /etc/installed
	is "$output" "robot latest"
}

@test "several agents in one image" {
	own_agent one one
	own_agent two two
	status 0 aipod-build --write -a one,two@3 -i tiny
	printf '%s\n' "$output" >aipod.Dockerfile
	status 0 aipod-build -a one
	IMAGE=$output
	status 0 run_in cat /etc/installed
	is "$output" "one latest
two 3"
}

@test "of several agents the first runs, or the one that is named" {
	own_agent one echo
	echo first >>"$T/config/aipod/agents/one/command"
	own_agent two echo
	echo second >>"$T/config/aipod/agents/two/command"
	status 0 aipod run -a one,two@3
	is "$output" first
	status 0 aipod run -a one,two@3 two and more
	is "$output" "second and more"
	status 0 aipod run -a one,two@3 cat /etc/installed
	is "$output" "one latest
two 3"
	status 100 aipod run -a one,nobody true
	IMAGE=$(aipod-build -a one,two@3)
	has "$IMAGE" "aipod-default-one-two-3-tiny"
}

@test "a file of the older tool works as it is, with no server" {
	own_agent robot robot

	cat >ai-pod.Dockerfile <<-'EOT'
	FROM aipod-tiny
	# curl http://${HOST_GATEWAY}:7822/install/nothing.sh
	RUN printf '#!/bin/sh\nfor u; do :; done\ncat "${u#file://}"\n' >/bin/curl && \
	    chmod 755 /bin/curl
	ARG HOST_GATEWAY
	ARG AI_POD_VERSION
	RUN echo "$HOST_GATEWAY" >/etc/gateway; \
	    curl -fsSL "http://${HOST_GATEWAY}:7822/install/robot.sh" | sh
	RUN curl -fsSL http://${HOST_GATEWAY}:7822/host-tools >/bin/host-tools && \
	    chmod 755 /bin/host-tools
	RUN host-tools install robot
	WORKDIR /app
	USER 4321
	CMD ["robot"]
	EOT
	status 0 aipod-build -a robot
	IMAGE=$output
	status 0 run_in sh -c 'cat /etc/installed /etc/gateway; id -u'
	is "$output" "robot latest
robot latest
host.containers.internal
$(stat -c %u "$T/ws")"
}

@test "ours goes before the older tool's" {
	printf 'FROM aipod-tiny\nENV A=old\n' >ai-pod.Dockerfile
	printf 'FROM aipod-tiny\nENV A=new\n' >aipod.Dockerfile
	status 0 aipod-build --print
	has "$output" "ENV A=new"
}

@test "the build never sees the workspace" {
	echo secret >.env
	echo plain >plain
	printf 'FROM aipod-tiny\nCOPY . /all\nUSER 4321\nRUN cat /all/aipod/agent\n' >aipod.Dockerfile
	status 0 aipod-build
	IMAGE=$output
	status 0 run_in find /all -name '.env' -o -name plain
	is "$output" ""
	printf 'FROM aipod-tiny\nCOPY plain /plain\n' >aipod.Dockerfile
	status 101 aipod-build --yes
	has "$stderr" plain
}

@test "a changed file is not built from unseen" {
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	status 0 aipod-build
	IMAGE=$output
	echo 'RUN echo evil' >>aipod.Dockerfile
	rm "$T/calls"
	status 1 setsid -w aipod-build
	has "$stderr" "aipod build --yes"
	is "$(calls)" ""
	status 0 setsid -w aipod-build --yes
	status 0 setsid -w aipod-build
	# one that was not there is a change, too
	rm aipod.Dockerfile
	status 0 setsid -w aipod-build
	printf 'FROM aipod-tiny\nRUN echo other\n' >aipod.Dockerfile
	status 1 setsid -w aipod-build
}

@test "on a terminal the difference is shown, and yes is asked for" {
	command -v expect >/dev/null || skip "no expect here"
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	status 0 aipod-build
	IMAGE=$output
	printf 'RUN echo e\033[2Jvil\n' >>aipod.Dockerfile
	cat >"$T/say" <<-'EOT'
	set timeout 300
	spawn sh -c "aipod-build; echo status $?"
	expect "now? " { send "[lindex $argv 0]\r" }
	expect eof
	EOT
	sed -i 's/status \$/status \\$/' "$T/say"
	status 0 expect "$T/say" n
	has "$output" '+RUN echo e\x1b[2Jvil'
	has "$output" "status 1"
	status 0 expect "$T/say" y
	has "$output" "status 0"
}

@test "a build that fails shows the engine's own words and says 101" {
	printf 'FROM aipod-tiny\nRUN echo some words; exit 3\n' >aipod.Dockerfile
	status 101 aipod-build
	has "$stderr" "some words"
	[ ! -e "$T/state/aipod/$H/image" ]
	status 101 aipod-build -q
	has "$stderr" "some words"
	status 101 aipod-build -v
	has "$stderr" "some words"
}

@test "a command that the build does not find is a failed build" {
	printf 'FROM aipod-tiny\nRUN no-such-command\n' >aipod.Dockerfile
	status 101 aipod-build
	has "$stderr" "no-such-command"
}

@test "a dry run prints the commands, the name last, and touches nothing" {
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	status 0 aipod-build -n
	has "$output" "aipod-build --tar | "
	has "$output" "--network=none"
	is "$(printf '%s\n' "$output" | tail -n 1)" "aipod-ws-$H"
	[ ! -e "$T/calls" ]
	[ ! -e "$T/state" ]
	# they are the ones that are run
	status 0 aipod-build
	IMAGE=$output
	status 0 aipod-build -n
	is "$output" "$IMAGE"
	status 0 aipod-build -n --rebuild --no-cache
	has "$output" "--no-cache"
	status 0 aipod-build -n --pull
	has "$output" "--pull"
}

@test "two at once build once" {
	printf 'FROM aipod-tiny\nRUN sleep 1\n' >aipod.Dockerfile
	aipod-build -q >"$T/a" &
	pid=$!
	status 0 aipod-build -q
	IMAGE=$output
	wait $pid
	is "$(cat "$T/a")" "$IMAGE"
	is "$(grep -c '^build ' "$T/calls")" 1
}

@test "the host's certificates go in when asked for, and into each stage" {
	echo "a certificate" >"$T/ca.pem"
	printf 'FROM aipod-tiny AS a\nRUN cat "$SSL_CERT_FILE" >/seen\nFROM aipod-tiny\nCOPY --from=a /seen /seen\n' >aipod.Dockerfile
	status 0 aipod-build --ca-bundle "$T/ca.pem"
	IMAGE=$output
	status 0 run_in sh -c 'cat /seen "$NODE_EXTRA_CA_CERTS" /etc/ssl/certs/ca-certificates.crt'
	is "$output" "a certificate
a certificate
a certificate"
	status 100 aipod-build --ca-bundle "$T/none.pem"
}

@test "a bundle that only the environment names does not count in the digest" {
	echo "a certificate" >"$T/ca.pem"
	printf 'FROM aipod-tiny\n' >aipod.Dockerfile
	unset AIPOD_CA_BUNDLE
	status 0 aipod-build -n
	plain=$output
	SSL_CERT_FILE=$T/ca.pem status 0 aipod-build -n
	is "$output" "$plain"
	SSL_CERT_FILE=$T/ca.pem status 0 aipod-build --print
	has "$output" "COPY aipod-ca.crt"
	AIPOD_CA_BUNDLE=no SSL_CERT_FILE=$T/ca.pem status 0 aipod-build --print
	lacks "$output" "COPY aipod-ca.crt"
}

@test "what the workspace has as its file must be a plain file" {
	ln -s /etc/passwd aipod.Dockerfile
	status 100 aipod-build
	has "$stderr" "plain file"
	rm aipod.Dockerfile
	mkfifo aipod.Dockerfile
	status 100 aipod-build
}

@test "nonsense is refused before anything runs" {
	status 100 aipod-build -a no-such
	has "$stderr" "shell"
	status 100 aipod-build -a ../shell
	status 100 aipod-build -a 'shell; rm'
	status 100 aipod-build -i no-such
	has "$stderr" alpine
	status 100 aipod-build -i 'a:b
RUN evil'
	AIPOD_TOOLS='jq; rm' status 100 aipod-build
	status 100 aipod-build --write --tools 'jq && rm'
	status 100 aipod-build extra
	status 100 aipod-build --tools jq
	AIPOD_ENGINE=no-such status 127 aipod-build
	AIPOD_BUSYBOX=/bin/no-such status 127 aipod-build
	AIPOD_BUSYBOX=$(command -v bash) status 127 aipod-build
	has "$stderr" "static"
	[ ! -e "$T/calls" ]
}

@test "a file to start from, for every base" {
	for base in alpine debian go node python rust ubuntu; do
		status 0 aipod-build --write -a claude -i $base --tools 'jq mise:node@22'
		has "$output" "
FROM "
		has "$output" "RUN sh /opt/aipod/tools jq mise:node@22"
		has "$output" "RUN sh /opt/aipod/agent claude"
	done
	status 0 aipod-build --write -a shell
	has "$output" "FROM aipod-tiny"
	status 0 aipod-build --write -a claude -i localhost/some/thing:1
	has "$output" "FROM localhost/some/thing:1"
	# a base of the user's own
	mkdir -p "$T/config/aipod/images"
	echo 'FROM mine' >"$T/config/aipod/images/mine"
	status 0 aipod-build --write -i mine
	has "$output" "FROM mine"
}

# A base with package managers that only note what they were asked for, and
# a mise that comes the way that mise comes.
stub_base() {
	cat >"$T/Dockerfile" <<-'EOT'
	FROM aipod-tiny
	ENV PATH=/usr/local/bin:/bin
	RUN mkdir -p /usr/local/bin; \
	    for p in apk apt-get; do printf '#!/bin/sh\necho "'$p' $*" >>/asked\n' >/bin/$p; done; \
	    printf '#!/bin/sh\ncat /mise\n' >/bin/curl; \
	    printf '#!/bin/sh\necho "mise $*" >>/asked\n[ "$1" != bin-paths ] || echo /opt/m\n' >/mise.sh; \
	    printf 'cp /mise.sh $MISE_INSTALL_PATH; chmod 755 $MISE_INSTALL_PATH; mkdir /opt/m; cp /bin/true /opt/m/node\n' >/mise; \
	    chmod 755 /bin/apk /bin/apt-get /bin/curl
	EOT
	status 0 aipod-build
	"$REAL" build -q --network none -t "aipod-test-stub-$H" -f "$T/Dockerfile" "$T/bin" >/dev/null
	mkdir -p "$T/config/aipod/images"
}

@test "each base's file builds: what it installs and what the user wants" {
	bases="debian go node python rust ubuntu"
	for base in $bases; do	# one text but for the first line
		is "$(sed 1d "$TOP/share/images/base/$base")" \
		    "$(sed 1d "$TOP/share/images/base/debian")"
	done
	is "$(cat "$TOP"/share/images/base/* | grep -c '^FROM [a-z-]*\(:[a-z0-9.-]*\)\?$')" 8
	stub_base
	bases="alpine debian"	# each is built twice, and copied by the engine
	[ -n "${AIPOD_TEST_LONG-}" ] || bases=debian
	for base in $bases; do
		sed "1s/.*/FROM aipod-test-stub-$H/" "$TOP/share/images/base/$base" \
		    >"$T/config/aipod/images/mine"
		status 0 aipod-build --write -a shell -i mine --tools 'jq mise:node@22'
		printf '%s\n' "$output" >aipod.Dockerfile
		AIPOD_TOOLS="tree" status 0 aipod-build -a shell --yes
		IMAGE=$output
		status 0 run_in cat /asked
		asked=$output
		[ "$base" = debian ] || has "$asked" "apk add --no-cache bash ca-certificates curl git"
		[ "$base" = alpine ] || has "$asked" "apt-get install -y --no-install-recommends bash ca-certificates curl git"
		has "$asked" " jq"
		has "$asked" " tree"
		has "$asked" "mise use --global node@22"
		status 0 run_in readlink /usr/local/bin/node
		is "$output" /opt/m/node
	done
	"$REAL" rmi -f "$IMAGE" "aipod-test-stub-$H" >/dev/null
	IMAGE=
}

@test "the mapping of users is warmed once the image is built" {
	case $E in *docker*) skip "only with Podman" ;; esac
	[ "$(id -u)" -ne 0 ] || skip "only for an ordinary user"
	printf 'FROM aipod-tiny\nRUN echo warm >/warm\n' >aipod.Dockerfile
	status 0 aipod-build -n
	has "$output" "podman run --rm --pull=never --network=none --userns=keep-id"
	rm -f "$T/calls"
	status 0 aipod-build
	IMAGE=$output
	is "$(tail -n 1 "$T/calls")" "run --rm"
}

@test "the tiny image as an archive" {
	status 0 sh -c 'aipod-build --tar | tar -tvf -'
	has "$output" "bin/busybox"
	has "$output" "bin/sh -> busybox"
	has "$output" "home/aipod/"
	# the same bytes each time
	is "$(aipod-build --tar | sha256sum)" "$(aipod-build --tar | sha256sum)"
}
