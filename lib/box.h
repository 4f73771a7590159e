/*
 * The box: the engine's command line that makes one.  Everything that keeps
 * the agent in is said here and nowhere else.
 */
#ifndef AIPOD_BOX_H
#define AIPOD_BOX_H

#include "argv.h"
#include "buf.h"
#include "engine.h"
#include "kept.h"
#include "session.h"
#include "workspace.h"

#define BOX_HOME	"/home/aipod"
#define BOX_RUN		"/run/aipod"
#define BOX_USERS	"/etc/passwd"

struct box {
	const struct engine	*engine;
	const struct workspace	*workspace;
	const struct session	*session;
	const struct kept	*kept;		/* NULL: gone at the end */
	const char		*image;
	const char		*agent;
	const char		*at;		/* where the workspace is */
	const char		*network;	/* NULL: none, the only safe one */
	const char		*home;		/* NULL: BOX_HOME alone */
	const char		*login;		/* shared, a path in the box; NULL */
	const char		*user;		/* its name, shared; NULL */
	const char		*users;		/* file with that, or NULL */
	int			 tty;
	int			 read_only;
	const char		*memory;	/* as the engine takes it, or NULL */
	const char		*cpus;
	const char		*pids;
	struct argv		 guard;		/* pairs: relative path, ro|rw */
	struct argv		 outside;	/* triples, as mounts: for git */
	struct argv		 hidden;	/* pairs: relative path, file|dir */
	struct argv		 masks;		/* pairs: relative path, volume */
	struct argv		 mounts;	/* triples: at, host path, ro|rw */
	struct argv		 env;		/* KEY=VALUE, or KEY to pass on */
	struct argv		 devices;	/* paths of nodes */
	struct argv		 caches;	/* names: lib/lend.h */
	struct argv		 links;		/* PATH=TARGET, made inside */
	struct argv		 command;	/* what relay runs */
};

/*
 * The user that the container runs as: the invoking one, or, when root runs
 * a rootful engine, the owner of the workspace, so that files made in it
 * belong to whom they should and root's power is not lent to the agent.
 */
void	xbox_user(const struct box *, unsigned long *uid, unsigned long *gid);
/* 1 when the engine maps users itself (rootless Podman: keep-id). */
int	box_keep_id(const struct box *);

/*
 * The name of the container: the session's, or the kept one's.
 */
char	*box_name(const struct box *);

/*
 * What a box that is kept reads at each start, which aipod-relay(1) has under
 * --start: its environment and command.  Append it.
 */
void	xbox_start_words(const struct box *, struct buf *);

/*
 * Append the command that runs the box to an empty vector.  Exit ST_USAGE
 * when the workspace's path cannot be said to the engine.
 */
void	xbox_argv(const struct box *, struct argv *);

/*
 * Parts of it that a service's container has as well: mount from at to; no
 * capability, no new privilege, and the limits.  Exit as xbox_argv.
 */
void	xbox_bind(struct argv *, const char *from, const char *to, int ro);
void	xbox_harden(const struct box *, struct argv *);

/*
 * Exit ST_USAGE when this workspace would hand the agent aipod's own files: it
 * is, or contains, the configuration, the state or the runtime directory.
 */
void	xbox_check_workspace(const struct workspace *);

#endif
