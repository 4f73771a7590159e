/*
 * Being PID 1: one child that all this is for, one helper beside it.
 */
#ifndef AIPOD_INIT_H
#define AIPOD_INIT_H

#include <sys/resource.h>

struct init {
	char *const	*argv;		/* the child */
	struct rlimit	 nofile;	/* what the child is to have */
	int		 verbose;	/* keep standard error for messages */
	/* does not return; closes the descriptor once it is ready */
	void		(*helper)(void *, int);
	void		*arg;
	const char	*life;		/* socket of the launcher's lifeline */
	int		 tied;		/* or what it is already; 0: not so */
};

/*
 * The lifeline: a connection to the launcher, made before the child starts
 * and open as long as this process lives.  The launcher sends a zero byte once
 * nobody else can connect any more, then signals to pass on, a byte each, and
 * sizes that the terminal shall have, "ROWSxCOLUMNS;" (right after the zero
 * byte: before the child starts); when it hangs up, the child gets SIGTERM
 * and, INIT_GRACE seconds later, SIGKILL.
 */
#define INIT_GRACE	10
#define INIT_PATIENCE	20	/* seconds that the environment may take */

/*
 * Run the helper in a process of its own and the child in the foreground of
 * the terminal, if there is one, once the helper is ready; pass every signal
 * on to the child, which is held back (lib/hold.h), and bury whatever dies.  A
 * helper that dies is started again.  Returns the child's exit status once it
 * has ended: its own, 128 plus its signal, ST_NOTFOUND or ST_NOEXEC; ST_SYS
 * when nothing could be started or a lifeline is there and could not be had.
 */
int	init_run(const struct init *);

#endif
