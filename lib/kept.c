#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "conf.h"
#include "gitguard.h"
#include "hash.h"
#include "io.h"
#include "kept.h"
#include "mem.h"

static void
fill(struct kept *k, const char *hash, const char *id)
{
	char *state = xconf_state_dir(), *runtime = xconf_runtime_dir();

	memcpy(k->hash, hash, WORKSPACE_HASH);
	memcpy(k->id, id, SESSION_ID);
	k->dir = xasprintf("%s/%s/kept/%s", state, hash, id);
	k->runtime = xasprintf("%s/%s/kept/%s", runtime, hash, id);
	k->lock = -1;
	free(state);
	free(runtime);
}

static void
release(struct kept *k)
{
	if (k->lock != -1)
		close(k->lock);
	free(k->dir);
	free(k->runtime);
	memset(k, 0, sizeof(*k));
	k->lock = -1;
}

static int
list_one(const char *top, const char *hash, struct kept **out, int n)
{
	char *dir = xasprintf("%s/%s/kept", top, hash);
	struct dirent *e;
	DIR *d = opendir(dir);
	int saved = errno;

	free(dir);
	if (d == NULL) {
		errno = saved;
		return errno == ENOENT ? n : -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, SESSION_ID - 1))
			continue;
		*out = xreallocarray(*out, (size_t)n + 1, sizeof(**out));
		fill(&(*out)[n++], hash, e->d_name);
	}
	closedir(d);
	return n;
}

int
kept_list(const char *hash, struct kept **out)
{
	char *top = xconf_state_dir();
	struct dirent *e;
	DIR *d;
	int n = 0, got = 0;

	*out = NULL;
	if (hash != NULL)
		n = list_one(top, hash, out, 0);
	else if ((d = opendir(top)) != NULL) {
		while (got != -1 && (e = readdir(d)) != NULL)
			if (is_hex(e->d_name, WORKSPACE_HASH - 1) &&
			    (got = list_one(top, e->d_name, out, n)) != -1)
				n = got;
		closedir(d);
	} else if (errno != ENOENT)
		n = -1;
	free(top);
	if (got == -1) {
		kept_free(*out, n);
		*out = NULL;
		n = -1;
	}
	return n;
}

void
kept_free(struct kept *k, int n)
{
	int i;

	for (i = 0; i < n; i++)
		release(&k[i]);
	free(k);
}

int
kept_in_use(const struct kept *k)
{
	return session_dir_alive(k->dir);
}

char *
kept_container(const struct kept *k)
{
	return xasprintf("aipod-%s-%s", k->hash, k->id);
}

char *
kept_fact(const struct kept *k, const char *name)
{
	char *path = xasprintf("%s/%s", k->dir, name), *text = io_text(path);

	free(path);
	return text;
}

int
kept_put(const struct kept *k, const char *name, const char *value)
{
	char *path = xasprintf("%s/%s", k->dir, name);
	int rc = io_put_line(path, value);

	free(path);
	return rc;
}

/*
 * The lock, if it is free and still the one that is there by its name.
 * 0, or -1 with errno: EWOULDBLOCK when a session uses it, ENOENT.
 */
static int
hold(struct kept *k)
{
	char *path = xasprintf("%s/lock", k->dir);
	struct stat a, b;
	int rc = -1;

	k->lock = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (k->lock != -1 && flock(k->lock, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(k->lock, &a) == 0 && lstat(path, &b) == 0) {
		if (a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			rc = 0;
		else
			errno = ENOENT;
	}
	if (rc == -1 && k->lock != -1) {
		int saved = errno;

		close(k->lock);
		k->lock = -1;
		errno = saved;
	}
	free(path);
	return rc;
}

static void
tell_engine(const struct kept *k, const char *verb, const char *option,
    const char *what)
{
	struct argv a = ARGV_INIT;
	char *engine = kept_fact(k, "engine");

	if (engine != NULL) {
		argv_add(&a, engine);
		argv_add(&a, verb);
		argv_add(&a, option);
		argv_add(&a, what);
		child_run_quietly(a.v);
		argv_free(&a);
	}
	free(engine);
}

/* What a killed session left: its container may run still. */
static int
stop(const struct kept *k)
{
	char *name = kept_container(k);

	if (access(k->runtime, F_OK) == 0)
		tell_engine(k, "stop", "-t0", name);
	free(name);
	return io_remove(AT_FDCWD, k->runtime);
}

static time_t
last_used(const struct kept *k)
{
	char *path = xasprintf("%s/used", k->dir);
	struct stat st;
	time_t t = 0;

	if (lstat(path, &st) == 0)
		t = st.st_mtime;
	free(path);
	return t;
}

static int
later(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	time_t p = last_used(x), q = last_used(y);

	return p != q ? (p < q ? 1 : -1) : strcmp(x->id, y->id);
}

static int
is_for(const struct kept *k, const char *name, const char *value)
{
	char *fact = kept_fact(k, name);
	int yes = fact != NULL && strcmp(fact, value) == 0;

	free(fact);
	return yes;
}

int
kept_take(struct kept *out, const struct workspace *w, const char *engine,
    const char *agent)
{
	struct kept *k;
	int i, n, rc = 0;

	if ((n = kept_list(w->hash, &k)) <= 0)
		return n;
	qsort(k, (size_t)n, sizeof(*k), later);
	for (i = 0; i < n && rc == 0; i++) {
		if (!is_for(&k[i], "engine", engine) ||
		    !is_for(&k[i], "agent", agent) || hold(&k[i]) == -1)
			continue;
		if (stop(&k[i]) == -1)
			rc = -1;
		else {
			*out = k[i];
			memset(&k[i], 0, sizeof(k[i]));
			k[i].lock = -1;
			rc = 1;
		}
	}
	kept_free(k, n);
	return rc;
}

int
kept_make(struct kept *k, const struct workspace *w, const char *engine,
    const char *agent)
{
	char id[SESSION_ID], *lock;
	int fd, rc = -1;

	if (rand_hex(id, SESSION_ID - 1) == -1)
		return -1;
	fill(k, w->hash, id);
	lock = xasprintf("%s/lock", k->dir);
	if (io_mkdirs(k->dir) == 0 && (fd = open(lock, O_WRONLY | O_CREAT |
	    O_EXCL | O_CLOEXEC, 0600)) != -1) {
		close(fd);
		if (hold(k) == 0 && kept_put(k, "engine", engine) == 0)
			rc = kept_put(k, "agent", agent);
	}
	free(lock);
	return rc;
}

int
kept_begin(const struct kept *k, const struct session *s)
{
	char *run = xasprintf("%s/run", s->dir);
	char *there = xasprintf("%s/run", k->runtime), now[24];
	char *link = xasprintf("../kept/%s/run", k->id);
	int made = -1, rc = -1, tries;

	snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	/* the directory above may go with the last one in it */
	for (tries = 0; made == -1 && tries < 16; tries++)
		if (io_remove(AT_FDCWD, k->runtime) == -1 ||
		    ((made = io_mkdirs(k->runtime)) == -1 && errno != ENOENT))
			break;
	if (made == 0 && rename(run, there) == 0 && symlink(link, run) == 0 &&
	    session_put(s, "kept", k->id) == 0)
		rc = kept_put(k, "used", now);
	free(link);
	free(there);
	free(run);
	return rc;
}

void
kept_end(struct kept *k)
{
	char *up, *slash;

	io_remove(AT_FDCWD, k->runtime);
	up = xstrdup(k->runtime);
	if ((slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		rmdir(up);
	}
	free(up);
	release(k);
}

int
kept_forget(struct kept *k)
{
	int rc = io_remove(AT_FDCWD, k->dir);

	kept_end(k);
	return rc;
}

int
kept_remove(struct kept *k)
{
	char *name = kept_container(k), *layer;

	if (k->lock == -1 && hold(k) == -1 && errno != ENOENT) {
		free(name);
		return -1;
	}
	tell_engine(k, "rm", "-f", name);
	if ((layer = kept_fact(k, "layer")) != NULL)
		tell_engine(k, "rmi", "-f", layer);
	free(layer);
	free(name);
	return kept_forget(k);
}

int
kept_bury(const struct session *s)
{
	char *id = session_fact(s, "kept");
	struct kept k;

	if (id != NULL && is_hex(id, SESSION_ID - 1)) {
		fill(&k, s->hash, id);
		/* not when another session has gone on in it meanwhile */
		if (hold(&k) == 0 && stop(&k) == 0)
			kept_end(&k);
		else
			release(&k);
	}
	free(id);
	return gitguard_bury(s);
}
