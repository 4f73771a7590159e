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
#include "rec.h"
#include "utf8.h"
#include "workspace.h"

#define LINE_MAX_BYTES	(1024 * 1024)
#define NOW_MAX		32

static const char zeros[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/*
 * The digest of the last line of fd, size bytes long.  A line that was torn
 * by a crash is given its newline, so that the next record stands on a line
 * of its own.
 */
static int
last_digest(int fd, off_t size, char hex[HASH_HEX])
{
	struct buf b = BUF_INIT;
	char *nl = NULL;
	size_t n, want = 4096;
	int rc = -1;

	if (size == 0) {
		memcpy(hex, zeros, HASH_HEX);
		return 0;
	}
	/* a line is short; read more only while its start is not there */
	for (;; want *= 4) {
		n = size < (off_t)want ? (size_t)size : want;
		buf_clear(&b);
		if (buf_reserve(&b, n) == -1 ||
		    lseek(fd, size - (off_t)n, SEEK_SET) == -1 ||
		    io_readfull(fd, b.p, n) != (ssize_t)n)
			goto out;
		for (nl = b.p + n - (b.p[n - 1] == '\n'); nl > b.p &&
		    nl[-1] != '\n'; nl--)
			;
		if (nl > b.p || (off_t)n == size || n >= LINE_MAX_BYTES)
			break;
	}
	if (b.p[n - 1] == '\n')
		n--;
	else if (io_writeall(fd, "\n", 1) == -1)
		goto out;
	hash_bytes_hex(nl, (size_t)(b.p + n - nl), hex);
	rc = 0;
out:
	buf_free(&b);
	return rc;
}

static void
add_field(struct buf *b, const char *s)
{
	struct buf safe = BUF_INIT;

	if (s != NULL)
		vis_add(&safe, s, strlen(s), 0);
	rec_add(b, safe.p, safe.len);
	buf_addc(b, '\t');
	b->bad |= safe.bad;
	buf_free(&safe);
}

static void
show_now(char text[NOW_MAX])
{
	struct tm tm;
	time_t now = time(NULL);

	gmtime_r(&now, &tm);
	strftime(text, NOW_MAX, "%Y-%m-%dT%H:%M:%SZ\t", &tm);
}

/* The record as a line behind those in b; hex becomes its digest. */
static int
add_line(struct buf *b, const struct audit *a, const char *now,
    char hex[HASH_HEX])
{
	struct buf safe = BUF_INIT;
	size_t from = b->len;

	buf_puts(b, now);
	add_field(b, a->session);
	add_field(b, a->kind);
	add_field(b, a->verdict);
	add_field(b, a->why);
	vis_add(&safe, a->subject, a->len, 0);
	rec_add(b, safe.p, safe.len);
	buf_addc(b, '\t');
	add_field(b, a->detail);
	buf_puts(b, hex);
	b->bad |= safe.bad;
	buf_free(&safe);
	if (b->bad)
		return -1;
	hash_bytes_hex(b->p + from, b->len - from, hex);
	return buf_addc(b, '\n');
}

int
audit_open(const char *path, int flags)
{
	struct stat now, mine;
	int fd, rc, saved;

	for (;;) {
		fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1)
			return -1;
		while ((rc = flock(fd, LOCK_EX)) == -1 && errno == EINTR)
			;
		if (rc == -1 || fstat(fd, &mine) == -1)
			break;
		if (lstat(path, &now) == 0 && now.st_ino == mine.st_ino &&
		    now.st_dev == mine.st_dev)
			return fd;
		close(fd);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
audit_add_all(const struct workspace *w, const struct audit *a, size_t n)
{
	struct buf b = BUF_INIT;
	struct stat st;
	char hex[HASH_HEX], now[NOW_MAX], *dir, *path;
	int fd, rc = -1, saved;
	size_t i;

	dir = xworkspace_make_state(w);
	free(dir);
	path = workspace_state(w, "audit");
	fd = audit_open(path, O_RDWR | O_APPEND | O_CREAT);
	free(path);
	if (fd == -1)
		return -1;
	if ((rc = fstat(fd, &st)) == -1 ||
	    (rc = last_digest(fd, st.st_size, hex)) == -1 ||
	    (rc = fstat(fd, &st)) == -1)
		goto out;
	show_now(now);
	for (i = 0; i < n && rc == 0; i++)
		rc = add_line(&b, &a[i], now, hex);
	if (rc == 0 && (rc = io_writeall(fd, b.p, b.len)) == -1) {
		/* a full disk: no part of a record stays */
		saved = errno;
		if (ftruncate(fd, st.st_size) == -1)
			saved = errno;
		errno = saved;
	}
	if (rc == 0)
		rc = fsync(fd);
out:
	saved = errno;
	close(fd);
	buf_free(&b);
	errno = saved;
	return rc;
}

int
audit_add(const struct workspace *w, const struct audit *a)
{
	return audit_add_all(w, a, 1);
}

/* Where the trail begins, and if a record tells that it does. */
struct start {
	char	chain[HASH_HEX];
	int	told;
};

/* Check a line (its newline replaced by NUL) against the digest before it. */
static const char *
check_line(char *line, size_t n, long number, char *chain, struct start *s)
{
	char *f[AUDIT_FIELDS], *tab;

	if (strlen(line) != n)
		return "it holds a NUL byte";
	if ((tab = strrchr(line, '\t')) == NULL || strlen(tab + 1) != 64)
		return "it is no record";
	if (number == 1) {
		memcpy(s->chain, tab + 1, HASH_HEX);
		s->told = strcmp(s->chain, zeros) == 0;
	} else if (strcmp(tab + 1, chain) != 0)
		return "the line before it is not the one that was written";
	hash_bytes_hex(line, n, chain);
	if (rec_split(line, f, AUDIT_FIELDS) < AUDIT_FIELDS)
		return "it is no record";
	s->told |= f[2] != NULL && strcmp(f[2], "audit") == 0 &&
	    f[3] != NULL && strcmp(f[3], "cut") == 0 && f[5] != NULL &&
	    strcmp(f[5], s->chain) == 0;
	return NULL;
}

long
audit_verify(const char *path, long *lines, char *head, const char **why)
{
	struct start s = { "", 1 };
	char chain[HASH_HEX], *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *fp;
	long bad = 0;
	int fd;

	*lines = 0;
	*why = NULL;
	memcpy(chain, zeros, HASH_HEX);
	if ((fd = audit_open(path, O_RDONLY | O_NONBLOCK)) == -1)
		return -1;
	if ((fp = fdopen(fd, "r")) == NULL) {
		close(fd);
		return -1;
	}
	while (bad == 0 && (n = getline(&line, &cap, fp)) != -1) {
		++*lines;
		if (line[n - 1] != '\n') {
			*why = "it was cut short";
			bad = *lines;
			break;
		}
		line[--n] = '\0';
		*why = check_line(line, (size_t)n, *lines, chain, &s);
		if (*why != NULL)
			bad = *lines;
	}
	if (ferror(fp))
		bad = -1;
	else if (bad == 0 && !s.told) {
		*why = "the lines before it were taken out";
		bad = 1;
	}
	free(line);
	fclose(fp);
	if (head != NULL)
		memcpy(head, chain, HASH_HEX);
	return bad;
}
