#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "jsonrpc.h"
#include "mcpcall.h"
#include "mcpconn.h"
#include "mcpfront.h"

#define STOP_MS		2000

struct front {
	const struct front_config	*conf;
	struct calls			*calls;
	struct conn			 conn[FRONT_CONNS];
	int				 top;	/* past the last in use */
	int				 listener;
	long long			 now;
	long long			 stop_at;	/* 0: not stopping */
	size_t				 held;
	char				 scratch[CONN_READ];
};

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
drop(struct front *f, struct conn *c)
{
	if (c->state == CONN_CALL || c->state == CONN_STREAM)
		calls_hangup(f->calls, c->call);
	conn_close(c);
	while (f->top > 0 && f->conn[f->top - 1].state == CONN_FREE)
		f->top--;
}

static void
plain(struct conn *c, int status, const char *text)
{
	conn_reply(c, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* A refusal tells the agent's person what was wrong. */
static void
refuse(struct conn *c, int status)
{
	switch (status) {
	case 401:
		plain(c, status, "a valid bearer token is needed\n");
		break;
	case 403:
		plain(c, status, "this Host or Origin is not allowed\n");
		break;
	case 404:
		plain(c, status, "there is /mcp, /notify_user, /health, "
		    "/version and /install/AGENT.sh\n");
		break;
	case 406:
		plain(c, status, "Accept must have application/json and "
		    "text/event-stream\n");
		break;
	case 413:
		plain(c, status, "the body has more than 1 MiB\n");
		break;
	case 415:
		plain(c, status, "Content-Type must be application/json\n");
		break;
	case 503:
		plain(c, status, "too much at once, try again later\n");
		break;
	default:
		plain(c, status, "the request was refused\n");
	}
}

static void
get(struct front *f, struct conn *c)
{
	const struct front_config *conf = f->conf;
	size_t i;

	switch (c->pass.route) {
	case GATE_HEALTH:
		plain(c, 200, "ok\n");
		return;
	case GATE_VERSION:
		plain(c, 200, "aipod " AIPOD_VERSION "\n");
		return;
	default:
		for (i = 0; i < conf->ninstall; i++)
			if (strcmp(conf->install[i].name, c->pass.agent) == 0)
				break;
		if (i == conf->ninstall)
			refuse(c, 404);
		else
			conn_reply(c, 200, "text/x-shellscript",
			    conf->install[i].text, conf->install[i].len);
	}
}

static void
post(struct front *f, struct conn *c, const char *body, size_t n)
{
	struct buf reply = BUF_INIT;
	struct mcp_request q;

	if (c->pass.route == GATE_NOTIFY) {
		if (calls_notify(f->calls, c, body, n, f->now) == -1)
			refuse(c, 400);
		return;
	}
	switch (mcp_handle(&f->conf->tools, &c->pass.mcp, body, n, &q,
	    &reply)) {
	case MCP_CALL:
		if (calls_start(f->calls, c, &q, f->now) == 0)
			break;
		rpc_error(&reply, q.id, q.idlen, RPC_INTERNAL,
		    "too many calls at once, try again later", NULL);
		q.status = 503;
		/* FALLTHROUGH */
	case MCP_REPLY:
		if (reply.bad)
			refuse(c, 503);
		else
			conn_reply(c, q.status, "application/json", reply.p,
			    reply.len);
		break;
	case MCP_CANCEL:
		calls_cancel(f->calls, c->pass.who, q.id, q.idlen);
		/* FALLTHROUGH */
	case MCP_ACCEPTED:
		conn_reply(c, 202, NULL, "", 0);
		break;
	}
	buf_free(&reply);
}

/* One step of reading a request: 1 when there may be another, else 0. */
static int
read_head(struct front *f, struct conn *c)
{
	struct http_head h;
	long len;
	int rc;

	if (c->in.len == 0 || (len = http_request(&h, c->in.p, c->in.len)) == 0)
		return 0;
	if (len < 0) {
		c->close = 1;
		refuse(c, (int)-len);
		return 1;
	}
	rc = gate_check(&f->conf->gate, &h, &c->pass);
	buf_consume(&c->in, (size_t)len);
	if (rc != 0) {
		refuse(c, rc);
		return 1;
	}
	c->state = CONN_BODY;
	if (c->pass.expects && c->in.len == 0 &&
	    c->pass.framing != HTTP_NONE)
		buf_puts(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	return 1;
}

static int
read_body(struct front *f, struct conn *c)
{
	const char *body;
	size_t n;
	int rc;

	if ((rc = conn_body(c, &body, &n)) == 0)
		return 0;
	if (rc < 0) {
		refuse(c, -rc);
		return 1;
	}
	c->state = CONN_CALL;	/* the body is there: no reason to close */
	c->deadline = 0;
	if (c->pass.route == GATE_MCP || c->pass.route == GATE_NOTIFY)
		post(f, c, body, n);
	else
		get(f, c);
	conn_body_done(c);
	return 1;
}

/* As far as the bytes that are there go; closes what is at its end. */
static void
advance(struct front *f, struct conn *c)
{
	int more = 1;

	while (more) {
		if (c->state == CONN_HEAD)
			more = read_head(f, c);
		else if (c->state == CONN_BODY)
			more = read_body(f, c);
		else
			more = 0;
		if (c->out.len > 0 || c->state == CONN_FLUSH) {
			if (conn_flush(c, f->now, f->conf->timeout) == -1) {
				drop(f, c);
				return;
			}
			/* the next of several requests in a row */
			more = more || c->state == CONN_HEAD;
		}
		if (c->state == CONN_HEAD && c->in.len == 0)
			more = 0;
	}
	if (c->eof && (c->state == CONN_HEAD || c->state == CONN_BODY ||
	    c->state == CONN_LINGER))
		drop(f, c);
}

/* Who has been here longest without a call makes room. */
static void
make_room(struct front *f)
{
	struct conn *c, *oldest = NULL;

	for (c = f->conn; c < f->conn + f->top; c++)
		if (c->state != CONN_FREE && c->state != CONN_CALL &&
		    c->state != CONN_STREAM &&
		    (oldest == NULL || c->deadline < oldest->deadline))
			oldest = c;
	if (oldest != NULL)
		drop(f, oldest);
}

static int
accept_one(int listener)
{
	int fd;

#if HAVE_ACCEPT4
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
	if ((fd = accept(listener, NULL, NULL)) != -1) {
		io_nonblock(fd, 1);
		io_cloexec(fd, 1);
	}
#endif
	return fd;
}

static void
welcome(struct front *f)
{
	int fd, i, n;

	for (n = 0; n < 64; n++) {
		for (i = 0; i < FRONT_CONNS; i++)
			if (f->conn[i].state == CONN_FREE)
				break;
		if (i == FRONT_CONNS) {
			make_room(f);
			continue;
		}
		if ((fd = accept_one(f->listener)) == -1) {
			if (errno == EMFILE || errno == ENFILE)
				make_room(f);
			return;
		}
		conn_open(&f->conn[i], fd, f->now + f->conf->timeout);
		if (i >= f->top)
			f->top = i + 1;
	}
}

static void
readable(struct front *f, struct conn *c)
{
	size_t before = c->in.len;
	int rc = conn_read(c, f->scratch, sizeof(f->scratch));

	if (rc == -1) {
		drop(f, c);
		return;
	}
	if (rc == 1 && c->state == CONN_HEAD && before == 0)
		c->deadline = f->now + f->conf->timeout;
	if (rc == 1 && f->held + c->in.len > FRONT_HELD &&
	    c->state == CONN_BODY)
		refuse(c, 503);
	/* a head that drips must not be scanned anew for every byte */
	if (rc == 1 && c->state == CONN_HEAD && before > 0 &&
	    before / 4096 == c->in.len / 4096 &&
	    memchr(c->in.p + before, '\n', c->in.len - before) == NULL)
		return;
	if (c->eof && c->state == CONN_CALL && c->pass.route == GATE_MCP)
		/* closed, or only half?  An answer will tell. */
		calls_open_stream(f->calls, c);
	advance(f, c);
}

static void
ready(struct front *f, struct conn *c, short events)
{
	int busy = c->state == CONN_CALL || c->state == CONN_STREAM;

	if ((events & POLLERR) || (busy && (events & POLLHUP))) {
		drop(f, c);
		return;
	}
	if ((events & POLLOUT) && c->sent < c->out.len) {
		advance(f, c);
		if (c->state == CONN_FREE)
			return;
	}
	if (events & (POLLIN | POLLHUP))
		readable(f, c);
}

static void
timeouts(struct front *f)
{
	struct conn *c;
	int i;

	for (i = f->top - 1; i >= 0; i--) {
		c = &f->conn[i];
		if (c->state == CONN_FREE || c->deadline == 0 ||
		    f->now < c->deadline)
			continue;
		if ((c->state == CONN_HEAD && c->in.len > 0) ||
		    c->state == CONN_BODY) {
			c->close = 1;
			refuse(c, 408);
			c->deadline = f->now + f->conf->timeout;
			advance(f, c);
		} else
			drop(f, c);
	}
}

static short
wanted(const struct conn *c)
{
	short ev = 0;

	if (c->sent < c->out.len)
		ev |= POLLOUT;
	if (!c->eof && c->state != CONN_FLUSH && (c->in.len < CONN_READ ||
	    c->state == CONN_BODY || c->state == CONN_HEAD))
		ev |= POLLIN;
	return ev;
}

static int
wait_time(const struct front *f)
{
	long long at = calls_next(f->calls);
	int i;

	if (f->stop_at != 0 && (at == 0 || f->stop_at < at))
		at = f->stop_at;
	for (i = 0; i < f->top; i++)
		if (f->conn[i].state != CONN_FREE &&
		    f->conn[i].deadline != 0 &&
		    (at == 0 || f->conn[i].deadline < at))
			at = f->conn[i].deadline;
	return at == 0 ? -1 : at <= f->now ? 0 : (int)(at - f->now) + 1;
}

static void
stop(struct front *f)
{
	int i;

	if (f->stop_at != 0)
		return;
	f->stop_at = f->now + STOP_MS;
	for (i = f->top - 1; i >= 0; i--) {
		struct conn *c = &f->conn[i];

		if (c->state == CONN_CALL || c->state == CONN_STREAM) {
			calls_stop(f->calls, c);
			advance(f, c);
		} else if (c->state != CONN_FREE && c->state != CONN_FLUSH)
			drop(f, c);
	}
}

/* What the other process and the clock did to calls: send it on. */
static void
push(struct front *f)
{
	struct conn *c;
	int i;

	for (i = f->top - 1; i >= 0; i--) {
		c = &f->conn[i];
		if ((c->state == CONN_FLUSH || c->state == CONN_STREAM) &&
		    c->out.len > c->sent && c->deadline == 0)
			advance(f, c);
	}
}

static int
turn(struct front *f, int channel)
{
	struct pollfd p[FRONT_CONNS + 2];
	int of[FRONT_CONNS + 2], i, n = 2, rc = 0;

	p[0] = (struct pollfd){ f->stop_at == 0 ? f->listener : -1, POLLIN, 0 };
	p[1] = (struct pollfd){ f->stop_at == 0 ? channel : -1, POLLIN, 0 };
	if (calls_waiting(f->calls))
		p[1].events |= POLLOUT;
	f->held = 0;
	for (i = 0; i < f->top; i++) {
		struct conn *c = &f->conn[i];

		if (c->state == CONN_FREE)
			continue;
		f->held += c->in.cap + c->body.cap + c->out.cap;
		of[n] = i;
		p[n++] = (struct pollfd){ c->fd, wanted(c), 0 };
	}
	if (poll(p, (nfds_t)n, wait_time(f)) == -1)
		return errno == EINTR ? 0 : -1;
	f->now = now_ms();
	for (i = 2; i < n; i++)
		if (p[i].revents != 0)
			ready(f, &f->conn[of[i]], p[i].revents);
	if (p[1].revents & (POLLIN | POLLHUP | POLLERR))
		rc = calls_read(f->calls);
	if (rc == 0)
		calls_tick(f->calls, f->now);
	push(f);
	timeouts(f);
	if (p[0].revents & POLLIN)
		welcome(f);
	if (rc != 0 || calls_flush(f->calls) == -1)
		stop(f);
	return 0;
}

int
mcpfront(const struct front_config *conf, int listener, int channel)
{
	struct sigaction ign = { .sa_handler = SIG_IGN };
	struct front *f;
	int rc = 0;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return -1;
	if ((f->calls = calls_make(conf, channel)) == NULL) {
		free(f);
		return -1;
	}
	sigemptyset(&ign.sa_mask);
	/* the other process is told, and tells */
	sigaction(SIGINT, &ign, NULL);
	sigaction(SIGTERM, &ign, NULL);
	sigaction(SIGHUP, &ign, NULL);
	sigaction(SIGPIPE, &ign, NULL);
	f->conf = conf;
	f->listener = listener;
	f->now = now_ms();
	io_nonblock(listener, 1);
	io_nonblock(channel, 1);
	while (rc == 0 && (f->stop_at == 0 ||
	    (f->top > 0 && f->now < f->stop_at)))
		rc = turn(f, channel);
	while (f->top > 0)
		drop(f, &f->conn[f->top - 1]);
	calls_free(f->calls);
	free(f);
	return rc;
}
