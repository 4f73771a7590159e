/*
 * Copies of what an always-rule was bound to, so that the user can be shown
 * what has changed since.
 */
#ifndef AIPOD_RUNKEPT_H
#define AIPOD_RUNKEPT_H

struct buf;
struct runfiles;

/*
 * Keep the list of the set and copies of its files in dir (0700, made), each
 * under its digest.  0, or -1 with errno.
 */
int	runkept_keep(const struct runfiles *, const char *workspace,
	    const char *dir);
/*
 * Say in words what differs between the set kept under the digest old and the
 * set now: files new, gone and changed, with the lines that changed when
 * diff(1) is there, as they are: not yet safe to be shown.  0, or -1 with
 * errno (ENOENT: nothing was kept).
 */
int	runkept_changes(const struct runfiles *, const char *workspace,
	    const char *dir, const char *old, struct buf *);

#endif
