/*
 * Walk a tree that somebody hostile may own and may be changing: every
 * directory is opened by descriptor without following a symbolic link, so
 * nothing outside the root is ever reached, and only regular files are given
 * out.  Several threads share the work; a directory with many files is shared
 * out, too.
 */
#ifndef AIPOD_TREE_H
#define AIPOD_TREE_H

#include <sys/stat.h>
#include <stddef.h>

#define TREE_IGNORED	1		/* git ignores it */
#define TREE_VENDORED	2		/* below node_modules, vendor, ... */
#define TREE_PATH_MAX	(64 * 1024)	/* a longer path is an error */

struct tree_file {
	int		 dirfd;		/* of the directory it is in */
	const char	*name;		/* in that directory */
	const char	*path;		/* below the root */
	const struct stat *st;		/* lstat, just now */
	int		 flags;
};

struct tree_ops {
	/* A regular file, in some thread (0 to threads - 1). */
	void	(*file)(void *arg, int thread, const struct tree_file *);
	/* Something that could not be looked at, and errno. */
	void	(*fail)(void *arg, const char *path, int error);
	void	*arg;
	int	 threads;
	int	 narrow;		/* leave out what git ignores, and .git */
};

/*
 * Walk everything below rootfd, or only below rel when it is not NULL (a file
 * is given out itself).  Returns 0 when every directory could be listed (file
 * and fail have told of the rest), or -1 with errno when not even a start
 * could be made.
 */
int	tree_walk(int rootfd, const char *rel, const struct tree_ops *);

/*
 * Open rel below rootfd with these flags; no component of it may be a
 * symbolic link (ELOOP).
 */
int	tree_open(int rootfd, const char *rel, int flags);

/* 1 when a directory of this name holds what others wrote or a tool made. */
int	tree_vendored(const char *name);

#endif
