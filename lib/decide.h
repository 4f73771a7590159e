/*
 * What the user has decided about findings: STATE/HASH/hidden and
 * STATE/HASH/ignored, about directories in STATE/HASH/masks and
 * STATE/HASH/unmasked, one record a decision.
 */
#ifndef AIPOD_DECIDE_H
#define AIPOD_DECIDE_H

#include <stddef.h>

struct finding;
struct workspace;

struct decision {
	char	*path;			/* below the workspace */
	char	*rule;			/* NULL: hidden by path alone */
	char	*print;
	char	*when;			/* 2026-11-21T16:00:00Z */
	char	*moved;			/* where to, NULL when it is in place */
};

struct decisions {
	struct decision	*v;
	size_t		 n;
};

/* The lists of a workspace, and a lock on them. */
struct decided {
	char		*dir;		/* STATE/HASH */
	struct decisions hidden;
	struct decisions ignored;
	struct decisions masks;		/* path and time only */
	struct decisions unmasked;	/* offered, and not wanted */
	int		 lock;
};

/*
 * Read the lists; with change, under an exclusive lock that decided_free lets
 * go of.  When this directory has none and another one that is gone had the
 * same inode, its lists are taken over and *was is its path (else NULL).
 * Exit ST_SYS or ST_USAGE (a list that does not parse).
 */
void	xdecided_load(struct decided *, const struct workspace *, int change,
	    char **was);
void	xdecided_save(const struct decided *, const struct workspace *);
void	decided_free(struct decided *);

/* Add to a list, once.  Returns 1 when it was new. */
int	xdecisions_add(struct decisions *, const char *path, const char *rule,
	    const char *print, const char *moved);
/* Remove all that have the path; the number of them. */
size_t	decisions_remove(struct decisions *, const char *path);
/* The first with the path, or NULL. */
struct decision *decisions_find(const struct decisions *, const char *path);

/* 1 when the path, or a directory above it, is on the list. */
int	decisions_cover(const struct decisions *, const char *path);
/* 1 when nothing more has to be decided about the finding. */
int	decided_settles(const struct decided *, const struct finding *);

#endif
