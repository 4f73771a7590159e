/*
 * Host paths that every container gets: aipod-mount(1).
 */
#ifndef AIPOD_MOUNTS_H
#define AIPOD_MOUNTS_H

#include <stddef.h>

struct mount {
	char	*at;		/* path in the container */
	char	*host;		/* path on the host, as the user gave it */
	int	 rw;
};

struct mounts {
	struct mount	*m;
	size_t		 n;
};

/* The user's list; 0, or -1 with errno (EINVAL: a line is no record). */
int	mounts_load(struct mounts *);
int	mounts_save(const struct mounts *);
void	mounts_free(struct mounts *);

/*
 * Why this mount must not be, as a phrase, or NULL when it may.  Links in the
 * host's path are resolved before it is judged; *real is the path to mount, a
 * new string, set only with NULL.  ENOENT in errno: the host has no such path.
 */
const char *mount_problem(const struct mount *, char **real);

#endif
