#if HAVE_EPOLL
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "pump.h"
#include "relay.h"

#define HEAD_MAX	16384		/* of an answer to CONNECT */

struct conn {
	struct relay	*relay;
	struct conn	*next, *prev;
	struct name	*name;		/* NULL: spliced as it is */
	int		 port;
	int		 busy;		/* the peer's backlog was full */
	int		 quit;		/* close with a reset */
	int		 mcp;		/* for aipod-mcpd */
	const char	*socket;	/* in RUNDIR */
	struct watch	 client;
	struct watch	 peer;
	struct buf	 head;		/* the answer, so far */
	struct pump	 pump;
};

static void
conn_free(struct conn *c)
{
	struct relay *r = c->relay;

	pump_close(&c->pump, &r->loop, &c->client, &c->peer, c->quit);
	if (c->name != NULL) {
		c->name->conns--;
		c->name->used = relay_now();
	}
	if (c->busy)
		r->waiting--;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		r->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	buf_free(&c->head);
	free(c);
	if (--r->nconn < r->maxconn)
		relay_pause(r, 0);
}

static void
pump_done(struct pump *p)
{
	struct conn *c = p->arg;

	c->quit = p->reset;
	conn_free(c);
}

static void
conn_cut(struct conn *c)
{
	c->quit = 1;
	conn_free(c);
}

static void
conn_pump(struct conn *c)
{
	struct relay *r = c->relay;

	if (pump_take(&c->pump, &r->loop, &c->client, &c->peer, pump_done,
	    c) == -1)
		conn_cut(c);
}

/* The client hears why only where it speaks HTTP; else it is cut off. */
static void
conn_refuse(struct conn *c, const void *answer, size_t n)
{
	if (c->name == NULL || c->port != 80 ||
	    pump_ahead(&c->pump, 1, answer, n) == -1) {
		conn_cut(c);
		return;
	}
	pump_refuse(&c->pump, 0);
	conn_pump(c);
}

/* The length of a head with its empty line; 0 when it is not all there. */
static size_t
head_length(const struct buf *b)
{
	const char *e = memmem(b->p, b->len, "\r\n\r\n", 4);

	return e != NULL ? (size_t)(e - b->p) + 4 : 0;
}

static void
conn_answer(struct watch *w, int events)
{
	struct conn *c = w->arg;
	ssize_t r;
	size_t n;

	(void)events;
	if (buf_reserve(&c->head, 2048) == -1)
		r = 0;
	else
		r = recv(w->fd, c->head.p + c->head.len, 2048, 0);
	if (r == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r <= 0) {
		conn_cut(c);
		return;
	}
	c->head.len += (size_t)r;
	if ((n = head_length(&c->head)) == 0)
		return;
	if (n < 13 || memcmp(c->head.p, "HTTP/1.", 7) != 0 ||
	    memcmp(c->head.p + 8, " 200", 4) != 0) {
		conn_refuse(c, c->head.p, c->head.len);
		return;
	}
	if (pump_ahead(&c->pump, 1, c->head.p + n, c->head.len - n) == -1) {
		conn_cut(c);
		return;
	}
	buf_free(&c->head);
	conn_pump(c);
}

/*
 * A request of the client's own: the token goes behind its line.  To aipod-mcpd
 * each request must show it, so a connection is for one.
 */
static int
add_token(struct pump *p, char *s, size_t n, struct buf *out)
{
	struct conn *c = p->arg;
	char *nl = memchr(s, '\n', n);
	size_t line = nl != NULL ? (size_t)(nl - s) + 1 : n;

	buf_add(out, s, line);
	if (nl != NULL) {
		p->filter = NULL;
		buf_printf(out, "%s: Bearer %s\r\n%s", c->mcp ?
		    "Authorization" : "Proxy-Authorization", c->relay->token,
		    c->mcp ? "Connection: close\r\n" : "");
		buf_add(out, nl + 1, n - line);
	}
	return out->bad ? -1 : 0;
}

static void
client_gone(struct watch *w, int events)
{
	(void)events;
	conn_free(w->arg);
}

static void
conn_ask(struct conn *c)
{
	char line[2 * NAME_HOST_MAX + RELAY_TOKEN + 128];
	const char *token = c->relay->token;
	int n;

	n = snprintf(line, sizeof(line), "CONNECT %s:%d HTTP/1.1\r\n"
	    "Host: %s:%d\r\n%s%s%s\r\n", c->name->host, c->port,
	    c->name->host, c->port, token != NULL ? "Proxy-Authorization:"
	    " Bearer " : "", token != NULL ? token : "",
	    token != NULL ? "\r\n" : "");
	c->peer.fn = conn_answer;
	c->head.max = HEAD_MAX;
	if (send(c->peer.fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
	    loop_want(&c->relay->loop, &c->peer, LOOP_IN) == -1) {
		conn_cut(c);
	}
}

/*
 * Nobody is there to ask: say so, to whom it can be said, from a peer that
 * hangs up at once.
 */
static void
conn_unserved(struct conn *c)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
	    "Content-Type: text/plain\r\nContent-Length: 50\r\n"
	    "Connection: close\r\n\r\n"
	    "aipod: the host does not take connections for now\n";
	int sv[2];

	if ((c->port != 80 && c->port != RELAY_PROXY &&
	    c->port != RELAY_MCP) || socketpair(AF_UNIX, SOCK_STREAM |
	    SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv) == -1) {
		conn_cut(c);
		return;
	}
	if (c->peer.fd != -1) {
		loop_forget(&c->relay->loop, &c->peer);
		close(c->peer.fd);
	}
	c->peer.fd = sv[0];
	send(sv[1], text, sizeof(text) - 1, MSG_NOSIGNAL);
	close(sv[1]);
	c->pump.filter = NULL;
	pump_refuse(&c->pump, 0);
	conn_pump(c);
}

static void
conn_begin(struct conn *c)
{
	if (c->name != NULL)
		conn_ask(c);
	else
		conn_pump(c);
}

static void
tcp_connected(struct watch *w, int events)
{
	struct conn *c = w->arg;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)events;
	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		conn_unserved(c);
	else
		conn_begin(c);
}

static void
tcp_dial(struct conn *c, const struct sockaddr_storage *to, socklen_t len)
{
	int one = 1;

	c->peer.fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	c->peer.fn = tcp_connected;
	if (c->name == NULL)
		c->pump.filter = add_token;
	if (c->peer.fd == -1 || (connect(c->peer.fd,
	    (const struct sockaddr *)to, len) == -1 &&
	    errno != EINPROGRESS) ||
	    loop_want(&c->relay->loop, &c->peer, LOOP_OUT) == -1) {
		conn_unserved(c);
		return;
	}
	setsockopt(c->peer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void
conn_dial(struct conn *c)
{
	struct sockaddr_un sun;
	struct relay *r = c->relay;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", r->dir,
	    c->socket) >= (int)sizeof(sun.sun_path)) {
		conn_unserved(c);
		return;
	}
	if (c->peer.fd == -1)
		c->peer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0);
	if (c->busy) {
		c->busy = 0;
		r->waiting--;
	}
	if (c->peer.fd == -1 ||
	    connect(c->peer.fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		if (c->peer.fd == -1 || errno != EAGAIN) {
			conn_unserved(c);
			return;
		}
		c->busy = 1;
		r->waiting++;
	} else
		conn_begin(c);
}

void
relay_conn_retry(struct relay *r)
{
	struct conn *c, *next;

	for (c = r->conns; c != NULL; c = next) {
		next = c->next;
		if (c->busy)
			conn_dial(c);
	}
}

void
relay_conn(struct relay *r, struct name *name, int port, const char *sock,
    int fd)
{
	struct conn *c;

	if (name != NULL && relay_hand(r, name, port, fd))
		return;
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	c->relay = r;
	c->port = port;
	c->socket = sock;
	c->client.fd = fd;
	c->client.fn = client_gone;
	c->client.arg = c;
	c->peer.fd = -1;
	c->peer.fn = conn_answer;
	c->peer.arg = c;
	if ((c->name = name) != NULL)
		c->name->conns++;
	if ((c->next = r->conns) != NULL)
		c->next->prev = c;
	r->conns = c;
	if (++r->nconn >= r->maxconn)
		relay_pause(r, 1);
	loop_want(&r->loop, &c->client, LOOP_HUP);
	c->mcp = strcmp(sock, "mcp.sock") == 0;
	if (c->mcp && r->mcp_len != 0)
		tcp_dial(c, &r->mcp, r->mcp_len);
	else if (!c->mcp && r->egress_len != 0)
		tcp_dial(c, &r->egress, r->egress_len);
	else
		conn_dial(c);
}
#else
typedef int relayconn_needs_linux;
#endif
