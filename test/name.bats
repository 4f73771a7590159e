load helper

name() { "$TOP/build/test/unit/name" "$@"; }

@test "name: lower case, and a trailing dot goes" {
	is "$(name Example.COM)" "host example.com"
	is "$(name example.com.)" "host example.com"
	is "$(name _dmarc.a-b.example)" "host _dmarc.a-b.example"
	is "$(name r3---sn-x.example)" "host r3---sn-x.example"
	is "$(name localhost)" "single localhost"
	is "$(name 3com.example)" "host 3com.example"
	is "$(name 1.2.3.example)" "host 1.2.3.example"
}

@test "name: bytes that are no host name" {
	for n in '' . .. a..b .a a.. 'a b' "a	b" a@b a/b a%2eb 'a\b' 'a?b' \
	    'a#b' 'a*b' '*.a' a,b a:b -a a- a.-b "a'b" http://a é.example \
	    $'a\x7fb' $'a\nb' ａ.example '１.2.3.4' '[a]' '[]' '['; do
		is "$(name "$n")" bad
	done
	is "$(printf 'a.example\0.b.example' | name -)" bad
	is "$(printf 'a.example\0' | name -)" bad
	is "$(printf '\001a.example' | name -)" bad
	is "$(printf 'a.example\377' | name -)" bad
}

@test "name: lengths" {
	l63=$(printf 'a%.0s' $(seq 63))
	is "$(name "$l63.example")" "host $l63.example"
	is "$(name "a$l63.example")" bad
	n253=$l63.$l63.$l63.${l63%??}
	is "${#n253}" 253
	is "$(name "$n253")" "host $n253"
	is "$(name "$n253.")" "host $n253"
	is "$(name "a$n253")" bad
	is "$(head -c 1000 /dev/zero | tr '\0' a | name -)" bad
}

@test "name: IPv4 in every spelling" {
	for n in 127.0.0.1 127.1 127.0.1 2130706433 0x7f.1 0x7f000001 017700000001 \
	    0177.0.0.01 127.0.0.1. 0X7F.0x0.0.1 0x7F.0.0x0.0x1 \
	    00000000000000177.1; do
		is "$(name "$n")" "address 127.0.0.1"
	done
	is "$(name 0)" "address 0.0.0.0"
	is "$(name 0x)" "address 0.0.0.0"
	is "$(name 4294967295)" "address 255.255.255.255"
	is "$(name 1.2.3.0x)" "address 1.2.3.0"
	is "$(name 1.65535)" "address 1.0.255.255"
	# a last label that is a number makes it an address or nothing
	for n in 256.1.1.1 1.2.3.256 1.2.3.4.5 4294967296 08.1.1.1 1.2.3.09 \
	    a.1 example.com.0x1 1.16777216 0x100000000 1..2 \
	    99999999999999999999999; do
		is "$(name "$n")" bad
	done
}

@test "name: IPv6 has one spelling" {
	is "$(name 0:0:0:0:0:0:0:1)" "address ::1"
	is "$(name '[::1]')" "address ::1"
	is "$(name ::)" "address ::"
	is "$(name ::ffff:127.0.0.1)" "address 127.0.0.1"
	is "$(name ::FFFF:7f00:1)" "address 127.0.0.1"
	is "$(name '[0:0:0:0:0:ffff:7f00:0001]')" "address 127.0.0.1"
	is "$(name 2001:DB8:0:0:1:0:0:1)" "address 2001:db8::1:0:0:1"
	is "$(name 2001:db8:0:1:1:1:1:1)" "address 2001:db8:0:1:1:1:1:1"
	is "$(name 1:2:3:4:5:6:0:0)" "address 1:2:3:4:5:6::"
	is "$(name 64:ff9b::10.0.0.1)" "address 64:ff9b::a00:1"
	for n in ::1%eth0 '[fe80::1%25lo]' 1:2:3:4:5:6:7:8:9 :::1 1::2::3 \
	    '[[::1]]' '[127.0.0.1]' ::1.2.3 12345::1 ::ffff:0x7f.0.0.1; do
		is "$(name "$n")" bad
	done
}

@test "name: A-labels must be Punycode of what IDNA lets in" {
	is "$(name xn--bcher-kva.example)" "host xn--bcher-kva.example"
	is "$(name XN--BCHER-KVA.example)" "host xn--bcher-kva.example"
	is "$(name xn--80ak6aa92e.example)" "host xn--80ak6aa92e.example"
	is "$(name xn--fiqs8s)" "single xn--fiqs8s"
	is "$(name xn--strae-oqa.example)" "host xn--strae-oqa.example"
	# empty, ASCII alone, cut short, overflowing
	for n in xn-- xn--a- xn---a xn--example-.example xn--bcher-kv9 xn--99999999 \
	    xn--a_b xn--a-999999b; do
		is "$(name "$n")" bad
	done
}

@test "name: A-labels that hide a separator, ASCII or nothing" {
	command -v python3 >/dev/null || skip "no python3"
	python3 - >"$T/labels" <<-'PY'
		for c in (0x2044, 0x2215, 0x3002, 0xff0e, 0x200b, 0x202e, 0xad,
		    0xa0, 0xfeff, 0xff41, 0x1d41a, 0x2116, 0xe000, 0xfffe, 0xe0041):
		    print("xn--" + ("a" + chr(c) + "b").encode("punycode").decode())
		PY
	while read -r n; do
		is "$(name "$n.example")" bad
	done <"$T/labels"
	[ "$(wc -l <"$T/labels")" -eq 15 ]
}

@test "name: name and port" {
	is "$(name -p example.com:443)" "example.com 443"
	is "$(name -p a:1)" "a 1"
	is "$(name -p '[::1]:65535')" "::1 65535"
	for n in example.com : a: :80 a:0 a:080 a:65536 a:99999 a:100000 a:-1 \
	    a:+1 'a: 1' 'a:1 ' a:0x50 ::1:80 '[::1]' '[]:80' '[a]:80' \
	    '[[::1]:80' '[::1]]:80' '[::1]x:80' a:b:80 a:80:; do
		is "$(name -p "$n")" no
	done
}
