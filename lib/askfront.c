#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <err.h>
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

#include "ask.h"
#include "askfront.h"
#include "askterm.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "rights.h"
#include "sock.h"

#define ANSWER_MAX	4096
#define QUEUE_SECONDS	600	/* to wait for one's turn */
#define LEND_SECONDS	20	/* for the launcher to lend its terminal */

/* A front end at work: a process that writes a line and exits 0 or 1. */
struct front {
	pid_t	pid;
	int	fd;
};

enum front_end { WAIT_ONLY, PROGRAM, SESSION_TTY, OWN_TTY };

static const char nobody[] = "There was nobody to ask, so the answer is no."
    " Tell the user what you need; they can allow it on the host with"
    " `aipod allow`.";
static const char timeout_text[] = "The user did not answer in time, so the"
    " answer is no. They may be away: go on with something else, or wait and"
    " ask once more later.";

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the terminal front ends, in a process of their own ------------------ */

/* The launcher's terminal, lent for as long as the connection is open. */
static int
borrow_tty(int sock)
{
	char byte;
	struct pollfd p = { sock, POLLIN, 0 };
	int fd;

	if (poll(&p, 1, LEND_SECONDS * 1000) != 1 ||
	    rights_recv(sock, &byte, 1, &fd, 1, 0) != 1)
		return -1;
	if (byte == 'T')
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

static void
die_with_parent(pid_t parent)
{
#if HAVE_PRCTL
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (getppid() != parent)
		_exit(1);
}

static void
terminal_child(int how, const struct ask *q, int seconds, int out, pid_t parent)
{
	struct buf line = BUF_INIT;
	char *path;
	int sock, fd = -1;

	die_with_parent(parent);
	if (how == OWN_TTY)
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	/* without a controlling terminal job control does not stop us */
	setsid();
	if (how == SESSION_TTY) {
		path = xasprintf("%s/ask.sock", getenv("AIPOD_SESSION_DIR"));
		if ((sock = sock_connect(path)) != -1)
			fd = borrow_tty(sock);
	}
	if (fd == -1)
		_exit(2);
	if (askterm(fd, q, seconds, &line) == 0) {
		buf_addc(&line, '\n');
		_exit(io_writeall(out, line.p, line.len) == 0 ? 0 : 2);
	}
	/* the terminal went away: somebody else may still be asked */
	_exit(errno == ETIMEDOUT || errno == ECANCELED ? 3 : 2);
}

/* 1 when this process may talk to its terminal. */
static int
in_foreground(void)
{
	int fd, yes;

	if ((fd = open("/dev/tty", O_RDWR | O_CLOEXEC)) == -1)
		return 0;
	yes = tcgetpgrp(fd) == getpgrp();
	close(fd);
	return yes;
}

/* ---- programs ------------------------------------------------------------ */

static void
program_environment(const struct ask *q, int seconds)
{
	char num[16], *text = xasprintf("%s/text", q->dir);
	char pattern[ASK_PATTERN] = "";

	snprintf(num, sizeof(num), "%d", seconds);
	setenv("AIPOD_ASK_ID", q->id, 1);
	setenv("AIPOD_ASK_KIND", q->kind, 1);
	setenv("AIPOD_ASK_WORKSPACE", q->workspace, 1);
	setenv("AIPOD_ASK_SESSION", q->session != NULL ? q->session : "", 1);
	setenv("AIPOD_ASK_AGENT", q->agent != NULL ? q->agent : "", 1);
	ask_domain(q->kind, q->subject.p, q->subject.len, pattern);
	setenv("AIPOD_ASK_DOMAIN", pattern, 1);
	setenv("AIPOD_ASK_TEXT", text, 1);
	setenv("AIPOD_ASK_SECONDS", num, 1);
	free(text);
}

static void
program_child(const char *program, const struct ask *q, int seconds, int out,
    pid_t parent)
{
	char *subject = xasprintf("%s/subject", q->dir);
	char *argv[2] = { NULL, NULL };
	struct sigaction sa = { .sa_handler = SIG_DFL };

	die_with_parent(parent);
	setpgid(0, 0);
	program_environment(q, seconds);
	sigemptyset(&sa.sa_mask);
	sigaction(SIGPIPE, &sa, NULL);
	if (dup2(open(subject, O_RDONLY | O_CLOEXEC), STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1)
		_exit(2);
	argv[0] = xstrdup(program);
	execv(program, argv);
	warn("cannot run '%s'", program);
	_exit(2);
}

static int
start(struct front *f, enum front_end how, const char *program,
    const struct ask *q, int seconds)
{
	pid_t parent = getpid();
	int p[2];

	f->pid = 0;
	f->fd = -1;
	if (how == WAIT_ONLY)
		return 0;
	if (pipe(p) == -1)
		return -1;
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	if ((f->pid = fork()) == 0) {
		if (how == PROGRAM)
			program_child(program, q, seconds, p[1], parent);
		terminal_child(how, q, seconds, p[1], parent);
	}
	close(p[1]);
	f->fd = p[0];
	return f->pid == -1 ? -1 : 0;
}

/* End it: a program's group, for dialogs run children of their own. */
static void
stop(struct front *f, int group)
{
	int i, status;

	if (f->pid > 0) {
		kill(group ? -f->pid : f->pid, SIGTERM);
		for (i = 0; i < 50 && waitpid(f->pid, &status, WNOHANG) == 0;
		    i++)
			poll(NULL, 0, 20);
		if (i == 50) {
			kill(group ? -f->pid : f->pid, SIGKILL);
			child_wait(f->pid);
		}
	}
	f->pid = 0;
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

/* ---- waiting ------------------------------------------------------------- */

static void
hold(int on)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/*
 * 1 when there is an answer: the front end's or one given elsewhere; the
 * first wins.  From then on no signal that asks to end comes between the
 * answer and what is done about it.  -1 when the front end failed, 0 when the
 * time is over.
 */
static int
await(struct front *f, const struct ask *q, struct ask_answer *a,
    long long end)
{
	struct buf b = { .max = ANSWER_MAX };
	struct pollfd p = { f->fd, POLLIN, 0 };
	struct ask_answer mine;
	ssize_t r = 1;
	int rc = 0;

	while (rc == 0 && now_ms() < end) {
		hold(1);
		if (ask_get(q, a)) {
			rc = 1;
			break;
		}
		hold(0);
		rc = poll(&p, p.fd == -1 ? 0 : 1, 100);
		if (rc < 1 || buf_reserve(&b, 512) == -1) {
			rc = 0;
			continue;
		}
		rc = 0;
		hold(1);
		if ((r = read(p.fd, b.p + b.len, 512)) > 0)
			b.len += (size_t)r;
		if (r > 0 && memchr(b.p, '\n', b.len) == NULL &&
		    b.len < ANSWER_MAX / 2)
			continue;
		if (buf_str(&b) == NULL || ask_parse(q, &mine, b.p) == -1)
			rc = ask_get(q, a) ? 1 : -1;
		else if (ask_put(q, b.p) == 0) {
			*a = mine;
			rc = 1;
		} else
			rc = ask_get(q, a) ? 1 : -1;
	}
	if (rc != 1)
		hold(0);
	buf_free(&b);
	return rc == -1 && now_ms() >= end ? 0 : rc;
}

/* Run one front end; the same answers. */
static int
try(enum front_end how, const char *program, const struct ask *q,
    struct ask_answer *a, long long end)
{
	struct front f;
	long long left = (end - now_ms() + 999) / 1000;
	int rc;

	if (how == PROGRAM && access(program, X_OK) == -1)
		return -1;
	if (start(&f, how, program, q, left > 0 ? (int)left : 0) == -1) {
		stop(&f, 0);
		return -1;
	}
	rc = await(&f, q, a, end);
	stop(&f, how == PROGRAM);
	return rc;
}

static int
share_program(const char *name, const struct ask *q, struct ask_answer *a,
    long long end)
{
	char *rel = xasprintf("approvers/%s", name), *path = xconf_share(rel);
	int rc;

	rc = try(PROGRAM, path, q, a, end);
	free(path);
	free(rel);
	return rc;
}

static int
has_session_tty(void)
{
	const char *dir = getenv("AIPOD_SESSION_DIR");
	struct stat st;
	char *path;
	int yes;

	if (dir == NULL || *dir != '/')
		return 0;
	path = xasprintf("%s/ask.sock", dir);
	yes = lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
	free(path);
	return yes;
}

/* The front ends in turn, until one has an answer or the time is over. */
static int
best(const struct ask *q, struct ask_answer *a, long long end)
{
	static const char *const desktop[] = { "zenity", "kdialog", "notify" };
	int i, rc = -1;

	if (has_session_tty())
		rc = try(SESSION_TTY, NULL, q, a, end);
	if (rc == -1 && getenv("TMUX") != NULL)
		rc = share_program("tmux", q, a, end);
	for (i = 0; i < 3 && rc == -1; i++)
		if (getenv("DISPLAY") != NULL ||
		    getenv("WAYLAND_DISPLAY") != NULL)
			rc = share_program(desktop[i], q, a, end);
#ifdef __APPLE__
	if (rc == -1)
		rc = share_program("osascript", q, a, end);
#endif
	if (rc == -1 && in_foreground())
		rc = try(OWN_TTY, NULL, q, a, end);
	return rc;
}

/* One question at a time on display; -1 when the turn never came. */
static int
take_turn(const struct ask *q, struct ask_answer *a, int *rc)
{
	char *path = xasprintf("%s/../turn", q->dir);
	long long end = now_ms() + QUEUE_SECONDS * 1000LL;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	free(path);
	while (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if ((*rc = ask_get(q, a)) == 1 || now_ms() > end) {
			close(fd);
			return -1;
		}
		poll(NULL, 0, 100);
	}
	return fd;
}

static int
seconds_to_answer(void)
{
	char *s = xconf_get("ASK_TIMEOUT");
	long long n = 60;

	if (s != NULL)
		n = xnum("ASK_TIMEOUT", s, 1, 3600);
	free(s);
	return (int)n;
}

void
ask_user(struct ask *q, struct ask_answer *a)
{
	char *choice = xconf_get("APPROVER");
	long long end;
	int rc = 0, seconds = seconds_to_answer(), turn;

	if ((turn = take_turn(q, a, &rc)) == -1) {
		if (rc != 1)
			ask_refuse(a, timeout_text);
		free(choice);
		return;
	}
	end = now_ms() + seconds * 1000LL;
	if (choice == NULL || *choice == '\0')
		rc = best(q, a, end);
	else if (strcmp(choice, "none") == 0)
		rc = -1;
	else if (strcmp(choice, "queue") == 0)
		rc = try(WAIT_ONLY, NULL, q, a, end);
	else if (strcmp(choice, "terminal") == 0)
		rc = try(has_session_tty() ? SESSION_TTY : OWN_TTY, NULL, q, a,
		    end);
	else if (strchr(choice, '/') == NULL)
		rc = share_program(choice, q, a, end);
	else
		rc = try(PROGRAM, choice, q, a, end);
	/* an answer given elsewhere in the last moment still counts */
	if (rc != 1 && ask_put(q, "no") == -1 && ask_get(q, a))
		rc = 1;
	if (rc != 1)
		ask_refuse(a, rc == -1 ? nobody : timeout_text);
	close(turn);
	free(choice);
}
