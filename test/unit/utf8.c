/*
 * utf8: without arguments, check lib/utf8; with -v, -l or -a, show standard
 * input by vis_add, plain, with VIS_LINES or with VIS_ASCII.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "utf8.h"

static int bad;

static void
check(int ok, const char *what, int line)
{
	if (!ok) {
		warnx("line %d: %s", line, what);
		bad = 1;
	}
}
#define CHECK(x)	check((x), #x, __LINE__)

/* The lengths that utf8_next answers, one after the other, as text. */
static const char *
parts(const char *s, size_t n)
{
	static char out[64];
	size_t o = 0;
	uint32_t cp;
	int k;

	for (out[0] = '\0'; n > 0; n -= (size_t)k) {
		k = utf8_next(s, n, &cp);
		o += (size_t)snprintf(out + o, sizeof(out) - o, "%d ", k);
		if (k < 0) {
			CHECK(cp == 0xfffd);
			k = -k;
		}
		s += k;
	}
	return out;
}
#define PARTS(s, want)	CHECK(strcmp(parts(s, sizeof(s) - 1), want) == 0)

static void
test_parts(void)
{
	PARTS("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "1 2 3 4 ");
	/* the examples of the Unicode standard, tables 3-8 to 3-11 */
	PARTS("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41",
	    "-1 -1 -1 -1 -1 -1 -1 -1 1 ");
	PARTS("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41",
	    "-1 -1 -1 -1 -1 -1 -1 -1 1 ");
	PARTS("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42",
	    "-1 -1 -1 -1 -1 1 -1 -1 1 ");
	PARTS("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "-2 -1 -3 -2 1 ");
	PARTS("\xf0\x9f\x98", "-3 ");
	PARTS("\xf5\x80\xc1\x80", "-1 -1 -1 -1 ");
	PARTS("\0", "1 ");
	CHECK(utf8_valid("", 0) && utf8_valid("\xf4\x8f\xbf\xbf", 4));
	CHECK(!utf8_valid("\xf4\x90\x80\x80", 4) && !utf8_valid("a\x80", 2));
}

/* Each character that there is: put and read again. */
static void
test_put(void)
{
	struct buf b = BUF_INIT;
	uint32_t cp, got;
	int k;

	for (cp = 0; cp < 0x110000; cp++) {
		buf_clear(&b);
		utf8_put(&b, cp);
		k = utf8_next(b.p, b.len, &got);
		if (k != (int)b.len || got != (cp >= 0xd800 && cp <= 0xdfff ?
		    0xfffd : cp)) {
			check(0, "utf8_put", __LINE__);
			break;
		}
		if (k > 1)
			CHECK(utf8_next(b.p, b.len - 1, &got) == 1 - k);
	}
	buf_clear(&b);
	utf8_put(&b, 0x110000);
	CHECK(b.len == 3 && memcmp(b.p, "\xef\xbf\xbd", 3) == 0);
	buf_free(&b);
}

static void
test_width(void)
{
	static const struct {
		uint32_t cp;
		int width;
	} t[] = {
		{ 'a', 1 }, { ' ', 1 }, { '~', 1 }, { 0xe9, 1 }, { 0x416, 1 },
		{ 0x2500, 1 }, { 0x20ac, 1 }, { 0xfffd, 1 }, { 0x1d11e, 1 },
		{ 0x300, 0 }, { 0x20dd, 0 }, { 0x94d, 0 }, { 0x1161, 0 },
		{ 0x1100, 2 }, { 0x4e2d, 2 }, { 0xac00, 2 }, { 0xff21, 2 },
		{ 0x1f600, 2 }, { 0x20000, 2 }, { 0x3042, 2 }, { 0x2705, 2 },
		{ 0, -1 }, { 0x1b, -1 }, { '\n', -1 }, { 0x7f, -1 },
		{ 0x85, -1 }, { 0x9b, -1 }, { 0xa0, -1 }, { 0xad, -1 },
		{ 0x34f, -1 }, { 0x61c, -1 }, { 0x115f, -1 }, { 0x180e, -1 },
		{ 0x2003, -1 }, { 0x200b, -1 }, { 0x200d, -1 }, { 0x200e, -1 },
		{ 0x200f, -1 }, { 0x2028, -1 }, { 0x2029, -1 }, { 0x202a, -1 },
		{ 0x202e, -1 }, { 0x2060, -1 }, { 0x2066, -1 }, { 0x2069, -1 },
		{ 0x2800, -1 }, { 0x3000, -1 }, { 0x3164, -1 }, { 0xd800, -1 },
		{ 0xe000, -1 }, { 0xfe0f, -1 }, { 0xfeff, -1 }, { 0xffa0, -1 },
		{ 0xfff9, -1 }, { 0xfffe, -1 }, { 0xfdd0, -1 }, { 0x1d173, -1 },
		{ 0x1ffff, -1 }, { 0xe0001, -1 }, { 0xe0041, -1 },
		{ 0xe0100, -1 }, { 0xf0000, -1 }, { 0x10ffff, -1 },
		{ 0x110000, -1 }, { 0xffffffff, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (utf8_width(t[i].cp) != t[i].width) {
			warnx("U+%04X: width %d, wanted %d",
			    (unsigned int)t[i].cp, utf8_width(t[i].cp),
			    t[i].width);
			bad = 1;
		}
}

static int
shows(const char *s, size_t n, int flags, const char *want)
{
	struct buf b = BUF_INIT;
	int ok;

	ok = vis_add(&b, s, n, flags) == 0 && strcmp(buf_str(&b), want) == 0;
	if (!ok)
		warnx("got '%s', wanted '%s'", b.p, want);
	buf_free(&b);
	return ok;
}
#define SHOWS(s, flags, want)	CHECK(shows(s, sizeof(s) - 1, flags, want))

static void
test_vis(void)
{
	char *s;

	SHOWS("", 0, "");
	SHOWS("plain, \xc3\xa9 \xe4\xb8\xad", 0, "plain, \xc3\xa9 \xe4\xb8\xad");
	SHOWS("a\nb\tc\rd\\e", 0, "a\\nb\\tc\\rd\\\\e");
	SHOWS("a\nb\tc", VIS_LINES, "a\nb\\tc");
	SHOWS("\x1b[31m\x07\x00\x7f", 0, "\\x1b[31m\\x07\\x00\\x7f");
	SHOWS("\xc2\x9b" "0m", 0, "\\u009b0m");
	SHOWS("a\xe2\x80\xae" "b\xe2\x81\xa6", 0, "a\\u202eb\\u2066");
	SHOWS("rm\xe2\x80\x8b\xef\xbb\xbf", 0, "rm\\u200b\\ufeff");
	SHOWS("\xf3\xa0\x81\x81", 0, "\\U000e0041");
	SHOWS("rm\xc2\xa0x", 0, "rm\\u00a0x");
	SHOWS("\xff\xe2\x82z\xed\xa0\x80", 0, "\\xff\\xe2\\x82z\\xed\\xa0\\x80");
	SHOWS("\xc3\xa9\xf0\x9f\x98\x80\n", VIS_ASCII, "\\u00e9\\U0001f600\\n");
	SHOWS("\xc3\xa9\n", VIS_ASCII | VIS_LINES, "\\u00e9\n");
	s = xvis("a\tb");
	CHECK(strcmp(s, "a\\tb") == 0);
	free(s);
}

static int
filter(int flags)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	if (io_slurp(0, &in, 1 << 20) == -1)
		err(2, "cannot read");
	vis_add(&out, in.p, in.len, flags);
	xbuf_check(&out);
	if (io_writeall(1, out.p, out.len) == -1)
		err(2, "cannot write");
	buf_free(&in);
	buf_free(&out);
	return 0;
}

int
main(int argc, char *argv[])
{
	if (argc > 1)
		return filter(strcmp(argv[1], "-l") == 0 ? VIS_LINES :
		    strcmp(argv[1], "-a") == 0 ? VIS_ASCII : 0);
	test_parts();
	test_put();
	test_width();
	test_vis();
	return bad;
}
