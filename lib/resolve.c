#if HAVE_EPOLL
#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "resolve.h"
#include "sidekick.h"

struct question {
	char	name[NAME_HOST_MAX];
};

struct answer {
	int		n;
	int		error;		/* of getaddrinfo(3), when n is 0 */
	struct addr	addr[ADDR_MAX];
};

/* ---- in the child -------------------------------------------------------- */

static void
take(struct answer *a, const struct addr *new)
{
	int i;

	if (a->n == ADDR_MAX)
		return;
	for (i = 0; i < a->n; i++)
		if (memcmp(&a->addr[i], new, sizeof(*new)) == 0)
			return;
	a->addr[a->n++] = *new;
}

/*
 * /etc/hosts is read here, because the name goes to getaddrinfo with a dot
 * at its end, so that no search domain is tried, and that would not be found
 * in the file.
 */
static void
from_hosts(const char *name, struct answer *a)
{
	char line[1024], *p, *word, text[NAME_HOST_MAX];
	struct addr addr;
	FILE *f;

	if ((f = fopen("/etc/hosts", "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		p = line + strspn(line, " \t");
		word = p;
		p += strcspn(p, " \t");
		if (*p == '\0' || name_normalise(word, (size_t)(p - word),
		    text) != NAME_ADDRESS || addr_parse(&addr, text) == -1)
			continue;
		while (*(p += strspn(p, " \t")) != '\0') {
			word = p;
			p += strcspn(p, " \t");
			name_normalise(word, (size_t)(p - word), text);
			if (strcmp(text, name) == 0)
				take(a, &addr);
		}
	}
	fclose(f);
}

static void
from_dns(const char *name, struct answer *a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *res, *ai;
	char full[NAME_HOST_MAX + 1];
	struct addr addr;

	snprintf(full, sizeof(full), "%s%s", name,
	    strchr(name, '.') != NULL ? "." : "");
	if ((a->error = getaddrinfo(full, NULL, &hints, &res)) != 0)
		return;
	for (ai = res; ai != NULL; ai = ai->ai_next) {
		memset(&addr, 0, sizeof(addr));
		addr.family = ai->ai_family;
		if (ai->ai_family == AF_INET)
			memcpy(addr.a, &((struct sockaddr_in *)
			    (void *)ai->ai_addr)->sin_addr, 4);
		else if (ai->ai_family == AF_INET6)
			memcpy(addr.a, &((struct sockaddr_in6 *)
			    (void *)ai->ai_addr)->sin6_addr, 16);
		else
			continue;
		take(a, &addr);
	}
	freeaddrinfo(res);
}

static void
serve(int fd, void *arg)
{
	struct question q;
	struct answer a;

	(void)arg;
	for (;;) {
		if (io_readfull(fd, &q, sizeof(q)) != (ssize_t)sizeof(q))
			_exit(0);
		q.name[sizeof(q.name) - 1] = '\0';
		memset(&a, 0, sizeof(a));
		from_hosts(q.name, &a);
		if (a.n == 0)
			from_dns(q.name, &a);
		if (io_writeall(fd, &a, sizeof(a)) == -1)
			_exit(0);
	}
}

/* ---- in the parent ------------------------------------------------------- */

static const char *
reason(int error)
{
	switch (error) {
	case EAI_AGAIN:
		return "the name server does not answer";
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
	case EAI_NONAME:
		return "there is no such name";
	default:
		return "the name cannot be resolved";
	}
}

static void
finish(struct lookup *l, const struct addr *addr, int n, const char *why)
{
	l->busy = 0;
	l->fn(l, addr, n, why);
}

static void
gone(struct resolver *r)
{
	struct lookup *l = r->now;

	loop_want(r->all->loop, &r->watch, 0);
	close(r->watch.fd);
	r->watch.fd = -1;
	r->now = NULL;
	r->late = 0;
	if (l != NULL)
		finish(l, NULL, 0, "the resolver died");
}

static void
give(struct resolver *r, struct lookup *l)
{
	struct question q;

	memset(&q, 0, sizeof(q));
	memcpy(q.name, l->name, strlen(l->name));
	r->now = l;
	/* that it died is seen in the loop, as end of file */
	if (io_writeall(r->watch.fd, &q, sizeof(q)) == -1)
		shutdown(r->watch.fd, SHUT_RD);
}

/* Give what waits to whom is free; nobody is left to do it: fail it. */
static void
dispatch(struct resolvers *rs)
{
	struct lookup *l;
	int i, alive = 0;

	for (i = 0; i < RESOLVERS; i++) {
		if (rs->r[i].watch.fd == -1)
			continue;
		alive = 1;
		if (rs->r[i].now != NULL || rs->r[i].late)
			continue;
		if ((l = rs->head) == NULL)
			return;
		if ((rs->head = l->next) == NULL)
			rs->tail = &rs->head;
		give(&rs->r[i], l);
	}
	while (!alive && (l = rs->head) != NULL) {
		if ((rs->head = l->next) == NULL)
			rs->tail = &rs->head;
		finish(l, NULL, 0, "the resolvers died: start a new session");
	}
}

static void
answered(struct watch *w, int events)
{
	struct resolver *r = w->arg;
	struct lookup *l;
	struct answer a;

	(void)events;
	if (io_readfull(w->fd, &a, sizeof(a)) != (ssize_t)sizeof(a) ||
	    a.n < 0 || a.n > ADDR_MAX)
		gone(r);
	else {
		l = r->now;
		r->now = NULL;
		r->late = 0;
		if (l != NULL)
			finish(l, a.addr, a.n, reason(a.error));
	}
	dispatch(r->all);
}

static int
start(struct resolvers *rs, struct resolver *r)
{
	if ((r->watch.fd = sidekick_start(serve, NULL)) == -1)
		return -1;
	r->all = rs;
	r->watch.fn = answered;
	r->watch.arg = r;
	return loop_want(rs->loop, &r->watch, LOOP_IN);
}

int
resolvers_start(struct resolvers *rs, struct loop *l)
{
	int i;

	memset(rs, 0, sizeof(*rs));
	rs->loop = l;
	rs->tail = &rs->head;
	for (i = 0; i < RESOLVERS; i++)
		if (start(rs, &rs->r[i]) == -1)
			return -1;
	return 0;
}

void
resolve(struct resolvers *rs, struct lookup *l)
{
	int i;

	l->next = NULL;
	l->busy = 1;
	for (i = 0; rs->head == NULL && i < RESOLVERS; i++)
		if (rs->r[i].watch.fd != -1 && rs->r[i].now == NULL &&
		    !rs->r[i].late) {
			give(&rs->r[i], l);
			return;
		}
	*rs->tail = l;
	rs->tail = &l->next;
}

void
resolve_cancel(struct resolvers *rs, struct lookup *l)
{
	struct lookup **p;
	int i;

	if (!l->busy)
		return;
	l->busy = 0;
	for (i = 0; i < RESOLVERS; i++)
		if (rs->r[i].now == l) {
			rs->r[i].now = NULL;
			rs->r[i].late = 1;
			return;
		}
	for (p = &rs->head; *p != NULL; p = &(*p)->next)
		if (*p == l) {
			if ((*p = l->next) == NULL)
				rs->tail = p;
			return;
		}
}

#else
typedef int resolve_needs_epoll;
#endif
