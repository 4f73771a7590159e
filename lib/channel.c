#if HAVE_EPOLL
#include <sys/socket.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate.h"
#include "handover.h"
#include "num.h"

#define MESSAGES	16		/* a call */
#define HEAD_MAX	2048
#define CHANNELS	16		/* a relay has one */

struct channel {
	struct gate	*gate;
	struct channel	*next;
	struct watch	 watch;
	struct buf	 out;		/* tickets, a line each */
};

static void
channel_close(struct channel *ch)
{
	struct gate_conn *c;
	struct channel **p;

	for (c = ch->gate->conns; c != NULL; c = c->next)
		if (c->channel == ch)
			c->channel = NULL;
	for (p = &ch->gate->channels; *p != ch; p = &(*p)->next)
		continue;
	*p = ch->next;
	loop_forget(ch->gate->loop, &ch->watch);
	close(ch->watch.fd);
	buf_free(&ch->out);
	free(ch);
}

/* What can be read, and written when there is something to be written. */
static int
channel_want(struct channel *ch)
{
	struct gate *g = ch->gate;

	return loop_want(g->loop, &ch->watch,
	    (g->nconn < g->maxconn ? LOOP_IN : 0) |
	    (ch->out.len > 0 ? LOOP_OUT : 0));
}

/* A head, whole, and the client's socket; -1: there is something else. */
static int
take(struct channel *ch, const char *s, size_t n, int fd)
{
	if (fd == -1)
		return -1;
	if (n > HEAD_MAX || !handover_good(fd)) {
		close(fd);
		return -1;
	}
	gate_take(ch->gate, ch, fd, s, n);
	return 0;
}

static void
channel_ready(struct watch *w, int events)
{
	struct channel *ch = w->arg;
	char head[HEAD_MAX + 1];
	ssize_t r;
	int fd, i;

	(void)events;
	for (i = 0; i < MESSAGES && ch->gate->nconn < ch->gate->maxconn; i++) {
		r = handover_recv(w->fd, head, sizeof(head), &fd);
		if (r == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (r <= 0 || take(ch, head, (size_t)r, fd) == -1) {
			channel_close(ch);
			return;
		}
	}
}

void
channel_start(struct gate *g, struct watch *w, const char *s, size_t n, int fd)
{
	struct channel *ch;
	int count = 0;

	for (ch = g->channels; ch != NULL; ch = ch->next)
		count++;
	if (count == CHANNELS || (ch = calloc(1, sizeof(*ch))) == NULL) {
		close(fd);
		loop_want(g->loop, w, 0);
		close(w->fd);
		return;
	}
	ch->gate = g;
	ch->watch.fn = channel_ready;
	ch->watch.arg = ch;
	ch->out.max = 8 * HANDOVER_TICKETS;
	ch->next = g->channels;
	g->channels = ch;
	if (loop_move(g->loop, w, &ch->watch, LOOP_IN) == -1) {
		close(fd);
		channel_close(ch);
	} else if (take(ch, s, n, fd) == -1)
		channel_close(ch);
}

void
channel_over(struct channel *ch, unsigned ticket)
{
	char line[NUM_MAX + 1];
	size_t n = num_put(line, ticket);

	line[n++] = '\n';
	buf_add(&ch->out, line, n);
}

void
channels_want(struct gate *g)
{
	struct channel *ch;

	for (ch = g->channels; ch != NULL; ch = ch->next)
		channel_want(ch);
}

size_t
channels_owe(const struct gate *g)
{
	const struct channel *ch;
	size_t most = 0;

	for (ch = g->channels; ch != NULL; ch = ch->next)
		if (ch->out.len > most || ch->out.bad)
			most = ch->out.bad ? SIZE_MAX : ch->out.len;
	return most;
}

void
channels_flush(struct gate *g)
{
	struct channel *ch, *next;
	ssize_t w;

	for (ch = g->channels; ch != NULL; ch = next) {
		next = ch->next;
		if (ch->out.len == 0 && !ch->out.bad)
			continue;
		w = send(ch->watch.fd, ch->out.p, ch->out.len, MSG_NOSIGNAL |
		    MSG_DONTWAIT);
		if (w > 0)
			buf_consume(&ch->out, (size_t)w);
		else if (errno != EAGAIN && errno != EINTR)
			ch->out.bad = 1;
		if (ch->out.bad || channel_want(ch) == -1)
			channel_close(ch);
	}
}

void
channels_stop(struct gate *g)
{
	while (g->channels != NULL)
		channel_close(g->channels);
}
#else
typedef int channel_needs_epoll;
#endif
