/*
 * The user's preferences for an agent, taken along without what would not work
 * in the box: programs of the host's.
 */
#ifndef AIPOD_PREFS_H
#define AIPOD_PREFS_H

#include "agent.h"
#include "buf.h"

/*
 * Take a member of the outermost object out of JSON; comments and commas
 * before a closing bracket are allowed, and gone afterwards.  0, or -1 with
 * errno: EINVAL when it is no JSON object.
 */
int	 prefs_json_without(struct buf *, const char *member);
/*
 * Take a key, or a table with all below it, out of TOML; everything else
 * stays as it is.  0, or -1 with errno: EINVAL when a string or an array does
 * not end.
 */
int	 prefs_toml_without(struct buf *, const char *name);

/*
 * For each line "PATH NAME" of the agent's "leave": take NAME out of
 * home/PATH below an open directory, by what the path ends in.  A file that
 * cannot be understood is removed, with a line that says so.
 */
void	 xprefs_trim(const struct agent *, int dir);

#endif
