/*
 * The interface between the process that parses and the one that runs: typed
 * frames, each a fixed head and len bytes, over a stream socket.  Nothing in
 * a frame is interpreted by the channel.
 */
#ifndef AIPOD_MCPCHAN_H
#define AIPOD_MCPCHAN_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define CHAN_MAX	(2 * 1024 * 1024)	/* bytes of one frame */

enum chan_type {
	CHAN_CALL = 1,	/* to the runner: tool's name, NUL, arguments */
	CHAN_CANCEL,	/* to the runner: nothing */
	CHAN_RESULT,	/* from the runner: exit status (4 bytes), output */
	CHAN_STOP	/* from the runner: end the open calls and go */
};

struct chan_frame {
	uint32_t	 type;
	uint32_t	 len;
	uint64_t	 id;		/* of the call */
};

struct chan {
	int		fd;		/* non-blocking */
	struct buf	in;
	struct buf	out;
};

/* Queue a frame of two parts; 0, or -1 (ENOMEM, EMSGSIZE). */
int	chan_put(struct chan *, enum chan_type, uint64_t id, const void *,
	    size_t, const void *, size_t);
/* Send and receive what is possible; 0, or -1 when the other end is gone. */
int	chan_flush(struct chan *);
int	chan_fill(struct chan *);
/*
 * The frame at the front of what was received: 1 and *f and its bytes, valid
 * until chan_drop; 0 when none is complete; -1 when it is malformed.
 */
int	chan_next(struct chan *, struct chan_frame *f, const char **data);
void	chan_drop(struct chan *, const struct chan_frame *);

#endif
