#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "gitconfig.h"

struct in {
	const char	*p;
	const char	*end;
};

static int
next(struct in *in)
{
	if (in->p == in->end)
		return -1;
	/* CR LF is LF */
	if (*in->p == '\r' && in->end - in->p > 1 && in->p[1] == '\n')
		in->p++;
	return (unsigned char)*in->p++;
}

static void
skip_line(struct in *in)
{
	int c;

	while ((c = next(in)) != -1 && c != '\n')
		;
}

/* [section] or [section "subsection"], after the bracket. */
static void
section(struct in *in, struct buf *name)
{
	int c, quoted = 0;

	buf_clear(name);
	while ((c = next(in)) != -1 && c != '\n') {
		if (quoted) {
			if (c == '\\')
				next(in);
			else if (c == '"')
				quoted = 0;
		} else if (c == '"')
			quoted = 1;
		else if (c == ']')
			return;
		else if (!isspace(c))
			buf_addc(name, tolower(c));
	}
}

/* A value with its quotes, escapes, continuations and comment. */
static void
value(struct in *in, struct buf *v)
{
	size_t trailing = 0;
	int c, quoted = 0;

	buf_clear(v);
	while ((c = next(in)) != -1) {
		if (c == '\n')
			break;
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(in);
			break;
		}
		if (!quoted && isspace(c)) {
			if (v->len == 0)
				continue;
			trailing++;
			buf_addc(v, c);
			continue;
		}
		trailing = 0;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\') {
			if ((c = next(in)) == '\n' || c == -1)
				continue;
			c = c == 'n' ? '\n' : c == 't' ? '\t' :
			    c == 'b' ? '\b' : c;
		}
		buf_addc(v, c);
	}
	v->len -= trailing;
}

void
gitconfig_each(const char *text, size_t n,
    int (*fn)(void *, const char *, const char *), void *arg)
{
	struct buf sect = BUF_INIT, key = BUF_INIT, val = BUF_INIT;
	struct in in = { text, text + n };
	int c, stop = 0;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		in.p += 3;
	while (!stop && (c = next(&in)) != -1) {
		if (isspace(c))
			continue;
		if (c == '#' || c == ';') {
			skip_line(&in);
			continue;
		}
		if (c == '[') {
			section(&in, &sect);
			continue;
		}
		buf_clear(&key);
		buf_add(&key, sect.p, sect.len);
		buf_addc(&key, '.');
		for (; c != -1 && (isalnum(c) || c == '-'); c = next(&in))
			buf_addc(&key, tolower(c));
		while (c != -1 && c != '\n' && isspace(c))
			c = next(&in);
		buf_clear(&val);
		if (c == '=')
			value(&in, &val);
		else if (c != '\n' && c != -1)
			skip_line(&in);
		if (buf_str(&key) == NULL || buf_str(&val) == NULL)
			break;
		stop = fn(arg, key.p, val.p) != 0;
	}
	buf_free(&sect);
	buf_free(&key);
	buf_free(&val);
}
