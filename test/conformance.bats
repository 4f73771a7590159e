#!/usr/bin/env bats
# The official conformance suite for MCP, from npm.

TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)

@test "conformance: revisions 2025-06-18, 2025-11-25 and 2026-07-28" {
	[ "${AIPOD_TEST_NPM-yes}" != no ] || skip "AIPOD_TEST_NPM=no"
	run "$TOP/test/conformance"
	[ "$status" -ne 99 ] || skip "$output"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
}
