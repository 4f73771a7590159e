/*
 * The image of a workspace: its name, the Dockerfile it is built from, what
 * goes into the build besides, and a digest of all of it.
 */
#ifndef AIPOD_IMAGE_H
#define AIPOD_IMAGE_H

#include "argv.h"
#include "buf.h"
#include "engine.h"
#include "hash.h"
#include "workspace.h"

#define IMAGE_TINY	"aipod-tiny"

struct image_want {
	const struct workspace	*workspace;
	const struct engine	*engine;
	const char		*agents;	/* "claude,codex@0.169.0" */
	const char		*base;		/* NULL: the agent's own */
	const char		*ca_bundle;	/* NULL: setting, environment */
	int			 no_file;	/* as if there were no file */
};

struct image_file {
	char		*name;		/* below the build context */
	struct buf	 bytes;
};

struct image {
	char		*name;
	char		*file;		/* workspace's, NULL: a default image */
	struct buf	 source;	/* its bytes, or what init would write */
	struct buf	 text;		/* the Dockerfile as it is built */
	int		 imported;	/* tiny itself: no build at all */
	int		 from_tiny;	/* tiny has to be there first */
	char		*busybox;	/* for either; NULL else */
	char		*ca_bundle;	/* a path, or NULL */
	struct image_file *files;
	int		 nfiles;
	struct argv	 args;		/* KEY=VALUE, or KEY to pass on */
	unsigned long	 uid;
	unsigned long	 gid;
	char		 digest[HASH_HEX];
	char		 tiny_digest[HASH_HEX];
};

/*
 * Work all of it out; runs nothing, writes nothing.  For tools: exit ST_USAGE
 * when the wish cannot be, ST_SYS when something cannot be read.
 */
void	 ximage_plan(struct image *, const struct image_want *);
void	 image_free(struct image *);

/*
 * The Dockerfile for these agents, base and tools as aipod-init writes it.
 * base NULL: what the first agent prefers.  Exit ST_USAGE as above.
 */
void	 ximage_write(struct buf *, const char *agents, const char *base,
	    const char *tools);

/* What these agents want for a base; a new string. */
char	*ximage_base(const char *agents);
/* The end of such a file: the tools and the agents. */
void	 ximage_write_rest(struct buf *, const char *agents,
	    const char *tools);

#endif
