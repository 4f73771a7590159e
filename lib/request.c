#if HAVE_EPOLL
#include <sys/socket.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "gate.h"
#include "handover.h"
#include "hash.h"
#include "io.h"
#include "num.h"

/* ---- answers ------------------------------------------------------------- */

static const char *
phrase(int status)
{
	switch (status) {
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 405: return "Method Not Allowed";
	case 407: return "Proxy Authentication Required";
	case 408: return "Request Timeout";
	case 414: return "URI Too Long";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	default: return "Error";
	}
}

static void
answer(struct gate_conn *c, int status, const struct buf *body)
{
	struct buf b = BUF_INIT;

	c->state = GATE_DRAINING;
	/* it has no idea of a proxy; only HTTP can be told */
	if (c->taken && c->port != 80) {
		c->hard = 1;
		return;
	}
	buf_printf(&b, "HTTP/1.1 %d %s\r\nContent-Type: text/plain;"
	    " charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n",
	    status, phrase(status), body->len);
	if (status == 403)
		buf_puts(&b, "Proxy-Status: aipod-egress;"
		    " error=http_request_denied\r\n");
	if (status == 405)
		buf_puts(&b, "Allow: CONNECT\r\n");
	if (status == 407)
		buf_puts(&b, "Proxy-Authenticate: Bearer\r\n");
	buf_puts(&b, "\r\n");
	buf_add(&b, body->p, body->len);
	/* a fresh socket has room for this; a client without loses its answer */
	if (!b.bad)
		(void)!send(c->client.fd, b.p, b.len, MSG_NOSIGNAL |
		    MSG_DONTWAIT);
	shutdown(c->client.fd, SHUT_WR);
	buf_free(&b);
}

void
gate_refuse(struct gate_conn *c, int status, const char *fmt, ...)
{
	struct buf body = BUF_INIT;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(&body, "aipod: %s\n", text);
	answer(c, status, &body);
	buf_free(&body);
}

void
gate_deny_text(struct buf *b, const struct gate_conn *c, const char *why)
{
	int v6 = strchr(c->name, ':') != NULL;

	buf_printf(b, "aipod: '%s' port %d is refused by policy; this is no"
	    " fault of the network, and trying again does not help.\n"
	    "why: %s\n", c->name, c->port, why);
	buf_printf(b, "The user can allow it, outside of the box, with:\n"
	    "    aipod allow host %s%s%s", v6 ? "[" : "", c->name,
	    v6 ? "]" : "");
	if (c->kind != NAME_HOST || (c->port != 80 && c->port != 443) ||
	    strcmp(c->name, JUDGE_HOST) == 0)
		buf_printf(b, ":%d", c->port);
	buf_puts(b, "\n");
}

void
gate_deny(struct gate_conn *c, const char *why)
{
	struct buf body = BUF_INIT;

	gate_record(c, "deny", why, NULL);
	gate_deny_text(&body, c, why);
	answer(c, 403, &body);
	buf_free(&body);
}

void
gate_record(struct gate_conn *c, const char *verdict, const char *why,
    const char *detail)
{
	char subject[NAME_HOST_MAX + NUM_MAX + 3], *s = subject;
	size_t n = strlen(c->name);
	int v6 = strchr(c->name, ':') != NULL;

	if (v6)
		*s++ = '[';
	memcpy(s, c->name, n);
	s += n;
	if (v6)
		*s++ = ']';
	*s++ = ':';
	s += num_put(s, (unsigned long long)c->port);
	scribe_note(&c->gate->scribe, verdict, why, subject,
	    (size_t)(s - subject), detail);
}

/* ---- requests ------------------------------------------------------------ */

static int
bad(struct gate_conn *c, int status, const char *why)
{
	char line[200];
	size_t n;

	/* the first line, in which the parser has put NULs for spaces */
	for (n = 0; n < c->in.len && n < sizeof(line) && c->in.p[n] != '\r' &&
	    c->in.p[n] != '\n'; n++)
		line[n] = c->in.p[n] == '\0' ? ' ' : c->in.p[n];
	while (n > 0 && line[n - 1] == ' ')
		n--;
	if (c->name != NULL)
		gate_record(c, "deny", why, NULL);
	else
		scribe_note(&c->gate->scribe, "deny", why, n > 0 ? line : "-",
		    n > 0 ? n : 1, NULL);
	gate_refuse(c, status, "%s", why);
	return -1;
}

/* A name that is not in its one spelling is not guessed at. */
static int
take_name(struct gate_conn *c, const char *s, size_t n)
{
	char name[NAME_HOST_MAX], why[NAME_HOST_MAX + 64];

	if ((c->kind = name_normalise(s, n, name)) == NAME_BAD)
		return bad(c, 400, "this is no host name");
	if (strlen(name) != n || strncasecmp(s, name, n) != 0) {
		snprintf(why, sizeof(why), "a host must be given in its plain"
		    " form: '%s'", name);
		return bad(c, 400, why);
	}
	if ((c->name = strdup(name)) == NULL)
		return bad(c, 503, "out of memory");
	return 0;
}

/* Compare without telling by the time how much was right. */
static int
token_right(const char *given, const char *token)
{
	size_t i, n = strlen(token);
	unsigned char d = 0;

	if (strlen(given) != n)
		return 0;
	for (i = 0; i < n; i++)
		d |= (unsigned char)(given[i] ^ token[i]);
	return d == 0;
}

static int
authorised(const struct gate_conn *c, const struct http_head *h)
{
	const char *v;

	if (c->gate->token == NULL)
		return 1;
	if (http_field_count(h, "Proxy-Authorization") != 1)
		return 0;
	v = http_field(h, "Proxy-Authorization");
	return strncasecmp(v, "Bearer ", 7) == 0 &&
	    token_right(v + 7, c->gate->token);
}

/* Host may be there or not, but never name another. */
static int
connect_host_agrees(const struct gate_conn *c, const char *host)
{
	char name[NAME_HOST_MAX];
	const char *h = host;
	size_t n;
	int port = c->port;

	if (host == NULL)
		return 1;
	n = strlen(host);
	if (name_split_port(host, n, &h, &n, &port) == -1) {
		h = host;
		n = strlen(host);
	}
	return port == c->port && name_normalise(h, n, name) != NAME_BAD &&
	    strcmp(name, c->name) == 0;
}

static int
start_http(struct gate_conn *c, int once)
{
	if ((c->http = calloc(1, sizeof(*c->http))) == NULL)
		return bad(c, 503, "out of memory");
	c->http->name = c->name;
	c->http->port = c->port;
	c->http->once = once;
	return 0;
}

static int
connect_request(struct gate_conn *c, const struct http_head *h)
{
	const char *host;
	long long ticket;
	size_t n;

	if (name_split_port(h->target, strlen(h->target), &host, &n,
	    &c->port) == -1)
		return bad(c, 400, "CONNECT takes NAME:PORT");
	if (take_name(c, host, n) == -1)
		return -1;
	if (!connect_host_agrees(c, http_field(h, "Host")))
		return bad(c, 400, "Host names another than CONNECT");
	if (http_field(h, "Content-Length") != NULL ||
	    http_field(h, "Transfer-Encoding") != NULL)
		return bad(c, 400, "CONNECT has no body");
	c->tunnel = 1;
	if (c->taken && (host = http_field(h, "Ticket")) != NULL &&
	    num_parse(host, 0, HANDOVER_TICKETS - 1, &ticket) == 0)
		c->ticket = (unsigned)ticket;
	return c->port == 80 ? start_http(c, 0) : 0;
}

static int
absolute_request(struct gate_conn *c, const struct http_head *h)
{
	const char *at = h->target + 7, *host = at;
	char *path;
	size_t len = strcspn(at, "/?"), n = len;
	int rc;

	if (strncasecmp(h->target, "http://", 7) != 0)
		return bad(c, h->target[0] == '/' ? 405 : 400,
		    "this is a proxy: CONNECT, or an http:// URL");
	if (memchr(at, '@', len) != NULL || strchr(at, '#') != NULL)
		return bad(c, 400, "a URL without user and fragment is wanted");
	c->port = 80;
	if (len > 0 && at[len - 1] != ']' && memchr(at, ':', len) != NULL &&
	    name_split_port(at, len, &host, &n, &c->port) == -1)
		return bad(c, 400, "the URL's host and port are malformed");
	if (c->port == 443)
		return bad(c, 400, "clear HTTP to port 443");
	if (at[0] == '[' && host == at) {
		if (n < 2)
			return bad(c, 400, "the URL's host is malformed");
		host++;
		n -= 2;
	}
	if (take_name(c, host, n) == -1 || start_http(c, 1) == -1)
		return -1;
	if ((path = malloc(strlen(at + len) + 2)) == NULL)
		return bad(c, 503, "out of memory");
	snprintf(path, strlen(at + len) + 2, "%s%s",
	    at[len] == '/' ? "" : "/", at + len);
	rc = httpgate_head(c->http, h, path, &c->ahead);
	free(path);
	return rc == -1 ? bad(c, 400, c->http->why) : 0;
}

/* What came behind the head goes the same way as what will come. */
static int
take_rest(struct gate_conn *c)
{
	if (c->tunnel || c->in.len == 0)
		return 1;
	if (httpgate_feed(c->http, c->in.p, c->in.len, &c->ahead) == -1)
		return bad(c, 400, c->http->why);
	buf_free(&c->in);
	return 1;
}

int
gate_request(struct gate_conn *c)
{
	struct http_head h;
	long len;
	int rc;

	if ((len = http_request(&h, c->in.p, c->in.len)) == 0) {
		if (c->in.len < HTTPGATE_HEAD_MAX)
			return 0;
		len = -431;
	}
	if (len > HTTPGATE_HEAD_MAX)
		len = -431;
	if (len < 0)
		return bad(c, (int)-len, "this is no request that is taken");
	if (!authorised(c, &h))
		return bad(c, 407, "the session's token is wanted");
	if (strcmp(h.method, "CONNECT") == 0)
		rc = connect_request(c, &h);
	else
		rc = absolute_request(c, &h);
	if (rc == -1)
		return -1;
	buf_consume(&c->in, (size_t)len);
	return take_rest(c);
}

#else
typedef int request_needs_epoll;
#endif
