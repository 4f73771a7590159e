/*
 * The process that notes in the audit trail what aipod-egress has done, which
 * is shut in and may not write a log.  Records are sent to it without waiting,
 * and what has gathered while it wrote is written and synced at once.
 */
#ifndef AIPOD_SCRIBE_H
#define AIPOD_SCRIBE_H

#include "buf.h"
#include "loop.h"

#define SCRIBE_GAP_MS	20	/* between two writes, under load */
#define SCRIBE_LAZY_MS	500	/* the end of a connection can wait so long */

struct workspace;

struct scribe {
	struct loop	*loop;
	struct watch	 watch;
	struct buf	 queue;		/* not sent yet */
	int		 urgent;	/* in it is more than ends of connections */
	int		 failed;	/* it is gone: nothing can be noted */
};

/*
 * Start the process: the descriptor of a stream socket, or -1 with errno.
 * It ends when that is closed, and then, too, everything is noted.
 */
int	scribe_start(const struct workspace *, const char *session);
/* Watch over it from this loop.  0, or -1 with errno. */
int	scribe_attach(struct scribe *, struct loop *, int fd);
/* Note a record on a host; why and detail may be NULL. */
void	scribe_note(struct scribe *, const char *verdict, const char *why,
	    const char *subject, size_t n, const char *detail);
/*
 * Send what was noted: to be called before the loop waits where it is urgent,
 * else soon.
 */
void	scribe_flush(struct scribe *);
/* Wait until everything is on the disk, and let go. */
void	scribe_detach(struct scribe *);

#endif
