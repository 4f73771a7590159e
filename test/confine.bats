#!/usr/bin/env bats
# lib/confine, by its unit test.
load helper

@test "confine: no file, program, process or socket from inside" {
	run "$TOP/build/test/unit/confine"
	[ "$status" -ne 99 ] || skip "$output"
	is "$output" ""
	[ "$status" -eq 0 ]
}
