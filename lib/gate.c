#if HAVE_EPOLL
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate.h"
#include "io.h"
#include "warden.h"

struct gate_question {
	struct gate_question *next;
	struct gate_conn     *waiting;
	unsigned	      id;
	int		      port;
	char		      name[NAME_HOST_MAX];
};

static void	judge(struct gate_conn *);

/* ---- beginning and end --------------------------------------------------- */

static void
forget_question(struct gate_conn *c)
{
	struct gate_question *q;
	struct gate_conn **p;

	for (q = c->gate->questions; q != NULL; q = q->next)
		for (p = &q->waiting; *p != NULL; p = &(*p)->nextasked)
			if (*p == c) {
				*p = c->nextasked;
				return;
			}
}

/* Leave the state: nothing of it may call back any more. */
static void
leave(struct gate_conn *c)
{
	alarm_clear(&c->gate->alarms, &c->alarm);
	if (c->client.want != 0)
		loop_want(c->gate->loop, &c->client, 0);
	if (c->state == GATE_ASKING)
		forget_question(c);
	if (c->state == GATE_RESOLVING)
		resolve_cancel(c->gate->resolvers, &c->lookup);
	if (c->state == GATE_PUMPING)
		pump_stop(&c->pump);
	if (c->dial != NULL) {
		dial_stop(c->dial);
		free(c->dial);
		c->dial = NULL;
	}
	buf_free(&c->in);
	buf_free(&c->ahead);
	free(c->verdict);
	c->verdict = NULL;
}

static void
record_end(struct gate_conn *c, const char *why)
{
	char detail[160];

	if (!c->recorded)
		return;
	snprintf(detail, sizeof(detail), "sent=%llu received=%llu ms=%lld",
	    c->pump.flow[0].bytes, c->pump.flow[1].bytes,
	    alarm_now() - c->began);
	gate_record(c, "end", why, detail);
	c->recorded = 0;
}

static void
discard(struct gate_conn *c)
{
	struct gate *g = c->gate;

	/* both descriptors are closed below */
	loop_forget(g->loop, &c->client);
	if (c->state == GATE_PUMPING) {
		pump_end(&c->pump);
		c->state = GATE_DRAINING;
	}
	leave(c);
	record_end(c, c->why);
	if (c->up != -1)
		close(c->up);
	close(c->client.fd);
	if (c->http != NULL)
		httpgate_free(c->http);
	free(c->http);
	free(c->name);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		g->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	free(c);
	if (g->nconn-- == g->maxconn)
		loop_want(g->loop, &g->listener, LOOP_IN);
}

static void
discard_later(void *arg)
{
	discard(arg);
}

/* Read on until the client has seen the answer and goes. */
static void
drain(struct watch *w, int events)
{
	static char waste[4096];
	ssize_t r;

	(void)events;
	r = recv(w->fd, waste, sizeof(waste), 0);
	if (r == 0 || (r == -1 && errno != EAGAIN && errno != EINTR))
		discard(w->arg);
}

static void
linger(struct gate_conn *c)
{
	c->client.fn = drain;
	c->alarm.fn = discard_later;
	if (loop_want(c->gate->loop, &c->client, LOOP_IN) == -1 ||
	    alarm_set(&c->gate->alarms, &c->alarm, GATE_DRAIN_MS) == -1)
		discard(c);
}

static void
deny(struct gate_conn *c, const char *why)
{
	char copy[JUDGE_WHY];

	snprintf(copy, sizeof(copy), "%s", why);
	leave(c);
	gate_deny(c, copy);
	linger(c);
}

static void
fail(struct gate_conn *c, int status, const char *why)
{
	leave(c);
	gate_record(c, "error", why, NULL);
	gate_refuse(c, status, "'%s' port %d: %s", c->name, c->port, why);
	linger(c);
}

static void
late(void *arg)
{
	struct gate_conn *c = arg;

	switch (c->state) {
	case GATE_HEAD:
		leave(c);
		gate_refuse(c, 408, "no request came");
		linger(c);
		break;
	case GATE_ASKING:
		deny(c, "no rule, and the user did not answer in time");
		break;
	case GATE_PUMPING:
		c->why = "what was to be judged did not come";
		discard(c);
		break;
	default:
		fail(c, 504, "it takes too long to connect");
	}
}

static int
within(struct gate_conn *c, long long ms)
{
	c->alarm.fn = late;
	c->alarm.arg = c;
	return alarm_set(&c->gate->alarms, &c->alarm, ms);
}

/* ---- relaying ------------------------------------------------------------ */

/* Cut off for what it said in the tunnel; clear HTTP can be told so. */
static void
cut_off(struct gate_conn *c)
{
	static const char alert[] = { 21, 3, 3, 0, 2, 2, 49 };
	struct buf b = BUF_INIT, head = BUF_INIT;

	gate_record(c, "deny", c->why, NULL);
	if (c->port == 443)
		(void)!send(c->client.fd, alert, sizeof(alert), MSG_NOSIGNAL);
	else if (c->pump.flow[1].bytes == 0) {
		gate_deny_text(&b, c, c->why);
		buf_printf(&head, "HTTP/1.1 403 Forbidden\r\nContent-Type:"
		    " text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		    "Connection: close\r\n\r\n%s", b.len,
		    buf_str(&b) != NULL ? b.p : "");
		if (!head.bad)
			(void)!send(c->client.fd, head.p, head.len,
			    MSG_NOSIGNAL);
	}
	buf_free(&b);
	buf_free(&head);
	leave(c);
	shutdown(c->client.fd, SHUT_WR);
	record_end(c, c->why);
	close(c->up);
	c->up = -1;
	c->state = GATE_DRAINING;
	linger(c);
}

static void
pumped(struct pump *p)
{
	struct gate_conn *c = p->arg;

	if (c->why != NULL)
		cut_off(c);
	else
		discard(c);
}

/* What the client sent before it was connected. */
static int
send_ahead(struct gate_conn *c)
{
	struct buf rest = c->in;
	int rc = 0;

	c->in = (struct buf)BUF_INIT;
	if (rest.len > 0) {
		if (c->pump.filter == NULL)
			rc = buf_add(&c->ahead, rest.p, rest.len);
		else
			rc = c->pump.filter(&c->pump, rest.p, rest.len,
			    &c->ahead);
	}
	buf_free(&rest);
	if (rc == 0)
		rc = pump_ahead(&c->pump, 0, c->ahead.p, c->ahead.len);
	buf_free(&c->ahead);
	return rc;
}

static void
relay(struct gate_conn *c)
{
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	memset(&c->pump, 0, sizeof(c->pump));
	c->pump.arg = c;
	c->state = GATE_PUMPING;
	gate_record(c, "allow", c->verdict->why, NULL);
	c->recorded = 1;
	judge_note(c->gate->judge, c->name, c->port);
	free(c->verdict);
	c->verdict = NULL;
	alarm_clear(&c->gate->alarms, &c->alarm);
	if (c->tunnel) {
		if (send(c->client.fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(ok) - 1) {
			discard(c);
			return;
		}
		within(c, GATE_HELLO_MS);
		if (c->port == 443)
			c->pump.filter = gate_filter_tls;
		else if (c->port == 80)
			c->pump.filter = gate_filter_http;
		else
			alarm_clear(&c->gate->alarms, &c->alarm);
	} else
		c->pump.filter = gate_filter_http;
	if (send_ahead(c) == -1 || pump_start(&c->pump, c->gate->loop,
	    c->client.fd, c->up, pumped, c) == -1)
		pumped(&c->pump);
}

/* ---- connecting ---------------------------------------------------------- */

static void
dialed(struct dial *d, int fd, int error)
{
	struct gate_conn *c = d->arg;

	free(c->dial);
	c->dial = NULL;
	if (fd == -1) {
		fail(c, error == ETIMEDOUT ? 504 : 502, strerror(error));
		return;
	}
	c->up = fd;
	relay(c);
}

static void
dial(struct gate_conn *c, const struct addr *a, int n)
{
	struct addr good[ADDR_MAX];
	char text[NAME_HOST_MAX], why[NAME_HOST_MAX + 80] = "";
	const char *what;
	int i, ngood = 0;

	for (i = 0; i < n; i++) {
		if (judge_addr(c->gate->judge, c->verdict, &a[i], c->port,
		    &what)) {
			good[ngood++] = a[i];
			continue;
		}
		addr_show(&a[i], text);
		snprintf(why, sizeof(why), "it leads to %s, %s, which no rule"
		    " names", text, what);
	}
	if (ngood == 0) {
		deny(c, why);
		return;
	}
	c->state = GATE_DIALING;
	if ((c->dial = malloc(sizeof(*c->dial))) == NULL)
		fail(c, 503, "out of memory");
	else if (dial_start(c->dial, c->gate->loop, &c->gate->alarms, good,
	    ngood, c->port, dialed, c) == -1)
		fail(c, 503, strerror(errno));
}

static void
resolved(struct lookup *l, const struct addr *a, int n, const char *why)
{
	struct gate_conn *c = l->arg;

	if (n == 0)
		fail(c, 502, why);
	else
		dial(c, a, n);
}

static void
go(struct gate_conn *c)
{
	static const struct addr loopback[2] = {
		{ AF_INET, { 127, 0, 0, 1 } },
		{ AF_INET6, { [15] = 1 } }
	};
	struct addr a;

	within(c, GATE_DIAL_MS);
	if (c->kind == NAME_ADDRESS) {
		if (addr_parse(&a, c->name) == 0)
			dial(c, &a, 1);
		else
			fail(c, 502, "no address");
	} else if (strcmp(c->name, JUDGE_HOST) == 0)
		dial(c, loopback, 2);
	else {
		c->state = GATE_RESOLVING;
		c->lookup.name = c->name;
		c->lookup.fn = resolved;
		c->lookup.arg = c;
		resolve(c->gate->resolvers, &c->lookup);
	}
}

/* ---- judging ------------------------------------------------------------- */

/* Many connections to one name ask once. */
static void
ask(struct gate_conn *c)
{
	struct gate *g = c->gate;
	struct gate_question *q;
	struct asker_question m;
	int n = 0;

	for (q = g->questions; q != NULL; q = q->next, n++)
		if (strcmp(q->name, c->name) == 0)
			break;
	if (q == NULL) {
		if (n >= GATE_QUESTIONS ||
		    (q = calloc(1, sizeof(*q))) == NULL) {
			deny(c, "no rule, and too many questions are open");
			return;
		}
		memset(&m, 0, sizeof(m));
		m.id = q->id = ++g->lastid;
		m.port = q->port = c->port;
		snprintf(m.name, sizeof(m.name), "%s", c->name);
		snprintf(q->name, sizeof(q->name), "%s", c->name);
		q->next = g->questions;
		g->questions = q;
		if (io_writeall(g->asker.fd, &m, sizeof(m)) == -1)
			g->failed = 1;
	}
	c->state = GATE_ASKING;
	c->nextasked = q->waiting;
	q->waiting = c;
	within(c, GATE_ASK_MS);
}

static void
answered(struct watch *w, int events)
{
	struct gate *g = w->arg;
	struct gate_question *q, **p;
	struct gate_conn *c, *next;
	struct asker_reply r;
	char why[JUDGE_WHY + 32];

	(void)events;
	if (io_readfull(w->fd, &r, sizeof(r)) != (ssize_t)sizeof(r)) {
		g->failed = 1;
		return;
	}
	for (p = &g->questions; *p != NULL && (*p)->id != r.id;
	    p = &(*p)->next)
		continue;
	if ((q = *p) == NULL)
		return;
	*p = q->next;
	r.why[sizeof(r.why) - 1] = '\0';
	snprintf(why, sizeof(why), "no rule, and the answer was no%s%s",
	    r.why[0] != '\0' ? ": " : "", r.why);
	/* the rule that "always" has made may not be here yet */
	if (r.answer != ASKER_FAILED)
		judge_remember(g->judge, q->name, q->port,
		    r.answer != ASKER_NO);
	for (c = q->waiting; c != NULL; c = next) {
		next = c->nextasked;
		c->state = GATE_HEAD;
		if (r.answer == ASKER_FAILED)
			deny(c, "no rule, and the user cannot be asked");
		else if (r.answer == ASKER_NO && c->port == q->port)
			deny(c, why);
		else
			judge(c);
	}
	free(q);
}

static void
judge(struct gate_conn *c)
{
	alarm_clear(&c->gate->alarms, &c->alarm);
	if (c->verdict == NULL &&
	    (c->verdict = malloc(sizeof(*c->verdict))) == NULL) {
		fail(c, 503, "out of memory");
		return;
	}
	judge_name(c->gate->judge, c->name, c->kind, c->port, c->verdict);
	switch (c->verdict->verdict) {
	case JUDGED_ALLOW:
		go(c);
		break;
	case JUDGED_DENY:
		deny(c, c->verdict->why);
		break;
	default:
		ask(c);
	}
}

/* ---- accepting ----------------------------------------------------------- */

static void
readable(struct watch *w, int events)
{
	static char chunk[16384];
	struct gate_conn *c = w->arg;
	ssize_t r;

	(void)events;
	r = recv(w->fd, chunk, sizeof(chunk), 0);
	if (r == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r <= 0 || buf_add(&c->in, chunk, (size_t)r) == -1) {
		discard(c);
		return;
	}
	switch (gate_request(c)) {
	case 0:
		return;
	case 1:
		loop_want(c->gate->loop, w, 0);
		judge(c);
		return;
	default:
		leave(c);
		linger(c);
	}
}

static void
accepted(struct gate *g, int fd)
{
	struct gate_conn *c;
	int one = 1;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	if (g->token != NULL)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->gate = g;
	c->up = -1;
	c->client.fd = fd;
	c->client.fn = readable;
	c->client.arg = c;
	c->began = alarm_now();
	c->next = g->conns;
	if (g->conns != NULL)
		g->conns->prev = c;
	g->conns = c;
	if (++g->nconn == g->maxconn)
		loop_want(g->loop, &g->listener, 0);
	if (loop_want(g->loop, &c->client, LOOP_IN) == -1 ||
	    within(c, GATE_HEAD_MS) == -1)
		discard(c);
}

static void
acceptable(struct watch *w, int events)
{
	struct gate *g = w->arg;
	int fd, i;

	(void)events;
	for (i = 0; i < 16 && g->nconn < g->maxconn; i++) {
		if ((fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK |
		    SOCK_CLOEXEC)) == -1)
			return;
		accepted(g, fd);
	}
}

static void
ruled(struct watch *w, int events)
{
	struct gate *g = w->arg;
	struct buf b = BUF_INIT;

	(void)events;
	if (warden_read(w->fd, &b) == -1)
		g->failed = 1;
	else
		judge_update(g->judge, &b);
	buf_free(&b);
}

int
gate_start(struct gate *g, int listener, int asker, int scribe, int warden)
{
	g->listener.fd = listener;
	g->listener.fn = acceptable;
	g->listener.arg = g;
	g->asker.fd = asker;
	g->asker.fn = answered;
	g->asker.arg = g;
	g->warden.fd = warden;
	g->warden.fn = ruled;
	g->warden.arg = g;
	if (loop_want(g->loop, &g->warden, LOOP_IN) == -1 ||
	    loop_want(g->loop, &g->listener, LOOP_IN) == -1 ||
	    loop_want(g->loop, &g->asker, LOOP_IN) == -1 ||
	    scribe_attach(&g->scribe, g->loop, scribe) == -1)
		return -1;
	return 0;
}

void
gate_stop(struct gate *g)
{
	struct gate_question *q;

	while (g->conns != NULL)
		discard(g->conns);
	while ((q = g->questions) != NULL) {
		g->questions = q->next;
		free(q);
	}
	scribe_detach(&g->scribe);
	alarms_free(&g->alarms);
}

#else
typedef int gate_needs_epoll;
#endif
