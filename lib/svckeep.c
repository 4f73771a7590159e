#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "keeper.h"
#include "mem.h"
#include "owned.h"
#include "rec.h"
#include "sock.h"
#include "status.h"

static volatile sig_atomic_t got_term, got_int;

static void
on_signal(int sig)
{
	if (sig == SIGTERM)
		got_term = 1;
	else
		got_int = 1;
}

long long
keeper_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 when the session's launcher is gone. */
static int
session_over(const struct keeper *k)
{
	if (flock(k->session, LOCK_SH | LOCK_NB) == -1)
		return 0;
	flock(k->session, LOCK_UN);
	return 1;
}

void
keeper_put(struct keeper *k, const char *fact, const char *value)
{
	char *path;

	if (session_over(k))
		return;
	path = xasprintf("%s/%s", k->dir, fact);
	io_put_line(path, value);
	free(path);
}

void
keeper_tell(struct keeper *k, const char *line)
{
	char *s;

	if (k->up == -1)
		return;
	s = xasprintf("%s\n", line);
	/* one that does not read is no reason to wait */
	send(k->up, s, strlen(s), MSG_NOSIGNAL | MSG_DONTWAIT);
	free(s);
}

void
keeper_look(struct keeper *k)
{
	char c;
	ssize_t n;

	if (k->up != -1 &&
	    (n = recv(k->up, &c, 1, MSG_DONTWAIT)) != -1) {
		if (n == 0 && !k->told) {
			k->wish = KEEP_KILL;
			k->how = "cancelled";
		}
		close(k->up);
		k->up = -1;
	}
	if (got_term && k->wish == KEEP_ON) {
		k->wish = KEEP_STOP;
		k->how = "stopped";
	}
	if (got_int || session_over(k)) {
		k->wish = KEEP_KILL;
		k->how = "stopped";
	}
}

/* The one line of /etc/hosts; the file is mounted, so it must stay the same. */
void
svckeep_hosts(const struct session *s, const char *name, int there)
{
	char *path = xasprintf("%s/run/etc-hosts", s->dir), *p, *nl;
	char *line = xasprintf("\t%s\n", name);
	uint32_t a = svcname_addr(name);
	struct buf old = BUF_INIT, text = BUF_INIT;
	size_t n, len = strlen(line);
	int fd;

	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && flock(fd, LOCK_EX) == 0 &&
	    io_slurp(fd, &old, 65536) == 0 && buf_str(&old) != NULL) {
		for (p = old.p; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
			n = (size_t)(nl + 1 - p);
			if (n < len || memcmp(nl + 1 - len, line, len) != 0)
				buf_add(&text, p, n);
		}
		if (there)
			buf_printf(&text, "%u.%u.%u.%u%s",
			    (unsigned)(a >> 24), (unsigned)(a >> 16 & 255),
			    (unsigned)(a >> 8 & 255), (unsigned)(a & 255),
			    line);
		if (!text.bad && pwrite(fd, text.p, text.len, 0) ==
		    (ssize_t)text.len && ftruncate(fd, (off_t)text.len) == -1)
			errno = 0;	/* what is left is old, not wrong */
	}
	if (fd != -1)
		close(fd);
	buf_free(&old);
	buf_free(&text);
	free(line);
	free(path);
}

/* ---- the process ----------------------------------------------------------- */

/* Docker says that it is being removed, and does not wait. */
static void
await_removal(const struct keeper *k)
{
	char *v[] = { k->job->engine->program, (char *)"container",
	    (char *)"inspect", k->container, NULL };
	struct timespec tick = { 0, 100000000 };
	int tries;

	for (tries = 0; tries < 100 && child_run_quietly(v) == 0; tries++)
		nanosleep(&tick, NULL);
}

static void
clear(struct keeper *k)
{
	char *v[] = { k->job->engine->program, (char *)"rm", (char *)"-f",
	    (char *)"-v", k->container, NULL };

	/* the engine is at it itself, then: this waits until it is done */
	if (k->gone && child_run_quietly(v) != 0 && k->job->engine->docker)
		await_removal(k);
	if (!k->gone && k->image.id != NULL)
		owned_remove(k->job->engine, OWNED_CONTAINER, v + 4);
	unlink(k->sock);
	svckeep_hosts(k->job->session, k->job->spec->name, 0);
}

/* What is remembered of one that ended by itself. */
static void
record(struct keeper *k)
{
	char *line, status[16] = "-";

	if (k->status >= 0)
		snprintf(status, sizeof(status), "%d", k->status);
	line = xasprintf("%s\t%s", status, k->how);
	if (k->note != NULL)
		keeper_put(k, "note", k->note);
	keeper_put(k, "exit", line);
	keeper_put(k, "state", "exited");
	free(line);
}

/* Until whoever started it has read why it failed. */
static int
is_wanted(struct keeper *k)
{
	char c = 0;

	if (k->up == -1)
		return 1;
	keeper_tell(k, "failed");
	while (recv(k->up, &c, 1, 0) == -1 && errno == EINTR && !got_int)
		;
	return c == 'k';
}

static void
keep(struct keeper *k)
{
	int failed;

	failed = keeper_image(k) == -1 || keeper_run(k) == -1;
	keeper_look(k);
	clear(k);
	if (failed && k->wish == KEEP_ON) {
		record(k);
		k->told = 1;
		if (k->running || is_wanted(k))
			_exit(ST_SYS);
	}
	if (!session_over(k))
		io_remove(AT_FDCWD, k->dir);
	_exit(ST_YES);
}

static void
catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t none;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Twice forked: nobody's child, and of a session of its own. */
static void
become(struct keeper *k)
{
	char pid[16];
	int null;

	setsid();
	if (fork() != 0)
		_exit(0);
	catch();
	if (chdir("/") == -1 || (null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, 0) == -1 || dup2(null, 1) == -1 || dup2(null, 2) == -1)
		_exit(ST_SYS);
	if (null > 2)
		close(null);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	keeper_put(k, "pid", pid);
	keep(k);
}

/* ---- who starts it --------------------------------------------------------- */

/* The session's lock, which its launcher must hold. */
static int
open_lock(const struct session *s)
{
	char *path = xasprintf("%s/lock", s->dir);
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd != -1 && flock(fd, LOCK_SH | LOCK_NB) == 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Under the lock of svc/: is there room for the name?  NULL for yes. */
static const char *
make_room(const struct svckeep_job *j)
{
	struct svc *s;
	const char *why = NULL;
	uint32_t addr = svcname_addr(j->spec->name);
	int i, n, alive = 0;

	n = svcs_list(j->session, &s);
	for (i = 0; i < n; i++) {
		alive += s[i].alive;
		if (strcmp(s[i].name, j->spec->name) == 0) {
			if (s[i].alive)
				why = "A service with this name is there"
				    " already: see list_services. Use it, stop"
				    " it first, or choose another name.";
			else
				io_remove(AT_FDCWD, s[i].dir);
		} else if (s[i].alive && svcname_addr(s[i].name) == addr)
			why = "This name cannot be used beside those that are"
			    " there already: choose another.";
	}
	if (why == NULL && alive >= SVC_MAX)
		why = "Too many services run in this session: stop one first.";
	for (i = 0; i < n && n - alive >= SVC_MAX; i++)
		if (!s[i].alive)
			io_remove(AT_FDCWD, s[i].dir);
	svcs_free(s, n);
	return why;
}

/* Its directory with the facts that never change; the held lock, or -1. */
static int
make_dir(struct keeper *k)
{
	const struct svcspec *spec = k->job->spec;
	struct buf keys = BUF_INIT;
	char *path, now[32];
	size_t i;
	int fd = -1;

	/* what is in run/ anybody in the container may see and nobody write */
	if (mkdir(k->dir, 0700) == -1 || mkdir(k->run, 0755) == -1 ||
	    chmod(k->run, 0755) == -1)
		return -1;
	path = xasprintf("%s/bin", k->run);
	if (mkdir(path, 0755) == 0) {
		free(path);
		path = xasprintf("%s/lock", k->dir);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	free(path);
	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1)
		return -1;
	for (i = 0; i < spec->keys.n; i++)
		buf_printf(&keys, "%s%s", i > 0 ? " " : "", spec->keys.v[i]);
	snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	keeper_put(k, "started", now);
	keeper_put(k, "keys", buf_str(&keys) != NULL ? keys.p : "");
	keeper_put(k, "state", "starting");
	keeper_put(k, "image", spec->image);
	buf_free(&keys);
	return fd;
}

static void
prepare(struct keeper *k, const struct svckeep_job *j)
{
	struct svcbox b = { j->engine, j->workspace, j->session, NULL,
	    j->spec->name, NULL, NULL };

	memset(k, 0, sizeof(*k));
	k->job = j;
	k->dir = xasprintf("%s/svc/%s", j->session->dir, j->spec->name);
	k->run = xasprintf("%s/run", k->dir);
	k->sock = xasprintf("%s/run/" SVCNAME_SOCK "%s.sock", j->session->dir,
	    j->spec->name);
	k->container = svcbox_name(&b);
	k->up = k->session = k->start = k->listener = k->life = k->log =
	    k->logwrite = k->logfile = k->watch = k->status = -1;
	k->how = "failed";
}

/* Under the lock of svc/; the socketpair's end, or -1. */
static int
launch(struct keeper *k, int dirlock, const char **why)
{
	int lock, sv[2];
	pid_t pid;

	if ((*why = make_room(k->job)) != NULL)
		return -1;
	*why = "The service could not be prepared on the host. Tell the user.";
	if ((lock = make_dir(k)) == -1) {
		io_remove(AT_FDCWD, k->dir);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1) {
		close(lock);
		return -1;
	}
	if ((pid = fork()) == 0) {
		close(dirlock);
		close(sv[0]);
		k->up = sv[1];
		become(k);
	}
	close(sv[1]);
	close(lock);
	if (pid == -1) {
		close(sv[0]);
		return -1;
	}
	child_wait(pid);
	return sv[0];
}

int
svckeep_start(const struct svckeep_job *j, const char **why)
{
	struct keeper k;
	char *svc = xasprintf("%s/svc", j->session->dir);
	int dirlock, rc = -1;

	prepare(&k, j);
	*why = "The session is over.";
	if ((k.session = open_lock(j->session)) != -1) {
		*why = "The service could not be prepared on the host. Tell"
		    " the user.";
		mkdir(svc, 0700);
		dirlock = open(svc, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		if (dirlock != -1 && flock(dirlock, LOCK_EX) == 0)
			rc = launch(&k, dirlock, why);
		if (dirlock != -1)
			close(dirlock);
		close(k.session);
	}
	free(svc);
	free(k.dir);
	free(k.run);
	free(k.sock);
	free(k.container);
	return rc;
}
