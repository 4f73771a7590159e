/*
 * The process that reads the rules for the judge, who may open no file:
 * again whenever one changes, and each time it tells the relay, too.
 */
#ifndef AIPOD_WARDEN_H
#define AIPOD_WARDEN_H

#include "buf.h"

#define WARDEN_FILES	8
#define WARDEN_MAX	(4 * 1024 * 1024)	/* bytes of a message */

struct warden {
	char		*file[WARDEN_FILES];	/* owned; in this order */
	int		 nfile;
	const char	*mode;		/* as it is told to the relay */
	int		 handover;	/* the relay may hand clients over */
	const char	*hosts;		/* the relay's file; NULL: none */
};

/*
 * Start it; the first message is on its way then.  A stream socket that
 * carries messages, each a length and the text for judge_update; or -1 with
 * errno.
 */
int	warden_start(struct warden *);
void	warden_free(struct warden *);
/*
 * Add what the relay would be told to the buffer; -1 when the rules cannot be
 * used, which is told on standard error.
 */
int	warden_hosts(const struct warden *, struct buf *);
/* Read a message; 0, or -1 when there is no warden any more. */
int	warden_read(int fd, struct buf *);

#endif
