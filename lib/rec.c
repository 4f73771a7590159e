#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "rec.h"

static const char *
escape(unsigned char c)
{
	switch (c) {
	case '\t':
		return "\\t";
	case '\n':
		return "\\n";
	case '\\':
		return "\\\\";
	default:
		return NULL;
	}
}

void
rec_putn(FILE *fp, const char *s, size_t n)
{
	const char *e;
	size_t i;

	if (n == 0)
		putc('-', fp);
	else if (n == 1 && *s == '-')
		fputs("\\-", fp);
	else
		for (i = 0; i < n; i++)
			if ((e = escape((unsigned char)s[i])) != NULL)
				fputs(e, fp);
			else
				putc((unsigned char)s[i], fp);
}

void
rec_put(FILE *fp, const char *s)
{
	rec_putn(fp, s, s != NULL ? strlen(s) : 0);
}

void
rec_line(FILE *fp, size_t n, const char *const *f)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i != 0)
			putc('\t', fp);
		rec_put(fp, f[i]);
	}
	putc('\n', fp);
}

int
rec_add(struct buf *b, const char *s, size_t n)
{
	const char *e = NULL;
	size_t i, plain;

	if (n == 0)
		return buf_addc(b, '-');
	if (n == 1 && *s == '-')
		return buf_puts(b, "\\-");
	for (i = 0; i < n; i++) {
		for (plain = i; i < n && (e = escape((unsigned char)s[i])) ==
		    NULL; i++)
			continue;
		buf_add(b, s + plain, i - plain);
		if (i < n)
			buf_puts(b, e);
	}
	return b->bad ? -1 : 0;
}

/* Unescape a field in place; -1 when malformed. */
static int
unescape(char *s)
{
	char *w;

	for (w = s; *s != '\0'; s++) {
		if (*s != '\\') {
			*w++ = *s;
			continue;
		}
		switch (*++s) {
		case 't':
			*w++ = '\t';
			break;
		case 'n':
			*w++ = '\n';
			break;
		case '\\':
		case '-':
			*w++ = *s;
			break;
		default:
			return -1;
		}
	}
	*w = '\0';
	return 0;
}

int
rec_split(char *line, char **f, int max)
{
	char *next;
	int n = 0;

	for (; line != NULL; line = next) {
		if ((next = strchr(line, '\t')) != NULL)
			*next++ = '\0';
		if (n < max) {
			f[n] = NULL;
			if (strcmp(line, "-") != 0) {
				if (unescape(line) == -1)
					return -1;
				f[n] = line;
			}
		}
		n++;
	}
	return n;
}
