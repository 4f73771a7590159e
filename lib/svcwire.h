/*
 * What passes once between whoever looks after a service on the host and the
 * relay that is PID 1 in its container, on a socket that is gone before
 * anything of the image's runs: two descriptors and the environment.  After
 * that the connection is the relay's lifeline (lib/init.h), on which it says at
 * last how the service ended.
 */
#ifndef AIPOD_SVCWIRE_H
#define AIPOD_SVCWIRE_H

#include "buf.h"

#define SVCWIRE_SOCK	"start.sock"
#define SVCWIRE_ENV	(64 * 1024)	/* bytes of KEY=VALUE and NULs */

enum { SVCWIRE_LISTENER, SVCWIRE_LOG, SVCWIRE_FDS };

/* 0, or -1 with errno. */
int	svcwire_send(int fd, const int fds[SVCWIRE_FDS], const struct buf *env);
/* Waits at most ms for each part.  0, or -1 with errno. */
int	svcwire_recv(int fd, int fds[SVCWIRE_FDS], struct buf *env, int ms);

/* The end: the exit status, and whether memory ran out. */
void	svcwire_end(int fd, int status, int oom);
/* 1 with the end, 0 when there is none to be read. */
int	svcwire_ended(int fd, int *status, int *oom);

#endif
