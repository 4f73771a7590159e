load helper

setup() {
	setup_env
	cd "$T/ws"
}

@test "mask, list, mounts, unmask" {
	mkdir -p web/node_modules
	status 0 aipod-mask web/node_modules
	status 0 aipod-mask add target
	is "$(aipod-mask list | cut -f1 | tr '\n' ' ')" "web/node_modules target "
	is "$(aipod-mask mounts | cut -f1 | tr '\n' ' ')" "web/node_modules target "
	has "$(aipod-mask mounts)" "aipod-$(aipod-hash)-mask-node-modules"
	status 0 aipod-mask unmask target
	status 1 aipod-mask remove target
	is "$(aipod-mask | cut -f1)" web/node_modules
}

@test "a-b and a/b have volumes of their own" {
	mkdir -p a/b a-b
	aipod-mask a/b a-b
	is "$(aipod-mask mounts | cut -f2 | sort -u | wc -l | tr -d ' ')" 2
}

@test "what would break out is refused" {
	mkdir -p d
	touch file
	ln -s "$T" up
	for d in .. ../x "$T" . up up/x file file/x d/../../x .git .git/hooks \
	    .aipod nowhere/x; do
		status 100 aipod-mask add "$d"
	done
	is "$(aipod-mask list)" ""
	aipod-mask d
	status 100 aipod-mask d/e
}

@test "a mask that became a link is not mounted" {
	mkdir -p a/node_modules
	aipod-mask a/node_modules
	rm -r a/node_modules
	ln -s /etc a/node_modules
	status 0 aipod-mask mounts
	is "$output" ""
	has "$stderr" "not masked this time"
	rm -r a
	ln -s "$T" a
	status 0 aipod-mask mounts
	is "$output" ""
}

@test "dependency directories are offered once" {
	mkdir -p node_modules/x/node_modules r/target plain/target
	touch r/Cargo.toml
	is "$(aipod-mask offer | sort | tr '\n' ' ')" "node_modules r/target "
	aipod-mask node_modules
	is "$(aipod-mask offer)" r/target
	AIPOD_MASK=no aipod-mask --ask offer
	is "$(aipod-mask offer)" r/target
	AIPOD_MASK=yes aipod-mask --ask offer
	status 1 aipod-mask offer
	aipod-mask unmask r/target
	status 1 aipod-mask offer
	AIPOD_MASK=perhaps status 100 aipod-mask --ask offer
}

@test "what lies in a masked directory is not pending" {
	mkdir -p node_modules/x
	touch node_modules/x/.env
	status 1 sh -c 'aipod-scan | aipod-hide pending'
	aipod-mask node_modules
	status 0 sh -c 'aipod-scan | aipod-hide pending'
}

@test "a launch masks dependency directories where the setting says so" {
	[ -n "${AIPOD_TEST_LONG-}" ] || skip "AIPOD_TEST_LONG is not set"
	engine_file_setup
	engine_setup
	mkdir -p node_modules/x
	echo '{}' >package.json
	AIPOD_MASK=yes status 0 aipod run ls node_modules
	is "$output" ""
	is "$(aipod mask list | cut -f1)" node_modules
	engine_teardown
}
