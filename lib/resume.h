/*
 * Going on in a kept container.  For aipod-launch: these print and exit.
 */
#ifndef AIPOD_RESUME_H
#define AIPOD_RESUME_H

#include "plan.h"

/*
 * Take a kept container that is free, or, when what is new is to be kept, make
 * a new one: p->box.kept.  With a rebuilt image or --no-keep nothing is gone
 * on in; the dry run takes nothing.
 */
void	xresume_choose(struct plan *p);

/*
 * The engine's command for the session that has just been made: that which
 * runs a new container, or starts the kept one.  What is mounted is fixed when
 * a container is made: where that differs now, the kept one becomes an image
 * and a container is made from it.
 */
void	xresume_argv(struct plan *p, struct argv *);

/*
 * The session is over.  failed: its container did not come up.  Returns 1
 * when that is because the kept container is not there any more, so that it
 * is worth to be tried again.
 */
int	resume_end(struct plan *p, int failed);

#endif
