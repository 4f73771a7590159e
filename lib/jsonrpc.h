/*
 * JSON-RPC 2.0 messages, one at a time: batches are refused, ids are strings
 * or integers.
 */
#ifndef AIPOD_JSONRPC_H
#define AIPOD_JSONRPC_H

#include <stddef.h>

#include "json.h"

struct buf;

#define RPC_PARSE	(-32700)
#define RPC_INVALID	(-32600)
#define RPC_METHOD	(-32601)
#define RPC_PARAMS	(-32602)
#define RPC_INTERNAL	(-32603)

#define RPC_ID_MAX	1024		/* bytes of an id as it stands */
#define RPC_VALUES_MAX	65536		/* values in one message */

enum rpc_kind { RPC_REQUEST, RPC_NOTIFICATION, RPC_RESPONSE };

struct rpc {
	struct json	 j;
	enum rpc_kind	 kind;
	int		 method;	/* value; -1 in a response */
	int		 params;	/* value, an object; -1 when absent */
	const char	*id;		/* as it stands in the text, or NULL */
	size_t		 idlen;
	int		 code;		/* after failure: the error to answer */
	const char	*why;		/* after failure: its message */
};

/*
 * Parse the n bytes, which must outlive the rest.  Returns 0, or -1 with code
 * and why set, and the id when it could be read; rpc_free after 0 only.
 */
int	rpc_parse(struct rpc *, const char *, size_t n);
void	rpc_free(struct rpc *);

/* Append an error; id may be NULL (none), data is JSON text or NULL. */
void	rpc_error(struct buf *, const char *id, size_t idlen, int code,
	    const char *why, const char *data);

/* Append JSON text without the white space between its tokens. */
void	rpc_compact(struct buf *, const char *, size_t);

#endif
