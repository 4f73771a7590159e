/*
 * Taking over a devcontainer.json.
 */
#ifndef AIPOD_DEVCONTAINER_H
#define AIPOD_DEVCONTAINER_H

#include <stddef.h>

struct buf;

/*
 * Blank out what JSON with comments has and JSON has not: comments, and
 * commas before a closing bracket.  The length stays the same.
 */
void	 devcontainer_plain(char *text, size_t len);

/*
 * Append an aipod.Dockerfile made from .devcontainer/devcontainer.json, or
 * .devcontainer.json, below dir: its image or Dockerfile, features that are
 * plain installations, and variables.  What cannot be taken over is named on
 * standard error, one line each.  What it runs in a new container is
 * appended to once, as lines for sh(1).  Exit ST_USAGE when there is no such
 * file or it is not what it should be.
 */
void	 xdevcontainer_write(struct buf *, struct buf *once, int dir,
	    const char *agents, const char *tools);

#endif
