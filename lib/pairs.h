/*
 * How random a string looks: by the pairs of its letters, which tells a
 * generated token from a name far better than its entropy does.
 */
#ifndef AIPOD_PAIRS_H
#define AIPOD_PAIRS_H

#include <stddef.h>

struct pairs {
	unsigned char	sym[256];
	signed char	bits[64 * 64];
};

void	pairs_init(struct pairs *);
/*
 * Hundredths of a bit a pair: names and words are well above 0, what a
 * generator of letters and digits writes is below.
 */
int	pairs_score(const struct pairs *, const unsigned char *, size_t n);
/* Shannon's entropy in hundredths of a bit a byte. */
int	pairs_entropy(const unsigned char *, size_t n);

#endif
