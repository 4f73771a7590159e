#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode.h"
#include "io.h"
#include "look.h"
#include "mem.h"
#include "scan.h"

#define WINDOW		(512 * 1024)
#define MARGIN		(16 * 1024)	/* what a secret may need on each side */

struct scan_work {
	struct look	 look;
	unsigned char	*buf;		/* MARGIN + WINDOW + MARGIN */
};

/* Where the reading is. */
struct place {
	void		(*hit)(void *, const struct scan_hit *);
	void		*arg;
	long long	 line;		/* of buf[counted] */
	long long	 col;
	size_t		 counted;
	int		 wide;		/* UTF-16: 'l' or 'b' */
};

struct scan_work *
xscan_work(const struct scan_rules *r)
{
	struct scan_work *w = xcalloc(1, sizeof(*w));

	w->look.rules = r;
	w->look.spot = xcalloc(LOOK_SPOTS, sizeof(*w->look.spot));
	w->buf = xmalloc(WINDOW + 2 * MARGIN);
	return w;
}

void
scan_work_free(struct scan_work *w)
{
	free(w->look.spot);
	free(w->buf);
	free(w);
}

static void
count_to(struct place *pl, const unsigned char *s, size_t to)
{
	const unsigned char *nl;
	size_t i = pl->counted;

	while (i < to && (nl = memchr(s + i, '\n', to - i)) != NULL) {
		pl->line++;
		pl->col = 1;
		i = (size_t)(nl - s) + 1;
	}
	if (i < to)
		pl->col += (long long)(to - i);
	pl->counted = to;
}

/* Look at s[0, n); literals count in [lo, hi). */
static int
window(struct scan_work *w, struct place *pl, const unsigned char *s, size_t n,
    size_t lo, size_t hi)
{
	struct look *l = &w->look;
	struct scan_hit h;
	size_t i, a, b;

	l->s = s;
	l->n = n;
	l->lo = lo;
	l->hi = hi;
	l->overflow = 0;
	look_at(l);
	for (i = 0; i < l->nspot; i++) {
		h.rule = l->spot[i].rule;
		a = l->spot[i].from;
		b = l->spot[i].to;
		if (a < pl->counted)
			continue;	/* told in the window before */
		count_to(pl, s, a);
		h.line = pl->line;
		h.col = pl->col;
		h.secret = s + a;
		h.len = b - a;
		for (; a > 0 && s[a - 1] != '\n' && l->spot[i].from - a < 400;
		    a--)
			;
		for (; b < n && s[b] != '\n' && b - l->spot[i].to < 400; b++)
			;
		h.text = s + a;
		h.ntext = b - a;
		pl->hit(pl->arg, &h);
	}
	if (l->overflow) {
		errno = EOVERFLOW;
		return -1;
	}
	return 0;
}

static void
begin(struct scan_work *w, struct place *pl, const unsigned char *s, size_t n,
    const char *path)
{
	size_t head = n < 4096 ? n : 4096;

	pl->line = pl->col = 1;
	pl->counted = 0;
	pl->wide = decode_is_utf16(s, head);
	w->look.kind = look_kind(path);
	w->look.tests = (w->look.kind & LOOK_TESTS) != 0;
	w->look.kind &= ~LOOK_TESTS;
	if (!pl->wide && memchr(s, '\0', head) != NULL)
		w->look.kind = LOOK_BINARY;
}

/* Step over a hole of a sparse file; the new offset, or -1 at its end. */
static off_t
next_data(int fd, off_t off)
{
#ifdef SEEK_DATA
	off_t to = lseek(fd, off, SEEK_DATA);

	if (to == -1)
		return errno == ENXIO ? -1 : lseek(fd, off, SEEK_SET);
	return to;
#else
	(void)fd;
	return off;
#endif
}

int
scan_fd(struct scan_work *w, int fd, const char *path,
    void (*hit)(void *, const struct scan_hit *), void *arg)
{
	struct place pl;
	unsigned char *s = w->buf;
	size_t have = 0, keep, lo = 0, hi;
	off_t off = 0, to;
	ssize_t n;
	int first = 1, rc = 0;

	memset(&pl, 0, sizeof(pl));
	pl.hit = hit;
	pl.arg = arg;
	for (;;) {
		n = io_readfull(fd, s + have, WINDOW + 2 * MARGIN - have);
		if (n == -1)
			return -1;
		off += n;
		if (first)
			begin(w, &pl, s, (size_t)n, path);
		first = 0;
		if (pl.wide)
			n = (ssize_t)decode_utf16(s + have, (size_t)n, pl.wide);
		have += (size_t)n;
		if (have == 0)
			return rc;
		/* at the end everything counts, else not what may go on */
		if (have < WINDOW + 2 * MARGIN && !pl.wide)
			hi = have;
		else
			hi = n == 0 || have < MARGIN ? have : have - MARGIN;
		if (window(w, &pl, s, have, lo, hi) == -1)
			rc = -1;
		if (n == 0 || (hi == have && !pl.wide))
			return rc;
		keep = hi > MARGIN ? have - hi + MARGIN : have;
		count_to(&pl, s, have - keep > pl.counted ? have - keep :
		    pl.counted);
		memmove(s, s + have - keep, keep);
		pl.counted -= have - keep;
		lo = hi - (have - keep);
		have = keep;
		/* only a big file is worth the question */
		if (off >= 64 * WINDOW && (to = next_data(fd, off)) != off) {
			/* no secret goes on behind a hole */
			if (window(w, &pl, s, have, lo, have) == -1)
				rc = -1;
			if (to == -1)
				return rc;
			count_to(&pl, s, have);
			pl.col += to - off;
			pl.counted = lo = have = 0;
			off = to;
		}
	}
}

int
scan_bytes(struct scan_work *w, const void *p, size_t n, const char *path,
    void (*hit)(void *, const struct scan_hit *), void *arg)
{
	const unsigned char *s = p;
	unsigned char *copy = NULL;
	struct place pl;
	size_t from, to, lo = 0, hi, base = 0;
	int rc = 0;

	memset(&pl, 0, sizeof(pl));
	pl.hit = hit;
	pl.arg = arg;
	begin(w, &pl, s, n, path);
	if (pl.wide) {
		copy = xmalloc(n + 1);
		memcpy(copy, s, n);
		n = decode_utf16(copy, n, pl.wide);
		s = copy;
	}
	for (from = 0; from < n; from = to) {
		to = n - from > WINDOW ? from + WINDOW : n;
		base = from > MARGIN ? from - MARGIN : 0;
		hi = to + MARGIN < n ? to + MARGIN : n;
		lo = from - base;
		if (window(w, &pl, s + base, hi - base, lo, to - base) == -1)
			rc = -1;
		if (to < n) {
			size_t nb = to > MARGIN ? to - MARGIN : 0;

			count_to(&pl, s + base, nb - base > pl.counted ?
			    nb - base : pl.counted);
			pl.counted -= nb - base;
		}
	}
	free(copy);
	return rc;
}
