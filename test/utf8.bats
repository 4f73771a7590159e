load helper

unit() { "$TOP/build/test/unit/utf8" "$@"; }

@test "utf8: maximal subparts, widths and escapes" {
	status 0 unit
}

@test "utf8: whatever the bytes, only printable ones come out" {
	head -c 65536 /dev/urandom >"$T/in"
	unit -v <"$T/in" >"$T/out"
	[ -s "$T/out" ]
	run env LC_ALL=C grep -c -a '[[:cntrl:]]' "$T/out"
	is "$output" 0
	unit -a <"$T/in" | LC_ALL=C tr -d ' -~' >"$T/rest"
	[ ! -s "$T/rest" ]
}

@test "utf8: what is shown is not mistaken for something else" {
	is "$(printf 'a\\nb' | unit -v)" 'a\\nb'
	is "$(printf 'a\nb' | unit -v)" 'a\nb'
	is "$(printf '\\x1b' | unit -v)" '\\x1b'
}
