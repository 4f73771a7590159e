#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "conf.h"
#include "findings.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "status.h"

#define INPUT_MAX	(256 * 1024 * 1024)

void
xfindings_read(struct findings *l, int fd)
{
	char *line, *next;
	size_t lines = 0;

	memset(l, 0, sizeof(*l));
	if (io_slurp(fd, &l->text, INPUT_MAX) == -1 ||
	    buf_str(&l->text) == NULL)
		err(ST_SYS, "cannot read the records");
	if (memchr(l->text.p, '\0', l->text.len) != NULL)
		errx(ST_USAGE, "these are no records of aipod-scan: NUL in"
		    " them (is it -0?)");
	for (line = l->text.p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		lines++;
		if ((l->n & (l->n - 1)) == 0)
			l->v = xreallocarray(l->v, l->n != 0 ? 2 * l->n : 1,
			    sizeof(*l->v));
		if (finding_parse(line, &l->v[l->n++]) == -1)
			errx(ST_USAGE, "line %zu is no record of aipod-scan",
			    lines);
	}
}

void
xfindings_scan(struct findings *l, const char *workspace, char **paths,
    int below)
{
	struct argv a = ARGV_INIT;
	char *tool = xconf_tool("aipod-scan");
	int p[2], rc;
	pid_t pid;

	argv_add(&a, tool);
	argv_add(&a, "-w");
	argv_add(&a, workspace);
	argv_add(&a, "--");
	for (; *paths != NULL; paths++) {
		/* aipod-scan takes relative paths from the workspace */
		char *real = below ? xstrdup(*paths) : realpath(*paths, NULL);

		if (real == NULL)
			err(ST_USAGE, "cannot use '%s'", *paths);
		argv_add(&a, real);
		free(real);
	}
	if (pipe2(p, O_CLOEXEC) == -1)
		err(ST_SYS, "cannot make a pipe");
	if ((pid = child_start(a.v, -1, p[1], -1)) == -1)
		err(ST_SYS, "cannot run '%s'", tool);
	close(p[1]);
	xfindings_read(l, p[0]);
	close(p[0]);
	rc = child_wait(pid);
	if (rc == ST_USAGE)
		exit(ST_USAGE);
	if (rc != ST_YES && rc != ST_NO && rc != 101)
		errx(ST_SYS, "aipod-scan failed: status %d", rc);
	argv_free(&a);
	free(tool);
}

void
findings_free(struct findings *l)
{
	free(l->v);
	l->v = NULL;
	l->n = 0;
	buf_free(&l->text);
}

static void
number(FILE *fp, long long n)
{
	if (n == 0)
		fprintf(fp, "\t-");
	else
		fprintf(fp, "\t%lld", n);
}

void
finding_put(FILE *fp, const struct finding *f)
{
	rec_put(fp, f->path);
	number(fp, f->line);
	number(fp, f->col);
	number(fp, f->len);
	putc('\t', fp);
	rec_put(fp, f->rule);
	putc('\t', fp);
	rec_put(fp, f->print);
	putc('\t', fp);
	rec_put(fp, f->label);
	putc('\t', fp);
	rec_put(fp, f->text);
	putc('\n', fp);
}
