#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mcpconn.h"

#define LINGER_MS	2000

void
conn_open(struct conn *c, int fd, long long deadline)
{
	memset(c, 0, sizeof(*c));
	c->state = CONN_HEAD;
	c->fd = fd;
	c->deadline = deadline;
	c->call = -1;
}

void
conn_close(struct conn *c)
{
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->body);
	buf_free(&c->out);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

static const char *
reason(int status)
{
	static const struct {
		int		 status;
		const char	*text;
	} t[] = {
		{ 200, "OK" }, { 202, "Accepted" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" }, { 408, "Request Timeout" },
		{ 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" }, { 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (t[i].status == status)
			return t[i].text;
	return "Error";
}

static const char *
allowed_methods(const struct conn *c)
{
	return c->pass.route == GATE_MCP || c->pass.route == GATE_NOTIFY ?
	    "POST" : "GET, HEAD";
}

void
conn_reply(struct conn *c, int status, const char *type, const void *body,
    size_t n)
{
	struct buf *b = &c->out;

	/* what was not read would be taken for the next request */
	if (c->state == CONN_BODY ||
	    (c->state == CONN_HEAD && c->pass.framing != HTTP_NONE))
		c->close = 1;
	if (!c->pass.keep)
		c->close = 1;
	buf_printf(b, "HTTP/1.1 %d %s\r\n", status, reason(status));
	if (type != NULL)
		buf_printf(b, "Content-Type: %s\r\n", type);
	if (status == 401)
		buf_puts(b, "WWW-Authenticate: Bearer realm=\"aipod\"\r\n");
	if (status == 405)
		buf_printf(b, "Allow: %s\r\n", allowed_methods(c));
	buf_printf(b, "Content-Length: %zu\r\n", n);
	if (c->close)
		buf_puts(b, "Connection: close\r\n");
	else if (c->pass.minor == 0)
		buf_puts(b, "Connection: keep-alive\r\n");
	buf_puts(b, "\r\n");
	if (!c->pass.head_only)
		buf_add(b, body, n);
	c->state = CONN_FLUSH;
	c->deadline = 0;
}

void
conn_stream(struct conn *c)
{
	struct buf *b = &c->out;

	buf_puts(b, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n");
	if (c->pass.minor == 0)
		c->close = 1;
	else
		buf_puts(b, "Transfer-Encoding: chunked\r\n");
	if (!c->pass.keep)
		c->close = 1;
	if (c->close)
		buf_puts(b, "Connection: close\r\n");
	buf_puts(b, "\r\n");
	c->state = CONN_STREAM;
}

static void
chunk(struct conn *c, const char *before, const char *data, size_t n,
    const char *after)
{
	if (c->pass.minor > 0)
		buf_printf(&c->out, "%zx\r\n",
		    strlen(before) + n + strlen(after));
	buf_puts(&c->out, before);
	buf_add(&c->out, data, n);
	buf_puts(&c->out, after);
	if (c->pass.minor > 0)
		buf_puts(&c->out, "\r\n");
}

void
conn_event(struct conn *c, const char *data, size_t n)
{
	chunk(c, "event: message\ndata: ", data, n, "\n\n");
}

void
conn_comment(struct conn *c)
{
	chunk(c, ": ka\n\n", "", 0, "");
}

void
conn_stream_end(struct conn *c)
{
	if (c->pass.minor > 0)
		buf_puts(&c->out, "0\r\n\r\n");
	c->state = CONN_FLUSH;
}

/* The answer is out: what comes next? */
static int
answered(struct conn *c, long long now, long long timeout)
{
	buf_free(&c->out);
	buf_free(&c->body);
	c->sent = 0;
	memset(&c->chunks, 0, sizeof(c->chunks));
	memset(&c->pass, 0, sizeof(c->pass));
	if (!c->close) {
		if (c->in.len == 0)
			buf_free(&c->in);
		c->state = CONN_HEAD;
		c->deadline = now + timeout;
		return c->eof && c->in.len == 0 ? -1 : 0;
	}
	/* closing with bytes unread would take the answer back (RST) */
	if (c->eof || shutdown(c->fd, SHUT_WR) == -1)
		return -1;
	buf_free(&c->in);
	c->state = CONN_LINGER;
	c->deadline = now + LINGER_MS;
	return 0;
}

int
conn_flush(struct conn *c, long long now, long long timeout)
{
	ssize_t w;

	if (c->out.bad)
		return -1;
	while (c->sent < c->out.len) {
		w = send(c->fd, c->out.p + c->sent, c->out.len - c->sent,
		    MSG_NOSIGNAL);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (c->deadline == 0)
				c->deadline = now + timeout;
			return 0;
		}
		if (w == -1)
			return -1;
		c->sent += (size_t)w;
	}
	if (c->state == CONN_FLUSH)
		return answered(c, now, timeout);
	buf_clear(&c->out);
	c->sent = 0;
	if (c->state == CONN_STREAM)
		c->deadline = 0;
	return 0;
}

int
conn_read(struct conn *c, char *scratch, size_t n)
{
	ssize_t r;

	if ((r = recv(c->fd, scratch, n, 0)) == -1)
		return errno == EINTR || errno == EAGAIN ||
		    errno == EWOULDBLOCK ? 0 : -1;
	if (r == 0) {
		c->eof = 1;
		return 0;
	}
	if (c->state != CONN_LINGER &&
	    buf_add(&c->in, scratch, (size_t)r) == -1)
		return -1;
	return 1;
}

int
conn_body(struct conn *c, const char **p, size_t *n)
{
	size_t out;
	long rc;

	if (c->pass.framing == HTTP_CHUNKED) {
		rc = http_chunks(&c->chunks, c->in.p, c->in.len, &out);
		if (rc == -1)
			return -400;
		if (c->body.len + out > GATE_BODY ||
		    c->chunks.left > GATE_BODY)
			return -413;
		if (buf_add(&c->body, c->in.p, out) == -1)
			return -503;
		buf_consume(&c->in, (size_t)rc);
		*p = c->body.p;
		*n = c->body.len;
		return c->chunks.done;
	}
	*p = c->in.p;
	*n = (size_t)c->pass.length;
	return c->in.len >= c->pass.length;
}

void
conn_body_done(struct conn *c)
{
	if (c->pass.framing == HTTP_LENGTH)
		buf_consume(&c->in, (size_t)c->pass.length);
	buf_free(&c->body);
	if (c->in.len == 0)
		buf_free(&c->in);
}
