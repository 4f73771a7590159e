/*
 * A growing run of bytes.  Start from BUF_INIT (or all zero); set max to
 * bound it.  The bytes are at p, len of them; any function that adds may move
 * them.  Adding returns 0, or -1 with errno ENOMEM or, past max, EMSGSIZE;
 * nothing is added then and bad is set, so that a writer may check once at the
 * end.  buf_free releases the bytes.
 */
#ifndef AIPOD_BUF_H
#define AIPOD_BUF_H

#include <stddef.h>

struct buf {
	char	*p;
	size_t	 len;
	size_t	 cap;
	size_t	 max;		/* 0: no bound */
	int	 bad;		/* an addition failed */
};

#define BUF_INIT	{ NULL, 0, 0, 0, 0 }

/* Make room for n more bytes past len. */
int	 buf_reserve(struct buf *, size_t n);
int	 buf_add(struct buf *, const void *, size_t);
int	 buf_addc(struct buf *, int);
int	 buf_puts(struct buf *, const char *);
int	 buf_printf(struct buf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* The bytes with a NUL behind them (not counted in len); NULL on ENOMEM. */
char	*buf_str(struct buf *);
/* Drop n bytes from the front. */
void	 buf_consume(struct buf *, size_t n);
void	 buf_clear(struct buf *);
void	 buf_free(struct buf *);
/* Exit ST_SYS when an addition failed; for tools. */
void	 xbuf_check(const struct buf *);
/* xbuf_check, write to standard output, buf_free. */
void	 xbuf_put(struct buf *);

#endif
