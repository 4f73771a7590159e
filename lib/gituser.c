#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "gitconfig.h"
#include "gituser.h"
#include "io.h"
#include "mem.h"

#define FILE_MAX	(1024 * 1024)
#define DEPTH		8		/* of includes */

struct reader {
	struct gituser	*u;
	const char	*path;		/* of the file that is read */
	int		 depth;
};

static void read_file(struct gituser *, const char *path, int depth);

static void
set(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

static void
include(const struct reader *r, const char *path)
{
	const char *home = getenv("HOME"), *slash;
	char *full;

	if (strncmp(path, "~/", 2) == 0)
		full = xasprintf("%s/%s", home != NULL ? home : "", path + 2);
	else if (*path == '/' || (slash = strrchr(r->path, '/')) == NULL)
		full = xstrdup(path);
	else
		full = xasprintf("%.*s/%s", (int)(slash - r->path), r->path,
		    path);
	read_file(r->u, full, r->depth - 1);
	free(full);
}

static int
take(void *arg, const char *key, const char *value)
{
	const struct reader *r = arg;

	if (strcmp(key, "user.name") == 0)
		set(&r->u->name, value);
	else if (strcmp(key, "user.email") == 0)
		set(&r->u->email, value);
	else if (strcmp(key, "include.path") == 0)
		include(r, value);
	return 0;
}

static void
read_file(struct gituser *u, const char *path, int depth)
{
	struct reader r = { u, path, depth };
	struct buf b = BUF_INIT;
	char *real;

	if (depth > 0 && (real = realpath(path, NULL)) != NULL) {
		if (io_slurp_at(AT_FDCWD, real, &b, FILE_MAX) == 0)
			gitconfig_each(b.p, b.len, take, &r);
		free(real);
	}
	buf_free(&b);
}

void
gituser_find(struct gituser *u)
{
	const char *home = getenv("HOME"), *file = getenv("GIT_CONFIG_GLOBAL");
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char *path;

	u->name = u->email = NULL;
	if (file != NULL) {
		read_file(u, file, DEPTH);
		return;
	}
	if (xdg != NULL && *xdg == '/')
		path = xasprintf("%s/git/config", xdg);
	else
		path = xasprintf("%s/.config/git/config",
		    home != NULL ? home : "");
	read_file(u, path, DEPTH);
	free(path);
	path = xasprintf("%s/.gitconfig", home != NULL ? home : "");
	read_file(u, path, DEPTH);
	free(path);
}

void
gituser_free(struct gituser *u)
{
	free(u->name);
	free(u->email);
	u->name = u->email = NULL;
}

static void
setting(struct buf *b, const char *key, const char *value)
{
	const char *p;

	if (value == NULL)
		return;
	buf_printf(b, "\t%s = \"", key);
	for (p = value; *p != '\0'; p++) {
		if (*p == '\n') {
			buf_puts(b, "\\n");
			continue;
		}
		if (*p == '"' || *p == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *p);
	}
	buf_puts(b, "\"\n");
}

void
gituser_write(const struct gituser *u, struct buf *b)
{
	/* a repository's configuration cannot be written inside: do without */
	buf_puts(b, "[branch]\n\tautoSetupMerge = false\n[push]\n"
	    "\tdefault = current\n[include]\n\tpath = /etc/gitconfig\n");
	if (u->name != NULL || u->email != NULL)
		buf_puts(b, "[user]\n");
	setting(b, "name", u->name);
	setting(b, "email", u->email);
}
