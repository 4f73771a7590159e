/*
 * Prints each setting of the configuration on standard input as "key=value";
 * test/gitconfig.bats compares with git config --list.
 */
#include <err.h>
#include <stdio.h>

#include "buf.h"
#include "gitconfig.h"
#include "io.h"

static int
show(void *unused, const char *key, const char *value)
{
	(void)unused;
	printf("%s=%s\n", key, value);
	return 0;
}

int
main(void)
{
	struct buf b = BUF_INIT;

	if (io_slurp(0, &b, 1024 * 1024) == -1)
		err(111, "cannot read");
	gitconfig_each(b.p, b.len, show, NULL);
	buf_free(&b);
	return 0;
}
