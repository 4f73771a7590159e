#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "jsonscan.h"
#include "utf8.h"

struct scan {
	const char	*s;
	size_t		 len;
	size_t		 pos;
	const char	*why;
	int		 error;
	unsigned char	*object;	/* per level: an object, not an array */
	int		 depth;
	int		 maxdepth;
	int		 values;
	int		 names;
	int		 maxvalues;
	int		 lenient;
};

static int
fail(struct scan *c, int error, const char *why)
{
	c->error = error;
	c->why = why;
	return -1;
}

static void
skip_space(struct scan *c)
{
	while (c->pos < c->len && (c->s[c->pos] == ' ' ||
	    c->s[c->pos] == '\t' || c->s[c->pos] == '\n' ||
	    c->s[c->pos] == '\r'))
		c->pos++;
}

static int
peek(const struct scan *c)
{
	return c->pos < c->len ? (unsigned char)c->s[c->pos] : -1;
}

static int
hex4(const char *s, size_t n, uint32_t *cp)
{
	int i, d;

	if (n < 4)
		return -1;
	for (*cp = 0, i = 0; i < 4; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			d = s[i] - '0';
		else if (s[i] >= 'a' && s[i] <= 'f')
			d = s[i] - 'a' + 10;
		else if (s[i] >= 'A' && s[i] <= 'F')
			d = s[i] - 'A' + 10;
		else
			return -1;
		*cp = *cp << 4 | (uint32_t)d;
	}
	return 0;
}

int
json_unescape(const char *s, size_t n, uint32_t *cp)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p;
	uint32_t low;

	if (n < 2)
		return 0;
	if (s[1] != 'u') {
		if (s[1] == '\0' || (p = strchr(from, s[1])) == NULL)
			return 0;
		*cp = (unsigned char)to[p - from];
		return 2;
	}
	if (hex4(s + 2, n - 2, cp) == -1)
		return 0;
	if (*cp < 0xd800 || *cp > 0xdfff)
		return 6;
	if (*cp > 0xdbff || n < 12 || s[6] != '\\' || s[7] != 'u' ||
	    hex4(s + 8, n - 8, &low) == -1 || low < 0xdc00 || low > 0xdfff)
		return -1;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	return 12;
}

static int
scan_string(struct scan *c, int name)
{
	uint32_t cp;
	int ch, k;

	for (c->pos++; (ch = peek(c)) != '"'; c->pos += (size_t)k) {
		if (ch == -1)
			return fail(c, EINVAL, "a string without end");
		if (ch < 0x20)
			return fail(c, EINVAL, "a control character in a string");
		if (ch == '\\') {
			k = json_unescape(c->s + c->pos, c->len - c->pos, &cp);
			if (k == 0)
				return fail(c, EINVAL, "a bad escape");
			if (k == -1)
				return fail(c, EINVAL, "half a surrogate pair");
			if (cp == 0 && name && !c->lenient)
				return fail(c, EINVAL, "U+0000 in a name");
		} else if ((k = utf8_next(c->s + c->pos, c->len - c->pos,
		    &cp)) < 0)
			return fail(c, EINVAL, "bytes that are not UTF-8");
	}
	c->pos++;
	return 0;
}

static int
scan_digits(struct scan *c)
{
	int ch;

	if ((ch = peek(c)) < '0' || ch > '9')
		return fail(c, EINVAL, "a bad number");
	while ((ch = peek(c)) >= '0' && ch <= '9')
		c->pos++;
	return 0;
}

static int
scan_number(struct scan *c)
{
	int ch;

	if (peek(c) == '-')
		c->pos++;
	if (peek(c) == '0') {
		c->pos++;
		if ((ch = peek(c)) >= '0' && ch <= '9')
			return fail(c, EINVAL, "a number that begins with 0");
	} else if (scan_digits(c) == -1)
		return -1;
	if (peek(c) == '.') {
		c->pos++;
		if (scan_digits(c) == -1)
			return -1;
	}
	if ((ch = peek(c)) == 'e' || ch == 'E') {
		c->pos++;
		if ((ch = peek(c)) == '+' || ch == '-')
			c->pos++;
		return scan_digits(c);
	}
	return 0;
}

static int
scan_word(struct scan *c, const char *word)
{
	size_t n = strlen(word);

	if (c->len - c->pos < n || memcmp(c->s + c->pos, word, n) != 0)
		return fail(c, EINVAL, "an unknown word");
	c->pos += n;
	return 0;
}

static int
scan_name(struct scan *c)
{
	skip_space(c);
	if (peek(c) != '"')
		return fail(c, EINVAL, "no name where a member should begin");
	if (scan_string(c, 1) == -1)
		return -1;
	skip_space(c);
	if (peek(c) != ':')
		return fail(c, EINVAL, "no colon behind a name");
	c->pos++;
	c->names++;
	return 0;
}

/*
 * A scalar, an empty array or object, or the bracket that opens another: then
 * *open is set and the first of its values comes next.
 */
static int
scan_value(struct scan *c, int *open)
{
	int ch;

	*open = 0;
	skip_space(c);
	if (c->values == c->maxvalues)
		return fail(c, E2BIG, "too many values");
	c->values++;
	switch (ch = peek(c)) {
	case '"':
		return scan_string(c, 0);
	case 't':
		return scan_word(c, "true");
	case 'f':
		return scan_word(c, "false");
	case 'n':
		return scan_word(c, "null");
	case '[':
	case '{':
		if (c->depth == c->maxdepth)
			return fail(c, E2BIG, "nested too deeply");
		c->pos++;
		skip_space(c);
		if (peek(c) == (ch == '[' ? ']' : '}')) {
			c->pos++;
			return 0;
		}
		c->object[c->depth++] = ch == '{';
		*open = 1;
		return ch == '{' ? scan_name(c) : 0;
	case -1:
		return fail(c, EINVAL, "the text ends where a value should be");
	}
	if (ch == '-' || (ch >= '0' && ch <= '9'))
		return scan_number(c);
	return fail(c, EINVAL, "no value where one should be");
}

static int
scan_text(struct scan *c)
{
	int ch, open;

	do {
		if (scan_value(c, &open) == -1)
			return -1;
		if (open)
			continue;
		for (;;) {
			skip_space(c);
			if (c->depth == 0) {
				if (c->pos < c->len)
					return fail(c, EINVAL,
					    "something behind the value");
				return 0;
			}
			ch = peek(c);
			if (ch != (c->object[c->depth - 1] ? '}' : ']'))
				break;
			c->pos++;
			c->depth--;
		}
		if (ch != ',')
			return fail(c, EINVAL,
			    "no comma or closing bracket behind a value");
		c->pos++;
		if (c->object[c->depth - 1] && scan_name(c) == -1)
			return -1;
	} while (1);
}

int
json_scan(struct json *j, int depth, int maxtok)
{
	struct scan c;
	int rc;

	memset(&c, 0, sizeof(c));
	c.s = j->s;
	c.len = j->len;
	c.lenient = j->lenient;
	c.maxdepth = depth > 0 ? depth : 0;
	c.maxvalues = maxtok < INT_MAX / 2 ? maxtok : INT_MAX / 2;
	if ((c.object = malloc((size_t)c.maxdepth + 1)) == NULL) {
		j->why = "out of memory";
		return -1;
	}
	rc = scan_text(&c);
	free(c.object);
	j->n = c.values + c.names;
	if (rc == -1) {
		j->why = c.why;
		j->where = c.pos;
		errno = c.error;
	}
	return rc;
}
