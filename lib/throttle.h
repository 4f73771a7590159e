#ifndef AIPOD_THROTTLE_H
#define AIPOD_THROTTLE_H

/*
 * At most n times within so many seconds, counted in the file name of the
 * private directory dir.  1 when that would be exceeded or cannot be counted,
 * else 0, and this time is counted.
 */
int	throttle(const char *dir, const char *name, int n, int seconds);

#endif
