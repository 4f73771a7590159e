#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argv.h"
#include "buf.h"
#include "mem.h"
#include "status.h"

static void
take(struct argv *a, char *word)
{
	if (a->n + 2 > a->cap) {
		a->cap = a->cap < 16 ? 16 : a->cap * 2;
		a->v = xreallocarray(a->v, a->cap, sizeof(*a->v));
	}
	a->v[a->n++] = word;
	a->v[a->n] = NULL;
}

void
argv_add(struct argv *a, const char *word)
{
	take(a, xstrdup(word));
}

void
argv_addf(struct argv *a, const char *fmt, ...)
{
	va_list ap;
	char *word;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		err(ST_SYS, "cannot format");
	word = xmalloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(word, (size_t)n + 1, fmt, ap);
	va_end(ap);
	take(a, word);
}

void
argv_addv(struct argv *a, char *const *words)
{
	for (; *words != NULL; words++)
		argv_add(a, *words);
}

void
argv_free(struct argv *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	a->v = NULL;
	a->n = a->cap = 0;
}

static void
quote(struct buf *b, const char *s, int must)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";

	if (!must && *s != '\0' && s[strspn(s, plain)] == '\0') {
		buf_puts(b, s);
		return;
	}
	buf_addc(b, '\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else
			buf_addc(b, *s);
	buf_addc(b, '\'');
}

int
argv_quote(struct buf *b, const char *s)
{
	quote(b, s, 0);
	return b->bad ? -1 : 0;
}

/* First on a line, these are no names of programs to the shell. */
static int
is_special(const char *s)
{
	static const char *const words[] = { "case", "do", "done", "elif",
	    "else", "esac", "fi", "for", "function", "if", "in", "select",
	    "then", "time", "until", "while" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(s, words[i]) == 0)
			return 1;
	return strchr(s, '=') != NULL;
}

int
argv_show(struct buf *b, char *const *v)
{
	size_t i;

	for (i = 0; v[i] != NULL; i++) {
		if (i != 0)
			buf_addc(b, ' ');
		quote(b, v[i], i == 0 && is_special(v[i]));
	}
	return b->bad ? -1 : 0;
}
