#include "check.h"
#include "update.h"

int
main(void)
{
	static const char *const order[] = { "0.0.9", "0.1", "0.1.1", "0.9",
	    "0.10", "1", "1.0.1", "2.0", "10.0.1" };
	size_t i, j, n = sizeof(order) / sizeof(order[0]);

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			CHECK(update_is_newer(order[i], order[j]) == (i > j));
	CHECK(!update_is_newer("1.0", "1"));
	CHECK(!update_is_newer("1", "1.0"));
	CHECK(!update_is_newer("", "0.1"));
	CHECK(!update_is_newer("v2", "0.1"));
	CHECK(!update_is_newer("2\033[31m", "0.1"));
	CHECK(!update_is_newer("2", ""));
	CHECK(update_is_newer("99999999999999999999999", "0.1"));
	CHECK(!update_is_newer("999999999999999999999999999999999", "0.1"));
	return failed;
}
