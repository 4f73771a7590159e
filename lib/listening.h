/*
 * Which TCP ports are listened on in this network namespace, as Linux tells in
 * /proc/net/tcp and tcp6.
 */
#ifndef AIPOD_LISTENING_H
#define AIPOD_LISTENING_H

#include <stddef.h>

#define LISTENING_MAX	32		/* the lowest of them are told */

/*
 * Add what the n bytes in the format of those files say to the sorted list of
 * *count ports, each once.
 */
void	listening_parse(const char *, size_t n, int ports[LISTENING_MAX],
	    size_t *count);
/* The ports, sorted; how many. */
size_t	listening(int ports[LISTENING_MAX]);

#endif
