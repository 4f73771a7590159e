/*
 * The process behind the interface: starts tools, feeds them their arguments,
 * collects what they say, ends them.  It never sees HTTP and never parses
 * JSON.
 */
#ifndef AIPOD_MCPRUN_H
#define AIPOD_MCPRUN_H

#include "mcptool.h"

#define MCPRUN_MAX	128			/* tools at once */
#define MCPRUN_NEW	4			/* of them just started */
#define MCPRUN_YOUNG	100			/* ms that they count as that */
#define MCPRUN_BRIEF	4			/* ms in which its output waits */
#define MCPRUN_STAY	4			/* processes of a tool that stays */

/*
 * Serve the socket until the other end closes it, or SIGTERM, SIGINT or SIGHUP
 * arrives: then the other end is told, the tools are ended, and when it has
 * closed its end or three seconds are over, this returns.  0, or -1 when the
 * other end broke the interface.
 */
int	mcprun(const struct mcptools *, int fd);

#endif
