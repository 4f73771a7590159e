/*
 * Descriptors that go over a Unix socket along with bytes.
 */
#ifndef AIPOD_RIGHTS_H
#define AIPOD_RIGHTS_H

#include <sys/types.h>

#define RIGHTS_MAX	4		/* with one message */

/*
 * send(2) with n descriptors attached, and without SIGPIPE; at least one byte.
 * Restarts after EINTR.
 */
ssize_t	rights_send(int sock, const void *, size_t, const int *fds, int n,
	    int flags);
/*
 * recv(2); the n descriptors that were attached to these bytes come
 * close-on-exec, or all of fds is -1: there were none.  Another number is an
 * error, EPROTO, and they are closed.  Restarts after EINTR.
 */
ssize_t	rights_recv(int sock, void *, size_t, int *fds, int n, int flags);

#endif
