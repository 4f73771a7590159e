#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "buf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "workspace.h"

#define TIME_LEN	20

/*
 * Count the lines in front of the first that is no older, and their bytes;
 * digest becomes that of the last of them.
 */
static long
count_old(int fd, const char *before, off_t *bytes, char digest[HASH_HEX])
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	long count = 0;
	FILE *fp;
	int copy;

	*bytes = 0;
	if ((copy = dup(fd)) == -1 || (fp = fdopen(copy, "r")) == NULL) {
		close(copy);
		return -1;
	}
	while ((n = getline(&line, &cap, fp)) > TIME_LEN &&
	    strncmp(line, before, TIME_LEN) < 0) {
		count++;
		*bytes += n;
		hash_bytes_hex(line, (size_t)n - 1, digest);
	}
	if (ferror(fp))
		count = -1;
	free(line);
	fclose(fp);
	return count;
}

/* Replace path by what of fd is behind its first bytes. */
static int
keep_rest(int fd, const char *path, off_t from)
{
	char block[65536], *new = xasprintf("%s.new", path);
	int out, rc = -1, saved;
	ssize_t n = -1;

	/* under the trail's lock: one that is there is of a sweep that died */
	unlink(new);
	out = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out == -1 || lseek(fd, from, SEEK_SET) == -1)
		goto end;
	while ((n = io_readfull(fd, block, sizeof(block))) > 0)
		if (io_writeall(out, block, (size_t)n) == -1)
			goto end;
	if (n == 0 && fsync(out) == 0)
		rc = rename(new, path);
end:
	saved = errno;
	close(out);
	if (rc == -1)
		unlink(new);
	free(new);
	errno = saved;
	return rc;
}

static long
cut(const struct workspace *w, const char *path, const char *before,
    int dry_run)
{
	struct audit a = { NULL, "audit", "cut", NULL, NULL, HASH_HEX - 1,
	    NULL };
	char digest[HASH_HEX], again[HASH_HEX], *detail;
	off_t bytes;
	long n;
	int fd, saved;

	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return errno == ENOENT ? 0 : -1;
	n = count_old(fd, before, &bytes, digest);
	close(fd);
	if (n <= 0 || dry_run)
		return n;
	/* told first: a sweep that dies here has cut nothing */
	detail = xasprintf("records=%ld before=%s", n, before);
	a.subject = digest;
	a.detail = detail;
	n = audit_add(w, &a) == -1 ? -1 : n;
	free(detail);
	if (n == -1 || (fd = audit_open(path, O_RDWR)) == -1)
		return -1;
	if (count_old(fd, before, &bytes, again) != n ||
	    memcmp(digest, again, HASH_HEX) != 0) {
		errno = EAGAIN;
		n = -1;
	} else if (keep_rest(fd, path, bytes) == -1)
		n = -1;
	saved = errno;
	close(fd);
	errno = saved;
	return n;
}

long
audit_cut(const struct workspace *w, long age, int dry_run)
{
	char before[TIME_LEN + 1];
	char *path = workspace_state(w, "audit");
	const char *why;
	time_t then = time(NULL) - age;
	struct tm tm;
	long lines, n;
	int saved;

	gmtime_r(&then, &tm);
	strftime(before, sizeof(before), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if ((n = audit_verify(path, &lines, NULL, &why)) > 0) {
		errno = EBADMSG;
		n = -1;
	} else if (n == -1 && errno == ENOENT)
		n = 0;
	else if (n == 0)
		n = cut(w, path, before, dry_run);
	saved = errno;
	free(path);
	errno = saved;
	return n;
}
