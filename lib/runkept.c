#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "runfiles.h"
#include "runkept.h"
#include "utf8.h"

#define COPY_MAX	(256 * 1024)	/* bytes of a file kept and compared */
#define DIFF_MAX	(16 * 1024)	/* bytes shown of one comparison */
#define SHOWN_MAX	(64 * 1024)	/* bytes shown in all */

static void
keep_one(int dirfd, const struct runfile *f, const char *workspace)
{
	struct buf b = BUF_INIT;
	char hex[HASH_HEX];
	int fd;

	if (faccessat(dirfd, f->digest, F_OK, 0) == 0 ||
	    (fd = runfiles_open(workspace, f->name)) == -1)
		return;
	/* only what was judged: it may have changed since */
	if (io_slurp(fd, &b, COPY_MAX) == 0) {
		hash_bytes_hex(b.p, b.len, hex);
		if (strcmp(hex, f->digest) == 0)
			io_replace(dirfd, f->digest, b.p, b.len, 0600);
	}
	close(fd);
	buf_free(&b);
}

int
runkept_keep(const struct runfiles *rf, const char *workspace, const char *dir)
{
	struct buf list = BUF_INIT;
	size_t i;
	int dirfd, rc;

	if (io_private_dir(dir) == -1)
		return -1;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dirfd == -1)
		return -1;
	for (i = 0; i < rf->n; i++) {
		keep_one(dirfd, &rf->f[i], workspace);
		buf_printf(&list, "%s\t", rf->f[i].digest);
		rec_add(&list, rf->f[i].name, strlen(rf->f[i].name));
		buf_addc(&list, '\n');
	}
	rc = list.bad ? -1 :
	    io_replace(dirfd, rf->digest, list.p, list.len, 0600);
	close(dirfd);
	buf_free(&list);
	return rc;
}

/* Add what diff(1) says about the copy and the file now, if it can. */
static void
add_diff(struct buf *out, const char *dir, const char *digest,
    const char *workspace, const char *name)
{
	char *old = xasprintf("%s/%s", dir, digest), *p;
	struct argv diff_argv = ARGV_INIT;
	struct buf now = BUF_INIT, diff = BUF_INIT;
	int fd = -1, i;

	argv_add(&diff_argv, "diff");
	argv_add(&diff_argv, "-u");
	argv_add(&diff_argv, old);
	argv_add(&diff_argv, "-");
	if (access(old, R_OK) == 0 &&
	    (fd = runfiles_open(workspace, name)) != -1 &&
	    io_slurp(fd, &now, COPY_MAX) == 0 &&
	    child_capture(diff_argv.v, &now, &diff, DIFF_MAX) == 1 &&
	    (p = buf_str(&diff)) != NULL) {
		/* the two lines that name the files */
		for (i = 0; i < 2 && strchr(p, '\n') != NULL; i++)
			p = strchr(p, '\n') + 1;
		buf_add(out, p, diff.len - (size_t)(p - diff.p));
	}
	if (fd != -1)
		close(fd);
	buf_free(&now);
	buf_free(&diff);
	argv_free(&diff_argv);
	free(old);
}

static void
say(struct buf *out, const char *what, const char *name)
{
	buf_puts(out, what);
	vis_add(out, name, strlen(name), 0);
	buf_addc(out, '\n');
}

int
runkept_changes(const struct runfiles *rf, const char *workspace,
    const char *dir, const char *old, struct buf *out)
{
	char *path = xasprintf("%s/%s", dir, old), *line, *next, *f[2], *seen;
	struct buf list = BUF_INIT;
	size_t i;
	int rc;

	rc = io_slurp_at(AT_FDCWD, path, &list, 1024 * 1024);
	free(path);
	if (rc == -1 || buf_str(&list) == NULL) {
		buf_free(&list);
		return -1;
	}
	seen = xcalloc(rf->n + 1, 1);
	for (line = list.p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (rec_split(line, f, 2) != 2 || f[0] == NULL || f[1] == NULL)
			continue;
		for (i = 0; i < rf->n; i++)
			if (strcmp(rf->f[i].name, f[1]) == 0)
				break;
		if (i == rf->n) {
			say(out, "gone:    ", f[1]);
			continue;
		}
		seen[i] = 1;
		if (strcmp(rf->f[i].digest, f[0]) == 0)
			continue;
		say(out, "changed: ", f[1]);
		if (out->len < SHOWN_MAX)
			add_diff(out, dir, f[0], workspace, f[1]);
	}
	for (i = 0; i < rf->n; i++)
		if (!seen[i])
			say(out, "new:     ", rf->f[i].name);
	free(seen);
	buf_free(&list);
	return out->bad ? -1 : 0;
}
