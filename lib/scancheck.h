/*
 * Checks that a token carries in itself.
 */
#ifndef AIPOD_SCANCHECK_H
#define AIPOD_SCANCHECK_H

#include <stddef.h>

/*
 * GitHub's and npm's tokens end in six base62 digits: the CRC-32 of the random
 * part.
 */
int	check_github(const unsigned char *, size_t n);

#endif
