#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "seen.h"
#include "tree.h"

#define DIGEST		16
#define BLOCK		64		/* of SHA-256 */
#define THREADS		64
#define SEEN_MAX	(64 * 1024 * 1024)
#define RACE		2		/* seconds: no file system is coarser */

struct seen {
	hash_ctx	 start;		/* key and rules */
	struct buf	 old;		/* digests, sorted */
	struct buf	 now[THREADS];	/* of the files met this time */
	int		 fresh[THREADS];
	time_t		 began;
};

struct seen *
seen_new(const unsigned char key[32], const char *rules)
{
	static const unsigned char pad[BLOCK];
	struct seen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	hash_init(&s->start);
	hash_add(&s->start, key, 32);
	hash_add_field(&s->start, rules, strlen(rules));
	/* whole blocks, so that they are hashed only once */
	hash_add(&s->start, pad, (size_t)(-s->start.count % BLOCK));
	s->began = time(NULL);
	return s;
}

void
seen_free(struct seen *s)
{
	int i;

	if (s == NULL)
		return;
	for (i = 0; i < THREADS; i++)
		buf_free(&s->now[i]);
	buf_free(&s->old);
	free(s);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST);
}

void
seen_load(struct seen *s, const char *state)
{
	char *path = xasprintf("%s/scanned", state);
	int fd = io_open_trusted(path);

	if (fd != -1 && io_slurp(fd, &s->old, SEEN_MAX) == -1)
		buf_clear(&s->old);
	if (fd != -1)
		close(fd);
	s->old.len -= s->old.len % DIGEST;
	free(path);
}

static void
digest(const struct seen *s, const char *path, const struct stat *st,
    unsigned char out[32])
{
	hash_ctx c = s->start;
	long long v[7];

	v[0] = (long long)st->st_dev;
	v[1] = (long long)st->st_ino;
	v[2] = (long long)st->st_size;
	v[3] = (long long)st->st_mtim.tv_sec;
	v[4] = (long long)st->st_mtim.tv_nsec;
	v[5] = (long long)st->st_ctim.tv_sec;
	v[6] = (long long)st->st_ctim.tv_nsec;
	hash_add(&c, v, sizeof(v));
	hash_add(&c, path, strlen(path));
	br_sha256_out(&c, out);
}

int
seen_has(struct seen *s, int thread, const struct tree_file *t)
{
	unsigned char d[32];

	if (s->old.len == 0)
		return 0;
	digest(s, t->path, t->st, d);
	if (bsearch(d, s->old.p, s->old.len / DIGEST, DIGEST, compare) == NULL)
		return 0;
	buf_add(&s->now[thread], d, DIGEST);
	return 1;
}

void
seen_add(struct seen *s, int thread, const struct tree_file *t)
{
	unsigned char d[32];

	if (t->st->st_ctim.tv_sec + RACE >= s->began)
		return;
	digest(s, t->path, t->st, d);
	buf_add(&s->now[thread], d, DIGEST);
	s->fresh[thread] = 1;
}

void
seen_save(struct seen *s, const char *state)
{
	struct buf all = BUF_INIT;
	char *path, *tmp;
	int i, fd, changed = 0;

	for (i = 0; i < THREADS; i++) {
		buf_add(&all, s->now[i].p, s->now[i].len);
		changed |= s->fresh[i] | s->now[i].bad;
	}
	/* gone or changed files alone are not worth writing for */
	if (all.bad || (!changed && all.len + 64 * DIGEST > s->old.len)) {
		buf_free(&all);
		return;
	}
	if (all.len != 0)
		qsort(all.p, all.len / DIGEST, DIGEST, compare);
	path = xasprintf("%s/scanned", state);
	tmp = xasprintf("%s.%ld", path, (long)getpid());
	/* no fsync: what a crash makes of it only costs another reading */
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd != -1) {
		i = io_writeall(fd, all.p, all.len);
		if (close(fd) == -1 || i == -1 || rename(tmp, path) == -1)
			unlink(tmp);
	}
	free(tmp);
	free(path);
	buf_free(&all);
}
