/*
 * Unit tests of lib/http: one group an argument.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "http.h"
#include "mem.h"

static int failed;

static void
want(const char *what, long got, long wanted)
{
	if (got == wanted)
		return;
	printf("%s: got %ld, wanted %ld\n", what, got, wanted);
	failed = 1;
}

static void
want_str(const char *what, const char *got, const char *wanted)
{
	if (got == wanted ||
	    (got != NULL && wanted != NULL && strcmp(got, wanted) == 0))
		return;
	printf("%s: got '%s', wanted '%s'\n", what, got != NULL ? got : "NULL",
	    wanted != NULL ? wanted : "NULL");
	failed = 1;
}

/* A head of n bytes parsed from memory that ends where it ends. */
static long
parse_n(struct http_head *h, const char *s, size_t n, char **keep)
{
	char *p = xmalloc(n + 1);
	long rc;

	memcpy(p, s, n);
	rc = http_request(h, p, n);
	if (keep != NULL)
		*keep = p;
	else
		free(p);
	return rc;
}

static long
parse(const char *s)
{
	struct http_head h;

	return parse_n(&h, s, strlen(s), NULL);
}

static void
heads(void)
{
	static const struct {
		const char	*s;
		long		 rc;	/* 1: all of it */
	} t[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1 },
		{ "GET / HTTP/1.0\r\n\r\n", 1 },
		{ "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1 },
		{ "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.9\r\nHost: a\r\n\r\n", 1 },
		{ "CONNECT a:443 HTTP/1.1\r\nHost:a\r\n\r\n", 1 },
		{ "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", 1 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX-Y_z.1~:\t b \t\r\n\r\n", 1 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xff\r\n\r\n", 1 },
		{ "", 0 }, { "G", 0 }, { "\r", 0 }, { "\r\n", 0 },
		{ "GET / HTTP/1.1\r\nHost: a\r\n", 0 },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r", 0 },
		{ "GET / HTTP/1.1\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\n\r\n", -400 },
		{ "GET / HTTP/1.1\nHost: a\n\n", -400 },
		{ "\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\rHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\n Host: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX(: y\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: y\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", -400 },
		{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ " GET / HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", -400 },
		{ "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "GET /\r\nHost: a\r\n\r\n", -400 },
		{ "GET / \r\nHost: a\r\n\r\n", -400 },
		{ "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "GET / http/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1.11\r\nHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/1\r\nHost: a\r\n\r\n", -400 },
		{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", -505 },
		{ "GET / HTTP/0.9\r\nHost: a\r\n\r\n", -505 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -505 },
		{ "\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", -400 },
		{ "\x16\x03\x01\x02\n", -400 },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		want(t[i].s, parse(t[i].s),
		    t[i].rc == 1 ? (long)strlen(t[i].s) : t[i].rc);
	want("NUL in the request line", parse_n(&(struct http_head){ 0 },
	    "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28, NULL), -400);
	want("NUL in a value", parse_n(&(struct http_head){ 0 },
	    "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29, NULL), -400);
	want("NUL in a name", parse_n(&(struct http_head){ 0 },
	    "GET / HTTP/1.1\r\nHost\0: a\r\n\r\n", 28, NULL), -400);
}

/* A head in which line i of n is made by the format. */
static long
many(const char *first, const char *fmt, int n, int end)
{
	struct buf b = BUF_INIT;
	long rc;
	int i;

	buf_puts(&b, first);
	for (i = 0; i < n; i++)
		buf_printf(&b, fmt, i);
	if (end)
		buf_puts(&b, "\r\n");
	xbuf_check(&b);
	rc = parse_n(&(struct http_head){ 0 }, b.p, b.len, NULL);
	buf_free(&b);
	return rc > 0 ? 1 : rc;
}

static void
bounds(void)
{
	static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\n";

	want("100 fields", many(start, "X%d: y\r\n", 99, 1), 1);
	want("101 fields", many(start, "X%d: y\r\n", 100, 1), -431);
	want("100,000 fields", many(start, "X%d: y\r\n", 99999, 1), -431);
	want("unfinished fields", many(start, "X%d: y\r\n", 5000, 0), -431);
	want("a long target", many("GET /", "%08d", 1023, 0), 0);
	want("a longer target", many("GET /", "%08d", 1025, 0), -414);
	want("a longer target, all of it", many("GET /",
	    "%08200d HTTP/1.1\r\nHost: a\r\n\r\n", 1, 0), -414);
	want("a 60,000 byte field", many(start, "X: %060000d\r\n", 1, 1), 1);
	want("a 70,000 byte field", many(start, "X: %070000d\r\n", 1, 1), -431);
	want("a 1 MiB field without end", many(start, "X: %01048576d", 1, 0),
	    -431);
	want("66 fields of 1,000 bytes", many(start, "X: %01000d\r\n", 66, 1),
	    -431);
}

static void
fields(void)
{
	static const char s[] = "POST /mcp HTTP/1.1\r\nhOsT:\ta \r\n"
	    "Connection: Keep-Alive,,\t x-Foo ,bar\r\nEmpty:\r\n"
	    "connection: baz close\r\n\r\nrest";
	struct http_head h;
	char *p;
	size_t i;

	for (i = 0; i < sizeof(s) - 5; i++)
		want("more is needed", parse_n(&h, s, i, NULL), 0);
	want("length", parse_n(&h, s, sizeof(s) - 1, &p),
	    (long)sizeof(s) - 5);
	want_str("method", h.method, "POST");
	want_str("target", h.target, "/mcp");
	want("minor", h.minor, 1);
	want("fields", (long)h.nfield, 4);
	want_str("Host", http_field(&h, "Host"), "a");
	want_str("Empty", http_field(&h, "empty"), "");
	want_str("none", http_field(&h, "Hos"), NULL);
	want("count", (long)http_field_count(&h, "CONNECTION"), 2);
	want("x-foo", http_has_token(&h, "Connection", "x-foo"), 1);
	want("bar", http_has_token(&h, "Connection", "bar"), 1);
	want("ba", http_has_token(&h, "Connection", "ba"), 0);
	want("close", http_has_token(&h, "Connection", "close"), 0);
	want("keepalive", http_keepalive(&h), 1);
	free(p);
}

static const struct {
	const char		*s;
	int			 rc;
	enum http_framing	 framing;
	uint64_t		 len;
} bodies_of[] = {
	{ "", 0, HTTP_NONE, 0 },
	{ "Content-Length: 0\r\n", 0, HTTP_LENGTH, 0 },
	{ "Content-Length: 0005\r\n", 0, HTTP_LENGTH, 5 },
	{ "Content-Length: 9223372036854775799\r\n", 0, HTTP_LENGTH,
	    INT64_C(9223372036854775799) },
	{ "Content-Length: 18446744073709551616\r\n", -400, 0, 0 },
	{ "Content-Length: 18446744073709551621\r\n", -400, 0, 0 },
	{ "Content-Length:\r\n", -400, 0, 0 },
	{ "Content-Length: +5\r\n", -400, 0, 0 },
	{ "Content-Length: -5\r\n", -400, 0, 0 },
	{ "Content-Length: 0x5\r\n", -400, 0, 0 },
	{ "Content-Length: 5 5\r\n", -400, 0, 0 },
	{ "Content-Length: 5, 5\r\n", -400, 0, 0 },
	{ "Content-Length: 5\r\nContent-Length: 5\r\n", -400, 0, 0 },
	{ "Content-Length: 5\r\nContent-Length: 6\r\n", -400, 0, 0 },
	{ "Transfer-Encoding: chunked\r\n", 0, HTTP_CHUNKED, 0 },
	{ "Transfer-Encoding: CHUNKED\r\n", 0, HTTP_CHUNKED, 0 },
	{ "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", -400, 0, 0 },
	{ "Content-Length: 5\r\nTransfer-Encoding: x\r\n", -400, 0, 0 },
	{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	    -400, 0, 0 },
	{ "Transfer-Encoding: identity\r\n", -501, 0, 0 },
	{ "Transfer-Encoding: gzip, chunked\r\n", -501, 0, 0 },
	{ "Transfer-Encoding: chunked, chunked\r\n", -501, 0, 0 },
	{ "Transfer-Encoding: chunked;q=1\r\n", -501, 0, 0 },
	{ "Transfer-Encoding: xchunked\r\n", -501, 0, 0 },
	{ "Transfer-Encoding: \"chunked\"\r\n", -501, 0, 0 },
	{ "Transfer-Encoding:\r\n", -501, 0, 0 },
};

static void
bodies(void)
{
	enum http_framing f;
	struct http_head h;
	uint64_t len;
	char *s, *p;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(bodies_of) / sizeof(bodies_of[0]); i++) {
		s = xasprintf("GET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
		    bodies_of[i].s);
		if (parse_n(&h, s, strlen(s), &p) <= 0)
			want(s, 0, 1);
		rc = http_body(&h, 0, &f, &len);
		want(s, rc, bodies_of[i].rc);
		if (rc == 0) {
			want(s, f, bodies_of[i].framing);
			want(s, len == bodies_of[i].len, 1);
		}
		free(p);
		free(s);
	}
	parse_n(&h, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 46,
	    &p);
	want("chunked in 1.0", http_body(&h, 0, &f, &len), -400);
	want("1.0 closes", http_keepalive(&h), 0);
	free(p);
	parse_n(&h, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 42, &p);
	want("1.0 kept alive", http_keepalive(&h), 1);
	free(p);
	parse_n(&h, "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
	    49, &p);
	want("closed", http_keepalive(&h), 0);
	free(p);
}

static void
responses(void)
{
	static const struct {
		const char		*s;
		long			 rc;
		int			 status;
		enum http_framing	 framing;
	} t[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", 1, 200, HTTP_CLOSE },
		{ "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\n", 1, 200,
		    HTTP_LENGTH },
		{ "HTTP/1.0 404\r\n\r\n", 1, 404, HTTP_CLOSE },
		{ "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", 1, 204,
		    HTTP_NONE },
		{ "HTTP/1.1 304 No\r\n\r\n", 1, 304, HTTP_NONE },
		{ "HTTP/1.1 100 Go on\r\n\r\n", 1, 100, HTTP_NONE },
		{ "HTTP/1.1 200 OK\r\n", 0, 0, 0 },
		{ "HTTP/1.1 20 OK\r\n\r\n", -400, 0, 0 },
		{ "HTTP/1.1 2000 OK\r\n\r\n", -400, 0, 0 },
		{ "HTTP/1.1 099 OK\r\n\r\n", -400, 0, 0 },
		{ "HTTP/1.1 600 OK\r\n\r\n", -400, 0, 0 },
		{ "HTTP/1.1  200 OK\r\n\r\n", -400, 0, 0 },
		{ "HTTP/1.1 -20 OK\r\n\r\n", -400, 0, 0 },
		{ "HTTP/1.1 200 O\x01K\r\n\r\n", -400, 0, 0 },
		{ "HTTP/2.0 200 OK\r\n\r\n", -505, 0, 0 },
		{ "ICY 200 OK\r\n\r\n", -400, 0, 0 },
		{ "SSH-2.0-OpenSSH_9.2\r\n\r\n", -400, 0, 0 },
	};
	enum http_framing f;
	struct http_head h;
	uint64_t len;
	size_t i;
	char *p;
	long rc;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		p = xstrdup(t[i].s);
		rc = http_response(&h, p, strlen(p));
		want(t[i].s, rc,
		    t[i].rc == 1 ? (long)strlen(t[i].s) : t[i].rc);
		if (rc > 0) {
			want(t[i].s, h.status, t[i].status);
			want(t[i].s, http_body(&h, 1, &f, &len), 0);
			want(t[i].s, f, t[i].framing);
		}
		free(p);
	}
}

/* Feed the bytes in pieces of the given size; NULL when refused. */
static char *
unchunk(const char *s, size_t n, size_t piece, size_t *used, int *done)
{
	struct http_chunks k = { 0 };
	struct buf b = BUF_INIT;
	size_t at = 0, take, out;
	char *p;
	long rc;

	while (at < n && !k.done) {
		take = n - at < piece ? n - at : piece;
		p = xmalloc(take);
		memcpy(p, s + at, take);
		if ((rc = http_chunks(&k, p, take, &out)) == -1) {
			want("refused for good", http_chunks(&k, p, 1, &out),
			    -1);
			free(p);
			buf_free(&b);
			return NULL;
		}
		buf_add(&b, p, out);
		at += (size_t)rc;
		free(p);
	}
	*used = at;
	*done = k.done;
	return buf_str(&b);
}

static void
chunks(void)
{
	static const struct {
		const char	*s;
		const char	*body;	/* NULL: refused */
		int		 done;
	} t[] = {
		{ "0\r\n\r\n", "", 1 },
		{ "000\r\n\r\n", "", 1 },
		{ "5\r\nhello\r\n0\r\n\r\nnext", "hello", 1 },
		{ "1\r\na\r\n2\r\nbc\r\n0000A\r\n0123456789\r\n0\r\n\r\n",
		    "abc0123456789", 1 },
		{ "5;x=\"a;b\";y\r\nhello\r\n0;z\r\n\r\n", "hello", 1 },
		{ "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 1 },
		{ "0\r\nAuthorization: Bearer x\r\nA:\r\n\r\nn", "", 1 },
		{ "5\r\nhel", "hel", 0 },
		{ "5\r\nhello\r\n0\r\n", "hello", 0 },
		{ "ffffffffffffff\r\nx", "x", 0 },
		{ "\r\n", NULL, 0 }, { ";\r\n", NULL, 0 },
		{ "g\r\n", NULL, 0 }, { "0x5\r\n", NULL, 0 },
		{ "+5\r\n", NULL, 0 }, { "-5\r\n", NULL, 0 },
		{ " 5\r\n", NULL, 0 }, { "5 \r\n", NULL, 0 },
		{ "5 ;x\r\n", NULL, 0 },
		{ "ffffffffffffffff\r\n", NULL, 0 },
		{ "10000000000000005\r\n", NULL, 0 },
		{ "5\nhello\r\n", NULL, 0 }, { "5\rhello\r\n", NULL, 0 },
		{ "5\r\r\nhello\r\n", NULL, 0 },
		{ "5;\x01\r\nhello\r\n", NULL, 0 },
		{ "5;a\nb\r\nhello\r\n", NULL, 0 },
		{ "5\r\nhellox\r\n", NULL, 0 }, { "5\r\nhello\n0", NULL, 0 },
		{ "5\r\nhello\rx", NULL, 0 },
		{ "0\r\n: x\r\n\r\n", NULL, 0 }, { "0\r\n x\r\n", NULL, 0 },
		{ "0\r\na b: x\r\n", NULL, 0 }, { "0\r\na\r\n", NULL, 0 },
		{ "0\r\na: x\n\r\n", NULL, 0 }, { "0\r\n\rx", NULL, 0 },
		{ "0\r\na: \x01\r\n", NULL, 0 }, { "0\r\n\n", NULL, 0 },
	};
	size_t i, piece, used, n;
	char *body;
	int done;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (piece = 1; piece < 9; piece++) {
			n = strlen(t[i].s);
			body = unchunk(t[i].s, n, piece, &used, &done);
			want_str(t[i].s, body, t[i].body);
			if (body == NULL)
				continue;
			want(t[i].s, done, t[i].done);
			if (done && t[i].s[used] != '\0')
				want(t[i].s, t[i].s[used], 'n');
			free(body);
		}
}

static void
chunk_bounds(void)
{
	struct buf b = BUF_INIT;
	size_t used, i;
	char *body;
	int done;

	buf_puts(&b, "5;");
	for (i = 0; i < 300; i++)
		buf_addc(&b, 'x');
	body = unchunk(b.p, b.len, 64, &used, &done);
	want_str("a long extension", body, NULL);
	buf_clear(&b);
	buf_puts(&b, "0\r\n");
	for (i = 0; i < 100000; i++)
		buf_puts(&b, "a: b\r\n");
	body = unchunk(b.p, b.len, 4096, &used, &done);
	want_str("100,000 trailers", body, NULL);
	buf_clear(&b);
	for (i = 0; i < 10000; i++)
		buf_puts(&b, "1\r\nx\r\n");
	buf_puts(&b, "0\r\n\r\n");
	body = unchunk(b.p, b.len, 1000, &used, &done);
	want("10,000 chunks", body != NULL ? (long)strlen(body) : -1, 10000);
	want("done", done, 1);
	free(body);
	buf_free(&b);
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char	*name;
		void		(*run)(void);
	} group[] = {
		{ "heads", heads }, { "bounds", bounds }, { "fields", fields },
		{ "bodies", bodies }, { "responses", responses },
		{ "chunks", chunks }, { "chunk_bounds", chunk_bounds },
	};
	size_t i;

	for (i = 0; argc == 2 && i < sizeof(group) / sizeof(group[0]); i++)
		if (strcmp(group[i].name, argv[1]) == 0) {
			group[i].run();
			return failed;
		}
	fputs("usage: http GROUP\n", stderr);
	return 100;
}
