#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "svc.h"

static char *
fact(const struct svc *s, const char *name)
{
	char *path = xasprintf("%s/%s", s->dir, name), *line;

	line = io_line(path);
	free(path);
	if (line != NULL && *line == '\0') {
		free(line);
		line = NULL;
	}
	return line;
}

/* 1 when somebody holds the lock. */
static int
is_alive(const char *dir)
{
	char *path = xasprintf("%s/lock", dir);
	int fd, alive;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd == -1)
		return 0;
	alive = flock(fd, LOCK_SH | LOCK_NB) == -1;
	close(fd);
	return alive;
}

/* Without a record whoever looked after it was killed. */
static void
read_exit(struct svc *s)
{
	char *line = fact(s, "exit"), *f[2];
	long long n;

	s->status = -1;
	snprintf(s->how, sizeof(s->how), "lost");
	if (line != NULL && rec_split(line, f, 2) == 2 && f[1] != NULL) {
		if (f[0] != NULL && num_parse(f[0], 0, 255, &n) == 0)
			s->status = (int)n;
		snprintf(s->how, sizeof(s->how), "%s", f[1]);
	}
	free(line);
}

int
svc_load(const struct session *session, const char *name, struct svc *s)
{
	char *line;

	memset(s, 0, sizeof(*s));
	errno = ENOENT;
	if (svcname_problem(name) != NULL)
		return -1;
	memcpy(s->name, name, strlen(name) + 1);
	memcpy(s->session, session->id, SESSION_ID);
	s->dir = xasprintf("%s/svc/%s", session->dir, name);
	/* first the lock: who holds it no longer has recorded the end */
	s->alive = is_alive(s->dir);
	if ((s->image = fact(s, "image")) == NULL) {
		free(s->dir);
		errno = ENOENT;
		return -1;
	}
	s->state = fact(s, "state");
	s->note = fact(s, "note");
	s->ended = !s->alive ||
	    (s->state != NULL && strcmp(s->state, "exited") == 0);
	if (!s->ended)
		s->ports = fact(s, "ports");
	if (s->state == NULL || s->ended) {
		free(s->state);
		s->state = xstrdup(s->ended ? "exited" : "starting");
	}
	if ((line = fact(s, "started")) == NULL ||
	    num_parse(line, 0, LLONG_MAX, &s->started) == -1)
		s->started = 0;
	free(line);
	s->status = -1;
	if (s->ended)
		read_exit(s);
	return 0;
}

void
svc_free(struct svc *s)
{
	free(s->dir);
	free(s->image);
	free(s->state);
	free(s->ports);
	free(s->note);
	buf_free(&s->log);
}

static int
compare(const void *x, const void *y)
{
	const struct svc *a = x, *b = y;

	return strcmp(a->name, b->name);
}

int
svcs_list(const struct session *session, struct svc **out)
{
	char *dir = xasprintf("%s/svc", session->dir);
	struct dirent *e;
	DIR *d = opendir(dir);
	int n = 0;

	*out = NULL;
	while (d != NULL && (e = readdir(d)) != NULL) {
		*out = xreallocarray(*out, (size_t)n + 1, sizeof(**out));
		n += svc_load(session, e->d_name, &(*out)[n]) == 0;
	}
	if (d != NULL)
		closedir(d);
	free(dir);
	if (n > 0)
		qsort(*out, (size_t)n, sizeof(**out), compare);
	return n;
}

void
svcs_free(struct svc *s, int n)
{
	int i;

	for (i = 0; i < n; i++)
		svc_free(&s[i]);
	free(s);
}

static void
signal_keeper(const struct svc *s, int sig)
{
	char *line = fact(s, "pid");
	long long pid;

	/* the lock is held, so the number is still the keeper's */
	if (s->alive && line != NULL &&
	    num_parse(line, 2, INT_MAX, &pid) == 0)
		kill((pid_t)pid, sig);
	free(line);
}

static int
await_end(const struct svc *s, int ms)
{
	struct timespec tick = { 0, 20000000 };

	for (; is_alive(s->dir); ms -= 20) {
		if (ms <= 0)
			return 0;
		nanosleep(&tick, NULL);
	}
	return 1;
}

int
svc_stop(const struct svc *s, int at_once, int ms)
{
	signal_keeper(s, at_once ? SIGINT : SIGTERM);
	if (!await_end(s, ms))
		return 0;
	return io_remove(AT_FDCWD, s->dir) == 0;
}

void
svcs_end(const struct session *session)
{
	struct svc *s;
	int i, n;

	n = svcs_list(session, &s);
	for (i = 0; i < n; i++)
		signal_keeper(&s[i], SIGINT);
	for (i = 0; i < n; i++)
		await_end(&s[i], 10000);
	svcs_free(s, n);
}

static void
add_file(const struct svc *s, const char *name, struct buf *b)
{
	char *path = xasprintf("%s/%s", s->dir, name);
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd == -1)
		return;
	io_slurp(fd, b, 2 * SVC_LOG);	/* it may grow meanwhile */
	close(fd);
}

void
svc_read_log(struct svc *s, size_t max)
{
	struct buf *b = &s->log;
	const char *nl;

	buf_clear(b);
	add_file(s, "log.old", b);
	add_file(s, "log", b);
	if (b->len > max) {
		buf_consume(b, b->len - max);
		if ((nl = memchr(b->p, '\n', b->len)) != NULL)
			buf_consume(b, (size_t)(nl + 1 - b->p));
	}
}
