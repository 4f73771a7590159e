/*
 * Which session a person means.
 */
#ifndef AIPOD_CHOOSE_H
#define AIPOD_CHOOSE_H

#include "session.h"

/* 1 when the word names a session: SESSION or HASH/SESSION. */
int	choose_is_name(const char *);

/*
 * The living session with this name, or, for NULL, the only one of the
 * workspace (dir as for xworkspace_open).  When there is none or more than
 * one: tell on standard error, list what there is on standard output, and
 * exit ST_NO.
 */
void	xchoose_session(struct session *, const char *name, const char *dir);

/* Print sessions as aipod-list does: see there; json: an object a line. */
void	sessions_show(const struct session *, int n, int json);
/*
 * And then the kept containers of the workspace (hash), or of all (NULL), that
 * no session uses.  Exit ST_SYS when they cannot be read.
 */
void	xsessions_show_all(const struct session *, int n, int json,
	    const char *hash);

#endif
