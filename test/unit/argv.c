/* Without arguments: checks.  With: the line that argv_show makes of them. */
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "check.h"

int
main(int argc, char *argv[])
{
	struct argv a = ARGV_INIT;
	struct buf b = BUF_INIT;
	int i;

	if (argc > 1) {
		argv_addv(&a, argv + 1);
		CHECK(a.n == (size_t)argc - 1 && a.v[a.n] == NULL);
		CHECK(argv_show(&b, a.v) == 0);
		puts(buf_str(&b));
	} else {
		for (i = 0; i < 1000; i++)
			argv_addf(&a, "word %d", i);
		CHECK(a.n == 1000 && a.v[1000] == NULL);
		CHECK(strcmp(a.v[999], "word 999") == 0);
		b.max = 3;
		CHECK(argv_show(&b, a.v) == -1);
	}
	argv_free(&a);
	CHECK(a.v == NULL && a.n == 0);
	buf_free(&b);
	return failed;
}
