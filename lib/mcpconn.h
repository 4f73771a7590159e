/*
 * One HTTP connection of the front process: its buffers, its answers, its
 * time.  Nothing here blocks.
 */
#ifndef AIPOD_MCPCONN_H
#define AIPOD_MCPCONN_H

#include "buf.h"
#include "http.h"
#include "mcpgate.h"

enum conn_state {
	CONN_FREE,
	CONN_HEAD,	/* a request's head is read, or awaited */
	CONN_BODY,
	CONN_CALL,	/* a tool runs, nothing is answered yet */
	CONN_STREAM,	/* a tool runs, events are sent */
	CONN_FLUSH,	/* the answer is complete and on its way */
	CONN_LINGER	/* all is said; what still comes is thrown away */
};

struct conn {
	enum conn_state		 state;
	int			 fd;
	int			 eof;		/* the peer sends no more */
	int			 close;		/* after the answer */
	int			 call;		/* index, with CALL, STREAM */
	long long		 deadline;	/* ms; 0: none */
	struct gate_pass	 pass;
	struct http_chunks	 chunks;
	struct buf		 in;
	struct buf		 body;		/* of a chunked request */
	struct buf		 out;
	size_t			 sent;		/* of out */
};

#define CONN_READ	65536		/* at once, and ahead of a call */

void	conn_open(struct conn *, int fd, long long deadline);
void	conn_close(struct conn *);

/*
 * Queue a whole answer; type may be NULL with an empty body.  The connection
 * is closed behind it when `close' is set, the request wants it, or its body
 * was not read.
 */
void	conn_reply(struct conn *, int status, const char *type,
	    const void *body, size_t n);
/* Begin an event stream, add an event or a comment to it, end it. */
void	conn_stream(struct conn *);
void	conn_event(struct conn *, const char *data, size_t n);
void	conn_comment(struct conn *);
void	conn_stream_end(struct conn *);

/*
 * Send what is possible: 0, or -1 when the peer is gone.  When all is sent
 * after an answer the connection is ready for the next request, lingers, or
 * is to be closed (-1).
 */
int	conn_flush(struct conn *, long long now, long long timeout);
/*
 * Read once, by way of the caller's buffer: 1 when there were bytes, 0 when
 * there were none, -1 when the peer is gone.
 */
int	conn_read(struct conn *, char *scratch, size_t n);
/*
 * The body of the request, once it is there: 1 and *p, *n; 0 when more must
 * come; or minus the status to refuse with.
 */
int	conn_body(struct conn *, const char **p, size_t *n);
/* Make room for what follows the body. */
void	conn_body_done(struct conn *);

#endif
