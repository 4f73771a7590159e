/*
 * What the user lends to a box, and only when asked to: sockets of agents that
 * hold keys, a device, and caches that workspaces have in common.
 */
#ifndef AIPOD_LEND_H
#define AIPOD_LEND_H

#include "argv.h"
#include "box.h"

enum { LEND_SSH = 1, LEND_GPG = 2, LEND_1PASSWORD = 4, LEND_YUBIKEY = 8 };

#define LEND_CACHE	"/var/cache/aipod"	/* where the caches are */

/*
 * Put them in the box.  What is asked for and not there is left out; a line
 * says so.  caches: names with commas between, or NULL.  Exit ST_USAGE for an
 * unknown one.
 */
void	xlend(struct box *, unsigned int what, const char *caches);

/* The device nodes of security keys by what sysfs, at sys, has. */
void	lend_find_yubikeys(const char *sys, struct argv *);

#endif
