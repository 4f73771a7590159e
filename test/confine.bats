#!/usr/bin/env bats
# lib/confine, by its unit test.
load helper

@test "confine: no file, program, process or socket from inside" {
	run "$TOP/build/test/unit/confine"
	[ "$status" -ne 99 ] || skip "$output"
	is "$output" ""
	[ "$status" -eq 0 ]
}

# hold COMMAND...: where privileges cannot be gained, as in a box.
hold() { setpriv --no-new-privs "$@"; }

@test "hold: what no namespace divides is gone, by every way into the kernel" {
	command -v setpriv >/dev/null || skip "no setpriv"
	hold grep -q "^NoNewPrivs:.1" /proc/self/status || skip "no setpriv here"
	case $(uname -m) in x86_64 | aarch64 | riscv64) ;; *) skip "no filter" ;; esac
	hold "$TOP/build/test/unit/hold" before >/dev/null ||
	    skip "there are no keyrings here"
	status 0 hold "$TOP/build/test/unit/hold"
	is "$output" ""
	# what runs under PID 1, and what joins it
	for how in "-m --" "--join --"; do
		status 1 hold aipod-relay $how "$TOP/build/test/unit/hold" before
		has "$output" "keyctl: -38, wanted 0"
	done
	status 127 aipod-relay --join -- no-such-program
	status 126 aipod-relay --join -- /etc
	status 7 aipod-relay --join -- sh -c 'exit 7'
	status 100 aipod-relay --join
}
