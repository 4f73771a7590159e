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
#include "handover.h"
#include "num.h"
#include "warden.h"

#define LAZY_NOTES	4096		/* bytes */
#define LAZY_TICKETS	256

/* ---- beginning and end --------------------------------------------------- */

/* Leave the state: nothing of it may call back any more. */
static void
leave(struct gate_conn *c)
{
	alarm_clear(&c->gate->alarms, &c->alarm);
	if (c->client.want != 0)
		loop_want(c->gate->loop, &c->client, 0);
	if (c->state == GATE_ASKING)
		gate_unask(c);
	if (c->state == GATE_RESOLVING)
		resolve_cancel(c->gate->resolvers, &c->lookup);
	if (c->state == GATE_PUMPING)
		pump_stop(&c->pump);
	if (c->dial != NULL) {
		dial_stop(c->dial);
		stock_give(&c->gate->spare_dials, c->dial);
		c->dial = NULL;
	}
	buf_free(&c->in);
	buf_free(&c->ahead);
}

static size_t
put_fact(char *s, const char *name, unsigned long long n)
{
	size_t len = strlen(name);

	memcpy(s, name, len);
	return len + num_put(s + len, n);
}

static void
record_end(struct gate_conn *c, const char *why)
{
	char detail[3 * (NUM_MAX + 10)], *s = detail;

	if (!c->recorded)
		return;
	s += put_fact(s, "sent=", c->pump.flow[0].bytes);
	s += put_fact(s, " received=", c->pump.flow[1].bytes);
	put_fact(s, " ms=", (unsigned long long)(alarm_now() - c->began));
	gate_record(c, "end", why, detail);
	c->recorded = 0;
}

/* As many connections as there can be, or fewer again. */
static void
pause_all(struct gate *g, int paused)
{
	loop_want(g->loop, &g->listener, paused ? 0 : LOOP_IN);
	channels_want(g);
}

static void
discard(struct gate_conn *c)
{
	struct linger how = { c->hard, 0 };
	struct gate *g = c->gate;

	/* both descriptors are closed below; a client's may be open elsewhere */
	if (c->taken)
		loop_want(g->loop, &c->client, 0);
	else
		loop_forget(g->loop, &c->client);
	if (c->state == GATE_PUMPING) {
		pump_end(&c->pump);
		c->state = GATE_DRAINING;
	}
	leave(c);
	record_end(c, c->why);
	if (c->up.fd != -1)
		close(c->up.fd);
	/* nobody who has it open, too, is to make the last close wait */
	if (c->taken)
		setsockopt(c->client.fd, SOL_SOCKET, SO_LINGER, &how,
		    sizeof(how));
	if (c->client.fd != -1)
		close(c->client.fd);
	if (c->channel != NULL)
		channel_over(c->channel, c->ticket);
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
	stock_give(&g->spare_conns, c);
	if (g->nconn-- == g->maxconn)
		pause_all(g, 0);
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
	r = recv(w->fd, waste, sizeof(waste), MSG_DONTWAIT);
	if (r == 0 || (r == -1 && errno != EAGAIN && errno != EINTR))
		discard(w->arg);
}

static void
linger(struct gate_conn *c)
{
	c->client.fn = drain;
	c->alarm.fn = discard_later;
	if (c->hard || loop_want(c->gate->loop, &c->client, LOOP_IN) == -1 ||
	    alarm_set(&c->gate->alarms, &c->alarm, GATE_DRAIN_MS) == -1)
		discard(c);
}

void
gate_turn_away(struct gate_conn *c, const char *why)
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
		gate_turn_away(c, "no rule, and the user did not answer in time");
		break;
	case GATE_PUMPING:
		c->why = "what was to be judged did not come";
		discard(c);
		break;
	default:
		fail(c, 504, "it takes too long to connect");
	}
}

int
gate_within(struct gate_conn *c, long long ms)
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
		(void)!send(c->client.fd, alert, sizeof(alert), MSG_NOSIGNAL |
		    MSG_DONTWAIT);
	else if (c->pump.flow[1].bytes == 0) {
		gate_deny_text(&b, c, c->why);
		buf_printf(&head, "HTTP/1.1 403 Forbidden\r\nContent-Type:"
		    " text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		    "Connection: close\r\n\r\n%s", b.len,
		    buf_str(&b) != NULL ? b.p : "");
		if (!head.bad)
			(void)!send(c->client.fd, head.p, head.len,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	buf_free(&b);
	buf_free(&head);
	leave(c);
	shutdown(c->client.fd, SHUT_WR);
	record_end(c, c->why);
	close(c->up.fd);
	c->up.fd = -1;
	c->state = GATE_DRAINING;
	linger(c);
}

static void
pumped(struct pump *p)
{
	struct gate_conn *c = p->arg;

	if (c->why != NULL) {
		cut_off(c);
		return;
	}
	c->hard = p->reset;
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
	gate_record(c, "allow", c->verdict.why, NULL);
	c->recorded = 1;
	judge_note(c->gate->judge, c->name, c->port);
	alarm_clear(&c->gate->alarms, &c->alarm);
	c->pump.shared = c->pump.eager = c->taken;
	if (c->tunnel) {
		if (!c->taken && send(c->client.fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(ok) - 1) {
			discard(c);
			return;
		}
		gate_within(c, GATE_HELLO_MS);
		if (c->port == 443)
			c->pump.filter = gate_filter_tls;
		else if (c->port == 80)
			c->pump.filter = gate_filter_http;
		else
			alarm_clear(&c->gate->alarms, &c->alarm);
	} else
		c->pump.filter = gate_filter_http;
	if (send_ahead(c) == -1 || pump_take(&c->pump, c->gate->loop,
	    &c->client, &c->up, pumped, c) == -1)
		pumped(&c->pump);
}

/* ---- connecting ---------------------------------------------------------- */

static void
dialed(struct dial *d, struct watch *up, int error)
{
	struct gate_conn *c = d->arg;

	if (up != NULL)
		c->up = *up;
	stock_give(&c->gate->spare_dials, c->dial);
	c->dial = NULL;
	if (up != NULL)
		relay(c);
	else
		fail(c, error == ETIMEDOUT ? 504 : 502, strerror(error));
}

static void
dial(struct gate_conn *c, const struct addr *a, int n)
{
	struct addr good[ADDR_MAX];
	char text[NAME_HOST_MAX], why[NAME_HOST_MAX + 80] = "";
	const char *what;
	int i, ngood = 0;

	for (i = 0; i < n; i++) {
		if (judge_addr(c->gate->judge, &c->verdict, &a[i], c->port,
		    &what)) {
			good[ngood++] = a[i];
			continue;
		}
		addr_show(&a[i], text);
		snprintf(why, sizeof(why), "it leads to %s, %s, which no rule"
		    " names", text, what);
	}
	if (ngood == 0) {
		gate_turn_away(c, why);
		return;
	}
	c->state = GATE_DIALING;
	if ((c->dial = stock_take(&c->gate->spare_dials,
	    sizeof(*c->dial))) == NULL)
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

	gate_within(c, GATE_DIAL_MS);
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

void
gate_judge(struct gate_conn *c)
{
	alarm_clear(&c->gate->alarms, &c->alarm);
	judge_name(c->gate->judge, c->name, c->kind, c->port, &c->verdict);
	switch (c->verdict.verdict) {
	case JUDGED_ALLOW:
		go(c);
		break;
	case JUDGED_DENY:
		gate_turn_away(c, c->verdict.why);
		break;
	default:
		gate_ask(c);
	}
}

/* ---- accepting ----------------------------------------------------------- */

static void
requested(struct gate_conn *c)
{
	switch (gate_request(c)) {
	case 0:
		return;
	case 1:
		loop_want(c->gate->loop, &c->client, 0);
		gate_judge(c);
		return;
	default:
		leave(c);
		linger(c);
	}
}

static void
readable(struct watch *w, int events)
{
	static char chunk[16384];
	struct gate_conn *c = w->arg;
	ssize_t r;
	int fd = -1;

	(void)events;
	if (c->gate->token != NULL)
		r = recv(w->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	else
		r = handover_recv(w->fd, chunk, sizeof(chunk), &fd);
	if (r == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r > 0 && fd != -1 && c->in.len == 0) {
		channel_start(c->gate, w, chunk, (size_t)r, fd);
		w->fd = -1;
		discard(c);
		return;
	}
	if (fd != -1)
		close(fd);
	if (r <= 0 || fd != -1 || buf_add(&c->in, chunk, (size_t)r) == -1)
		discard(c);
	else
		requested(c);
}

/* NULL: the descriptor is closed. */
static struct gate_conn *
admit(struct gate *g, int fd)
{
	struct gate_conn *c;

	if ((c = stock_take(&g->spare_conns, sizeof(*c))) == NULL) {
		close(fd);
		return NULL;
	}
	c->gate = g;
	c->up.fd = -1;
	c->client.fd = fd;
	c->client.fn = readable;
	c->client.arg = c;
	c->began = alarm_now();
	c->next = g->conns;
	if (g->conns != NULL)
		g->conns->prev = c;
	g->conns = c;
	if (++g->nconn == g->maxconn)
		pause_all(g, 1);
	return c;
}

void
gate_take(struct gate *g, struct channel *ch, int fd, const char *head,
    size_t n)
{
	struct gate_conn *c;

	if ((c = admit(g, fd)) == NULL)
		return;
	c->channel = ch;
	c->taken = c->hard = 1;
	if (buf_add(&c->in, head, n) == -1 || gate_request(c) != 1 ||
	    !c->tunnel) {
		discard(c);
		return;
	}
	c->hard = 0;
	gate_judge(c);
}

static void
accepted(struct gate *g, int fd)
{
	struct gate_conn *c;
	int one = 1;

	if ((c = admit(g, fd)) == NULL)
		return;
	if (g->token != NULL)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (loop_want(g->loop, &c->client, LOOP_IN) == -1 ||
	    gate_within(c, GATE_HEAD_MS) == -1)
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
	g->asker.fn = gate_answered;
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

static void
flush_all(void *arg)
{
	struct gate *g = arg;

	scribe_flush(&g->scribe);
	channels_flush(g);
}

/* That something is over can wait for what cannot, or for more of it. */
void
gate_flush(struct gate *g)
{
	size_t owe = channels_owe(g);

	g->lazy.fn = flush_all;
	g->lazy.arg = g;
	if (g->scribe.urgent || g->scribe.queue.len > LAZY_NOTES)
		scribe_flush(&g->scribe);
	if (owe > LAZY_TICKETS)
		channels_flush(g);
	else if (g->lazy.slot == 0 && (owe > 0 || g->scribe.queue.len > 0) &&
	    alarm_set(&g->alarms, &g->lazy, GATE_LAZY_MS) == -1)
		flush_all(g);
}

void
gate_stop(struct gate *g)
{
	channels_stop(g);
	while (g->conns != NULL)
		discard(g->conns);
	gate_forget(g);
	scribe_detach(&g->scribe);
	alarms_free(&g->alarms);
	stock_free(&g->spare_conns);
	stock_free(&g->spare_dials);
}

#else
typedef int gate_needs_epoll;
#endif
