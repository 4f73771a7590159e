/*
 * Everything in a workspace that a snapshot is about, without following a
 * link: what git does not ignore, what it ignores and the caller wants all the
 * same, and the small files of every .git.  Some directories that tools fill
 * (node_modules, .venv, ...) and aipod's own .aipod are left out.  What is in
 * a directory that this user may not read and search, or more than SNAP_DEPTH
 * down, is passed over: lib/review tells of it.
 */
#ifndef AIPOD_SNAPWALK_H
#define AIPOD_SNAPWALK_H

#include "argv.h"
#include "buf.h"
#include "snap.h"

struct snapwalk {
	int		 ws;		/* the workspace, open */
	const struct argv *skip;	/* paths to leave out, or NULL */
	/*
	 * Is it wanted although git ignores it?  For a directory: can something
	 * in it be?
	 */
	int	(*wanted)(void *, const char *path, int isdir);
	/*
	 * The rules of a directory to go by: 1 and the text of the file at
	 * path, 0 for no rules, -1 for what stands in the workspace now.
	 */
	int	(*rules)(void *, const char *path, struct buf *);
	/*
	 * Something was found: path, type and stat are filled in, and it is
	 * dirfd/name.  Other than 0 ends the walk.
	 */
	int	(*found)(void *, int dirfd, const char *name,
		    const struct snap_entry *);
	/* The objects of a repository (may be NULL). */
	void	(*objects)(void *, int dirfd, const char *path);
	void	*arg;
};

/* 0, or -1 with errno, also what a callback ended it with (E2BIG, ...). */
int	snap_walk(struct snapwalk *);

#endif
