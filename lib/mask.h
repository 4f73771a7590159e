/*
 * Which directories may be shadowed by a volume of the container's own, and
 * which are worth it.
 */
#ifndef AIPOD_MASK_H
#define AIPOD_MASK_H

struct workspace;

/*
 * Why the path below the workspace cannot be masked (a static phrase), NULL
 * when it can: a directory, or nothing yet in a directory that is there, and
 * no symbolic link on the way to it.
 */
const char *mask_refused(const struct workspace *, const char *rel);

/*
 * Call found for every directory that holds dependencies or what a build
 * makes, at most five levels down and not inside another one.  0, or -1 with
 * errno.
 */
int	mask_find(const struct workspace *,
	    void (*found)(void *, const char *rel), void *);

#endif
