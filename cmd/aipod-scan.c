/*
 * aipod-scan: find secrets in a tree.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "finding.h"
#include "found.h"
#include "guess.h"
#include "hash.h"
#include "io.h"
#include "look.h"
#include "mem.h"
#include "num.h"
#include "scan.h"
#include "scanname.h"
#include "status.h"
#include "tool.h"
#include "tree.h"
#include "utf8.h"
#include "workspace.h"

#define ST_PARTLY	101		/* not everything could be read */
#define HEAD		65536		/* of a file known by name: hashed */
#define THREADS		64

static const struct tool tool = {
	"aipod-scan",
	"[-0gjs] [-w DIR] [PATH ...]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -g, --git            leave out what git ignores, and .git\n"
	"  -s, --show           print secrets whole\n"
	"      --baseline FILE  leave out the fingerprints in FILE\n"
	"      --key FILE       key of the fingerprints  [one of the user's]\n"
	"      --allow-comments a line with aipod:allow is left out\n"
	"      --threads N      read with N threads   [one a processor]\n"
	"  -0, --null           only paths, each ended with NUL\n"
	"  -j, --json           one JSON object a finding\n"
	"      --sarif          one SARIF 2.1.0 document\n"
};

enum { OPT_SARIF = 256, OPT_BASELINE, OPT_KEY, OPT_THREADS,
	OPT_ALLOW };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "git", no_argument, NULL, 'g' },
	{ "show", no_argument, NULL, 's' },
	{ "null", no_argument, NULL, '0' },
	{ "json", no_argument, NULL, 'j' },
	{ "sarif", no_argument, NULL, OPT_SARIF },
	{ "baseline", required_argument, NULL, OPT_BASELINE },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "allow-comments", no_argument, NULL, OPT_ALLOW },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ NULL, 0, NULL, 0 }
};

struct scan {
	unsigned char	 key[32];
	struct scan_names *names;
	struct found_list list;
	struct scan_rules *rules;
	struct buf	 published;
	struct scan_work *work[THREADS];
	pthread_mutex_t	 lock;
	int		 show;
	int		 allow;		/* comments in the file may */
	int		 partly;
};

/* A file that is being read. */
struct reading {
	struct scan	*scan;
	const char	*path;
	const char	*label;
};

static void
fail(void *arg, const char *path, int error)
{
	struct scan *s = arg;
	char *name = xvis(*path != '\0' ? path : ".");

	pthread_mutex_lock(&s->lock);
	s->partly = 1;
	if (tool_verbose >= 0)
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
add(struct scan *s, struct found *f)
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
by_name(struct scan *s, const struct tree_file *t, int fd, const char *rule,
    int look)
{
	struct found f = { NULL, NULL, NULL, NULL, 0, 0, 0, "" };
	char *head = xmalloc(HEAD);
	char hex[HASH_HEX];
	hash_ctx c;
	ssize_t n;

	if ((n = io_readfull(fd, head, HEAD)) == -1) {
		fail(s, t->path, errno);
		n = 0;
	}
	if (!(look && scan_names_public(head, (size_t)n))) {
		hash_init(&c);
		hash_add(&c, head, (size_t)n);
		hash_add_field(&c, &t->st->st_size, sizeof(t->st->st_size));
		hash_hex(&c, hex);
		f.path = xstrdup(t->path);
		f.rule = rule;
		f.label = label(t->flags);
		finding_print(s->key, t->path, rule, hex, HASH_HEX - 1,
		    f.print);
		add(s, &f);
	}
	free(head);
}

/* An example out of somebody's documentation: share/rules/published.tsv. */
static int
is_published(const struct scan *s, const struct scan_hit *h)
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
	struct scan *s = r->scan;
	struct found f;

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

static void
file(void *arg, int thread, const struct tree_file *t)
{
	struct scan *s = arg;
	struct reading r;
	const char *rule;
	int fd, look;

	rule = scan_names_match(s->names, t->path, &look);
	if (rule == NULL && t->st->st_size == 0)
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
	if (s->work[thread] == NULL)
		s->work[thread] = xscan_work(s->rules);
	r.scan = s;
	r.path = t->path;
	r.label = label(t->flags);
	if (scan_fd(s->work[thread], fd, t->path, hit, &r) == -1)
		fail(s, t->path, errno);
	close(fd);
}

/*
 * The root and what below it is asked for: an operand inside the workspace
 * keeps its path from there; any other single one is a root itself.
 */
static void
xplace(const char *dir, int explicit, const char *operand, char **root,
    char **rel)
{
	struct workspace w;
	struct stat st;
	char *real, *slash;
	size_t n;

	*rel = NULL;
	if (operand == NULL) {
		xworkspace_open(&w, dir);
		*root = w.path;
		return;
	}
	if ((real = realpath(operand, NULL)) == NULL)
		err(ST_USAGE, "cannot scan '%s'", operand);
	if (workspace_open(&w, dir) == 0) {
		n = strlen(w.path);
		if (strncmp(real, w.path, n) == 0 &&
		    (real[n] == '/' || real[n] == '\0')) {
			*root = w.path;
			*rel = real[n] != '\0' ? xstrdup(real + n + 1) : NULL;
			free(real);
			return;
		}
		workspace_free(&w);
	}
	if (explicit)
		errx(ST_USAGE, "'%s' is not in the workspace", operand);
	if (stat(real, &st) == 0 && !S_ISDIR(st.st_mode)) {
		slash = strrchr(real, '/');
		*rel = xstrdup(slash + 1);
		slash[slash == real] = '\0';
	}
	*root = real;
}

static void
walk(struct scan *s, const char *dir, const char *operand, int narrow,
    int threads)
{
	const char *from = dir != NULL ? dir : getenv("AIPOD_WORKSPACE");
	struct tree_ops ops;
	char *root, *rel, *given = NULL;
	int fd;

	if (operand != NULL && *operand != '/' && dir != NULL)
		operand = given = xasprintf("%s/%s", dir, operand);
	xplace(from, dir != NULL, operand, &root, &rel);
	if ((fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(ST_USAGE, "cannot scan '%s'", root);
	memset(&ops, 0, sizeof(ops));
	ops.file = file;
	ops.fail = fail;
	ops.arg = s;
	ops.narrow = narrow;
	ops.threads = threads;
	if (tree_walk(fd, rel, &ops) == -1)
		fail(s, rel != NULL ? rel : root, errno);
	close(fd);
	free(given);
	free(root);
	free(rel);
}

/* Drop what the file, one fingerprint or record a line, knows already. */
static void
xbaseline(struct found_list *l, const char *name)
{
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

static int
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 16 ? 16 : (int)n;
}

int
main(int argc, char *argv[])
{
	const char *dir = NULL, *baseline = NULL, *keyfile = NULL;
	enum found_form form = FOUND_RECORDS;
	int c, i, narrow = 0, threads = processors();
	char *table;
	struct scan s;

	memset(&s, 0, sizeof(s));
	pthread_mutex_init(&s.lock, NULL);
	while ((c = tool_getopt(&tool, argc, argv, "+w:gs0j", options)) != -1)
		switch (c) {
		case 'w':
			dir = optarg;
			break;
		case 'g':
			narrow = 1;
			break;
		case 's':
			s.show = 1;
			break;
		case '0':
			form = FOUND_PATHS;
			break;
		case 'j':
			form = FOUND_JSON;
			break;
		case OPT_SARIF:
			form = FOUND_SARIF;
			break;
		case OPT_BASELINE:
			baseline = optarg;
			break;
		case OPT_KEY:
			keyfile = optarg;
			break;
		case OPT_ALLOW:
			s.allow = 1;
			break;
		case OPT_THREADS:
			threads = (int)xnum("threads", optarg, 1, THREADS);
			break;
		default:
			tool_usage(&tool);
		}
	argv += optind;
	xfinding_key(keyfile, s.key);
	table = xconf_share("rules/names.tsv");
	s.names = xscan_names(table);
	free(table);
	table = xconf_share("rules/published.tsv");
	if (io_slurp_at(AT_FDCWD, table, &s.published, 1024 * 1024) == -1 ||
	    buf_str(&s.published) == NULL)
		err(ST_SYS, "cannot read '%s'", table);
	free(table);
	table = xconf_share("rules/secrets.tsv");
	s.rules = xscan_rules(table);
	free(table);
	do
		walk(&s, dir, *argv, narrow, threads);
	while (*argv != NULL && *++argv != NULL);
	found_sort(&s.list);
	if (baseline != NULL)
		xbaseline(&s.list, baseline);
	xfound_put(&s.list, form, '\0');
	c = s.list.n != 0 ? ST_NO : s.partly ? ST_PARTLY : ST_YES;
	if (s.partly && s.list.n != 0 && tool_verbose >= 0)
		warnx("not everything could be read: there may be more");
	found_free(&s.list);
	for (i = 0; i < THREADS; i++)
		if (s.work[i] != NULL)
			scan_work_free(s.work[i]);
	scan_rules_free(s.rules);
	buf_free(&s.published);
	scan_names_free(s.names);
	xio_close_stdout();
	return c;
}
