# Loaded by tests that want a server with TLS: a certificate, made once a file,
# for localhost, and servers of the test's own.

https_file_setup() {
	command -v python3 >/dev/null || { skip_file "no python3 here"; return 0; }
	command -v openssl >/dev/null || { skip_file "no openssl here"; return 0; }
	export CA=$BATS_FILE_TMPDIR/ca.crt
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost \
	    -keyout "${CA%crt}key" -out "$CA" 2>/dev/null
}

https_setup() {
	skip_if_so
	setup_env
	unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy \
	    NO_PROXY SSL_CERT_FILE
}

# serve NAME [CERT]: serve $T/NAME; its port is in $port.
serve() {
	mkdir -p "$T/$1"
	"$TOP/test/https/serve" "$T/$1" ${2:+"$2"} >"$T/$1.port" 2>/dev/null 3>&- &
	echo $! >>"$T/servers"
	until_true 20 test -s "$T/$1.port"
	port=$(cat "$T/$1.port")
}

https_teardown() {
	[ ! -f "$T/servers" ] || xargs kill <"$T/servers" 2>/dev/null || true
}
