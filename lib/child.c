#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "status.h"

static void
default_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	sigemptyset(&sa.sa_mask);
	for (sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Make fd the descriptor want, which stays open across exec. */
static int
place(int fd, int want)
{
	if (fd == -1)
		return 0;
	if (fd == want)
		return io_cloexec(fd, 0);
	return dup2(fd, want) == -1 ? -1 : 0;
}

pid_t
child_start(char *const *v, int in, int out, int errfd)
{
	pid_t pid;
	int saved;

	if ((pid = fork()) != 0)
		return pid;
	default_signals();
	/* move what would be overwritten out of the way first */
	if (out == STDIN_FILENO &&
	    (out = fcntl(out, F_DUPFD_CLOEXEC, 3)) == -1)
		_exit(ST_SYS);
	if ((errfd == STDIN_FILENO || errfd == STDOUT_FILENO) &&
	    (errfd = fcntl(errfd, F_DUPFD_CLOEXEC, 3)) == -1)
		_exit(ST_SYS);
	if (place(in, STDIN_FILENO) == -1 || place(out, STDOUT_FILENO) == -1 ||
	    place(errfd, STDERR_FILENO) == -1)
		_exit(ST_SYS);
	execvp(v[0], v);
	saved = errno;
	warn("cannot run '%s'", v[0]);
	_exit(saved == ENOENT ? ST_NOTFOUND : ST_NOEXEC);
}

int
child_status(int wstatus)
{
	if (WIFSIGNALED(wstatus))
		return ST_SIGNAL + WTERMSIG(wstatus);
	return WEXITSTATUS(wstatus);
}

int
child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return child_status(status);
}

int
child_run(char *const *v)
{
	pid_t pid;

	if ((pid = child_start(v, -1, -1, -1)) == -1)
		return -1;
	return child_wait(pid);
}

int
child_run_quietly(char *const *v)
{
	pid_t pid;
	int null;

	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return -1;
	pid = child_start(v, null, null, null);
	close(null);
	return pid == -1 ? -1 : child_wait(pid);
}

/* Feed and drain at once, so that neither side can block the other. */
static int
converse(int to, int from, const struct buf *in, struct buf *out, size_t max)
{
	char chunk[16384];
	struct pollfd p[2];
	size_t sent = 0, left = max;
	ssize_t r;

	for (;;) {
		if (to != -1 && (in == NULL || sent == in->len)) {
			close(to);
			to = -1;
		}
		p[0].fd = from;
		p[0].events = POLLIN;
		p[1].fd = to;
		p[1].events = POLLOUT;
		if (poll(p, 2, -1) == -1) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (to != -1 && p[1].revents != 0) {
			r = write(to, in->p + sent, in->len - sent);
			if (r == -1 && errno != EAGAIN && errno != EINTR)
				sent = in->len;	/* it will not read more */
			else if (r > 0)
				sent += (size_t)r;
		}
		if (p[0].revents == 0)
			continue;
		r = read(from, chunk, sizeof(chunk));
		if (r == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (r <= 0) {
			if (to != -1)
				close(to);
			return r == 0 ? 0 : -1;
		}
		if ((size_t)r > left) {
			errno = EMSGSIZE;
			break;
		}
		left -= (size_t)r;
		if (buf_add(out, chunk, (size_t)r) == -1)
			break;
	}
	if (to != -1)
		close(to);
	return -1;
}

int
child_capture(char *const *v, const struct buf *in, struct buf *out, size_t max)
{
	struct sigaction ign = { .sa_handler = SIG_IGN }, old;
	int up[2] = { -1, -1 }, down[2], rc, saved, status;
	pid_t pid;

	if (pipe(down) == -1)
		return -1;
	if (pipe(up) == -1) {
		close(down[0]);
		close(down[1]);
		return -1;
	}
	io_cloexec(down[0], 1);
	io_cloexec(down[1], 1);
	io_cloexec(up[0], 1);
	io_cloexec(up[1], 1);
	pid = child_start(v, up[0], down[1], -1);
	saved = errno;
	close(up[0]);
	close(down[1]);
	if (pid == -1) {
		close(up[1]);
		close(down[0]);
		errno = saved;
		return -1;
	}
	io_nonblock(up[1], 1);
	sigemptyset(&ign.sa_mask);
	sigaction(SIGPIPE, &ign, &old);
	rc = converse(up[1], down[0], in, out, max);
	saved = errno;
	sigaction(SIGPIPE, &old, NULL);
	close(down[0]);
	if (rc == -1)
		kill(pid, SIGKILL);
	status = child_wait(pid);
	errno = saved;
	return rc == -1 ? -1 : status;
}
