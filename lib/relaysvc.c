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

#include "listening.h"
#include "num.h"
#include "pump.h"
#include "relay.h"
#include "svcname.h"

#define SERVICES_MAX	32
#define ACCEPTS		16		/* a call */
#define AGAIN_MS	250		/* until a lost service is tried */

struct door {				/* a port of a service's */
	struct service	*of;
	struct door	*next;
	struct watch	 w;
	int		 port;
};

struct service {
	struct relay	*relay;
	struct service	*next;
	char		 name[SVCNAME_MAX];
	uint32_t	 addr;
	struct watch	 w;		/* fd -1: not connected */
	char		 in[512];
	size_t		 len;
	struct door	*doors;
	int		 there;		/* its socket is */
};

struct visit {				/* a connection to a service */
	struct relay	*relay;
	struct visit	*next, *prev;
	char		 name[SVCNAME_MAX];
	int		 port;
	int		 busy;		/* the service's backlog was full */
	struct watch	 client;
	struct watch	 peer;
	struct pump	 pump;
};

/* ---- connections ----------------------------------------------------------- */

static void
visit_free(struct visit *v, int reset)
{
	struct relay *r = v->relay;

	pump_close(&v->pump, &r->loop, &v->client, &v->peer, reset);
	r->waiting -= (unsigned int)v->busy;
	if (v->prev != NULL)
		v->prev->next = v->next;
	else
		r->visits = v->next;
	if (v->next != NULL)
		v->next->prev = v->prev;
	free(v);
	if (--r->nconn < r->maxconn)
		relay_pause(r, 0);
}

static void
pump_done(struct pump *p)
{
	visit_free(p->arg, p->reset);
}

static void
client_gone(struct watch *w, int events)
{
	(void)events;
	visit_free(w->arg, 0);
}

static void
peer_answers(struct watch *w, int events)
{
	struct visit *v = w->arg;
	char word[3];
	ssize_t n;

	(void)events;
	n = recv(w->fd, word, sizeof(word), MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && n < 3)
		return;
	if (n <= 0 || memcmp(word, "ok\n", 3) != 0 ||
	    recv(w->fd, word, 3, 0) != 3) {
		visit_free(v, 1);
		return;
	}
	loop_want(&v->relay->loop, &v->client, 0);
	loop_want(&v->relay->loop, &v->peer, 0);
	if (pump_start(&v->pump, &v->relay->loop, v->client.fd, v->peer.fd,
	    pump_done, v) == -1)
		visit_free(v, 1);
}

/* A non-blocking connection to a service's socket; -1 with errno. */
static int
connect_to(const struct relay *r, const char *name)
{
	struct sockaddr_un sun;
	int fd, saved;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/" SVCNAME_SOCK
	    "%s.sock", r->dir, name) >= (int)sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void
visit_dial(struct visit *v)
{
	struct relay *r = v->relay;
	char line[8];
	int n;

	r->waiting -= (unsigned int)v->busy;
	v->busy = 0;
	if ((v->peer.fd = connect_to(r, v->name)) == -1) {
		if (errno != EAGAIN) {
			visit_free(v, 1);
			return;
		}
		v->busy = 1;
		r->waiting++;
		return;
	}
	n = snprintf(line, sizeof(line), "%d\n", v->port);
	if (send(v->peer.fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
	    loop_want(&r->loop, &v->peer, LOOP_IN) == -1)
		visit_free(v, 1);
}

static void
visit(struct service *s, int port, int fd)
{
	struct relay *r = s->relay;
	struct visit *v;
	int one = 1;

	if ((v = calloc(1, sizeof(*v))) == NULL) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	v->relay = r;
	memcpy(v->name, s->name, sizeof(v->name));
	v->port = port;
	v->client.fd = fd;
	v->client.fn = client_gone;
	v->peer.fd = -1;
	v->peer.fn = peer_answers;
	v->client.arg = v->peer.arg = v;
	if ((v->next = r->visits) != NULL)
		v->next->prev = v;
	r->visits = v;
	if (++r->nconn >= r->maxconn)
		relay_pause(r, 1);
	loop_want(&r->loop, &v->client, LOOP_HUP);
	visit_dial(v);
}

static void
knock(struct watch *w, int events)
{
	struct door *d = w->arg;
	struct relay *r = d->of->relay;
	int fd, i;

	(void)events;
	for (i = 0; i < ACCEPTS && !r->paused; i++) {
		fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			return;
		visit(d->of, d->port, fd);
	}
}

/* ---- ports ----------------------------------------------------------------- */

static void
open_door(struct service *s, int port)
{
	struct relay *r = s->relay;
	struct door *d;

	if (r->nlisten >= r->maxlisten || (d = calloc(1, sizeof(*d))) == NULL)
		return;
	d->of = s;
	d->port = port;
	d->w.fn = knock;
	d->w.arg = d;
	d->w.fd = relay_listen(s->addr, port);
	if (d->w.fd == -1 ||
	    (!r->paused && loop_want(&r->loop, &d->w, LOOP_IN) == -1)) {
		if (d->w.fd != -1)
			close(d->w.fd);
		free(d);
		return;
	}
	d->next = s->doors;
	s->doors = d;
	r->nlisten++;
}

/* Listen at these ports and at no others. */
static void
set_doors(struct service *s, const int *ports, size_t n)
{
	struct door *d, **p;
	size_t i;

	for (p = &s->doors; (d = *p) != NULL;) {
		for (i = 0; i < n && ports[i] != d->port; i++)
			;
		if (i < n) {
			p = &d->next;
			continue;
		}
		*p = d->next;
		loop_want(&s->relay->loop, &d->w, 0);
		close(d->w.fd);
		s->relay->nlisten--;
		free(d);
	}
	for (i = 0; i < n; i++) {
		for (d = s->doors; d != NULL && d->port != ports[i];
		    d = d->next)
			;
		if (d == NULL)
			open_door(s, ports[i]);
	}
}

void
relay_services_pause(struct relay *r, int paused)
{
	struct service *s;
	struct door *d;

	for (s = r->services; s != NULL; s = s->next)
		for (d = s->doors; d != NULL; d = d->next)
			loop_want(&r->loop, &d->w, paused ? 0 : LOOP_IN);
}

static void
lose(struct service *s)
{
	set_doors(s, NULL, 0);
	if (s->w.fd == -1)
		return;
	loop_want(&s->relay->loop, &s->w, 0);
	close(s->w.fd);
	s->w.fd = -1;
	s->relay->lost++;
}

/* "ports HAVE PORT ...", from somebody who may say anything; 0, or -1. */
static int
take_line(struct service *s, char *line)
{
	int ports[LISTENING_MAX];
	long long v;
	size_t n = 0;
	char *end, *word, was;

	if (strncmp(line, "ports ", 6) != 0)
		return -1;
	for (word = line + 6 + strcspn(line + 6, " "); *word == ' ';
	    word = end) {
		word++;
		end = word + strcspn(word, " ");
		was = *end;
		*end = '\0';
		if (n == LISTENING_MAX || num_parse(word, 1, 65535, &v) == -1)
			return -1;
		ports[n++] = (int)v;
		*end = was;
	}
	set_doors(s, ports, n);
	return send(s->w.fd, "have\n", 5, MSG_NOSIGNAL) == 5 ? 0 : -1;
}

static void
service_says(struct watch *w, int events)
{
	struct service *s = w->arg;
	char *nl;
	ssize_t n;

	(void)events;
	n = recv(w->fd, s->in + s->len, sizeof(s->in) - s->len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(s);
		return;
	}
	s->len += (size_t)n;
	while ((nl = memchr(s->in, '\n', s->len)) != NULL) {
		*nl = '\0';
		if (take_line(s, s->in) == -1) {
			lose(s);
			return;
		}
		s->len -= (size_t)(nl + 1 - s->in);
		memmove(s->in, nl + 1, s->len);
	}
	if (s->len == sizeof(s->in))
		lose(s);
}

static void
find(struct service *s)
{
	s->len = 0;
	if ((s->w.fd = connect_to(s->relay, s->name)) == -1)
		return;
	s->relay->lost--;
	if (send(s->w.fd, "watch\n", 6, MSG_NOSIGNAL) != 6 ||
	    loop_want(&s->relay->loop, &s->w, LOOP_IN) == -1)
		lose(s);
}

/* ---- services -------------------------------------------------------------- */

static struct service *
service_add(struct relay *r, const char *name)
{
	struct service *s;
	unsigned int n = 0;

	for (s = r->services; s != NULL; s = s->next) {
		if (strcmp(s->name, name) == 0)
			return s;
		n++;
	}
	if (n >= SERVICES_MAX || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->relay = r;
	memcpy(s->name, name, strlen(name) + 1);
	s->addr = svcname_addr(name);
	s->w.fd = -1;
	s->w.fn = service_says;
	s->w.arg = s;
	s->next = r->services;
	r->services = s;
	r->lost++;
	find(s);
	return s;
}

void
relay_services(struct relay *r)
{
	struct service *s, **p;
	char name[SVCNAME_MAX];
	struct dirent *e;
	DIR *d;

	for (s = r->services; s != NULL; s = s->next)
		s->there = 0;
	if ((d = opendir(r->dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (svcname_of_socket(e->d_name, name) &&
		    (s = service_add(r, name)) != NULL)
			s->there = 1;
	closedir(d);
	for (p = &r->services; (s = *p) != NULL;) {
		if (s->there) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		lose(s);
		r->lost--;
		free(s);
	}
}

int
relay_services_wait(const struct relay *r)
{
	return r->lost != 0 ? AGAIN_MS : -1;
}

void
relay_services_retry(struct relay *r)
{
	struct service *s;
	struct visit *v, *next;
	long long now = relay_now_ms();

	for (v = r->visits; r->waiting != 0 && v != NULL; v = next) {
		next = v->next;
		if (v->busy)
			visit_dial(v);
	}
	if (r->lost == 0 || now - r->tried < AGAIN_MS)
		return;
	r->tried = now;
	for (s = r->services; s != NULL; s = s->next)
		if (s->w.fd == -1)
			find(s);
}

int
relay_service_addr(const struct relay *r, const char *host, uint32_t *addr)
{
	const struct service *s;

	for (s = r->services; s != NULL; s = s->next)
		if (strcmp(s->name, host) == 0) {
			*addr = s->addr;
			return 1;
		}
	return 0;
}

const char *
relay_service_name(const struct relay *r, uint32_t addr)
{
	const struct service *s;

	for (s = r->services; s != NULL; s = s->next)
		if (s->addr == addr)
			return s->name;
	return NULL;
}
#else
typedef int relaysvc_needs_linux;
#endif
