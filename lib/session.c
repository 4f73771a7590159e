#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "session.h"

int
session_dir_alive(const char *dir)
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
	int saved;

	if (d == NULL) {
		saved = errno;
		free(dir);
		errno = saved;
		return errno == ENOENT ? n : -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, SESSION_ID - 1))
			continue;
		*s = xreallocarray(*s, (size_t)n + 1, sizeof(**s));
		memcpy((*s)[n].hash, hash, WORKSPACE_HASH);
		memcpy((*s)[n].id, e->d_name, SESSION_ID);
		(*s)[n].dir = xasprintf("%s/%s", dir, e->d_name);
		(*s)[n].alive = session_dir_alive((*s)[n].dir);
		n++;
	}
	closedir(d);
	free(dir);
	return n;
}

/*
 * The runtime directory may have to be in /tmp: what somebody else made there
 * under our name says nothing about our sessions.
 */
static int
is_ours(const char *top)
{
	struct stat st;

	if (lstat(top, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		errno = EPERM;
		return -1;
	}
	return 1;
}

int
sessions_list(const char *hash, struct session **out)
{
	struct dirent *e;
	char *top = xconf_runtime_dir();
	DIR *d;
	int n, got;

	*out = NULL;
	got = n = is_ours(top);
	if (got == 1 && hash != NULL)
		n = list_one(top, hash, out, 0);
	else if (got == 1 && (d = opendir(top)) != NULL) {
		for (n = got = 0; got != -1 && (e = readdir(d)) != NULL;) {
			if (!is_hex(e->d_name, WORKSPACE_HASH - 1))
				continue;
			if ((got = list_one(top, e->d_name, out, n)) != -1)
				n = got;
		}
		closedir(d);
		if (got == -1) {
			sessions_free(*out, n);
			*out = NULL;
			n = -1;
		}
	} else if (got == 1)
		n = -1;
	free(top);
	if (n > 0)
		qsort(*out, (size_t)n, sizeof(**out), compare);
	return n;
}

const struct session *
sessions_find(const struct session *s, int n, const char *hash,
    const char *id)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(s[i].hash, hash) == 0 && strcmp(s[i].id, id) == 0)
			return &s[i];
	return NULL;
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

	line = io_text(path);
	free(path);
	return line;
}

/*
 * The directory appears under its name with the lock held already, so that
 * nobody can take a session that is being made for a dead one.
 */
static int
make_in(const char *up, struct session *s, int *lockfd)
{
	char *tmp, *path;
	int fd = -1, rc = -1, saved;

	tmp = xasprintf("%s/.new.%s", up, s->id);
	s->dir = xasprintf("%s/%s", up, s->id);
	if (mkdir(tmp, 0700) == 0) {
		path = xasprintf("%s/lock", tmp);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		free(path);
		/* what is above is private; the box's root must get to bin */
		path = xasprintf("%s/run", tmp);
		if (fd != -1 && flock(fd, LOCK_EX) == 0 &&
		    mkdir(path, 0711) == 0 && chmod(path, 0711) == 0)
			rc = rename(tmp, s->dir);
		free(path);
		if (rc == -1) {
			saved = errno;
			if (fd != -1)
				close(fd);
			io_remove(AT_FDCWD, tmp);
			errno = saved;
		}
	}
	free(tmp);
	if (rc == -1) {
		free(s->dir);
		s->dir = NULL;
	} else
		*lockfd = fd;
	return rc;
}

/* Gone with the session: neither rename nor fsync is owed. */
int
session_put(const struct session *s, const char *name, const char *value)
{
	struct buf b = BUF_INIT;
	char *path = xasprintf("%s/%s", s->dir, name);
	int fd, rc = -1;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	free(path);
	if (fd == -1)
		return -1;
	if (buf_puts(&b, value) == 0 && buf_addc(&b, '\n') == 0)
		rc = io_writeall(fd, b.p, b.len);
	buf_free(&b);
	return close(fd) == -1 ? -1 : rc;
}

int
session_make(const struct workspace *w, struct session *s, int *lockfd)
{
	char *top = xconf_make_runtime_dir(), *up;
	int rc = -1, tries;

	memcpy(s->hash, w->hash, sizeof(s->hash));
	s->alive = 1;
	s->dir = NULL;
	up = xasprintf("%s/%s", top, w->hash);
	free(top);
	/* the directory above may go with the last session in it */
	for (tries = 0; rc == -1 && tries < 16; tries++) {
		if (io_private_dir(up) == -1 ||
		    rand_hex(s->id, SESSION_ID - 1) == -1)
			break;
		rc = make_in(up, s, lockfd);
		if (rc == -1 && errno != EEXIST && errno != ENOTEMPTY &&
		    errno != ENOENT)
			break;
	}
	free(up);
	return rc;
}

int
session_remove(const struct session *s)
{
	char *slash, *up;

	if (io_remove(AT_FDCWD, s->dir) == -1)
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

static int
tidy_one(const char *up, long age)
{
	char *path;
	struct dirent *e;
	struct stat st;
	DIR *d;
	int rc = 0;

	if ((d = opendir(up)) == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, ".new.", 5) != 0)
			continue;
		path = xasprintf("%s/%s", up, e->d_name);
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
		    time(NULL) - st.st_mtime >= age &&
		    !session_dir_alive(path) &&
		    io_remove(AT_FDCWD, path) == -1)
			rc = -1;
		free(path);
	}
	closedir(d);
	rmdir(up);
	return rc;
}

int
sessions_tidy(const char *hash, long age)
{
	char *top = xconf_runtime_dir(), *up;
	struct dirent *e;
	DIR *d;
	int rc;

	if ((rc = is_ours(top)) == 1 && (d = opendir(top)) != NULL) {
		rc = 0;
		while ((e = readdir(d)) != NULL) {
			if (!is_hex(e->d_name, WORKSPACE_HASH - 1) ||
			    (hash != NULL && strcmp(hash, e->d_name) != 0))
				continue;
			up = xasprintf("%s/%s", top, e->d_name);
			if (tidy_one(up, age) == -1)
				rc = -1;
			free(up);
		}
		closedir(d);
	}
	free(top);
	return rc == 1 ? -1 : rc;
}
