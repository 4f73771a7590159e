#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "mounts.h"
#include "rec.h"

#define FILE_MAX	(256 * 1024)

/* What the box needs where it is; nothing may lie over or above it. */
static const char *const wiring[] = { "/app", "/home/aipod", "/run/aipod",
	"/etc/resolv.conf", "/etc/hosts", "/proc", "/sys", "/dev" };
/* Below these nothing may lie either. */
static const char *const closed[] = { "/run/aipod", "/proc", "/sys", "/dev" };

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* 1 when path is dir or below it; both absolute and normal. */
static int
is_in(const char *path, const char *dir)
{
	size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0');
}

static const char *
path_problem(const char *p)
{
	const char *q;

	if (*p != '/')
		return "it must be absolute";
	if (strchr(p, ':') != NULL)
		return "it must have no colon";
	for (q = p; (q = strstr(q, "/..")) != NULL; q++)
		if (q[3] == '/' || q[3] == '\0')
			return "it must have no '..'";
	if (strstr(p, "//") != NULL || strstr(p, "/./") != NULL ||
	    (p[1] != '\0' && p[strlen(p) - 1] == '/'))
		return "write it without '//', '/./' and a '/' at the end";
	return NULL;
}

const char *
mount_problem(const struct mount *m, char **real)
{
	char *own[3], *path, *there;
	const char *why;
	struct stat st;
	size_t i;

	*real = NULL;
	errno = 0;
	if ((why = path_problem(m->at)) != NULL ||
	    (why = path_problem(m->host)) != NULL)
		return why;
	for (i = 0; i < N(wiring); i++)
		if (is_in(wiring[i], m->at))
			return "it would lie over what the box needs";
	for (i = 0; i < N(closed); i++)
		if (is_in(m->at, closed[i]))
			return "it would lie in what the box needs";
	if ((path = realpath(m->host, NULL)) == NULL || stat(path, &st) == -1) {
		free(path);
		return "it is not there";
	}
	own[0] = xconf_config_dir();
	own[1] = xconf_state_dir();
	own[2] = xconf_runtime_dir();
	for (i = 0, why = NULL; i < 3; i++) {
		there = realpath(own[i], NULL);
		if (is_in(there != NULL ? there : own[i], path) ||
		    is_in(path, there != NULL ? there : own[i]))
			why = "it would show the agent aipod's own files";
		free(there);
		free(own[i]);
	}
	if (S_ISSOCK(st.st_mode) && (strstr(path, "docker.sock") != NULL ||
	    strstr(path, "podman.sock") != NULL))
		why = "whoever has the engine's socket has the host";
	if (why != NULL || strchr(path, ':') != NULL) {
		free(path);
		errno = 0;
		return why != NULL ? why : "its real path has a colon";
	}
	*real = path;
	return NULL;
}

static char *
list_path(void)
{
	char *dir = xconf_config_dir(), *path;

	path = xasprintf("%s/mounts", dir);
	free(dir);
	return path;
}

static int
add(struct mounts *l, char *line)
{
	char *f[3];
	struct mount *m;

	if (rec_split(line, f, 3) != 3 || f[0] == NULL || f[1] == NULL ||
	    f[2] == NULL || (strcmp(f[2], "ro") != 0 && strcmp(f[2], "rw") != 0)) {
		errno = EINVAL;
		return -1;
	}
	l->m = xreallocarray(l->m, l->n + 1, sizeof(*l->m));
	m = &l->m[l->n++];
	m->at = xstrdup(f[0]);
	m->host = xstrdup(f[1]);
	m->rw = f[2][1] == 'w';
	return 0;
}

int
mounts_load(struct mounts *l)
{
	struct buf b = BUF_INIT;
	char *path = list_path(), *line, *next;
	int fd, rc = 0;

	l->m = NULL;
	l->n = 0;
	fd = io_open_trusted(path);
	free(path);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (io_slurp(fd, &b, FILE_MAX) == -1 || buf_str(&b) == NULL)
		rc = -1;
	close(fd);
	for (line = b.p; rc == 0 && *line != '\0'; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		else
			next = line + strlen(line);
		if (*line != '\0' && *line != '#')
			rc = add(l, line);
	}
	buf_free(&b);
	return rc;
}

int
mounts_save(const struct mounts *l)
{
	struct buf b = BUF_INIT;
	char *path = list_path(), *dir = xconf_config_dir();
	size_t i;
	int rc = -1;

	for (i = 0; i < l->n; i++) {
		rec_add(&b, l->m[i].at, strlen(l->m[i].at));
		buf_addc(&b, '\t');
		rec_add(&b, l->m[i].host, strlen(l->m[i].host));
		buf_puts(&b, l->m[i].rw ? "\trw\n" : "\tro\n");
	}
	if (!b.bad && io_mkdirs(dir) == 0)
		rc = io_replace(AT_FDCWD, path, b.p, b.len, 0600);
	buf_free(&b);
	free(path);
	free(dir);
	return rc;
}

void
mounts_free(struct mounts *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->m[i].at);
		free(l->m[i].host);
	}
	free(l->m);
	l->m = NULL;
	l->n = 0;
}
