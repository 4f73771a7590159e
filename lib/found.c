#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "found.h"
#include "json.h"
#include "rec.h"
#include "utf8.h"

int
found_add(struct found_list *l, const struct found *f)
{
	struct found *more;
	size_t cap;

	if (l->n >= FOUND_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	if (l->n == l->cap) {
		cap = l->cap != 0 ? 2 * l->cap : 64;
		if ((more = realloc(l->v, cap * sizeof(*more))) == NULL)
			return -1;
		l->v = more;
		l->cap = cap;
	}
	l->v[l->n++] = *f;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int c;

	if ((c = strcmp(x->path, y->path)) != 0)
		return c;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->col != y->col)
		return x->col < y->col ? -1 : 1;
	return strcmp(x->rule, y->rule);
}

static void
clear(struct found *f)
{
	free(f->path);
	free(f->text);
}

void
found_sort(struct found_list *l)
{
	size_t i, n;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), compare);
	for (i = n = 1; i < l->n; i++) {
		if (compare(&l->v[i], &l->v[n - 1]) == 0)
			clear(&l->v[i]);
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

void
found_free(struct found_list *l)
{
	while (l->n > 0)
		clear(&l->v[--l->n]);
	free(l->v);
	l->v = NULL;
	l->cap = 0;
}

char *
found_mask(const char *secret, size_t n, int whole)
{
	struct buf b = BUF_INIT;
	size_t shown = n >= 24 ? 4 : n >= 16 ? 3 : n >= 10 ? 2 : 1;

	vis_add(&b, secret, whole ? n : shown, 0);
	if (!whole)
		buf_printf(&b, "...(%zu)", n);
	if (b.bad || buf_str(&b) == NULL) {
		buf_free(&b);
		return NULL;
	}
	return b.p;
}

static void
number(long long n)
{
	if (n == 0)
		printf("\t-");
	else
		printf("\t%lld", n);
}

static void
put_record(const struct found *f)
{
	rec_put(stdout, f->path);
	number(f->line);
	number(f->col);
	number(f->len);
	printf("\t%s\t%s\t%s\t", f->rule, f->print,
	    f->label != NULL ? f->label : "-");
	rec_put(stdout, f->text);
	putchar('\n');
}

static void
put_json(const struct found *f)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "path", f->path);
	if (f->line != 0) {
		json_name(&j, "line");
		json_put_int(&j, f->line);
		json_name(&j, "column");
		json_put_int(&j, f->col);
		json_name(&j, "length");
		json_put_int(&j, f->len);
	}
	json_member(&j, "rule", f->rule);
	json_member(&j, "fingerprint", f->print);
	json_member(&j, "label", f->label);
	json_member(&j, "text", f->text);
	xjson_end(&j);
}

/* The bytes of a path as a URI reference (RFC 3986). */
static void
add_uri(struct buf *b, const char *path)
{
	for (; *path != '\0'; path++)
		if ((*path >= 'a' && *path <= 'z') ||
		    (*path >= 'A' && *path <= 'Z') ||
		    (*path >= '0' && *path <= '9') ||
		    strchr("-._~/", *path) != NULL)
			buf_addc(b, *path);
		else
			buf_printf(b, "%%%02X", (unsigned char)*path);
}

static void
sarif_result(struct json_out *j, const struct found *f)
{
	struct buf text = BUF_INIT, uri = BUF_INIT;

	buf_printf(&text, "secret of kind %s", f->rule);
	add_uri(&uri, f->path);
	xbuf_check(&text);
	xbuf_check(&uri);
	json_open(j, '{');
	json_member(j, "ruleId", f->rule);
	json_name(j, "message");
	json_open(j, '{');
	json_member(j, "text", buf_str(&text));
	json_close(j, '}');
	json_name(j, "partialFingerprints");
	json_open(j, '{');
	json_member(j, "aipod/v1", f->print);
	json_close(j, '}');
	json_name(j, "locations");
	json_open(j, '[');
	json_open(j, '{');
	json_name(j, "physicalLocation");
	json_open(j, '{');
	json_name(j, "artifactLocation");
	json_open(j, '{');
	json_member(j, "uri", buf_str(&uri));
	json_close(j, '}');
	if (f->line != 0) {
		json_name(j, "region");
		json_open(j, '{');
		json_name(j, "startLine");
		json_put_int(j, f->line);
		json_name(j, "startColumn");
		json_put_int(j, f->col);
		json_close(j, '}');
	}
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, ']');
	json_close(j, '}');
	buf_free(&text);
	buf_free(&uri);
}

static void
put_sarif(const struct found_list *l)
{
	struct buf b = BUF_INIT;
	struct json_out j;
	size_t i;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "$schema",
	    "https://json.schemastore.org/sarif-2.1.0.json");
	json_member(&j, "version", "2.1.0");
	json_name(&j, "runs");
	json_open(&j, '[');
	json_open(&j, '{');
	json_name(&j, "tool");
	json_open(&j, '{');
	json_name(&j, "driver");
	json_open(&j, '{');
	json_member(&j, "name", "aipod-scan");
	json_member(&j, "version", AIPOD_VERSION);
	json_close(&j, '}');
	json_close(&j, '}');
	json_name(&j, "results");
	json_open(&j, '[');
	for (i = 0; i < l->n; i++)
		sarif_result(&j, &l->v[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	json_close(&j, ']');
	xjson_end(&j);
}

void
xfound_put(const struct found_list *l, enum found_form form, int end)
{
	size_t i;

	if (form == FOUND_SARIF)
		put_sarif(l);
	else
		for (i = 0; i < l->n; i++)
			switch (form) {
			case FOUND_JSON:
				put_json(&l->v[i]);
				break;
			case FOUND_PATHS:
				/* a path once, however much it holds */
				if (i > 0 && strcmp(l->v[i].path,
				    l->v[i - 1].path) == 0)
					break;
				fputs(l->v[i].path, stdout);
				putchar(end);
				break;
			default:
				put_record(&l->v[i]);
			}
}
