/*
 * Who may ask for what: the head of a request against the rules of the
 * server, before a byte of its body is read.
 */
#ifndef AIPOD_MCPGATE_H
#define AIPOD_MCPGATE_H

#include <stdint.h>

#include "http.h"
#include "mcp.h"

#define GATE_HOSTS	16
#define GATE_BODY	(1024 * 1024)	/* bytes of a body */

struct gate {
	const char	*host[GATE_HOSTS];	/* names without port */
	size_t		 nhost;
	char		*token;			/* NULL: none is asked for */
};

enum gate_route {
	GATE_MCP, GATE_NOTIFY, GATE_HEALTH, GATE_VERSION, GATE_INSTALL
};

/* What is kept of a head that was let in. */
struct gate_pass {
	enum gate_route		route;
	enum http_framing	framing;
	uint64_t		length;
	int			keep;		/* the connection stays */
	int			minor;
	int			head_only;	/* HEAD */
	int			expects;	/* wants 100 Continue */
	int			plain;		/* the body is text/plain */
	uint64_t		who;		/* of User-Agent; not proof */
	char			agent[33];	/* GATE_INSTALL */
	struct mcp_head		mcp;
};

/*
 * 0, or the status to refuse with: 400, 401, 403, 404, 405, 406, 413, 415,
 * 417, 501.  With a refusal framing, keep, minor and head_only are set, too.
 */
int	gate_check(const struct gate *, const struct http_head *,
	    struct gate_pass *);

#endif
