#if HAVE_EPOLL
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"

static void	step(void *);

/* The addresses in turns: first family, the other, and so on. */
static void
interleave(struct dial *d, const struct addr *a, int n)
{
	int i, want, used[ADDR_MAX] = { 0 };

	want = a[0].family;
	for (d->n = 0; d->n < n; d->n++) {
		for (i = 0; i < n; i++)
			if (!used[i] && a[i].family == want)
				break;
		if (i == n)
			for (i = 0; used[i]; i++)
				continue;
		used[i] = 1;
		d->addr[d->n] = a[i];
		want = a[i].family == AF_INET ? AF_INET6 : AF_INET;
	}
}

static void
drop(struct dial *d, struct watch *w)
{
	loop_forget(d->loop, w);
	close(w->fd);
	w->fd = -1;
}

void
dial_stop(struct dial *d)
{
	int i;

	alarm_clear(d->alarms, &d->alarm);
	for (i = 0; i < DIAL_PARALLEL; i++)
		if (d->try[i].fd != -1)
			drop(d, &d->try[i]);
}

static void
connected(struct watch *w, int events)
{
	struct dial *d = w->arg;
	struct watch up = *w;
	socklen_t len = sizeof(int);
	int error = 0, one = 1;

	if (events & LOOP_FAULT && getsockopt(w->fd, SOL_SOCKET, SO_ERROR,
	    &error, &len) == -1)
		error = errno;
	if (error != 0) {
		d->error = error;
		drop(d, w);
		step(d);
		return;
	}
	w->fd = -1;
	dial_stop(d);
	setsockopt(up.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(up.fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	d->fn(d, &up, 0);
}

/* 0, or -1 with errno: not even begun. */
static int
attempt(struct dial *d, struct watch *w, const struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_sockaddr(a, d->port, &ss);
	int saved;

	w->fd = socket(a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd == -1)
		return -1;
	w->want = 0;
	w->fn = connected;
	w->arg = d;
	if ((connect(w->fd, (struct sockaddr *)&ss, len) == 0 ||
	    errno == EINPROGRESS) && loop_want(d->loop, w, LOOP_OUT) == 0)
		return 0;
	saved = errno;
	close(w->fd);
	w->fd = -1;
	errno = saved;
	return -1;
}

/* Try the next address, or end when none is left. */
static void
step(void *arg)
{
	struct dial *d = arg;
	int i, busy = 0, room = -1;

	for (i = 0; i < DIAL_PARALLEL; i++)
		if (d->try[i].fd == -1)
			room = i;
		else
			busy = 1;
	while (room != -1 && d->next < d->n) {
		if (attempt(d, &d->try[room], &d->addr[d->next++]) == 0) {
			busy = 1;
			break;
		}
		d->error = errno;
	}
	if (busy) {
		if (d->next < d->n)
			alarm_set(d->alarms, &d->alarm, DIAL_STAGGER);
		return;
	}
	alarm_clear(d->alarms, &d->alarm);
	d->fn(d, NULL, d->error);
}

int
dial_start(struct dial *d, struct loop *l, struct alarms *as,
    const struct addr *a, int n, int port,
    void (*fn)(struct dial *, struct watch *, int error), void *arg)
{
	int i;

	memset(d, 0, sizeof(*d));
	d->loop = l;
	d->alarms = as;
	d->port = port;
	d->fn = fn;
	d->arg = arg;
	d->error = ENETUNREACH;
	interleave(d, a, n);
	for (i = 0; i < DIAL_PARALLEL; i++)
		d->try[i].fd = -1;
	d->alarm.fn = step;
	d->alarm.arg = d;
	if (attempt(d, &d->try[0], &d->addr[d->next++]) == 0)
		return d->next == n ? 0 : alarm_set(as, &d->alarm,
		    DIAL_STAGGER);
	d->error = errno;
	return alarm_set(as, &d->alarm, 0);
}

#else
typedef int dial_needs_epoll;
#endif
