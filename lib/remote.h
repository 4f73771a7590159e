/*
 * An engine that is reached elsewhere: the environment, a connection of
 * Podman's or a context of Docker's may name another machine, or a virtual
 * one.  Neither the workspace nor a session's sockets are there to be mounted.
 */
#ifndef AIPOD_REMOTE_H
#define AIPOD_REMOTE_H

#include "engine.h"

/*
 * The address of an engine that is elsewhere, a new string; NULL when it is
 * on this machine.  Asks the engine's client, who asks nobody, where a
 * connection or a context is named; *by becomes what has named it.
 */
char	*remote_address(const struct engine *, const char **by);

#endif
