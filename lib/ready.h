/*
 * Telling whoever started a server that it serves: a newline on a descriptor
 * that it inherited.
 */
#ifndef AIPOD_READY_H
#define AIPOD_READY_H

/* The descriptor that an option names, close-on-exec; ST_USAGE if it is none. */
int	xready_fd(const char *);
/* Tell it and close it; -1: nobody wants to know. */
void	ready_tell(int fd);

#endif
