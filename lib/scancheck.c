#include <stdint.h>
#include <string.h>

#include "scancheck.h"

static uint32_t
crc32(const unsigned char *s, size_t n)
{
	uint32_t crc = 0xffffffff;
	int k;

	while (n-- > 0) {
		crc ^= *s++;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

int
check_github(const unsigned char *s, size_t n)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const unsigned char *body = memchr(s, '_', n);
	uint32_t crc;
	int i;

	if (body == NULL || n - (size_t)(++body - s) != 36)
		return 0;
	crc = crc32(body, 30);
	for (i = 35; i >= 30; i--, crc /= 62)
		if (body[i] != (unsigned char)digits[crc % 62])
			return 0;
	return 1;
}
