#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "io.h"

void
hash_init(hash_ctx *c)
{
	br_sha256_init(c);
}

void
hash_add(hash_ctx *c, const void *p, size_t n)
{
	br_sha256_update(c, p, n);
}

void
hash_add_field(hash_ctx *c, const void *p, size_t n)
{
	unsigned char len[8];
	uint64_t v = n;
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		len[i] = (unsigned char)(v & 0xff);
	br_sha256_update(c, len, sizeof(len));
	br_sha256_update(c, p, n);
}

static void
to_hex(const unsigned char *p, size_t digits, char *s)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < digits; i++)
		s[i] = hex[i % 2 == 0 ? p[i / 2] >> 4 : p[i / 2] & 15];
	s[digits] = '\0';
}

void
hash_hex(const hash_ctx *c, char s[HASH_HEX])
{
	unsigned char out[br_sha256_SIZE];

	br_sha256_out(c, out);
	to_hex(out, HASH_HEX - 1, s);
}

void
hash_bytes_hex(const void *p, size_t n, char s[HASH_HEX])
{
	hash_ctx c;

	hash_init(&c);
	hash_add(&c, p, n);
	hash_hex(&c, s);
}

int
hash_fd_hex(int fd, char s[HASH_HEX])
{
	char chunk[16384];
	hash_ctx c;
	ssize_t r;

	hash_init(&c);
	while ((r = read(fd, chunk, sizeof(chunk))) != 0) {
		if (r == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		hash_add(&c, chunk, (size_t)r);
	}
	hash_hex(&c, s);
	return 0;
}

int
rand_bytes(void *p, size_t n)
{
	br_prng_seeder seed;
	br_hmac_drbg_context drbg;

	if ((seed = br_prng_seeder_system(NULL)) == NULL) {
		errno = ENOSYS;
		return -1;
	}
	br_hmac_drbg_init(&drbg, &br_sha256_vtable, NULL, 0);
	if (!seed(&drbg.vtable)) {
		errno = EIO;
		return -1;
	}
	br_hmac_drbg_generate(&drbg, p, n);
	return 0;
}

int
rand_hex(char *s, size_t n)
{
	unsigned char raw[32];

	if (n > 2 * sizeof(raw)) {
		errno = EINVAL;
		return -1;
	}
	if (rand_bytes(raw, (n + 1) / 2) == -1)
		return -1;
	to_hex(raw, n, s);
	return 0;
}

int
hash_equal(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;
	unsigned char diff = 0;

	while (n-- > 0)
		diff |= (unsigned char)(*p++ ^ *q++);
	return diff == 0;
}
