#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "io.h"
#include "mem.h"
#include "snaptake.h"
#include "tree.h"
#include "undo.h"
#include "utf8.h"

/* The bytes of path up to the end of its .git, when it is below one. */
static int
git_part(const char *path)
{
	const char *p = path, *slash;

	for (; (slash = strchr(p, '/')) != NULL; p = slash + 1)
		if (slash - p == 4 && memcmp(p, ".git", 4) == 0)
			return (int)(slash - path);
	return 0;
}

/* Traces of what git did, which are no state of the repository. */
static int
is_trace(const char *path, int git)
{
	static const char *const names[] = { "FETCH_HEAD", "COMMIT_EDITMSG",
	    "ORIG_HEAD", "gc.log", "description" };
	const char *rest = path + git + 1;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(rest, names[i]) == 0)
			return 1;
	return 0;
}

static int
is_log(const char *path, int git)
{
	return strncmp(path + git + 1, "logs/", 5) == 0 ||
	    strcmp(path + git + 1, "logs") == 0;
}

static int
is_later(const struct snap *end, const char *path, const struct snap_entry *now)
{
	const struct snap_entry *e;

	if (end == NULL)
		return 0;
	e = snap_find(end, path);
	return now == NULL || e == NULL ? e != now : !snap_same_stat(e, now);
}

static void
add(struct undo *u, enum undo_what what, const struct snap_entry *before,
    const struct snap_entry *now, const struct snap *end)
{
	struct undo_step *s;
	const char *path = before != NULL ? before->path : now->path;

	u->v = xreallocarray(u->v, u->n + 1, sizeof(*u->v));
	s = &u->v[u->n++];
	memset(s, 0, sizeof(*s));
	s->what = what;
	s->before = before;
	s->now = now;
	s->git = git_part(path);
	s->later = is_later(end, path, now);
}

static void
compare(struct undo *u, const struct snap_entry *before,
    const struct snap_entry *now, const struct snap *end, int dir, int ws)
{
	int git = git_part(before->path);

	if (before->type == SNAP_LEFT || before->type == SNAP_OTHER ||
	    (now != NULL && (now->type == SNAP_LEFT ||
	    snap_same_stat(before, now))))
		return;
	if (git > 0 && (is_trace(before->path, git) ||
	    (now != NULL && is_log(before->path, git))))
		return;
	if (now != NULL && before->type == now->type && (now->type ==
	    SNAP_DIR || snap_same_content(dir, before, ws) == 1)) {
		if (before->mode != now->mode && now->type != SNAP_LINK)
			add(u, UNDO_MODE, before, now, end);
		return;
	}
	add(u, before->type != SNAP_DIR && before->pack == NULL ? UNDO_LOST :
	    UNDO_RESTORE, before, now, end);
}

/*
 * A repository is one thing: what was done in it after the session's end, but
 * for the index, which git refreshes by itself, keeps all of it as it is.
 */
static void
join_repositories(struct undo *u)
{
	const char *path;
	size_t i, from, to;
	int later;

	for (from = 0; from < u->n; from = to) {
		to = from + 1;
		if (u->v[from].git == 0)
			continue;
		path = undo_path(&u->v[from]);
		later = 0;
		for (to = from; to < u->n && u->v[to].git == u->v[from].git &&
		    strncmp(undo_path(&u->v[to]), path,
		    (size_t)u->v[from].git + 1) == 0; to++)
			later |= u->v[to].later && strcmp(undo_path(&u->v[to]) +
			    u->v[to].git, "/index") != 0;
		for (i = from; i < to; i++)
			u->v[i].later = later;
	}
}

void
undo_plan(struct undo *u, const struct snap *before, const struct snap *now,
    const struct snap *end, int dir, int ws)
{
	const struct snap_entry *b, *n;
	size_t i = 0, k = 0;
	int c, git;

	memset(u, 0, sizeof(*u));
	while (i < before->n || k < now->n) {
		b = i < before->n ? &before->v[i] : NULL;
		n = k < now->n ? &now->v[k] : NULL;
		c = b == NULL ? 1 : n == NULL ? -1 : strcmp(b->path, n->path);
		i += c <= 0;
		k += c >= 0;
		if (c <= 0) {
			compare(u, b, c == 0 ? n : NULL, end, dir, ws);
			continue;
		}
		git = git_part(n->path);
		if (n->type == SNAP_LEFT || snap_is_left(before, n->path) ||
		    (git > 0 && (is_trace(n->path, git) ||
		    is_log(n->path, git))))
			continue;
		add(u, UNDO_REMOVE, NULL, n, end);
	}
	join_repositories(u);
}

void
undo_free(struct undo *u)
{
	free(u->v);
	memset(u, 0, sizeof(*u));
}

const char *
undo_path(const struct undo_step *s)
{
	return s->before != NULL ? s->before->path : s->now->path;
}

const char *
undo_word(const struct undo_step *s)
{
	switch (s->what) {
	case UNDO_REMOVE:
		return "remove";
	case UNDO_MODE:
		return "mode";
	case UNDO_LOST:
		return "lost";
	default:
		return s->now != NULL ? "restore" : "bring back";
	}
}

void
undo_secure(struct undo *u, const struct snap *kept)
{
	const struct snap_entry *e;
	size_t i;

	for (i = 0; i < u->n; i++) {
		if (u->v[i].now == NULL || u->v[i].now->type == SNAP_DIR ||
		    u->v[i].now->type == SNAP_OTHER ||
		    u->v[i].what == UNDO_MODE)
			continue;
		e = snap_find(kept, undo_path(&u->v[i]));
		u->v[i].unsafe = e == NULL || e->pack == NULL ||
		    !snap_same_stat(e, u->v[i].now);
	}
}

/* The directory that path is in, open; made where missing. */
static int
open_parent(int ws, const char *path, int make)
{
	const char *end;
	char *part;
	int fd = -1;

	for (end = strchr(path, '/'); make && end != NULL;
	    end = strchr(end + 1, '/')) {
		part = xstrndup(path, (size_t)(end - path));
		if ((fd = open_parent(ws, part, 0)) != -1) {
			mkdirat(fd, strrchr(part, '/') != NULL ?
			    strrchr(part, '/') + 1 : part, 0777);
			close(fd);
		}
		free(part);
	}
	if ((end = strrchr(path, '/')) == NULL)
		return openat(ws, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	part = xstrndup(path, (size_t)(end - path));
	fd = tree_open(ws, part, O_RDONLY | O_DIRECTORY);
	free(part);
	return fd;
}

/* A link or file under a name of its own, then renamed: never half of it. */
static int
put_content(int dir, int at, const char *name, const struct snap_entry *e)
{
	struct buf b = BUF_INIT;
	char tmp[32] = ".aipod-undo-";
	int fd, rc = -1, saved;

	if (rand_hex(tmp + 12, 8) == -1)
		return -1;
	if (e->type == SNAP_LINK) {
		if (snap_content(dir, e, &b, 65536) == 0 &&
		    buf_str(&b) != NULL && symlinkat(b.p, at, tmp) == 0)
			rc = geteuid() != 0 ? 0 : fchownat(at, tmp,
			    (uid_t)e->uid, (gid_t)e->gid, AT_SYMLINK_NOFOLLOW);
		buf_free(&b);
	} else {
		fd = openat(at, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
		if (fd != -1) {
			rc = snap_copy_out(dir, e, fd);
			if (rc == 0 && geteuid() == 0)
				rc = fchown(fd, (uid_t)e->uid, (gid_t)e->gid);
			if (rc == 0)
				rc = fchmod(fd, (mode_t)e->mode & 0777);
			if (close(fd) == -1)
				rc = -1;
		}
	}
	if (rc == 0)
		rc = renameat(at, tmp, at, name);
	saved = errno;
	if (rc == -1)
		unlinkat(at, tmp, 0);
	errno = saved;
	return rc;
}

static int
put_directory(int at, const char *name, const struct snap_entry *e)
{
	int fd, rc;

	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return -1;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = geteuid() == 0 ? fchown(fd, (uid_t)e->uid, (gid_t)e->gid) : 0;
	if (rc == 0)
		rc = fchmod(fd, (mode_t)e->mode & 0777);
	close(fd);
	return rc;
}

static int
set_mode(int at, const char *name, const struct snap_entry *e)
{
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc;

	if (fd == -1)
		return -1;
	rc = fchmod(fd, (mode_t)e->mode & 0777);
	close(fd);
	return rc;
}

/* pass 0: what goes; pass 1: directories that go; pass 2: what comes. */
static int
do_step(const struct undo_step *s, int dir, int ws, int pass)
{
	const char *path = undo_path(s), *base = strrchr(path, '/');
	int goes, at, rc = 0;

	base = base != NULL ? base + 1 : path;
	goes = s->what == UNDO_REMOVE || (s->what == UNDO_RESTORE &&
	    s->now != NULL && s->now->type != s->before->type);
	if ((pass == 0 && (!goes || s->now->type == SNAP_DIR)) ||
	    (pass == 1 && (!goes || s->now->type != SNAP_DIR)) ||
	    (pass == 2 && s->what == UNDO_REMOVE))
		return 0;
	if ((at = open_parent(ws, path, pass == 2)) == -1)
		return pass == 2 ? -1 : 0;
	if (pass == 0)
		rc = unlinkat(at, base, 0);
	else if (pass == 1) {
		/* something of the user's may be in it */
		if (unlinkat(at, base, AT_REMOVEDIR) == -1 &&
		    errno != ENOTEMPTY && errno != EEXIST)
			rc = -1;
	} else if (s->what == UNDO_MODE)
		rc = set_mode(at, base, s->before);
	else if (s->before->type == SNAP_DIR)
		rc = put_directory(at, base, s->before);
	else
		rc = put_content(dir, at, base, s->before);
	if (rc == -1 && errno == ENOENT && pass != 2)
		rc = 0;
	close(at);
	return rc;
}

/* The objects that a repository had, for what its references will name. */
static int
put_repositories(const struct undo *u, int dir, int ws, int all)
{
	const char *path;
	char *objects;
	size_t i;
	int fd, git = 0, failed = 0;

	for (i = 0; i < u->n; i++) {
		path = undo_path(&u->v[i]);
		if (u->v[i].git == 0 || (u->v[i].later && !all) || (git ==
		    u->v[i].git && i > 0 && strncmp(path, undo_path(&u->v[i -
		    1]), (size_t)git + 1) == 0))
			continue;
		git = u->v[i].git;
		objects = xasprintf("%.*s/objects/x", git, path);
		if ((fd = open_parent(ws, objects, 1)) != -1)
			close(fd);
		objects[strlen(objects) - 2] = '\0';
		if (fd == -1 || snap_put_objects(dir, ws, objects) == -1) {
			warn("cannot bring back all of '%s'", objects);
			failed++;
		}
		free(objects);
	}
	return failed;
}

int
undo_do(const struct undo *u, int dir, int ws, int all)
{
	const struct undo_step *s;
	char *name;
	size_t i;
	int pass, failed = put_repositories(u, dir, ws, all);

	for (pass = 0; pass < 3; pass++)
		for (i = 0; i < u->n; i++) {
			/* the deepest goes first */
			s = &u->v[pass == 1 ? u->n - 1 - i : i];
			if (s->what == UNDO_LOST || (s->later && !all) ||
			    (!s->unsafe && do_step(s, dir, ws, pass) == 0) ||
			    (s->unsafe && pass != 0))
				continue;
			name = xvis(undo_path(s));
			if (s->unsafe)
				warnx("'%s' stays as it is: it is too large to"
				    " keep a copy of", name);
			else
				warn("cannot %s '%s'", undo_word(s), name);
			free(name);
			failed += !s->unsafe;
		}
	return failed;
}
