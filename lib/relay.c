#if HAVE_EPOLL
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "relay.h"

#define LOOPBACK	0x7f000001u
#define ACCEPTS		16		/* a call */
#define BUSY_MS		20		/* until a full backlog is tried again */
#define TAKEN_MS	5000		/* until a port in use is tried again */
#define LISTEN_MAX	1024
#define FORWARDS_MAX	256		/* connections, parked ones included */

enum kind { L_DNS, L_MCP, L_PROXY, L_NAME };

struct listener {
	struct watch	 w;
	struct relay	*relay;
	struct name	*name;		/* L_NAME only */
	enum kind	 kind;
	int		 port;
	struct listener	*next;		/* of all */
	struct listener	*more;		/* of the same name */
};

long long
relay_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

long long
relay_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- listeners ----------------------------------------------------------- */

static int
bound(int type, uint32_t addr, int port)
{
	struct sockaddr_in sin;
	int fd, one = 1, saved;

	fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(addr);
	sin.sin_port = htons((uint16_t)port);
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		/* what is accepted has it from here */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 1024) == -1)) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
relay_listen(uint32_t addr, int port)
{
	return bound(SOCK_STREAM, addr, port);
}

static const struct {
	const char	*name;
	int		 type;
	int		 port;
	enum kind	 kind;
} fixed[FIXED_MAX] = {
	{ "127.0.0.1:53 (UDP)", SOCK_DGRAM, RELAY_DNS, L_DNS },
	{ "127.0.0.1:53 (TCP)", SOCK_STREAM, RELAY_DNS, L_DNS },
	{ "127.0.0.1:7822", SOCK_STREAM, RELAY_MCP, L_MCP },
	{ "127.0.0.1:3128", SOCK_STREAM, RELAY_PROXY, L_PROXY },
};

const char *
relay_fixed_name(enum relay_fixed f)
{
	return fixed[f].name;
}

int
relay_bind(struct relay *r, enum relay_fixed *failed)
{
	int bad = 0, i, saved = 0;

	for (i = 0; i < FIXED_MAX; i++) {
		r->fixed[i] = -1;
		if (r->mcp_only && i != FIXED_MCP)
			continue;
		r->fixed[i] = bound(fixed[i].type, LOOPBACK, fixed[i].port);
		if (r->fixed[i] == -1 && bad++ == 0) {
			*failed = (enum relay_fixed)i;
			saved = errno;
		}
	}
	errno = saved;
	return bad;
}

static void listener_ready(struct watch *, int);

static struct listener *
listener_add(struct relay *r, int fd, enum kind kind, struct name *name,
    int port)
{
	struct listener *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->relay = r;
	l->kind = kind;
	l->name = name;
	l->port = port;
	l->w.fd = fd;
	l->w.fn = listener_ready;
	l->w.arg = l;
	if (!r->paused && loop_want(&r->loop, &l->w, LOOP_IN) == -1) {
		free(l);
		return NULL;
	}
	l->next = r->listeners;
	r->listeners = l;
	return l;
}

static void
listener_close(struct listener *l)
{
	struct listener **p;

	for (p = &l->relay->listeners; *p != l; p = &(*p)->next)
		;
	*p = l->next;
	loop_want(&l->relay->loop, &l->w, 0);
	close(l->w.fd);
	l->relay->nlisten--;
	free(l);
}

/* Accept no more than can be served; the backlog holds the rest. */
void
relay_pause(struct relay *r, int paused)
{
	struct listener *l;

	if (r->paused == paused)
		return;
	r->paused = paused;
	for (l = r->listeners; l != NULL; l = l->next)
		loop_want(&r->loop, &l->w, paused ? 0 : LOOP_IN);
	relay_services_pause(r, paused);
}

/* ---- names ---------------------------------------------------------------- */

static int
listed(const int *ports, size_t n, int port)
{
	while (n > 0)
		if (ports[--n] == port)
			return 1;
	return 0;
}

static int
ours(int port)
{
	return port == RELAY_DNS || port == RELAY_MCP || port == RELAY_PROXY;
}

/* Listen at these ports of the name's address and at no others. */
static void
set_ports(struct relay *r, struct name *e, const int *ports, size_t n)
{
	struct listener *l, **p;
	size_t i;
	int fd;

	for (p = (struct listener **)&e->ports; (l = *p) != NULL;) {
		if (listed(ports, n, l->port)) {
			p = &l->more;
			continue;
		}
		*p = l->more;
		listener_close(l);
	}
	for (i = 0; i < n; i++) {
		for (l = e->ports; l != NULL && l->port != ports[i]; l = l->more)
			;
		if (l != NULL || (e == &r->self && ours(ports[i])) ||
		    r->nlisten >= r->maxlisten)
			continue;
		if ((fd = bound(SOCK_STREAM, e->addr, ports[i])) == -1) {
			if (e == &r->self)
				r->taken = 1;
			continue;
		}
		if ((l = listener_add(r, fd, L_NAME, e, ports[i])) == NULL) {
			close(fd);
			continue;
		}
		r->nlisten++;
		l->more = e->ports;
		e->ports = l;
	}
}

static void
drop_name(struct relay *r, struct name *e)
{
	set_ports(r, e, NULL, 0);
	names_drop(&r->names, e);
}

/* The host's own ports are there without a query: /etc/hosts has its name. */
static void
listen_self(struct relay *r)
{
	int ports[HOSTS_PORTS];
	size_t n;

	n = hosts_allowed(&r->hosts, RELAY_SELF, ports);
	r->taken = 0;
	set_ports(r, &r->self, ports, n);
}

void
relay_reload(struct relay *r)
{
	char path[256];
	int ports[HOSTS_PORTS];
	size_t i, n, had = r->hosts.n;

	snprintf(path, sizeof(path), "%s/hosts", r->dir);
	if (hosts_load(&r->hosts, path) == 0 || (r->hosts.n == 0 && had == 0 &&
	    r->names.n == 0))
		return;
	for (i = 0; i < r->names.n; i++) {
		n = hosts_ports(&r->hosts, r->names.v[i]->host, ports);
		set_ports(r, r->names.v[i], ports, n);
	}
	listen_self(r);
}

enum relay_known
relay_name(struct relay *r, const char *host, uint32_t *addr)
{
	int ports[HOSTS_PORTS];
	struct name *e, *old;
	long long t = relay_now();
	size_t n;

	if ((n = hosts_ports(&r->hosts, host, ports)) == 0)
		return UNKNOWN;
	if ((e = names_by_host(&r->names, host)) == NULL) {
		while (r->names.n == NAMES_MAX ||
		    r->nlisten + n > r->maxlisten) {
			if ((old = names_oldest(&r->names, t)) == NULL)
				return NO_ROOM;
			drop_name(r, old);
		}
		if ((e = names_add(&r->names, host, t)) == NULL)
			return NO_ROOM;
	}
	set_ports(r, e, ports, n);
	e->used = t;
	*addr = e->addr;
	return KNOWN;
}

static void
listener_ready(struct watch *w, int events)
{
	struct listener *l = w->arg;
	struct relay *r = l->relay;
	int fd, i;

	(void)events;
	for (i = 0; i < ACCEPTS && !r->paused; i++) {
		fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1) {
			if ((errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM) &&
			    r->nconn != 0)
				relay_pause(r, 1);
			return;
		}
		if (l->kind == L_DNS)
			relay_dns_accept(r, fd);
		else
			relay_conn(r, l->name, l->port, l->kind == L_MCP ?
			    "mcp.sock" : "egress.sock", fd);
	}
}

/* ---- the whole ------------------------------------------------------------- */

static void
dir_changed(struct watch *w, int events)
{
	char events_read[4096];

	(void)events;
	while (read(w->fd, events_read, sizeof(events_read)) > 0)
		;
	relay_reload(w->arg);
	relay_forwards(w->arg);
	relay_services(w->arg);
}

/* Without inotify a change is seen at the next query. */
static void
watch_dir(struct relay *r)
{
	r->notify.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r->notify.fn = dir_changed;
	r->notify.arg = r;
	if (r->notify.fd == -1)
		return;
	if (inotify_add_watch(r->notify.fd, r->dir, IN_CREATE | IN_DELETE |
	    IN_MOVED_TO | IN_CLOSE_WRITE) == -1 ||
	    loop_want(&r->loop, &r->notify, LOOP_IN) == -1)
		close(r->notify.fd);
}

void
relay_limits(struct relay *r)
{
	struct rlimit lim;
	unsigned int n = 1024;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0)
		n = lim.rlim_cur > 65536 ? 65536 : (unsigned int)lim.rlim_cur;
	r->maxlisten = n / 4 < LISTEN_MAX ? n / 4 : LISTEN_MAX;
	r->maxconn = n > r->maxlisten + 128 ? (n - r->maxlisten - 64) / 2 : 32;
}

int
relay_run(struct relay *r, int ready)
{
	int i, ms;

	signal(SIGPIPE, SIG_IGN);
	relay_limits(r);
	r->maxforward = FORWARDS_MAX;
	memcpy(r->self.host, RELAY_SELF, sizeof(RELAY_SELF));
	r->self.addr = LOOPBACK;
	if (loop_init(&r->loop) == -1 || relay_dns_start(r) == -1)
		return -1;
	for (i = FIXED_DNS; i < FIXED_MAX; i++)
		if (r->fixed[i] != -1 && listener_add(r, r->fixed[i],
		    fixed[i].kind, NULL, fixed[i].port) == NULL)
			return -1;
	watch_dir(r);
	relay_reload(r);
	relay_forwards(r);
	relay_services(r);
	close(ready);
	for (;;) {
		ms = r->waiting != 0 ? BUSY_MS : r->lost != 0 ?
		    relay_services_wait(r) : r->taken ? TAKEN_MS : -1;
		if (loop_once(&r->loop, ms) == -1)
			return -1;
		if (r->waiting != 0)
			relay_conn_retry(r);
		relay_services_retry(r);
		if (r->taken)
			listen_self(r);
	}
}
#else
typedef int relay_needs_linux;
#endif
