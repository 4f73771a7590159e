/*
 * Sessions: RUNTIME/HASH/SESSION.  What the container sees is the directory
 * run/ below it and nothing else; a session lives as long as its launcher
 * holds a lock on the file lock.
 *
 *	lock		flock(2)ed by the launcher
 *	container	name of the container
 *	engine		the engine's program
 *	workspace	canonical path of the workspace
 *	agent		name of the agent
 *	at		where the workspace is in the container
 *	kept		the kept container that it uses, if any: lib/kept.h
 *	ask.sock	where the launcher lends its terminal; host only
 *	run/		mounted read-only at /run/aipod; 0711, all else 0700 or
 *			0600
 *		mcp.sock egress.sock hosts
 */
#ifndef AIPOD_SESSION_H
#define AIPOD_SESSION_H

#include "workspace.h"

struct session {
	char	 hash[WORKSPACE_HASH];
	char	 id[SESSION_ID];
	char	*dir;
	int	 alive;			/* its launcher holds the lock */
};

/*
 * All sessions of one workspace (hash), or of all (NULL), sorted by hash and
 * id; the caller frees with sessions_free.  Returns the count, or -1 with
 * errno (EPERM: the runtime directory is not this user's alone); no directory
 * is no session.
 */
int	 sessions_list(const char *hash, struct session **);
void	 sessions_free(struct session *, int n);
/* The one with this hash and id among n, or NULL. */
const struct session *sessions_find(const struct session *, int n,
	    const char *hash, const char *id);
/* 1 when somebody holds the lock in this directory; 0 when not or no file. */
int	 session_dir_alive(const char *dir);
/* A fact of a session, e.g. "container": a new string, or NULL. */
char	*session_fact(const struct session *, const char *name);
/* Set a fact of a session that is being made; 0, or -1 with errno. */
int	 session_put(const struct session *, const char *name, const char *value);
/*
 * Make a new session's directory, run/ and lock, and hold the lock on *lockfd.
 * Nobody sees the directory before its lock is held.  Returns 0, or -1 with
 * errno.
 */
int	 session_make(const struct workspace *, struct session *, int *lockfd);
/* Remove the directory and what is in it; 0, or -1 with errno. */
int	 session_remove(const struct session *);
/*
 * Remove what died before it was a session in the workspace with this hash
 * (NULL: in all), when it is at least age seconds old, and the workspace's
 * directory if nothing else is in it.  0, or -1 with errno.
 */
int	 sessions_tidy(const char *hash, long age);

#endif
