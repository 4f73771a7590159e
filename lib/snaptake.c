#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gitguard.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "snaptake.h"
#include "snapwalk.h"

#define RACY		1000000000LL	/* clocks of file systems are coarse */
#define LINK_MAX_	65536

struct taking {
	struct snaptake	*t;
	struct snap	 now;
	struct snap	 before;
	const struct snap *by;		/* whose ignore rules hold */
	long long	 before_taken;	/* what changed later is read again */
	long long	 read;
	int		 dir;
	int		 pack;		/* open for appending, or -1 */
	char		*packname;
	long long	 off;
	int		 ws;
	const struct executes *x;
};

int
snap_open(const struct workspace *w, int *lock)
{
	char *state = xworkspace_make_state(w), *path = snap_dir(w);
	int dir = -1;

	free(state);
	if (io_private_dir(path) == 0)
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (dir == -1)
		return -1;
	*lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (*lock == -1 || flock(*lock, LOCK_EX) == -1) {
		if (*lock != -1)
			close(*lock);
		close(dir);
		return -1;
	}
	return dir;
}

static int
is_wanted(void *arg, const char *path, int isdir)
{
	struct taking *k = arg;
	const struct execute *x;
	const char *base = strrchr(path, '/');

	if (isdir)
		return executes_below(k->x, base != NULL ? base + 1 : path);
	x = executes_find(k->x, path);
	return x != NULL && strcmp(x->kind, "-") != 0;
}

static int
new_pack(struct taking *k, char **name)
{
	char hex[17];
	int fd;

	if (rand_hex(hex, 16) == -1)
		return -1;
	*name = xasprintf("p-%s", hex);
	fd = openat(k->dir, *name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1)
		free(*name);
	return fd;
}

/* _IOW(0x94, 9, int): a copy that shares its blocks, where that can be. */
static int
clone_file(int from, int to)
{
#ifdef __linux__
	return ioctl(to, 0x40049409, from);
#else
	(void)from;
	(void)to;
	return -1;
#endif
}

/* Append what can be read, at most max bytes; the count, or -1. */
static long long
copy(int from, int to, long long max)
{
	char b[65536];
	long long n = 0;
	ssize_t r;

	while (n < max && (r = read(from, b, sizeof(b))) != 0) {
		if (r == -1)
			return -1;
		if (r > max - n)
			r = (ssize_t)(max - n);
		if (io_writeall(to, b, (size_t)r) == -1)
			return -1;
		n += r;
	}
	return n;
}

/* A pack of its own, which costs nothing where blocks can be shared. */
static void
keep_big(struct taking *k, struct snap_entry *e, int fd)
{
	char *name;
	int to = new_pack(k, &name);

	if (to == -1)
		return;
	if (clone_file(fd, to) == 0 || (k->read + e->size <= k->t->size &&
	    (k->read += e->size, copy(fd, to, e->size)) == e->size)) {
		e->pack = name;
		close(to);
		return;
	}
	unlinkat(k->dir, name, 0);
	free(name);
	close(to);
}

static void
keep(struct taking *k, struct snap_entry *e, int fd)
{
	long long n;

	if (e->size >= SNAP_BIG) {
		keep_big(k, e, fd);
		return;
	}
	if (k->read + e->size > k->t->size)
		return;
	if (k->pack == -1 && (k->pack = new_pack(k, &k->packname)) == -1)
		return;
	n = copy(fd, k->pack, e->size);
	if (n >= 0) {
		/* it may shrink meanwhile: then it is what was read */
		e->pack = xstrdup(k->packname);
		e->off = k->off;
		e->size = n;
		k->read += n;
		k->off += n;
	} else if ((k->off = lseek(k->pack, 0, SEEK_CUR)) == -1)
		k->off = 0;
}

static void
keep_link(struct taking *k, struct snap_entry *e, int dirfd, const char *name)
{
	char target[LINK_MAX_];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0 || (k->pack == -1 &&
	    (k->pack = new_pack(k, &k->packname)) == -1) ||
	    io_writeall(k->pack, target, (size_t)n) == -1)
		return;
	e->pack = xstrdup(k->packname);
	e->off = k->off;
	e->size = n;
	k->off += n;
}

static int
reuse(struct taking *k, struct snap_entry *e)
{
	struct snap_entry *old = snap_find(&k->before, e->path);

	if (old == NULL || !snap_same_stat(old, e) || old->pack == NULL ||
	    old->ctime >= k->before_taken - RACY)
		return 0;
	e->pack = xstrdup(old->pack);
	e->off = old->off;
	return 1;
}

/* NULL: too many. */
static struct snap_entry *
add_found(struct taking *k, const struct snap_entry *found)
{
	struct snap_entry *e;
	char *path;

	if (k->now.n >= SNAP_ENTRIES) {
		errno = E2BIG;
		return NULL;
	}
	e = snap_add(&k->now, found->path);
	path = e->path;
	*e = *found;
	e->path = path;
	return e;
}

static int
take_one(void *arg, int dirfd, const char *name, const struct snap_entry *found)
{
	struct taking *k = arg;
	struct snap_entry *e;
	struct stat st;
	int fd;

	if ((e = add_found(k, found)) == NULL)
		return -1;
	if ((e->type != SNAP_FILE && e->type != SNAP_LINK) || reuse(k, e))
		return 0;
	if (e->type == SNAP_LINK) {
		keep_link(k, e, dirfd, name);
		return 0;
	}
	if (k->t->bare && executes_find(k->x, e->path) == NULL)
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		keep(k, e, fd);
	close(fd);
	return 0;
}

static void
take_objects(void *arg, int dirfd, const char *path)
{
	struct taking *k = arg;

	if (!k->t->bare)
		snap_link_objects(k->dir, dirfd, path);
}

static long long
now_ns(char when[21])
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (gmtime_r(&ts.tv_sec, &tm) == NULL ||
	    strftime(when, 21, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		*when = '\0';
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* The newest with contents is what to share with. */
static void
load_before(struct taking *k)
{
	struct snap_info *v;
	int i, n = snap_infos(k->dir, &v);

	for (i = n - 1; i >= 0; i--)
		if (strcmp(v[i].kind, "end") != 0 && snap_load(k->dir, v[i].id,
		    &k->before) == 0) {
			k->before_taken = v[i].taken;
			break;
		}
	if (n != -1)
		snap_infos_free(v, n);
}

/* Placeholders were noted before they were made, and are ours. */
static void
drop_placeholders(struct taking *k)
{
	struct snap_entry *e;
	struct argv p = ARGV_INIT;
	size_t i, to = 0;

	gitguard_placeholders(k->t->w, &p);
	snap_sort(&k->now);
	for (i = 0; i + 1 < p.n; i += 2)
		if ((e = snap_find(&k->now, p.v[i])) != NULL && e->size <= 2)
			e->stale = 1;
	for (i = 0; i < k->now.n; i++)
		if (k->now.v[i].stale) {
			free(k->now.v[i].path);
			free(k->now.v[i].pack);
		} else
			k->now.v[to++] = k->now.v[i];
	k->now.n = to;
	argv_free(&p);
}

static void
sum_up(struct taking *k)
{
	struct snap_info *s = &k->t->info;
	const struct snap_entry *e;
	size_t i;

	for (i = 0; i < k->now.n; i++) {
		e = &k->now.v[i];
		if (e->type != SNAP_FILE)
			continue;
		if (e->pack == NULL)
			s->left++;
		else {
			s->files++;
			s->bytes += e->size;
		}
	}
}

/* By the rules that held when the session began: see snaptake.h. */
static int
old_rules(void *arg, const char *path, struct buf *text)
{
	struct taking *k = arg;
	const struct snap_entry *old = snap_find(k->by, path);
	struct buf now = BUF_INIT;
	int same;

	if (old != NULL && (old->type != SNAP_FILE || snap_content(k->dir, old,
	    text, 4 * 1024 * 1024) == -1))
		old = NULL;
	same = io_slurp_at(k->ws, path, &now, 4 * 1024 * 1024) == 0 ?
	    old != NULL && now.len == text->len && (now.len == 0 ||
	    memcmp(now.p, text->p, now.len) == 0) : old == NULL;
	buf_free(&now);
	return same ? -1 : old != NULL;
}

int
snap_take(struct snaptake *t, int dir)
{
	struct snapwalk walk;
	struct taking k;
	char when[21];
	int rc = -1;

	memset(&k, 0, sizeof(k));
	memset(&walk, 0, sizeof(walk));
	k.t = t;
	k.x = t->x;
	k.dir = dir;
	k.pack = -1;
	t->info.taken = now_ns(when);
	load_before(&k);
	walk.ws = open(t->w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	walk.skip = t->skip;
	walk.wanted = is_wanted;
	walk.found = take_one;
	walk.objects = take_objects;
	walk.rules = t->by != NULL ? old_rules : NULL;
	walk.arg = &k;
	k.by = t->by;
	k.ws = walk.ws;
	if (walk.ws != -1 && snap_walk(&walk) == 0) {
		drop_placeholders(&k);
		sum_up(&k);
		t->info.id = (char *)t->id;
		t->info.when = when;
		t->info.kind = (char *)t->kind;
		t->info.agent = (char *)t->agent;
		t->info.of = (char *)t->of;
		rc = snap_save(dir, t->id, &k.now);
		if (rc == 0)
			rc = snap_info_save(dir, &t->info);
		t->info.when = NULL;
	}
	if (walk.ws != -1)
		close(walk.ws);
	if (k.pack != -1)
		close(k.pack);
	free(k.packname);
	snap_free(&k.now);
	snap_free(&k.before);
	return rc;
}

static int
note_one(void *arg, int dirfd, const char *name, const struct snap_entry *found)
{
	struct taking *k = arg;
	struct snap_entry *e;

	(void)dirfd;
	(void)name;
	if ((e = add_found(k, found)) == NULL)
		return -1;
	reuse(k, e);
	return 0;
}

int
snap_now(const struct workspace *w, const struct executes *x,
    const struct argv *skip, int dir, const struct snap *before,
    struct snap *now)
{
	struct snaptake t;
	struct snapwalk walk;
	struct taking k;
	int rc = -1;

	memset(&t, 0, sizeof(t));
	memset(&k, 0, sizeof(k));
	memset(&walk, 0, sizeof(walk));
	t.w = w;
	k.t = &t;
	k.x = x;
	k.dir = dir;
	k.before = *before;
	k.by = before;
	k.before_taken = 0x7fffffffffffffffLL;
	k.ws = walk.ws = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	walk.skip = skip;
	walk.wanted = is_wanted;
	walk.rules = old_rules;
	walk.found = note_one;
	walk.arg = &k;
	if (walk.ws != -1) {
		rc = snap_walk(&walk);
		close(walk.ws);
	}
	if (rc == 0)
		drop_placeholders(&k);
	*now = k.now;
	return rc;
}

int
snap_end(int dir, const char *id, struct snap *now)
{
	struct snap_info s;
	char *end = xasprintf("%s.end", id);
	int rc;

	memset(&s, 0, sizeof(s));
	s.id = end;
	s.when = (char *)"-";
	s.kind = (char *)"end";
	rc = snap_save(dir, end, now);
	if (rc == 0)
		rc = snap_info_save(dir, &s);
	free(end);
	return rc;
}
