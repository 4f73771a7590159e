load helper

unit() { "$TOP/build/test/unit/json" "$@"; }

@test "json: values, names, strings, numbers, bounds, the writer" {
	status 0 timeout 120 "$TOP/build/test/unit/json"
}

# Cases that a parser may take or leave (i_): which of them lib/json takes.
expected() {
	case $1 in
	# numbers stay text until somebody asks for an integer
	i_number_*) echo yes ;;
	# lone surrogates and what is not UTF-8
	i_string_* | i_object_key_lone_2nd_surrogate.json) echo no ;;
	# past JSON_DEPTH
	i_structure_500_nested_arrays.json) echo no ;;
	# a byte order mark is no part of JSON
	i_structure_UTF-8_BOM_empty_object.json) echo no ;;
	y_*) echo yes ;;
	n_*) echo no ;;
	esac
}

@test "json: the cases of a public collection" {
	local dir=${AIPOD_SHARED:-$TOP/../shared}/json/test_parsing n=0
	[ -d "$dir" ] || skip "no collection in '$dir'"
	unit "$dir"/*.json >"$T/out"
	while IFS='	' read -r answer file why; do
		name=${file##*/}
		[ "$answer" = "$(expected "$name")" ] || {
			echo "$name: $answer $why" >&2
			return 1
		}
		n=$((n + 1))
	done <"$T/out"
	is "$n" "$(ls "$dir" | wc -l | tr -d ' ')"
}

@test "json: each refusal says what and where" {
	printf '{"a":1,}' >"$T/a"
	printf '[1 2]' >"$T/b"
	printf '{"a":tru}' >"$T/c"
	printf '{"a":1}{"b":2}' >"$T/d"
	status 0 unit "$T/a" "$T/b" "$T/c" "$T/d"
	is "${lines[0]}" "no	$T/a	no name where a member should begin at 7"
	is "${lines[1]}" "no	$T/b	no comma or closing bracket behind a value at 3"
	is "${lines[2]}" "no	$T/c	an unknown word at 5"
	is "${lines[3]}" "no	$T/d	something behind the value at 7"
}
