#if HAVE_EPOLL
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handover.h"
#include "relay.h"

struct hand {
	struct relay	*relay;
	struct watch	 w;		/* fd -1: there is no channel */
	int		 never;		/* whoever is there takes none */
	unsigned	 number;	/* of a line that is being read */
	int		 digits;
	unsigned	 high;		/* tickets at and above are unused */
	unsigned	 nfree;
	unsigned short	 free[HANDOVER_TICKETS];
	struct name	*name[HANDOVER_TICKETS];
};

static void
over(struct hand *h, unsigned ticket)
{
	struct name *name;

	if (ticket >= h->high || (name = h->name[ticket]) == NULL)
		return;
	name->conns--;
	name->used = relay_now();
	h->name[ticket] = NULL;
	h->free[h->nfree++] = (unsigned short)ticket;
}

/* What was handed over goes on, but nobody tells us any more. */
static void
channel_close(struct hand *h)
{
	unsigned i;

	for (i = 0; i < h->high; i++)
		over(h, i);
	h->high = h->nfree = 0;
	loop_forget(&h->relay->loop, &h->w);
	close(h->w.fd);
	h->w.fd = -1;
}

static void
channel_ready(struct watch *w, int events)
{
	struct hand *h = w->arg;
	char text[1024];
	ssize_t i, n;

	(void)events;
	n = recv(w->fd, text, sizeof(text), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	for (i = 0; i < n; i++)
		if (text[i] == '\n' && h->digits > 0) {
			over(h, h->number);
			h->number = 0;
			h->digits = 0;
		} else if (text[i] >= '0' && text[i] <= '9' &&
		    h->digits++ < 5)
			h->number = h->number * 10 + (unsigned)(text[i] - '0');
		else {
			/* an answer to a CONNECT: no socket came along */
			h->never = 1;
			n = 0;
		}
	if (n <= 0)
		channel_close(h);
}

static int
channel_open(struct hand *h)
{
	struct relay *r = h->relay;
	struct sockaddr_un sun;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/egress.sock",
	    r->dir) >= (int)sizeof(sun.sun_path) ||
	    (h->w.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0)) == -1)
		return -1;
	h->w.want = 0;
	h->number = 0;
	h->digits = 0;
	if (connect(h->w.fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    loop_want(&r->loop, &h->w, LOOP_IN) == 0)
		return 0;
	close(h->w.fd);
	h->w.fd = -1;
	return -1;
}

static struct hand *
hand_new(struct relay *r)
{
	struct hand *h = calloc(1, sizeof(*h));

	if (h != NULL) {
		h->relay = r;
		h->w.fd = -1;
		h->w.fn = channel_ready;
		h->w.arg = h;
	}
	return h;
}

/* 0; -1 with errno. */
static int
ask(struct hand *h, const struct name *name, int port, unsigned ticket, int fd)
{
	char head[2 * NAME_HOST_MAX + 128];
	int n;

	if (h->w.fd == -1 && channel_open(h) == -1)
		return -1;
	n = snprintf(head, sizeof(head), "CONNECT %s:%d HTTP/1.1\r\n"
	    "Host: %s:%d\r\nTicket: %u\r\n\r\n", name->host, port,
	    name->host, port, ticket);
	return handover_send(h->w.fd, head, (size_t)n, fd);
}

int
relay_hand(struct relay *r, struct name *name, int port, int fd)
{
	struct hand *h;
	unsigned ticket;

	if (!r->hosts.handover || r->egress_len != 0 ||
	    (r->hand == NULL && (r->hand = hand_new(r)) == NULL))
		return 0;
	h = r->hand;
	if (h->never || (h->nfree == 0 && h->high == HANDOVER_TICKETS))
		return 0;
	ticket = h->nfree > 0 ? h->free[h->nfree - 1] : h->high;
	if (ask(h, name, port, ticket, fd) == -1) {
		/* a full channel is for the others; a dead one is made anew */
		if (h->w.fd == -1 || errno == EAGAIN || errno == ETOOMANYREFS)
			return 0;
		channel_close(h);
		if (ask(h, name, port, ticket = 0, fd) == -1)
			return 0;
	}
	if (ticket == h->high)
		h->high++;
	else
		h->nfree--;
	h->name[ticket] = name;
	name->conns++;
	close(fd);
	return 1;
}
#else
typedef int relayhand_needs_linux;
#endif
