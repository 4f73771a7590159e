/*
 * JSON that a stranger wrote: whatever is taken can be walked, written again
 * and means the same then.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json.h"
#include "utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
copy(const struct json *j, int v, struct json_out *o)
{
	enum json_type type = json_type(j, v);
	const char *raw;
	char *s;
	size_t n;
	int c, count = 0;

	if (type == JSON_STRING) {
		if ((s = json_str(j, v, &n)) == NULL || !utf8_valid(s, n))
			abort();
		json_put_strn(o, s, n);
		free(s);
		return;
	}
	if (type != JSON_ARRAY && type != JSON_OBJECT) {
		raw = json_raw(j, v, &n);
		json_put_raw(o, raw, n);
		return;
	}
	json_open(o, type == JSON_ARRAY ? '[' : '{');
	for (c = json_first(j, v); c != -1; c = json_next(j, v, c)) {
		if (type == JSON_OBJECT) {
			if ((s = json_key(j, c)) == NULL ||
			    json_get(j, v, s) != c)
				abort();
			json_name(o, s);
			free(s);
		} else if (json_key(j, c) != NULL)
			abort();
		copy(j, c, o);
		count++;
	}
	if (count != json_count(j, v))
		abort();
	json_close(o, type == JSON_ARRAY ? ']' : '}');
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct json_out o;
	struct json j;

	if (json_parse(&j, (const char *)p, n, JSON_DEPTH, 10000) == -1) {
		if (j.why == NULL || j.where > n)
			abort();
		return 0;
	}
	json_begin(&o, &one);
	copy(&j, 0, &o);
	json_free(&j);
	if (one.bad || json_parse(&j, one.p, one.len, JSON_DEPTH, 10000) == -1)
		abort();
	json_begin(&o, &two);
	copy(&j, 0, &o);
	json_free(&j);
	if (two.len != one.len || memcmp(one.p, two.p, one.len) != 0)
		abort();
	buf_free(&one);
	buf_free(&two);
	return 0;
}
