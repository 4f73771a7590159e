#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "mcpproc.h"

extern char **environ;

long long
mcpproc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
mcpproc_init(struct mcpproc *p)
{
	memset(p, 0, sizeof(*p));
	p->in = p->out = -1;
	p->output.max = MCPPROC_OUTPUT;
}

void
mcpproc_release(struct mcpproc *p)
{
	if (p->in != -1)
		close(p->in);
	if (p->out != -1)
		close(p->out);
	buf_free(&p->args);
	buf_free(&p->output);
	mcpproc_init(p);
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

int
mcpproc_start(struct mcpproc *p, char *const *argv)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, rc = -1;

	if (io_pipe(in) == 0 && io_pipe(out) == 0 &&
	    io_nonblock(in[1], 1) == 0 && io_nonblock(out[0], 1) == 0) {
		p->in = in[1];
		mcpproc_feed(p);	/* the pipe is there before its reader */
		rc = spawn(argv, in[0], out[1], &p->pid);
		in[1] = p->in;
	}
	if (in[0] != -1)
		close(in[0]);
	if (out[1] != -1)
		close(out[1]);
	p->in = in[1];
	p->out = out[0];
	return rc;
}

void
mcpproc_feed(struct mcpproc *p)
{
	ssize_t w;

	while (p->in != -1 && p->args.len > 0) {
		w = write(p->in, p->args.p, p->args.len);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (w == -1)
			break;		/* it does not read: its own affair */
		buf_consume(&p->args, (size_t)w);
	}
	if (p->args.len > 0 && p->stays)
		mcpproc_end(p);		/* it never can answer */
	if (p->in != -1 && (!p->stays || p->args.len > 0)) {
		close(p->in);
		p->in = -1;
	}
	buf_free(&p->args);
}

void
mcpproc_collect(struct mcpproc *p)
{
	char tmp[16384];
	ssize_t n;

	while (p->out != -1) {
		n = read(p->out, tmp, sizeof(tmp));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			close(p->out);
			p->out = -1;
		} else if (p->kill_at == 0 &&
		    buf_add(&p->output, tmp, (size_t)n) == -1)
			mcpproc_end(p);
		/* an answer in one piece needs no second look */
		if (n > 0 && n < (ssize_t)sizeof(tmp) && p->stays)
			return;
	}
}

void
mcpproc_end(struct mcpproc *p)
{
	if (p->pid > 0 && p->kill_at == 0) {
		kill(-p->pid, SIGTERM);
		p->kill_at = mcpproc_now() + MCPPROC_GRACE;
	}
}

void
mcpproc_kill_late(struct mcpproc *p, long long now)
{
	if (p->pid > 0 && p->kill_at != 0 && now >= p->kill_at) {
		kill(-p->pid, SIGKILL);
		p->kill_at = now + MCPPROC_GRACE;
	}
}

int
mcpproc_line(const struct mcpproc *p, int *status, const char **object,
    size_t *n)
{
	const char *s = p->output.p, *nl, *end;
	int code = 0;

	end = s + p->output.len;
	if (p->output.bad)
		return -1;
	if (s == NULL || (nl = memchr(s, '\n', (size_t)(end - s))) == NULL)
		return 0;
	if (nl + 1 != end || *s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9' && code < 256; s++)
		code = code * 10 + (*s - '0');
	if (*s++ != ' ' || code > 255)
		return -1;
	*status = code;
	*object = s;
	*n = (size_t)(nl - s);
	return 1;
}
