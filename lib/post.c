#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "num.h"
#include "post.h"
#include "sock.h"

/* Bytes that may stand in a request line and in Host. */
static int
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return 0;
	return 1;
}

static int
parse_authority(struct post_to *t)
{
	const char *a = t->authority, *end, *colon;
	long long port;

	if (*a == '[') {
		if ((end = strchr(a, ']')) == NULL)
			return -1;
		t->host = xstrndup(a + 1, (size_t)(end - a - 1));
		colon = end + 1;
	} else {
		colon = a + strcspn(a, ":");
		t->host = xstrndup(a, (size_t)(colon - a));
	}
	t->port = xstrdup(*colon == ':' ? colon + 1 : "80");
	if (*t->host == '\0' || (*colon != ':' && *colon != '\0') ||
	    strchr(a, '@') != NULL)
		return -1;
	return num_parse(t->port, 1, 65535, &port);
}

int
post_to(struct post_to *t, const char *where)
{
	static const char scheme[] = "http://";
	const char *a;
	size_t n;

	memset(t, 0, sizeof(*t));
	if (*where == '/' || *where == '.') {
		t->socket = xstrdup(where);
		t->authority = xstrdup("localhost");
		t->path = xstrdup("/mcp");
		return 0;
	}
	if (strncmp(where, scheme, sizeof(scheme) - 1) == 0) {
		a = where + sizeof(scheme) - 1;
		n = strcspn(a, "/?#");
		t->authority = xstrndup(a, n);
		t->path = xstrdup(a[n] == '/' && a[n + 1] != '\0' ?
		    a + n : "/mcp");
		if ((a[n] == '/' || a[n] == '\0') && is_plain(a) &&
		    strchr(a, '#') == NULL && parse_authority(t) == 0)
			return 0;
	}
	post_to_free(t);
	errno = EINVAL;
	return -1;
}

void
post_to_free(struct post_to *t)
{
	free(t->socket);
	free(t->host);
	free(t->port);
	free(t->authority);
	free(t->path);
	memset(t, 0, sizeof(*t));
}

static int
fail(struct post *p, const char *why)
{
	p->why = why;
	return -1;
}

/* Say in words what errno says. */
static int
fail_errno(struct post *p)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS)
		return fail(p, "it has been silent for too long");
	return fail(p, strerror(errno));
}

static void
limit(int fd, int timeout)
{
	struct timeval tv = { timeout, 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static int
dial(struct post *p, const struct post_to *t, int timeout)
{
	struct addrinfo hints, *all, *a;
	int rc;

	if (t->socket != NULL) {
		if ((p->fd = sock_connect(t->socket)) == -1)
			return fail_errno(p);
		limit(p->fd, timeout);
		return 0;
	}
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	if ((rc = getaddrinfo(t->host, t->port, &hints, &all)) != 0)
		return fail(p, gai_strerror(rc));
	for (a = all; a != NULL; a = a->ai_next) {
		p->fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (p->fd == -1)
			continue;
		io_cloexec(p->fd, 1);
		limit(p->fd, timeout);
		if (connect(p->fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		rc = errno;
		close(p->fd);
		p->fd = -1;
		errno = rc;
	}
	freeaddrinfo(all);
	return p->fd == -1 ? fail_errno(p) : 0;
}

/* A server may answer and close before it has read all: that is no error. */
static int
send_all(struct post *p, const char *s, size_t n)
{
	ssize_t k;

	while (n > 0) {
		k = send(p->fd, s, n, MSG_NOSIGNAL);
		if (k == -1 && errno == EINTR)
			continue;
		if (k == -1)
			return errno == EPIPE || errno == ECONNRESET ? 0 :
			    fail_errno(p);
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

static ssize_t
receive(struct post *p, char *s, size_t n)
{
	ssize_t k;

	do
		k = recv(p->fd, s, n, 0);
	while (k == -1 && errno == EINTR);
	return k == -1 ? fail_errno(p) : k;
}

static int
read_head(struct post *p)
{
	ssize_t k;
	long n;

	for (;;) {
		n = p->bytes.len == 0 ? 0 :
		    http_response(&p->head, p->bytes.p, p->bytes.len);
		if (n < 0)
			return fail(p, "its answer is not HTTP");
		if (n > 0 && p->head.status >= 200) {
			p->used = (size_t)n;
			break;
		}
		if (n > 0) {
			buf_consume(&p->bytes, (size_t)n);
			continue;
		}
		if (buf_reserve(&p->bytes, 4096) == -1)
			return fail_errno(p);
		k = receive(p, p->bytes.p + p->bytes.len, 4096);
		if (k == -1)
			return -1;
		if (k == 0)
			return fail(p, "it closed the connection without an"
			    " answer");
		p->bytes.len += (size_t)k;
	}
	if (http_body(&p->head, 1, &p->framing, &p->left) < 0)
		return fail(p, "the length of its answer is not clear");
	return 0;
}

int
post_send(struct post *p, const struct post_to *t, const char *fields,
    const char *body, size_t len, int timeout)
{
	struct buf b = BUF_INIT;
	int rc;

	memset(p, 0, sizeof(*p));
	p->fd = -1;
	buf_printf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n%s\r\n", t->path, t->authority, len, fields);
	buf_add(&b, body, len);
	if (b.bad)
		rc = fail_errno(p);
	else if ((rc = dial(p, t, timeout)) == 0 &&
	    (rc = send_all(p, b.p, b.len)) == 0)
		rc = read_head(p);
	buf_free(&b);
	if (rc == -1)
		post_close(p);
	return rc;
}

/* What came with the head first, then what the socket has. */
static ssize_t
more(struct post *p, char *s, size_t n)
{
	size_t have = p->bytes.len - p->used;

	if (have == 0)
		return receive(p, s, n);
	if (n > have)
		n = have;
	memcpy(s, p->bytes.p + p->used, n);
	p->used += n;
	return (ssize_t)n;
}

static ssize_t
cut_short(struct post *p)
{
	return fail(p, "it closed the connection in the middle of its answer");
}

ssize_t
post_read(struct post *p, char *s, size_t n)
{
	ssize_t k;
	size_t out;

	switch (p->framing) {
	case HTTP_CLOSE:
		return more(p, s, n);
	case HTTP_LENGTH:
		if (n > p->left)
			n = (size_t)p->left;
		if (n == 0)
			return 0;
		if ((k = more(p, s, n)) == 0)
			return cut_short(p);
		if (k > 0)
			p->left -= (uint64_t)k;
		return k;
	case HTTP_CHUNKED:
		for (;;) {
			if (p->chunks.done)
				return 0;
			if ((k = more(p, s, n)) == 0)
				return cut_short(p);
			if (k == -1)
				return -1;
			if (http_chunks(&p->chunks, s, (size_t)k, &out) == -1)
				return fail(p, "its chunks are malformed");
			if (out > 0)
				return (ssize_t)out;
		}
	default:
		return 0;
	}
}

void
post_close(struct post *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
	buf_free(&p->bytes);
}
