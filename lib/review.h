/*
 * What of the differences between a snapshot and now a host would execute.
 */
#ifndef AIPOD_REVIEW_H
#define AIPOD_REVIEW_H

#include "executes.h"
#include "snap.h"

struct review_item {
	const struct snap_entry	*before;	/* NULL: it is new */
	const struct snap_entry	*now;
	const char		*kind;
	const char		*why;
};

struct review {
	struct review_item	*v;
	size_t			 n;
};

/*
 * Compare; dir is the snapshots' directory and ws the workspace, both open.
 * The items point into what was given.
 */
void	review_make(struct review *, const struct workspace *, int dir, int ws,
	    const struct snap *before, const struct snap *now,
	    const struct executes *);
void	review_free(struct review *);
/*
 * Append the differences of one item as diff -u writes them; what cannot be
 * shown (too large, not kept) is said in a line.  0, or -1 with errno.
 */
int	review_diff(const struct review_item *, int dir, int ws, struct buf *);

#endif
