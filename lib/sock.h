#ifndef AIPOD_SOCK_H
#define AIPOD_SOCK_H

/*
 * A listening Unix stream socket at dir/name, mode 0600, close-on-exec; name
 * alone counts against the length that an address may have (dir is entered
 * for the time of the call: for programs of one thread).  Returns the
 * descriptor, or -1 with errno.
 */
int	sock_listen_at(const char *dir, const char *name, int backlog);

/* Connect to the Unix socket at path, however long; close-on-exec. */
int	sock_connect(const char *path);

#endif
