#ifndef AIPOD_NUM_H
#define AIPOD_NUM_H

#include <stddef.h>

/*
 * Parse all of s as a decimal integer in [min, max].  No leading space, no
 * '+'.  Returns 0 and sets *out, or -1 with errno EINVAL or ERANGE.
 */
int	num_parse(const char *s, long long min, long long max, long long *out);

#define NUM_MAX	24			/* room for any number */

/* Write n in decimal, with a NUL behind it; returns the length. */
size_t	num_put(char s[NUM_MAX], unsigned long long n);

/* The same for tools: exit ST_USAGE naming the option what. */
long long xnum(const char *what, const char *s, long long min, long long max);

#endif
