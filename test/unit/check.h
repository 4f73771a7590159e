/* What the unit tests share: say what is wrong and go on; exit 1 at the end. */
#ifndef AIPOD_CHECK_H
#define AIPOD_CHECK_H

#include <stdio.h>

static int failed;

#define CHECK(x)							\
	((x) ? (void)0 : (failed = 1, (void)fprintf(stderr,		\
	    "%s:%d: not so: %s\n", __FILE__, __LINE__, #x)))

#endif
