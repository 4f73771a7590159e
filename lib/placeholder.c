#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "gitguard.h"
#include "io.h"
#include "rec.h"
#include "session.h"

#define NOTES_MAX	(1024 * 1024)

static int
fail(struct gitguard *g, const char *what, const char *path)
{
	snprintf(g->why, sizeof(g->why), "cannot %s '%s': %s", what, path,
	    strerror(errno));
	return -1;
}

static int
is_noted(const struct argv *pairs, const char *path)
{
	size_t i;

	for (i = 0; i + 1 < pairs->n; i += 2)
		if (strcmp(pairs->v[i], path) == 0)
			return 1;
	return 0;
}

int
gitguard_lock(const struct workspace *w)
{
	char *path = workspace_state(w, "placeholders.lock");
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	free(path);
	if (fd != -1 && flock(fd, LOCK_EX) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* 1 when a session of the workspace other than this one is alive. */
static int
others_alive(const struct workspace *w, const char *session)
{
	struct session *s;
	int alive = 0, i, n = sessions_list(w->hash, &s);

	if (n == -1)
		return 1;
	for (i = 0; i < n; i++)
		if (s[i].alive && (session == NULL ||
		    strcmp(s[i].id, session) != 0))
			alive = 1;
	sessions_free(s, n);
	return alive;
}

static int
make_one(int ws, const char *path, const char *kind)
{
	int fd;

	if (strcmp(kind, "dir") == 0)
		return mkdirat(ws, path, 0755) == -1 && errno != EEXIST ? -1 : 0;
	fd = openat(ws, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0644);
	if (fd == -1)
		return errno == EEXIST ? 0 : -1;
	/* git takes "." for no other directory, and an empty file for none */
	if (strcmp(kind, "dot") == 0 && io_writeall(fd, ".\n", 2) == -1) {
		close(fd);
		return -1;
	}
	return close(fd);
}

static void
add_note(struct buf *b, const char *path, const char *kind)
{
	rec_add(b, path, strlen(path));
	buf_addc(b, '\t');
	buf_puts(b, kind);
	buf_addc(b, '\n');
}

int
gitguard_make(const struct workspace *w, struct gitguard *g)
{
	struct buf note = BUF_INIT;
	char *path;
	size_t i;
	int ws = -1, rc = 0;

	for (i = 0; i + 1 < g->missing.n; i += 2)
		add_note(&note, g->missing.v[i], g->missing.v[i + 1]);
	path = workspace_state(w, "placeholders");
	if (note.bad || (note.len > 0 && io_append(AT_FDCWD, path, note.p, note.len,
	    0600) == -1))
		rc = fail(g, "write", path);
	free(path);
	buf_free(&note);
	ws = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; rc == 0 && i + 1 < g->missing.n; i += 2)
		if (make_one(ws, g->missing.v[i], g->missing.v[i + 1]) == -1)
			rc = fail(g, "make", g->missing.v[i]);
	if (ws != -1)
		close(ws);
	close(g->lock);
	g->lock = -1;
	return rc;
}

/* Only what is still as it was made: empty, or the one dot. */
static void
unmake_one(int ws, const char *path, const char *kind)
{
	struct buf b = BUF_INIT;

	if (strcmp(kind, "dir") == 0)
		unlinkat(ws, path, AT_REMOVEDIR);
	else if (io_slurp_at(ws, path, &b, 16) == 0 && (b.len == 0 ||
	    (b.len == 2 && memcmp(b.p, ".\n", 2) == 0)))
		unlinkat(ws, path, 0);
	buf_free(&b);
}

int
gitguard_placeholders(const struct workspace *w, struct argv *pairs)
{
	char *path = workspace_state(w, "placeholders"), *line, *next, *f[2];
	struct buf b = BUF_INIT;
	int rc;

	rc = io_slurp_at(AT_FDCWD, path, &b, NOTES_MAX);
	free(path);
	if (rc == 0 && buf_str(&b) != NULL)
		for (line = b.p; (next = strchr(line, '\n')) != NULL;
		    line = next) {
			*next++ = '\0';
			if (rec_split(line, f, 2) == 2 && f[0] != NULL &&
			    f[1] != NULL) {
				argv_add(pairs, f[0]);
				argv_add(pairs, f[1]);
			}
		}
	buf_free(&b);
	return rc;
}

/* What is outside (a path from the root) may be another workspace's, too. */
static void
shared_paths(const char *hash, struct argv *pairs)
{
	struct workspace other;
	struct session *s;
	int i, n = sessions_list(NULL, &s);

	for (i = 0; i < n; i++)
		if (s[i].alive && strcmp(s[i].hash, hash) != 0) {
			memset(&other, 0, sizeof(other));
			memcpy(other.hash, s[i].hash, sizeof(other.hash));
			gitguard_placeholders(&other, pairs);
		}
	if (n != -1)
		sessions_free(s, n);
	for (i = 0; i + 1 < (int)pairs->n; i += 2)
		if (*pairs->v[i] != '/')
			*pairs->v[i] = '\0';
}

void
gitguard_unmake(const struct workspace *w, const char *session)
{
	struct argv pairs = ARGV_INIT;
	char *path = workspace_state(w, "placeholders");
	struct buf left = BUF_INIT;
	struct argv shared = ARGV_INIT;
	int lock, ws;
	size_t i;

	if (access(path, F_OK) == -1 || (lock = gitguard_lock(w)) == -1) {
		free(path);
		return;
	}
	ws = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ws != -1 && !others_alive(w, session) &&
	    gitguard_placeholders(w, &pairs) == 0) {
		shared_paths(w->hash, &shared);
		/* children were noted after their parents */
		for (i = pairs.n; i >= 2; i -= 2)
			if (!is_noted(&shared, pairs.v[i - 2]))
				unmake_one(ws, pairs.v[i - 2], pairs.v[i - 1]);
		for (i = 0; i + 1 < pairs.n; i += 2)
			if (is_noted(&shared, pairs.v[i]))
				add_note(&left, pairs.v[i], pairs.v[i + 1]);
		if (left.len == 0 || io_replace(AT_FDCWD, path, left.p,
		    left.len, 0600) == -1)
			unlink(path);
	}
	buf_free(&left);
	argv_free(&shared);
	if (ws != -1)
		close(ws);
	close(lock);
	argv_free(&pairs);
	free(path);
}

int
gitguard_bury(const struct session *s)
{
	struct workspace w;
	char *path = session_fact(s, "workspace");

	if (path != NULL && workspace_open(&w, path) == 0) {
		gitguard_unmake(&w, s->id);
		workspace_free(&w);
	}
	free(path);
	return session_remove(s);
}
