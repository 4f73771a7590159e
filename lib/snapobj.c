#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "io.h"
#include "mem.h"
#include "snaptake.h"
#include "tree.h"

#define COPY_MAX	(512LL * 1024 * 1024)
#define KEEP		(14 * 24 * 3600L)	/* links that are the last */

/* Only what git names: two digits, and in them, or in pack/, files. */
static int
is_part(const char *name)
{
	return is_hex(name, 2) || strcmp(name, "pack") == 0;
}

static int
open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static DIR *
list(int at, const char *name)
{
	int fd = open_dir(at, name);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;

	if (d == NULL && fd != -1)
		close(fd);
	return d;
}

/* On another file system there are no links: a copy, while it is small. */
static int
copy_one(int from, int to, const char *name, long long *left)
{
	struct buf b = BUF_INIT;
	int fd, rc = -1;

	if (*left > 0 && io_slurp_at(from, name, &b, (size_t)*left) == 0) {
		*left -= (long long)b.len;
		fd = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0444);
		if (fd != -1) {
			rc = io_writeall(fd, b.p, b.len);
			if (close(fd) == -1 || rc == -1)
				rc = -1;
			if (rc == -1)
				unlinkat(to, name, 0);
		} else if (errno == EEXIST)
			rc = 0;
	}
	buf_free(&b);
	return rc;
}

/* Link each file of from/part that to/part lacks. */
static int
link_part(int from, int to, const char *part, long long *left)
{
	struct dirent *e;
	struct stat st;
	DIR *d = list(from, part);
	int in, out, rc = 0;

	if (d == NULL)
		return 0;
	in = dirfd(d);
	if ((mkdirat(to, part, 0755) == -1 && errno != EEXIST) ||
	    (out = open_dir(to, part)) == -1) {
		closedir(d);
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (*e->d_name == '.' || strncmp(e->d_name, "tmp_", 4) == 0 ||
		    fstatat(in, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (linkat(in, e->d_name, out, e->d_name, 0) == -1 &&
		    errno != EEXIST && copy_one(in, out, e->d_name, left) == -1)
			rc = -1;
	}
	close(out);
	closedir(d);
	return rc;
}

/* Nothing has come since we took what there was: clocks are coarse. */
static int
is_older(int from, int to, const char *part)
{
	struct stat a, b;

	return fstatat(from, part, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(to, part, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_mtime + 2 < b.st_mtime;
}

static int
link_all(int from, int to, int trust)
{
	long long left = COPY_MAX;
	struct dirent *e;
	DIR *d = list(from, ".");
	int rc = 0;

	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		if (is_part(e->d_name) &&
		    !(trust && is_older(from, to, e->d_name)) &&
		    link_part(from, to, e->d_name, &left) == -1)
			rc = -1;
	closedir(d);
	return rc;
}

/* What nobody else has had for long goes: git has packed or pruned it. */
static void
thin(int ours)
{
	time_t old = time(NULL) - KEEP;
	struct dirent *e, *f;
	struct stat st;
	DIR *d = list(ours, "."), *p;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_part(e->d_name) || (p = list(ours, e->d_name)) == NULL)
			continue;
		while ((f = readdir(p)) != NULL)
			if (fstatat(dirfd(p), f->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			    st.st_nlink == 1 && st.st_ctime < old)
				unlinkat(dirfd(p), f->d_name, 0);
		closedir(p);
	}
	if (d != NULL)
		closedir(d);
}

/* objects/KEY, made where missing. */
static int
open_ours(int dir, const char *path, int make)
{
	char hex[HASH_HEX];
	int top, fd;

	hash_bytes_hex(path, strlen(path), hex);
	hex[16] = '\0';
	if (make)
		mkdirat(dir, "objects", 0700);
	if ((top = open_dir(dir, "objects")) == -1)
		return -1;
	if (make)
		mkdirat(top, hex, 0700);
	fd = open_dir(top, hex);
	close(top);
	return fd;
}

void
snap_link_objects(int dir, int from, const char *path)
{
	int ours = open_ours(dir, path, 1), theirs;

	if (ours == -1)
		return;
	if ((theirs = open_dir(from, "objects")) != -1) {
		link_all(theirs, ours, 1);
		close(theirs);
	}
	close(ours);
}

int
snap_put_objects(int dir, int ws, const char *path)
{
	int ours = open_ours(dir, path, 0), theirs, rc = -1;

	if (ours == -1)
		return errno == ENOENT ? 0 : -1;
	theirs = tree_open(ws, path, O_RDONLY | O_DIRECTORY);
	if (theirs != -1) {
		rc = link_all(ours, theirs, 0);
		close(theirs);
	}
	close(ours);
	return rc;
}

void
snap_thin_objects(int dir)
{
	struct dirent *e;
	DIR *d = list(dir, "objects");
	int ours;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_hex(e->d_name, 16) &&
		    (ours = open_dir(dirfd(d), e->d_name)) != -1) {
			thin(ours);
			close(ours);
		}
	if (d != NULL)
		closedir(d);
}
