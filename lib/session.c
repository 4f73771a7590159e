#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "session.h"

/* 1 when somebody holds the lock, 0 when nobody does or there is no file. */
static int
is_locked(const char *dir)
{
	char *path = xasprintf("%s/lock", dir);
	int fd, held = 0;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd == -1)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) == -1)
		held = errno == EWOULDBLOCK;
	close(fd);
	return held;
}

static int
compare(const void *a, const void *b)
{
	const struct session *x = a, *y = b;
	int c = strcmp(x->hash, y->hash);

	return c != 0 ? c : strcmp(x->id, y->id);
}

static int
list_one(const char *top, const char *hash, struct session **s, int n)
{
	struct dirent *e;
	char *dir = xasprintf("%s/%s", top, hash);
	DIR *d = opendir(dir);

	if (d == NULL) {
		free(dir);
		return errno == ENOENT ? n : -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, SESSION_ID - 1))
			continue;
		*s = xreallocarray(*s, (size_t)n + 1, sizeof(**s));
		memcpy((*s)[n].hash, hash, WORKSPACE_HASH);
		memcpy((*s)[n].id, e->d_name, SESSION_ID);
		(*s)[n].dir = xasprintf("%s/%s", dir, e->d_name);
		(*s)[n].alive = is_locked((*s)[n].dir);
		n++;
	}
	closedir(d);
	free(dir);
	return n;
}

int
sessions_list(const char *hash, struct session **out)
{
	struct dirent *e;
	char *top = xconf_runtime_dir();
	DIR *d;
	int n = 0;

	*out = NULL;
	if (hash != NULL)
		n = list_one(top, hash, out, 0);
	else if ((d = opendir(top)) != NULL) {
		while (n != -1 && (e = readdir(d)) != NULL)
			if (is_hex(e->d_name, WORKSPACE_HASH - 1))
				n = list_one(top, e->d_name, out, n);
		closedir(d);
	} else if (errno != ENOENT)
		n = -1;
	free(top);
	if (n > 0)
		qsort(*out, (size_t)n, sizeof(**out), compare);
	return n;
}

void
sessions_free(struct session *s, int n)
{
	int i;

	for (i = 0; i < n; i++)
		free(s[i].dir);
	free(s);
}

char *
session_fact(const struct session *s, const char *name)
{
	char *path = xasprintf("%s/%s", s->dir, name), *line;

	line = io_line(path);
	free(path);
	return line;
}

int
session_make(const struct workspace *w, struct session *s, int *lockfd)
{
	char *top = xconf_make_runtime_dir(), *dir, *path;
	int fd = -1, tries;

	memcpy(s->hash, w->hash, sizeof(s->hash));
	s->alive = 1;
	dir = xasprintf("%s/%s", top, w->hash);
	free(top);
	if (io_private_dir(dir) == -1) {
		free(dir);
		return -1;
	}
	for (tries = 0; tries < 16; tries++) {
		if (rand_hex(s->id, SESSION_ID - 1) == -1)
			break;
		s->dir = xasprintf("%s/%s", dir, s->id);
		if (mkdir(s->dir, 0700) == -1) {
			free(s->dir);
			if (errno == EEXIST)
				continue;
			break;
		}
		path = xasprintf("%s/lock", s->dir);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		free(path);
		if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1)
			break;
		path = xasprintf("%s/run", s->dir);
		if (mkdir(path, 0700) == 0) {
			free(path);
			free(dir);
			*lockfd = fd;
			return 0;
		}
		free(path);
		break;
	}
	free(dir);
	if (fd != -1)
		close(fd);
	return -1;
}

/* rm -rf below an open directory, following nothing. */
static int
empty(int dirfd)
{
	struct dirent *e;
	DIR *d;
	int fd, rc = 0;

	if ((d = fdopendir(dirfd)) == NULL) {
		close(dirfd);
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd, e->d_name, 0) == 0)
			continue;
		fd = openat(dirfd, e->d_name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1 || empty(fd) == -1 ||
		    unlinkat(dirfd, e->d_name, AT_REMOVEDIR) == -1)
			rc = -1;
	}
	closedir(d);
	return rc;
}

int
session_remove(const struct session *s)
{
	char *slash, *up;
	int fd;

	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (empty(fd) == -1 || rmdir(s->dir) == -1)
		return -1;
	/* the workspace's directory goes with its last session */
	up = xstrdup(s->dir);
	if ((slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		rmdir(up);
	}
	free(up);
	return 0;
}
