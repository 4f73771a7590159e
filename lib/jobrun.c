#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if HAVE_PRCTL
#include <sys/prctl.h>
#endif

#include "argv.h"
#include "audit.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "job.h"
#include "jobrun.h"
#include "mem.h"
#include "num.h"
#include "procs.h"
#include "status.h"

#define TICK		250	/* ms between looks at the session's lock */
#define GRACE		5000	/* ms from TERM to KILL */
#define LINGER		1000	/* ms that output may come after the exit */

struct stream {
	int		 from;		/* pipe from the command, or -1 */
	int		 host;
	int		 copy;		/* in the workspace, or -1 */
	long long	 left;
};

struct run {
	struct jobrun	*j;
	int		 copydir;	/* in the workspace, or -1 */
	struct stream	 s[2];
	pid_t		 pid;
	int		 status;	/* of the command; -1 while it runs */
	long long	 ended;		/* when it ended, ms */
	int		 recorded;
	int		 children;	/* there are some left */
	const char	*how;
	long long	 term;		/* when TERM was sent, ms; 0: not yet */
};

static volatile sig_atomic_t told_to_stop;

static void
on_term(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the workspace's copy: everything there may be a trap ---------------- */

/* Enter a directory of ours, made where it is missing; closes up. */
static int
enter(int up, const char *name)
{
	int fd;

	if (up == -1)
		return -1;
	if (mkdirat(up, name, 0755) == -1 && errno != EEXIST)
		fd = -1;
	else
		fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
	close(up);
	return fd;
}

static void
copy_file(int dirfd, const char *name, const char *s, size_t n)
{
	int fd;

	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0644);
	if (fd != -1) {
		io_writeall(fd, s, n);	/* without it, the host's stands */
		close(fd);
	}
}

static int
make_copydir(const struct jobrun *j)
{
	int fd;

	fd = open(j->w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if ((fd = enter(fd, ".aipod")) != -1)
		copy_file(fd, ".gitignore", "*\n", 2);
	fd = enter(fd, "commands");
	fd = enter(fd, j->session);
	fd = enter(fd, j->id);
	if (fd != -1)
		copy_file(fd, "command", j->command, strlen(j->command));
	return fd;
}

/* ---- output -------------------------------------------------------------- */

static int
open_stream(struct run *r, int i, const char *name)
{
	struct stream *s = &r->s[i];
	int p[2];

	s->from = s->copy = -1;
	s->left = r->j->max;
	s->host = openat(r->j->dirfd, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	if (s->host == -1 || pipe(p) == -1)
		return -1;
	if (r->copydir != -1)
		s->copy = openat(r->copydir, name, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0644);
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	io_nonblock(p[0], 1);
	s->from = p[0];
	return p[1];
}

static void
keep(struct stream *s, const char *p, size_t n)
{
	if (s->host != -1 && io_writeall(s->host, p, n) == -1) {
		close(s->host);
		s->host = -1;
	}
	if (s->copy != -1 && io_writeall(s->copy, p, n) == -1) {
		close(s->copy);
		s->copy = -1;
	}
}

/* Take what there is, at most a pipe's worth. */
static void
take(struct stream *s, long long max)
{
	static const char fmt[] = "\n[aipod: the output is cut off here, after"
	    " %lld bytes]\n";
	char data[65536], mark[96];
	ssize_t n;

	if (s->from == -1)
		return;
	n = read(s->from, data, sizeof(data));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(s->from);
		s->from = -1;
		return;
	}
	if (s->left < 0)
		return;			/* the mark is there */
	if (n <= s->left) {
		keep(s, data, (size_t)n);
		s->left -= n;
		return;
	}
	keep(s, data, (size_t)s->left);
	s->left = -1;
	n = snprintf(mark, sizeof(mark), fmt, max);
	keep(s, mark, (size_t)n);
}

/* ---- the command --------------------------------------------------------- */

/* What it is given of the environment: little, and what the user lists. */
static void
add_environment(struct argv *env, const struct jobrun *j)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "LANG" };
	char *list = xconf_get("COMMAND_ENV"), *p, *name;
	const char *value;
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((value = getenv(names[i])) != NULL)
			argv_addf(env, "%s=%s", names[i], value);
	argv_add(env, "TERM=dumb");
	argv_addf(env, "PWD=%s", j->w->path);
	argv_addf(env, "AIPOD_COMMAND=%s", j->id);
	for (p = list; p != NULL && *p != '\0'; p += n) {
		p += strspn(p, " ,");
		n = strcspn(p, " ,");
		name = xstrndup(p, n);
		if (n > 0 && (value = getenv(name)) != NULL)
			argv_addf(env, "%s=%s", name, value);
		free(name);
	}
	free(list);
}

static void
exec_command(const struct jobrun *j, int out, int err)
{
	static const char msg[] = "aipod: cannot run /bin/sh in the workspace\n";
	struct sigaction sa = { .sa_handler = SIG_DFL };
	struct argv sh = ARGV_INIT, env = ARGV_INIT;
	int sig;

	setsid();
	sigemptyset(&sa.sa_mask);
	for (sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			sigaction(sig, &sa, NULL);
	sigprocmask(SIG_SETMASK, &sa.sa_mask, NULL);
	argv_add(&sh, "/bin/sh");
	argv_add(&sh, "-c");
	argv_add(&sh, j->command);
	add_environment(&env, j);
	if (dup2(out, STDOUT_FILENO) != -1 && dup2(err, STDERR_FILENO) != -1 &&
	    chdir(j->w->path) == 0)
		execve("/bin/sh", sh.v, env.v);
	io_writeall(STDERR_FILENO, msg, sizeof(msg) - 1);
	_exit(ST_NOEXEC);
}

static int
start(struct run *r)
{
	int out, err;

	r->copydir = make_copydir(r->j);
	if ((out = open_stream(r, 0, "stdout")) == -1 ||
	    (err = open_stream(r, 1, "stderr")) == -1)
		return -1;
	if ((r->pid = fork()) == 0)
		exec_command(r->j, out, err);
	close(out);
	close(err);
	r->status = -1;
	r->children = 1;
	r->how = "exited";
	return r->pid == -1 ? -1 : 0;
}

static void
reap(struct run *r)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->pid) {
			r->status = child_status(status);
			r->ended = now_ms();
		}
	if (pid == -1 && errno == ECHILD)
		r->children = 0;
}

/* The end in the audit trail, too. */
static void
trail(const struct run *r)
{
	char detail[96];
	struct audit a = { r->j->session, "command", "end", r->how,
	    r->j->command, strlen(r->j->command), detail };

	snprintf(detail, sizeof(detail), "id=%s status=%d", r->j->id, r->status);
	audit_add(r->j->w, &a);		/* its standard error is nowhere */
}

static void
record(struct run *r)
{
	char text[16];

	if (job_record(r->j->dirfd, r->status, r->how) == -1)
		_exit(ST_SYS);		/* the guard will try */
	if (r->copydir != -1) {
		snprintf(text, sizeof(text), "%d\n", r->status);
		copy_file(r->copydir, "exit", text, strlen(text));
	}
	trail(r);
	close(r->j->done);
	r->recorded = 1;
}

/* 1 when the session's launcher is gone. */
static int
session_over(int lock)
{
	if (flock(lock, LOCK_SH | LOCK_NB) == -1)
		return 0;
	flock(lock, LOCK_UN);
	return 1;
}

static void
stop(struct run *r, const char *how)
{
	if (r->term == 0) {
		r->term = now_ms();
		if (!r->recorded)
			r->how = how;
		procs_signal(getpid(), SIGTERM);
		procs_signal(getpid(), SIGCONT);
	} else if (now_ms() - r->term >= GRACE)
		procs_signal(getpid(), SIGKILL);
}

static void
look_after(struct run *r)
{
	struct pollfd p[2];
	int i, wait;

	for (;;) {
		for (i = 0; i < 2; i++) {
			p[i].fd = r->s[i].from;
			p[i].events = POLLIN;
		}
		wait = r->term != 0 && now_ms() - r->term >= GRACE ? 20 : TICK;
		if (poll(p, 2, wait) > 0)
			for (i = 0; i < 2; i++)
				if (p[i].fd != -1 && p[i].revents != 0)
					take(&r->s[i], r->j->max);
		reap(r);
		if (!r->recorded && r->status != -1 &&
		    ((r->s[0].from == -1 && r->s[1].from == -1) ||
		    now_ms() - r->ended > LINGER))
			record(r);
		if (r->recorded && !r->children)
			return;
		if (told_to_stop || r->term != 0)
			stop(r, "stopped");
		else if (session_over(r->j->sessionlock))
			stop(r, "session");
	}
}

static void
supervise(struct jobrun *j)
{
	struct sigaction sa = { .sa_handler = on_term };
	struct run r;
	char pid[16];

#if HAVE_PRCTL
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	/* SIGCHLD ends poll(2) early */
	sa.sa_handler = procs_noop;
	sigaction(SIGCHLD, &sa, NULL);
	memset(&r, 0, sizeof(r));
	r.j = j;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (io_replace(j->dirfd, "pid", pid, strlen(pid), 0600) == -1 ||
	    start(&r) == -1)
		_exit(ST_SYS);
	if (io_writeall(j->done, "R", 1) == -1)
		told_to_stop = 1;	/* who wanted it is gone already */
	look_after(&r);
	_exit(0);
}

/*
 * The guard waits for the supervisor.  Should that be killed, its orphans
 * become the guard's: they are ended, and the end is recorded.
 */
void
jobrun(struct jobrun *j)
{
	struct sigaction ign = { .sa_handler = SIG_IGN };
	pid_t pid;
	int fd, i, status = -1;

	setsid();
	if ((fd = open("/dev/null", O_RDWR)) != -1)
		for (i = 0; i < 3; i++)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
#if HAVE_PRCTL
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
	sigemptyset(&ign.sa_mask);
	sigaction(SIGTERM, &ign, NULL);
	sigaction(SIGINT, &ign, NULL);
	sigaction(SIGHUP, &ign, NULL);
	if ((pid = fork()) == 0)
		supervise(j);
	close(j->done);
	if (pid != -1)
		status = child_wait(pid);
	if (status != 0) {
		procs_end(getpid());
		job_record(j->dirfd, pid == -1 ? ST_SYS : ST_SIGNAL + SIGKILL,
		    "lost");
	}
	_exit(0);
}
