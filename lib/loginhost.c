#include <sys/file.h>
#include <sys/socket.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "io.h"
#include "json.h"
#include "login.h"
#include "mem.h"
#include "sock.h"

#define CONNS		4
#define TICK		1000
#define TOKENS		4096

struct server {
	const struct loginhost	*h;
	struct login		 seen;	/* what the boxes were told last */
	struct pollfd		 p[2 + CONNS];
	int			 first;
};

/* A name whose value is new after a refresh. */
static int
is_token(const char *name)
{
	static const char *const parts[] = { "token", "refresh", "access",
	    "expi" };
	char low[64];
	size_t i;

	for (i = 0; name[i] != '\0' && i < sizeof(low) - 1; i++)
		low[i] = (char)tolower((unsigned char)name[i]);
	low[i] = '\0';
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(low, parts[i]) != NULL)
			return 1;
	return 0;
}

static int
is_plain(const struct json *j, int v)
{
	size_t i, n;
	const char *s = json_raw(j, v, &n);

	for (i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '\\')
			return 0;
	return 1;
}

static int
same_text(const struct json *a, int x, const struct json *b, int y)
{
	size_t n, m;
	const char *s = json_raw(a, x, &n), *t = json_raw(b, y, &m);

	return n == m && memcmp(s, t, n) == 0;
}

/* 1 when y may take the place of x, which is called name. */
static int
may(const struct json *a, int x, const struct json *b, int y, const char *name)
{
	enum json_type type = json_type(a, x);
	int c, d, ok = 1;
	char *key;

	if (y == -1 || json_type(b, y) != type)
		return 0;
	if (type == JSON_STRING || type == JSON_NUMBER)
		return same_text(a, x, b, y) ||
		    (is_token(name) && is_plain(b, y));
	if (type != JSON_OBJECT)
		return same_text(a, x, b, y);
	if (json_count(a, x) != json_count(b, y))
		return 0;
	for (c = json_first(a, x); c != -1 && ok; c = json_next(a, x, c)) {
		if ((key = json_key(a, c)) == NULL)
			return 0;
		d = json_get(b, y, key);
		ok = may(a, c, b, d, key);
		free(key);
	}
	return ok;
}

int
login_may(const struct buf *was, const struct buf *is)
{
	struct json a, b;
	int ok = 0;

	if (was->len == 0 || is->len == 0 ||
	    json_parse(&a, was->p, was->len, JSON_DEPTH, TOKENS) == -1)
		return 0;
	if (json_parse(&b, is->p, is->len, JSON_DEPTH, TOKENS) == 0) {
		ok = json_type(&a, 0) == JSON_OBJECT && may(&a, 0, &b, 0, "");
		json_free(&b);
	}
	json_free(&a);
	return ok;
}

/* Sessions write one after the other. */
static int
lock(void)
{
	char *dir = xconf_state_dir(), *path = xasprintf("%s/login.lock", dir);
	int fd = -1;

	if (io_mkdirs(dir) == 0)
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1 && flock(fd, LOCK_EX) == -1) {
		close(fd);
		fd = -1;
	}
	free(path);
	free(dir);
	return fd;
}

/* From a box: nothing of it is believed. */
static void
take(struct server *s, const struct login *in)
{
	struct login own = { 'N', 0, BUF_INIT };
	int fd = lock();

	if (fd != -1 && login_read(s->h->path, &own) == 0 &&
	    in->changed > own.changed && !login_same(&own, in) &&
	    login_may(&own.bytes, &in->bytes))
		login_write(s->h->path, in);
	if (fd != -1)
		close(fd);
	login_free(&own);
}

static void
drop(struct server *s, int i)
{
	close(s->p[i].fd);
	s->p[i].fd = -1;
}

/* Tell every box when the user's file is another than it was. */
static void
look(struct server *s)
{
	struct login now = { 'N', 0, BUF_INIT };
	int i;

	if (login_read(s->h->path, &now) == -1 ||
	    (now.changed == s->seen.changed && login_same(&now, &s->seen))) {
		login_free(&now);
		return;
	}
	login_free(&s->seen);
	s->seen = now;
	for (i = 2; i < 2 + CONNS; i++)
		if (s->p[i].fd != -1 && login_send(s->p[i].fd, &now) == -1)
			drop(s, i);
}

static void
welcome(struct server *s)
{
	struct timeval patience = { 2, 0 };
	int i, fd = accept(s->p[1].fd, NULL, NULL);

	if (fd == -1)
		return;
	for (i = 2; i < 2 + CONNS && s->p[i].fd != -1; i++)
		;
	if (i == 2 + CONNS) {
		close(fd);
		return;
	}
	io_cloexec(fd, 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	s->p[i].fd = fd;
	look(s);
	s->seen.type = s->first ? 'F' : 'N';
	s->first = 0;
	if (login_send(fd, &s->seen) == -1)
		drop(s, i);
	s->seen.type = 'N';
}

static void
serve(struct server *s, int i)
{
	struct login in = { 'N', 0, BUF_INIT };

	if (login_recv(s->p[i].fd, &in) == -1)
		drop(s, i);
	else
		take(s, &in);
	login_free(&in);
}

void
login_serve(int fd, void *arg)
{
	struct server s;
	int i;

	memset(&s, 0, sizeof(s));
	s.h = arg;
	s.first = 1;
	for (i = 0; i < 2 + CONNS; i++) {
		s.p[i].fd = -1;
		s.p[i].events = POLLIN;
	}
	s.p[0].fd = fd;
	s.p[1].fd = sock_listen_at(s.h->run, LOGIN_SOCK, CONNS);
	if (s.p[1].fd == -1 || login_read(s.h->path, &s.seen) == -1 ||
	    write(fd, "", 1) != 1)
		return;
	for (;;) {
		for (i = 0; i < 2 + CONNS; i++)
			s.p[i].revents = 0;
		if (poll(s.p, 2 + CONNS, TICK) == -1 && errno != EINTR)
			return;
		if (s.p[0].revents != 0)
			return;
		for (i = 2; i < 2 + CONNS; i++)
			if (s.p[i].fd != -1 && s.p[i].revents != 0)
				serve(&s, i);
		if (s.p[1].revents != 0)
			welcome(&s);
		look(&s);
	}
}
