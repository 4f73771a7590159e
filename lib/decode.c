#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"

static int
value64(int c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

size_t
decode_base64(const unsigned char *s, size_t n, unsigned char *out, size_t max)
{
	uint32_t bits = 0;
	size_t i, k = 0;
	int have = 0, v;

	for (i = 0; i < n && k < max; i++) {
		if ((v = value64(s[i])) == -1)
			break;
		bits = (bits << 6 | (uint32_t)v) & 0xffffff;
		if ((have += 6) >= 8) {
			have -= 8;
			out[k++] = (unsigned char)(bits >> have & 0xff);
		}
	}
	return k;
}

static int
value16(int c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

size_t
decode_hex(const unsigned char *s, size_t n, unsigned char *out, size_t max)
{
	size_t i, k = 0;

	for (i = 0; i + 1 < n && k < max && isxdigit(s[i]) &&
	    isxdigit(s[i + 1]); i += 2)
		out[k++] = (unsigned char)(value16(s[i]) << 4 |
		    value16(s[i + 1]));
	return k;
}

size_t
decode_percent(const unsigned char *s, size_t n, unsigned char *out,
    size_t max)
{
	size_t i, k = 0;

	for (i = 0; i < n && k < max; i++)
		if (s[i] == '%' && i + 2 < n && isxdigit(s[i + 1]) &&
		    isxdigit(s[i + 2])) {
			out[k++] = (unsigned char)(value16(s[i + 1]) << 4 |
			    value16(s[i + 2]));
			i += 2;
		} else
			out[k++] = s[i];
	return k;
}

int
decode_is_utf16(const unsigned char *s, size_t n)
{
	size_t i, even = 0, odd = 0;

	if (n < 4)
		return 0;
	if (s[0] == 0xff && s[1] == 0xfe)
		return 'l';
	if (s[0] == 0xfe && s[1] == 0xff)
		return 'b';
	n = n > 512 ? 512 : n & ~(size_t)1;
	if (memchr(s, '\0', n) == NULL)
		return 0;
	for (i = 0; i < n; i += 2) {
		even += s[i] == 0 && s[i + 1] != 0;
		odd += s[i + 1] == 0 && s[i] != 0;
	}
	/* text in it is mostly ASCII: every second byte is zero */
	return odd * 10 >= n * 4 ? 'l' : even * 10 >= n * 4 ? 'b' : 0;
}

size_t
decode_utf16(unsigned char *s, size_t n, int end)
{
	size_t i, lo = end == 'l' ? 0 : 1;

	for (i = 0; i + 1 < n; i += 2)
		s[i / 2] = s[i + 1 - lo] != 0 ? '?' : s[i + lo];
	return i / 2;
}

char *
decode_code(const char *text, int how)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, n = strlen(text), skip = (size_t)(how - '0'), k = 0, bit;
	char *out = malloc(3 * n + 1);
	const unsigned char *t = (const unsigned char *)text;
	int v;

	if (out == NULL)
		return NULL;
	if (how == 'h' || how == '%') {
		for (i = 0; i < n; i++)
			k += (size_t)snprintf(out + k, 4, how == 'h' ? "%02x" :
			    "%%%02x", t[i]);
		return out;
	}
	/* only digits that no neighbour has a bit in */
	for (bit = skip == 0 ? 0 : skip == 1 ? 4 : 2; bit + 6 <= 8 * n;
	    bit += 6) {
		v = t[bit / 8] << 8;
		if (bit / 8 + 1 < n)
			v |= t[bit / 8 + 1];
		out[k++] = digits[v >> (10 - bit % 8) & 63];
	}
	out[k] = '\0';
	return out;
}
