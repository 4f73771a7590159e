/*
 * A command whose output is collected while the program goes on.  It leads a
 * process group of its own and has no terminal for input.
 */
#ifndef AIPOD_TASK_H
#define AIPOD_TASK_H

#include <sys/types.h>

#include "buf.h"

#define TASK_OUTPUT_MAX	(256 << 10)

struct task {
	pid_t		 pid;		/* 0: none */
	int		 fd;		/* -1: none or at its end */
	int		 status;	/* by child_status, once it is over */
	struct buf	 out;		/* standard output and error */
	int		 cut;		/* there was more */
};

#define TASK_INIT	{ 0, -1, 0, BUF_INIT, 0 }

/*
 * Start; whatever ran before is killed.  env is NULL or NAME=VALUE for the
 * child.  Returns 0, or -1 with errno.
 */
int	task_start(struct task *, char *const *v, char *env);
/* Read what there is; 1 when something changed. */
int	task_read(struct task *);
/* After SIGCHLD: 1 when it is over now, and all it wrote before is read. */
int	task_reap(struct task *);
/* Kill it and all of its group, and forget its output. */
void	task_kill(struct task *);

#endif
