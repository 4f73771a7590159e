/*
 * Bytes of a stranger's shown to a person: nothing but printable characters.
 */
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;
	uint32_t cp;
	size_t i;
	int flags, k;

	for (flags = 0; flags < 4; flags++) {
		buf_clear(&b);
		if (vis_add(&b, (const char *)p, n, flags) == -1)
			abort();
		for (i = 0; i < b.len; i += (size_t)k) {
			k = utf8_next(b.p + i, b.len - i, &cp);
			if (k < 0 || (utf8_width(cp) == -1 &&
			    !(cp == '\n' && (flags & VIS_LINES))) ||
			    (cp >= 0x80 && (flags & VIS_ASCII)))
				abort();
		}
	}
	buf_free(&b);
	return 0;
}
