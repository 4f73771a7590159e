#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "conf.h"
#include "decide.h"
#include "findings.h"
#include "hideop.h"
#include "json.h"
#include "mem.h"
#include "rec.h"
#include "stash.h"
#include "status.h"
#include "tool.h"
#include "tree.h"
#include "utf8.h"
#include "workspace.h"

char *
xhide_path(const struct workspace *w, const char *path, int below)
{
	char *full, *slash, *dir, *name, *rel = NULL;
	size_t n = strlen(w->path);

	full = below && *path != '/' ? xasprintf("%s/%s", w->path, path) :
	    xstrdup(path);
	while ((slash = strrchr(full, '/')) != NULL && slash != full &&
	    slash[1] == '\0')
		*slash = '\0';
	/* the directory is resolved, the name itself may be a link or gone */
	slash = strrchr(full, '/');
	name = xstrdup(slash != NULL ? slash + 1 : full);
	if (slash != NULL)
		slash[slash == full] = '\0';
	dir = realpath(slash != NULL ? full : ".", NULL);
	if (dir != NULL && strncmp(dir, w->path, n) == 0 &&
	    (dir[n] == '/' || dir[n] == '\0'))
		rel = xasprintf("%s%s%s", dir[n] == '/' ? dir + n + 1 : "",
		    dir[n] == '/' ? "/" : "", name);
	free(dir);
	free(name);
	free(full);
	if (rel == NULL && *path != '/')
		rel = xstrdup(path);	/* its directory is gone */
	if (rel == NULL || !finding_path_ok(rel))
		errx(ST_USAGE, "'%s' is not inside the workspace '%s'", path,
		    w->path);
	return rel;
}

static mode_t
kind(int root, const char *rel)
{
	const char *slash = strrchr(rel, '/');
	struct stat st;
	char *dir;
	int fd, rc;

	if (slash == NULL)
		return fstatat(root, rel, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
		    st.st_mode & S_IFMT : 0;
	dir = xstrndup(rel, (size_t)(slash - rel));
	fd = tree_open(root, dir, O_RDONLY | O_DIRECTORY);
	free(dir);
	if (fd == -1)
		return 0;
	rc = fstatat(fd, slash + 1, &st, AT_SYMLINK_NOFOLLOW);
	close(fd);
	return rc == 0 ? st.st_mode & S_IFMT : 0;
}

static int
xroot(const struct workspace *w)
{
	int fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		err(ST_SYS, "cannot open '%s'", w->path);
	return fd;
}

/* Hide one; 0, or the status to end with. */
static int
add(struct decided *d, const struct workspace *w, int root, const char *rel,
    const char *rule, const char *print, const char *move)
{
	char *moved = NULL;
	mode_t m = kind(root, rel);

	if (decisions_find(&d->hidden, rel) != NULL)
		return ST_YES;
	if (m != S_IFREG && m != S_IFDIR) {
		warnx("cannot hide '%s': %s", rel, m == 0 ? "it is not there" :
		    "it is neither a file nor a directory");
		return ST_USAGE;
	}
	if (move != NULL && (moved = stash_out(w, rel, move)) == NULL) {
		warn("cannot move '%s' to '%s'", rel, move);
		return ST_SYS;
	}
	xdecisions_add(&d->hidden, rel, rule, print, moved);
	free(moved);
	return ST_YES;
}

int
xhide_add(struct decided *d, const struct workspace *w, char **paths,
    int below, const char *move)
{
	struct findings f;
	int rc = ST_YES, one, root = xroot(w);
	size_t i;
	char *rel;

	for (; paths[0] != NULL; paths++) {
		rel = xhide_path(w, *paths, below);
		one = add(d, w, root, rel, NULL, NULL, move);
		rc = one != ST_YES ? one : rc;
		free(rel);
		if (paths[1] == NULL)
			goto done;
	}
	xfindings_read(&f, STDIN_FILENO);
	for (i = 0; i < f.n; i++) {
		one = add(d, w, root, f.v[i].path, f.v[i].rule, f.v[i].print,
		    move);
		rc = one != ST_YES ? one : rc;
	}
	findings_free(&f);
done:
	close(root);
	xhide_tell_tracked(d, w);
	return rc;
}

int
xhide_remove(struct decided *d, const struct workspace *w, char **paths,
    int below)
{
	struct decision *e;
	int rc = ST_YES;
	char *rel;

	if (*paths == NULL)
		errx(ST_USAGE, "remove: which path?");
	for (; *paths != NULL; paths++) {
		rel = xhide_path(w, *paths, below);
		if ((e = decisions_find(&d->hidden, rel)) == NULL) {
			warnx("'%s' is not hidden", rel);
			rc = rc == ST_YES ? ST_NO : rc;
		} else if (e->moved != NULL &&
		    stash_back(w, rel, e->moved) == -1) {
			warn("cannot move '%s' back to '%s'", e->moved, rel);
			rc = ST_SYS;
		} else
			decisions_remove(&d->hidden, rel);
		free(rel);
	}
	return rc;
}

static const char *
presence(int root, const struct decision *e)
{
	switch (kind(root, e->path)) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "link";
	case 0:
		return "gone";
	default:
		return "other";
	}
}

static void
put(const struct decision *e, const char *state, const char *now, int json)
{
	const char *f[7];
	struct buf b = BUF_INIT;
	struct json_out j;

	if (!json) {
		f[0] = e->path;
		f[1] = state;
		f[2] = now;
		f[3] = e->rule;
		f[4] = e->print;
		f[5] = e->when;
		f[6] = e->moved;
		rec_line(stdout, 7, f);
		return;
	}
	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "path", e->path);
	json_member(&j, "state", state);
	json_member(&j, "now", now);
	json_member(&j, "rule", e->rule);
	json_member(&j, "fingerprint", e->print);
	json_member(&j, "when", e->when);
	json_member(&j, "moved", e->moved);
	xjson_end(&j);
}

void
xhide_list(const struct decided *d, const struct workspace *w, int json)
{
	int root = xroot(w);
	size_t i;

	for (i = 0; i < d->hidden.n; i++)
		put(&d->hidden.v[i], d->hidden.v[i].moved != NULL ? "moved" :
		    "hidden", presence(root, &d->hidden.v[i]), json);
	for (i = 0; i < d->ignored.n; i++)
		put(&d->ignored.v[i], "ignored",
		    presence(root, &d->ignored.v[i]), json);
	close(root);
}

/* A directory above the path is hidden, too: that mount does for both. */
static int
nested(const struct decisions *l, const char *path)
{
	char *up = xstrdup(path), *slash;
	int rc = 0;

	while (!rc && (slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		rc = decisions_find(l, up) != NULL;
	}
	free(up);
	return rc;
}

void
xhide_mounts(const struct decided *d, const struct workspace *w)
{
	const struct decision *e;
	const char *f[2];
	int root = xroot(w);
	size_t i;

	for (i = 0; i < d->hidden.n; i++) {
		e = &d->hidden.v[i];
		if (e->moved != NULL || nested(&d->hidden, e->path) ||
		    decisions_cover(&d->masks, e->path))
			continue;
		f[0] = e->path;
		f[1] = presence(root, e);
		if (strcmp(f[1], "file") == 0 || strcmp(f[1], "dir") == 0)
			rec_line(stdout, 2, f);
		else if (strcmp(f[1], "gone") != 0 && tool_verbose >= 0)
			warnx("hidden '%s' is now a %s: it cannot be mounted"
			    " over", e->path, f[1]);
	}
	close(root);
}

void
xhide_tell_tracked(const struct decided *d, const struct workspace *w)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	char *git = xasprintf("%s/.git", w->path), *name;
	size_t i;

	if (tool_verbose < 0 || access(git, F_OK) == -1 || d->hidden.n == 0)
		goto out;
	/* what an agent wrote into .git/config must not run here */
	argv_add(&a, "git");
	argv_add(&a, "--literal-pathspecs");
	argv_add(&a, "-c");
	argv_add(&a, "core.fsmonitor=false");
	argv_add(&a, "-C");
	argv_add(&a, w->path);
	argv_add(&a, "ls-files");
	argv_add(&a, "-z");
	argv_add(&a, "--");
	for (i = 0; i < d->hidden.n && i < 1000; i++)
		argv_add(&a, d->hidden.v[i].path);
	if (child_capture(a.v, NULL, &out, 16 * 1024 * 1024) != 0)
		goto out;
	for (i = 0; i < out.len; i += strlen(out.p + i) + 1) {
		name = xvis(out.p + i);
		warnx("'%s' is hidden, but git tracks it: its history in .git"
		    " can be read in the container (aipod scan --history)",
		    name);
		free(name);
	}
out:
	argv_free(&a);
	buf_free(&out);
	free(git);
}
