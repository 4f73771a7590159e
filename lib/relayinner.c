#if HAVE_EPOLL
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "listening.h"
#include "num.h"
#include "relay.h"

#define VISITORS_MAX	128
#define ACCEPTS		16		/* a call */
#define YOUNG		30		/* seconds after a change */
#define OFTEN_MS	50		/* between looks, while young */
#define SELDOM_MS	500

/* Who has connected and not been given a port yet. */
struct visitor {
	struct inner	*in;
	struct visitor	*next, *prev;	/* newest first */
	struct watch	 w;
	int		 watches;	/* wants to be told of the ports */
	int		 has;		/* has done what it was told to */
};

struct inner {
	struct relay	*relay;
	struct watch	 listener;
	struct visitor	*visitors;
	unsigned int	 n;
	int		 ports[LISTENING_MAX];
	size_t		 nports;
	long long	 changed;	/* seconds */
};

static void
visitor_free(struct visitor *v)
{
	struct inner *in = v->in;

	loop_want(&in->relay->loop, &v->w, 0);
	if (v->w.fd != -1)
		close(v->w.fd);
	if (v->prev != NULL)
		v->prev->next = v->next;
	else
		in->visitors = v->next;
	if (v->next != NULL)
		v->next->prev = v->prev;
	in->n--;
	free(v);
}

/* "ports HAVE PORT ...": how many have them all, and which they are. */
static void
tell(struct inner *in)
{
	struct visitor *v, *next;
	struct buf line = BUF_INIT;
	int have = 0;
	size_t i;

	for (v = in->visitors; v != NULL; v = v->next)
		have += v->watches && v->has;
	buf_printf(&line, "ports %d", have);
	for (i = 0; i < in->nports; i++)
		buf_printf(&line, " %d", in->ports[i]);
	buf_addc(&line, '\n');
	for (v = in->visitors; v != NULL; v = next) {
		next = v->next;
		if (v->watches && !line.bad && send(v->w.fd, line.p, line.len,
		    MSG_NOSIGNAL) != (ssize_t)line.len)
			visitor_free(v);
	}
	buf_free(&line);
}

static void
look(struct inner *in)
{
	int ports[LISTENING_MAX];
	size_t n = listening(ports);
	struct visitor *v;

	if (n == in->nports &&
	    memcmp(ports, in->ports, n * sizeof(ports[0])) == 0)
		return;
	memcpy(in->ports, ports, n * sizeof(ports[0]));
	in->nports = n;
	in->changed = relay_now();
	for (v = in->visitors; v != NULL; v = v->next)
		v->has = 0;
	tell(in);
}

/* "watch", "have", or a port to be joined to. */
static void
visitor_says(struct watch *w, int events)
{
	struct visitor *v = w->arg;
	struct inner *in = v->in;
	char line[8], *nl;
	long long port;
	ssize_t n;
	int fd;

	(void)events;
	n = recv(w->fd, line, sizeof(line) - 1, MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	line[n > 0 ? n : 0] = '\0';
	if (n <= 0 || (nl = strchr(line, '\n')) == NULL ||
	    recv(w->fd, line, (size_t)(nl - line) + 1, 0) != nl - line + 1) {
		visitor_free(v);
		return;
	}
	*nl = '\0';
	if (strcmp(line, "watch") == 0) {
		v->watches = 1;
		tell(in);
	} else if (v->watches && strcmp(line, "have") == 0) {
		if (!v->has) {
			v->has = 1;
			tell(in);
		}
	} else {
		loop_want(&in->relay->loop, w, 0);
		fd = w->fd;
		w->fd = -1;
		visitor_free(v);
		if (num_parse(line, 1, 65535, &port) == 0)
			relay_forward_to(in->relay, fd, (int)port);
		else
			close(fd);
	}
}

static void
visitor_add(struct inner *in, int fd)
{
	struct visitor *v;

	if (in->n >= VISITORS_MAX) {
		/* one that has said nothing for longest */
		for (v = in->visitors; v->next != NULL; v = v->next)
			;
		while (v != NULL && v->watches)
			v = v->prev;
		if (v == NULL) {
			close(fd);
			return;
		}
		visitor_free(v);
	}
	if ((v = calloc(1, sizeof(*v))) == NULL) {
		close(fd);
		return;
	}
	v->in = in;
	v->w.fd = fd;
	v->w.fn = visitor_says;
	v->w.arg = v;
	if ((v->next = in->visitors) != NULL)
		v->next->prev = v;
	in->visitors = v;
	in->n++;
	if (loop_want(&in->relay->loop, &v->w, LOOP_IN) == -1)
		visitor_free(v);
}

static void
come_in(struct watch *w, int events)
{
	int fd, i;

	(void)events;
	for (i = 0; i < ACCEPTS; i++) {
		fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			return;
		visitor_add(w->arg, fd);
	}
}

int
relay_inner_run(struct relay *r, int listener, int ready)
{
	struct inner in;
	long long next = 0, now;

	memset(&in, 0, sizeof(in));
	signal(SIGPIPE, SIG_IGN);
	relay_limits(r);
	r->maxforward = r->maxconn;
	in.relay = r;
	in.listener.fd = listener;
	in.listener.fn = come_in;
	in.listener.arg = &in;
	in.changed = relay_now();
	if (loop_init(&r->loop) == -1 ||
	    loop_want(&r->loop, &in.listener, LOOP_IN) == -1)
		return -1;
	close(ready);
	for (;;) {
		now = relay_now_ms();
		if (now >= next) {
			look(&in);
			next = now + (now / 1000 - in.changed < YOUNG ?
			    OFTEN_MS : SELDOM_MS);
		}
		if (loop_once(&r->loop, (int)(next - now)) == -1)
			return -1;
	}
}
#else
typedef int relayinner_needs_linux;
#endif
