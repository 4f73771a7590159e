#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "num.h"
#include "status.h"

int
num_parse(const char *s, long long min, long long max, long long *out)
{
	long long v;
	char *end;

	if ((*s < '0' || *s > '9') && !(*s == '-' && s[1] >= '0' && s[1] <= '9')) {
		errno = EINVAL;
		return -1;
	}
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0)
		return -1;
	if (*end != '\0') {
		errno = EINVAL;
		return -1;
	}
	if (v < min || v > max) {
		errno = ERANGE;
		return -1;
	}
	*out = v;
	return 0;
}

long long
xnum(const char *what, const char *s, long long min, long long max)
{
	long long v;

	if (num_parse(s, min, max, &v) == -1)
		errx(ST_USAGE, "%s '%s': must be a number from %lld to %lld",
		    what, s, min, max);
	return v;
}

size_t
num_put(char s[NUM_MAX], unsigned long long n)
{
	char digits[NUM_MAX];
	size_t i = 0, len;

	do {
		digits[i++] = (char)('0' + n % 10);
	} while ((n /= 10) != 0);
	for (len = 0; i > 0; len++)
		s[len] = digits[--i];
	s[len] = '\0';
	return len;
}
