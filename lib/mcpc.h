/*
 * A client of the Model Context Protocol over HTTP: revision 2026-07-28,
 * which knows no sessions, else 2025-11-25 by initialize.  The server is not
 * trusted; the strings that come out of here may hold any character.
 */
#ifndef AIPOD_MCPC_H
#define AIPOD_MCPC_H

#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "post.h"

#define MCPC_ANSWER_MAX	(16 << 20)	/* bytes of one message */
#define MCPC_VALUES_MAX	(1 << 20)

struct mcpc {
	struct post_to	 to;
	const char	*token;		/* bearer, or NULL */
	int		 timeout;	/* seconds of silence */
	/* called for each progress notification with its params */
	void		(*progress)(const struct json *, int v);
	/* owned */
	int		 id;
	int		 legacy;
	char		 version[32];
	char		*session;
	struct buf	 why;		/* after failure: a phrase */
	int		 status;	/* HTTP's, where that was the failure */
};

struct mcpc_answer {
	struct buf	 text;
	struct json	 j;
	int		 result;	/* a value of j, or -1: an error */
	int		 error;		/* a value of j, or -1 */
};

/* `where' as post_to has it; -1 with errno EINVAL. */
int	mcpc_open(struct mcpc *, const char *where);
void	mcpc_close(struct mcpc *);

/*
 * Send a request and wait for its answer.  params is the text of the members
 * of its params, without braces (may be empty); name is the tool's, or NULL.
 * Returns 0 with a result or a JSON-RPC error (mcpc_answer_free releases), or
 * -1 with why.
 */
int	mcpc_request(struct mcpc *, const char *method, const char *name,
	    const struct buf *params, struct mcpc_answer *);
void	mcpc_answer_free(struct mcpc_answer *);

#endif
