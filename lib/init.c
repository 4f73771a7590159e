#if HAVE_EPOLL
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "hold.h"
#include "init.h"
#include "sock.h"
#include "status.h"

struct state {
	pid_t		 child;
	pid_t		 helper;	/* -1: waits to be started again */
	int		 ready;		/* ends when the helper is ready */
	struct timespec	 born;		/* of the helper */
	int		 leads;		/* this process leads its session */
	int		 tty;		/* its terminal, or -1 */
	int		 sizes;		/* the same, kept to set its size, or -1 */
	int		 number[2];	/* of a size that is being told */
	int		 life;		/* the launcher, or -1 */
	time_t		 deadline;	/* when the child is killed, or 0 */
	sigset_t	 mask;		/* as it was given to us */
};

/* Let go of the standard descriptors: their other ends must see the child. */
static void
let_go(int verbose)
{
	int fd, i;

	if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return;
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (i != STDERR_FILENO || !verbose)
			dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

/*
 * The child shall lead a session that owns the terminal, just as if there
 * were no init, so this process gives the terminal up.  That hangs up our own
 * group: not to be passed on.
 */
static void
give_up_terminal(struct state *s)
{
	struct sigaction ign = { .sa_handler = SIG_IGN }, hup, cont;
	int fd;

	s->tty = -1;
	s->leads = getsid(0) == getpid();
	if (!s->leads)
		return;
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO && s->tty == -1; fd++)
		if (tcgetsid(fd) == getpid())
			s->tty = fd;
	if (s->tty == -1)
		return;
	s->sizes = fcntl(s->tty, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (ioctl(s->tty, TIOCNOTTY, 0) == -1)
		s->tty = -1;
	/* they are blocked, so pending by now: ignoring forgets them */
	sigemptyset(&ign.sa_mask);
	sigaction(SIGHUP, &ign, &hup);
	sigaction(SIGCONT, &ign, &cont);
	sigaction(SIGHUP, &hup, NULL);
	sigaction(SIGCONT, &cont, NULL);
}

static int
start_child(struct state *s, const struct init *in)
{
	int saved;

	if ((s->child = fork()) != 0)
		return s->child == -1 ? -1 : 0;
	if (s->leads) {
		setsid();
		if (s->tty != -1)
			ioctl(s->tty, TIOCSCTTY, 0);
	}
	setrlimit(RLIMIT_NOFILE, &in->nofile);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	if (hold_back() == -1) {
		warn("cannot filter system calls");
		_exit(ST_SYS);
	}
	execvp(in->argv[0], in->argv);
	saved = errno;
	warn("cannot run '%s'", in->argv[0]);
	_exit(saved == ENOENT ? ST_NOTFOUND : ST_NOEXEC);
}

static int
start_helper(struct state *s, const struct init *in)
{
	sigset_t none;
	pid_t parent = getpid();
	int ready[2];

	clock_gettime(CLOCK_MONOTONIC, &s->born);
	if (pipe2(ready, O_CLOEXEC) == -1)
		return -1;
	if ((s->helper = fork()) != 0) {
		close(ready[1]);
		s->ready = ready[0];
		if (s->helper == -1)
			close(ready[0]);
		return s->helper == -1 ? -1 : 0;
	}
	close(ready[0]);
	if (s->life != -1)
		close(s->life);
	if (s->sizes != -1)
		close(s->sizes);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(ST_SYS);
	setsid();
	let_go(in->verbose);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	in->helper(in->arg, ready[1]);
	_exit(ST_SYS);
}

/* However the helper gets there, or does not. */
static void
await_helper(struct state *s)
{
	char c;

	while (read(s->ready, &c, 1) == -1 && errno == EINTR)
		;
	close(s->ready);
}

/* A byte of a size; its terminal gets it when it is complete. */
static void
take_size(struct state *s, int c)
{
	struct winsize ws;

	if (c >= '0' && c <= '9' && s->number[1] < 1000)
		s->number[1] = s->number[1] * 10 + c - '0';
	else if (c == 'x') {
		s->number[0] = s->number[1];
		s->number[1] = 0;
	} else if (c == ';') {
		memset(&ws, 0, sizeof(ws));
		ws.ws_row = (unsigned short)s->number[0];
		ws.ws_col = (unsigned short)s->number[1];
		ioctl(s->sizes, TIOCSWINSZ, &ws);
		s->number[1] = 0;
	}
}

/* 0 without a lifeline or with one that is ready; -1 with errno. */
static int
tie(struct state *s, const char *path)
{
	char byte;

	if (path == NULL || access(path, F_OK) == -1)
		return 0;
	if ((s->life = sock_connect(path)) == -1)
		return -1;
	/* however long: the launcher's end closes it */
	if (read(s->life, &byte, 1) != 1 || byte != 0) {
		errno = ECONNABORTED;
		return -1;
	}
	while (recv(s->life, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
	    byte >= ' ' && read(s->life, &byte, 1) == 1)
		take_size(s, byte);
	return 0;
}

static int
arm(struct state *s)
{
	/* what comes is told by SIGIO, which is waited for with the others */
	if (s->life != -1 && (fcntl(s->life, F_SETOWN, getpid()) == -1 ||
	    fcntl(s->life, F_SETFL, O_NONBLOCK | O_ASYNC) == -1))
		return -1;
	return 0;
}

static time_t
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void
listen_to_life(struct state *s)
{
	unsigned char sig;
	ssize_t r;

	while (s->life != -1 && (r = read(s->life, &sig, 1)) != -1) {
		if (r == 1) {
			if (sig > 0 && sig < 32)
				kill(s->child, sig);
			else
				take_size(s, sig);
			continue;
		}
		close(s->life);
		s->life = -1;
		kill(s->child, SIGTERM);
		s->deadline = seconds() + INIT_GRACE;
	}
}

/* Bury the dead; 1 with the child's status when it is among them. */
static int
reap(struct state *s, int *status)
{
	int st, over = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid == s->child) {
			*status = child_status(st);
			over = 1;
		} else if (pid == s->helper)
			s->helper = -1;
	}
	return over;
}

/* Did the terminal send it, to a group that the child is in as well? */
static int
from_terminal(const struct state *s, const siginfo_t *si)
{
	return !s->leads && si->si_code == SI_KERNEL;
}

/* Start the helper again, but at most once a second. */
static void
revive(struct state *s, const struct init *in)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - s->born.tv_sec > 1 && start_helper(s, in) == 0)
		close(s->ready);
}

static int
watch_over(struct state *s, const struct init *in, const sigset_t *all)
{
	const struct timespec second = { 1, 0 };
	siginfo_t si;
	int sig, status = 0;

	listen_to_life(s);	/* it may have spoken before SIGIO was set */
	for (;;) {
		if (s->helper == -1 || s->deadline != 0)
			sig = sigtimedwait(all, &si, &second);
		else
			sig = sigwaitinfo(all, &si);
		if (s->deadline != 0 && seconds() >= s->deadline)
			kill(s->child, SIGKILL);
		if (sig == SIGCHLD) {
			if (reap(s, &status))
				return status;
		} else if (sig == SIGIO && si.si_code == SI_KERNEL)
			/* maybe of what was read before it was told of */
			listen_to_life(s);
		else if (sig > 0 && !from_terminal(s, &si))
			kill(s->child, sig);
		if (s->helper == -1)
			revive(s, in);
	}
}

int
init_run(const struct init *in)
{
	struct state s;
	sigset_t all;
	int status;

	memset(&s, 0, sizeof(s));
	s.life = in->tied != 0 ? in->tied : -1;
	s.sizes = -1;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &s.mask);
	sigemptyset(&s.mask);
	/* the agent has our uid: it shall not get at our memory */
	prctl(PR_SET_DUMPABLE, 0);
	if (start_helper(&s, in) == -1) {
		warn("cannot start a process");
		return ST_SYS;
	}
	await_helper(&s);
	give_up_terminal(&s);
	if (tie(&s, in->life) == -1 || arm(&s) == -1) {
		warn("cannot reach the launcher");
		status = ST_SYS;
	} else if (start_child(&s, in) == -1) {
		warn("cannot start a process");
		status = ST_SYS;
	} else {
		let_go(in->verbose);
		status = watch_over(&s, in, &all);
	}
	if (s.helper > 0 && kill(s.helper, SIGKILL) == 0)
		waitpid(s.helper, NULL, 0);
	return status;
}
#else
typedef int init_needs_linux;
#endif
