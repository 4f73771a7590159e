/*
 * A process's descendants.
 */
#ifndef AIPOD_PROCS_H
#define AIPOD_PROCS_H

#include <sys/types.h>

/*
 * Send the signal to all descendants of pid, however far down and in whatever
 * session.  Returns how many were there.  Where there is no /proc: to its
 * children's process groups as far as they are known, that is none.
 */
int	procs_signal(pid_t, int sig);
/*
 * Kill this process's descendants and reap them until there are none (it must
 * be a subreaper, or those that were orphaned are not seen).
 */
void	procs_end(pid_t self);
/* Kill every process of this user that has the variable NAME=VALUE. */
void	procs_kill_marked(const char *mark);
void	procs_noop(int sig);

#endif
