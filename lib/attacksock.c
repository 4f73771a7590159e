#if HAVE_EPOLL
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"
#include "handover.h"
#include "sock.h"

#define WAIT_MS		2000
#define ANSWERS		4096

/* ---- sockets of others --------------------------------------------------- */

static struct attempt *walking;

static int
is_session_socket(const char *path)
{
	static const char *const names[] = { "egress.sock", "mcp.sock",
	    "ask.sock", "life.sock" };
	const char *base = strrchr(path, '/');
	size_t i;

	if (strncmp(path, "/run/aipod/", 11) == 0)
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(base + 1, names[i]) == 0)
			return 1;
	return 0;
}

static int
look_at(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)what;
	if (S_ISSOCK(st->st_mode) && is_session_socket(path) &&
	    sock_connect(path) != -1)
		attack_result(walking, 0, path);
	return walking->through || at->level > 8;
}

/* Below a directory, a socket like ours that is not ours. */
static void
try_sessions(struct attempt *t, char *arg, size_t n)
{
	(void)n;
	walking = t;
	attack_stopped(t, "no other session's socket is there");
	nftw(arg, look_at, 32, FTW_PHYS);
}

/* Whatever the abstract space has that answers. */
static void
try_abstract(struct attempt *t, char *arg, size_t n)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char line[512], *name;
	socklen_t len;
	FILE *f;
	int fd;

	(void)arg;
	(void)n;
	if ((f = fopen("/proc/net/unix", "re")) == NULL) {
		attack_result(t, -1, "");
		return;
	}
	attack_stopped(t, "there is none");
	while (fgets(line, sizeof(line), f) != NULL) {
		if ((name = strstr(line, " @")) == NULL)
			continue;
		name += 2;
		name[strcspn(name, "\n")] = '\0';
		if (strlen(name) >= sizeof(sun.sun_path) - 1)
			continue;
		memcpy(sun.sun_path + 1, name, strlen(name));
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    strlen(name));
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&sun, len) == 0)
			attack_result(t, 0, name);
		close(fd);
	}
	fclose(f);
}

/* ---- the kernel's own ---------------------------------------------------- */

/* An address of one's choice for the loopback interface. */
static void
try_netlink(struct attempt *t, char *arg, size_t n)
{
	struct {
		uint32_t len;
		uint16_t type, flags;
		uint32_t seq, pid;
		uint8_t	 family, bits, iflags, scope;
		uint32_t index;
		uint16_t alen, atype;
		uint32_t addr;
	} m = { sizeof(m), 20, 0x605, 1, 0, AF_INET, 32, 0, 0, 1, 8, 2,
	    htonl(0x0a090908) };
	struct {
		unsigned char	head[16];
		int		error;
		unsigned char	rest[128];
	} a;
	int fd = socket(16, SOCK_RAW, 0);

	(void)arg;
	(void)n;
	if (fd == -1 || send(fd, &m, sizeof(m), 0) == -1 ||
	    recv(fd, &a, sizeof(a), 0) < 20) {
		attack_result(t, -1, "");
		return;
	}
	errno = -a.error;
	attack_result(t, a.error == 0 ? 0 : -1, "the interface is changed");
}

/* ---- a client handed over ------------------------------------------------ */

/* Two ends of a connection by TCP. */
static int
tcp_pair(int pair[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (struct sockaddr *)&sin, len) == -1 || listen(l, 1) == -1 ||
	    getsockname(l, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(pair[0], (struct sockaddr *)&sin, len) == -1)
		return -1;
	pair[1] = accept(l, NULL, NULL);
	close(l);
	return pair[1] == -1 ? -1 : 0;
}

/*
 * What comes until it is quiet: 1 unless it is nothing, or a refusal of the
 * judge's; who is handed over is told nothing else by it.
 */
static int
heard(int fd, char b[ANSWERS + 1])
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t len = 0;
	ssize_t r;

	while (len < ANSWERS &&
	    poll(&p, 1, len == 0 ? WAIT_MS : WAIT_MS / 10) == 1 &&
	    (r = recv(fd, b + len, ANSWERS - len, 0)) > 0)
		len += (size_t)r;
	b[len] = '\0';
	return len > 0 && strncmp(b, "HTTP/1.1 403", 12) != 0 &&
	    strncmp(b, "HTTP/1.1 502", 12) != 0;
}

/*
 * "same BYTES" or "again BYTES": hand a client over for a host, which may be
 * allowed, and then say BYTES for another: on the client's socket, or by
 * handing the same client over again.
 */
static void
try_handover(struct attempt *t, char *arg, size_t n)
{
	char name[256] = "localhost", b[ANSWERS + 1], head[1024];
	char *bytes = strchr(arg, ' ');
	int again, channel, pair[2], len;

	if (bytes == NULL)
		return;
	*bytes++ = '\0';
	n -= (size_t)(bytes - arg);
	again = strcmp(arg, "again") == 0;
	attack_allowed_host(80, name);
	len = snprintf(head, sizeof(head), "CONNECT %s:80 HTTP/1.1\r\nHost:"
	    " %s:80\r\nTicket: 1\r\n\r\n", name, name);
	if ((channel = sock_connect("/run/aipod/egress.sock")) == -1 ||
	    tcp_pair(pair) == -1 ||
	    handover_send(channel, head, (size_t)len, pair[1]) == -1) {
		attack_stopped(t, "no egress: %s", strerror(errno));
		return;
	}
	if (again && (heard(pair[0], b),
	    handover_send(channel, bytes, n, pair[1])) == -1)
		attack_result(t, -1, "");
	else if (!again && send(pair[0], bytes, n, MSG_NOSIGNAL) == -1)
		attack_result(t, -1, "");
	else if (heard(pair[0], b))
		attack_result(t, 0, "something answered");
	else if (b[0] == '\0')
		attack_stopped(t, "no answer");
	else
		attack_stopped(t, "%.*s", (int)strcspn(b, "\r\n"), b);
}

const struct method attack_sock[] = {
	{ "sessions", try_sessions }, { "abstract", try_abstract },
	{ "netlink", try_netlink }, { "handover", try_handover },
	{ NULL, NULL }
};
#else
typedef int attacksock_needs_linux;
#endif
