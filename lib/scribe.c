#if HAVE_EPOLL
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alarm.h"
#include "audit.h"
#include "io.h"
#include "scribe.h"
#include "sidekick.h"
#include "status.h"

#define BATCH		512		/* records written at once */
#define ROOM		(128 * 1024)	/* read ahead */
#define QUEUE_MAX	(64 * 1024)	/* not sent: then it is waited for */

/* Lengths of verdict, why, subject and detail; each has a NUL behind it. */
struct head {
	uint16_t	n[4];
};

/* ---- the process ---------------------------------------------------------- */

struct desk {
	const struct workspace *w;
	const char	*session;
	struct buf	 in;
	size_t		 seen;		/* bytes of in looked at: whole records */
	long long	 last;		/* when was written */
	long long	 due;		/* when must be; 0: nothing to write */
};

/* The record at s, if all of it is there: its length, else 0. */
static size_t
take(const char *s, size_t n, struct audit *a)
{
	struct head h;
	const char *f[4];
	size_t at = sizeof(h);
	int i;

	if (n < sizeof(h))
		return 0;
	memcpy(&h, s, sizeof(h));
	for (i = 0; i < 4; i++) {
		f[i] = s + at;
		at += h.n[i] + 1u;
	}
	if (at > n)
		return 0;
	memset(a, 0, sizeof(*a));
	a->kind = "host";
	a->verdict = f[0];
	a->why = h.n[1] != 0 ? f[1] : NULL;
	a->subject = f[2];
	a->len = h.n[2];
	a->detail = h.n[3] != 0 ? f[3] : NULL;
	return at;
}

/* When what has come is to be written. */
static void
schedule(struct desk *d)
{
	struct audit a;
	long long now = alarm_now(), soon;
	size_t n;

	while ((n = take(d->in.p + d->seen, d->in.len - d->seen, &a)) != 0) {
		d->seen += n;
		if (strcmp(a.verdict, "end") == 0)
			soon = now + SCRIBE_LAZY_MS;
		else
			soon = now > d->last + SCRIBE_GAP_MS ? now :
			    d->last + SCRIBE_GAP_MS;
		if (d->due == 0 || soon < d->due)
			d->due = soon;
	}
}

static void
commit(struct desk *d)
{
	static struct audit a[BATCH];
	size_t at = 0, n, len;

	while (at < d->seen) {
		for (n = 0; n < BATCH && at < d->seen; n++, at += len) {
			len = take(d->in.p + at, d->seen - at, &a[n]);
			a[n].session = d->session;
		}
		if (audit_add_all(d->w, a, n) == -1)
			err(ST_SYS, "cannot write the audit trail");
	}
	buf_consume(&d->in, d->seen);
	d->seen = 0;
	d->due = 0;
	d->last = alarm_now();
}

static void
serve(int fd, void *arg)
{
	struct desk *d = arg;
	struct pollfd p = { fd, POLLIN, 0 };
	long long left = -1;
	ssize_t r;

	for (;;) {
		if (d->due != 0 && (left = d->due - alarm_now()) < 0)
			left = 0;
		/* what comes within the gap is read at its end, all at once */
		if (d->due != 0 && left <= SCRIBE_GAP_MS &&
		    d->in.len < ROOM / 2) {
			poll(NULL, 0, (int)left);
			left = 0;
		}
		if (d->in.len < ROOM &&
		    poll(&p, 1, d->due != 0 ? (int)left : -1) == 1) {
			if (buf_reserve(&d->in, ROOM) == -1)
				err(ST_SYS, "cannot take a record");
			r = read(fd, d->in.p + d->in.len, ROOM);
			if (r <= 0)
				break;
			d->in.len += (size_t)r;
			schedule(d);
		}
		if (d->due != 0 && (d->in.len >= ROOM ||
		    alarm_now() >= d->due))
			commit(d);
	}
	commit(d);
	_exit(0);
}

int
scribe_start(const struct workspace *w, const char *session)
{
	struct desk d = { w, session, BUF_INIT, 0, 0, 0 };

	return sidekick_start(serve, &d);
}

/* ---- who has something to note --------------------------------------------- */

static void
send_queue(struct scribe *s, int flags)
{
	ssize_t n;

	while (s->queue.len > 0 && !s->failed) {
		n = send(s->watch.fd, s->queue.p, s->queue.len,
		    MSG_NOSIGNAL | flags);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			s->failed = 1;
		else
			buf_consume(&s->queue, (size_t)n);
	}
}

/* It says nothing; to be readable is to be gone. */
static void
ready(struct watch *w, int events)
{
	struct scribe *s = w->arg;

	if (events & LOOP_IN)
		s->failed = 1;
}

int
scribe_attach(struct scribe *s, struct loop *l, int fd)
{
	memset(s, 0, sizeof(*s));
	s->loop = l;
	s->watch.fd = fd;
	s->watch.fn = ready;
	s->watch.arg = s;
	return loop_want(l, &s->watch, LOOP_IN);
}

void
scribe_note(struct scribe *s, const char *verdict, const char *why,
    const char *subject, size_t n, const char *detail)
{
	const char *f[4] = { verdict, why != NULL ? why : "", subject,
	    detail != NULL ? detail : "" };
	struct head h;
	int i;

	for (i = 0; i < 4; i++) {
		size_t len = i == 2 ? n : strlen(f[i]);

		h.n[i] = len > 4096 ? 4096 : (uint16_t)len;
	}
	if (strcmp(verdict, "end") != 0)
		s->urgent = 1;
	buf_add(&s->queue, &h, sizeof(h));
	for (i = 0; i < 4; i++) {
		buf_add(&s->queue, f[i], h.n[i]);
		buf_addc(&s->queue, '\0');
	}
	if (s->queue.bad)
		s->failed = 1;
	if (s->queue.len > QUEUE_MAX)
		send_queue(s, 0);
}

void
scribe_flush(struct scribe *s)
{
	s->urgent = 0;
	if (s->queue.len > 0)
		send_queue(s, MSG_DONTWAIT);
	if (!s->failed && loop_want(s->loop, &s->watch,
	    s->queue.len > 0 ? LOOP_IN | LOOP_OUT : LOOP_IN) == -1)
		s->failed = 1;
}

void
scribe_detach(struct scribe *s)
{
	char c;

	send_queue(s, 0);
	loop_want(s->loop, &s->watch, 0);
	shutdown(s->watch.fd, SHUT_WR);
	/* its end is closed when all is noted */
	while (read(s->watch.fd, &c, 1) == -1 && errno == EINTR)
		;
	close(s->watch.fd);
	buf_free(&s->queue);
}
#else
typedef int scribe_needs_epoll;
#endif
