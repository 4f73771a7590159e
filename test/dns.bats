load helper

dns() { "$TOP/build/test/unit/dns" "$@"; }

# qname a.b: its labels in hex.
qname() {
	local l IFS=.
	for l in $1; do
		printf '%02x' ${#l}
		printf %s "$l" | od -An -v -tx1 | tr -d ' \n'
	done
	printf 00
}

# query NAME TYPE [COUNTS [REST]]: a query with id 1234 and RD, in hex.
query() {
	printf '12340100%s%s%04x0001%s' "${3:-0001000000000000}" \
	    "$(qname "$1")" "$2" "${4-}"
}

OPT=0000290200000000000000

@test "dns: a query is read" {
	is "$(dns "$(query www.example.com 1)")" "0 'www.example.com' 1 rd"
	is "$(dns "$(query WWW.Example.COM 28)")" "0 'www.example.com' 28 rd"
	is "$(dns "$(query a 1 0001000000000001 $OPT)")" "0 'a' 1 rd edns"
	is "$(dns "12340000000100000000000000000f0001")" "0 '' 15"
	l63=$(printf 'a%.0s' $(seq 63))
	is "$(dns "$(query "$l63.b" 1)")" "0 '$l63.b' 1 rd"
	is "$(dns "$(query a_b.c 1)")" "0 'a_b.c' 1 rd"
}

@test "dns: bytes that no host name has are said to be odd" {
	is "$(dns "$(query 'a b.c' 1)")" "0 'a?b.c' 1 rd odd"
	# a dot inside of a label must not look like two labels
	is "$(dns "12340100000100000000000003612e620000010001")" \
	    "0 'a?b' 1 rd odd"
	is "$(dns "123401000001000000000000020061000001""0001")" \
	    "0 '?a' 1 rd odd"
}

@test "dns: what is no query gets no answer" {
	is "$(dns "")" -1
	is "$(dns 1234010000010000000000)" -1
	is "$(dns "12348100000100000000000001610000010001")" -1
}

@test "dns: malformed queries are format errors" {
	q=$(query www.example.com 1)
	# cut short at every byte
	for n in $(seq 24 2 $((${#q} - 2))); do
		is "$(dns "${q:0:$n}")" 1
	done
	is "$(dns "${q}00")" 1
	is "$(dns "$(query a 1 0000000000000000)")" 1
	is "$(dns "$(query a 1 0002000000000000)")" 1
	is "$(dns "$(query a 1 0001000100000000)")" 1
	is "$(dns "$(query a 1 0001000000010000)")" 1
	is "$(dns "$(query a 1 0001000000000002 $OPT$OPT)")" 1
	is "$(dns "$(query a 1 0001000000000001)")" 1
	is "$(dns "$(query a 1 0001000000000001 ${OPT}00)")" 1
	is "$(dns "$(query a 1 0001000000000001 0000010200000000000000)")" 1
	# a compression pointer, to itself and to the header
	is "$(dns 123401000001000000000000c00c00010001)" 1
	is "$(dns 123401000001000000000000c00000010001)" 1
	# labels of 64 bytes, names of 255 bytes and more
	l64=$(printf 'a%.0s' $(seq 64)) l63=${l64#a} l61=${l63#aa}
	is "$(dns "$(query "$l64.b" 1)")" 1
	is "$(dns "$(query "$l63.$l63.$l63.$l61" 1)" | cut -c 1)" 0
	is "$(dns "$(query "$l63.$l63.$l63.a$l61" 1)")" 1
	is "$(dns "$(query "$l63.$l63.$l63.$l63" 1)")" 1
}

@test "dns: other opcodes, classes and EDNS versions are refused" {
	is "$(dns "12341100000100000000000001610000010001")" 4
	is "$(dns "12342900000100000000000001610000010001")" 4
	is "$(dns "12340100000100000000000001610000010003")" 5
	is "$(dns "$(query a 1 0001000000000001 0000290200000100000000)")" 16
}

@test "dns: answers" {
	q=$(query a.b 1)
	rest=${q#12340100}
	is "$(dns "$q" 0 A 7f400102)" \
	    "123481800001000100000000${rest#0001000000000000}c00c000100010000000500047f400102"
	is "$(dns "$q" 3)" "123481830001000000000000${rest#0001000000000000}"
	is "$(dns "$q" 0 PTR x.y)" \
	    "123481800001000100000000${rest#0001000000000000}c00c000c00010000000500050178017900"
	# the question comes back in the case it was sent in
	has "$(dns "$(query A.b 1)" 3)" 01410162
	# with EDNS, an OPT record; the version refused in its upper bits
	has "$(dns "$(query a 1 0001000000000001 $OPT)" 0 A 7f400102)" \
	    7f40010200002904d0000000000000
	has "$(dns "$(query a 1 0001000000000001 0000290200000100000000)" 16)" \
	    00002904d0010000000000
	# a question that could not be read is not echoed
	is "$(dns 123401000001000000000000c00c00010001 1)" \
	    123481810000000000000000
}

@test "dns: reverse names" {
	is "$(dns -r 2.1.64.127.in-addr.arpa)" 7f400102
	is "$(dns -r 0.0.0.0.in-addr.arpa)" 00000000
	for n in 1.64.127.in-addr.arpa 256.1.64.127.in-addr.arpa \
	    01.1.64.127.in-addr.arpa 1.2.1.64.127.in-addr.arpa \
	    2.1.64.127.in-addr.arpa.x 2.1.64.127 a.1.64.127.in-addr.arpa \
	    0001.1.64.127.in-addr.arpa .1.64.127.in-addr.arpa ''; do
		is "$(dns -r "$n")" no
	done
}
