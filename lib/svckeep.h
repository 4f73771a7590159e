/*
 * Looking after a service: pull its image, run its container, keep its log,
 * tell when it can be reached, and leave nothing of it when it ends or its
 * session does.
 */
#ifndef AIPOD_SVCKEEP_H
#define AIPOD_SVCKEEP_H

#include "engine.h"
#include "session.h"
#include "svc.h"
#include "workspace.h"

struct svckeep_job {
	const struct workspace	*workspace;
	const struct session	*session;
	const struct engine	*engine;
	const struct svcspec	*spec;
};

/*
 * Begin, in a process of its own.  Returns a descriptor on which that process
 * writes a line whenever the state changes: "pulling TEXT", "starting",
 * "running", and "failed" when it could not be started, after which everything
 * of it but its facts is gone.  To let go of a service that goes on, or of one
 * whose end is to be remembered, write "k"; if the descriptor is closed without
 * it is ended and forgotten.  End of file: it is gone.  Or -1 with *why set
 * to words for an agent.
 */
int	svckeep_start(const struct svckeep_job *, const char **why);

/*
 * For the keeper: the session's own /etc/hosts, where the container has a
 * network and so the engine's resolver.  Put the service in or take it out.
 */
void	svckeep_hosts(const struct session *, const char *name, int there);

#endif
