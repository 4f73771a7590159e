/*
 * Fuzz target for lib/jsonrpc and lib/mcp.  The first byte chooses what the
 * HTTP head said, the rest is the body of a POST, and then a tool's answer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json.h"
#include "jsonrpc.h"
#include "mcp.h"
#include "mcptool.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(int ok)
{
	if (!ok)
		abort();
}

/* Whatever we say is one JSON object on one line. */
static void
check_message(const struct buf *b)
{
	struct json j;

	check(!b->bad && memchr(b->p, '\n', b->len) == NULL);
	check(json_parse(&j, b->p, b->len, JSON_DEPTH, 1 << 20) == 0);
	check(json_type(&j, 0) == JSON_OBJECT);
	check(json_eq(&j, json_get(&j, 0, "jsonrpc"), "2.0"));
	json_free(&j);
}

static void
answer(const struct mcp_request *q, const char *out, size_t n, int status)
{
	struct buf b = BUF_INIT;

	mcp_result(&b, q->modern, q->id, q->idlen, status, out, n);
	check_message(&b);
	buf_clear(&b);
	if (q->token != NULL) {
		mcp_progress(&b, q->token, q->tokenlen, 1);
		check_message(&b);
	}
	buf_free(&b);
}

static void
choose_head(struct mcp_head *h, int c)
{
	static const char *const version[] = { NULL, "2026-07-28", "2025-11-25",
	    "2025-06-18", "1999-01-01", "2026-07-28", "2026-07-28", "" };
	static const char *const method[] = { "tools/call", "tools/list",
	    "server/discover", NULL };
	static const char *const name[] = { "echo", "=?base64?ZWNobw==?=",
	    "=?base64?*?=", NULL };

	mcp_head_set(h->version, sizeof(h->version), version[c & 7]);
	mcp_head_set(h->method, sizeof(h->method), method[c >> 3 & 3]);
	mcp_head_set(h->name, sizeof(h->name), name[c >> 5 & 3]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char tool[] = "echo", entry[] = "{\"name\":\"echo\"}";
	static struct mcptools tools = { { { tool, tool, entry } }, 1 };
	struct mcp_request q = { .id = "1", .idlen = 1 };
	struct buf reply = BUF_INIT;
	struct mcp_head head;
	char *p;

	if (n == 0)
		return 0;
	choose_head(&head, data[0]);
	if ((p = malloc(n)) == NULL)
		return 0;
	memcpy(p, data + 1, n - 1);
	answer(&q, p, n - 1, data[0] & 1);
	switch (mcp_handle(&tools, &head, p, n - 1, &q, &reply)) {
	case MCP_REPLY:
		check(q.status == 200 || q.status == 400 || q.status == 404);
		check_message(&reply);
		break;
	case MCP_CALL:
		check(reply.len == 0 && q.id != NULL && q.tool == 0);
		check(q.args[0] == '{' && q.args[q.argslen - 1] == '}');
		answer(&q, q.args, q.argslen, 0);
		break;
	case MCP_CANCEL:
		check(q.id != NULL && q.idlen > 0);
		break;
	case MCP_ACCEPTED:
		check(reply.len == 0);
		break;
	}
	buf_free(&reply);
	free(p);
	return 0;
}
