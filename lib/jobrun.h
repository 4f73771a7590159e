/*
 * The process that looks after one command.
 */
#ifndef AIPOD_JOBRUN_H
#define AIPOD_JOBRUN_H

#include "workspace.h"

struct jobrun {
	const char	*command;	/* NUL-terminated */
	const struct workspace *w;
	const char	*session;
	const char	*id;
	int		 dirfd;		/* the host's directory of the job */
	int		 sessionlock;	/* readable, not locked */
	long long	 max;		/* bytes kept of stdout and of stderr */
	int		 done;		/* one byte when it has started, closed
					   when the exit is recorded */
};

/* Run it; in a child of its own, with what it needs open.  Never returns. */
void	jobrun(struct jobrun *) __attribute__((noreturn));

#endif
