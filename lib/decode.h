/*
 * Text in another coat: base64, hexadecimal, percent signs, UTF-16.
 */
#ifndef AIPOD_DECODE_H
#define AIPOD_DECODE_H

#include <stddef.h>

/*
 * Decode n characters (either alphabet of base64, padding or not) into at most
 * max bytes; the number of them, up to the first character that is none.
 */
size_t	decode_base64(const unsigned char *, size_t n, unsigned char *,
	    size_t max);
size_t	decode_hex(const unsigned char *, size_t n, unsigned char *,
	    size_t max);
size_t	decode_percent(const unsigned char *, size_t n, unsigned char *,
	    size_t max);

/* 'l' or 'b' for UTF-16 of that end first, 0 for anything else. */
int	decode_is_utf16(const unsigned char *, size_t n);
/* Make it one byte a character, in place ('?' beyond ASCII); the length. */
size_t	decode_utf16(unsigned char *, size_t n, int end);

/*
 * Code text as the middle of a longer run; how is 'h' or '%', or '0', '1',
 * '2' for base64 with so many bytes before it.  NULL when out of memory.
 */
char	*decode_code(const char *text, int how);

#endif
