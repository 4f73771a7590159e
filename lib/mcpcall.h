/*
 * The calls that the front process has handed on, and what becomes of them.
 */
#ifndef AIPOD_MCPCALL_H
#define AIPOD_MCPCALL_H

#include "mcp.h"
#include "mcpconn.h"
#include "mcpfront.h"

struct calls;

struct calls *calls_make(const struct front_config *, int channel);
void	calls_free(struct calls *);

/*
 * Hand a call on for a connection, whose state becomes CONN_CALL.  0, or -1
 * when there are too many.
 */
int	calls_start(struct calls *, struct conn *, const struct mcp_request *,
	    long long now);
/* The same for POST /notify_user; -1 when the body is no good, too. */
int	calls_notify(struct calls *, struct conn *, const char *body, size_t n,
	    long long now);
/*
 * The client is gone: a modern call is cancelled, a legacy one goes on with
 * nobody to tell.
 */
void	calls_hangup(struct calls *, int call);
/*
 * notifications/cancelled: the legacy call with this id of the same client,
 * unless one with this id has just ended (some clients cancel every finished
 * call) or there is more than one.
 */
void	calls_cancel(struct calls *, uint64_t who, const char *id, size_t n);
/* Answer the connection's call with an error: the server ends. */
void	calls_stop(struct calls *, struct conn *);
/* Turn a waiting answer into a stream now. */
void	calls_open_stream(struct calls *, struct conn *);

/* Take results in: 0, or -1 when there will be no more. */
int	calls_read(struct calls *);
/* Open streams and give signs of life where it is time. */
void	calls_tick(struct calls *, long long now);
/* When calls_tick has to be called next; 0: no matter. */
long long calls_next(const struct calls *);
int	calls_waiting(const struct calls *);
int	calls_flush(struct calls *);

#endif
