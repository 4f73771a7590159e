#if HAVE_EPOLL
#include <sys/epoll.h>

#include <errno.h>
#include <stddef.h>

#include "loop.h"

int
loop_init(struct loop *l)
{
	l->n = 0;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	return l->epfd == -1 ? -1 : 0;
}

/* What this round still holds must not be called any more. */
static void
unbatch(struct loop *l, const struct watch *w)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->batch[i] == w)
			l->batch[i] = NULL;
}

static int
control(struct loop *l, struct watch *w, int op, int events)
{
	struct epoll_event ev = { .events = 0 };

	if (events & LOOP_IN)
		ev.events |= EPOLLIN;
	if (events & LOOP_OUT)
		ev.events |= EPOLLOUT;
	ev.data.ptr = w;
	if (epoll_ctl(l->epfd, op, w->fd, &ev) == -1)
		return -1;
	w->want = events;
	return 0;
}

int
loop_want(struct loop *l, struct watch *w, int events)
{
	if (events == w->want)
		return 0;
	if (events == 0)
		unbatch(l, w);
	return control(l, w, events == 0 ? EPOLL_CTL_DEL :
	    w->want == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, events);
}

void
loop_forget(struct loop *l, struct watch *w)
{
	unbatch(l, w);
	w->want = 0;
}

int
loop_move(struct loop *l, struct watch *from, struct watch *to, int events)
{
	int op = from->want == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	loop_forget(l, from);
	to->fd = from->fd;
	return control(l, to, op, events);
}

int
loop_once(struct loop *l, int ms)
{
	struct epoll_event ev[LOOP_BATCH];
	struct watch *w;
	int i, n, events;

	if ((n = epoll_wait(l->epfd, ev, LOOP_BATCH, ms)) == -1)
		return errno == EINTR ? 0 : -1;
	for (i = 0; i < n; i++)
		l->batch[i] = ev[i].data.ptr;
	l->n = n;
	for (i = 0; i < n; i++) {
		if ((w = l->batch[i]) == NULL)
			continue;
		events = 0;
		if (ev[i].events & EPOLLIN)
			events |= LOOP_IN;
		if (ev[i].events & EPOLLOUT)
			events |= LOOP_OUT;
		if (ev[i].events & (EPOLLERR | EPOLLHUP))
			events = w->want | LOOP_FAULT;
		w->fn(w, events);
	}
	l->n = 0;
	return 0;
}
#else
typedef int loop_needs_epoll;
#endif
