/*
 * Records, previews and keys of a stranger's: a frame has no control
 * sequences but aipod-pick's own, and decoding keys ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pick.h"
#include "utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_frame(const struct buf *b)
{
	uint32_t cp;
	size_t i;
	int k;

	for (i = 0; i < b->len; i += (size_t)k) {
		if ((k = utf8_next(b->p + i, b->len - i, &cp)) < 0)
			abort();
		if (cp != '\033') {
			if (utf8_width(cp) == -1)
				abort();
			continue;
		}
		if (i + 1 >= b->len || b->p[i + 1] != '[')
			abort();
		for (k = 2; i + (size_t)k < b->len &&
		    strchr("0123456789;", b->p[i + (size_t)k]) != NULL; k++)
			continue;
		if (i + (size_t)k >= b->len ||
		    strchr("Hm", b->p[i + (size_t)k++]) == NULL)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const int sizes[][2] = { { 10, 40 }, { 24, 120 }, { 1, 1 },
	    { 3, 7 } };
	char name[KEY_NAME];
	struct pick s;
	struct keys k;
	struct buf b = BUF_INIT;
	size_t i, m;

	memset(&s, 0, sizeof(s));
	s.npreview = 1;
	s.scroll = -1;
	s.header = "title";
	items_init(&s.l, '\n');
	xitems_feed(&s.l, (const char *)p, n);
	xitems_feed(&s.l, "", 0);
	buf_add(&s.look.out, p, n);
	buf_add(&s.message, p, n < 50 ? n : 0);
	for (i = 0; i < 4; i++) {
		s.ascii = n > 0 && p[0] & 1;
		s.tail = (int)i & 1;
		s.cursor = n;
		buf_clear(&b);
		pick_draw(&s, &b, sizes[i][0], sizes[i][1]);
		check_frame(&b);
	}
	memset(&k, 0, sizeof(k));
	for (i = 0; i < n; i += m) {
		m = sizeof(k.b) - k.n < n - i ? sizeof(k.b) - k.n : n - i;
		memcpy(k.b + k.n, p + i, m);
		k.n += m;
		while (keys_next(&k, i + m == n, name))
			if (strlen(name) >= KEY_NAME)
				abort();
	}
	if (k.n != 0)
		abort();
	items_free(&s.l);
	buf_free(&s.look.out);
	buf_free(&s.message);
	buf_free(&b);
	return 0;
}
