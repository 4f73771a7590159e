#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "create.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "status.h"
#include "utf8.h"

#define FACT	"postcreate"
#define BYTES	(1024 * 1024)

void
xcreate_show(struct buf *lines)
{
	struct buf b = BUF_INIT;
	const char *line, *rest, *end;

	if (buf_str(lines) == NULL)
		err(ST_SYS, "cannot allocate");
	end = lines->p + lines->len;
	for (line = lines->p; line < end; line = rest + 1) {
		if ((rest = memchr(line, '\n', (size_t)(end - line))) == NULL)
			rest = end;
		buf_puts(&b, "  ");
		vis_add(&b, line, (size_t)(rest - line), 0);
		buf_addc(&b, '\n');
	}
	xbuf_check(&b);
	fprintf(stderr, "in a new container it runs:\n%.*s", (int)b.len, b.p);
	buf_free(&b);
}

void
xcreate_put(const struct workspace *w, const struct buf *lines)
{
	struct buf b = BUF_INIT;
	char *path = workspace_state(w, FACT), id[17];
	int rc;

	if (lines->len == 0)
		rc = unlink(path) == -1 && errno != ENOENT ? -1 : 0;
	else if (rand_hex(id, 16) == -1)
		rc = -1;
	else {
		/* the same lines, said again, are to be run again */
		buf_printf(&b, "# %s\n", id);
		buf_add(&b, lines->p, lines->len);
		xbuf_check(&b);
		rc = io_replace(AT_FDCWD, path, b.p, b.len, 0600);
		buf_free(&b);
	}
	if (rc == -1)
		err(ST_SYS, "cannot write '%s'", path);
	free(path);
}

void
xcreate_wrap(struct box *b)
{
	char *path = workspace_state(b->workspace, FACT);

	if (access(path, F_OK) == 0) {
		argv_add(&b->command, "/bin/sh");
		argv_add(&b->command, BOX_RUN "/create/run");
	}
	free(path);
}

static void
xput(int dir, const char *name, const void *p, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);

	if (fd == -1 || io_writeall(fd, p, n) == -1 || close(fd) == -1)
		err(ST_SYS, "cannot write the session's 'create/%s'", name);
}

static void
xread(const char *path, struct buf *b)
{
	if (io_slurp_at(AT_FDCWD, path, b, BYTES) == -1)
		err(ST_SYS, "cannot read '%s'", path);
}

void
xcreate_give(const struct prepare *p)
{
	struct buf run = BUF_INIT, lines = BUF_INIT;
	char *path, *to, *image, id[HASH_HEX];
	hash_ctx h;
	int dir;

	/* by what the command has: the fact may have come or gone meanwhile */
	if (p->box->command.n < 2 ||
	    strcmp(p->box->command.v[1], BOX_RUN "/create/run") != 0)
		return;
	path = workspace_state(p->box->workspace, FACT);
	xread(path, &lines);
	free(path);
	path = xconf_share("box/create");
	xread(path, &run);
	free(path);
	path = workspace_state(p->box->workspace, "image");
	image = io_line(path);
	free(path);
	hash_init(&h);
	hash_add_field(&h, lines.p, lines.len);
	if (image != NULL)
		hash_add_field(&h, image, strlen(image));
	hash_hex(&h, id);
	to = xasprintf("%s/run/create", p->box->session->dir);
	if (mkdir(to, 0700) == -1 ||
	    (dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(ST_SYS, "cannot make '%s'", to);
	xput(dir, "run", run.p, run.len);
	xput(dir, "lines", lines.p, lines.len);
	xput(dir, "id", id, strlen(id));
	if (p->rebuild)
		xput(dir, "again", "", 0);
	close(dir);
	free(image);
	free(to);
	buf_free(&lines);
	buf_free(&run);
}
