#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "progress.h"

#define KEPT	(1024 * 1024)
#define COLUMNS	72

/* The last whole line, nothing but plain characters, over the one before. */
static void
show_line(const char *what, const struct buf *out)
{
	char line[COLUMNS + 1];
	size_t n = out->len, i;
	const char *p;

	while (n > 0 && (out->p[n - 1] == '\n' || out->p[n - 1] == '\r'))
		n--;
	for (p = out->p + n; p > out->p && p[-1] != '\n' && p[-1] != '\r'; p--)
		;
	n -= (size_t)(p - out->p);
	for (i = 0; i < n && i < COLUMNS; i++)
		line[i] = p[i] >= ' ' && p[i] <= '~' ? p[i] : '?';
	line[i] = '\0';
	fprintf(stderr, "\r\033[K%s: %.*s", what,
	    (int)(COLUMNS > strlen(what) ? COLUMNS - strlen(what) : 8), line);
	fflush(stderr);
}

static void
take(int from, const char *what, int show, struct buf *out)
{
	ssize_t r;

	for (;;) {
		if (buf_reserve(out, 4096) == -1)
			return;
		r = read(from, out->p + out->len, 4096);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return;
		out->len += (size_t)r;
		if (out->len > 2 * KEPT)
			buf_consume(out, out->len - KEPT);
		if (show && memchr(out->p + out->len - r, '\n',
		    (size_t)r) != NULL)
			show_line(what, out);
	}
}

/* Feeding from a process of its own: neither side can block the other. */
static pid_t
feed(const struct buf *in, int *fd)
{
	int p[2];
	pid_t pid;

	if (in == NULL) {
		*fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return 0;
	}
	if (pipe(p) == -1)
		return -1;
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	if ((pid = fork()) == 0) {
		close(p[0]);
		signal(SIGPIPE, SIG_DFL);
		_exit(io_writeall(p[1], in->p, in->len) == -1);
	}
	close(p[1]);
	*fd = p[0];
	return pid;
}

int
progress_run(char *const *v, const struct buf *in, const char *what, int show,
    int through, struct buf *out)
{
	int fd = -1, p[2] = { -1, -1 }, rc;
	pid_t feeder, pid;

	if ((feeder = feed(in, &fd)) == -1)
		return -1;
	if (!through && pipe(p) == -1) {
		close(fd);
		return -1;
	}
	if (!through) {
		io_cloexec(p[0], 1);
		io_cloexec(p[1], 1);
		pid = child_start(v, fd, p[1], p[1]);
		close(p[1]);
	} else
		pid = child_start(v, fd, STDERR_FILENO, -1);
	close(fd);
	if (!through && pid != -1)
		take(p[0], what, show, out);
	if (!through)
		close(p[0]);
	rc = pid == -1 ? -1 : child_wait(pid);
	if (feeder > 0)
		child_wait(feeder);
	if (show) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	return rc;
}
