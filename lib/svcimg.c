#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "keeper.h"
#include "mem.h"
#include "utf8.h"

#define KEPT	(64 * 1024)
#define SHOWN	200			/* bytes of a line of progress */
#define OFTEN	500			/* ms between two of them */

/* The last line of what the engine said, and safe to be shown. */
static char *
last_line(const struct buf *b, size_t max)
{
	struct buf safe = BUF_INIT;
	size_t n = b->len, from;
	char *s;

	while (n > 0 && (b->p[n - 1] == '\n' || b->p[n - 1] == '\r'))
		n--;
	for (from = n; from > 0 && b->p[from - 1] != '\n' &&
	    b->p[from - 1] != '\r'; from--)
		;
	if (n - from > max)
		n = from + max;
	vis_add(&safe, b->p + from, n - from, 0);
	s = xstrdup(buf_str(&safe) != NULL ? safe.p : "");
	buf_free(&safe);
	return s;
}

static void
show(struct keeper *k, const struct buf *said)
{
	char *line = last_line(said, SHOWN), *news;

	keeper_put(k, "note", line);
	news = xasprintf("pulling %s", line);
	keeper_tell(k, news);
	free(news);
	free(line);
}

/* Its output, until it ends; -1 when it is not wanted any more. */
static int
follow(struct keeper *k, int fd, struct buf *said)
{
	struct pollfd p = { fd, POLLIN, 0 };
	long long shown = 0;
	char text[4096];
	ssize_t n;

	for (;;) {
		keeper_look(k);
		if (k->wish != KEEP_ON)
			return -1;
		if (poll(&p, 1, 250) != 1)
			continue;
		n = read(fd, text, sizeof(text));
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return 0;
		buf_add(said, text, (size_t)n);
		if (said->len > KEPT)
			buf_consume(said, said->len - KEPT);
		if (keeper_ms() - shown >= OFTEN) {
			show(k, said);
			shown = keeper_ms();
		}
	}
}

static int
pull(struct keeper *k, struct buf *said)
{
	char *v[] = { k->job->engine->program, (char *)"pull",
	    (char *)k->job->spec->image, NULL };
	int p[2], rc;
	pid_t pid;

	if (pipe(p) == -1)
		return -1;
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	pid = child_start(v, -1, p[1], p[1]);
	close(p[1]);
	rc = pid == -1 ? -1 : follow(k, p[0], said);
	close(p[0]);
	if (pid != -1) {
		if (rc == -1)
			kill(pid, SIGTERM);
		if (child_wait(pid) != 0)
			rc = -1;
	}
	return rc;
}

/* The user hears that it takes a while; the list tells how far it is. */
static pid_t
notify(const struct keeper *k)
{
	char *tool = conf_tool("aipod-notify"), *text;
	char *v[] = { tool, (char *)"-t", (char *)"service", (char *)"-w",
	    k->job->workspace->path, (char *)"--", NULL, NULL };
	pid_t pid;

	if (tool == NULL)
		return -1;
	text = v[6] = xasprintf("pulling '%s' for the service '%s'",
	    k->job->spec->image, k->job->spec->name);
	pid = child_start(v, -1, -1, -1);
	free(text);
	free(tool);
	return pid;
}

int
keeper_image(struct keeper *k)
{
	const struct svckeep_job *j = k->job;
	struct buf said = BUF_INIT;
	char *line;
	pid_t teller;
	int rc;

	rc = svcimage_inspect(j->engine, j->spec->image, &k->image);
	if (rc == 0) {
		keeper_put(k, "state", "pulling");
		keeper_tell(k, "pulling ");
		teller = notify(k);
		rc = pull(k, &said);
		if (teller != -1)
			child_wait(teller);
		line = last_line(&said, 1000);
		if (rc == -1 && k->wish == KEEP_ON)
			k->note = xasprintf("the image '%s' is not on this"
			    " machine and cannot be pulled: %s", j->spec->image,
			    line);
		else if (rc == 0)
			rc = svcimage_inspect(j->engine, j->spec->image,
			    &k->image);
		free(line);
		keeper_put(k, "note", "");
	}
	buf_free(&said);
	if (rc == 1 && k->image.entry.n == 0 && k->image.command.n == 0 &&
	    j->spec->command.n == 0) {
		k->note = xstrdup("the image has no command of its own: give"
		    " one");
		rc = -1;
	}
	if (rc != 1 && k->note == NULL)
		k->note = xstrdup("the engine cannot say what is in the image");
	k->how = rc == 1 ? k->how : "image";
	return rc == 1 ? 0 : -1;
}
