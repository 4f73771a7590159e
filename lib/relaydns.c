#if HAVE_EPOLL
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns.h"
#include "relay.h"

#define TCP_MAX		32		/* connections */
#define QUERIES		32		/* a call */
#define LOOPBACK	0x7f000001u

struct dnsconn {
	struct relay	*relay;
	struct dnsconn	*next;		/* newest first */
	struct watch	 w;
	size_t		 len;
	unsigned char	 in[2 + DNS_UDP_MAX];
};

static int
is_local(const char *host)
{
	char name[NAME_HOST_MAX];
	size_t n = strlen(host);

	if (strcmp(host, "localhost") == 0 || strcmp(host, RELAY_SELF) == 0 ||
	    (n > 10 && strcmp(host + n - 10, ".localhost") == 0))
		return 1;
	return gethostname(name, sizeof(name)) == 0 &&
	    memchr(name, '\0', sizeof(name)) != NULL &&
	    strcmp(host, name) == 0;
}

static int
resolve_reverse(struct relay *r, uint32_t addr, struct dns_record *rec)
{
	const struct name *e;
	const char *service;

	if (addr == LOOPBACK)
		rec->name = "localhost";
	else if ((service = relay_service_name(r, addr)) != NULL)
		rec->name = service;
	else if ((e = names_by_addr(&r->names, addr)) != NULL)
		rec->name = e->host;
	else
		return DNS_NXDOMAIN;
	rec->type = DNS_PTR;
	return DNS_NOERROR;
}

static int
resolve(struct relay *r, const struct dns_query *q, struct dns_record *rec)
{
	char host[NAME_HOST_MAX];
	uint32_t addr;
	int rc;

	rec->ttl = NAMES_TTL;
	if (q->name[0] == '\0')
		return DNS_NOERROR;
	if (q->odd)
		return DNS_NXDOMAIN;
	if (dns_reverse(q->name, &addr)) {
		rc = resolve_reverse(r, addr, rec);
		if (q->type != DNS_PTR && q->type != DNS_ANY)
			rec->type = 0;
		return rc;
	}
	if (is_local(q->name))
		rec->addr = LOOPBACK;
	else if (!relay_service_addr(r, q->name, &rec->addr)) {
		rc = name_normalise(q->name, strlen(q->name), host);
		if (rc != NAME_HOST && rc != NAME_SINGLE)
			return DNS_NXDOMAIN;
		relay_reload(r);
		switch (relay_name(r, host, &rec->addr)) {
		case UNKNOWN:
			return DNS_NXDOMAIN;
		case NO_ROOM:
			return DNS_SERVFAIL;
		case KNOWN:
			break;
		}
	}
	if (q->type == DNS_A || q->type == DNS_ANY)
		rec->type = DNS_A;
	return DNS_NOERROR;
}

/* The answer's length; 0: none. */
static size_t
answer(struct relay *r, const unsigned char *in, size_t n, unsigned char *out)
{
	struct dns_query q;
	struct dns_record rec;
	size_t len;
	int rc;

	memset(&rec, 0, sizeof(rec));
	if ((rc = dns_read(&q, in, n)) == -1)
		return 0;
	if (rc == DNS_NOERROR)
		rc = resolve(r, &q, &rec);
	if ((len = dns_write(out, &q, in, rc, &rec)) == 0)
		len = dns_write(out, &q, in, DNS_SERVFAIL, NULL);
	return len;
}

static void
udp_ready(struct watch *w, int events)
{
	unsigned char in[DNS_UDP_MAX + 1], out[DNS_UDP_MAX];
	struct sockaddr_storage from;
	socklen_t fromlen;
	ssize_t r;
	size_t n;
	int i;

	(void)events;
	for (i = 0; i < QUERIES; i++) {
		fromlen = sizeof(from);
		r = recvfrom(w->fd, in, sizeof(in), 0,
		    (struct sockaddr *)&from, &fromlen);
		if (r == -1)
			return;
		if (r > DNS_UDP_MAX)
			continue;
		if ((n = answer(w->arg, in, (size_t)r, out)) != 0)
			sendto(w->fd, out, n, MSG_NOSIGNAL,
			    (struct sockaddr *)&from, fromlen);
	}
}

static void
dns_close(struct dnsconn *d)
{
	struct dnsconn **p;

	for (p = &d->relay->dnsconns; *p != d; p = &(*p)->next)
		;
	*p = d->next;
	d->relay->ndns--;
	loop_want(&d->relay->loop, &d->w, 0);
	close(d->w.fd);
	free(d);
}

/* Answer what is there whole; 0 when the connection is of no more use. */
static int
answer_all(struct dnsconn *d)
{
	unsigned char out[2 + DNS_UDP_MAX];
	size_t want, n;

	while (d->len >= 2) {
		want = 2 + ((size_t)d->in[0] << 8 | d->in[1]);
		if (want > sizeof(d->in))
			return 0;
		if (d->len < want)
			break;
		n = answer(d->relay, d->in + 2, want - 2, out + 2);
		if (n == 0)
			return 0;
		out[0] = (unsigned char)(n >> 8);
		out[1] = (unsigned char)n;
		if (send(d->w.fd, out, n + 2, MSG_NOSIGNAL) != (ssize_t)n + 2)
			return 0;
		memmove(d->in, d->in + want, d->len - want);
		d->len -= want;
	}
	return 1;
}

static void
tcp_ready(struct watch *w, int events)
{
	struct dnsconn *d = w->arg;
	ssize_t r;

	(void)events;
	r = recv(w->fd, d->in + d->len, sizeof(d->in) - d->len, 0);
	if (r == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r > 0)
		d->len += (size_t)r;
	if (r <= 0 || !answer_all(d))
		dns_close(d);
}

void
relay_dns_accept(struct relay *r, int fd)
{
	struct dnsconn *d, *oldest;

	if (r->ndns >= TCP_MAX) {
		for (oldest = r->dnsconns; oldest->next != NULL;)
			oldest = oldest->next;
		dns_close(oldest);
	}
	if ((d = calloc(1, sizeof(*d))) == NULL) {
		close(fd);
		return;
	}
	d->relay = r;
	d->w.fd = fd;
	d->w.fn = tcp_ready;
	d->w.arg = d;
	d->next = r->dnsconns;
	r->dnsconns = d;
	r->ndns++;
	if (loop_want(&r->loop, &d->w, LOOP_IN) == -1)
		dns_close(d);
}

int
relay_dns_start(struct relay *r)
{
	r->udp.fd = r->fixed[FIXED_UDP];
	r->udp.fn = udp_ready;
	r->udp.arg = r;
	if (r->udp.fd == -1)
		return 0;
	return loop_want(&r->loop, &r->udp, LOOP_IN);
}
#else
typedef int relaydns_needs_linux;
#endif
