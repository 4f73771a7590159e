/*
 * Another provider for an agent: a small file of the user's,
 * $XDG_CONFIG_HOME/aipod/providers/NAME, said in the agent's own words by
 * what its directory has in "provider" (aipod-agents(5)).
 */
#ifndef AIPOD_PROVIDER_H
#define AIPOD_PROVIDER_H

#include "agent.h"
#include "argv.h"
#include "buf.h"

struct provider {
	char		*name;
	struct argv	 keys;		/* base_url, model, ... */
	struct argv	 values;	/* of the same place */
	char		*host;		/* of base_url */
	int		 port;
};

/* Exit ST_USAGE when there is none of this name or it says what cannot be. */
void	xprovider_load(struct provider *, const char *name);
void	provider_free(struct provider *);

/*
 * Append the options that the agent is to get.  None of them holds the key.
 * Exit ST_USAGE when the agent knows of no other provider.
 */
void	xprovider_options(const struct provider *, const struct agent *,
	    struct argv *);
/*
 * Append the environment, as a script for sh(1) that exports it; the key is in
 * there, read now.  Exit ST_USAGE when it cannot be had.
 */
void	xprovider_script(const struct provider *, const struct agent *,
	    struct buf *);

/*
 * For a session, before its servers start: provider.sh in agent_dir, an open
 * directory, and a rule for the host in the session's directory; says so
 * unless quiet.
 */
void	xprovider_give(const char *name, const struct agent *,
	    const char *session, int agent_dir, int quiet);

#endif
