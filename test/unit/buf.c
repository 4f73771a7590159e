#include <errno.h>
#include <stdint.h>

#include "buf.h"
#include "check.h"

int
main(void)
{
	struct buf b = BUF_INIT, c = { .max = 10 };
	int i;

	CHECK(buf_str(&b) != NULL && *buf_str(&b) == '\0');
	CHECK(buf_add(&b, NULL, 0) == 0 && b.len == 0);
	CHECK(buf_add(&b, "a\0b", 3) == 0 && b.len == 3);
	CHECK(memcmp(buf_str(&b), "a\0b", 4) == 0);
	CHECK(buf_printf(&b, "%s-%d", "xyz", -7) == 0);
	CHECK(memcmp(buf_str(&b), "a\0bxyz--7", 10) == 0 && b.len == 9);
	buf_consume(&b, 3);
	CHECK(strcmp(buf_str(&b), "xyz--7") == 0);
	buf_consume(&b, 100);
	CHECK(b.len == 0);
	for (i = 0; i < 100000; i++)
		buf_addc(&b, 'a' + i % 26);
	CHECK(b.len == 100000 && !b.bad);
	for (i = 0; i < 100000; i++)
		if (b.p[i] != 'a' + i % 26)
			break;
	CHECK(i == 100000);
	buf_clear(&b);
	CHECK(buf_printf(&b, "%5000d", 1) == 0 && b.len == 5000);
	errno = 0;
	CHECK(buf_reserve(&b, SIZE_MAX) == -1 && errno == EMSGSIZE && b.bad);
	CHECK(b.len == 5000);
	buf_free(&b);
	CHECK(b.p == NULL && b.len == 0 && b.cap == 0 && !b.bad);

	/* the bound is exact, and what does not fit is not added in part */
	CHECK(buf_puts(&c, "12345") == 0 && buf_puts(&c, "67890") == 0);
	CHECK(!c.bad && strcmp(buf_str(&c), "1234567890") == 0);
	CHECK(buf_addc(&c, 'x') == -1 && errno == EMSGSIZE && c.bad);
	CHECK(strcmp(buf_str(&c), "1234567890") == 0);
	buf_clear(&c);
	CHECK(buf_printf(&c, "%011d", 0) == -1 && c.len == 0 && c.bad);
	buf_clear(&c);
	CHECK(buf_printf(&c, "%010d", 0) == 0 && c.len == 10);
	buf_free(&c);
	return failed;
}
