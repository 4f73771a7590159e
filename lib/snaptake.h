/*
 * Taking a snapshot, and what there is now for comparison.
 */
#ifndef AIPOD_SNAPTAKE_H
#define AIPOD_SNAPTAKE_H

#include "argv.h"
#include "executes.h"
#include "snap.h"

#define SNAP_SIZE	(1024LL * 1024 * 1024)	/* default of UNDO_SIZE */
#define SNAP_BIG	(1024 * 1024)		/* gets a pack of its own */

struct snaptake {
	const struct workspace *w;
	const struct executes *x;	/* what is kept though git ignores it */
	const struct argv *skip;	/* paths to leave out, or NULL */
	const char	*id;
	const char	*kind;
	const char	*agent;		/* or NULL */
	const char	*of;		/* or NULL */
	const struct snap *by;		/* ignore by its rules; NULL: by now's */
	long long	 size;		/* most bytes of content read anew */
	int		 bare;		/* content only of what is executed */
	/* filled in */
	struct snap_info info;
};

/*
 * Open STATE/HASH/undo, made where missing, and lock it; the descriptors, or
 * -1 with errno.
 */
int	snap_open(const struct workspace *, int *lock);

/* Take it: 0, or -1 with errno (E2BIG: more than SNAP_ENTRIES paths). */
int	snap_take(struct snaptake *, int dir);

/*
 * What is in the workspace now, by the ignore rules of the snapshot before
 * (the agent may have written others since); its entries that are the same as
 * there name its content.  skip may be NULL.  0, or -1 with errno.
 */
int	snap_now(const struct workspace *, const struct executes *,
	    const struct argv *skip, int dir, const struct snap *before,
	    struct snap *now);

/* Remember how it is, `now', at the end of what began as id. 0, or -1. */
int	snap_end(int dir, const char *id, struct snap *now);

/*
 * Take links to the objects of the repository whose objects directory is
 * from/objects, at path below the workspace; and put back what is missing.
 */
void	snap_link_objects(int dir, int from, const char *path);
int	snap_put_objects(int dir, int ws, const char *path);
/* Let go of objects that only we have had for two weeks. */
void	snap_thin_objects(int dir);

#endif
