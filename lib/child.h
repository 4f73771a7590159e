/*
 * Child processes and what became of them.
 */
#ifndef AIPOD_CHILD_H
#define AIPOD_CHILD_H

#include <sys/types.h>

struct buf;

/*
 * Start v[0] (searched on PATH when it has no slash) with descriptors in, out
 * and err as 0, 1 and 2 (-1: keep this process's own).  Every other descriptor
 * must be close-on-exec already.  Signal dispositions and mask are the
 * default in the child.  Returns the pid, or -1 with errno.  When the program
 * cannot be run, the child ends with ST_NOTFOUND or ST_NOEXEC, and a line on
 * its standard error.
 */
pid_t	child_start(char *const *v, int in, int out, int err);

/* Wait, restarting after EINTR: the exit status by child_status, or -1. */
int	child_wait(pid_t);

/* waitpid(2)'s status as ours: the child's own, or 128 plus the signal. */
int	child_status(int wstatus);

/* child_start, then child_wait. */
int	child_run(char *const *v);
/* The same with /dev/null for standard input, output and error. */
int	child_run_quietly(char *const *v);

/*
 * Run with the bytes of `in` (may be NULL: /dev/null) as standard input and
 * collect standard output, at most max bytes (more: the child is killed and
 * -1, EMSGSIZE).  Standard error stays this process's.
 */
int	child_capture(char *const *v, const struct buf *in, struct buf *out,
	    size_t max);

#endif
