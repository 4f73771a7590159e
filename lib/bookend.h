/*
 * What stands at both ends of a session: the workspace is remembered before
 * the agent runs, and after it the user is told what it wrote that the host
 * would execute.  Settings: UNDO, REVIEW.
 */
#ifndef AIPOD_BOOKEND_H
#define AIPOD_BOOKEND_H

#include <sys/types.h>

#include "box.h"

/*
 * Start to remember; the process that does, or 0 when nothing is wanted.  Warns
 * when it cannot be started.
 */
pid_t	bookend_begin(const struct box *);
void	bookend_end(const struct box *);

#endif
