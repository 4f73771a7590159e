#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "io.h"
#include "mem.h"
#include "review.h"
#include "tree.h"
#include "utf8.h"

#define DIFF_MAX	(4 * 1024 * 1024)

struct making {
	struct review	*r;
	const struct workspace *w;
	const struct snap *before;
	const struct snap *now;
	const struct executes *x;
	int		 dir;
	int		 ws;
};

static void
add(struct making *m, const struct snap_entry *was,
    const struct snap_entry *is, const char *kind, const char *why)
{
	struct review_item *i;

	m->r->v = xreallocarray(m->r->v, m->r->n + 1, sizeof(*m->r->v));
	i = &m->r->v[m->r->n++];
	i->before = was;
	i->now = is;
	i->kind = kind;
	i->why = why;
}

/* Does a link's target, taken as it is written, lead out? */
static int
is_out(const struct workspace *w, const char *path, const char *target)
{
	size_t n = strlen(w->path), len;
	int depth = 0;

	if (*target == '/')
		return strncmp(target, w->path, n) != 0 ||
		    (target[n] != '/' && target[n] != '\0') ||
		    strstr(target, "/..") != NULL;
	for (; (path = strchr(path, '/')) != NULL; path++)
		depth++;
	for (; *target != '\0'; target += len + (target[len] == '/')) {
		len = strcspn(target, "/");
		if (len == 2 && target[0] == '.' && target[1] == '.') {
			if (--depth < 0)
				return 1;
		} else if (len > 1 || (len == 1 && *target != '.'))
			depth++;
	}
	return 0;
}

static int
leads_out(const struct making *m, const char *path)
{
	struct buf b = BUF_INIT;
	char *full, *real;
	size_t n = strlen(m->w->path);
	int out = 1;

	if (snap_read_link(m->ws, path, &b) == 0 && buf_str(&b) != NULL)
		out = is_out(m->w, path, b.p);
	buf_free(&b);
	if (out)
		return 1;
	/* another link on the way may lead elsewhere than it is written */
	full = xasprintf("%s/%s", m->w->path, path);
	if ((real = realpath(full, NULL)) != NULL)
		out = strncmp(real, m->w->path, n) != 0 ||
		    (real[n] != '/' && real[n] != '\0');
	free(real);
	free(full);
	return out;
}

/* A configuration or hooks beside a HEAD are a bare repository's. */
static int
is_bare_part(const struct making *m, const char *path)
{
	const char *part, *end;
	char *head;
	int found;

	if ((end = strrchr(path, '/')) == NULL)
		return 0;
	if (strlen(end) > 7 && strcmp(end + strlen(end) - 7, ".sample") == 0)
		return 0;
	if (strcmp(end, "/config") != 0) {
		for (part = end; part > path && part[-1] != '/'; part--)
			;
		if (strncmp(part, "hooks/", 6) != 0 || part == path)
			return 0;
		end = part - 1;
	}
	head = xasprintf("%.*s/HEAD", (int)(end - path), path);
	found = snap_find(m->now, head) != NULL;
	free(head);
	return found;
}

static void
judge_file(struct making *m, const struct snap_entry *was,
    const struct snap_entry *is)
{
	const struct execute *x = executes_find(m->x, is->path);
	const char *kind = NULL, *why = NULL;
	int same_mode = was != NULL && was->mode == is->mode;

	if ((is->mode & 06000) != 0 && !same_mode) {
		kind = "setuid";
		why = "whoever runs it becomes its owner or group";
	} else if (x != NULL && strcmp(x->kind, "-") == 0)
		return;
	else if (x != NULL) {
		kind = x->kind;
		why = x->why;
	} else if (is_bare_part(m, is->path)) {
		kind = "git";
		why = "git takes the directory for a repository and obeys it";
	} else if ((is->mode & 0111) != 0) {
		kind = "program";
		why = was == NULL || (was->mode & 0111) != 0 ?
		    "it can be executed" : "it can be executed now";
	}
	if (kind == NULL)
		return;
	/* touched is not changed, nor is what has lost a permission */
	if (was != NULL && was->type == SNAP_FILE &&
	    snap_same_content(m->dir, was, m->ws) == 1 &&
	    (is->mode & 06111 & ~was->mode) == 0)
		return;
	add(m, was, is, kind, why);
}

/* A directory that the snapshot could not look into, and the session made so. */
static void
judge_dir(struct making *m, const struct snap_entry *was,
    const struct snap_entry *is)
{
	const char *s;
	int depth = 1, fd;

	for (s = is->path; (s = strchr(s, '/')) != NULL; s++)
		depth++;
	if (depth > SNAP_DEPTH) {
		add(m, was, is, "unseen", "it is too far down to be looked"
		    " into");
		return;
	}
	fd = tree_open(m->ws, is->path, O_RDONLY | O_DIRECTORY);
	if (fd != -1 && faccessat(fd, ".", R_OK | X_OK, 0) == 0)
		close(fd);
	else if (fd != -1 || errno == EACCES) {
		if (fd != -1)
			close(fd);
		add(m, was, is, "unseen", "you may not look into it, and"
		    " programs may use what is in it");
	}
}

static void
judge(struct making *m, const struct snap_entry *is)
{
	const struct snap_entry *was = snap_find(m->before, is->path);
	const struct execute *x;

	if (is->type == SNAP_LEFT ||
	    (was != NULL ? was->type == SNAP_LEFT || snap_same_stat(was, is) :
	    snap_is_left(m->before, is->path)))
		return;
	if (is->type == SNAP_FILE) {
		judge_file(m, was, is);
		return;
	}
	if (is->type == SNAP_DIR) {
		judge_dir(m, was, is);
		return;
	}
	if (is->type == SNAP_LINK && was != NULL && was->type == SNAP_LINK &&
	    snap_same_content(m->dir, was, m->ws) == 1)
		return;
	if (is->type == SNAP_OTHER) {
		if (was == NULL || was->type != SNAP_OTHER)
			add(m, was, is, "special",
			    "a FIFO, socket or device: what opens it may wait"
			    " or be led astray");
	} else if (leads_out(m, is->path))
		add(m, was, is, "link", "it leads out of the workspace");
	else if ((x = executes_find(m->x, is->path)) != NULL &&
	    strcmp(x->kind, "-") != 0)
		add(m, was, is, x->kind, x->why);
}

void
review_make(struct review *r, const struct workspace *w, int dir, int ws,
    const struct snap *before, const struct snap *now,
    const struct executes *x)
{
	struct making m = { r, w, before, now, x, dir, ws };
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < now->n; i++)
		judge(&m, &now->v[i]);
}

void
review_free(struct review *r)
{
	free(r->v);
	memset(r, 0, sizeof(*r));
}

/* What an entry was, or what stands there now, as a file for diff. */
static int
put_side(const char *path, const struct snap_entry *e, int dir, int ws)
{
	struct buf b = BUF_INIT;
	int from, to, rc = -1;

	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (to == -1)
		return -1;
	if (e == NULL)
		rc = 0;
	else if (dir != -1)
		rc = e->size > DIFF_MAX ? (errno = EFBIG, -1) :
		    snap_copy_out(dir, e, to);
	else if (e->type == SNAP_LINK)
		rc = snap_read_link(ws, e->path, &b);
	else if ((from = tree_open(ws, e->path, O_RDONLY | O_NONBLOCK)) != -1) {
		rc = e->type == SNAP_FILE ? io_slurp(from, &b, DIFF_MAX) : 0;
		close(from);
	}
	if (rc == 0)
		rc = io_writeall(to, b.p, b.len);
	buf_free(&b);
	close(to);
	return rc;
}

int
review_diff(const struct review_item *i, int dir, int ws, struct buf *out)
{
	const char *tmp = getenv("TMPDIR");
	char *d = xasprintf("%s/aipod-review.XXXXXX", tmp != NULL ? tmp : "/tmp");
	char *a, *b, *name;
	struct argv v = ARGV_INIT;
	int status = -1;

	if (mkdtemp(d) == NULL) {
		free(d);
		return -1;
	}
	a = xasprintf("%s/a", d);
	b = xasprintf("%s/b", d);
	name = xvis(i->now->path);
	if (put_side(a, i->before, dir, -1) == -1 ||
	    put_side(b, i->now, -1, ws) == -1)
		status = buf_printf(out, "what is at '%s' cannot be compared:"
		    " %s\n", name, errno == EFBIG ? "it is too large" :
		    errno == ENODATA ? "what was there is not kept" :
		    strerror(errno));
	else {
		argv_add(&v, "diff");
		argv_add(&v, "-u");
		argv_add(&v, "-L");
		argv_addf(&v, "%s%s", i->before != NULL ? "a/" : "/dev/null",
		    i->before != NULL ? name : "");
		argv_add(&v, "-L");
		argv_addf(&v, "b/%s", name);
		argv_add(&v, a);
		argv_add(&v, b);
		status = child_capture(v.v, NULL, out, 4 * DIFF_MAX);
		if (status == 0 && i->before != NULL)
			status = buf_printf(out, "mode of '%s': %04o, was"
			    " %04o\n", name, i->now->mode,
			    i->before->mode);
		status = status == 0 || status == 1 ? 0 : -1;
	}
	unlink(a);
	unlink(b);
	rmdir(d);
	argv_free(&v);
	free(name);
	free(a);
	free(b);
	free(d);
	return status;
}
