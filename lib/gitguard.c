#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "gitconfig.h"
#include "gitguard.h"
#include "io.h"
#include "mem.h"

#define CONFIG_MAX	(1024 * 1024)

static int
fail(struct gitguard *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(g->why, sizeof(g->why), fmt, ap);
	va_end(ap);
	return -1;
}

static int
is_listed(const struct argv *pairs, const char *path)
{
	size_t i;

	for (i = 0; i + 1 < pairs->n; i += 2)
		if (strcmp(pairs->v[i], path) == 0)
			return 1;
	return 0;
}

static void
add_mount(struct gitguard *g, const char *path, const char *mode)
{
	if (is_listed(&g->mounts, path))
		return;
	argv_add(&g->mounts, path);
	argv_add(&g->mounts, mode);
}

/* Every directory above path keeps its name: it is a mount of its own. */
static void
pin_parents(struct gitguard *g, const char *path)
{
	const char *slash;
	char *part;

	for (slash = strchr(path, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		part = xstrndup(path, (size_t)(slash - path));
		add_mount(g, part, "rw");
		free(part);
	}
}

/*
 * Mount path read-only; kind is what stands in for it when it is missing.
 * A link could be replaced without touching what is mounted behind it.
 */
static int
close_path(struct gitguard *g, int ws, const char *path, const char *kind)
{
	struct stat st;

	if (fstatat(ws, path, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			return fail(g, "cannot look at '%s': %s", path,
			    strerror(errno));
		argv_add(&g->missing, path);
		argv_add(&g->missing, kind);
	} else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return fail(g, "'%s' is neither file nor directory: the agent"
		    " could replace it with one that git on the host obeys;"
		    " make it a plain one", path);
	pin_parents(g, path);
	add_mount(g, path, "ro");
	return 0;
}

/*
 * A path that a configuration names, as one in the workspace: relative ones
 * from base.  NULL when it leads out, where the agent is not.
 */
static char *
inside(const struct workspace *w, const char *base, const char *path)
{
	size_t n = strlen(w->path), len = 0;
	const char *p, *end;
	char *joined, *out;

	if (*path == '~')
		return NULL;
	if (*path == '/') {
		if (strncmp(path, w->path, n) != 0 || path[n] != '/')
			return NULL;
		joined = xstrdup(path + n + 1);
	} else
		joined = xasprintf("%s%s%s", base, *base != '\0' ? "/" : "",
		    path);
	out = xmalloc(strlen(joined) + 1);
	for (p = joined; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
		if ((end = strchr(p, '/')) == NULL)
			end = p + strlen(p);
		if (end == p || (end - p == 1 && *p == '.'))
			continue;
		if (end - p == 2 && p[0] == '.' && p[1] == '.') {
			if (len == 0) {
				free(out);
				free(joined);
				return NULL;
			}
			while (len > 0 && out[--len] != '/')
				;
			continue;
		}
		if (len > 0)
			out[len++] = '/';
		memcpy(out + len, p, (size_t)(end - p));
		len += (size_t)(end - p);
	}
	out[len] = '\0';
	free(joined);
	return out;
}

struct naming {
	struct gitguard		*g;
	const struct workspace	*w;
	const char		*dir;	/* the git directory */
	int			 ws;
	int			 rc;
};

/* Called for each setting of a repository's configuration. */
static int
take_setting(void *arg, const char *key, const char *value)
{
	struct naming *n = arg;
	const char *kind = "file";
	char *path, *top;

	if (strcmp(key, "core.hookspath") == 0)
		kind = "dir";
	else if (strcmp(key, "include.path") != 0 &&
	    strcmp(key, "includeif.path") != 0 &&
	    strcmp(key, "core.attributesfile") != 0)
		return 0;
	/* includes are relative to the file, hooks to the work tree's top */
	top = xstrdup(n->dir);
	if (*kind == 'd' && strrchr(top, '/') != NULL)
		*strrchr(top, '/') = '\0';
	else if (*kind == 'd')
		*top = '\0';
	path = inside(n->w, top, value);
	free(top);
	if (path != NULL && *path != '\0')
		n->rc = close_path(n->g, n->ws, path, kind);
	free(path);
	return n->rc;
}

static int
read_config(struct gitguard *g, const struct workspace *w, int ws,
    const char *dir)
{
	struct naming n = { g, w, dir, ws, 0 };
	struct buf b = BUF_INIT;
	char *path = xasprintf("%s/config", dir);
	int rc = 0;

	if (io_slurp_at(ws, path, &b, CONFIG_MAX) == -1) {
		if (errno != ENOENT)
			rc = fail(g, "cannot read '%s': %s", path,
			    strerror(errno));
	} else {
		gitconfig_each(b.p, b.len, take_setting, &n);
		rc = n.rc;
	}
	buf_free(&b);
	free(path);
	return rc;
}

/*
 * What a linked worktree goes by; one that is not in the workspace looks lost
 * from inside, and would be pruned.
 */
static int
guard_worktrees(struct gitguard *g, const struct workspace *w, int ws,
    const char *dir)
{
	static const char *const parts[] = { "gitdir", "commondir",
	    "config.worktree" };
	char *top = xasprintf("%s/worktrees", dir), *path, *tree, *part;
	struct buf b = BUF_INIT;
	struct dirent *e;
	DIR *d = NULL;
	int fd, rc = 0;
	size_t i;

	fd = openat(ws, top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && (d = fdopendir(fd)) == NULL)
		close(fd);
	while (rc == 0 && d != NULL && (e = readdir(d)) != NULL) {
		if (*e->d_name == '.')
			continue;
		path = xasprintf("%s/%s/gitdir", top, e->d_name);
		buf_clear(&b);
		tree = NULL;
		if (io_slurp_at(ws, path, &b, 4096) == 0 && buf_str(&b) != NULL)
			tree = inside(w, top, b.p);
		path[strlen(path) - 7] = '\0';
		if (tree == NULL)
			rc = close_path(g, ws, path, "dir");
		for (i = 0; rc == 0 && tree != NULL && i < 3; i++) {
			part = xasprintf("%s/%s", path, parts[i]);
			rc = close_path(g, ws, part, "file");
			free(part);
		}
		free(tree);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	buf_free(&b);
	free(top);
	return rc;
}

static int
guard_directory(struct gitguard *g, const struct workspace *w, int ws,
    const char *dir)
{
	static const struct { const char *name, *kind; } parts[] = {
		{ "hooks", "dir" }, { "config", "file" },
		{ "config.worktree", "file" }, { "commondir", "dot" },
		{ "info/attributes", "file" }
	};
	struct stat st;
	char *path;
	size_t i;
	int rc = 0;

	if (g->mounts.n > 2 * 8 * GITGUARD_REPOS)
		return fail(g, "more than %d repositories in the workspace",
		    GITGUARD_REPOS);
	pin_parents(g, dir);
	add_mount(g, dir, "rw");
	path = xasprintf("%s/info", dir);
	if (fstatat(ws, path, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT) {
		argv_add(&g->missing, path);
		argv_add(&g->missing, "dir");
	}
	free(path);
	for (i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		path = xasprintf("%s/%s", dir, parts[i].name);
		rc = close_path(g, ws, path, parts[i].kind);
		free(path);
	}
	if (rc == 0)
		rc = guard_worktrees(g, w, ws, dir);
	return rc == 0 ? read_config(g, w, ws, dir) : rc;
}

/* Is this directory one that git would take for a repository's? */
static int
is_gitdir(int fd)
{
	struct stat st;

	return fstatat(fd, "HEAD", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(fd, "objects", &st, 0) == 0;
}

struct walk {
	struct gitguard		*g;
	const struct workspace	*w;
	int			 ws;
	int			 seen;
};

static int
found_git(struct walk *k, int dir, const char *path)
{
	struct stat st;

	if (fstatat(dir, ".git", &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (S_ISDIR(st.st_mode))
		return guard_directory(k->g, k->w, k->ws, path);
	/* a worktree's or submodule's pointer; a link is no better */
	argv_add(&k->g->links, path);
	return close_path(k->g, k->ws, path, "file");
}

static int walk(struct walk *, int, const char *, int);

static int
enter(struct walk *k, int dir, const char *path, const char *name, int depth)
{
	char *sub;
	int fd, rc;

	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;	/* not for us, then neither for the agent */
	sub = *path != '\0' ? xasprintf("%s/%s", path, name) : xstrdup(name);
	rc = walk(k, fd, sub, depth);
	free(sub);
	return rc;
}

/* Takes over the descriptor. */
static int
walk(struct walk *k, int fd, const char *path, int depth)
{
	struct dirent *e;
	char *git;
	DIR *d;
	int rc;

	if (++k->seen > GITGUARD_MAX) {
		close(fd);
		return fail(k->g, "more than %d directories to look through"
		    " for repositories", GITGUARD_MAX);
	}
	git = *path != '\0' ? xasprintf("%s/.git", path) : xstrdup(".git");
	rc = found_git(k, fd, git);
	free(git);
	/* submodules' directories are below modules/, whatever their depth */
	if (rc == 0 && strstr(path, ".git/modules/") != NULL && is_gitdir(fd))
		rc = guard_directory(k->g, k->w, k->ws, path);
	if (rc != 0 || depth == 0 || (d = fdopendir(fd)) == NULL) {
		close(fd);
		return rc;
	}
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		if (strcmp(e->d_name, "objects") == 0 &&
		    strstr(path, ".git") != NULL)
			continue;
		if (strcmp(e->d_name, "node_modules") == 0)
			continue;
		rc = enter(k, dirfd(d), path, e->d_name, depth - 1);
	}
	closedir(d);
	return rc;
}

/* Parents before children: a mount would hide what was mounted below it. */
static int
by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
gitguard_close(const struct workspace *w, struct gitguard *g, const char *path,
    const char *kind)
{
	int ws = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (ws == -1)
		return fail(g, "cannot open '%s': %s", w->path, strerror(errno));
	rc = close_path(g, ws, path, kind);
	close(ws);
	qsort(g->mounts.v, g->mounts.n / 2, 2 * sizeof(char *), by_path);
	return rc;
}

int
gitguard_find(const struct workspace *w, struct gitguard *g, int hold)
{
	struct walk k = { g, w, -1, 0 };
	int fd, rc;

	memset(g, 0, sizeof(*g));
	g->lock = -1;
	if (hold && (g->lock = gitguard_lock(w)) == -1)
		return fail(g, "cannot lock the workspace's state: %s",
		    strerror(errno));
	k.ws = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = k.ws != -1 ? fcntl(k.ws, F_DUPFD_CLOEXEC, 3) : -1;
	if (fd == -1) {
		if (k.ws != -1)
			close(k.ws);
		return fail(g, "cannot open '%s': %s", w->path, strerror(errno));
	}
	rc = walk(&k, fd, "", GITGUARD_DEPTH);
	close(k.ws);
	if (g->mounts.n > 0)
		qsort(g->mounts.v, g->mounts.n / 2, 2 * sizeof(char *), by_path);
	return rc;
}

void
gitguard_free(struct gitguard *g)
{
	argv_free(&g->mounts);
	argv_free(&g->missing);
	argv_free(&g->links);
	argv_free(&g->outside);
	if (g->lock != -1)
		close(g->lock);
}
