#include <string.h>
#include <strings.h>

#include "httpgate.h"
#include "name.h"

enum { HEAD, LENGTH, CHUNKED, OVER };

static int
refuse(struct httpgate *g, const char *why)
{
	g->why = why;
	return -1;
}

/* Fields for the next hop alone: RFC 9110, 7.6.1. */
static int
is_hop(const struct http_head *h, const char *name)
{
	static const char *const hop[] = { "Connection", "Keep-Alive",
	    "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
	    "TE", "Trailer", "Upgrade", "HTTP2-Settings" };
	size_t i;

	for (i = 0; i < sizeof(hop) / sizeof(hop[0]); i++)
		if (strcasecmp(name, hop[i]) == 0)
			return 1;
	/* these decide about host and framing and are no client's to drop */
	if (strcasecmp(name, "Host") == 0 ||
	    strcasecmp(name, "Content-Length") == 0 ||
	    strcasecmp(name, "Transfer-Encoding") == 0)
		return 0;
	return http_has_token(h, "Connection", name);
}

/* Does the Host field name the host, with its port unless that is 80? */
static int
host_agrees(const struct httpgate *g, const char *host)
{
	char name[NAME_HOST_MAX];
	const char *h = host;
	size_t n = strlen(host);
	int port = 80;

	if (host[0] != '\0' && host[n - 1] != ']' && strchr(host, ':') != NULL &&
	    name_split_port(host, n, &h, &n, &port) == -1)
		return 0;
	if (n == 0 || h[n - 1] == '.' || name_normalise(h, n, name) == NAME_BAD)
		return 0;
	return port == g->port && strcmp(name, g->name) == 0;
}

static void
put_head(struct httpgate *g, const struct http_head *h, const char *target,
    struct buf *out)
{
	const struct http_field *f;
	size_t i;

	buf_printf(out, "%s %s HTTP/1.%d\r\n", h->method, target, h->minor);
	for (i = 0; i < h->nfield; i++) {
		f = &h->field[i];
		if (!is_hop(h, f->name))
			buf_printf(out, "%s: %s\r\n", f->name, f->value);
	}
	if (g->once || !http_keepalive(h))
		buf_puts(out, "Connection: close\r\n");
	else if (h->minor == 0)
		buf_puts(out, "Connection: keep-alive\r\n");
	buf_puts(out, "\r\n");
}

int
httpgate_head(struct httpgate *g, const struct http_head *h,
    const char *target, struct buf *out)
{
	static const int states[] = { HEAD, LENGTH, CHUNKED, OVER };
	enum http_framing framing;
	const char *host = http_field(h, "Host");

	if (strcmp(h->method, "CONNECT") == 0)
		return refuse(g, "CONNECT within a connection");
	if (target[0] != '/' &&
	    (strcmp(target, "*") != 0 || strcmp(h->method, "OPTIONS") != 0))
		return refuse(g, "a request whose target is no path");
	if (host == NULL)
		return refuse(g, "a request without Host");
	if (!host_agrees(g, host))
		return refuse(g, "a request whose Host is another");
	if (http_body(h, 0, &framing, &g->left) < 0)
		return refuse(g, "a request whose length is in doubt");
	put_head(g, h, target, out);
	g->state = framing == HTTP_LENGTH && g->left == 0 ? HEAD :
	    states[framing];
	memset(&g->chunks, 0, sizeof(g->chunks));
	if (g->state == HEAD && g->once)
		g->state = OVER;
	return 0;
}

static int
feed_head(struct httpgate *g, char *p, size_t n, struct buf *out, size_t *used)
{
	struct http_head h;
	size_t old = g->head.len;
	long len;

	g->head.max = HTTPGATE_HEAD_MAX;
	if (n > HTTPGATE_HEAD_MAX - old)
		n = HTTPGATE_HEAD_MAX - old;
	if (n == 0 || buf_add(&g->head, p, n) == -1)
		return refuse(g, "a head that is too long");
	if ((len = http_request(&h, g->head.p, g->head.len)) < 0)
		return refuse(g, "no HTTP/1 request");
	*used = n;
	if (len == 0)
		return 0;
	*used = (size_t)len - old;
	if (httpgate_head(g, &h, h.target, out) == -1)
		return -1;
	buf_free(&g->head);
	return 0;
}

/* Chunks are made anew: no extension, no trailer, no odd size line goes on. */
static int
feed_chunks(struct httpgate *g, char *p, size_t n, struct buf *out,
    size_t *used)
{
	size_t data;
	long len;

	if ((len = http_chunks(&g->chunks, p, n, &data)) == -1)
		return refuse(g, "a body that is badly chunked");
	*used = (size_t)len;
	if (data > 0) {
		buf_printf(out, "%zx\r\n", data);
		buf_add(out, p, data);
		buf_puts(out, "\r\n");
	}
	if (g->chunks.done) {
		buf_puts(out, "0\r\n\r\n");
		g->state = g->once ? OVER : HEAD;
	}
	return 0;
}

int
httpgate_feed(struct httpgate *g, char *p, size_t n, struct buf *out)
{
	size_t used;
	int rc = 0;

	for (; n > 0 && rc == 0; p += used, n -= used) {
		used = n;
		switch (g->state) {
		case HEAD:
			rc = feed_head(g, p, n, out, &used);
			break;
		case LENGTH:
			if (used > g->left)
				used = (size_t)g->left;
			buf_add(out, p, used);
			if ((g->left -= used) == 0)
				g->state = g->once ? OVER : HEAD;
			break;
		case CHUNKED:
			rc = feed_chunks(g, p, n, out, &used);
			break;
		default:
			break;
		}
	}
	if (rc == 0 && out->bad)
		return refuse(g, "out of memory");
	return rc;
}

void
httpgate_free(struct httpgate *g)
{
	buf_free(&g->head);
}
