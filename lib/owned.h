/*
 * What the engine keeps for us: containers, volumes, networks and images that
 * carry our labels or names.  An engine that does not answer (a docker client
 * with no daemon) has nothing; that is told by -1 and shown to nobody.
 */
#ifndef AIPOD_OWNED_H
#define AIPOD_OWNED_H

#include "argv.h"
#include "engine.h"

enum owned_kind { OWNED_CONTAINER, OWNED_VOLUME, OWNED_NETWORK, OWNED_IMAGE };

struct owned {
	char	*id;			/* what to remove it by */
	char	*name;
	char	*hash;			/* label aipod.workspace; container */
	char	*session;		/* label aipod.session; container */
	char	*role;			/* label aipod.role; container */
};

/*
 * What there is of a kind: of one workspace (hash) or of all (NULL, containers
 * only).  Returns the count, or -1 when the engine cannot be asked.
 */
int	owned_list(const struct engine *, enum owned_kind, const char *hash,
	    struct owned **);
/* 1 when a workspace (hash) has one of this name. */
int	owned_has(const struct engine *, enum owned_kind, const char *hash,
	    const char *name);
void	owned_free(struct owned *, int n);
/*
 * Remove by id or name, running containers too, with anonymous volumes.  0, or
 * -1 when the engine failed, whose message has gone to standard error then.
 */
int	owned_remove(const struct engine *, enum owned_kind, char *const *ids);
/*
 * The session's directory from which something of the container with this
 * id is mounted: a path that ends in HASH/SESSION.  A new string, or NULL.
 */
char	*owned_session_dir(const struct engine *, const struct owned *);

/*
 * What the lock of a container's session says.  FOREIGN: the session is
 * another user's, and nobody here can tell.  UNKNOWN: the container is
 * mounted nothing of a session, or of one in a place that is gone.
 */
enum owned_fate { OWNED_ALIVE, OWNED_DEAD, OWNED_FOREIGN, OWNED_UNKNOWN };
enum owned_fate owned_judge(const struct engine *, const struct owned *);

/* "container", "volume", "network" or "image". */
const char *owned_kind_name(enum owned_kind);

#endif
