/*
 * Make an image current: what was remembered, what the engine has, and the
 * engine's commands that build it.  For aipod-build; these print and exit as
 * its page says.
 */
#ifndef AIPOD_IMAGEBUILD_H
#define AIPOD_IMAGEBUILD_H

#include "engine.h"
#include "image.h"
#include "workspace.h"

#define ST_BUILD	101	/* the engine could not build it */

struct imagebuild {
	struct workspace	 w;
	struct engine		 engine;
	struct image		 im;
	char			*where;		/* the engine and its store */
	char			*state;		/* STATE/HASH, once made */
	const char		*network;	/* of the build; NULL: engine's */
	int			 force;		/* though nothing changed */
	int			 no_cache;
	int			 pull;
	int			 yes;		/* consent to a changed file */
	int			 dry_run;
	int			 verbose;	/* tool_verbose */
};

/* The engine and everything that chooses its store; a new string. */
char	*xengine_where(const struct engine *);
/* 1 when STATE/HASH/image says that this very image was there last time. */
int	 imagebuild_is_remembered(const struct imagebuild *);
/* Ask the engine, build what is missing, remember it. */
void	 ximagebuild_make(struct imagebuild *);

#endif
