#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "scanname.h"
#include "status.h"

struct entry {
	char	*rule;			/* NULL: no secret after all */
	char	*head;			/* what stands before the '*' */
	size_t	 nhead;
	char	*tail;			/* what stands behind it */
	size_t	 ntail;
	int	 star;
	int	 whole;			/* it has a slash: compare path's end, */
	int	 parts;			/* of so many components */
	int	 look;
	int	 last;			/* character that it ends with, or 0 */
};

struct scan_names {
	struct entry	*v;
	size_t		 n;
	/* by a name's last character: the entries that may match, in order */
	size_t		*by[256];
	size_t		 nby[256];
};

static void
add(struct scan_names *t, char **f, int n, const char *file)
{
	struct entry *e;
	char *p, *star;

	if (n < 2 || f[1] == NULL || (star = strchr(f[1], '*')) !=
	    strrchr(f[1], '*') || (n > 2 && f[2] != NULL &&
	    strcmp(f[2], "private") != 0))
		errx(ST_USAGE, "%s: want rule, name with at most one '*', and"
		    " perhaps 'private'", file);
	t->v = xreallocarray(t->v, t->n + 1, sizeof(*t->v));
	e = &t->v[t->n++];
	e->parts = 1;
	for (p = f[1]; *p != '\0'; p++) {
		*p = (char)tolower((unsigned char)*p);
		e->parts += *p == '/';
	}
	e->rule = f[0] != NULL ? xstrdup(f[0]) : NULL;
	e->whole = strchr(f[1], '/') != NULL;
	e->star = star != NULL;
	e->look = n > 2 && f[2] != NULL;
	if (star != NULL)
		*star++ = '\0';
	e->head = xstrdup(f[1]);
	e->nhead = strlen(e->head);
	e->tail = xstrdup(star != NULL ? star : "");
	e->ntail = strlen(e->tail);
	e->last = e->ntail != 0 ? e->tail[e->ntail - 1] :
	    !e->star && e->nhead != 0 ? e->head[e->nhead - 1] : 0;
}

static void
arrange(struct scan_names *t)
{
	size_t i;
	int c;

	for (c = 0; c < 256; c++) {
		t->by[c] = xcalloc(t->n + 1, sizeof(*t->by[c]));
		for (i = 0; i < t->n; i++)
			if (t->v[i].last == 0 || t->v[i].last == tolower(c))
				t->by[c][t->nby[c]++] = i;
	}
}

struct scan_names *
xscan_names(const char *file)
{
	struct scan_names *t = xcalloc(1, sizeof(*t));
	struct buf b = BUF_INIT;
	char *line, *next, *f[3];

	if (io_slurp_at(AT_FDCWD, file, &b, 1024 * 1024) == -1 ||
	    buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '%s'", file);
	for (line = b.p; line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		f[0] = f[1] = f[2] = NULL;
		add(t, f, rec_split(line, f, 3), file);
	}
	buf_free(&b);
	arrange(t);
	return t;
}

void
scan_names_free(struct scan_names *t)
{
	size_t i;

	for (i = 0; t != NULL && i < 256; i++)
		free(t->by[i]);
	for (i = 0; t != NULL && i < t->n; i++) {
		free(t->v[i].rule);
		free(t->v[i].head);
		free(t->v[i].tail);
	}
	if (t != NULL)
		free(t->v);
	free(t);
}

/* s has at least n bytes; low is in lower case already. */
static int
same(const char *s, const char *low, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] != low[i] && tolower((unsigned char)s[i]) != low[i])
			return 0;
	return 1;
}

static int
match(const struct entry *e, const char *s, size_t n)
{
	if (e->star)
		return n >= e->nhead + e->ntail && same(s, e->head, e->nhead) &&
		    same(s + n - e->ntail, e->tail, e->ntail);
	return n == e->nhead && same(s, e->head, n);
}

/* The last components of the path, as many as the entry has. */
static int
match_end(const struct entry *e, const char *path, size_t n)
{
	const char *s = path + n;
	int parts = e->parts;

	/* most paths differ in how they end */
	if (n < e->ntail || !same(s - e->ntail, e->tail, e->ntail) ||
	    (!e->star && (n < e->nhead || !same(s - e->nhead, e->head,
	    e->nhead))))
		return 0;
	while (s > path && (s[-1] != '/' || --parts > 0))
		s--;
	return parts <= 1 && match(e, s, n - (size_t)(s - path));
}

const char *
scan_names_match(const struct scan_names *t, const char *path, int *look)
{
	const char *base = strrchr(path, '/');
	size_t i, n = strlen(path), nbase;
	unsigned char last = n != 0 ? (unsigned char)path[n - 1] : 0;
	const struct entry *e;

	base = base != NULL ? base + 1 : path;
	nbase = n - (size_t)(base - path);
	for (i = 0; i < t->nby[last]; i++) {
		e = &t->v[t->by[last][i]];
		if (!e->whole && e->nhead != 0 && e->head[0] != (*base | 32) &&
		    e->head[0] != *base)
			continue;
		if (e->whole ? match_end(e, path, n) : match(e, base, nbase)) {
			*look = e->look;
			return e->rule;
		}
	}
	return NULL;
}

int
scan_names_public(const char *s, size_t n)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY";
	const char *p = s;
	size_t i;

	for (i = 0; i + sizeof(key) - 1 <= n; i++)
		if (s[i] == 'P' && memcmp(s + i, key, sizeof(key) - 1) == 0)
			return 0;
	if (n >= 4 && memcmp(s, "ssh-", 4) == 0)
		return 1;
	for (; n >= sizeof(begin) - 1; p++, n--)
		if (*p == '-' && memcmp(p, begin, sizeof(begin) - 1) == 0)
			return 1;
	return 0;
}
