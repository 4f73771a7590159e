#include <errno.h>
#include <limits.h>

#include "check.h"
#include "num.h"

int
main(void)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-", "--1",
	    "0x10", "1.0", "1e3", "\t1", "one", "1\n", "-+1", "- 1" };
	long long v = 77;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		CHECK(num_parse(bad[i], LLONG_MIN, LLONG_MAX, &v) == -1);
		CHECK(errno == EINVAL);
	}
	CHECK(v == 77);
	CHECK(num_parse("0", 0, 0, &v) == 0 && v == 0);
	CHECK(num_parse("-5", -5, 5, &v) == 0 && v == -5);
	CHECK(num_parse("007", 0, 9, &v) == 0 && v == 7);
	CHECK(num_parse("9223372036854775807", 0, LLONG_MAX, &v) == 0 &&
	    v == LLONG_MAX);
	CHECK(num_parse("-9223372036854775808", LLONG_MIN, 0, &v) == 0 &&
	    v == LLONG_MIN);
	v = 77;
	CHECK(num_parse("9223372036854775808", 0, LLONG_MAX, &v) == -1 &&
	    errno == ERANGE);
	CHECK(num_parse("6", -5, 5, &v) == -1 && errno == ERANGE);
	CHECK(num_parse("-6", -5, 5, &v) == -1 && errno == ERANGE);
	CHECK(v == 77);
	return failed;
}
