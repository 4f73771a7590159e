#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "hash.h"
#include "io.h"
#include "status.h"

int
io_writeall(int fd, const void *data, size_t n)
{
	const char *p = data;
	ssize_t w;

	while (n > 0) {
		if ((w = write(fd, p, n)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

ssize_t
io_readfull(int fd, void *data, size_t n)
{
	char *p = data;
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		if ((r = read(fd, p + got, n - got)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int
io_slurp(int fd, struct buf *b, size_t max)
{
	char chunk[16384];
	size_t left = max;
	ssize_t r;

	for (;;) {
		if ((r = read(fd, chunk, sizeof(chunk))) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (r == 0)
			return 0;
		if ((size_t)r > left) {
			errno = EFBIG;
			return -1;
		}
		left -= (size_t)r;
		if (buf_add(b, chunk, (size_t)r) == -1)
			return -1;
	}
}

int
io_slurp_at(int dirfd, const char *path, struct buf *b, size_t max)
{
	struct stat st;
	int fd, rc, saved;

	fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
	    O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	rc = io_slurp(fd, b, max);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/* All of a small file as a string. */
static char *
small_file(const char *path)
{
	struct buf b = BUF_INIT;

	if (io_slurp_at(AT_FDCWD, path, &b, 64 * 1024) == -1 ||
	    buf_str(&b) == NULL) {
		buf_free(&b);
		return NULL;
	}
	if (strlen(b.p) != b.len) {
		buf_free(&b);
		errno = EINVAL;
		return NULL;
	}
	return b.p;
}

char *
io_line(const char *path)
{
	char *s;

	if ((s = small_file(path)) != NULL)
		s[strcspn(s, "\n")] = '\0';
	return s;
}

char *
io_fd_line(int fd)
{
	struct buf b = BUF_INIT;
	char *s = NULL;

	if (io_slurp(fd, &b, 64 * 1024) == -1 || (s = buf_str(&b)) == NULL) {
		buf_free(&b);
		return NULL;
	}
	if (strlen(s) != b.len) {
		buf_free(&b);
		errno = EINVAL;
		return NULL;
	}
	s[strcspn(s, "\n")] = '\0';
	return s;
}

char *
io_text(const char *path)
{
	char *s;
	size_t n;

	if ((s = small_file(path)) != NULL && (n = strlen(s)) > 0 &&
	    s[n - 1] == '\n')
		s[n - 1] = '\0';
	return s;
}

int
io_replace(int dirfd, const char *name, const void *data, size_t n, mode_t mode)
{
	char tmp[PATH_MAX], rnd[17];
	const char *base;
	int fd, len, saved;

	base = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
	if (*base == '\0') {
		errno = EINVAL;
		return -1;
	}
	/* a name that nobody can have made before */
	if (rand_hex(rnd, sizeof(rnd) - 1) == -1)
		return -1;
	len = snprintf(tmp, sizeof(tmp), "%.*s.tmp.%s", (int)(base - name),
	    name, rnd);
	if (len < 0 || (size_t)len >= sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, mode);
	if (fd == -1)
		return -1;
	if (fchmod(fd, mode) == -1 || io_writeall(fd, data, n) == -1 ||
	    fsync(fd) == -1) {
		saved = errno;
		close(fd);
		unlinkat(dirfd, tmp, 0);
		errno = saved;
		return -1;
	}
	if (close(fd) == -1 || renameat(dirfd, tmp, dirfd, name) == -1) {
		saved = errno;
		unlinkat(dirfd, tmp, 0);
		errno = saved;
		return -1;
	}
	/* The rename itself must survive a crash; a directory that cannot be
	 * opened for this (some network file systems) is no error. */
	len = snprintf(tmp, sizeof(tmp), "%.*s.", (int)(base - name), name);
	if (len > 0 && (fd = openat(dirfd, tmp, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) != -1) {
		fsync(fd);
		close(fd);
	}
	return 0;
}

int
io_put_line(const char *path, const char *line)
{
	struct buf b = BUF_INIT;
	int rc;

	buf_puts(&b, line);
	buf_addc(&b, '\n');
	rc = b.bad ? -1 : io_replace(AT_FDCWD, path, b.p, b.len, 0600);
	buf_free(&b);
	return rc;
}

int
io_append(int dirfd, const char *name, const void *data, size_t n, mode_t mode)
{
	struct stat st;
	int fd, rc, saved;

	fd = openat(dirfd, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
	if (fd == -1)
		return -1;
	while ((rc = flock(fd, LOCK_EX)) == -1 && errno == EINTR)
		;
	if (rc == 0 && (rc = fstat(fd, &st)) == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		rc = -1;
	}
	if (rc == 0 && (rc = io_writeall(fd, data, n)) == -1) {
		saved = errno;
		if (ftruncate(fd, st.st_size) == 0)	/* or nothing */
			errno = saved;
	}
	if (rc == 0)
		rc = fsync(fd);
	saved = errno;
	if (close(fd) == -1 && rc == 0)
		return -1;
	errno = saved;
	return rc;
}

int
io_mkdirs(const char *path)
{
	char part[PATH_MAX];
	struct stat st;
	size_t i, n;

	if ((n = strlen(path)) >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, n + 1);
	for (i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) == -1 && errno != EEXIST)
			return -1;
		part[i] = path[i];
	}
	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	return 0;
}

/* All that is below an open directory, which is closed. */
static int
empty(int dirfd)
{
	struct dirent *e;
	DIR *d;
	int rc = 0;

	if ((d = fdopendir(dirfd)) == NULL) {
		close(dirfd);
		return -1;
	}
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    io_remove(dirfd, e->d_name) == -1)
			rc = -1;
	closedir(d);
	return rc;
}

int
io_remove(int dirfd, const char *name)
{
	int fd;

	/* root on some systems can unlink directories: look first */
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ||
		    unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : -1;
	if (empty(fd) == -1 || (unlinkat(dirfd, name, AT_REMOVEDIR) == -1 &&
	    errno != ENOENT))
		return -1;
	return 0;
}

int
io_open_trusted(const char *path)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != geteuid() && st.st_uid != 0) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

int
io_private_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return -1;
	if (lstat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
io_cloexec(int fd, int on)
{
	int flags;

	if ((flags = fcntl(fd, F_GETFD)) == -1)
		return -1;
	return fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

int
io_pipe(int p[2])
{
#if HAVE_PIPE2
	return pipe2(p, O_CLOEXEC);
#else
	if (pipe(p) == -1)
		return -1;
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	return 0;
#endif
}

int
io_nonblock(int fd, int on)
{
	int flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void
xio_close_stdout(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		err(ST_SYS, "cannot write standard output");
	if (fclose(stdout) == EOF && errno != EBADF)
		err(ST_SYS, "cannot write standard output");
}
