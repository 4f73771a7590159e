/*
 * Output of host commands, WORKSPACE/.aipod/commands/SESSION, that no living
 * session owns.  The agent owns what is there: nothing is followed.
 */
#ifndef AIPOD_STALE_H
#define AIPOD_STALE_H

#include "workspace.h"

struct stale {
	char	session[SESSION_ID];
};

/*
 * What is at least age seconds old; the caller frees the array.  Returns how
 * many, or -1 with errno.
 */
int	 stale_list(const struct workspace *, long age, struct stale **);
/* Its path, as it is shown; a new string. */
char	*stale_path(const struct workspace *, const struct stale *);
/* 0, or -1 with errno. */
int	 stale_remove(const struct workspace *, const struct stale *);

#endif
