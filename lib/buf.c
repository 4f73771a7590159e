#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "status.h"

int
buf_reserve(struct buf *b, size_t n)
{
	size_t cap;
	char *p;

	if (n > SIZE_MAX / 4 - b->len ||
	    (b->max != 0 && (b->len > b->max || n > b->max - b->len))) {
		errno = EMSGSIZE;
		b->bad = 1;
		return -1;
	}
	if (b->cap - b->len > n)
		return 0;
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap <= b->len + n)
		cap *= 2;
	if ((p = realloc(b->p, cap)) == NULL) {
		b->bad = 1;
		return -1;
	}
	b->p = p;
	b->cap = cap;
	return 0;
}

int
buf_add(struct buf *b, const void *p, size_t n)
{
	if (buf_reserve(b, n) == -1)
		return -1;
	if (n != 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return 0;
}

int
buf_addc(struct buf *b, int c)
{
	char ch = (char)c;

	return buf_add(b, &ch, 1);
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(b, (size_t)n) == -1) {
		b->bad = 1;
		return -1;
	}
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

char *
buf_str(struct buf *b)
{
	/* reserve always leaves one byte more than it was asked for */
	if (b->cap == b->len) {
		size_t max = b->max;
		int rc;

		b->max = 0;
		rc = buf_reserve(b, 1);
		b->max = max;
		if (rc == -1)
			return NULL;
	}
	b->p[b->len] = '\0';
	return b->p;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->bad = 0;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->len = b->cap = 0;
	b->bad = 0;
}

void
xbuf_check(const struct buf *b)
{
	if (b->bad)
		errx(ST_SYS, "cannot build output: out of memory or too large");
}

void
xbuf_put(struct buf *b)
{
	xbuf_check(b);
	fwrite(b->p, 1, b->len, stdout);	/* xio_close_stdout looks */
	buf_free(b);
}
