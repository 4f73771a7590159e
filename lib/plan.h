/*
 * What aipod-launch is to do: its options, what the workspace remembers, the
 * settings, in this order.
 */
#ifndef AIPOD_PLAN_H
#define AIPOD_PLAN_H

#include "agent.h"
#include "box.h"
#include "engine.h"
#include "prepare.h"
#include "session.h"
#include "workspace.h"

/* Its parts point into each other: it stays where it is. */
struct plan {
	struct workspace w;
	struct engine	 engine;
	struct session	 session;
	struct kept	 kept;		/* box.kept is this or NULL */
	struct agent	 agent;
	struct box	 box;
	struct prepare	 prep;
	const char	*egress;	/* ask, deny, record or open */
	const char	*agents;	/* all of the image; one is to run */
	char *const	*words;		/* behind the options */
	unsigned int	 lend;		/* LEND_... */
	const char	*caches;	/* npm,pip,... or NULL */
	const char	*login;		/* own or share */
	int		 git_guard;
	int		 keep;		/* what is new; -1: use nothing kept */
	int		 lock;
};

/*
 * Take the command line.  Exits as tool_getopt, and ST_USAGE when there is no
 * such workspace.
 */
void	xplan_parse(struct plan *, int argc, char *argv[]);
/* The rest; exit ST_USAGE for a setting or an agent that cannot be. */
void	xplan_settle(struct plan *);

#endif
