/*
 * Commands that run on the host for an agent.  What counts is kept on the
 * host, STATE/HASH/commands/SESSION/ID, one fact a file:
 *
 *	command		the bytes
 *	started		seconds since the epoch
 *	lock		held by its supervisor
 *	pid		of the supervisor
 *	stdout stderr	what it wrote, up to a bound
 *	exit		a record: status, how it ended, when
 *
 * Copies for the agent to read go to WORKSPACE/.aipod/commands/SESSION/ID;
 * nothing is ever read from there.
 */
#ifndef AIPOD_JOB_H
#define AIPOD_JOB_H

#include <stddef.h>

#include "workspace.h"

#define JOB_ID		17		/* 16 hexadecimal digits and a NUL */
#define JOB_RUNNING	16		/* at a time in a session */
#define JOB_KEPT	200		/* finished ones kept for a workspace */

struct job {
	char		 id[JOB_ID];
	char		 session[SESSION_ID];
	char		*dir;
	char		*command;
	size_t		 len;
	long long	 started;
	int		 running;	/* its supervisor is there */
	int		 ended;		/* the exit is recorded */
	int		 status;	/* when ended */
	char		 how[16];	/* exited, stopped, session, lost */
};

/*
 * Start the command with /bin/sh -c in the workspace, looked after by a
 * process of its own until it and all its descendants are gone, or the session
 * (which holds a lock on sessiondir/lock) is over.  Returns a descriptor that
 * reads end of file when the exit has been recorded, or -1 with errno:
 * ESHUTDOWN when the session is over, EBUSY when too many run.  On success
 * job is filled in as by job_load.
 */
int	 job_start(const struct workspace *, const char *session,
	    const char *sessiondir, const char *cmd, size_t len, struct job *);

/* 0, or -1 with errno ENOENT when there is none by this id. */
int	 job_load(const struct workspace *, const char *session, const char *id,
	    struct job *);
void	 job_free(struct job *);
/*
 * All of a session, or of the workspace (NULL), oldest first; count.  A
 * command whose supervisors were killed is given its record here.
 */
int	 jobs_list(const struct workspace *, const char *session, struct job **);
void	 jobs_free(struct job *, int n);

/* TERM, and KILL after 5 s, to all of it; returns at once.  0, or -1. */
int	 job_stop(const struct job *);
/* Wait until the exit is recorded, at most ms; 1 when it is. */
int	 job_wait(struct job *, int fd, int ms);

/* For the supervisor: record the end once; the first record stays. */
int	 job_record(int dirfd, int status, const char *how);

#endif
