/*
 * Going back to a snapshot: what there is to do, and doing it.
 */
#ifndef AIPOD_UNDO_H
#define AIPOD_UNDO_H

#include "snap.h"

enum undo_what {
	UNDO_RESTORE,		/* put back a file, link or directory */
	UNDO_REMOVE,		/* it was not there */
	UNDO_MODE,		/* only its permissions differ */
	UNDO_LOST		/* it differs, and what was there is not kept */
};

struct undo_step {
	enum undo_what	 what;
	const struct snap_entry *before;	/* NULL with UNDO_REMOVE */
	const struct snap_entry *now;	/* NULL where nothing is */
	int		 later;		/* changed after the session's end */
	int		 git;		/* bytes of path that name a .git, or 0 */
	int		 unsafe;	/* what is there now could not be kept */
};

struct undo {
	struct undo_step *v;
	size_t		 n;
};

/*
 * The steps from now to before, by path.  end is how the session left it, or
 * NULL when that is not known: then nothing counts as later.  Of a repository
 * (.git) either everything or nothing is later.  dir and ws are open.
 */
void	undo_plan(struct undo *, const struct snap *before,
	    const struct snap *now, const struct snap *end, int dir, int ws);
void	undo_free(struct undo *);
/* The path of a step, and words for what it does. */
const char *undo_path(const struct undo_step *);
const char *undo_word(const struct undo_step *);

/*
 * Mark what stands in the way in a step but is without content in `kept`, a
 * snapshot of now, and must not be destroyed.
 */
void	undo_secure(struct undo *, const struct snap *kept);
/*
 * Do the steps that are neither lost, later (but with all) nor unsafe.
 * Nothing is reached through a symbolic link.  Warns of each that fails, and
 * returns their number.
 */
int	undo_do(const struct undo *, int dir, int ws, int all);

#endif
