/*
 * Kept containers: those that are stopped, not removed, at a session's end,
 * and in which another session goes on.  What is known of one is in
 * STATE/HASH/kept/ID:
 *
 *	lock	held by the launcher whose session uses it
 *	agent	name of the agent
 *	engine	the engine's program
 *	image	what the image was, as the state's fact "image" had it
 *	spec	digest of how it was made
 *	layer	image that it was made anew from, once it was
 *	layers	how many of ours that has
 *	used	when a session began in it last
 *
 * Its container is aipod-HASH-ID.  Each of its sessions has a name and sockets
 * of its own; what is mounted at /run/aipod is RUNTIME/HASH/kept/ID/run, which
 * is made for a session and removed with it, and which the session's own run
 * leads to.
 */
#ifndef AIPOD_KEPT_H
#define AIPOD_KEPT_H

#include "engine.h"
#include "session.h"
#include "workspace.h"

struct kept {
	char	 hash[WORKSPACE_HASH];
	char	 id[SESSION_ID];
	char	*dir;			/* STATE/HASH/kept/ID */
	char	*runtime;		/* RUNTIME/HASH/kept/ID */
	int	 lock;			/* -1: not held */
};

/* All of a workspace (hash), or of all (NULL); count, or -1 with errno. */
int	 kept_list(const char *hash, struct kept **);
void	 kept_free(struct kept *, int n);
/* 1 when a session uses it. */
int	 kept_in_use(const struct kept *);
char	*kept_container(const struct kept *);
/* A fact: a new string or NULL; set one: 0, or -1 with errno. */
char	*kept_fact(const struct kept *, const char *name);
int	 kept_put(const struct kept *, const char *name, const char *value);

/*
 * Take the one that was used last of those that are free, for this agent and
 * engine.  1, 0 when there is none, -1 with errno.  What a killed session has
 * left running in it is stopped.
 */
int	 kept_take(struct kept *, const struct workspace *,
	    const char *engine, const char *agent);
/* A new one, taken; 0, or -1 with errno. */
int	 kept_make(struct kept *, const struct workspace *,
	    const char *engine, const char *agent);
/*
 * A session, just made, that is to use it: its run becomes what the container
 * is mounted.  0, or -1 with errno.
 */
int	 kept_begin(const struct kept *, const struct session *);
/* The session is over, and so is the container's run. */
void	 kept_end(struct kept *);
/* Forget it: of the container nothing is left.  Of a taken one only. */
int	 kept_forget(struct kept *);

/*
 * Remove the container, what it was made from, and all that is known of it.
 * 0, or -1 with errno: EWOULDBLOCK when a session uses it.
 */
int	 kept_remove(struct kept *);

/*
 * A dead session: stop the kept container that it used, if any, put the
 * workspace's git in order and remove its directory.  0, or -1 with errno.
 */
int	 kept_bury(const struct session *);

#endif
