#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "stash.h"
#include "tree.h"
#include "workspace.h"

/* The directory of rel, without following a link; sets *name to the rest. */
static int
open_parent(const struct workspace *w, const char *rel, const char **name)
{
	const char *slash = strrchr(rel, '/');
	char *dir;
	int root, fd;

	*name = slash != NULL ? slash + 1 : rel;
	root = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root == -1 || slash == NULL)
		return root;
	dir = xstrndup(rel, (size_t)(slash - rel));
	fd = tree_open(root, dir, O_RDONLY | O_DIRECTORY);
	free(dir);
	close(root);
	return fd;
}

static int
copy_bytes(int in, int out)
{
	char chunk[65536];
	ssize_t n;

	while ((n = io_readfull(in, chunk, sizeof(chunk))) > 0)
		if (io_writeall(out, chunk, (size_t)n) == -1)
			return -1;
	return n == -1 ? -1 : fsync(out);
}

/* To another file system: a copy that is complete before the first one goes. */
static int
move_file(int fromdir, const char *from, int todir, const char *to)
{
	struct stat st;
	int in, out, rc, saved;

	in = openat(fromdir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (in == -1)
		return -1;
	if (fstat(in, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(in);
		errno = EXDEV;
		return -1;
	}
	out = openat(todir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (out == -1) {
		close(in);
		return -1;
	}
	rc = copy_bytes(in, out);
	if (rc == 0)
		rc = fchmod(out, st.st_mode & 07777);
	saved = errno;
	close(in);
	if (close(out) == -1 && rc == 0) {
		rc = -1;
		saved = errno;
	}
	if (rc == 0 && unlinkat(fromdir, from, 0) == -1) {
		rc = -1;
		saved = errno;
	}
	if (rc == -1)
		unlinkat(todir, to, 0);
	errno = saved;
	return rc;
}

static int
move(int fromdir, const char *from, int todir, const char *to)
{
	struct stat st;

	if (fstatat(todir, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (renameat(fromdir, from, todir, to) == 0)
		return 0;
	return errno == EXDEV ? move_file(fromdir, from, todir, to) : -1;
}

char *
stash_out(const struct workspace *w, const char *rel, const char *dir)
{
	const char *name, *base;
	char *place = NULL, *real, *slash;
	int from, to = -1, saved;

	if ((from = open_parent(w, rel, &name)) == -1)
		return NULL;
	place = xasprintf("%s/%s/%s", dir, w->hash, rel);
	slash = strrchr(place, '/');
	*slash = '\0';
	if (io_mkdirs(place) == -1 || (real = realpath(place, NULL)) == NULL)
		goto bad;
	free(place);
	base = strrchr(rel, '/') != NULL ? strrchr(rel, '/') + 1 : rel;
	place = xasprintf("%s/%s", real, base);
	to = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(real);
	if (to == -1 || move(from, name, to, base) == -1)
		goto bad;
	if (symlinkat(place, from, name) == -1) {
		saved = errno;
		(void)move(to, base, from, name);
		errno = saved;
		goto bad;
	}
	close(from);
	close(to);
	return place;
bad:
	saved = errno;
	free(place);
	close(from);
	if (to != -1)
		close(to);
	errno = saved;
	return NULL;
}

int
stash_back(const struct workspace *w, const char *rel, const char *from)
{
	char target[PATH_MAX];
	const char *name;
	ssize_t n;
	int dir, rc = -1, saved;

	if ((dir = open_parent(w, rel, &name)) == -1)
		return -1;
	n = readlinkat(dir, name, target, sizeof(target) - 1);
	if (n >= 0) {
		target[n] = '\0';
		if (strcmp(target, from) == 0)
			unlinkat(dir, name, 0);
	}
	rc = move(AT_FDCWD, from, dir, name);
	saved = errno;
	close(dir);
	errno = saved;
	return rc;
}
