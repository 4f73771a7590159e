/*
 * Move a file out of the workspace and leave a symbolic link, or bring it
 * back: aipod-hide --move.
 */
#ifndef AIPOD_STASH_H
#define AIPOD_STASH_H

struct workspace;

/*
 * Move the file at rel into dir (made where missing); the new path as a new
 * string.  NULL with errno: EEXIST when something has that name there, EXDEV
 * for a directory on another file system.
 */
char	*stash_out(const struct workspace *, const char *rel, const char *dir);

/*
 * Put it back where its link stands; 0, or -1 with errno: EEXIST when
 * something else stands there.
 */
int	 stash_back(const struct workspace *, const char *rel,
	    const char *from);

#endif
