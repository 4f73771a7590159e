/*
 * The Model Context Protocol's side of a server that has tools and nothing
 * else: what a message means and what its answer is.  Revisions 2025-06-18
 * and 2025-11-25 ("legacy") and 2026-07-28 ("modern") on one endpoint, no
 * state between messages.  Pure: no descriptor is touched here.
 */
#ifndef AIPOD_MCP_H
#define AIPOD_MCP_H

#include <stddef.h>

struct buf;
struct mcptools;

/* What the HTTP head said; the empty string is absent. */
struct mcp_head {
	char	version[32];		/* MCP-Protocol-Version */
	char	method[64];		/* Mcp-Method */
	char	name[160];		/* Mcp-Name */
};

/* Copy a field's value; one that is too long becomes one that matches none. */
void	mcp_head_set(char *, size_t, const char *value);

enum mcp_verdict {
	MCP_REPLY,	/* status and the body that was appended */
	MCP_ACCEPTED,	/* 202, no body */
	MCP_CALL,	/* run the tool, then mcp_result */
	MCP_CANCEL	/* 202; the legacy call with this id is to be stopped */
};

struct mcp_request {
	int		 status;	/* HTTP's, with MCP_REPLY */
	int		 modern;
	int		 tool;		/* index */
	const char	*id;		/* these point into the message */
	size_t		 idlen;
	const char	*token;		/* progressToken, or NULL */
	size_t		 tokenlen;
	const char	*args;		/* an object; "{}" when absent */
	size_t		 argslen;
};

enum mcp_verdict mcp_handle(const struct mcptools *, const struct mcp_head *,
	    const char *body, size_t n, struct mcp_request *, struct buf *reply);

/*
 * Append the answer to a call: status is the tool's exit status, the n bytes
 * its output, which must be one JSON object.
 */
void	mcp_result(struct buf *, int modern, const char *id, size_t idlen,
	    int status, const char *out, size_t n);
/* Append a progress notification; the token as it stood in the call. */
void	mcp_progress(struct buf *, const char *token, size_t n, int progress);

#endif
