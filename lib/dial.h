/*
 * Connecting to the first of several addresses that answers, by RFC 8305.
 */
#ifndef AIPOD_DIAL_H
#define AIPOD_DIAL_H

#include "addr.h"
#include "alarm.h"
#include "loop.h"

#define DIAL_STAGGER	250		/* ms until the next is tried, too */
#define DIAL_PARALLEL	3

struct dial {
	struct loop	*loop;
	struct alarms	*alarms;
	struct alarm	 alarm;
	struct addr	 addr[ADDR_MAX];
	int		 n;
	int		 next;		/* address to try */
	int		 port;
	int		 error;		/* errno of the last failure */
	struct watch	 try[DIAL_PARALLEL];	/* fd -1: free */
	/*
	 * The watch, still in the loop, of a connected, non-blocking socket, which
	 * is the receiver's from now on; or NULL, errno.
	 */
	void		(*fn)(struct dial *, struct watch *, int error);
	void		*arg;
};

/*
 * Start; the families take turns, beginning with the first address's.  fn is
 * called once, from the loop, after which nothing of the dial is left to stop.
 * 0, or -1 with errno.
 */
int	dial_start(struct dial *, struct loop *, struct alarms *,
	    const struct addr *, int n, int port,
	    void (*fn)(struct dial *, struct watch *, int error), void *arg);
/* Give up without calling fn. */
void	dial_stop(struct dial *);

#endif
