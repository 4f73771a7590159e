/*
 * What a devcontainer.json runs in a new container: kept as the state's fact
 * "postcreate", lines for sh(1), and run in the box before the first command
 * of the first session.  That it has run is in the home volume,
 * .aipod/created: nothing depends on it outside of the box.  These print and
 * exit.
 */
#ifndef AIPOD_CREATE_H
#define AIPOD_CREATE_H

#include "box.h"
#include "buf.h"
#include "prepare.h"
#include "workspace.h"

/* Show such lines to the user. */
void	xcreate_show(struct buf *);
/* Remember these lines, to be run even if they are the same; none: forget. */
void	xcreate_put(const struct workspace *, const struct buf *);
/* Put what runs them in front of the box's command, where there are any. */
void	xcreate_wrap(struct box *);
/*
 * Lay what that reads into the session's run.  It is done again when the
 * image's digest is another one, or it is built anew in this launch.
 */
void	xcreate_give(const struct prepare *);

#endif
