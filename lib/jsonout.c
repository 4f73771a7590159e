#include <string.h>

#include "buf.h"
#include "json.h"
#include "utf8.h"

void
json_begin(struct json_out *o, struct buf *b)
{
	memset(o, 0, sizeof(*o));
	o->b = b;
}

/* What stands between the value before and this one. */
static void
separate(struct json_out *o)
{
	if (o->keyed) {
		o->keyed = 0;
		return;
	}
	if (o->depth == 0)
		return;
	if (o->some[o->depth - 1])
		buf_addc(o->b, ',');
	o->some[o->depth - 1] = 1;
}

void
json_open(struct json_out *o, int bracket)
{
	separate(o);
	if (o->depth == JSON_DEPTH) {
		o->b->bad = 1;
		return;
	}
	o->some[o->depth++] = 0;
	buf_addc(o->b, bracket);
}

void
json_close(struct json_out *o, int bracket)
{
	if (o->depth == 0) {
		o->b->bad = 1;
		return;
	}
	o->depth--;
	buf_addc(o->b, bracket);
}

static void
put_char(struct buf *b, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p;

	if (c != 0 && (p = strchr(from, c)) != NULL) {
		buf_addc(b, '\\');
		buf_addc(b, to[p - from]);
	} else
		buf_printf(b, "\\u%04x", c);
}

static void
put_string(struct buf *b, const char *s, size_t n)
{
	uint32_t cp;
	size_t plain = 0;
	int k;

	buf_addc(b, '"');
	while (plain < n) {
		k = utf8_next(s + plain, n - plain, &cp);
		if (k > 0 && cp >= 0x20 && cp != '"' && cp != '\\' &&
		    cp != 0x7f) {
			plain += (size_t)k;
			continue;
		}
		buf_add(b, s, plain);
		if (k < 0)
			utf8_put(b, 0xfffd);
		else
			put_char(b, (unsigned char)cp);
		plain += (size_t)(k < 0 ? -k : k);
		s += plain;
		n -= plain;
		plain = 0;
	}
	buf_add(b, s, plain);
	buf_addc(b, '"');
}

void
json_name(struct json_out *o, const char *name)
{
	separate(o);
	put_string(o->b, name, strlen(name));
	buf_addc(o->b, ':');
	o->keyed = 1;
}

void
json_put_strn(struct json_out *o, const char *s, size_t n)
{
	separate(o);
	put_string(o->b, s, n);
}

void
json_put_str(struct json_out *o, const char *s)
{
	if (s == NULL)
		json_put_null(o);
	else
		json_put_strn(o, s, strlen(s));
}

void
json_put_int(struct json_out *o, long long v)
{
	separate(o);
	buf_printf(o->b, "%lld", v);
}

void
json_put_bool(struct json_out *o, int v)
{
	separate(o);
	buf_puts(o->b, v ? "true" : "false");
}

void
json_put_null(struct json_out *o)
{
	separate(o);
	buf_puts(o->b, "null");
}

void
json_put_raw(struct json_out *o, const char *s, size_t n)
{
	separate(o);
	buf_add(o->b, s, n);
}

static void
put_escape(struct buf *b, uint32_t cp)
{
	if (cp >= 0x10000) {
		cp -= 0x10000;
		buf_printf(b, "\\u%04x", 0xd800U + (unsigned int)(cp >> 10));
		cp = 0xdc00 + (cp & 0x3ff);
	}
	buf_printf(b, "\\u%04x", (unsigned int)cp);
}

void
json_put_value(struct json_out *o, const struct json *j, int v)
{
	const char *s;
	size_t n;
	uint32_t cp;
	int k, quoted = 0;

	separate(o);
	for (s = json_raw(j, v, &n); n > 0; s += k, n -= (size_t)k) {
		k = utf8_next(s, n, &cp);
		if (quoted && cp == '\\')
			buf_add(o->b, s, (size_t)(k = 2));
		else if (quoted && utf8_width(cp) == -1)
			put_escape(o->b, cp);
		else if (quoted || strchr(" \t\r\n", *s) == NULL)
			buf_add(o->b, s, (size_t)k);
		if (*s == '"')
			quoted = !quoted;
	}
}

void
json_member(struct json_out *o, const char *name, const char *value)
{
	json_name(o, name);
	json_put_str(o, value);
}

void
json_member_int(struct json_out *o, const char *name, long long v)
{
	json_name(o, name);
	json_put_int(o, v);
}

void
json_member_bool(struct json_out *o, const char *name, int v)
{
	json_name(o, name);
	json_put_bool(o, v);
}

void
xjson_end(struct json_out *o)
{
	json_close(o, '}');
	buf_addc(o->b, '\n');
	xbuf_put(o->b);
}
