/*
 * One process of a tool: started in a group of its own, given its arguments,
 * its output collected, ended when it must be.
 */
#ifndef AIPOD_MCPPROC_H
#define AIPOD_MCPPROC_H

#include <sys/types.h>
#include <stddef.h>

#include "buf.h"

#define MCPPROC_OUTPUT	(1024 * 1024)	/* bytes, past which it is ended */
#define MCPPROC_GRACE	2000		/* ms from TERM to KILL */

struct mcpproc {
	pid_t		pid;		/* 0: not started; also its group */
	int		stays;		/* for more than one call */
	int		in;		/* its standard input, or -1 */
	int		out;
	struct buf	args;		/* not yet written to it; owned */
	struct buf	output;		/* owned; bad: it was too much */
	long long	kill_at;	/* ms; 0: it was not ended */
};

/* Nothing is open, nothing owned. */
void	mcpproc_init(struct mcpproc *);
void	mcpproc_release(struct mcpproc *);
/*
 * Start argv[0], a path, with what args holds on its standard input.  0, or -1
 * with errno.
 */
int	mcpproc_start(struct mcpproc *, char *const *argv);
/*
 * Write of args what goes; its standard input is closed behind the last byte
 * unless it stays.
 */
void	mcpproc_feed(struct mcpproc *);
/* Read what is there; out is -1 once there can be no more. */
void	mcpproc_collect(struct mcpproc *);
/* TERM to its group; KILL is due at kill_at.  Once. */
void	mcpproc_end(struct mcpproc *);
/* KILL to its group when that is due. */
void	mcpproc_kill_late(struct mcpproc *, long long now);
/*
 * The answer to a call of one that stays: a line, the status in decimal, a
 * blank, an object.  1 with both told; 0 when it is not whole yet; -1 when it
 * is none, or there is more than was asked for.
 */
int	mcpproc_line(const struct mcpproc *, int *status, const char **object,
	    size_t *n);

/* The clock that kill_at is of: CLOCK_MONOTONIC in ms. */
long long mcpproc_now(void);

#endif
