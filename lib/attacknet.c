#if HAVE_EPOLL
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "attack.h"
#include "io.h"
#include "sock.h"

#define WAIT_MS		2000
#define EGRESS		"/run/aipod/egress.sock"
#define MCP		"/run/aipod/mcp.sock"

/* "ADDRESS PORT [BYTES]" into an address; the rest, or NULL. */
static char *
take_addr(struct attempt *t, char *arg, struct sockaddr_storage *ss,
    socklen_t *len)
{
	struct addr a;
	char *port, *rest;

	if ((port = strchr(arg, ' ')) == NULL)
		port = arg + strlen(arg);
	else
		*port++ = '\0';
	rest = strchr(port, ' ');
	if (rest != NULL)
		*rest++ = '\0';
	if (addr_parse(&a, arg) == -1) {
		attack_stopped(t, "'%s' is no address", arg);
		return NULL;
	}
	*len = addr_sockaddr(&a, (int)strtol(port, NULL, 10), ss);
	return rest != NULL ? rest : port + strlen(port);
}

static void
try_tcp(struct attempt *t, char *arg, size_t n)
{
	struct sockaddr_storage ss;
	struct pollfd p;
	socklen_t len;
	int e = 0, fd;

	(void)n;
	if (take_addr(t, arg, &ss, &len) == NULL)
		return;
	fd = socket(ss.ss_family, SOCK_STREAM, 0);
	if (fd == -1 || io_nonblock(fd, 1) == -1) {
		attack_result(t, -1, "");
		return;
	}
	if (connect(fd, (struct sockaddr *)&ss, len) == 0) {
		attack_result(t, 0, "it is connected");
		return;
	}
	if (errno != EINPROGRESS) {
		attack_result(t, -1, "");
		return;
	}
	p.fd = fd;
	p.events = POLLOUT;
	if (poll(&p, 1, WAIT_MS) != 1) {
		attack_stopped(t, "no answer");
		return;
	}
	len = sizeof(e);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len);
	errno = e;
	attack_result(t, e == 0 ? 0 : -1, "it is connected");
}

static void
try_udp(struct attempt *t, char *arg, size_t n)
{
	struct sockaddr_storage ss;
	socklen_t len;
	const char *data;
	int fd;

	(void)n;
	if ((data = take_addr(t, arg, &ss, &len)) == NULL)
		return;
	fd = socket(ss.ss_family, SOCK_DGRAM, 0);
	attack_result(t, fd == -1 ? -1 : sendto(fd, data, strlen(data) + 1, 0,
	    (struct sockaddr *)&ss, len), "the datagram went out");
}

/* A frame on any interface but the loopback one. */
static void
try_packet(struct attempt *t, char *arg, size_t n)
{
	struct {
		unsigned short	family, protocol;
		int		index;
		unsigned short	hatype;
		unsigned char	type, len, addr[8];
	} sll = { 17, 8, 0, 0, 0, 6, { 255, 255, 255, 255, 255, 255 } };
	struct if_nameindex *list, *i;
	char frame[60] = { 0 };
	int fd;

	(void)arg;
	(void)n;
	if ((fd = socket(17, SOCK_RAW, 768)) == -1 ||
	    (list = if_nameindex()) == NULL) {
		attack_result(t, -1, "");
		return;
	}
	attack_stopped(t, "there is no interface but loopback");
	for (i = list; i->if_index != 0 && !t->through; i++) {
		sll.index = (int)i->if_index;
		if (strcmp(i->if_name, "lo") != 0)
			attack_result(t, sendto(fd, frame, sizeof(frame), 0,
			    (void *)&sll, sizeof(sll)), "a frame went out");
	}
	if_freenameindex(list);
}

static void
try_rawip(struct attempt *t, char *arg, size_t n)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	(void)n;
	if (take_addr(t, arg, &ss, &len) == NULL)
		return;
	fd = socket(ss.ss_family, SOCK_RAW, 253);
	attack_result(t, fd == -1 ? -1 : sendto(fd, "x", 1, 0,
	    (struct sockaddr *)&ss, len), "a packet went out");
}

/* An echo request; "ADDRESS TYPE" with SOCK_RAW 3 or SOCK_DGRAM 2. */
static void
try_icmp(struct attempt *t, char *arg, size_t n)
{
	static const char echo4[] = { 8, 0, (char)0xf7, (char)0xff, 0, 0, 0, 0 };
	static const char echo6[] = { (char)128, 0, 0, 0, 0, 0, 0, 0 };
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, v6, type;

	(void)n;
	if (take_addr(t, arg, &ss, &len) == NULL)
		return;
	v6 = ss.ss_family == AF_INET6;
	type = ntohs(v6 ? ((struct sockaddr_in6 *)&ss)->sin6_port :
	    ((struct sockaddr_in *)&ss)->sin_port);
	fd = socket(ss.ss_family, type, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (v6)
		((struct sockaddr_in6 *)&ss)->sin6_port = 0;
	else
		((struct sockaddr_in *)&ss)->sin_port = 0;
	attack_result(t, fd == -1 ? -1 : sendto(fd, v6 ? echo6 : echo4, 8, 0,
	    (struct sockaddr *)&ss, len), "the echo request went out");
}

/* A path, or "@name" of the abstract space. */
static void
try_unix(struct attempt *t, char *arg, size_t n)
{
	struct sockaddr_un sun;
	socklen_t len;
	int fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (n >= sizeof(sun.sun_path)) {
		attack_stopped(t, "the table is wrong");
		return;
	}
	memcpy(sun.sun_path, arg, n);
	if (arg[0] == '@')
		sun.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	attack_result(t, fd == -1 ? -1 : connect(fd, (struct sockaddr *)&sun,
	    len), "it is connected");
}

static void
try_vsock(struct attempt *t, char *arg, size_t n)
{
	struct {
		unsigned short	family, zero;
		unsigned int	port, cid;
		unsigned char	rest[4];
	} sv = { 40, 0, 0, 2, { 0 } };
	int fd;

	(void)n;
	sv.port = (unsigned)strtoul(arg, NULL, 10);
	fd = socket(40, SOCK_STREAM, 0);
	attack_result(t, fd == -1 ? -1 : connect(fd, (struct sockaddr *)&sv,
	    sizeof(sv)), "it is connected");
}

/* A question to the box's own name server; only addresses in 127/8 may come. */
static void
try_dns(struct attempt *t, char *arg, size_t n)
{
	unsigned char q[512] = { 0x5a, 0x5a, 1, 0, 0, 1 }, a[512];
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct pollfd p;
	char *type, *label, *end;
	size_t at = 12, len;
	ssize_t r;
	int fd;

	(void)n;
	if ((type = strchr(arg, ' ')) == NULL)
		return;
	*type++ = '\0';
	for (label = arg; *label != '\0'; label = *end == '.' ? end + 1 : end) {
		end = label + strcspn(label, ".");
		len = (size_t)(end - label);
		q[at++] = (unsigned char)len;
		memcpy(q + at, label, len);
		at += len;
	}
	q[at + 2] = (unsigned char)strtol(type, NULL, 10);
	q[at + 4] = 1;
	at += 5;
	sin.sin_port = htons(53);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1
	    || send(fd, q, at, 0) == -1) {
		attack_result(t, -1, "");
		return;
	}
	p.fd = fd;
	p.events = POLLIN;
	if (poll(&p, 1, WAIT_MS) != 1 || (r = recv(fd, a, sizeof(a), 0)) < 12)
		attack_stopped(t, "no answer");
	else if (a[6] == 0 && a[7] == 0)
		attack_stopped(t, "status %d, no record", a[3] & 15);
	else if (r >= 4 && a[r - 4] == 127)
		attack_stopped(t, "an address of the box's own");
	else
		attack_result(t, 0, "a record came");
}

/* Say it to a server of ours and take the first bytes of the answer. */
static ssize_t
say(const char *path, const char *s, size_t n, char *out, size_t room)
{
	struct pollfd p;
	ssize_t r, got = 0;
	int fd;

	if ((fd = sock_connect(path)) == -1 || io_writeall(fd, s, n) == -1)
		return -1;
	p.fd = fd;
	p.events = POLLIN;
	while ((size_t)got < room - 1 && poll(&p, 1, WAIT_MS) == 1 &&
	    (r = recv(fd, out + got, room - 1 - (size_t)got, 0)) > 0)
		got += r;
	out[got] = '\0';
	return got;
}

/* The egress must not say 200, whatever it is told. */
static void
try_egress(struct attempt *t, char *arg, size_t n)
{
	char out[1024];

	if (say(EGRESS, arg, n, out, sizeof(out)) == -1)
		attack_stopped(t, "no egress: %s", strerror(errno));
	else if (strstr(out, "HTTP/1.1 2") != NULL ||
	    strstr(out, "HTTP/1.1 3") != NULL)
		attack_result(t, 0, "it was let through");
	else if (out[0] == '\0')
		attack_stopped(t, "the connection was cut off");
	else
		attack_stopped(t, "%.*s", (int)strcspn(out, "\r\n"), out);
}

/* A host that is allowed at this port, from what the relay is told. */
int
attack_allowed_host(int port, char name[256])
{
	char line[512], word[16], pattern[256];
	int number, found = 0;
	FILE *f;

	if ((f = fopen("/run/aipod/hosts", "re")) == NULL)
		return 0;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%15s %255s %d", word, pattern, &number) == 3 &&
		    strcmp(word, "allow") == 0 && number == port &&
		    strchr(pattern, '*') == NULL) {
			memcpy(name, pattern, sizeof(pattern));
			found = 1;
		}
	fclose(f);
	return found;
}

/* "PORT BYTES": say them in a tunnel to a host that is allowed. */
static void
try_front(struct attempt *t, char *arg, size_t n)
{
	char name[256], said[2048], out[2048], *bytes, *end, *after;
	int port, len;

	port = (int)strtol(arg, &end, 10);
	bytes = end + 1;
	if (!attack_allowed_host(port, name)) {
		attack_stopped(t, "no host is allowed at port %d", port);
		return;
	}
	len = snprintf(said, sizeof(said), "CONNECT %s:%d HTTP/1.1\r\nHost:"
	    " %s:%d\r\n\r\n", name, port, name, port);
	n -= (size_t)(bytes - arg);
	if ((size_t)len + n > sizeof(said))
		return;
	memcpy(said + len, bytes, n);
	if (say(EGRESS, said, (size_t)len + n, out, sizeof(out)) == -1) {
		attack_stopped(t, "no egress: %s", strerror(errno));
		return;
	}
	after = strstr(out, "\r\n\r\n");
	if (strncmp(out, "HTTP/1.1 200", 12) != 0)
		attack_stopped(t, "%.*s", (int)strcspn(out, "\r\n"), out);
	else if (after[4] == '\0' || after[4] == 21)
		attack_stopped(t, "cut off before a byte went out");
	else if (strncmp(after + 4, "HTTP/1.1 403", 12) == 0)
		attack_stopped(t, "refused in the tunnel");
	else
		attack_result(t, 0, "something answered");
}

/* "WANT BYTES": what comes back must hold WANT, a sign of refusal. */
static void
try_mcp(struct attempt *t, char *arg, size_t n)
{
	char out[4096], *bytes = strchr(arg, ' ');

	if (bytes == NULL)
		return;
	*bytes++ = '\0';
	n -= (size_t)(bytes - arg);
	if (say(MCP, bytes, n, out, sizeof(out)) == -1)
		attack_stopped(t, "no server: %s", strerror(errno));
	else if (out[0] == '\0')
		attack_stopped(t, "the connection was cut off");
	else if (strstr(out, arg) != NULL)
		attack_stopped(t, "answered with '%s'", arg);
	else
		attack_result(t, 0, "it was not refused");
}

const struct method attack_net[] = {
	{ "tcp", try_tcp }, { "udp", try_udp }, { "packet", try_packet },
	{ "icmp", try_icmp }, { "rawip", try_rawip }, { "unix", try_unix },
	{ "vsock", try_vsock },
	{ "dns", try_dns }, { "egress", try_egress }, { "front", try_front },
	{ "mcp", try_mcp }, { NULL, NULL }
};
#else
typedef int attacknet_needs_linux;
#endif
