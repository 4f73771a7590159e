#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "gitconfig.h"
#include "gitoutside.h"
#include "io.h"
#include "mem.h"
#include "utf8.h"

#define POINTER_MAX	4096
#define CONFIG_MAX	(1024 * 1024)

struct out {
	struct gitguard	*g;
	const struct workspace *w;
	const char	*at;
	int		 dry_run;
	char		*link;		/* path of the .git file on the host */
	char		*git;		/* the directory it names: host, box */
	char		*git_box;
	char		*common;	/* what that shares with others */
	char		*common_box;
};

/* A path without "." and "..", as the kernel would take it without links. */
static char *
normal(const char *base, const char *path)
{
	char *joined = *path == '/' ? xstrdup(path) :
	    xasprintf("%s/%s", base, path), *out, *p, *next;
	size_t len = 0;

	out = xmalloc(strlen(joined) + 2);
	for (p = joined; p != NULL; p = next) {
		if ((next = strchr(p, '/')) != NULL)
			*next++ = '\0';
		if (strcmp(p, "..") == 0) {
			while (len > 0 && out[--len] != '/')
				;
		} else if (*p != '\0' && strcmp(p, ".") != 0) {
			out[len++] = '/';
			memcpy(out + len, p, strlen(p));
			len += strlen(p);
		}
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	free(joined);
	return out;
}

/* The first line of a small file, behind a word that it begins with. */
static char *
pointer(const char *path, const char *word)
{
	struct buf b = BUF_INIT;
	size_t n = strlen(word);
	char *s = NULL;

	if (io_slurp_at(AT_FDCWD, path, &b, POINTER_MAX) == 0 &&
	    buf_str(&b) != NULL && strncmp(b.p, word, n) == 0) {
		b.p[n + strcspn(b.p + n, "\r\n")] = '\0';
		s = xstrdup(b.p + n);
	}
	buf_free(&b);
	return s;
}

static int
same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

static int
is_file_in(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	int there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static int
is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '/' ||
	    path[n] == '\0');
}

/* Is git common/worktrees/NAME? */
static int
is_part(const char *git, const char *common)
{
	size_t n = strlen(common);

	return strncmp(git, common, n) == 0 &&
	    strncmp(git + n, "/worktrees/", 11) == 0 &&
	    strchr(git + n + 11, '/') == NULL;
}

/* core.worktree of a configuration, the last one. */
static int
take_worktree(void *arg, const char *key, const char *value)
{
	char **tree = arg;

	if (strcmp(key, "core.worktree") == 0) {
		free(*tree);
		*tree = xstrdup(value);
	}
	return 0;
}

static char *
worktree_of(const char *git)
{
	char *path = xasprintf("%s/config", git), *tree = NULL, *full = NULL;
	struct buf b = BUF_INIT;

	if (io_slurp_at(AT_FDCWD, path, &b, CONFIG_MAX) == 0)
		gitconfig_each(b.p, b.len, take_worktree, &tree);
	if (tree != NULL)
		full = normal(git, tree);
	buf_free(&b);
	free(tree);
	free(path);
	return full;
}

/* Does the directory say that the work tree with this .git file is its own? */
static int
names_us(const struct out *o)
{
	char *path = xasprintf("%s/gitdir", o->git), *back, *full, *tree;
	int ours = 0;

	if ((back = pointer(path, "")) != NULL) {
		full = normal(o->git, back);
		ours = same_file(full, o->link);
		free(full);
		free(back);
	} else if ((tree = worktree_of(o->git)) != NULL) {
		full = xasprintf("%s/.git", tree);
		ours = same_file(full, o->link);
		free(full);
		free(tree);
	}
	free(path);
	return ours;
}

static void
mount(struct out *o, const char *box, const char *host, const char *mode)
{
	size_t i;

	for (i = 0; i + 2 < o->g->outside.n; i += 3)
		if (strcmp(o->g->outside.v[i], box) == 0)
			return;
	argv_add(&o->g->outside, box);
	argv_add(&o->g->outside, host);
	argv_add(&o->g->outside, mode);
}

/* Close dir/name; kind is what stands in for what is missing, or NULL. */
static int
close_part(struct out *o, const char *host, const char *box, const char *name,
    const char *kind)
{
	char *from = xasprintf("%s/%s", host, name);
	char *to = xasprintf("%s/%s", box, name);
	struct stat st;
	int rc = 0;

	if (lstat(from, &st) == -1) {
		if (errno == ENOENT && kind != NULL) {
			argv_add(&o->g->missing, from);
			argv_add(&o->g->missing, kind);
			mount(o, to, from, strcmp(name, "info") == 0 ? "rw" :
			    "ro");
		}
	} else if (kind != NULL && S_ISREG(st.st_mode) && st.st_size <= 2) {
		/* another workspace's session may have made it: ours, too */
		argv_add(&o->g->missing, from);
		argv_add(&o->g->missing, kind);
		mount(o, to, from, "ro");
	} else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		snprintf(o->g->why, sizeof(o->g->why), "'%s' is neither file"
		    " nor directory: make it a plain one", from);
		rc = -1;
	} else
		mount(o, to, from, strcmp(name, "info") == 0 ? "rw" : "ro");
	free(from);
	free(to);
	return rc;
}

/* What a configuration includes from beside it. */
struct including {
	struct out	*o;
	int		 rc;
};

/* Hooks are named from the work tree. */
static int
close_hooks(struct including *i, const char *value)
{
	struct out *o = i->o;
	char *here = xstrdup(o->link), *full;

	*strrchr(here, '/') = '\0';
	full = normal(here, value);
	if (*value != '~' && is_below(full, o->w->path) &&
	    strcmp(full, o->w->path) != 0)
		i->rc = gitguard_close(o->w, o->g, full + strlen(o->w->path) +
		    1, "dir");
	free(full);
	free(here);
	return i->rc;
}

static int
take_include(void *arg, const char *key, const char *value)
{
	struct including *i = arg;
	char *full;

	if (strcmp(key, "core.hookspath") == 0)
		return close_hooks(i, value);
	if (strcmp(key, "include.path") != 0 &&
	    strcmp(key, "includeif.path") != 0)
		return 0;
	full = normal(i->o->common, value);
	if (*value != '~' && is_below(full, i->o->common) &&
	    strcmp(full, i->o->common) != 0)
		i->rc = close_part(i->o, i->o->common, i->o->common_box,
		    full + strlen(i->o->common) + 1, NULL);
	free(full);
	return i->rc;
}

/* The box's place stands last in a copy, and so holds. */
static int
close_config(struct out *o)
{
	struct including inc = { o, 0 };
	char *path = xasprintf("%s/config", o->common), *copy, *box, *tree, *name;
	struct buf b = BUF_INIT;

	if (io_slurp_at(AT_FDCWD, path, &b, CONFIG_MAX) == 0)
		gitconfig_each(b.p, b.len, take_include, &inc);
	free(path);
	tree = worktree_of(o->common);
	if (inc.rc == 0 && tree != NULL && strcmp(o->at, o->w->path) != 0 &&
	    is_below(tree, o->w->path) && strpbrk(o->at, "\"\\") == NULL) {
		buf_printf(&b, "\n[core]\n\tworktree = \"%s%s\"\n", o->at,
		    tree + strlen(o->w->path));
		name = xasprintf("git-%zu.config", o->g->outside.n);
		copy = workspace_state(o->w, name);
		box = xasprintf("%s/config", o->common_box);
		if (!o->dry_run && (b.bad || io_replace(AT_FDCWD, copy, b.p,
		    b.len, 0644) == -1)) {
			snprintf(o->g->why, sizeof(o->g->why), "cannot write"
			    " '%s': %s", copy, strerror(errno));
			inc.rc = -1;
		}
		mount(o, box, copy, "ro");
		free(name);
		free(copy);
		free(box);
	}
	free(tree);
	buf_free(&b);
	return inc.rc != 0 ? -1 : close_part(o, o->common, o->common_box,
	    "config", "file");
}

/* Other worktrees cannot be seen from here, and would be pruned. */
static int
close_others(struct out *o)
{
	char *top = xasprintf("%s/worktrees", o->common), *part, *host, *box;
	struct dirent *e;
	DIR *d = opendir(top);
	int rc = 0;

	while (rc == 0 && d != NULL && (e = readdir(d)) != NULL) {
		if (*e->d_name == '.')
			continue;
		part = xasprintf("worktrees/%s", e->d_name);
		host = xasprintf("%s/%s", o->common, part);
		box = xasprintf("%s/%s", o->common_box, part);
		if (!same_file(host, o->git))
			rc = close_part(o, o->common, o->common_box, part, NULL);
		else {
			mount(o, box, host, "rw");
			rc = close_part(o, host, box, "gitdir", NULL);
			if (rc == 0)
				rc = close_part(o, host, box, "commondir", NULL);
			if (rc == 0)
				rc = close_part(o, host, box, "config.worktree",
				    "file");
		}
		free(part);
		free(host);
		free(box);
	}
	if (d != NULL)
		closedir(d);
	free(top);
	return rc;
}

static int
mount_common(struct out *o)
{
	static const char *const parts[][2] = { { "hooks", "dir" },
	    { "config.worktree", "file" }, { "commondir", "dot" },
	    { "info", "dir" }, { "info/attributes", "file" } };
	size_t i;

	mount(o, o->common_box, o->common, "rw");
	if (close_config(o) == -1)
		return -1;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (close_part(o, o->common, o->common_box, parts[i][0],
		    parts[i][1]) == -1)
			return -1;
	if (close_others(o) == -1)
		return -1;
	/* where the worktree is said to be, something has to be */
	if (strcmp(o->at, o->w->path) != 0)
		mount(o, o->link, o->link, "ro");
	return 0;
}

static void
tell(const struct out *o)
{
	char *link = xvis(o->link), *git = xvis(o->git);

	warnx("'%s' names '%s', which does not name it in turn: not mounted,"
	    " so git does not work there in the box; where it is right, see"
	    " aipod mount add", link, git);
	free(link);
	free(git);
}

static int
look(struct out *o, const char *value, const char *rel)
{
	char *here = xasprintf("%s/%s", o->w->path, rel), *path, *more;
	char *box = xasprintf("%s/%s", o->at, rel);
	int rc = 0;

	here[strlen(here) - 5] = box[strlen(box) - 5] = '\0';	/* "/.git" */
	o->git_box = normal(box, value);
	path = normal(here, value);
	o->git = realpath(path, NULL);
	free(path);
	free(here);
	free(box);
	/* nothing there, or the box sees it as it is */
	if (o->git == NULL || (is_below(o->git, o->w->path) &&
	    is_below(o->git_box, o->at)))
		return 0;
	if (!names_us(o)) {
		tell(o);
		return 0;
	}
	path = xasprintf("%s/commondir", o->git);
	more = pointer(path, "");
	free(path);
	if (more == NULL || strcmp(more, ".") == 0) {
		o->common = xstrdup(o->git);
		o->common_box = xstrdup(o->git_box);
	} else {
		path = normal(o->git, more);
		o->common = realpath(path, NULL);
		if (o->common != NULL && !is_part(o->git, o->common)) {
			/* it would lead to whatever repository there is */
			free(o->common);
			o->common = NULL;
		}
		o->common_box = normal(o->git_box, more);
		free(path);
	}
	free(more);
	if (o->common == NULL || !is_file_in(o->common, "HEAD") ||
	    !is_file_in(o->common, "objects") ||
	    strcmp(o->common_box, "/") == 0 || is_below(o->at, o->common_box))
		tell(o);
	else
		rc = mount_common(o);
	return rc;
}

int
gitoutside_find(const struct workspace *w, const char *at, int dry_run,
    struct gitguard *g)
{
	struct out o;
	size_t i;
	char *value;
	int rc = 0;

	for (i = 0; rc == 0 && i < g->links.n; i++) {
		memset(&o, 0, sizeof(o));
		o.g = g;
		o.w = w;
		o.at = at;
		o.dry_run = dry_run;
		o.link = xasprintf("%s/%s", w->path, g->links.v[i]);
		if ((value = pointer(o.link, "gitdir: ")) != NULL)
			rc = look(&o, value, g->links.v[i]);
		free(value);
		free(o.link);
		free(o.git);
		free(o.git_box);
		free(o.common);
		free(o.common_box);
	}
	return rc;
}
