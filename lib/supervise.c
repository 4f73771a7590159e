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
#include "notice.h"
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

static int
keep_open(int fd)
{
	return fd == -1 ? 0 : io_cloexec(fd, 0);
}

/*
 * Start a program: a server, whose descriptors stay open in it, or the
 * engine's client, whose terminal end (or NULL) becomes.  A server is not
 * reached by the terminal's signals, and standard input and output, which are
 * the agent's, are not its own.
 */
static pid_t
start(char *const *v, const struct server *server, const int *end)
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
	if (server != NULL) {
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
	if ((server != NULL && (keep_open(server->fd) == -1 ||
	    keep_open(server->ready[1]) == -1)) || (end != NULL ?
	    term_adopt(end) : server != NULL ? 0 : setsid()) == -1) {
		warn("cannot set up '%s'", v[0]);
		_exit(ST_SYS);
	}
	execvp(v[0], v);
	saved = errno;
	warn("cannot run '%s'", v[0]);
	_exit(saved == ENOENT ? ST_NOTFOUND : ST_NOEXEC);
}

int
watchdog_start(const struct session *s, int lockfd, int keptfd, pid_t *pid)
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
	/* Its own session, and nothing held open: neither locks nor pipes. */
	setsid();
	close(p[1]);
	close(lockfd);
	if (keptfd != -1)
		close(keptfd);
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

/* No box without all of its servers: PID 1 in it gets no answer, and ends. */
static void
fail(struct supervise *s)
{
	if (s->failed)
		return;
	s->failed = 1;
	close(s->life_listen);	/* its path stays: there is somebody to ask */
	s->life_listen = -1;
}

/* A server is down for good, and nobody shall wait for it. */
static void
give_up(struct server *v)
{
	char text[512];

	snprintf(text, sizeof(text), "'%s' keeps dying and is not started"
	    " again: %s; end the session", v->argv.v[0], v->loss);
	notice(getenv("AIPOD_WORKSPACE"), "a server is down", text);
	if (v->fd != -1)
		close(v->fd);
	v->fd = -1;
}

static void
server_ended(struct supervise *s, struct server *v, int status)
{
	v->pid = 0;
	if (v->ready[0] != -1 && !s->tied) {
		if (!s->failed)
			warnx("'%s' ended with status %d before the session"
			    " began, and there is none without it: see its"
			    " message above, and aipod doctor",
			    v->argv.v[0], status);
		fail(s);
	} else if (v->restarts++ >= SUPERVISE_RESTARTS ||
	    (v->pid = start(v->argv.v, v, NULL)) == -1) {
		v->pid = 0;
		give_up(v);
	}
}

/* 1: it has said that there is too much to remember. */
static void
before_ended(struct supervise *s, int status)
{
	s->before = 0;
	if (status <= ST_NO)
		return;
	if (!s->failed)
		warnx("how the workspace is could not be remembered, and there"
		    " is no session without that: see the message above;"
		    " UNDO=no and REVIEW=no go on without");
	fail(s);
}

/* Collect the dead; returns 1 when the engine's client was among them. */
static int
reap(struct supervise *s, pid_t engine, int *status)
{
	pid_t pid;
	int ws, i, ended = 0;

	while ((pid = waitpid(-1, &ws, WNOHANG)) > 0) {
		if (pid == s->before) {
			before_ended(s, child_status(ws));
			continue;
		}
		if (pid == engine) {
			*status = child_status(ws);
			s->unclean |= WIFSIGNALED(ws);
			ended = 1;
			continue;
		}
		for (i = 0; i < s->nserver; i++)
			if (s->server[i].pid == pid)
				server_ended(s, &s->server[i],
				    child_status(ws));
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
	char first[1 + sizeof(s->size)];
	size_t n = strlen(s->size);

	if ((s->life = accept(s->life_listen, NULL, NULL)) == -1)
		return;
	s->tied = 1;
	io_cloexec(s->life, 1);
	io_nonblock(s->life, 1);
	close(s->life_listen);
	s->life_listen = -1;
	unlink(s->life_path);
	first[0] = '\0';
	memcpy(first + 1, s->size, n);
	send(s->life, first, 1 + n, MSG_NOSIGNAL);
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

/* A client whose output is no terminal may know no sizes: PID 1 is told. */
static void
tell_size(void *arg, int rows, int cols)
{
	struct supervise *s = arg;

	snprintf(s->size, sizeof(s->size), "%dx%d;", rows, cols);
	if (s->life != -1)
		send(s->life, s->size, strlen(s->size), MSG_NOSIGNAL);
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
	kill(engine, s->tied ? SIGKILL : SIGTERM);
}

/* Fill in what to poll for until all serve; returns how many. */
static int
want_ready(const struct supervise *s, struct pollfd *p)
{
	int i, n = 0;

	for (i = 0; i < s->nserver && !s->failed; i++)
		if (s->server[i].ready[0] != -1 && !s->server[i].serves) {
			p[n].fd = s->server[i].ready[0];
			p[n].events = POLLIN;
			p[n++].revents = 0;
		}
	return n;
}

static void
take_ready(struct supervise *s, const struct pollfd *p, int n)
{
	int i;

	for (; n > 0; n--, p++)
		for (i = 0; p->revents != 0 && i < s->nserver; i++)
			if (s->server[i].ready[0] == p->fd)
				s->server[i].serves = 1;
}

static void
too_late(struct supervise *s)
{
	int i;

	for (i = 0; i < s->nserver; i++)
		if (s->server[i].ready[0] != -1 && !s->server[i].serves)
			warnx("'%s' does not serve after %d seconds, and there"
			    " is no session without it: aipod doctor tells"
			    " more", s->server[i].argv.v[0], SUPERVISE_READY);
	fail(s);
}

static int
loop(struct supervise *s, pid_t engine)
{
	struct pollfd p[2 + SUPERVISE_SERVERS + TERM_POLLFDS];
	time_t deadline = 0, serve_by = seconds() + SUPERVISE_READY;
	int n, ms, unready, status = 0, ended = 0;

	for (;;) {
		unready = want_ready(s, p + 2);
		p[0].fd = notes[0];
		p[1].fd = s->life != -1 ? s->life : s->before != 0 ||
		    unready > 0 ? -1 : s->life_listen;
		p[0].events = p[1].events = POLLIN;
		p[1].revents = 0;
		n = 2 + unready;
		ms = -1;
		if (s->term != NULL)
			n += term_wants(s->term, p + n, &ms);
		if (ms == -1 && (deadline != 0 || unready > 0))
			ms = 1000;
		if (poll(p, (nfds_t)n, ms) == -1) {
			if (errno != EINTR)
				return -1;
			n = 0;
			p[0].revents = POLLIN;
		}
		if (n > 0)
			take_ready(s, p + 2, unready);
		if (p[0].revents != 0 &&
		    take_notes(s, engine, &status, &ended) && deadline == 0)
			deadline = seconds() + SUPERVISE_GRACE;
		if (unready > 0 && seconds() >= serve_by)
			too_late(s);
		if (s->failed && deadline == 0)
			deadline = seconds() + SUPERVISE_GRACE;
		if (n > 0 && p[1].revents != 0) {
			if (s->life_listen != -1)
				tie(s);
			else if (is_cut(s))
				deadline = seconds() + SUPERVISE_TIDY;
		}
		if (ended)
			return s->failed ? ST_SYS : status;
		if (s->term != NULL && n > 2 + unready)
			term_serve(s->term, p + 2 + unready, n - 2 - unready);
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
	int i, status = 0;
	size_t k;

	s->life = -1;
	if (watch_signals() == -1)
		return -1;
	if (s->sizes && s->term != NULL) {
		s->term->sized = tell_size;
		s->term->arg = s;
		term_resize(s->term);
	}
	/* it may have ended before we listened for that */
	if (s->before != 0 && waitpid(s->before, &status, WNOHANG) != 0)
		before_ended(s, child_status(status));
	for (i = 0; i < s->nserver; i++)
		if ((s->server[i].pid = start(s->server[i].argv.v,
		    &s->server[i], NULL)) == -1)
			return -1;
	engine = start(s->engine->v, NULL, s->term != NULL ? s->end : NULL);
	if (engine == -1)
		return -1;
	for (i = 0; i < 2 && s->term != NULL; i++)
		close(s->end[i]);
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
