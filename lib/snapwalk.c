#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ign.h"
#include "mem.h"
#include "snapwalk.h"
#include "tree.h"

#define IN_GIT		1		/* below a .git */
#define IN_IGNORED	2		/* only what is wanted */

struct place {
	struct snapwalk	*w;
	struct buf	 path;		/* of where we are, "" or "a/b/" */
};

static int walk(struct place *, int, struct ign *, int, int);

/* What tools fill and can fill again, in whatever project. */
static int
is_refilled(const char *name)
{
	static const char *const names[] = { "node_modules", ".venv", "venv",
	    "__pycache__", ".tox", ".nox", "bower_components", ".gradle",
	    ".pnpm-store", ".mypy_cache", ".pytest_cache", ".ruff_cache" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

/* Comings and goings of git's that mean nothing later. */
static int
is_passing(const char *name)
{
	size_t n = strlen(name);

	return (n > 5 && strcmp(name + n - 5, ".lock") == 0) ||
	    strncmp(name, "fsmonitor--daemon", 17) == 0 ||
	    strcmp(name, "gc.pid") == 0;
}

static int
is_skipped(const struct snapwalk *w, const char *path)
{
	size_t i;

	for (i = 0; w->skip != NULL && i < w->skip->n; i++)
		if (strcmp(w->skip->v[i], path) == 0)
			return 1;
	return 0;
}

static void
fill(struct snap_entry *e, const struct stat *st)
{
	memset(e, 0, sizeof(*e));
	e->type = S_ISREG(st->st_mode) ? SNAP_FILE : S_ISDIR(st->st_mode) ?
	    SNAP_DIR : S_ISLNK(st->st_mode) ? SNAP_LINK : SNAP_OTHER;
	e->mode = (unsigned int)st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->size = S_ISDIR(st->st_mode) ? 0 : st->st_size;
	e->mtime = st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
	e->ctime = st->st_ctim.tv_sec * 1000000000LL + st->st_ctim.tv_nsec;
	if (e->mtime < 0)
		e->mtime = 0;
	if (e->ctime < 0)
		e->ctime = 0;
	e->ino = (unsigned long long)st->st_ino & 0x7fffffffffffffffULL;
}

/* Tell of one entry; path holds its name already. */
static int
tell(struct place *p, int dirfd, const char *name, struct snap_entry *e)
{
	e->path = buf_str(&p->path);
	if (e->path == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return p->w->found(p->w->arg, dirfd, name, e);
}

static int
enter(struct place *p, int dirfd, const char *name, struct ign *ign, int flags,
    int depth)
{
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		return 0;
	buf_addc(&p->path, '/');
	return walk(p, fd, ign, flags, depth + 1);
}

static int
directory(struct place *p, int dirfd, const char *name, struct ign *ign,
    struct snap_entry *e, int flags, int depth)
{
	struct snapwalk *w = p->w;
	struct stat st;
	int rc;

	if ((flags & IN_GIT) != 0) {
		if (strcmp(name, "objects") == 0 &&
		    fstatat(dirfd, "HEAD", &st, AT_SYMLINK_NOFOLLOW) == 0) {
			if (w->objects != NULL)
				w->objects(w->arg, dirfd, p->path.p);
			return 0;
		}
		if (strcmp(name, "lfs") == 0)
			e->type = SNAP_LEFT;
	} else if (strcmp(name, ".git") == 0)
		flags = IN_GIT;
	else if (is_refilled(name))
		e->type = SNAP_LEFT;
	else if ((flags & IN_IGNORED) != 0 || ign_match(ign, p->path.p, 1)) {
		flags |= IN_IGNORED;
		if (w->wanted == NULL || !w->wanted(w->arg, p->path.p, 1))
			e->type = SNAP_LEFT;
	}
	rc = tell(p, dirfd, name, e);
	if (rc != 0 || e->type == SNAP_LEFT)
		return rc;
	return enter(p, dirfd, name, ign, flags, depth);
}

static int
one(struct place *p, int dirfd, const char *name, struct ign *ign, int flags,
    int depth)
{
	struct snapwalk *w = p->w;
	struct snap_entry e;
	struct stat st;
	size_t was = p->path.len;
	int rc = 0;

	buf_puts(&p->path, name);
	if (buf_str(&p->path) == NULL || p->path.len > TREE_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (((flags & IN_GIT) != 0 && is_passing(name)) ||
	    (was == 0 && strcmp(name, ".aipod") == 0))
		;
	else if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		rc = errno == ENOENT || errno == EACCES ? 0 : -1;
	else {
		fill(&e, &st);
		if (is_skipped(w, p->path.p)) {
			e.type = SNAP_LEFT;
			rc = tell(p, dirfd, name, &e);
		} else if (e.type == SNAP_DIR)
			rc = directory(p, dirfd, name, ign, &e, flags, depth);
		else if ((flags & IN_GIT) != 0 || ((flags & IN_IGNORED) == 0 &&
		    !ign_match(ign, p->path.p, 0)) || (w->wanted != NULL &&
		    w->wanted(w->arg, p->path.p, 0)))
			rc = tell(p, dirfd, name, &e);
		else if ((flags & IN_IGNORED) == 0) {
			e.type = SNAP_LEFT;
			rc = tell(p, dirfd, name, &e);
		}
	}
	p->path.len = was;
	return rc;
}

/* What the caller says of the rules in the file `name' of where we are. */
static int
ask(struct place *p, const char *name, struct buf *text)
{
	size_t was = p->path.len;
	int how = -1;

	if (p->w->rules == NULL)
		return -1;
	buf_puts(&p->path, name);
	if (buf_str(&p->path) != NULL)
		how = p->w->rules(p->w->arg, p->path.p, text);
	p->path.len = was;
	return how;
}

/* The rules that hold in a directory: those above and its own. */
static struct ign *
rules_of(struct place *p, int fd, struct ign *ign)
{
	struct buf text = BUF_INIT;
	struct ign *more = NULL;
	struct stat st;
	char *dir;
	int how;

	if ((dir = buf_str(&p->path)) == NULL)
		return ign;
	dir = xstrndup(dir, p->path.len - (p->path.len > 0));
	if (fstatat(fd, ".git", &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if ((how = ask(p, ".git/info/exclude", &text)) == -1)
			ign = ign_repository(ign, fd, dir);
		else {
			ign_free(ign);
			ign = ign_parse(NULL, text.p, text.len, dir);
		}
	}
	buf_clear(&text);
	if ((how = ask(p, ".gitignore", &text)) == -1)
		ign = ign_load(ign, fd, ".gitignore", dir);
	else if (text.len > 0)
		more = ign_parse(ign, text.p, text.len, dir);
	free(dir);
	buf_free(&text);
	return more != NULL ? more : ign;
}

/* Takes over the descriptor. */
static int
walk(struct place *p, int fd, struct ign *up, int flags, int depth)
{
	struct ign *ign;
	struct dirent *e;
	DIR *d;
	int rc = 0;

	if (depth > SNAP_DEPTH || (d = fdopendir(fd)) == NULL) {
		close(fd);
		return 0;
	}
	ign = ign_ref(up);
	if (flags == 0)
		ign = rules_of(p, dirfd(d), ign);
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		rc = one(p, dirfd(d), e->d_name, ign, flags, depth);
	}
	closedir(d);
	ign_free(ign);
	return rc;
}

int
snap_walk(struct snapwalk *w)
{
	struct place p = { w, BUF_INIT };
	int fd, rc;

	fd = openat(w->ws, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = walk(&p, fd, NULL, 0, 0);
	buf_free(&p.path);
	return rc;
}
