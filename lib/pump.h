/*
 * Relay bytes between two stream sockets, both ways: what one side sends the
 * other gets; end of file is passed on as a half-close; a side that does not
 * read stops the other from being read.
 */
#ifndef AIPOD_PUMP_H
#define AIPOD_PUMP_H

#include <stddef.h>

#include "buf.h"
#include "loop.h"

struct flow {			/* from side i to side 1 - i */
	char	*left;		/* read, not yet written; owned */
	size_t	 len;
	size_t	 off;
	int	 eof;		/* nothing more comes, and that is passed on */
	int	 sink;		/* what comes is thrown away */
	int	 pipe[2];	/* both 0: none; while there is much to relay */
	size_t	 piped;		/* bytes in it */
	unsigned long long bytes;	/* written to the other side */
};

struct pump {
	struct loop	*loop;
	struct watch	 side[2];
	struct flow	 flow[2];
	int		 linger;	/* see pump_refuse */
	int		 reset;		/* a side broke off: close with a reset */
	/* for the caller to set: */
	int		 shared;	/* others may have side 0 open, too, and must
					   not be able to make us wait */
	int		 eager;		/* side 0 has spoken already, most likely */
	void		(*done)(struct pump *);
	void		*arg;		/* the caller's */
	/*
	 * NULL, or called with what side 0 sent, which it may overwrite; what is
	 * to go on it adds to out.  It may set itself to NULL.  -1: break off.
	 */
	int		(*filter)(struct pump *, char *, size_t, struct buf *);
};

/*
 * Start on two connected, non-blocking sockets.  done is called once, when
 * both directions have ended or one side broke off; it may free the pump after
 * pump_stop.  pump_start itself never calls it.  The descriptors stay the
 * caller's.  0, or -1, also when it is over already, after which pump_stop is
 * due.
 */
int	pump_start(struct pump *, struct loop *, int a, int b,
	    void (*done)(struct pump *), void *arg);
/*
 * The same; the watches that the two have had become the pump's.
 */
int	pump_take(struct pump *, struct loop *, struct watch *a,
	    struct watch *b, void (*done)(struct pump *), void *arg);
/* Before pump_start: bytes that were read from side i already; 0 or -1. */
int	pump_ahead(struct pump *, int i, const void *, size_t);
/*
 * Before pump_start: throw away what side i sends, until it ends, so that it
 * can read an answer in peace.
 */
void	pump_refuse(struct pump *, int i);
/*
 * Take out of the loop and release buffers.  When the descriptors are to be
 * closed, pump_end costs less.
 */
void	pump_stop(struct pump *);
void	pump_end(struct pump *);
/*
 * End it, whether or not it has begun, with what it was between: the client's
 * connection, with a reset if so wanted, and its peer's, if there is one.  No
 * other process has them.
 */
void	pump_close(struct pump *, struct loop *, struct watch *client,
	    struct watch *peer, int reset);

#endif
