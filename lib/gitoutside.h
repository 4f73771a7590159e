/*
 * Repositories whose directory is not where a box at /app would look: linked
 * worktrees, submodules checked out alone.  Their directory is mounted where
 * the .git file in the workspace, as the box sees it, says it is, closed as
 * gitguard closes those in the workspace.
 */
#ifndef AIPOD_GITOUTSIDE_H
#define AIPOD_GITOUTSIDE_H

#include "gitguard.h"

/*
 * Look at the .git files in g->links and add to g->outside and g->missing, for
 * a workspace that is at `at' in the box.  A directory is mounted only when it
 * names the workspace in turn, which an agent cannot have brought about; of
 * another one a warning tells.  A configuration that names a work tree is
 * copied to the state directory with the box's place in it.
 * 0, or -1 with why set.
 */
int	gitoutside_find(const struct workspace *, const char *at,
	    int dry_run, struct gitguard *);

#endif
