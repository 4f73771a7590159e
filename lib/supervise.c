#include <sys/socket.h>
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

#include "child.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "status.h"
#include "supervise.h"

/* Signals reach the loop through a pipe, a byte each. */
static int notes[2] = { -1, -1 };

static void
on_signal(int sig)
{
	unsigned char n = (unsigned char)sig;
	int saved = errno;

	if (write(notes[1], &n, 1) == -1) {
		/* full: the loop is awake already */
	}
	errno = saved;
}

static const int watched[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	SIGWINCH, SIGUSR1, SIGUSR2 };
#define NWATCHED	(sizeof(watched) / sizeof(watched[0]))

static int
watch_signals(void)
{
	struct sigaction sa;
	size_t i;
	int k;

	if (pipe(notes) == -1)
		return -1;
	for (k = 0; k < 2; k++)
		if (io_cloexec(notes[k], 1) == -1 ||
		    io_nonblock(notes[k], 1) == -1)
			return -1;
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sigfillset(&sa.sa_mask);
	for (i = 0; i < NWATCHED; i++)
		if (sigaction(watched[i], &sa, NULL) == -1)
			return -1;
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	return 0;
}

/*
 * Start a program: keep stays open in it, slave (or -1) becomes its terminal.
 * A deaf one is not reached by the terminal's signals, and standard input and
 * output, which are the agent's, are not its own.
 */
static pid_t
start(char *const *v, int keep, int slave, int deaf)
{
	struct sigaction sa;
	sigset_t none;
	size_t i;
	pid_t pid;
	int null, saved;

	if ((pid = fork()) != 0)
		return pid;
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_DFL;
	for (i = 0; i < NWATCHED; i++)
		sigaction(watched[i], &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	if (deaf) {
		sa.sa_handler = SIG_IGN;
		sigaction(SIGINT, &sa, NULL);
		sigaction(SIGQUIT, &sa, NULL);
		sigaction(SIGHUP, &sa, NULL);
		if ((null = open("/dev/null", O_RDONLY)) == -1 ||
		    dup2(null, STDIN_FILENO) == -1 ||
		    dup2(STDERR_FILENO, STDOUT_FILENO) == -1)
			_exit(ST_SYS);
		close(null);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* the engine's client leads a session: Ctrl-C is ours to pass on */
	if ((keep != -1 && io_cloexec(keep, 0) == -1) ||
	    (slave != -1 ? term_adopt(slave) : deaf ? 0 : setsid()) == -1) {
		warn("cannot set up '%s'", v[0]);
		_exit(ST_SYS);
	}
	execvp(v[0], v);
	saved = errno;
	warn("cannot run '%s'", v[0]);
	_exit(saved == ENOENT ? ST_NOTFOUND : ST_NOEXEC);
}

int
watchdog_start(const struct session *s, int lockfd, pid_t *pid)
{
	char id[WORKSPACE_HASH + SESSION_ID + 1], done;
	char *sweep = xconf_tool("aipod-sweep");
	char *v[] = { NULL, NULL, NULL, NULL, NULL };
	struct sigaction sa;
	int p[2], null;
	ssize_t r;

	snprintf(id, sizeof(id), "%s/%s", s->hash, s->id);
	v[0] = sweep;
	v[1] = (char *)"-q";
	v[2] = (char *)"--session";
	v[3] = id;
	if (pipe(p) == -1)
		return -1;
	switch (*pid = fork()) {
	case -1:
		return -1;
	case 0:
		break;
	default:
		close(p[0]);
		io_cloexec(p[1], 1);
		free(sweep);
		return p[1];
	}
	/* Its own session, and nothing held open: neither lock nor pipes. */
	setsid();
	close(p[1]);
	close(lockfd);
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if ((null = open("/dev/null", O_RDWR)) != -1) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
	}
	while ((r = read(p[0], &done, 1)) == -1 && errno == EINTR)
		;
	if (r != 1)
		execv(v[0], v);
	_exit(0);
}

void
watchdog_done(int fd, pid_t pid)
{
	io_writeall(fd, "x", 1);
	close(fd);
	child_wait(pid);
}

/* TERM, and KILL for what does not go within five seconds. */
static void
stop_servers(struct supervise *s)
{
	struct timespec tick = { 0, 5000000 };
	struct server *v;
	int i, left = 1000;

	for (i = 0; i < s->nserver; i++)
		if (s->server[i].pid > 0)
			kill(s->server[i].pid, SIGTERM);
	for (i = 0; i < s->nserver; i++) {
		v = &s->server[i];
		while (v->pid > 0 && waitpid(v->pid, NULL, WNOHANG) == 0) {
			if (left-- == 0)
				kill(v->pid, SIGKILL);
			nanosleep(&tick, NULL);
		}
		v->pid = 0;
	}
}

/* Collect the dead; returns 1 when the engine's client was among them. */
static int
reap(struct supervise *s, pid_t engine, int *status)
{
	struct server *v;
	pid_t pid;
	int ws, i, ended = 0;

	while ((pid = waitpid(-1, &ws, WNOHANG)) > 0) {
		if (pid == s->before) {
			s->before = 0;
			continue;
		}
		if (pid == engine) {
			*status = child_status(ws);
			s->unclean |= WIFSIGNALED(ws);
			ended = 1;
			continue;
		}
		for (i = 0; i < s->nserver; i++) {
			v = &s->server[i];
			if (v->pid != pid)
				continue;
			v->pid = 0;
			if (v->restarts++ < SUPERVISE_RESTARTS)
				v->pid = start(v->argv.v, v->fd, -1, 1);
			else
				warnx("'%s' keeps dying: not started again;"
				    " end the session", v->argv.v[0]);
		}
	}
	return ended;
}

/*
 * PID 1 in the box has connected, before anything of the agent's runs: now
 * nobody else can, and it may go on.
 */
static void
tie(struct supervise *s)
{
	if ((s->life = accept(s->life_listen, NULL, NULL)) == -1)
		return;
	s->tied = 1;
	io_cloexec(s->life, 1);
	io_nonblock(s->life, 1);
	close(s->life_listen);
	s->life_listen = -1;
	unlink(s->life_path);
	send(s->life, "", 1, MSG_NOSIGNAL);
	send(s->life, s->early, (size_t)s->nearly, MSG_NOSIGNAL);
}

static void
pass_on(struct supervise *s, int sig)
{
	unsigned char byte = (unsigned char)sig;

	if (s->life != -1)
		send(s->life, &byte, 1, MSG_NOSIGNAL);
	else if (s->life_listen != -1 && s->nearly < (int)sizeof(s->early))
		s->early[s->nearly++] = byte;
}

/* The box is gone when its end of the lifeline is. */
static int
is_cut(struct supervise *s)
{
	char byte;

	if (s->life == -1)
		return 0;
	if (recv(s->life, &byte, 1, MSG_DONTWAIT) != 0)
		return 0;
	close(s->life);
	s->life = -1;
	return 1;
}

/* What arrived by signal; returns 1 when the end was asked for. */
static int
take_notes(struct supervise *s, pid_t engine, int *status, int *ended)
{
	unsigned char sig;
	int ending = 0;

	while (read(notes[0], &sig, 1) == 1)
		switch (sig) {
		case SIGCHLD:
			*ended |= reap(s, engine, status);
			break;
		case SIGWINCH:
			if (s->term != NULL)
				term_resize(s->term);
			break;
		case SIGTERM:
		case SIGHUP:
			ending = 1;
			/* FALLTHROUGH */
		default:
			pass_on(s, sig);
			break;
		}
	return ending;
}

static time_t
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* It did not go by itself: the container first, then the engine's client. */
static void
force(struct supervise *s, pid_t engine)
{
	if (access(s->cid, F_OK) == 0)
		child_run_quietly(s->remove->v);
	kill(engine, s->life_listen == -1 ? SIGKILL : SIGTERM);
}

static int
loop(struct supervise *s, pid_t engine)
{
	struct pollfd p[2 + TERM_POLLFDS];
	time_t deadline = 0;
	int n, status = 0, ended = 0;

	for (;;) {
		p[0].fd = notes[0];
		p[1].fd = s->life != -1 ? s->life : s->before != 0 ? -1 :
		    s->life_listen;
		p[0].events = p[1].events = POLLIN;
		p[1].revents = 0;
		n = 2 + (s->term != NULL ? term_wants(s->term, p + 2) : 0);
		if (poll(p, (nfds_t)n, deadline != 0 ? 1000 : -1) == -1) {
			if (errno != EINTR)
				return -1;
			n = 0;
		}
		if (take_notes(s, engine, &status, &ended) && deadline == 0)
			deadline = seconds() + SUPERVISE_GRACE;
		if (n > 0 && p[1].revents != 0) {
			if (s->life_listen != -1)
				tie(s);
			else if (is_cut(s))
				deadline = seconds() + SUPERVISE_TIDY;
		}
		if (ended)
			return status;
		if (s->term != NULL && n > 2)
			term_serve(s->term, p + 2, n - 2);
		if (deadline != 0 && seconds() >= deadline) {
			force(s, engine);
			deadline = seconds() + SUPERVISE_GRACE;
		}
	}
}

int
supervise(struct supervise *s)
{
	struct sigaction ign;
	pid_t engine;
	int i, status;
	size_t k;

	s->life = -1;
	if (watch_signals() == -1)
		return -1;
	/* it may have ended before we listened for that */
	if (s->before != 0 && waitpid(s->before, NULL, WNOHANG) != 0)
		s->before = 0;
	for (i = 0; i < s->nserver; i++)
		if ((s->server[i].pid = start(s->server[i].argv.v,
		    s->server[i].fd, -1, 1)) == -1)
			return -1;
	engine = start(s->engine->v, -1, s->term != NULL ? s->slave : -1, 0);
	if (engine == -1)
		return -1;
	if (s->term != NULL)
		close(s->slave);
	status = loop(s, engine);
	memset(&ign, 0, sizeof(ign));
	ign.sa_handler = SIG_IGN;
	for (k = 1; k < NWATCHED; k++)	/* from here on it only cleans up */
		sigaction(watched[k], &ign, NULL);
	ign.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &ign, NULL);
	stop_servers(s);
	s->created = access(s->cid, F_OK) == 0;
	/* the client may have ended before its time: is there still a box? */
	s->unclean |= s->life != -1 && !is_cut(s);
	if (s->life != -1)
		close(s->life);
	if (s->life_listen != -1)
		close(s->life_listen);
	return status;
}
