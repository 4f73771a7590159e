/*
 * What git on the host would execute or obey, put out of the agent's reach:
 * hooks, configuration and what it includes, attributes, commondir, of every
 * repository in the workspace.  Each git directory is mounted on itself, which
 * pins its name, and then the files in it read-only; what is missing gets a
 * placeholder for the time of the session, because only what exists can be
 * mounted over.
 */
#ifndef AIPOD_GITGUARD_H
#define AIPOD_GITGUARD_H

#include "argv.h"
#include "workspace.h"

#define GITGUARD_DEPTH	8		/* directories down from the workspace */
#define GITGUARD_MAX	100000		/* directories looked at */
#define GITGUARD_REPOS	256

struct gitguard {
	struct argv	mounts;		/* pairs: path in the workspace, ro|rw */
	struct argv	missing;	/* pairs: path, file|dir|dot */
	struct argv	links;		/* .git files */
	struct argv	outside;	/* triples: in the box, on the host, ro|rw */
	int		lock;		/* held from find to make, or -1 */
	char		why[512];	/* after failure */
};

/*
 * Look for repositories and fill both lists, parents before children.
 * Nothing in the workspace is made.  With hold, a lock keeps other sessions
 * from removing what was seen, until gitguard_make.  Returns 0, or -1 with why
 * set: a link where git wants a file of its own, more than the bounds allow, a
 * path that cannot be read.
 */
int	gitguard_find(const struct workspace *, struct gitguard *, int hold);
void	gitguard_free(struct gitguard *);
/* Close one more path in the workspace; kind as in missing. */
int	gitguard_close(const struct workspace *, struct gitguard *,
	    const char *path, const char *kind);

/* The lock on a workspace's placeholders; -1 with errno. */
int	gitguard_lock(const struct workspace *);
/*
 * Make the placeholders and note them in the state's fact "placeholders",
 * before; 0, or -1 with why set.  Call with a session of one's own alive, and
 * after gitguard_find with hold; the lock is released.
 */
int	gitguard_make(const struct workspace *, struct gitguard *);
/* Those that are noted, as pairs like missing; 0, or -1 with errno. */
int	gitguard_placeholders(const struct workspace *, struct argv *);
/*
 * Remove placeholders of the workspace when no session but this one (NULL: no
 * session at all) is alive.  What is no longer as it was made stays.
 */
void	gitguard_unmake(const struct workspace *, const char *session);
/*
 * The same for a dead session, whose workspace is among its facts, which is
 * then removed: as session_remove.
 */
struct session;
int	gitguard_bury(const struct session *);

#endif
