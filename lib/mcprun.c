#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "mcpchan.h"
#include "mcprun.h"
#include "status.h"

extern char **environ;

struct run {
	pid_t		pid;		/* 0: not started; also its group */
	uint64_t	id;		/* 0: not in use */
	int		tool;
	long long	young;		/* ms: until it is no longer new */
	long long	brief;		/* ms: until only its end is awaited */
	int		in;		/* its standard input, or -1 */
	int		out;
	struct buf	args;
	struct buf	output;
	int		cancelled;
	long long	kill_at;	/* ms; 0: nothing to kill */
};

struct runner {
	const struct mcptools	*tools;
	struct chan		 chan;
	struct run		 run[MCPRUN_MAX];
	int			 wake;
	int			 stopping;
	long long		 stop_at;
};

/* A handler can reach nothing else. */
static volatile sig_atomic_t wake_fd = -1, got_stop;

static void
on_signal(int sig)
{
	int saved = errno;
	ssize_t w;

	if (sig != SIGCHLD)
		got_stop = 1;
	w = write(wake_fd, "", 1);
	(void)w;
	errno = saved;
}

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
release(struct run *r)
{
	if (r->in != -1)
		close(r->in);
	if (r->out != -1)
		close(r->out);
	buf_free(&r->args);
	buf_free(&r->output);
	memset(r, 0, sizeof(*r));
	r->in = r->out = -1;
}

/* posix_spawn: with no memory to copy, a call costs half of what fork does. */
static int
spawn(char *const *argv, int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t ignored, none;
	int rc;

	sigemptyset(&ignored);	/* what has a handler is reset by exec */
	sigaddset(&ignored, SIGPIPE);
	sigemptyset(&none);
	if ((errno = posix_spawnattr_init(&at)) != 0)
		return -1;
	if ((errno = posix_spawn_file_actions_init(&fa)) != 0) {
		posix_spawnattr_destroy(&at);
		return -1;
	}
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&at, 0);
	posix_spawnattr_setsigdefault(&at, &ignored);
	posix_spawnattr_setsigmask(&at, &none);
	rc = posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(pid, argv[0], &fa, &at, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&at);
	errno = rc;
	return rc == 0 ? 0 : -1;
}

static void
put_result(struct runner *s, uint64_t id, int status, const struct buf *output)
{
	int32_t code = status;

	if (chan_put(&s->chan, CHAN_RESULT, id, &code, sizeof(code),
	    output != NULL ? output->p : "", output != NULL ? output->len : 0)
	    == -1)
		s->chan.out.bad = 1;
}

static void
feed(struct run *r)
{
	ssize_t w;

	while (r->in != -1 && r->args.len > 0) {
		w = write(r->in, r->args.p, r->args.len);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (w == -1)
			break;		/* it does not read: its own affair */
		buf_consume(&r->args, (size_t)w);
	}
	if (r->in != -1)
		close(r->in);
	r->in = -1;
	buf_free(&r->args);
}

static void
end_group(struct run *r)
{
	if (r->pid > 0 && r->kill_at == 0) {
		kill(-r->pid, SIGTERM);
		r->kill_at = now_ms() + MCPRUN_GRACE;
	}
}

/* Collect output; past the bound the tool is ended and its call fails. */
static void
collect(struct run *r)
{
	char tmp[16384];
	ssize_t n;

	while (r->out != -1) {
		n = read(r->out, tmp, sizeof(tmp));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			close(r->out);
			r->out = -1;
		} else if (!r->cancelled &&
		    buf_add(&r->output, tmp, (size_t)n) == -1)
			end_group(r);
	}
}

static int
start(struct runner *s, struct run *r)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, rc = -1;

	r->output.max = MCPRUN_OUTPUT;
	r->brief = now_ms() + MCPRUN_BRIEF;
	r->young = r->brief - MCPRUN_BRIEF + MCPRUN_YOUNG;
	if (io_pipe(in) == 0 && io_pipe(out) == 0 &&
	    io_nonblock(in[1], 1) == 0) {
		r->in = in[1];
		feed(r);	/* what fits; the pipe is there before its reader */
		rc = spawn(s->tools->t[r->tool].argv.v, in[0], out[1], &r->pid);
		in[1] = r->in;
	}
	if (in[0] != -1)
		close(in[0]);
	if (out[1] != -1)
		close(out[1]);
	r->in = in[1];
	r->out = out[0];
	if (rc == -1) {
		put_result(s, r->id, ST_NOEXEC, NULL);
		release(r);
		return -1;
	}
	io_nonblock(r->out, 1);
	return 0;
}

/*
 * Start what waits, first come first served.  A burst of calls is not a burst
 * of processes: those would only slow each other down.  A tool that takes its
 * time holds nobody up for long.
 */
static void
start_waiting(struct runner *s, long long now)
{
	struct run *r, *next;
	int i, young;

	do {
		next = NULL;
		young = 0;
		for (i = 0; i < MCPRUN_MAX; i++) {
			r = &s->run[i];
			if (r->pid != 0)
				young += now < r->young;
			else if (r->id != 0 &&
			    (next == NULL || r->id < next->id))
				next = r;
		}
		if (next == NULL || young >= MCPRUN_NEW)
			return;
		start(s, next);
	} while (1);
}

static int
call(struct runner *s, const struct chan_frame *f, const char *data)
{
	const char *nul = memchr(data, '\0', f->len);
	struct run *r = NULL;
	int i, tool;

	if (nul == NULL || f->id == 0 ||
	    (tool = mcptools_find(s->tools, data)) == -1)
		return -1;
	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].id == 0)
			r = &s->run[i];
	if (r == NULL || s->stopping || buf_add(&r->args, nul + 1,
	    (size_t)(data + f->len - (nul + 1))) == -1) {
		if (r != NULL)
			release(r);
		put_result(s, f->id, ST_SYS, NULL);
		return 0;
	}
	r->id = f->id;
	r->tool = tool;
	return 0;
}

static void
cancel(struct runner *s, uint64_t id)
{
	int i;

	for (i = 0; i < MCPRUN_MAX; i++)
		if (id != 0 && s->run[i].id == id) {
			s->run[i].cancelled = 1;
			if (s->run[i].pid == 0)
				release(&s->run[i]);
			else
				end_group(&s->run[i]);
		}
}

static int
frames(struct runner *s)
{
	struct chan_frame f;
	const char *data;
	int rc;

	while ((rc = chan_next(&s->chan, &f, &data)) == 1) {
		if (f.type == CHAN_CALL)
			rc = call(s, &f, data);
		else if (f.type == CHAN_CANCEL)
			cancel(s, f.id);
		else
			rc = -1;
		if (rc == -1)
			return -1;
		chan_drop(&s->chan, &f);
	}
	return rc;
}

/* By pid, one at a time: a child that is no tool is its parent's affair. */
static void
reap(struct runner *s)
{
	int status, i, code;
	struct run *r;

	for (i = 0; i < MCPRUN_MAX; i++) {
		r = &s->run[i];
		if (r->pid == 0 || waitpid(r->pid, &status, WNOHANG) <= 0)
			continue;
		collect(r);
		code = r->output.bad ? ST_SYS : child_status(status);
		/* children that it left behind go with it */
		if (r->cancelled || r->output.bad)
			kill(-r->pid, SIGKILL);
		if (!r->cancelled)
			put_result(s, r->id, code, &r->output);
		release(r);
	}
}

static void
kill_late(struct runner *s, long long now)
{
	int i;

	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].pid != 0 && s->run[i].kill_at != 0 &&
		    now >= s->run[i].kill_at) {
			kill(-s->run[i].pid, SIGKILL);
			s->run[i].kill_at = now + MCPRUN_GRACE;
		}
}

static void
stop(struct runner *s, long long now)
{
	int i;

	if (!s->stopping) {
		s->stopping = 1;
		s->stop_at = now + 3000;
		chan_put(&s->chan, CHAN_STOP, 0, "", 0, "", 0);
	}
	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].pid != 0)
			end_group(&s->run[i]);
		else if (s->run[i].id != 0)
			release(&s->run[i]);
}

static int
any_running(const struct runner *s)
{
	int i;

	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].pid != 0)
			return 1;
	return 0;
}

static int
wait_time(const struct runner *s, long long now)
{
	long long at = s->stopping ? s->stop_at : -1, young = -1;
	const struct run *r;
	int i, waiting = 0;

	for (i = 0; i < MCPRUN_MAX; i++) {
		r = &s->run[i];
		if (r->id != 0 && r->pid == 0)
			waiting = 1;
		if (r->pid == 0)
			continue;
		if (r->kill_at != 0 && (at == -1 || r->kill_at < at))
			at = r->kill_at;
		if (now < r->brief && (at == -1 || r->brief < at))
			at = r->brief;
		if (now < r->young && (young == -1 || r->young < young))
			young = r->young;
	}
	if (waiting && young != -1 && (at == -1 || young < at))
		at = young;
	return at == -1 ? -1 : at <= now ? 0 : (int)(at - now) + 1;
}

static int
turn(struct runner *s, int open)
{
	struct pollfd p[2 + 2 * MCPRUN_MAX];
	struct run *of[2 + 2 * MCPRUN_MAX];
	long long now = now_ms();
	char tmp[64];
	nfds_t n = 2, k;
	int i;

	p[0] = (struct pollfd){ open ? s->chan.fd : -1, POLLIN, 0 };
	if (s->chan.out.len > 0)
		p[0].events |= POLLOUT;
	p[1] = (struct pollfd){ s->wake, POLLIN, 0 };
	for (i = 0; i < MCPRUN_MAX; i++) {
		struct run *r = &s->run[i];

		if (r->pid == 0)
			continue;
		if (r->in != -1) {
			of[n] = r;
			p[n++] = (struct pollfd){ r->in, POLLOUT, 0 };
		}
		if (r->out != -1 && now >= r->brief) {
			of[n] = r;
			p[n++] = (struct pollfd){ r->out, POLLIN, 0 };
		}
	}
	if (poll(p, n, wait_time(s, now)) == -1)
		return errno == EINTR ? 0 : -1;
	for (k = 2; k < n; k++) {
		if (p[k].revents == 0)
			continue;
		if (p[k].fd == of[k]->in)
			feed(of[k]);
		else
			collect(of[k]);
	}
	if (p[1].revents != 0) {
		while (read(s->wake, tmp, sizeof(tmp)) == sizeof(tmp))
			;
		reap(s);
	}
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
		return chan_fill(&s->chan) == -1 ? 1 : frames(s);
	return 0;
}

static void
catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

int
mcprun(const struct mcptools *tools, int fd)
{
	struct runner *s;
	int p[2], i, rc, open = 1, broken = 0;

	if ((s = calloc(1, sizeof(*s))) == NULL || io_pipe(p) == -1)
		return -1;
	s->tools = tools;
	s->chan.fd = fd;
	s->wake = p[0];
	for (i = 0; i < MCPRUN_MAX; i++)
		s->run[i].in = s->run[i].out = -1;
	io_nonblock(p[0], 1);
	io_nonblock(p[1], 1);
	io_nonblock(fd, 1);
	wake_fd = p[1];
	catch();
	while (open || any_running(s)) {
		rc = turn(s, open);
		if (rc == 0 && open && chan_flush(&s->chan) == -1)
			rc = 1;
		if (rc != 0)
			open = 0;
		if (rc == -1)
			broken = 1;
		if (got_stop || !open)
			stop(s, now_ms());
		else
			start_waiting(s, now_ms());
		kill_late(s, now_ms());
		if (s->stopping && now_ms() >= s->stop_at)
			break;
	}
	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].pid != 0) {
			kill(-s->run[i].pid, SIGKILL);
			release(&s->run[i]);
		}
	buf_free(&s->chan.in);
	buf_free(&s->chan.out);
	free(s);
	return broken ? -1 : 0;
}
