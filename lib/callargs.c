#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "callargs.h"
#include "json.h"
#include "mem.h"
#include "status.h"
#include "utf8.h"

#define ARG_VALUES	100000

struct word {
	const char	*key;
	size_t		 n;		/* of the key */
	const char	*value;
	int		 json;		/* KEY:=JSON */
};

static void
split(const char *s, struct word *w)
{
	const char *eq = strchr(s, '=');

	w->json = eq != NULL && eq > s && eq[-1] == ':';
	w->key = s;
	w->n = eq != NULL ? (size_t)(eq - s) - (size_t)w->json : 0;
	if (w->n == 0)
		errx(ST_USAGE, "argument '%s': must be KEY=VALUE or KEY:=JSON"
		    " (options stand before the tool)", s);
	w->value = eq + 1;
	if (!utf8_valid(s, strlen(s)))
		errx(ST_USAGE, "argument '%.*s': not valid UTF-8",
		    (int)w->n, s);
}

int
callargs_typed(char *const *words)
{
	struct word w;

	for (; *words != NULL; words++) {
		split(*words, &w);
		if (!w.json)
			return 1;
	}
	return 0;
}

/* 1 when the schema v allows this type: its `type' is it or lists it. */
static int
allows(const struct json *j, int v, const char *type)
{
	int t = json_get(j, v, "type"), c;

	if (json_eq(j, t, type))
		return 1;
	if (json_type(j, t) == JSON_ARRAY)
		for (c = json_first(j, t); c != -1; c = json_next(j, t, c))
			if (json_eq(j, c, type))
				return 1;
	return 0;
}

static int
fits(const struct json *j, int v, const struct json *value)
{
	const char *raw;
	size_t n;

	switch (json_type(value, 0)) {
	case JSON_NUMBER:
		raw = json_raw(value, 0, &n);
		return allows(j, v, "number") || (allows(j, v, "integer") &&
		    memchr(raw, '.', n) == NULL && memchr(raw, 'e', n) == NULL &&
		    memchr(raw, 'E', n) == NULL);
	case JSON_TRUE:
	case JSON_FALSE:
		return allows(j, v, "boolean");
	case JSON_NULL:
		return allows(j, v, "null");
	case JSON_OBJECT:
		return allows(j, v, "object");
	case JSON_ARRAY:
		return allows(j, v, "array");
	default:
		return 0;
	}
}

static void
put_json(struct json_out *o, const struct word *w)
{
	struct json j;

	if (json_parse(&j, w->value, strlen(w->value), JSON_DEPTH / 2,
	    ARG_VALUES) == -1)
		errx(ST_USAGE, "argument '%.*s': not JSON: %s",
		    (int)w->n, w->key, j.why);
	json_put_value(o, &j, 0);
	json_free(&j);
}

/* A value by the schema v of its own. */
static void
put_typed(struct json_out *o, const struct word *w, const struct json *j,
    int v)
{
	struct json value;
	struct buf want = BUF_INIT;
	struct json_out out;
	int type = json_get(j, v, "type");

	if (type == -1 || allows(j, v, "string")) {
		json_put_str(o, w->value);
		return;
	}
	if (json_parse(&value, w->value, strlen(w->value), JSON_DEPTH / 2,
	    ARG_VALUES) == 0) {
		if (fits(j, v, &value)) {
			json_put_value(o, &value, 0);
			json_free(&value);
			return;
		}
		json_free(&value);
	}
	json_begin(&out, &want);
	json_put_value(&out, j, type);
	if (buf_str(&want) == NULL)
		err(ST_SYS, "cannot show a type");
	errx(ST_USAGE, "argument '%.*s': must be of type %s", (int)w->n,
	    w->key, want.p);
}

static int
same(const struct word *a, const struct word *b)
{
	return a->n == b->n && memcmp(a->key, b->key, a->n) == 0;
}

/* All words with the key of w, the first of them, as an array. */
static void
put_array(struct json_out *o, const struct word *w, char *const *rest,
    const struct json *j, int v)
{
	struct word other = *w;

	json_open(o, '[');
	for (;; split(*rest++, &other)) {
		if (same(w, &other)) {
			if (other.json)
				errx(ST_USAGE, "argument '%.*s': given both as"
				    " = and :=", (int)w->n, w->key);
			put_typed(o, &other, j, json_get(j, v, "items"));
		}
		if (*rest == NULL)
			break;
	}
	json_close(o, ']');
}

static int
is_repeated(char *const *words, char *const *at, const struct word *w)
{
	struct word other;

	for (; words < at; words++) {
		split(*words, &other);
		if (same(&other, w))
			return 1;
	}
	return 0;
}

static void
check_known(const char *key, const struct json *j, int v, int properties)
{
	struct buf b = BUF_INIT;
	char *name;
	int c;

	if (json_get(j, properties, key) != -1 ||
	    json_type(j, json_get(j, v, "additionalProperties")) != JSON_FALSE)
		return;
	for (c = json_first(j, properties); c != -1;
	    c = json_next(j, properties, c)) {
		if ((name = json_key(j, c)) == NULL)
			continue;
		buf_puts(&b, b.len > 0 ? ", " : "");
		vis_add(&b, name, strlen(name), 0);
		free(name);
	}
	if (b.len == 0)
		errx(ST_USAGE, "argument '%s': the tool takes none", key);
	buf_str(&b);
	errx(ST_USAGE, "argument '%s': unknown; there are: %s", key, b.p);
}

void
xcallargs_put(struct json_out *o, char *const *words, const struct json *j,
    int v)
{
	int properties = json_get(j, v, "properties"), p, array;
	char *const *at;
	struct word w;
	char *key;

	json_open(o, '{');
	for (at = words; *at != NULL; at++) {
		split(*at, &w);
		key = xstrndup(w.key, w.n);
		p = json_get(j, properties, key);
		array = p != -1 && allows(j, p, "array") &&
		    !allows(j, p, "string");
		if (is_repeated(words, at, &w)) {
			if (!array || w.json)
				errx(ST_USAGE, "argument '%s': given twice",
				    key);
			free(key);
			continue;
		}
		if (!w.json)
			check_known(key, j, v, properties);
		json_name(o, key);
		if (w.json)
			put_json(o, &w);
		else if (array)
			put_array(o, &w, at + 1, j, p);
		else
			put_typed(o, &w, j, p);
		free(key);
	}
	json_close(o, '}');
}
