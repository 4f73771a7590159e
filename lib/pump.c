#if HAVE_EPOLL
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pump.h"

#define CHUNK	(64 * 1024)
#define PIPE	(256 * 1024)
#define TURNS	4		/* chunks a call, for the others' sake */

enum { BLOCKED, ENDED, MORE };

static int
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void
unpipe(struct flow *f)
{
	if (f->pipe[1] == 0)
		return;
	close(f->pipe[0]);
	close(f->pipe[1]);
	f->pipe[0] = f->pipe[1] = 0;
	f->piped = 0;
}

static void
drop(struct flow *f)
{
	unpipe(f);
	free(f->left);
	f->left = NULL;
	f->len = f->off = 0;
}

static int
busy(const struct flow *f)
{
	return f->len != 0 || f->piped != 0;
}

/* The reader of flow i is gone: its writer may go on talking to nobody. */
static void
no_reader(struct flow *f)
{
	drop(f);
	f->sink = 1;
}

/* splice(2) waits for a socket that others have made to be waited for. */
static int
may_wait(const struct pump *p, int i)
{
	return p->shared && i == 0 &&
	    (fcntl(p->side[0].fd, F_GETFL) & O_NONBLOCK) == 0;
}

/* Write what is left over; 1 when all is gone. */
static int
flush(struct pump *p, int i)
{
	struct flow *f = &p->flow[i];
	ssize_t w;

	while (f->piped != 0) {
		if (may_wait(p, 1 - i)) {
			p->reset = 1;
			return 0;
		}
		w = splice(f->pipe[0], NULL, p->side[1 - i].fd, NULL, f->piped,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE);
		if (w == -1) {
			if (would_block())
				return 0;
			no_reader(f);
			return 1;
		}
		f->piped -= (size_t)w;
		f->bytes += (unsigned long long)w;
	}
	if (f->len == 0)
		return 1;
	while (f->len > f->off) {
		w = send(p->side[1 - i].fd, f->left + f->off, f->len - f->off,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (w == -1) {
			if (would_block())
				return 0;
			no_reader(f);
			return 1;
		}
		f->off += (size_t)w;
		f->bytes += (unsigned long long)w;
	}
	drop(f);
	return 1;
}

static void
keep(struct pump *p, struct flow *f, const char *s, size_t n)
{
	if ((f->left = malloc(n)) == NULL) {
		p->reset = 1;
		return;
	}
	memcpy(f->left, s, n);
	f->len = n;
	f->off = 0;
}

static void
end(struct pump *p, int i)
{
	p->flow[i].eof = 1;
	/* when both are over the descriptors are closed at once */
	if (!p->flow[i].sink && (!p->flow[1 - i].eof || busy(&p->flow[1 - i])))
		shutdown(p->side[1 - i].fd, SHUT_WR);
}

/* Write and keep what does not go; 1 when all went. */
static int
pass(struct pump *p, int i, const char *s, size_t n)
{
	struct flow *f = &p->flow[i];
	ssize_t w;

	w = send(p->side[1 - i].fd, s, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (w == -1) {
		if (!would_block()) {
			no_reader(f);
			return 1;
		}
		w = 0;
	}
	f->bytes += (unsigned long long)w;
	if ((size_t)w == n)
		return 1;
	keep(p, f, s + w, n - (size_t)w);
	return 0;
}

static int
filtered(struct pump *p, char *s, size_t n)
{
	struct buf out = BUF_INIT;
	int all = 1;

	if (p->filter(p, s, n, &out) == -1)
		p->reset = 1;
	else if (out.len > 0)
		all = pass(p, 0, out.p, out.len);
	buf_free(&out);
	return all;
}

/* Move pages instead of bytes: for a flow that fills the chunk. */
static int
step_pipe(struct pump *p, int i)
{
	struct flow *f = &p->flow[i];
	ssize_t r;

	r = splice(p->side[i].fd, NULL, f->pipe[1], NULL, PIPE,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (r == -1 && would_block()) {
		unpipe(f);
		return BLOCKED;
	}
	if (r <= 0) {
		unpipe(f);
		if (r == -1)
			p->reset = 1;
		else
			end(p, i);
		return ENDED;
	}
	f->piped = (size_t)r;
	return flush(p, i) ? MORE : BLOCKED;
}

static void
pipe_up(struct flow *f)
{
	if (pipe2(f->pipe, O_CLOEXEC | O_NONBLOCK) == -1) {
		f->pipe[0] = f->pipe[1] = 0;
		return;
	}
	fcntl(f->pipe[0], F_SETPIPE_SZ, PIPE);
}

/* Read once from side i and write it to the other. */
static int
step(struct pump *p, int i)
{
	static char chunk[CHUNK];
	struct flow *f = &p->flow[i];
	ssize_t r;
	int all;

	if (f->pipe[1] != 0)
		return step_pipe(p, i);
	if ((r = recv(p->side[i].fd, chunk, sizeof(chunk), MSG_DONTWAIT)) ==
	    -1) {
		if (would_block())
			return BLOCKED;
		p->reset = 1;
		return ENDED;
	}
	if (r == 0) {
		end(p, i);
		return ENDED;
	}
	if (f->sink)
		return MORE;
	all = i == 0 && p->filter != NULL ? filtered(p, chunk, (size_t)r) :
	    pass(p, i, chunk, (size_t)r);
	if (!all || f->sink)
		return all ? MORE : BLOCKED;
	if (r < CHUNK)
		return BLOCKED;
	if (i != 0 || (!p->shared && p->filter == NULL))
		pipe_up(f);
	return MORE;
}

static void
run(struct pump *p, int i)
{
	struct flow *f = &p->flow[i];
	int n;

	if (busy(f) && !flush(p, i))
		return;
	for (n = 0; n < TURNS && !f->eof && !p->reset; n++)
		if (step(p, i) != MORE)
			break;
}

static int
finished(const struct pump *p)
{
	const struct flow *a = &p->flow[0], *b = &p->flow[1];

	if (p->reset || (a->eof && b->eof && !busy(a) && !busy(b)))
		return 1;
	if (p->linger)
		return 0;
	/* one way is over and nobody reads the other */
	return (a->eof && b->sink) || (b->eof && a->sink) ||
	    (a->sink && b->sink);
}

static int
wanted(const struct pump *p, int i)
{
	return (!p->flow[i].eof && !busy(&p->flow[i]) ? LOOP_IN : 0) |
	    (busy(&p->flow[1 - i]) ? LOOP_OUT : 0);
}

static int
want(struct pump *p)
{
	int i;

	for (i = 0; i < 2; i++)
		if (loop_want(p->loop, &p->side[i], wanted(p, i)) == -1)
			return -1;
	return 0;
}

static void
ready(struct watch *w, int events)
{
	struct pump *p = w->arg;
	int i = w == &p->side[1];

	if (events & LOOP_IN)
		run(p, i);
	if (events & LOOP_OUT)
		run(p, 1 - i);
	if (!finished(p) && want(p) == -1)
		p->reset = 1;
	if (finished(p))
		p->done(p);
}

int
pump_ahead(struct pump *p, int i, const void *s, size_t n)
{
	if (n != 0)
		keep(p, &p->flow[i], s, n);
	return p->reset ? -1 : 0;
}

void
pump_refuse(struct pump *p, int i)
{
	p->flow[i].sink = 1;
	p->linger = 1;
}

static int
take_over(struct pump *p, int i, struct watch *from)
{
	int events = wanted(p, i);

	return loop_move(p->loop, from, &p->side[i], events != 0 ? events :
	    LOOP_IN);
}

int
pump_take(struct pump *p, struct loop *l, struct watch *a, struct watch *b,
    void (*done)(struct pump *), void *arg)
{
	int i;

	p->loop = l;
	p->done = done;
	p->arg = arg;
	for (i = 0; i < 2; i++) {
		p->side[i].want = 0;
		p->side[i].fn = ready;
		p->side[i].arg = p;
		p->side[i].fd = i == 0 ? a->fd : b->fd;
	}
	if (p->eager)
		run(p, 0);
	if (finished(p) || take_over(p, 0, a) == -1 ||
	    take_over(p, 1, b) == -1)
		return -1;
	return want(p);
}

int
pump_start(struct pump *p, struct loop *l, int a, int b,
    void (*done)(struct pump *), void *arg)
{
	struct watch wa = { .fd = a }, wb = { .fd = b };

	return pump_take(p, l, &wa, &wb, done, arg);
}

void
pump_stop(struct pump *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (p->side[i].want != 0)
			loop_want(p->loop, &p->side[i], 0);
		drop(&p->flow[i]);
	}
}

void
pump_end(struct pump *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		/* what others have open, too, stays in the loop when closed */
		if (p->side[i].want != 0 && p->shared && i == 0)
			loop_want(p->loop, &p->side[i], 0);
		else if (p->side[i].want != 0)
			loop_forget(p->loop, &p->side[i]);
		drop(&p->flow[i]);
	}
}

void
pump_close(struct pump *p, struct loop *loop, struct watch *client,
    struct watch *peer, int reset)
{
	struct linger hard = { 1, 0 };

	pump_end(p);
	loop_forget(loop, client);
	loop_forget(loop, peer);
	if (reset)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &hard,
		    sizeof(hard));
	close(client->fd);
	if (peer->fd != -1)
		close(peer->fd);
}
#else
typedef int pump_needs_epoll;
#endif
