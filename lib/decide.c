#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "decide.h"
#include "finding.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "workspace.h"

#define LIST_MAX	(64 * 1024 * 1024)

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static void
append(struct decisions *l, const char *path, const char *rule,
    const char *print, const char *when, const char *moved)
{
	struct decision *d;

	if ((l->n & (l->n - 1)) == 0)
		l->v = xreallocarray(l->v, l->n != 0 ? 2 * l->n : 1,
		    sizeof(*l->v));
	d = &l->v[l->n++];
	d->path = xstrdup(path);
	d->rule = copy(rule);
	d->print = copy(print);
	d->when = copy(when);
	d->moved = copy(moved);
}

static void
clear(struct decision *d)
{
	free(d->path);
	free(d->rule);
	free(d->print);
	free(d->when);
	free(d->moved);
}

static void
list_free(struct decisions *l)
{
	while (l->n > 0)
		clear(&l->v[--l->n]);
	free(l->v);
	l->v = NULL;
}

static void
xload(struct decisions *l, const char *dir, const char *name)
{
	struct buf b = BUF_INIT;
	char *file = xasprintf("%s/%s", dir, name), *line, *next, *f[5];
	int fd;

	if ((fd = io_open_trusted(file)) == -1) {
		if (errno == EPERM)
			errx(ST_USAGE, "refusing '%s': it must be a file of"
			    " yours that others cannot write", file);
		if (errno != ENOENT)
			err(ST_SYS, "cannot open '%s'", file);
		free(file);
		return;
	}
	if (io_slurp(fd, &b, LIST_MAX) == -1 || buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '%s'", file);
	close(fd);
	for (line = b.p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		memset(f, 0, sizeof(f));
		if (rec_split(line, f, 5) < 1 || f[0] == NULL ||
		    !finding_path_ok(f[0]))
			errx(ST_USAGE, "'%s' has a line that is no record:"
			    " mend or remove it", file);
		append(l, f[0], f[1], f[2], f[3], f[4]);
	}
	buf_free(&b);
	free(file);
}

static void
xsave(const struct decisions *l, const char *dir, const char *name)
{
	struct buf b = BUF_INIT;
	const struct decision *d;
	char *file = xasprintf("%s/%s", dir, name);
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		const char *f[5];

		d = &l->v[i];
		f[0] = d->path;
		f[1] = d->rule;
		f[2] = d->print;
		f[3] = d->when;
		f[4] = d->moved;
		for (k = 0; k < 5; k++) {
			rec_add(&b, f[k] != NULL ? f[k] : "",
			    f[k] != NULL ? strlen(f[k]) : 0);
			buf_addc(&b, k < 4 ? '\t' : '\n');
		}
	}
	xbuf_check(&b);
	if (io_replace(AT_FDCWD, file, b.p, b.len, 0600) == -1)
		err(ST_SYS, "cannot write '%s'", file);
	buf_free(&b);
	free(file);
}

/* "device inode" of the workspace: what stays when a parent is renamed. */
static char *
xidentity(const struct workspace *w)
{
	struct stat st;

	if (stat(w->path, &st) == -1)
		err(ST_SYS, "cannot look at '%s'", w->path);
	return xasprintf("%llu %llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
}

/* The state of the directory that this one was before it was moved, or NULL. */
static char *
find_former(const struct workspace *w, const char *identity, char **was)
{
	char *top = xconf_state_dir(), *fact, *id, *path, *found = NULL;
	struct dirent *d;
	struct stat st;
	DIR *dir = opendir(top);

	while (dir != NULL && found == NULL && (d = readdir(dir)) != NULL) {
		if (!is_hex(d->d_name, WORKSPACE_HASH - 1) ||
		    strcmp(d->d_name, w->hash) == 0)
			continue;
		fact = xasprintf("%s/%s/inode", top, d->d_name);
		id = io_line(fact);
		free(fact);
		if (id == NULL || strcmp(id, identity) != 0) {
			free(id);
			continue;
		}
		free(id);
		fact = xasprintf("%s/%s/path", top, d->d_name);
		path = io_line(fact);
		free(fact);
		if (path != NULL && lstat(path, &st) == -1 &&
		    (errno == ENOENT || errno == ENOTDIR)) {
			found = xasprintf("%s/%s", top, d->d_name);
			*was = path;
		} else
			free(path);
	}
	if (dir != NULL)
		closedir(dir);
	free(top);
	return found;
}

static int
has(const char *dir, const char *name)
{
	char *file = xasprintf("%s/%s", dir, name);
	int rc = access(file, F_OK) == 0;

	free(file);
	return rc;
}

void
xdecided_load(struct decided *d, const struct workspace *w, int change,
    char **was)
{
	char *file, *former, *identity;

	memset(d, 0, sizeof(*d));
	*was = NULL;
	d->lock = -1;
	if (change) {
		d->dir = xworkspace_make_state(w);
		file = xasprintf("%s/decided", d->dir);
		d->lock = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
		if (d->lock == -1)
			err(ST_SYS, "cannot open '%s'", file);
		while (flock(d->lock, LOCK_EX) == -1)
			if (errno != EINTR)
				err(ST_SYS, "cannot lock '%s'", file);
		free(file);
	} else
		d->dir = workspace_state(w, NULL);
	if (has(d->dir, "inode") || has(d->dir, "hidden")) {
		xload(&d->hidden, d->dir, "hidden");
		xload(&d->ignored, d->dir, "ignored");
	} else {
		identity = xidentity(w);
		if ((former = find_former(w, identity, was)) != NULL) {
			xload(&d->hidden, former, "hidden");
			xload(&d->ignored, former, "ignored");
		}
		free(former);
		free(identity);
	}
	xload(&d->masks, d->dir, "masks");
	xload(&d->unmasked, d->dir, "unmasked");
}

void
xdecided_save(const struct decided *d, const struct workspace *w)
{
	char *id = xidentity(w), *file = xasprintf("%s/inode", d->dir);

	xsave(&d->hidden, d->dir, "hidden");
	xsave(&d->ignored, d->dir, "ignored");
	xsave(&d->masks, d->dir, "masks");
	xsave(&d->unmasked, d->dir, "unmasked");
	if (io_put_line(file, id) == -1)
		err(ST_SYS, "cannot write '%s'", file);
	free(file);
	free(id);
}

void
decided_free(struct decided *d)
{
	list_free(&d->hidden);
	list_free(&d->ignored);
	list_free(&d->masks);
	list_free(&d->unmasked);
	free(d->dir);
	if (d->lock != -1)
		close(d->lock);
}

static int
equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int
xdecisions_add(struct decisions *l, const char *path, const char *rule,
    const char *print, const char *moved)
{
	char when[32];
	time_t now = time(NULL);
	struct tm tm;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].path, path) == 0 &&
		    equal(l->v[i].print, print))
			return 0;
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		errx(ST_SYS, "cannot tell the time");
	append(l, path, rule, print, when, moved);
	return 1;
}

size_t
decisions_remove(struct decisions *l, const char *path)
{
	size_t i, n = 0, removed;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].path, path) == 0)
			clear(&l->v[i]);
		else
			l->v[n++] = l->v[i];
	removed = l->n - n;
	l->n = n;
	return removed;
}

struct decision *
decisions_find(const struct decisions *l, const char *path)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].path, path) == 0)
			return &l->v[i];
	return NULL;
}

int
decisions_cover(const struct decisions *l, const char *path)
{
	size_t i, n;

	for (i = 0; i < l->n; i++) {
		n = strlen(l->v[i].path);
		if (strncmp(l->v[i].path, path, n) == 0 &&
		    (path[n] == '/' || path[n] == '\0'))
			return 1;
	}
	return 0;
}

int
decided_settles(const struct decided *d, const struct finding *f)
{
	size_t i;

	if (decisions_cover(&d->hidden, f->path) ||
	    decisions_cover(&d->masks, f->path))
		return 1;
	for (i = 0; i < d->ignored.n; i++)
		if (equal(d->ignored.v[i].print, f->print) &&
		    strcmp(d->ignored.v[i].path, f->path) == 0)
			return 1;
	return 0;
}
