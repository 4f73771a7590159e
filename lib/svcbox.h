/*
 * A service's container: what its image says, and the engine's command line.
 */
#ifndef AIPOD_SVCBOX_H
#define AIPOD_SVCBOX_H

#include "argv.h"
#include "engine.h"
#include "listening.h"
#include "session.h"
#include "workspace.h"

struct svcimage {
	char	*id;
	int	 root;			/* it starts as root */
	int	 stop_signal;
	struct argv entry;		/* its entry point and its command; */
	struct argv command;
	int	 exposed[LISTENING_MAX];	/* TCP ports */
	size_t	 nexposed;
};

/* Ask the engine: 1, 0 when it has no such image, -1 when it cannot be had. */
int	svcimage_inspect(const struct engine *, const char *name,
	    struct svcimage *);
/* Read what image inspect says; 0, or -1.  Start from all zero. */
int	svcimage_read(struct svcimage *, const char *json, size_t n);
void	svcimage_free(struct svcimage *);

struct svcbox {
	const struct engine	*engine;
	const struct workspace	*workspace;
	const struct session	*session;
	const struct svcimage	*image;
	const char		*name;		/* of the service */
	const char		*run;		/* SESSION/svc/NAME/run */
	char *const		*command;	/* NULL: the image's */
};

/* The container's name; a new string. */
char	*svcbox_name(const struct svcbox *);
/* Append the command to an empty vector; exit as xbox_argv. */
void	xsvcbox_argv(const struct svcbox *, struct argv *);

#endif
