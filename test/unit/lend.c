/* lend SYS: the nodes of security keys by what SYS has. */
#include <stdio.h>

#include "lend.h"

int
main(int argc, char *argv[])
{
	struct argv found = ARGV_INIT;
	size_t i;

	if (argc != 2)
		return 100;
	lend_find_yubikeys(argv[1], &found);
	for (i = 0; i < found.n; i++)
		puts(found.v[i]);
	argv_free(&found);
	return 0;
}
