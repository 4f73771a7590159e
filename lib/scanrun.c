#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "finding.h"
#include "guess.h"
#include "hash.h"
#include "io.h"
#include "look.h"
#include "mem.h"
#include "scan.h"
#include "scangit.h"
#include "scanlink.h"
#include "scanname.h"
#include "scanrun.h"
#include "seen.h"
#include "status.h"
#include "tree.h"
#include "utf8.h"
#include "workspace.h"

#define HEAD		65536		/* of a file known by name: hashed */

/* A file that is being read. */
struct reading {
	struct scanrun	*scan;
	const char	*path;
	const char	*label;
	int		 hits;
};

static void
fail(void *arg, const char *path, int error)
{
	struct scanrun *s = arg;
	char *name = xvis(*path != '\0' ? path : ".");

	pthread_mutex_lock(&s->lock);
	s->partly = 1;
	if (!s->quiet)
		warnx("cannot read '%s': %s", name, strerror(error));
	pthread_mutex_unlock(&s->lock);
	free(name);
}

static const char *
label(int flags)
{
	return flags & TREE_IGNORED ? "ignored" :
	    flags & TREE_VENDORED ? "vendored" : NULL;
}

static void
add(struct scanrun *s, struct found *f)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = found_add(&s->list, f);
	pthread_mutex_unlock(&s->lock);
	if (rc == -1) {
		fail(s, f->path, errno);
		free(f->path);
		free(f->text);
	}
}

/* A file known by its name: its size and beginning are the secret. */
static void
named(struct scanrun *s, const char *path, const char *rule,
    const char *label, int look, const void *head, size_t n, long long size)
{
	struct found f = { NULL, NULL, NULL, NULL, 0, 0, 0, "" };
	char hex[HASH_HEX];
	hash_ctx c;

	if (look && scan_names_public(head, n))
		return;
	hash_init(&c);
	hash_add(&c, head, n < HEAD ? n : HEAD);
	hash_add_field(&c, &size, sizeof(size));
	hash_hex(&c, hex);
	f.path = xstrdup(path);
	f.rule = rule;
	f.label = label;
	finding_print(s->key, path, rule, hex, HASH_HEX - 1, f.print);
	add(s, &f);
}

static void
by_name(struct scanrun *s, const struct tree_file *t, int fd,
    const char *rule, int look)
{
	char *head = xmalloc(HEAD);
	ssize_t n;

	if ((n = io_readfull(fd, head, HEAD)) == -1) {
		fail(s, t->path, errno);
		n = 0;
	}
	named(s, t->path, rule, label(t->flags), look, head, (size_t)n,
	    (long long)t->st->st_size);
	free(head);
}

/* An example out of somebody's documentation: share/rules/published.tsv. */
static int
is_published(const struct scanrun *s, const struct scan_hit *h)
{
	char hex[HASH_HEX];

	hash_bytes_hex(h->secret, h->len, hex);
	hex[32] = '\0';
	return strstr(s->published.p, hex) != NULL;
}

static void
hit(void *arg, const struct scan_hit *h)
{
	struct reading *r = arg;
	struct scanrun *s = r->scan;
	struct found f;

	r->hits++;
	if (is_published(s, h))
		return;
	if (s->allow && guess_has(h->text, h->ntext, "aipod:allow"))
		return;
	f.path = xstrdup(r->path);
	f.rule = h->rule;
	f.label = r->label;
	f.line = h->line;
	f.col = h->col;
	f.len = (long long)h->len;
	if ((f.text = found_mask((const char *)h->secret, h->len,
	    s->show)) == NULL)
		err(ST_SYS, "cannot show a finding");
	finding_print(s->key, r->path, h->rule, h->secret, h->len, f.print);
	add(s, &f);
}

/* No secret was in it, if it is still the file as it was before. */
static void
clean(struct scanrun *s, int thread, const struct tree_file *t, int fd)
{
	struct stat st;

	if (s->seen == NULL && t->st->st_nlink == 1)
		return;			/* nobody would ask */
	if (fstat(fd, &st) == -1 || st.st_dev != t->st->st_dev ||
	    st.st_ino != t->st->st_ino || st.st_size != t->st->st_size ||
	    st.st_ctim.tv_sec != t->st->st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != t->st->st_ctim.tv_nsec)
		return;
	if (st.st_nlink > 1)
		scanlink_add(s->links, &st, look_kind(t->path));
	if (s->seen != NULL)
		seen_add(s->seen, thread, t);
}

/* 1 when there is nothing in it, as it was in this or an earlier scan. */
static int
is_clean(struct scanrun *s, int thread, const struct tree_file *t)
{
	return t->st->st_size == 0 ||
	    (s->seen != NULL && seen_has(s->seen, thread, t)) ||
	    (t->st->st_nlink > 1 && scanlink_has(s->links, t->st,
	    look_kind(t->path)));
}

/* The rules are loaded for the first file that has to be read. */
static struct scan_work *
xwork(struct scanrun *s, int thread)
{
	if (s->work[thread] != NULL)
		return s->work[thread];
	pthread_mutex_lock(&s->lock);
	if (s->rules == NULL)
		s->rules = xscan_rules(s->rulesfile);
	pthread_mutex_unlock(&s->lock);
	return s->work[thread] = xscan_work(s->rules);
}

static void
file(void *arg, int thread, const struct tree_file *t)
{
	struct scanrun *s = arg;
	struct reading r;
	const char *rule;
	int fd, look;

	rule = scan_names_match(s->names, t->path, &look);
	if (rule == NULL && is_clean(s, thread, t))
		return;
	fd = openat(t->dirfd, t->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (errno != ENOENT)
			fail(s, t->path, errno);
		return;
	}
	if (rule != NULL) {
		by_name(s, t, fd, rule, look);
		lseek(fd, 0, SEEK_SET);
	}
	r.scan = s;
	r.path = t->path;
	r.label = label(t->flags);
	r.hits = 0;
	if (scan_fd(xwork(s, thread), fd, t->path, hit, &r) == -1)
		fail(s, t->path, errno);
	else if (rule == NULL && r.hits == 0)
		clean(s, thread, t, fd);
	close(fd);
}

/* One of our own tables, its digest added to c. */
static char *
xtable(const char *rel, hash_ctx *c)
{
	char *path = xconf_share(rel), hex[HASH_HEX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || hash_fd_hex(fd, hex) == -1)
		err(ST_SYS, "cannot read '%s'", path);
	close(fd);
	hash_add(c, hex, HASH_HEX);
	return path;
}

void
xscanrun_open(struct scanrun *s, const char *keyfile)
{
	char *table, hex[HASH_HEX];
	hash_ctx c;

	pthread_mutex_init(&s->lock, NULL);
	xfinding_key(keyfile, s->key);
	hash_init(&c);
	table = xtable("rules/names.tsv", &c);
	s->names = xscan_names(table);
	free(table);
	table = xtable("rules/published.tsv", &c);
	if (io_slurp_at(AT_FDCWD, table, &s->published, 1024 * 1024) == -1 ||
	    buf_str(&s->published) == NULL)
		err(ST_SYS, "cannot read '%s'", table);
	free(table);
	s->rulesfile = xtable("rules/secrets.tsv", &c);
	hash_add_field(&c, AIPOD_VERSION, strlen(AIPOD_VERSION));
	hash_add(&c, s->allow ? "1" : "0", 1);
	hash_hex(&c, hex);
	s->seen = seen_new(s->key, hex);
	if ((s->links = scanlink_new()) == NULL)
		err(ST_SYS, "cannot scan");
}

void
scanrun_close(struct scanrun *s)
{
	int i;

	for (i = 0; i < SCANRUN_THREADS; i++)
		if (s->work[i] != NULL)
			scan_work_free(s->work[i]);
	found_free(&s->list);
	if (s->rules != NULL)
		scan_rules_free(s->rules);
	free(s->rulesfile);
	scan_names_free(s->names);
	seen_free(s->seen);
	scanlink_free(s->links);
	buf_free(&s->published);
}

void
scanrun_tree(struct scanrun *s, int rootfd, const char *rel, int narrow,
    int threads, const char *state)
{
	struct tree_ops ops;

	memset(&ops, 0, sizeof(ops));
	ops.file = file;
	ops.fail = fail;
	ops.arg = s;
	ops.narrow = narrow;
	ops.threads = threads;
	if (state != NULL && s->seen != NULL)
		seen_load(s->seen, state);
	else {
		seen_free(s->seen);
		s->seen = NULL;
	}
	if (tree_walk(rootfd, rel, &ops) == -1)
		fail(s, rel != NULL ? rel : "", errno);
	/* a part of the tree says nothing about the rest */
	if (s->seen != NULL && rel == NULL && !narrow)
		seen_save(s->seen, state);
}

static void
blob(struct scanrun *s, const char *label, const char *path, const void *p,
    size_t n)
{
	struct reading r = { s, path, label, 0 };
	const char *rule;
	int look;

	if ((rule = scan_names_match(s->names, path, &look)) != NULL)
		named(s, path, rule, label, look, p, n, (long long)n);
	if (scan_bytes(xwork(s, 0), p, n, path, hit, &r) == -1)
		fail(s, path, errno);
}

static void
staged_blob(void *arg, const char *path, const void *p, size_t n)
{
	blob(arg, "staged", path, p, n);
}

static void
old_blob(void *arg, const char *path, const void *p, size_t n)
{
	blob(arg, "history", path, p, n);
}

void
xscanrun_git(struct scanrun *s, const char *dir, int history)
{
	struct scangit g = { history ? old_blob : staged_blob, fail, s };

	if ((history ? scangit_history(dir, &g) : scangit_staged(dir,
	    &g)) == -1)
		err(ST_SYS, "cannot read the repository at '%s'", dir);
}

/* Drop what the file, one fingerprint or record a line, knows already. */
void
xscanrun_baseline(struct scanrun *s, const char *name)
{
	struct found_list *l = &s->list;
	struct buf b = BUF_INIT;
	struct finding f;
	char *line, *next, **known = NULL;
	size_t i, j, k, n = 0;
	int fd;

	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
		err(ST_USAGE, "cannot open '%s'", name);
	if (io_slurp(fd, &b, 64 * 1024 * 1024) == -1 || buf_str(&b) == NULL)
		err(ST_USAGE, "cannot read '%s'", name);
	close(fd);
	for (line = b.p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		known = xreallocarray(known, n + 1, sizeof(*known));
		if (is_hex(line, FINGERPRINT - 1))
			known[n++] = line;
		else if (finding_parse(line, &f) == 0)
			known[n++] = line + (f.print - line);
		else
			errx(ST_USAGE, "%s: '%.40s' is no fingerprint and no"
			    " record", name, line);
	}
	for (i = j = 0; i < l->n; i++) {
		for (k = 0; k < n && strcmp(known[k], l->v[i].print) != 0; k++)
			;
		if (k == n) {
			l->v[j++] = l->v[i];
			continue;
		}
		free(l->v[i].path);
		free(l->v[i].text);
	}
	l->n = j;
	free(known);
	buf_free(&b);
}
