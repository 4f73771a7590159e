#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "job.h"
#include "jobrun.h"
#include "mem.h"
#include "num.h"
#include "procs.h"
#include "rec.h"
#include "status.h"

#define OUTPUT_MAX	(4LL * 1024 * 1024)

static char *
top_dir(const struct workspace *w)
{
	return workspace_state(w, "commands");
}

int
job_record(int dirfd, int status, const char *how)
{
	char text[64], tmp[32] = "exit.";
	int n, rc, saved;

	n = snprintf(text, sizeof(text), "%d\t%s\t%lld\n", status, how,
	    (long long)time(NULL));
	if (rand_hex(tmp + 5, 8) == -1 ||
	    io_replace(dirfd, tmp, text, (size_t)n, 0600) == -1)
		return -1;
	rc = linkat(dirfd, tmp, dirfd, "exit", 0);
	saved = errno;
	unlinkat(dirfd, tmp, 0);
	errno = saved;
	return rc == -1 && errno == EEXIST ? 0 : rc;
}

/* ---- looking ------------------------------------------------------------- */

static int
is_running(int dirfd)
{
	int fd, held;

	fd = openat(dirfd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	held = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

static void
read_exit(int dirfd, struct job *j)
{
	struct buf b = BUF_INIT;
	char *f[3], *nl;
	long long n;

	if (io_slurp_at(dirfd, "exit", &b, 256) == 0 && buf_str(&b) != NULL &&
	    (nl = strchr(b.p, '\n')) != NULL) {
		*nl = '\0';
		if (rec_split(b.p, f, 3) == 3 && f[0] != NULL && f[1] != NULL &&
		    num_parse(f[0], 0, 255, &n) == 0) {
			j->ended = 1;
			j->status = (int)n;
			snprintf(j->how, sizeof(j->how), "%s", f[1]);
		}
	}
	buf_free(&b);
}

/*
 * Nobody looks after it and no end is recorded: both its supervisors were
 * killed.  What they left is ended by the mark in its environment.
 */
static void
mourn(int dirfd, struct job *j)
{
	char *mark = xasprintf("AIPOD_COMMAND=%s", j->id);

	procs_kill_marked(mark);
	free(mark);
	job_record(dirfd, ST_SIGNAL + SIGKILL, "lost");
	read_exit(dirfd, j);
}

static int
load(struct job *j, const char *top, const char *session, const char *id)
{
	struct buf b = BUF_INIT;
	char *path, *line;
	int fd;

	memset(j, 0, sizeof(*j));
	memcpy(j->id, id, JOB_ID);
	memcpy(j->session, session, SESSION_ID);
	j->dir = xasprintf("%s/%s/%s", top, session, id);
	fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || io_slurp_at(fd, "command", &b, INT_MAX) == -1 ||
	    buf_str(&b) == NULL) {
		if (fd != -1)
			close(fd);
		buf_free(&b);
		free(j->dir);
		errno = ENOENT;
		return -1;
	}
	j->command = b.p;
	j->len = b.len;
	path = xasprintf("%s/started", j->dir);
	if ((line = io_line(path)) == NULL ||
	    num_parse(line, 0, LLONG_MAX, &j->started) == -1)
		j->started = 0;
	free(line);
	free(path);
	/* first the lock: who holds it no longer has recorded the end */
	j->running = is_running(fd);
	read_exit(fd, j);
	if (!j->running && !j->ended)
		mourn(fd, j);
	close(fd);
	return 0;
}

int
job_load(const struct workspace *w, const char *session, const char *id,
    struct job *j)
{
	char *top;
	int rc;

	if (!is_hex(id, JOB_ID - 1) || !is_hex(session, SESSION_ID - 1)) {
		errno = ENOENT;
		return -1;
	}
	top = top_dir(w);
	rc = load(j, top, session, id);
	free(top);
	return rc;
}

void
job_free(struct job *j)
{
	free(j->dir);
	free(j->command);
}

static int
compare(const void *x, const void *y)
{
	const struct job *a = x, *b = y;

	if (a->started != b->started)
		return a->started < b->started ? -1 : 1;
	return strcmp(a->id, b->id);
}

static void
list_session(const char *top, const char *session, struct job **j, int *n)
{
	struct dirent *e;
	char *dir = xasprintf("%s/%s", top, session);
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, JOB_ID - 1))
			continue;
		*j = xreallocarray(*j, (size_t)*n + 1, sizeof(**j));
		if (load(&(*j)[*n], top, session, e->d_name) == 0)
			++*n;
	}
	if (d != NULL)
		closedir(d);
	free(dir);
}

int
jobs_list(const struct workspace *w, const char *session, struct job **j)
{
	struct dirent *e;
	char *top = top_dir(w);
	DIR *d;
	int n = 0;

	*j = NULL;
	if (session != NULL)
		list_session(top, session, j, &n);
	else if ((d = opendir(top)) != NULL) {
		while ((e = readdir(d)) != NULL)
			if (is_hex(e->d_name, SESSION_ID - 1))
				list_session(top, e->d_name, j, &n);
		closedir(d);
	}
	free(top);
	if (n > 0)
		qsort(*j, (size_t)n, sizeof(**j), compare);
	return n;
}

void
jobs_free(struct job *j, int n)
{
	int i;

	for (i = 0; i < n; i++)
		job_free(&j[i]);
	free(j);
}

int
job_stop(const struct job *j)
{
	char *path = xasprintf("%s/pid", j->dir), *line;
	long long pid;
	int rc = -1;

	line = io_line(path);
	free(path);
	/* the lock is held, so the number is still the supervisor's */
	errno = ESRCH;
	if (j->running && line != NULL &&
	    num_parse(line, 2, INT_MAX, &pid) == 0)
		rc = kill((pid_t)pid, SIGTERM);
	free(line);
	return rc;
}

int
job_wait(struct job *j, int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct timespec t;
	long long end, now;
	int dirfd;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	end = now + ms;
	dirfd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (!j->ended && dirfd != -1 && now < end) {
		if (poll(&p, p.fd == -1 ? 0 : 1, p.fd != -1 ? (int)(end - now) :
		    50) > 0)
			p.fd = -1;	/* recorded, or killed: look */
		read_exit(dirfd, j);
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	}
	if (dirfd != -1)
		close(dirfd);
	return j->ended;
}

/* ---- starting ------------------------------------------------------------ */

static void
remove_job(const struct job *j)
{
	static const char *const facts[] = { "command", "started", "lock",
	    "pid", "stdout", "stderr", "exit" };
	size_t i;
	int fd;

	fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		unlinkat(fd, facts[i], 0);
	close(fd);
	rmdir(j->dir);
}

/* Drop the oldest of what has ended; -1 EBUSY when too many run. */
static int
make_room(const struct workspace *w, const char *session)
{
	struct job *j;
	int i, n, running = 0, gone = 0;

	n = jobs_list(w, NULL, &j);
	for (i = 0; i < n; i++) {
		if (j[i].running && strcmp(j[i].session, session) == 0)
			running++;
		if (!j[i].running && n - gone >= JOB_KEPT) {
			remove_job(&j[i]);
			gone++;
		}
	}
	jobs_free(j, n);
	errno = EBUSY;
	return running >= JOB_RUNNING ? -1 : 0;
}

/* The session's lock, which its launcher must hold. */
static int
open_session_lock(const char *dir)
{
	char *path = xasprintf("%s/lock", dir);
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd == -1 || flock(fd, LOCK_SH | LOCK_NB) == 0) {
		if (fd != -1)
			close(fd);
		errno = ESHUTDOWN;
		return -1;
	}
	return fd;
}

static long long
output_max(void)
{
	char *s = xconf_get("COMMAND_OUTPUT_MAX");
	long long n = OUTPUT_MAX;

	if (s != NULL)
		n = xnum("COMMAND_OUTPUT_MAX", s, 1, 1LL << 40);
	free(s);
	return n;
}

/*
 * The job's directory with its first facts, open and locked.  Without its
 * command it is none; so that is the first.
 */
static int
make_dir(const struct workspace *w, const char *session, const char *cmd,
    size_t len, char id[JOB_ID], int *lock)
{
	char *top, *dir, started[32];
	int fd = -1, ok;

	free(xworkspace_make_state(w));
	top = top_dir(w);
	dir = xasprintf("%s/%s", top, session);
	ok = io_private_dir(top) == 0 && io_private_dir(dir) == 0 &&
	    rand_hex(id, JOB_ID - 1) == 0;
	free(top);
	top = dir;
	dir = xasprintf("%s/%s", top, id);
	if (ok && mkdir(dir, 0700) == 0)
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(top);
	free(dir);
	if (fd == -1)
		return -1;
	snprintf(started, sizeof(started), "%lld\n", (long long)time(NULL));
	*lock = openat(fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*lock == -1 || flock(*lock, LOCK_EX | LOCK_NB) == -1 ||
	    io_replace(fd, "command", cmd, len, 0600) == -1 ||
	    io_replace(fd, "started", started, strlen(started), 0600) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
job_start(const struct workspace *w, const char *session,
    const char *sessiondir, const char *cmd, size_t len, struct job *j)
{
	struct jobrun r;
	char id[JOB_ID], *copy, byte;
	int done[2], lock = -1;
	pid_t pid;

	if (make_room(w, session) == -1)
		return -1;
	memset(&r, 0, sizeof(r));
	r.max = output_max();
	if ((r.sessionlock = open_session_lock(sessiondir)) == -1)
		return -1;
	if (pipe(done) == -1)
		return -1;
	io_cloexec(done[0], 1);
	io_cloexec(done[1], 1);
	if ((r.dirfd = make_dir(w, session, cmd, len, id, &lock)) == -1)
		return -1;
	copy = xstrndup(cmd, len);
	r.command = copy;
	r.w = w;
	r.session = session;
	r.id = id;
	r.done = done[1];
	if ((pid = fork()) == 0) {
		close(done[0]);
		jobrun(&r);
	}
	free(copy);
	close(done[1]);
	close(lock);
	close(r.sessionlock);
	close(r.dirfd);
	if (pid == -1 || io_readfull(done[0], &byte, 1) != 1 ||
	    job_load(w, session, id, j) == -1) {
		close(done[0]);
		errno = EAGAIN;
		return -1;
	}
	return done[0];
}
