#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "mem.h"
#include "rec.h"
#include "status.h"

void
items_init(struct items *l, int end)
{
	memset(l, 0, sizeof(*l));
	l->end = end;
	l->filter = xstrdup("");
}

void
items_forget(struct items *l)
{
	while (l->n > 0)
		free(l->all[--l->n].line);
	l->nview = 0;
	l->bytes = 0;
	l->full = 0;
}

void
items_free(struct items *l)
{
	items_forget(l);
	free(l->all);
	free(l->view);
	free(l->filter);
	buf_free(&l->part);
}

/* Does s, n bytes, hold the word?  Lower-case words match any case. */
static int
holds(const char *s, size_t n, const char *word, size_t len, int exact)
{
	size_t i, k;

	for (i = 0; i + len <= n; i++) {
		for (k = 0; k < len; k++)
			if (s[i + k] != word[k] && (exact ||
			    tolower((unsigned char)s[i + k]) != word[k]))
				break;
		if (k == len)
			return 1;
	}
	return 0;
}

static int
matches(const struct item *it, const char *filter)
{
	const char *p;
	size_t n, i;
	int not, exact;

	for (p = filter; *(p += strspn(p, " ")) != '\0'; p += n) {
		n = strcspn(p, " ");
		not = *p == '!' && n > 1;
		for (exact = 0, i = (size_t)not; i < n; i++)
			exact |= isupper((unsigned char)p[i]) != 0;
		if (holds(it->line, it->len, p + not, n - (size_t)not,
		    exact) == not)
			return 0;
	}
	return 1;
}

static void
look(struct items *l, size_t i)
{
	if (!matches(&l->all[i], l->filter))
		return;
	if (l->nview == l->vcap) {
		l->vcap = l->vcap == 0 ? 256 : l->vcap * 2;
		l->view = xreallocarray(l->view, l->vcap, sizeof(*l->view));
	}
	l->view[l->nview++] = i;
}

static void
add(struct items *l, const char *s, size_t n)
{
	struct item *it;

	if (l->n == ITEMS_MAX || n > ITEMS_BYTES - l->bytes) {
		l->full = 1;
		return;
	}
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 256 : l->cap * 2;
		l->all = xreallocarray(l->all, l->cap, sizeof(*l->all));
	}
	it = &l->all[l->n];
	it->line = xmalloc(n + 1);
	if (n > 0)
		memcpy(it->line, s, n);
	it->line[n] = '\0';
	it->len = n;
	it->marked = 0;
	l->bytes += n;
	look(l, l->n++);
}

void
xitems_feed(struct items *l, const char *s, size_t n)
{
	const char *e;

	if (n == 0 && l->part.len > 0) {
		add(l, l->part.p, l->part.len);
		buf_clear(&l->part);
	}
	for (; n > 0; n -= (size_t)(e + 1 - s), s = e + 1) {
		if ((e = memchr(s, l->end, n)) == NULL) {
			if (l->part.len + n > ITEM_MAX)
				errx(ST_USAGE, "a record is longer than %lu"
				    " bytes", ITEM_MAX);
			buf_add(&l->part, s, n);
			xbuf_check(&l->part);
			return;
		}
		if (l->part.len == 0) {
			add(l, s, (size_t)(e - s));
			continue;
		}
		buf_add(&l->part, s, (size_t)(e - s));
		xbuf_check(&l->part);
		add(l, l->part.p, l->part.len);
		buf_clear(&l->part);
	}
}

void
xitems_filter(struct items *l, const char *filter)
{
	size_t i;

	free(l->filter);
	l->filter = xstrdup(filter);
	l->nview = 0;
	for (i = 0; i < l->n; i++)
		look(l, i);
}

int
xitems_fields(const struct item *it, char **f, int n, char **copy)
{
	char *p;
	size_t i;
	int k = -1;

	*copy = xmalloc(it->len + 1);
	memcpy(*copy, it->line, it->len + 1);
	/* a record of bytes that is no record: one field */
	if (memchr(it->line, '\0', it->len) == NULL)
		k = rec_split(*copy, f, n);
	if (k == -1) {
		memcpy(*copy, it->line, it->len + 1);
		for (p = *copy, i = 0; i < it->len; i++)
			if (p[i] == '\0')
				p[i] = ' ';
		for (k = 0; p != NULL && k < n; k++) {
			f[k] = p;
			if ((p = strchr(p, '\t')) != NULL)
				*p++ = '\0';
		}
	}
	if (k > n)
		k = n;
	for (i = 0; i < (size_t)k; i++)
		if (f[i] == NULL)
			f[i] = *copy + it->len;
	return k;
}
