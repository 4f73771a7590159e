#!/usr/bin/env bats
# lib/http, by its unit test.
load helper

unit() { status 0 "$TOP/build/test/unit/http" "$1"; is "$output" ""; }

@test "http: heads are read by RFC 9112 and doubtful ones refused" { unit heads; }
@test "http: lines, fields and bytes of a head are bounded" { unit bounds; }
@test "http: fields and tokens are found without case" { unit fields; }
@test "http: two ways to delimit a body are one too many" { unit bodies; }
@test "http: responses" { unit responses; }
@test "http: chunked bodies, in pieces of every size" { unit chunks; }
@test "http: size lines and trailers are bounded" { unit chunk_bounds; }
