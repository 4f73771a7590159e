/*
 * json: without arguments, check lib/json; with files, say of each whether it
 * is JSON: "yes", or "no" and why.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "json.h"
#include "mem.h"

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

static int
parse(struct json *j, const char *s)
{
	return json_parse(j, s, strlen(s), JSON_DEPTH, 1 << 20);
}

static int
refused(const char *s, int error)
{
	struct json j;

	if (parse(&j, s) == 0) {
		json_free(&j);
		return 0;
	}
	return errno == error && j.why != NULL && j.where <= strlen(s);
}

/* n times a, then middle, then n times b */
static char *
around(const char *a, size_t n, const char *middle, const char *b)
{
	struct buf x = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		buf_puts(&x, a);
	buf_puts(&x, middle);
	for (i = 0; i < n; i++)
		buf_puts(&x, b);
	xbuf_check(&x);
	return buf_str(&x);
}

static void
test_values(void)
{
	struct json j;
	const char *raw;
	char *s;
	size_t n;
	long long v;
	int c, i;

	CHECK(parse(&j, " {\"a\\u0062\" : [1, -2.5e3,\"x\\ny\", {}], "
	    "\"n\":null,\"t\":true,\"f\":false,\"\":{\"k\":[]}} ") == 0);
	CHECK(json_type(&j, 0) == JSON_OBJECT && json_count(&j, 0) == 5);
	c = json_get(&j, 0, "ab");
	CHECK(json_type(&j, c) == JSON_ARRAY && json_count(&j, c) == 4);
	s = json_key(&j, c);
	CHECK(s != NULL && strcmp(s, "ab") == 0);
	free(s);
	raw = json_raw(&j, c, &n);
	CHECK(n == 22 && strncmp(raw, "[1, -2.5e3,", 11) == 0);
	i = json_first(&j, c);
	CHECK(json_int(&j, i, 0, 9, &v) == 0 && v == 1);
	CHECK(json_int(&j, i, 2, 9, &v) == -1);
	CHECK(json_key(&j, i) == NULL);
	i = json_next(&j, c, i);
	CHECK(json_type(&j, i) == JSON_NUMBER);
	CHECK(json_int(&j, i, LLONG_MIN, LLONG_MAX, &v) == -1);
	i = json_next(&j, c, i);
	s = json_str(&j, i, NULL);
	CHECK(s != NULL && strcmp(s, "x\ny") == 0);
	free(s);
	CHECK(json_eq(&j, i, "x\ny") && !json_eq(&j, i, "x\n") &&
	    !json_eq(&j, i, "x\nyz") && !json_eq(&j, c, "x"));
	raw = json_raw(&j, i, &n);
	CHECK(n == 6 && strncmp(raw, "\"x\\ny\"", 6) == 0);
	i = json_next(&j, c, i);
	CHECK(json_type(&j, i) == JSON_OBJECT && json_first(&j, i) == -1);
	CHECK(json_next(&j, c, i) == -1);
	CHECK(json_type(&j, json_get(&j, 0, "n")) == JSON_NULL);
	CHECK(json_type(&j, json_get(&j, 0, "t")) == JSON_TRUE);
	CHECK(json_type(&j, json_get(&j, 0, "f")) == JSON_FALSE);
	CHECK(json_type(&j, json_get(&j, json_get(&j, 0, ""), "k")) ==
	    JSON_ARRAY);
	CHECK(json_get(&j, 0, "k") == -1);
	json_free(&j);
}

/* -1 and whatever else names no value */
static void
test_none(void)
{
	struct json j;
	size_t n;
	long long v;

	CHECK(parse(&j, "[\"x\"]") == 0);
	CHECK(json_type(&j, -1) == JSON_NONE && json_type(&j, 2) == JSON_NONE);
	CHECK(json_get(&j, -1, "x") == -1 && json_get(&j, 0, "x") == -1);
	CHECK(json_count(&j, -1) == 0 && json_count(&j, 1) == 0);
	CHECK(json_first(&j, -1) == -1 && json_first(&j, 1) == -1);
	CHECK(json_next(&j, -1, 1) == -1 && json_next(&j, 0, -1) == -1);
	CHECK(json_key(&j, -1) == NULL && json_key(&j, 0) == NULL);
	CHECK(json_str(&j, -1, NULL) == NULL && errno == EINVAL);
	CHECK(json_str(&j, 0, &n) == NULL && errno == EINVAL);
	CHECK(!json_eq(&j, -1, "") && json_int(&j, -1, 0, 1, &v) == -1);
	CHECK(json_raw(&j, -1, &n) == NULL && n == 0);
	json_free(&j);
}

static void
test_strings(void)
{
	struct json j;
	char *s;
	size_t n;

	CHECK(parse(&j, "[\"a\\u0000b\", \"\\ud834\\udd1e\\u00e9\\/\"]") == 0);
	CHECK(json_str(&j, 1, NULL) == NULL && errno == EINVAL);
	s = json_str(&j, 1, &n);
	CHECK(s != NULL && n == 3 && memcmp(s, "a\0b", 4) == 0);
	free(s);
	CHECK(!json_eq(&j, 1, "a"));
	CHECK(json_eq(&j, 2, "\xf0\x9d\x84\x9e\xc3\xa9/"));
	CHECK(!json_eq(&j, 2, "\xf0\x9d\x84\x9e\xc3/"));
	json_free(&j);
	CHECK(refused("\"\\ud834\"", EINVAL));
	CHECK(refused("\"\\udd1e\\ud834\"", EINVAL));
	CHECK(refused("\"\\ud834\\u0041\"", EINVAL));
	CHECK(refused("\"\\u12\"", EINVAL));
	CHECK(refused("\"\\u00g0\"", EINVAL));
	CHECK(refused("\"\xc3\"", EINVAL));
	CHECK(refused("\"\xed\xa0\x80\"", EINVAL));
	CHECK(refused("\"a\tb\"", EINVAL));
	CHECK(refused("{\"a\\u0000\":1}", EINVAL));
	CHECK(json_parse(&j, "\"a\0b\"", 5, 1, 1) == -1);
	CHECK(json_parse(&j, "1\0", 2, 1, 1) == -1);
	CHECK(json_parse(&j, "", 0, 1, 1) == -1 && errno == EINVAL);
}

static void
test_names(void)
{
	struct json j;

	CHECK(refused("{\"a\":1,\"a\":2}", EINVAL));
	CHECK(refused("{\"a\":1,\"b\":2,\"\\u0061\":3}", EINVAL));
	CHECK(refused("[{\"x\":{\"\":1,\"\":1}}]", EINVAL));
	CHECK(refused("{\"\\ud834\\udd1e\":1,\"\xf0\x9d\x84\x9e\":2}", EINVAL));
	CHECK(parse(&j, "{\"a\":{\"a\":1},\"A\":2,\"aa\":[{\"a\":1},"
	    "{\"a\":1}],\"\":0}") == 0);
	json_free(&j);
}

static void
test_numbers(void)
{
	static const char *const no[] = { "01", "-", "+1", "1.", ".5", "1e",
	    "1e+", "0x10", "1 2", "--1", "1.e1", "-01", "Infinity", "NaN" };
	struct json j;
	long long v;
	size_t i;

	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK(refused(no[i], EINVAL));
	CHECK(parse(&j, "[9223372036854775807,-9223372036854775808,"
	    "9223372036854775808,-0,1.0,1e0,"
	    "1000000000000000000000000000000000000000000000000]") == 0);
	CHECK(json_int(&j, 1, LLONG_MIN, LLONG_MAX, &v) == 0 && v == LLONG_MAX);
	CHECK(json_int(&j, 2, LLONG_MIN, LLONG_MAX, &v) == 0 && v == LLONG_MIN);
	CHECK(json_int(&j, 3, LLONG_MIN, LLONG_MAX, &v) == -1);
	CHECK(json_int(&j, 4, LLONG_MIN, LLONG_MAX, &v) == 0 && v == 0);
	CHECK(json_int(&j, 5, LLONG_MIN, LLONG_MAX, &v) == -1);
	CHECK(json_int(&j, 6, LLONG_MIN, LLONG_MAX, &v) == -1);
	CHECK(json_int(&j, 7, LLONG_MIN, LLONG_MAX, &v) == -1);
	json_free(&j);
}

static void
test_bounds(void)
{
	struct json j;
	char *s;

	s = around("[", 64, "", "]");
	CHECK(parse(&j, s) == 0);
	json_free(&j);
	free(s);
	s = around("[", 65, "", "]");
	CHECK(refused(s, E2BIG));
	free(s);
	s = around("{\"a\":", 65, "1", "}");
	CHECK(refused(s, E2BIG));
	free(s);
	s = around("[", 100000, "", "]");
	CHECK(refused(s, E2BIG));
	free(s);
	CHECK(json_parse(&j, "[1,2]", 5, 1, 2) == -1 && errno == E2BIG);
	CHECK(json_parse(&j, "[1,2]", 5, 1, 3) == 0);
	json_free(&j);
	CHECK(json_parse(&j, "{\"a\":1}", 7, 1, 2) == 0);
	json_free(&j);
	CHECK(json_parse(&j, "1", 1, 0, 0) == -1 && errno == E2BIG);
	CHECK(json_parse(&j, "1", 1, 0, 1) == 0);
	json_free(&j);
	CHECK(json_parse(&j, "[]", 2, 0, 9) == -1 && errno == E2BIG);
	CHECK(json_parse(&j, "[]", 2, -1, 9) == -1 && errno == E2BIG);
}

/* Walk all of it by first and next; the number of values. */
static int
walk(const struct json *j, int v)
{
	int c, n = 1;

	for (c = json_first(j, v); c != -1; c = json_next(j, v, c))
		n += walk(j, c);
	return n;
}

/* Minutes when anything were quadratic; the .bats sets a limit. */
static void
test_large(void)
{
	static const char *const element[] = { "1,", "[],", "{},", "\"\",",
	    "[[1]],", "{\"a\":[]}," };
	struct buf b = BUF_INIT;
	struct json j;
	char *s;
	size_t i;
	int n;

	for (i = 0; i < sizeof(element) / sizeof(element[0]); i++) {
		buf_clear(&b);
		buf_addc(&b, '[');
		for (n = 0; n < 300000; n++)
			buf_puts(&b, element[i]);
		buf_puts(&b, "1]");
		CHECK(json_parse(&j, b.p, b.len, 8, 2000000) == 0);
		CHECK(json_count(&j, 0) == 300001);
		CHECK(walk(&j, 0) >= 300002);
		json_free(&j);
	}
	for (i = 0; i < 2; i++) {
		buf_clear(&b);
		for (n = 0; n < 100000; n++)
			buf_printf(&b, "%c\"member%d\":%d", n == 0 ? '{' : ',',
			    i == 0 ? n : 99999 - n, n);
		if (i == 1)
			buf_puts(&b, ",\"member7\":0");
		buf_addc(&b, '}');
		CHECK(json_parse(&j, b.p, b.len, 8, 200000) == (i ? -1 : 0));
		if (i == 0) {
			CHECK(walk(&j, 0) == 100001);
			json_free(&j);
		} else
			CHECK(strstr(j.why, "twice") != NULL);
	}
	buf_free(&b);
	s = around("[", 2000, "", "]");
	CHECK(json_parse(&j, s, strlen(s), 2000, 2000) == 0);
	CHECK(walk(&j, 0) == 2000);
	json_free(&j);
	free(s);
}

static void
test_writer(void)
{
	struct buf b = BUF_INIT;
	struct json_out o;
	struct json j;
	int i;

	json_begin(&o, &b);
	json_open(&o, '{');
	json_member(&o, "s", "a\"b\\c\n\t\r\b\f\x01\x7f/\xc3\xa9");
	json_member(&o, "none", NULL);
	json_member_int(&o, "min", LLONG_MIN);
	json_member_bool(&o, "yes", 1);
	json_name(&o, "list");
	json_open(&o, '[');
	json_put_int(&o, 1);
	json_put_bool(&o, 0);
	json_put_null(&o);
	json_open(&o, '[');
	json_close(&o, ']');
	json_put_raw(&o, "{\"x\":1}", 7);
	json_put_strn(&o, "a\0b\xff\xe2\x82z\xed\xa0\x80", 10);
	json_close(&o, ']');
	json_member(&o, "k\xc0y", "");
	json_close(&o, '}');
	CHECK(!b.bad && strcmp(buf_str(&b),
	    "{\"s\":\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u007f/\xc3\xa9\","
	    "\"none\":null,\"min\":-9223372036854775808,\"yes\":true,"
	    "\"list\":[1,false,null,[],{\"x\":1},"
	    "\"a\\u0000b\xef\xbf\xbd\xef\xbf\xbdz"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"],"
	    "\"k\xef\xbf\xbdy\":\"\"}") == 0);
	CHECK(parse(&j, b.p) == 0);
	CHECK(json_eq(&j, json_get(&j, 0, "s"),
	    "a\"b\\c\n\t\r\b\f\x01\x7f/\xc3\xa9"));
	json_free(&j);
	buf_clear(&b);
	json_begin(&o, &b);
	for (i = 0; i < JSON_DEPTH; i++)
		json_open(&o, '[');
	CHECK(!b.bad);
	json_open(&o, '[');
	CHECK(b.bad);
	buf_clear(&b);
	json_begin(&o, &b);
	json_close(&o, ']');
	CHECK(b.bad);
	buf_free(&b);
}

static void
test_put_value(void)
{
	static const char text[] = " [ 1 ,\"a \\\" b\\\\\" , { \"k\" :\n"
	    "\"\xe2\x80\xae\xf3\xa0\x81\x81\x7f\xc3\xa9\" } ] ";
	struct buf b = BUF_INIT;
	struct json_out o;
	struct json j;

	CHECK(parse(&j, text) == 0);
	json_begin(&o, &b);
	json_open(&o, '[');
	json_put_null(&o);
	json_put_value(&o, &j, 0);
	json_close(&o, ']');
	CHECK(strcmp(buf_str(&b), "[null,[1,\"a \\\" b\\\\\",{\"k\":"
	    "\"\\u202e\\udb40\\udc41\\u007f\xc3\xa9\"}]]") == 0);
	json_free(&j);
	buf_free(&b);
}

/* Every byte in every place of a string comes back, or as U+FFFD. */
static void
test_round_trip(void)
{
	struct buf b = BUF_INIT;
	struct json_out o;
	struct json j;
	char in[4], *s;
	size_t n;
	int i;

	for (i = 0; i < 256 * 256; i++) {
		in[0] = (char)(i >> 8);
		in[1] = (char)i;
		in[2] = 'z';
		buf_clear(&b);
		json_begin(&o, &b);
		json_put_strn(&o, in, 3);
		if (json_parse(&j, b.p, b.len, 1, 1) == -1) {
			check(0, j.why, __LINE__);
			break;
		}
		s = json_str(&j, 0, &n);
		if (i >> 8 < 128 && (i & 255) < 128 &&
		    (n != 3 || memcmp(s, in, 3) != 0))
			check(0, "round trip", __LINE__);
		if (n < 2 || s[n - 1] != 'z')
			check(0, "the last byte is lost", __LINE__);
		free(s);
		json_free(&j);
	}
	buf_free(&b);
}

static void
judge(const char *file)
{
	struct buf b = BUF_INIT;
	struct json j;

	if (io_slurp_at(AT_FDCWD, file, &b, 10 << 20) == -1)
		err(2, "cannot read '%s'", file);
	if (json_parse_any(&j, b.p, b.len, JSON_DEPTH, 1 << 20) == 0) {
		printf("yes\t%s\n", file);
		json_free(&j);
	} else
		printf("no\t%s\t%s at %zu\n", file, j.why, j.where);
	buf_free(&b);
}

int
main(int argc, char *argv[])
{
	int i;

	for (i = 1; i < argc; i++)
		judge(argv[i]);
	if (argc > 1)
		return 0;
	test_values();
	test_none();
	test_strings();
	test_names();
	test_numbers();
	test_bounds();
	test_large();
	test_writer();
	test_put_value();
	test_round_trip();
	return bad;
}
