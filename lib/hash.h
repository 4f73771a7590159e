/*
 * SHA-256 (FIPS 180-4), random bytes and constant-time comparison, from
 * BearSSL.
 */
#ifndef AIPOD_HASH_H
#define AIPOD_HASH_H

#include <bearssl.h>
#include <stddef.h>

#define HASH_HEX	65		/* 64 digits and a NUL */

typedef br_sha256_context hash_ctx;

void	hash_init(hash_ctx *);
void	hash_add(hash_ctx *, const void *, size_t);
/* The length, then the bytes: fields cannot run into each other. */
void	hash_add_field(hash_ctx *, const void *, size_t);
void	hash_hex(const hash_ctx *, char[HASH_HEX]);
void	hash_bytes_hex(const void *, size_t, char[HASH_HEX]);
/* Digest of what is left to read on fd; 0, or -1 with errno. */
int	hash_fd_hex(int fd, char[HASH_HEX]);

/* Fill with bytes of the system's generator; 0, or -1 with errno. */
int	rand_bytes(void *, size_t);
/* n hexadecimal digits and a NUL into s (n + 1 bytes); 0, or -1 with errno. */
int	rand_hex(char *s, size_t n);

/* 1 when the bytes are equal; the time taken depends on n only. */
int	hash_equal(const void *, const void *, size_t n);

#endif
