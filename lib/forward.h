/*
 * The host's side of a port inside of the container: clients come by TCP, and
 * the relay inside has a connection waiting for each at a Unix socket
 * (lib/relayfwd.c has the other side).
 */
#ifndef AIPOD_FORWARD_H
#define AIPOD_FORWARD_H

#include "loop.h"

struct link;

struct forwarder {
	int		 port;		/* inside */
	int		 tcp;		/* listening; non-blocking, as is */
	int		 box;		/* the socket that the relay dials */
	const char	*path;		/* where that is bound */
	/* from here on forward_run's own */
	int		 over;
	struct loop	 loop;
	struct watch	 wtcp;
	struct watch	 wbox;
	struct watch	 wsignal;
	struct watch	 wpath;
	struct link	*links;
	unsigned int	 n;
	unsigned int	 waiting;	/* links that have no peer yet */
};

/*
 * Forward until SIGINT, SIGTERM or SIGHUP comes or path is removed: 0.  -1
 * with errno when it cannot begin.
 */
int	forward_run(struct forwarder *);

#endif
