/*
 * The addresses in 127.64.0.0/10 that names have been given.  A name gets the
 * same address again wherever it can; the table is bounded, and what was used
 * least lately makes room, but never a name that has connections or an answer
 * that may still be believed.
 */
#ifndef AIPOD_NAMES_H
#define AIPOD_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "name.h"

#define NAMES_MAX	512
#define NAMES_TTL	5		/* seconds, in answers */
#define NAMES_HOLD	30		/* seconds that an answer is honoured */

struct name {
	char		 host[NAME_HOST_MAX];
	uint32_t	 addr;		/* host order */
	long long	 used;		/* when it was last answered, seconds */
	unsigned int	 conns;		/* the caller counts */
	void		*ports;		/* the caller's */
};

struct names {
	struct name	*v[NAMES_MAX];
	size_t		 n;
};

struct name *names_by_host(const struct names *, const char *host);
struct name *names_by_addr(const struct names *, uint32_t addr);
/*
 * The name that must go first, or NULL when all are needed at this time
 * (seconds of a clock that never goes back).
 */
struct name *names_oldest(const struct names *, long long now);
/* A new name with an address; NULL when the table is full or memory is. */
struct name *names_add(struct names *, const char *host, long long now);
/* Take the name out and free it. */
void	 names_drop(struct names *, struct name *);

#endif
