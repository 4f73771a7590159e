#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "login.h"
#include "mem.h"
#include "sock.h"

#define HEAD		13
#define NSEC		1000000000LL
#define TICK		500		/* ms between two looks at a file */

void
login_free(struct login *l)
{
	buf_free(&l->bytes);
	memset(l, 0, sizeof(*l));
}

int
login_same(const struct login *a, const struct login *b)
{
	return a->bytes.len == b->bytes.len &&
	    (a->bytes.len == 0 ||
	    memcmp(a->bytes.p, b->bytes.p, a->bytes.len) == 0);
}

static int
send_all(int fd, const char *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		if ((w = send(fd, p, n, MSG_NOSIGNAL)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
login_send(int fd, const struct login *l)
{
	unsigned char head[HEAD];
	size_t n = l->bytes.len;
	int i;

	head[0] = (unsigned char)l->type;
	for (i = 0; i < 4; i++)
		head[1 + i] = (unsigned char)(n >> (24 - 8 * i));
	for (i = 0; i < 8; i++)
		head[5 + i] = (unsigned char)((unsigned long long)l->changed >>
		    (56 - 8 * i));
	if (send_all(fd, (char *)head, HEAD) == -1)
		return -1;
	return send_all(fd, l->bytes.p, n);
}

int
login_recv(int fd, struct login *l)
{
	unsigned char head[HEAD];
	unsigned long long t = 0;
	size_t n = 0;
	ssize_t r;
	int i;

	buf_clear(&l->bytes);
	if ((r = io_readfull(fd, head, HEAD)) != HEAD) {
		errno = r == -1 ? errno : r == 0 ? ECONNRESET : EPROTO;
		return -1;
	}
	for (i = 0; i < 4; i++)
		n = n << 8 | head[1 + i];
	for (i = 0; i < 8; i++)
		t = t << 8 | head[5 + i];
	if ((head[0] != 'F' && head[0] != 'N') || n > LOGIN_MAX ||
	    t > 0x7fffffffffffffffULL || buf_reserve(&l->bytes, n) == -1) {
		errno = EPROTO;
		return -1;
	}
	if (io_readfull(fd, l->bytes.p, n) != (ssize_t)n) {
		errno = EPROTO;
		return -1;
	}
	l->bytes.len = n;
	l->type = (char)head[0];
	l->changed = (long long)t;
	return 0;
}

static long long
time_of(const struct stat *st)
{
	return (long long)st->st_mtim.tv_sec * NSEC + st->st_mtim.tv_nsec;
}

int
login_read(const char *path, struct login *l)
{
	struct stat st;

	buf_clear(&l->bytes);
	if (lstat(path, &st) == -1 ||
	    io_slurp_at(AT_FDCWD, path, &l->bytes, LOGIN_MAX) == -1)
		return -1;
	l->type = 'N';
	l->changed = time_of(&st);
	return 0;
}

int
login_write(const char *path, const struct login *l)
{
	struct timespec now, t[2];

	if (io_replace(AT_FDCWD, path, l->bytes.p, l->bytes.len, 0600) == -1)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	t[0].tv_sec = t[1].tv_sec = (time_t)(l->changed / NSEC);
	t[0].tv_nsec = t[1].tv_nsec = (long)(l->changed % NSEC);
	if (t[1].tv_sec > now.tv_sec)
		t[0] = t[1] = now;
	return utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

/* ---- in the box ----------------------------------------------------------- */

static void
make_parents(const char *path)
{
	char *dir = xstrdup(path), *slash;

	if ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		io_mkdirs(dir);
	}
	free(dir);
}

/* Take what is newer; what the box had before sharing is put aside. */
static void
take(const struct login *in, const char *path)
{
	struct login own = { 'N', 0, BUF_INIT };
	struct stat st;
	char *aside;
	int have = login_read(path, &own) == 0;

	if (have && (login_same(&own, in) ||
	    (in->type != 'F' && in->changed <= own.changed))) {
		login_free(&own);
		return;
	}
	aside = xasprintf("%s.own", path);
	if (have && in->type == 'F' && lstat(aside, &st) == -1)
		rename(path, aside);
	free(aside);
	login_write(path, in);
	login_free(&own);
}

int
login_begin(const char *sock, const char *path)
{
	struct timeval patience = { 5, 0 };
	struct login in = { 'N', 0, BUF_INIT };
	int fd = sock_connect(sock);

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (login_recv(fd, &in) == -1) {
		close(fd);
		fd = -1;
	} else {
		make_parents(path);
		take(&in, path);
	}
	login_free(&in);
	return fd;
}

void
login_follow(int fd, const char *path)
{
	struct login in = { 'N', 0, BUF_INIT }, own = { 'N', 0, BUF_INIT };
	struct pollfd p = { fd, POLLIN, 0 };
	struct stat st;
	long long seen = lstat(path, &st) == 0 ? time_of(&st) : 0;

	for (;;) {
		p.revents = 0;
		if (poll(&p, 1, TICK) == -1 && errno != EINTR)
			return;
		if (p.revents != 0) {
			if (login_recv(fd, &in) == -1)
				return;
			take(&in, path);
			seen = lstat(path, &st) == 0 ? time_of(&st) : seen;
		}
		if (lstat(path, &st) == -1 || time_of(&st) == seen)
			continue;
		seen = time_of(&st);
		if (login_read(path, &own) == 0 && login_send(fd, &own) == -1)
			return;
	}
}

void
login_last(const char *sock, const char *path)
{
	struct login own = { 'N', 0, BUF_INIT };
	int fd;
	char byte;

	if (login_read(path, &own) == 0 && (fd = sock_connect(sock)) != -1) {
		/* the host has it once it has closed */
		if (login_send(fd, &own) == 0 && shutdown(fd, SHUT_WR) == 0)
			while (read(fd, &byte, 1) == 1)
				;
		close(fd);
	}
	login_free(&own);
}
