/*
 * Processes that do for a confined one what it may not do itself.
 */
#ifndef AIPOD_SIDEKICK_H
#define AIPOD_SIDEKICK_H

/*
 * Start one that calls serve with one end of a stream socket and no other
 * descriptor but 0, 1 and 2.  It does not hear the terminal's keys: it should
 * end when its socket does.  The other end, close-on-exec, or -1 with errno.
 */
int	sidekick_start(void (*serve)(int fd, void *arg), void *arg);

#endif
