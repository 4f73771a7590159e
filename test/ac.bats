#!/usr/bin/env bats
# lib/ac, by its unit test.
load helper

@test "ac: all literals are found, and told of where a word begins" {
	[ -x "$TOP/build/test/unit/ac" ] || skip "run make unit"
	status 0 "$TOP/build/test/unit/ac"
	is "$output" ""
}
