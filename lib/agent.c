#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "status.h"

#define NAME_MAX_LEN	32
#define FILE_MAX_LEN	(256 * 1024)

static int
is_name(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if ((s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= '0' && s[i] <= '9'))
			continue;
		if (i == 0 || strchr("-_.", s[i]) == NULL)
			return 0;
	}
	return i > 0 && i <= NAME_MAX_LEN;
}

/* Where agents live: 0 the user's own, 1 ours. */
static char *
place(int i)
{
	char *dir, *path;

	if (i == 1)
		return xconf_share("agents");
	dir = xconf_config_dir();
	path = xasprintf("%s/agents", dir);
	free(dir);
	return path;
}

static int
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
agent_find(struct agent *a, const char *name)
{
	char *dir, *path;
	int i;

	memset(a, 0, sizeof(*a));
	if (!is_name(name)) {
		errno = EINVAL;
		return -1;
	}
	for (i = 0; i < 2; i++) {
		dir = place(i);
		path = xasprintf("%s/%s", dir, name);
		free(dir);
		if (is_dir(path)) {
			a->name = xstrdup(name);
			a->dir = path;
			a->own = i == 0;
			return 0;
		}
		free(path);
	}
	errno = ENOENT;
	return -1;
}

void
xagent_find(struct agent *a, const char *name)
{
	struct agent *all;
	struct buf b = BUF_INIT;
	int i, n;

	if (agent_find(a, name) == 0)
		return;
	n = agent_list(&all);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", all[i].name);
	buf_addc(&b, '\0');
	xbuf_check(&b);
	errx(ST_USAGE, "no agent '%s': there are %s", name,
	    n > 0 ? b.p : "none");
}

void
agent_free(struct agent *a)
{
	free(a->name);
	free(a->dir);
	memset(a, 0, sizeof(*a));
}

static int
compare(const void *a, const void *b)
{
	const struct agent *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
is_listed(const struct agent *all, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return 1;
	return 0;
}

int
agent_list(struct agent **all)
{
	struct dirent *e;
	struct agent a;
	char *dir;
	DIR *d;
	int i, n = 0;

	*all = NULL;
	for (i = 0; i < 2; i++) {
		dir = place(i);
		d = opendir(dir);
		free(dir);
		if (d == NULL)
			continue;
		while ((e = readdir(d)) != NULL) {
			if (is_listed(*all, n, e->d_name) ||
			    agent_find(&a, e->d_name) == -1)
				continue;
			*all = xreallocarray(*all, (size_t)n + 1,
			    sizeof(**all));
			(*all)[n++] = a;
		}
		closedir(d);
	}
	if (n > 1)
		qsort(*all, (size_t)n, sizeof(**all), compare);
	return n;
}

void
agents_free(struct agent *all, int n)
{
	int i;

	for (i = 0; i < n; i++)
		agent_free(&all[i]);
	free(all);
}

char *
agent_path(const struct agent *a, const char *file)
{
	struct stat st;
	char *path = xasprintf("%s/%s", a->dir, file);

	if (stat(path, &st) == 0)
		return path;
	free(path);
	return NULL;
}

int
agent_words(const struct agent *a, const char *file, struct argv *out)
{
	struct buf b = BUF_INIT;
	char *path, *p, *eol;
	int rc, saved;

	path = xasprintf("%s/%s", a->dir, file);
	rc = io_slurp_at(AT_FDCWD, path, &b, FILE_MAX_LEN);
	saved = errno;
	free(path);
	if (rc == -1) {
		buf_free(&b);
		errno = saved;
		return saved == ENOENT ? 0 : -1;
	}
	if (buf_str(&b) == NULL || strlen(b.p) != b.len) {
		buf_free(&b);
		errno = EINVAL;
		return -1;
	}
	for (p = b.p; *p != '\0'; p = eol) {
		eol = p + strcspn(p, "\n");
		if (*eol == '\n')
			*eol++ = '\0';
		if (*p != '\0' && *p != '#')
			argv_add(out, p);
	}
	buf_free(&b);
	return 0;
}

void
xagent_choose(struct agent *chosen, const char *list, char *const *words)
{
	char *copy = xstrdup(list), *p, *next;
	struct agent a;
	int n = 0;

	for (p = copy; p != NULL; p = next) {
		if ((next = strchr(p, ',')) != NULL)
			*next++ = '\0';
		p[strcspn(p, "@")] = '\0';
		xagent_find(&a, p);
		if (n++ == 0)
			*chosen = a;
		else if (words != NULL && words[0] != NULL &&
		    strcmp(words[0], p) == 0) {
			agent_free(chosen);
			*chosen = a;
		} else
			agent_free(&a);
	}
	free(copy);
}
