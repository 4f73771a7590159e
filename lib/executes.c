#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "executes.h"
#include "ign.h"
#include "io.h"
#include "mem.h"
#include "status.h"

#define TABLE_MAX	(1024 * 1024)

static void
xadd(struct executes *x, char *line, const char *file)
{
	struct execute *e;
	char *pattern, *why;
	size_t n;

	line[strcspn(line, "\r")] = '\0';
	if (*line == '\0' || *line == '#')
		return;
	if ((pattern = strchr(line, '\t')) == NULL ||
	    (why = strchr(pattern + 1, '\t')) == NULL)
		errx(ST_USAGE, "'%s': '%s': want a kind, a pattern and why,"
		    " with a tab between", file, line);
	*pattern++ = '\0';
	*why++ = '\0';
	n = strcspn(pattern, "/");
	if (n == 0 || (pattern[n] == '/' && strcspn(pattern, "*?[") < n))
		errx(ST_USAGE, "'%s': pattern '%s': must begin with a"
		    " directory's name, or be a name", file, pattern);
	x->v = xreallocarray(x->v, x->n + 1, sizeof(*x->v));
	e = &x->v[x->n++];
	e->kind = xstrdup(line);
	e->why = xstrdup(why);
	e->first = pattern[n] == '/' ? xstrndup(pattern, n) : NULL;
	e->match = ign_parse(NULL, pattern, strlen(pattern), "");
	if (e->match == NULL)
		err(ST_SYS, "cannot read '%s'", file);
}

static void
xread(struct executes *x, const char *path, int fd)
{
	struct buf b = BUF_INIT;
	char *line, *next;

	if (io_slurp(fd, &b, TABLE_MAX) == -1 || buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '%s'", path);
	close(fd);
	for (line = b.p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		xadd(x, line, path);
	}
	buf_free(&b);
}

void
xexecutes_load(struct executes *x)
{
	char *path = xconf_share("rules/executes.tsv"), *dir;
	int fd;

	memset(x, 0, sizeof(*x));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(ST_SYS, "cannot open '%s'", path);
	xread(x, path, fd);
	free(path);
	dir = xconf_config_dir();
	path = xasprintf("%s/executes.tsv", dir);
	if ((fd = io_open_trusted(path)) != -1)
		xread(x, path, fd);
	else if (errno != ENOENT)
		err(ST_USAGE, "cannot use '%s'", path);
	free(path);
	free(dir);
}

void
executes_free(struct executes *x)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		free(x->v[i].kind);
		free(x->v[i].why);
		free(x->v[i].first);
		ign_free(x->v[i].match);
	}
	free(x->v);
}

/* The path from the first of its directories with this name, or NULL. */
static const char *
from(const char *path, const char *name)
{
	size_t n = strlen(name);
	const char *slash;

	for (; (slash = strchr(path, '/')) != NULL; path = slash + 1)
		if ((size_t)(slash - path) == n && memcmp(path, name, n) == 0)
			return path;
	return NULL;
}

const struct execute *
executes_find(const struct executes *x, const char *path)
{
	const char *base = strrchr(path, '/'), *part;
	size_t i;

	base = base != NULL ? base + 1 : path;
	for (i = 0; i < x->n; i++) {
		part = x->v[i].first != NULL ? from(path, x->v[i].first) : base;
		if (part != NULL && ign_match(x->v[i].match, part, 0))
			return &x->v[i];
	}
	return NULL;
}

int
executes_below(const struct executes *x, const char *name)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->v[i].first != NULL && strcmp(x->v[i].first, name) == 0)
			return 1;
	return 0;
}
