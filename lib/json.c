#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "buf.h"
#include "json.h"
#include "jsonscan.h"
#include "num.h"
#include "utf8.h"

/*
 * Two passes.  The first, json_scan, is one walk over the text that checks all of
 * the grammar and every bound, so that what jsmn does not check cannot reach
 * it and its climb to the parent is at most `depth' steps.  The second is
 * jsmn's.  A token's `parent' is then replaced by the index behind its last
 * descendant, and a member's name stands right before its value.
 */
#define NEXT(t)	((t).parent)

/* The next character of a string that has been checked. */
static uint32_t
next_char(const char **s, size_t *n)
{
	uint32_t cp;
	int k;

	k = **s == '\\' ? json_unescape(*s, *n, &cp) : utf8_next(*s, *n, &cp);
	*s += k;
	*n -= (size_t)k;
	return cp;
}

struct name {
	const char	*s;
	size_t		 n;
};

/* Bytes of UTF-8 sort as the characters do, so only escapes need a look. */
static int
name_cmp(const void *va, const void *vb)
{
	struct name a = *(const struct name *)va, b = *(const struct name *)vb;
	uint32_t x, y;

	while (a.n > 0 && b.n > 0) {
		if (*a.s == '\\' || *b.s == '\\') {
			x = next_char(&a.s, &a.n);
			y = next_char(&b.s, &b.n);
		} else {
			x = (unsigned char)*a.s++;
			y = (unsigned char)*b.s++;
			a.n--;
			b.n--;
		}
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.n > 0) - (b.n > 0);
}

/* Returns 0, or -1 and the offset of a name that stands there twice. */
static int
check_names(const struct json *j, const jsmntok_t *object, struct name *v,
    size_t *where)
{
	const jsmntok_t *tok = j->tok;
	int i, k;

	for (k = (int)(object - tok) + 1, i = 0; i < object->size; i++) {
		v[i].s = j->s + tok[k].start;
		v[i].n = (size_t)(tok[k].end - tok[k].start);
		k = NEXT(tok[k]);
	}
	qsort(v, (size_t)i, sizeof(*v), name_cmp);
	while (--i > 0)
		if (name_cmp(&v[i - 1], &v[i]) == 0) {
			*where = (size_t)(v[i].s - j->s);
			return -1;
		}
	return 0;
}

/* jsmn's pass, the links, and what can be checked only now. */
static int
index_tokens(struct json *j)
{
	jsmn_parser p;
	jsmntok_t *tok = j->tok;
	struct name *names;
	int i, c, k, most = 0, rc = 0;

	jsmn_init(&p);
	if (jsmn_parse(&p, j->s, j->len, tok, (unsigned int)j->n) != j->n) {
		j->why = "not JSON";
		errno = EINVAL;
		return -1;
	}
	for (i = j->n - 1; i >= 0; i--) {
		for (c = i + 1, k = 0; k < tok[i].size; k++)
			c = NEXT(tok[c]);
		NEXT(tok[i]) = c;
		if (tok[i].type == JSMN_OBJECT && tok[i].size > most)
			most = tok[i].size;
	}
	if (most < 2 || j->lenient)
		return 0;
	if ((names = calloc((size_t)most, sizeof(*names))) == NULL) {
		j->why = "out of memory";
		return -1;
	}
	for (i = 0; i < j->n && rc == 0; i++)
		if (tok[i].type == JSMN_OBJECT && tok[i].size > 1)
			rc = check_names(j, &tok[i], names, &j->where);
	free(names);
	if (rc == -1) {
		j->why = "a name that stands twice in one object";
		errno = EINVAL;
	}
	return rc;
}

static int
parse(struct json *j, const char *s, size_t len, int depth, int maxtok,
    int lenient)
{
	int e;

	memset(j, 0, sizeof(*j));
	j->lenient = lenient;
	j->s = s;
	j->len = len;
	if (len > INT_MAX - 1) {
		j->why = "too long";
		errno = E2BIG;
		return -1;
	}
	if (json_scan(j, depth, maxtok) == -1) {
		j->n = 0;
		return -1;
	}
	if ((j->tok = calloc((size_t)j->n, sizeof(jsmntok_t))) == NULL) {
		j->why = "out of memory";
		return -1;
	}
	if (index_tokens(j) == -1) {
		e = errno;
		json_free(j);
		errno = e;
		return -1;
	}
	return 0;
}

int
json_parse(struct json *j, const char *s, size_t len, int depth, int maxtok)
{
	return parse(j, s, len, depth, maxtok, 0);
}

int
json_parse_any(struct json *j, const char *s, size_t len, int depth,
    int maxtok)
{
	return parse(j, s, len, depth, maxtok, 1);
}

void
json_free(struct json *j)
{
	free(j->tok);
	j->tok = NULL;
	j->n = 0;
}

static const jsmntok_t *
token(const struct json *j, int v)
{
	return v < 0 || v >= j->n ? NULL : (const jsmntok_t *)j->tok + v;
}

enum json_type
json_type(const struct json *j, int v)
{
	const jsmntok_t *t = token(j, v);

	if (t == NULL)
		return JSON_NONE;
	switch (t->type) {
	case JSMN_OBJECT:
		return JSON_OBJECT;
	case JSMN_ARRAY:
		return JSON_ARRAY;
	case JSMN_STRING:
		return JSON_STRING;
	default:
		break;
	}
	switch (j->s[t->start]) {
	case 'n':
		return JSON_NULL;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	}
	return JSON_NUMBER;
}

int
json_count(const struct json *j, int v)
{
	enum json_type type = json_type(j, v);

	return type == JSON_ARRAY || type == JSON_OBJECT ? token(j, v)->size : 0;
}

int
json_first(const struct json *j, int v)
{
	if (json_count(j, v) == 0)
		return -1;
	return json_type(j, v) == JSON_OBJECT ? v + 2 : v + 1;
}

int
json_next(const struct json *j, int v, int c)
{
	const jsmntok_t *parent = token(j, v), *child = token(j, c);
	int next;

	if (parent == NULL || child == NULL)
		return -1;
	next = NEXT(*child);
	if (next >= NEXT(*parent))
		return -1;
	return parent->type == JSMN_OBJECT ? next + 1 : next;
}

static int
equal(const struct json *j, const jsmntok_t *t, const char *s)
{
	const char *p = j->s + t->start;
	size_t n = (size_t)(t->end - t->start), left = strlen(s);
	uint32_t cp;
	int k;

	while (n > 0 && left > 0) {
		if ((k = utf8_next(s, left, &cp)) < 0 ||
		    next_char(&p, &n) != cp)
			return 0;
		s += k;
		left -= (size_t)k;
	}
	return n == 0 && left == 0;
}

int
json_get(const struct json *j, int v, const char *name)
{
	int c;

	if (json_type(j, v) != JSON_OBJECT)
		return -1;
	for (c = json_first(j, v); c != -1; c = json_next(j, v, c))
		if (equal(j, token(j, c - 1), name))
			return c;
	return -1;
}

int
json_eq(const struct json *j, int v, const char *s)
{
	return json_type(j, v) == JSON_STRING && equal(j, token(j, v), s);
}

static char *
copy(const struct json *j, const jsmntok_t *t, size_t *len)
{
	const char *p = j->s + t->start;
	size_t n = (size_t)(t->end - t->start);
	struct buf b = BUF_INIT;
	uint32_t cp;

	/* unescaped is never longer */
	if (buf_reserve(&b, n) == -1)
		return NULL;
	while (n > 0) {
		cp = next_char(&p, &n);
		if (cp == 0 && len == NULL) {
			buf_free(&b);
			errno = EINVAL;
			return NULL;
		}
		utf8_put(&b, cp);
	}
	if (len != NULL)
		*len = b.len;
	return buf_str(&b);
}

char *
json_key(const struct json *j, int c)
{
	const jsmntok_t *t = token(j, c - 1);

	/* of all strings only a member's name has something below it */
	if (token(j, c) == NULL || t == NULL || t->type != JSMN_STRING ||
	    t->size == 0) {
		errno = EINVAL;
		return NULL;
	}
	return copy(j, t, NULL);
}

char *
json_str(const struct json *j, int v, size_t *len)
{
	if (json_type(j, v) != JSON_STRING) {
		errno = EINVAL;
		return NULL;
	}
	return copy(j, token(j, v), len);
}

int
json_int(const struct json *j, int v, long long min, long long max,
    long long *out)
{
	char s[32];
	size_t n;
	const char *p;

	if (json_type(j, v) != JSON_NUMBER) {
		errno = EINVAL;
		return -1;
	}
	p = json_raw(j, v, &n);
	if (n >= sizeof(s)) {
		errno = ERANGE;
		return -1;
	}
	memcpy(s, p, n);
	s[n] = '\0';
	return num_parse(s, min, max, out);
}

const char *
json_raw(const struct json *j, int v, size_t *len)
{
	const jsmntok_t *t = token(j, v);
	int quote;

	if (t == NULL) {
		*len = 0;
		return NULL;
	}
	quote = t->type == JSMN_STRING;
	*len = (size_t)(t->end - t->start + 2 * quote);
	return j->s + t->start - quote;
}
