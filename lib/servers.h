/*
 * The servers of a session: which there are, and how they are started.
 */
#ifndef AIPOD_SERVERS_H
#define AIPOD_SERVERS_H

#include "plan.h"
#include "supervise.h"

/* For aipod-launch: make their sockets and commands; exits when it cannot. */
void	xservers_add(struct plan *, struct supervise *);

#endif
