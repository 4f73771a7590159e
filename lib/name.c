#include <sys/socket.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "name.h"

#define LABEL_MAX	63

/* Punycode's parameters, RFC 3492, 5. */
enum {
	BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72,
	FIRST = 0x80
};

static int
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int
hex_value(int c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- IPv4 in the spellings of inet_aton(3) ------------------------------ */

/* A part: decimal, 0octal or 0xhex; -1 when it is none. */
static int64_t
part_value(const char *s, size_t n)
{
	int64_t v = 0;
	int base = 10, d;
	size_t i = 0;

	if (n == 0)
		return -1;
	if (n >= 2 && s[0] == '0' && s[1] == 'x') {
		base = 16;
		i = 2;
	} else if (n >= 2 && s[0] == '0') {
		base = 8;
		i = 1;
	}
	for (; i < n; i++) {
		if ((d = hex_value(s[i])) == -1 || d >= base)
			return -1;
		if ((v = v * base + d) > UINT32_MAX)
			return -1;
	}
	return v;
}

/* Would anybody take the label for a number? */
static int
is_numeric(const char *s, size_t n)
{
	size_t i = 0;

	if (n >= 2 && s[0] == '0' && s[1] == 'x') {
		for (i = 2; i < n; i++)
			if (hex_value(s[i]) == -1)
				return 0;
		return 1;
	}
	for (; i < n; i++)
		if (!is_digit(s[i]))
			return 0;
	return n > 0;
}

static int
parse_v4(const char *s, size_t n, uint32_t *addr)
{
	const char *dot;
	uint32_t a = 0;
	int64_t v;
	size_t len;
	int parts = 0;

	for (;;) {
		dot = memchr(s, '.', n);
		len = dot != NULL ? (size_t)(dot - s) : n;
		if (++parts > 4 || (v = part_value(s, len)) == -1)
			return -1;
		if (dot == NULL)
			break;
		if (v > 255)
			return -1;
		a |= (uint32_t)v << (8 * (4 - parts));
		s += len + 1;
		n -= len + 1;
	}
	/* the last part fills what is left */
	if (v > (int64_t)(UINT32_MAX >> (8 * (parts - 1))))
		return -1;
	*addr = a | (uint32_t)v;
	return 0;
}

static void
show_v4(uint32_t a, char out[NAME_HOST_MAX])
{
	snprintf(out, NAME_HOST_MAX, "%u.%u.%u.%u", (unsigned)(a >> 24),
	    (unsigned)(a >> 16 & 255), (unsigned)(a >> 8 & 255),
	    (unsigned)(a & 255));
}

/* ---- IPv6 by RFC 5952 --------------------------------------------------- */

static void
show_v6(const unsigned char *a, char out[NAME_HOST_MAX])
{
	unsigned w[8];
	int best = -1, bestlen = 1, i, j;
	size_t len = 0;

	for (i = 0; i < 8; i++)
		w[i] = (unsigned)a[2 * i] << 8 | a[2 * i + 1];
	for (i = 0; i < 8; i = j + 1) {
		for (j = i; j < 8 && w[j] == 0; j++)
			continue;
		if (j - i > bestlen) {
			best = i;
			bestlen = j - i;
		}
	}
	out[0] = '\0';
	for (i = 0; i < 8; i++) {
		if (i == best) {
			len += (size_t)snprintf(out + len, NAME_HOST_MAX - len,
			    i + bestlen == 8 ? "::" : ":");
			i += bestlen - 1;
			continue;
		}
		len += (size_t)snprintf(out + len, NAME_HOST_MAX - len,
		    i > 0 ? ":%x" : "%x", w[i]);
	}
}

static enum name_kind
normalise_v6(const char *s, size_t n, char out[NAME_HOST_MAX])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];
	unsigned char a[16];

	if (n >= sizeof(text) || memchr(s, '\0', n) != NULL)
		return NAME_BAD;
	memcpy(text, s, n);
	text[n] = '\0';
	if (inet_pton(AF_INET6, text, a) != 1)
		return NAME_BAD;
	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		show_v4((uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 |
		    (uint32_t)a[14] << 8 | a[15], out);
	else
		show_v6(a, out);
	return NAME_ADDRESS;
}

/* ---- A-labels ----------------------------------------------------------- */

static uint32_t
adapt(uint32_t delta, uint32_t points, int first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t
threshold(uint32_t k, uint32_t bias)
{
	if (k <= bias)
		return TMIN;
	return k >= bias + TMAX ? TMAX : k - bias;
}

/* One generalised integer from *s; -1 when cut short or too large. */
static int
decode_delta(const char **s, const char *end, uint32_t bias, uint32_t *delta)
{
	uint64_t v = 0, weight = 1;
	uint32_t digit, k, t;

	for (k = BASE;; k += BASE) {
		if (*s == end)
			return -1;
		digit = is_digit(**s) ? (uint32_t)(**s - '0' + 26) :
		    (uint32_t)(**s - 'a');
		if (digit >= BASE)
			return -1;
		(*s)++;
		if ((v += digit * weight) > INT32_MAX)
			return -1;
		if (digit < (t = threshold(k, bias)))
			break;
		if ((weight *= BASE - t) > INT32_MAX)
			return -1;
	}
	*delta = (uint32_t)v;
	return 0;
}

/*
 * Characters that IDNA never lets into a label (RFC 5892) and that could be
 * taken for nothing, for a separator or for ASCII.
 */
static int
is_foul(uint32_t c)
{
	static const uint32_t bad[][2] = {
		{ 0x00, 0xb6 }, { 0xb8, 0xde }, { 0xf7, 0xf7 },
		{ 0x340, 0x341 }, { 0x34f, 0x34f }, { 0x37e, 0x37e },
		{ 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x1680, 0x1680 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180e }, { 0x2000, 0x200b },
		{ 0x200e, 0x214d }, { 0x2190, 0x2bff }, { 0x2ff0, 0x3004 },
		{ 0x3164, 0x3164 }, { 0xd800, 0xfa0d }, { 0xfb00, 0xfb06 },
		{ 0xfe00, 0xfe1f }, { 0xfe30, 0xfe72 }, { 0xfeff, 0xffff },
		{ 0x1d100, 0x1d7ff }, { 0x1f000, 0x1fbff },
		{ 0xe0000, UINT32_MAX }
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (c >= bad[i][0] && c <= bad[i][1])
			return 1;
	return (c & 0xfffe) == 0xfffe;
}

/*
 * Decode what stands behind "xn--".  Encoding again and comparing is not
 * needed: no number has two spellings, and none stands for an ASCII character.
 */
static int
good_punycode(const char *s, size_t n)
{
	const char *end = s + n, *p;
	uint32_t bias = BIAS, code = FIRST, delta, i = 0, points = 0;
	int first = 1;

	for (p = end; p > s && p[-1] != '-'; p--)
		continue;
	if (p > s) {
		points = (uint32_t)(p - s - 1);
		if (points == 0)
			return 0;
	}
	if (p == end)
		return 0;
	while (p < end) {
		if (decode_delta(&p, end, bias, &delta) == -1)
			return 0;
		points++;
		bias = adapt(delta, points, first);
		first = 0;
		if (delta > UINT32_MAX - i)
			return 0;
		i += delta;
		if (i / points > 0x10ffff - code)
			return 0;
		code += i / points;
		if (is_foul(code))
			return 0;
		i = i % points + 1;
	}
	return 1;
}

/* ---- names -------------------------------------------------------------- */

static int
good_label(const char *s, size_t n)
{
	if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
		return 0;
	if (n >= 4 && memcmp(s, "xn--", 4) == 0)
		return good_punycode(s + 4, n - 4);
	return 1;
}

/* Lower-case copy of what has only LDH, '_' and dots; -1 else. */
static int
fold(const char *s, size_t n, char *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] >= 'A' && s[i] <= 'Z')
			out[i] = (char)(s[i] - 'A' + 'a');
		else if ((s[i] >= 'a' && s[i] <= 'z') || is_digit(s[i]) ||
		    s[i] == '-' || s[i] == '_' || s[i] == '.')
			out[i] = s[i];
		else
			return -1;
	}
	out[n] = '\0';
	return 0;
}

enum name_kind
name_normalise(const char *s, size_t n, char out[NAME_HOST_MAX])
{
	const char *dot, *p;
	uint32_t a;
	size_t len;
	int labels = 0;

	out[0] = '\0';
	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		if (memchr(s, ':', n) == NULL)
			return NAME_BAD;
		return normalise_v6(s + 1, n - 2, out);
	}
	if (n > 0 && memchr(s, ':', n) != NULL)
		return normalise_v6(s, n, out);
	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0 || n >= NAME_HOST_MAX || fold(s, n, out) == -1)
		goto bad;
	for (p = out;; p = dot + 1) {
		dot = memchr(p, '.', n - (size_t)(p - out));
		len = dot != NULL ? (size_t)(dot - p) :
		    n - (size_t)(p - out);
		if (!good_label(p, len))
			goto bad;
		labels++;
		if (dot == NULL)
			break;
	}
	if (is_numeric(p, len)) {
		if (parse_v4(out, n, &a) == -1)
			goto bad;
		show_v4(a, out);
		return NAME_ADDRESS;
	}
	return labels > 1 ? NAME_HOST : NAME_SINGLE;
bad:
	out[0] = '\0';
	return NAME_BAD;
}

int
name_split_port(const char *s, size_t n, const char **host, size_t *hostlen,
    int *port)
{
	const char *colon;
	size_t i;
	int p = 0;

	for (i = n; i > 0 && s[i - 1] != ':'; i--)
		continue;
	if (i < 2 || n - i < 1 || n - i > 5 || s[i] == '0')
		return -1;
	colon = s + i - 1;
	for (; i < n; i++) {
		if (!is_digit(s[i]))
			return -1;
		p = p * 10 + (s[i] - '0');
	}
	if (p < 1 || p > 65535)
		return -1;
	*host = s;
	*hostlen = (size_t)(colon - s);
	if (s[0] == '[') {
		if (*hostlen < 4 || colon[-1] != ']')
			return -1;
		*host = s + 1;
		*hostlen -= 2;
		if (memchr(*host, ':', *hostlen) == NULL ||
		    memchr(*host, '[', *hostlen) != NULL ||
		    memchr(*host, ']', *hostlen) != NULL)
			return -1;
	} else if (memchr(s, ':', *hostlen) != NULL)
		return -1;
	*port = p;
	return 0;
}
