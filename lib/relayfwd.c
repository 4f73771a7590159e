#if HAVE_EPOLL
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "num.h"
#include "pump.h"
#include "relay.h"

struct forward {
	struct relay	*relay;
	struct forward	*next, *prev;
	char		 name[64];	/* of the socket in RUNDIR */
	int		 parked;	/* waits for the host to name a port */
	int		 port;
	int		 family;	/* of what is dialled */
	struct watch	 host;
	struct watch	 inner;
	struct pump	 pump;
};

static void park(struct relay *, const char *);

static void
forward_free(struct forward *f)
{
	struct relay *r = f->relay;

	pump_stop(&f->pump);
	loop_want(&r->loop, &f->host, 0);
	loop_want(&r->loop, &f->inner, 0);
	if (f->host.fd != -1)
		close(f->host.fd);
	if (f->inner.fd != -1)
		close(f->inner.fd);
	if (f->prev != NULL)
		f->prev->next = f->next;
	else
		r->forwards = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	r->nforward--;
	free(f);
}

static void
pump_done(struct pump *p)
{
	forward_free(p->arg);
}

/* Silence would mean that it should be tried again. */
static void
refuse(struct forward *f)
{
	send(f->host.fd, "no\n", 3, MSG_NOSIGNAL);
	forward_free(f);
}

/* Try the server at 127.0.0.1, then at ::1, where some listen alone. */
static void
dial(struct forward *f, int family)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr *sa = (struct sockaddr *)&in4;
	socklen_t len = sizeof(in4);
	int one = 1;

	memset(&in4, 0, sizeof(in4));
	memset(&in6, 0, sizeof(in6));
	in4.sin_family = AF_INET;
	in4.sin_port = htons((uint16_t)f->port);
	in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons((uint16_t)f->port);
	in6.sin6_addr = in6addr_loopback;
	if (family == AF_INET6) {
		sa = (struct sockaddr *)&in6;
		len = sizeof(in6);
	}
	f->family = family;
	f->inner.fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (f->inner.fd == -1) {
		refuse(f);
		return;
	}
	setsockopt(f->inner.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((connect(f->inner.fd, sa, len) == -1 && errno != EINPROGRESS) ||
	    loop_want(&f->relay->loop, &f->inner, LOOP_OUT) == -1)
		refuse(f);
}

static void
dialled(struct watch *w, int events)
{
	struct forward *f = w->arg;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)events;
	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	loop_want(&f->relay->loop, w, 0);
	if (error != 0) {
		close(w->fd);
		w->fd = -1;
		if (f->family == AF_INET)
			dial(f, AF_INET6);
		else
			refuse(f);
		return;
	}
	loop_want(&f->relay->loop, &f->host, 0);
	if (send(f->host.fd, "ok\n", 3, MSG_NOSIGNAL) != 3 ||
	    pump_start(&f->pump, &f->relay->loop, f->host.fd, f->inner.fd,
	    pump_done, f) == -1)
		forward_free(f);
}

/* The host names the port; what follows it is the client's already. */
static void
host_ready(struct watch *w, int events)
{
	struct forward *f = w->arg;
	struct relay *r = f->relay;
	char line[8], name[sizeof(f->name)], *nl;
	long long port;
	ssize_t n;

	(void)events;
	memcpy(name, f->name, sizeof(name));
	n = recv(w->fd, line, sizeof(line) - 1, MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		forward_free(f);
		return;
	}
	line[n] = '\0';
	if (!f->parked || (nl = strchr(line, '\n')) == NULL ||
	    recv(w->fd, line, (size_t)(nl - line) + 1, 0) != nl - line + 1) {
		forward_free(f);
		return;
	}
	*nl = '\0';
	f->parked = 0;
	loop_want(&r->loop, w, 0);
	if (num_parse(line, 1, 65535, &port) == -1 ||
	    loop_want(&r->loop, w, LOOP_HUP) == -1)
		forward_free(f);
	else {
		f->port = (int)port;
		dial(f, AF_INET);
	}
	/* the host has one to ask, always */
	park(r, name);
}

static struct forward *
forward_add(struct relay *r, const char *name)
{
	struct forward *f;

	if (r->nforward >= r->maxforward || strlen(name) >= sizeof(f->name) ||
	    (f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	memcpy(f->name, name, strlen(name) + 1);
	f->relay = r;
	f->host.fn = host_ready;
	f->inner.fn = dialled;
	f->host.arg = f->inner.arg = f;
	f->inner.fd = -1;
	if ((f->next = r->forwards) != NULL)
		f->next->prev = f;
	r->forwards = f;
	r->nforward++;
	return f;
}

void
relay_forward_to(struct relay *r, int fd, int port)
{
	struct forward *f;

	if ((f = forward_add(r, "")) == NULL) {
		close(fd);
		return;
	}
	f->host.fd = fd;
	f->port = port;
	if (loop_want(&r->loop, &f->host, LOOP_HUP) == -1)
		forward_free(f);
	else
		dial(f, AF_INET);
}

static int
is_parked(const struct relay *r, const char *name)
{
	const struct forward *f;

	for (f = r->forwards; f != NULL; f = f->next)
		if (f->parked && strcmp(f->name, name) == 0)
			return 1;
	return 0;
}

static void
park(struct relay *r, const char *name)
{
	struct sockaddr_un sun;
	struct forward *f;

	if (is_parked(r, name) || (f = forward_add(r, name)) == NULL)
		return;
	f->parked = 1;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", r->dir, name);
	f->host.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (f->host.fd == -1 ||
	    connect(f->host.fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    loop_want(&r->loop, &f->host, LOOP_IN) == -1)
		forward_free(f);
}

void
relay_forwards(struct relay *r)
{
	struct dirent *e;
	size_t n;
	DIR *d;

	if ((d = opendir(r->dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		n = strlen(e->d_name);
		if (n > 13 && strncmp(e->d_name, "forward-", 8) == 0 &&
		    strcmp(e->d_name + n - 5, ".sock") == 0)
			park(r, e->d_name);
	}
	closedir(d);
}
#else
typedef int relayfwd_needs_linux;
#endif
