#include <errno.h>

#include "forward.h"

#if HAVE_EPOLL
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pump.h"

#define LINKS_MAX	256

struct link {
	struct forwarder	*f;
	struct link		*next, *prev;
	struct watch		 client;
	struct watch		 peer;		/* fd -1: waits for one */
	struct pump		 pump;
};

/* Take new clients while there is room, new peers while they are wanted. */
static void
rearm(struct forwarder *f)
{
	loop_want(&f->loop, &f->wtcp, f->n < LINKS_MAX ? LOOP_IN : 0);
	loop_want(&f->loop, &f->wbox, f->waiting != 0 ? LOOP_IN : 0);
}

static void
link_free(struct link *l, int reset)
{
	struct forwarder *f = l->f;

	f->waiting -= l->peer.fd == -1;
	pump_close(&l->pump, &f->loop, &l->client, &l->peer, reset);
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		f->links = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	free(l);
	f->n--;
	rearm(f);
}

static void
pump_done(struct pump *p)
{
	link_free(p->arg, p->reset);
}

static void
client_gone(struct watch *w, int events)
{
	(void)events;
	link_free(w->arg, 0);
}

/* A peer that ends without a word was of a relay that is gone: the next. */
static void
peer_again(struct link *l)
{
	loop_want(&l->f->loop, &l->peer, 0);
	close(l->peer.fd);
	l->peer.fd = -1;
	l->f->waiting++;
	rearm(l->f);
}

static void
peer_answers(struct watch *w, int events)
{
	struct link *l = w->arg;
	char word[3];
	ssize_t n;

	(void)events;
	n = recv(w->fd, word, sizeof(word), MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		peer_again(l);
		return;
	}
	if (n < 3)
		return;
	if (memcmp(word, "ok\n", 3) != 0 || recv(w->fd, word, 3, 0) != 3) {
		link_free(l, 1);
		return;
	}
	loop_want(&l->f->loop, &l->client, 0);
	loop_want(&l->f->loop, &l->peer, 0);
	if (pump_start(&l->pump, &l->f->loop, l->client.fd, l->peer.fd,
	    pump_done, l) == -1)
		link_free(l, 1);
}

static void
box_ready(struct watch *w, int events)
{
	struct forwarder *f = w->arg;
	struct link *l;
	char line[8];
	int fd, n;

	(void)events;
	fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1)
		return;
	/* the one that has waited longest stands last */
	for (l = f->links; l->next != NULL;)
		l = l->next;
	while (l->peer.fd != -1)
		l = l->prev;
	l->peer.fd = fd;
	f->waiting--;
	n = snprintf(line, sizeof(line), "%d\n", f->port);
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
	    loop_want(&f->loop, &l->peer, LOOP_IN) == -1)
		peer_again(l);
	rearm(f);
}

static void
tcp_ready(struct watch *w, int events)
{
	struct forwarder *f = w->arg;
	struct link *l;
	int fd;

	(void)events;
	fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1)
		return;
	if ((l = calloc(1, sizeof(*l))) == NULL) {
		close(fd);
		return;
	}
	l->f = f;
	l->client.fd = fd;
	l->client.fn = client_gone;
	l->peer.fd = -1;
	l->peer.fn = peer_answers;
	l->client.arg = l->peer.arg = l;
	if ((l->next = f->links) != NULL)
		f->links->prev = l;
	f->links = l;
	f->n++;
	f->waiting++;
	loop_want(&f->loop, &l->client, LOOP_HUP);
	rearm(f);
}

static void
end(struct watch *w, int events)
{
	(void)events;
	((struct forwarder *)w->arg)->over = 1;
}

/* The socket goes with the session's directory. */
static void
path_changed(struct watch *w, int events)
{
	struct forwarder *f = w->arg;
	char seen[4096];

	(void)events;
	while (read(w->fd, seen, sizeof(seen)) > 0)
		;
	if (access(f->path, F_OK) == -1)
		f->over = 1;
}

static int
begin(struct forwarder *f, struct watch *w, int fd,
    void (*fn)(struct watch *, int))
{
	w->fd = fd;
	w->fn = fn;
	w->arg = f;
	return fd;
}

int
forward_run(struct forwarder *f)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	f->over = 0;
	begin(f, &f->wtcp, f->tcp, tcp_ready);
	begin(f, &f->wbox, f->box, box_ready);
	if (loop_init(&f->loop) == -1 ||
	    begin(f, &f->wsignal, signalfd(-1, &set, SFD_CLOEXEC), end) == -1 ||
	    loop_want(&f->loop, &f->wsignal, LOOP_IN) == -1 ||
	    (fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1 ||
	    inotify_add_watch(fd, f->path, IN_ATTRIB) == -1 ||
	    begin(f, &f->wpath, fd, path_changed) == -1 ||
	    loop_want(&f->loop, &f->wpath, LOOP_IN) == -1 ||
	    loop_want(&f->loop, &f->wtcp, LOOP_IN) == -1)
		return -1;
	while (!f->over)
		if (loop_once(&f->loop, -1) == -1)
			return -1;
	return 0;
}
#else
int
forward_run(struct forwarder *f)
{
	(void)f;
	errno = ENOSYS;
	return -1;
}
#endif
