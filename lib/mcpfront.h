/*
 * The process that faces the agent: one poll loop over all connections.  It
 * parses, answers, and hands calls to the process of lib/mcprun.
 */
#ifndef AIPOD_MCPFRONT_H
#define AIPOD_MCPFRONT_H

#include "mcpgate.h"
#include "mcptool.h"

#define FRONT_CONNS	256
#define FRONT_CALLS	96			/* tools at once */
#define FRONT_HELD	(32 * 1024 * 1024)	/* bytes in all buffers */
#define FRONT_INSTALLS	32
#define FRONT_QUICK	1000			/* ms until a stream opens */

struct front_file {
	char	*name;
	char	*text;
	size_t	 len;
};

struct front_config {
	struct gate		gate;
	struct mcptools		tools;
	struct front_file	install[FRONT_INSTALLS];
	size_t			ninstall;
	long long		timeout;	/* ms for a slow client */
	long long		tick;		/* ms between signs of life */
};

/* Read the install scripts of all agents, for /install/AGENT.sh. */
void	xfront_installs(struct front_config *);
/* Free it and what it has; the token is its own. */
void	front_config_free(struct front_config *);

/*
 * Serve the listening socket, calls through the channel's descriptor, until
 * that is closed or says stop and the open answers are out.  Returns 0, or -1
 * with errno.
 */
int	mcpfront(const struct front_config *, int listener, int channel);

#endif
