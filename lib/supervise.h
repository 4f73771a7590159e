/*
 * Looking after a session's processes: the engine's client, the servers, the
 * user's terminal.
 */
#ifndef AIPOD_SUPERVISE_H
#define AIPOD_SUPERVISE_H

#include <sys/types.h>

#include "argv.h"
#include "session.h"
#include "term.h"

#define SUPERVISE_SERVERS	3
#define SUPERVISE_RESTARTS	5	/* of one server, then it stays down */
#define SUPERVISE_READY		15	/* seconds until all of them serve */
#define SUPERVISE_GRACE		10	/* seconds from TERM to removal */
#define SUPERVISE_TIDY		60	/* that the engine may take after it */

struct server {
	struct argv	argv;
	int		fd;		/* its listening socket, or -1 */
	int		ready[2];	/* a pipe; it tells on [1] that it */
					/* serves (lib/ready.h); or -1 */
	const char	*loss;		/* what is so once it is down */
	pid_t		pid;		/* 0: not running */
	int		serves;		/* it has told so */
	int		restarts;
};

struct supervise {
	struct server	 server[SUPERVISE_SERVERS];
	int		 nserver;
	pid_t		 before;	/* the agent waits for its end, or 0 */
	struct argv	*engine;	/* the command that runs the box */
	struct argv	*remove;	/* the command that removes it */
	struct term	*term;		/* NULL: stdio passes untouched */
	int		 end[2];	/* with term: for the child */
	int		 sizes;		/* the client does not pass them on */
	const char	*cid;		/* file that tells it was created */
	const char	*life_path;	/* the socket of the box's lifeline, */
	int		 life_listen;	/* which listens, until it is tied */
	/* filled in */
	int		 life;		/* to PID 1 in the box, or -1 */
	int		 tied;		/* the box was up */
	int		 failed;	/* what it needs did not come up: no box */
	int		 created;	/* the container came into being */
	int		 unclean;	/* it may still be there: remove it */
	unsigned char	 early[16];	/* signals before the box was up */
	int		 nearly;
	char		 size[16];	/* of the terminal, as PID 1 is told */
};

/*
 * Start the watchdog: a process that does nothing until this one is gone
 * without having called watchdog_done, and then sweeps the session.  It holds
 * neither the session's lock nor that of a kept container (-1: none): a launch
 * right after this one gets both.  Returns its descriptor and sets *pid, or
 * returns -1 with errno.
 */
int	watchdog_start(const struct session *, int lockfd, int keptfd,
	    pid_t *pid);
void	watchdog_done(int fd, pid_t);

/*
 * Start servers and engine, pass on signals and bytes, restart what dies
 * before its time, until the engine's client ends; then end the servers.
 * What runs in the box begins when the servers serve, and never if one of them
 * does not: that was said then.  One that keeps dying later stays down, and
 * its socket with it; the user is told.
 * Returns the container's status, ST_SYS when a server did not come up, or -1
 * with errno when it could not start.
 */
int	supervise(struct supervise *);

#endif
