#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "snap.h"
#include "tree.h"

#define MANIFEST_MAX	(512 * 1024 * 1024)
#define INFO_MAX	65536
#define FIELDS		11

char *
snap_dir(const struct workspace *w)
{
	return workspace_state(w, "undo");
}

struct snap_entry *
snap_add(struct snap *s, const char *path)
{
	struct snap_entry *e;

	if ((s->n & (s->n + 1)) == 0 || s->n == 0)
		s->v = xreallocarray(s->v, (s->n + 1) * 2, sizeof(*s->v));
	e = &s->v[s->n++];
	memset(e, 0, sizeof(*e));
	e->path = xstrdup(path);
	return e;
}

void
snap_free(struct snap *s)
{
	size_t i;

	for (i = 0; s->text == NULL && i < s->n; i++) {
		free(s->v[i].path);
		free(s->v[i].pack);
	}
	free(s->v);
	free(s->text);
	memset(s, 0, sizeof(*s));
}

static int
by_path(const void *a, const void *b)
{
	return strcmp((*(struct snap_entry *const *)a)->path,
	    (*(struct snap_entry *const *)b)->path);
}

void
snap_sort(struct snap *s)
{
	struct snap_entry **order, *v;
	size_t i;

	for (i = 1; i < s->n; i++)
		if (strcmp(s->v[i - 1].path, s->v[i].path) > 0)
			break;
	if (i >= s->n)
		return;
	/* pointers are lighter to move about */
	order = xreallocarray(NULL, s->n, sizeof(*order));
	for (i = 0; i < s->n; i++)
		order[i] = &s->v[i];
	qsort(order, s->n, sizeof(*order), by_path);
	v = xreallocarray(NULL, 2 * (s->n + 1), sizeof(*v));
	for (i = 0; i < s->n; i++)
		v[i] = *order[i];
	free(order);
	free(s->v);
	s->v = v;
}

struct snap_entry *
snap_find(const struct snap *s, const char *path)
{
	size_t lo = 0, hi = s->n, mid;
	int c;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if ((c = strcmp(path, s->v[mid].path)) == 0)
			return &s->v[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

int
snap_is_left(const struct snap *s, const char *path)
{
	const struct snap_entry *e;
	char *part = xstrdup(path), *slash;
	int left = 0;

	for (;;) {
		if ((e = snap_find(s, part)) != NULL) {
			left = e->type == SNAP_LEFT;
			break;
		}
		if ((slash = strrchr(part, '/')) == NULL)
			break;
		*slash = '\0';
	}
	free(part);
	return left;
}

int
snap_same_stat(const struct snap_entry *a, const struct snap_entry *b)
{
	return a->type == b->type && a->mode == b->mode && a->uid == b->uid &&
	    a->gid == b->gid && a->ino == b->ino && (a->type == SNAP_DIR ||
	    (a->size == b->size && a->mtime == b->mtime &&
	    a->ctime == b->ctime));
}

static int
parse_entry(char *line, struct snap_entry *e)
{
	long long n[9];
	char *f[FIELDS];
	int i;

	memset(e, 0, sizeof(*e));
	if (rec_split(line, f, FIELDS) != FIELDS || f[0] == NULL ||
	    f[1] == NULL || strchr("fdlox", *f[1]) == NULL || *f[1] == '\0')
		return -1;
	for (i = 2; i < FIELDS; i++)
		if (i != 9 && (f[i] == NULL || num_parse(f[i], 0,
		    0x7fffffffffffffffLL, &n[i - 2]) == -1))
			return -1;
	e->path = f[0];
	e->type = *f[1];
	e->mode = (unsigned int)n[0] & 07777;
	e->uid = (unsigned long)n[1];
	e->gid = (unsigned long)n[2];
	e->size = n[3];
	e->mtime = n[4];
	e->ctime = n[5];
	e->ino = (unsigned long long)n[6];
	e->pack = f[9];
	e->off = n[8];
	return 0;
}

int
snap_load(int dir, const char *id, struct snap *s)
{
	struct buf b = BUF_INIT;
	char *name = xasprintf("%s.files", id), *line, *next;
	size_t lines = 0;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = io_slurp_at(dir, name, &b, MANIFEST_MAX);
	free(name);
	if (rc == -1 || buf_str(&b) == NULL) {
		buf_free(&b);
		return -1;
	}
	for (line = b.p; (line = strchr(line, '\n')) != NULL; line++)
		lines++;
	s->v = xcalloc(lines + 1, sizeof(*s->v));
	s->text = b.p;
	for (line = b.p; (next = strchr(line, '\n')) != NULL; line = next) {
		*next++ = '\0';
		if (parse_entry(line, &s->v[s->n]) == -1 || (s->n > 0 &&
		    strcmp(s->v[s->n - 1].path, s->v[s->n].path) >= 0)) {
			snap_free(s);
			errno = EINVAL;
			return -1;
		}
		s->n++;
	}
	return 0;
}

/* Not io_replace: a snapshot is made with the user waiting. */
static int
put_file(int dir, const char *name, const struct buf *b)
{
	char *tmp = xasprintf("%s.new", name);
	int fd, rc = -1;

	unlinkat(dir, tmp, 0);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1) {
		rc = io_writeall(fd, b->p, b->len);
		if (close(fd) == -1 || rc == -1 ||
		    renameat(dir, tmp, dir, name) == -1)
			rc = -1;
	}
	free(tmp);
	return rc;
}

static void
add_number(struct buf *b, unsigned long long n)
{
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	buf_addc(b, '\t');
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

/* Ten thousands of these with the user waiting: no printf. */
static void
add_entry(struct buf *b, const struct snap_entry *e)
{
	rec_add(b, e->path, strlen(e->path));
	buf_addc(b, '\t');
	buf_addc(b, e->type);
	add_number(b, e->mode);
	add_number(b, e->uid);
	add_number(b, e->gid);
	add_number(b, (unsigned long long)e->size);
	add_number(b, (unsigned long long)e->mtime);
	add_number(b, (unsigned long long)e->ctime);
	add_number(b, e->ino);
	buf_addc(b, '\t');
	buf_puts(b, e->pack != NULL ? e->pack : "-");
	add_number(b, (unsigned long long)e->off);
	buf_addc(b, '\n');
}

int
snap_save(int dir, const char *id, struct snap *s)
{
	struct buf b = BUF_INIT;
	char *name = xasprintf("%s.files", id);
	size_t i;
	int rc = -1;

	snap_sort(s);
	for (i = 0; i < s->n; i++)
		add_entry(&b, &s->v[i]);
	if (b.bad)
		errno = ENOMEM;
	else
		rc = put_file(dir, name, &b);
	buf_free(&b);
	free(name);
	return rc;
}

static int
parse_info(char *line, struct snap_info *s)
{
	char *f[9];
	long long *n[4];
	int i;

	if (rec_split(line, f, 9) != 9 || f[0] == NULL || f[1] == NULL ||
	    f[2] == NULL)
		return -1;
	s->id = f[0];
	s->when = f[1];
	s->kind = f[2];
	s->agent = f[3];
	s->of = f[4];
	n[0] = &s->taken;
	n[1] = &s->files;
	n[2] = &s->bytes;
	n[3] = &s->left;
	for (i = 0; i < 4; i++)
		if (f[5 + i] == NULL || num_parse(f[5 + i], 0,
		    0x7fffffffffffffffLL, n[i]) == -1)
			return -1;
	return 0;
}

int
snap_info_save(int dir, const struct snap_info *s)
{
	struct buf b = BUF_INIT;
	char *name = xasprintf("%s.info", s->id);
	int rc;

	buf_printf(&b, "%s\t%s\t%s\t%s\t%s\t%lld\t%lld\t%lld\t%lld\n", s->id,
	    s->when, s->kind, s->agent != NULL ? s->agent : "-",
	    s->of != NULL ? s->of : "-", s->taken, s->files, s->bytes, s->left);
	rc = b.bad ? -1 : put_file(dir, name, &b);
	buf_free(&b);
	free(name);
	return rc;
}

static int
by_time(const void *a, const void *b)
{
	const struct snap_info *x = a, *y = b;

	return x->taken != y->taken ? (x->taken > y->taken) * 2 - 1 :
	    strcmp(x->id, y->id);
}

/* Does a name end in this? */
static int
ends(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

int
snap_infos(int dir, struct snap_info **out)
{
	struct snap_info *v = NULL, s;
	struct dirent *e;
	struct buf b = BUF_INIT;
	DIR *d;
	int fd, n = 0;

	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    (d = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!ends(e->d_name, ".info"))
			continue;
		memset(&b, 0, sizeof(b));
		memset(&s, 0, sizeof(s));
		if (io_slurp_at(dir, e->d_name, &b, INFO_MAX) == 0 &&
		    buf_str(&b) != NULL) {
			b.p[strcspn(b.p, "\n")] = '\0';
			if (parse_info(b.p, &s) == 0) {
				s.text = b.p;
				v = xreallocarray(v, (size_t)n + 1, sizeof(*v));
				v[n++] = s;
				continue;
			}
		}
		buf_free(&b);
	}
	closedir(d);
	if (n > 0)
		qsort(v, (size_t)n, sizeof(*v), by_time);
	*out = v;
	return n;
}

void
snap_infos_free(struct snap_info *v, int n)
{
	int i;

	for (i = 0; i < n; i++)
		free(v[i].text);
	free(v);
}

int
snap_copy_out(int dir, const struct snap_entry *e, int to)
{
	char *b;
	long long left = e->size, off = e->off;
	ssize_t r = -1;
	int fd;

	if (e->pack == NULL || strchr(e->pack, '/') != NULL) {
		errno = ENODATA;
		return -1;
	}
	fd = openat(dir, e->pack, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	b = xmalloc(65536);
	while (left > 0) {
		r = pread(fd, b, left < 65536 ? (size_t)left : 65536, (off_t)off);
		if (r <= 0 || io_writeall(to, b, (size_t)r) == -1)
			break;
		left -= r;
		off += r;
	}
	free(b);
	close(fd);
	if (left > 0 && r == 0)
		errno = ENODATA;
	return left > 0 ? -1 : 0;
}

int
snap_content(int dir, const struct snap_entry *e, struct buf *b, size_t max)
{
	size_t got = 0;
	ssize_t r;
	int fd;

	if (e->pack == NULL || strchr(e->pack, '/') != NULL) {
		errno = ENODATA;
		return -1;
	}
	if ((unsigned long long)e->size > max) {
		errno = EFBIG;
		return -1;
	}
	if (buf_reserve(b, (size_t)e->size) == -1)
		return -1;
	fd = openat(dir, e->pack, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	for (; got < (size_t)e->size; got += (size_t)r, b->len += (size_t)r) {
		r = pread(fd, b->p + b->len, (size_t)e->size - got,
		    (off_t)e->off + (off_t)got);
		if (r <= 0) {
			close(fd);
			errno = ENODATA;
			return -1;
		}
	}
	close(fd);
	return 0;
}

int
snap_read_link(int ws, const char *path, struct buf *b)
{
	const char *slash = strrchr(path, '/');
	char *part = slash != NULL ? xstrndup(path, (size_t)(slash - path)) :
	    xstrdup(".");
	int dir = tree_open(ws, part, O_RDONLY | O_DIRECTORY);
	ssize_t n = -1;

	free(part);
	if (dir == -1)
		return -1;
	if (buf_reserve(b, 65536) == 0)
		n = readlinkat(dir, slash != NULL ? slash + 1 : path,
		    b->p + b->len, 65536);
	close(dir);
	if (n < 0)
		return -1;
	b->len += (size_t)n;
	return 0;
}

static int
same_link(int dir, const struct snap_entry *e, int ws)
{
	struct buf was = BUF_INIT, is = BUF_INIT;
	int rc = -1;

	if (snap_content(dir, e, &was, 65536) == 0 &&
	    snap_read_link(ws, e->path, &is) == 0)
		rc = was.len == is.len && memcmp(was.p, is.p, is.len) == 0;
	buf_free(&was);
	buf_free(&is);
	return rc;
}

int
snap_same_content(int dir, const struct snap_entry *e, int ws)
{
	char a[16384], b[16384];
	long long off = 0;
	ssize_t n = 0, m = 0;
	int was, is, rc = -1;

	if (e->pack == NULL || strchr(e->pack, '/') != NULL) {
		errno = ENODATA;
		return -1;
	}
	if (e->type == SNAP_LINK)
		return same_link(dir, e, ws);
	if ((was = openat(dir, e->pack, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) ==
	    -1)
		return -1;
	is = tree_open(ws, e->path, O_RDONLY | O_NONBLOCK);
	while (is != -1) {
		n = e->size - off < (long long)sizeof(a) ?
		    (ssize_t)(e->size - off) : (ssize_t)sizeof(a);
		if (n > 0 && (n = pread(was, a, (size_t)n,
		    (off_t)(e->off + off))) <= 0)
			break;
		/* one more than there was shows that it has grown */
		m = io_readfull(is, b, n > 0 ? (size_t)n : 1);
		if (m == -1)
			break;
		if (m != n || memcmp(a, b, (size_t)n) != 0 || n == 0) {
			rc = m == n && n == 0;
			break;
		}
		off += n;
	}
	if (is != -1)
		close(is);
	close(was);
	return rc;
}
