/*
 * What a command will run: files of the workspace that it names, and the
 * files that well-known runners read (share/rules/runners.tsv).  An
 * always-rule is bound to their digest, so that it is void once one changed.
 */
#ifndef AIPOD_RUNFILES_H
#define AIPOD_RUNFILES_H

#include <stddef.h>

#include "hash.h"

#define RUNFILES_MAX	256

struct runfile {
	char	*name;			/* below the workspace */
	char	 digest[HASH_HEX];
};

struct runfiles {
	struct runfile	*f;		/* sorted by name */
	size_t		 n;
	char		 digest[HASH_HEX];	/* of all, in this order */
	int		 over;		/* not all could be watched */
};

/*
 * Find them for the len bytes of command, reading below workspace without
 * following links out of it.  With over set there is more than can be watched
 * or something that cannot be read: then nothing may be bound to the digest.
 * 0, or -1 with errno; runfiles_free releases.
 */
int	 runfiles_find(struct runfiles *, const char *workspace,
	    const char *cmd, size_t len);
void	 runfiles_free(struct runfiles *);

/* A file of the set for reading, no link followed; -1 with errno. */
int	 runfiles_open(const char *workspace, const char *name);

#endif
