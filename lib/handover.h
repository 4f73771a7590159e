/*
 * A client handed over: the relay sends the head of a CONNECT over a channel,
 * a connection to egress.sock, with the client's socket attached to it, and
 * has no more to do with the client.  aipod-egress serves it on that socket.
 * When the connection is over, the head's Ticket, a number, comes back on the
 * channel as a line.
 */
#ifndef AIPOD_HANDOVER_H
#define AIPOD_HANDOVER_H

#include <sys/types.h>

#define HANDOVER_TICKETS	4096	/* numbers below this */

/* Send n bytes, at least one, with the descriptor.  0, or -1 with errno. */
int	handover_send(int channel, const void *, size_t n, int fd);
/*
 * recv(2) that does not wait; *fd becomes the descriptor that was attached to
 * these bytes, close-on-exec, or -1.
 */
ssize_t	handover_recv(int channel, void *, size_t n, int *fd);
/* 1 when the descriptor, which may be anything, is a TCP socket. */
int	handover_good(int fd);

#endif
