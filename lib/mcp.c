#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json.h"
#include "jsonrpc.h"
#include "mcp.h"
#include "mcptool.h"

#define MODERN		"2026-07-28"
#define NEWEST_LEGACY	"2025-11-25"
#define META_VERSION	"io.modelcontextprotocol/protocolVersion"
#define META_CAPS	"io.modelcontextprotocol/clientCapabilities"
#define META_SERVER	"io.modelcontextprotocol/serverInfo"

#define HEADER_MISMATCH	(-32020)
#define BAD_VERSION	(-32022)

static const char instructions[] =
    "These tools reach the user's own machine from inside a sandbox. "
    "Commands run on the host only after the user agreed to the exact bytes. "
    "A refusal is the user's decision and final: do not try to reach the same "
    "end another way, say what you need and why.";

/* What one message is judged by. */
struct ctx {
	const struct mcptools	*tools;
	const struct mcp_head	*head;
	struct mcp_request	*q;
	struct buf		*out;
	struct rpc		 r;
	int			 meta;		/* params._meta, or -1 */
	int			 version;	/* its protocolVersion, or -1 */
};

void
mcp_head_set(char *to, size_t size, const char *value)
{
	if (value == NULL)
		*to = '\0';
	else if (strlen(value) < size)
		memcpy(to, value, strlen(value) + 1);
	else
		memcpy(to, "?", 2);
}

static enum mcp_verdict
refuse_data(struct ctx *c, int status, int code, const char *why,
    const char *data)
{
	rpc_error(c->out, c->r.id, c->r.idlen, code, why, data);
	c->q->status = status;
	return MCP_REPLY;
}

static enum mcp_verdict
refuse(struct ctx *c, int status, int code, const char *why)
{
	return refuse_data(c, status, code, why, NULL);
}

static int
is_method(const struct ctx *c, const char *name)
{
	return json_eq(&c->r.j, c->r.method, name);
}

static void
begin_result(struct json_out *o, struct buf *b, int modern, const char *id,
    size_t idlen)
{
	json_begin(o, b);
	json_open(o, '{');
	json_member(o, "jsonrpc", "2.0");
	json_name(o, "id");
	json_put_raw(o, id, idlen);
	json_name(o, "result");
	json_open(o, '{');
	if (modern)
		json_member(o, "resultType", "complete");
}

static void
put_server(struct json_out *o)
{
	json_open(o, '{');
	json_member(o, "name", "aipod");
	json_member(o, "title", "aipod: the host outside the sandbox");
	json_member(o, "version", AIPOD_VERSION);
	json_close(o, '}');
}

static void
put_capabilities(struct json_out *o)
{
	json_name(o, "capabilities");
	json_open(o, '{');
	json_name(o, "tools");
	json_open(o, '{');
	json_close(o, '}');
	json_close(o, '}');
}

static enum mcp_verdict
end_result(struct ctx *c, struct json_out *o)
{
	if (c->q->modern) {
		json_name(o, "_meta");
		json_open(o, '{');
		json_name(o, META_SERVER);
		put_server(o);
		json_close(o, '}');
	}
	json_close(o, '}');
	json_close(o, '}');
	c->q->status = 200;
	return MCP_REPLY;
}

static enum mcp_verdict
discover(struct ctx *c)
{
	struct json_out o;

	begin_result(&o, c->out, 1, c->r.id, c->r.idlen);
	json_name(&o, "supportedVersions");
	json_open(&o, '[');
	json_put_str(&o, MODERN);
	json_put_str(&o, NEWEST_LEGACY);
	json_put_str(&o, "2025-06-18");
	json_close(&o, ']');
	put_capabilities(&o);
	json_member(&o, "instructions", instructions);
	json_member_int(&o, "ttlMs", 60000);
	json_member(&o, "cacheScope", "private");
	return end_result(c, &o);
}

static enum mcp_verdict
initialize(struct ctx *c)
{
	int v = json_get(&c->r.j, c->r.params, "protocolVersion");
	struct json_out o;

	if (json_type(&c->r.j, v) != JSON_STRING)
		return refuse(c, 200, RPC_PARAMS, "protocolVersion is missing");
	begin_result(&o, c->out, 0, c->r.id, c->r.idlen);
	json_member(&o, "protocolVersion",
	    json_eq(&c->r.j, v, "2025-06-18") ? "2025-06-18" : NEWEST_LEGACY);
	put_capabilities(&o);
	json_name(&o, "serverInfo");
	put_server(&o);
	json_member(&o, "instructions", instructions);
	return end_result(c, &o);
}

static enum mcp_verdict
list_tools(struct ctx *c)
{
	struct json_out o;
	size_t i;

	if (json_get(&c->r.j, c->r.params, "cursor") != -1)
		return refuse(c, 200, RPC_PARAMS, "unknown cursor");
	begin_result(&o, c->out, c->q->modern, c->r.id, c->r.idlen);
	json_name(&o, "tools");
	json_open(&o, '[');
	for (i = 0; i < c->tools->n; i++)
		json_put_raw(&o, c->tools->t[i].entry,
		    strlen(c->tools->t[i].entry));
	json_close(&o, ']');
	if (c->q->modern) {
		json_member_int(&o, "ttlMs", 60000);
		json_member(&o, "cacheScope", "private");
	}
	return end_result(c, &o);
}

static enum mcp_verdict
call_tool(struct ctx *c)
{
	const struct json *j = &c->r.j;
	int name = json_get(j, c->r.params, "name");
	int args = json_get(j, c->r.params, "arguments");
	int token = json_get(j, c->meta, "progressToken");
	size_t i;

	if (json_type(j, name) != JSON_STRING)
		return refuse(c, 200, RPC_PARAMS, "name is missing");
	if (args != -1 && json_type(j, args) != JSON_OBJECT)
		return refuse(c, 200, RPC_PARAMS, "arguments is no object");
	for (i = 0; i < c->tools->n; i++)
		if (json_eq(j, name, c->tools->t[i].name))
			break;
	if (i == c->tools->n)
		return refuse(c, 200, RPC_PARAMS, "unknown tool");
	c->q->tool = (int)i;
	c->q->args = "{}";
	c->q->argslen = 2;
	if (args != -1)
		c->q->args = json_raw(j, args, &c->q->argslen);
	if (json_type(j, token) == JSON_STRING ||
	    json_type(j, token) == JSON_NUMBER)
		c->q->token = json_raw(j, token, &c->q->tokenlen);
	if (c->q->tokenlen > RPC_ID_MAX)
		return refuse(c, 200, RPC_PARAMS, "progressToken is too long");
	return MCP_CALL;
}

/* The value of an Mcp-Name field: plain, or =?base64?...?=. */
static int
name_matches(const struct ctx *c, const char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char plain[160];
	size_t n = strlen(s), i, k = 0;
	int name = json_get(&c->r.j, c->r.params, "name");
	unsigned long acc = 0;
	const char *d;

	if (n < 11 || strncmp(s, "=?base64?", 9) != 0 ||
	    strcmp(s + n - 2, "?=") != 0)
		return json_eq(&c->r.j, name, s);
	s += 9;
	for (n -= 11; n > 0 && s[n - 1] == '='; n--)
		;
	for (i = 0; i < n; i++) {
		if ((d = strchr(digits, s[i])) == NULL)
			return 0;
		acc = (acc << 6 | (unsigned long)(d - digits)) & 0xffffff;
		if (i % 4 != 0)
			plain[k++] = (char)(acc >> (6 - 2 * (i % 4)));
	}
	plain[k] = '\0';
	return strlen(plain) == k && json_eq(&c->r.j, name, plain);
}

static enum mcp_verdict
bad_version(struct ctx *c)
{
	struct buf data = BUF_INIT;
	struct json_out o;
	size_t n;
	const char *s = json_raw(&c->r.j, c->version, &n);
	enum mcp_verdict v;

	json_begin(&o, &data);
	json_open(&o, '{');
	json_name(&o, "supported");
	json_open(&o, '[');
	json_put_str(&o, MODERN);
	json_close(&o, ']');
	json_name(&o, "requested");
	json_put_raw(&o, s, n);
	json_close(&o, '}');
	v = refuse_data(c, 400, BAD_VERSION, "unsupported protocol version",
	    buf_str(&data));
	buf_free(&data);
	return v;
}

/* Head against body: MCP_CALL when nothing is wrong. */
static enum mcp_verdict
check_modern(struct ctx *c)
{
	const struct mcp_head *h = c->head;
	const struct json *j = &c->r.j;

	if (json_type(j, c->version) != JSON_STRING)
		return refuse(c, 400, RPC_PARAMS,
		    "_meta " META_VERSION " is missing");
	if (!json_eq(j, c->version, h->version))
		return refuse(c, 400, HEADER_MISMATCH,
		    "MCP-Protocol-Version is not that of _meta");
	if (!json_eq(j, c->version, MODERN))
		return bad_version(c);
	if (!is_method(c, h->method) &&
	    (c->r.kind == RPC_REQUEST || h->method[0] != '\0'))
		return refuse(c, 400, HEADER_MISMATCH,
		    "Mcp-Method is not the message's method");
	if (c->r.kind == RPC_REQUEST && json_type(j,
	    json_get(j, c->meta, META_CAPS)) != JSON_OBJECT)
		return refuse(c, 400, RPC_PARAMS,
		    "_meta " META_CAPS " is missing");
	return MCP_CALL;
}

static enum mcp_verdict
modern(struct ctx *c)
{
	enum mcp_verdict v;

	if (c->r.kind == RPC_REQUEST && is_method(c, "initialize"))
		return refuse(c, 404, RPC_METHOD, "unknown method");
	if ((v = check_modern(c)) != MCP_CALL)
		return v;
	if (c->r.kind == RPC_NOTIFICATION)
		return MCP_ACCEPTED;
	if (is_method(c, "server/discover"))
		return discover(c);
	if (is_method(c, "tools/list"))
		return list_tools(c);
	if (!is_method(c, "tools/call"))
		return refuse(c, 404, RPC_METHOD, "unknown method");
	if (!name_matches(c, c->head->name))
		return refuse(c, 400, HEADER_MISMATCH,
		    "Mcp-Name is not the tool's name");
	return call_tool(c);
}

static enum mcp_verdict
legacy_notification(struct ctx *c)
{
	int v;

	if (!is_method(c, "notifications/cancelled"))
		return MCP_ACCEPTED;
	v = json_get(&c->r.j, c->r.params, "requestId");
	if (json_type(&c->r.j, v) != JSON_STRING &&
	    json_type(&c->r.j, v) != JSON_NUMBER)
		return MCP_ACCEPTED;
	c->q->id = json_raw(&c->r.j, v, &c->q->idlen);
	return MCP_CANCEL;
}

static enum mcp_verdict
legacy(struct ctx *c)
{
	const char *version = c->head->version;
	struct json_out o;

	if (version[0] != '\0' && strcmp(version, "2025-11-25") != 0 &&
	    strcmp(version, "2025-06-18") != 0)
		return refuse(c, 400, RPC_INVALID,
		    "unsupported MCP-Protocol-Version");
	if (c->r.kind == RPC_RESPONSE)
		return MCP_ACCEPTED;
	if (c->r.kind == RPC_NOTIFICATION)
		return legacy_notification(c);
	if (is_method(c, "initialize"))
		return initialize(c);
	if (is_method(c, "tools/list"))
		return list_tools(c);
	if (is_method(c, "tools/call"))
		return call_tool(c);
	if (!is_method(c, "ping"))
		return refuse(c, 200, RPC_METHOD, "unknown method");
	begin_result(&o, c->out, 0, c->r.id, c->r.idlen);
	return end_result(c, &o);
}

enum mcp_verdict
mcp_handle(const struct mcptools *tools, const struct mcp_head *head,
    const char *body, size_t n, struct mcp_request *q, struct buf *reply)
{
	struct ctx c = { .tools = tools, .head = head, .q = q, .out = reply };
	enum mcp_verdict v;

	memset(q, 0, sizeof(*q));
	if (rpc_parse(&c.r, body, n) == -1)
		return refuse(&c, 400, c.r.code, c.r.why);
	q->id = c.r.id;
	q->idlen = c.r.idlen;
	c.meta = json_get(&c.r.j, c.r.params, "_meta");
	c.version = json_get(&c.r.j, c.meta, META_VERSION);
	q->modern = c.version != -1 || strcmp(head->version, MODERN) == 0;
	if (!q->modern)
		v = legacy(&c);
	else if (c.r.kind == RPC_RESPONSE)
		v = refuse(&c, 400, RPC_INVALID, "no response was asked for");
	else
		v = modern(&c);
	rpc_free(&c.r);
	return v;
}

void
mcp_result(struct buf *b, int is_modern, const char *id, size_t idlen,
    int status, const char *out, size_t n)
{
	struct buf flat = BUF_INIT;
	struct json_out o;
	struct json j;
	char *text;
	int v;

	if (status < 0 || status > 1 || json_parse(&j, out, n, JSON_DEPTH - 8,
	    RPC_VALUES_MAX) == -1) {
		rpc_error(b, id, idlen, RPC_INTERNAL, "the tool failed on the "
		    "host; the user finds the reason in aipod's log", NULL);
		return;
	}
	if (json_type(&j, 0) != JSON_OBJECT) {
		json_free(&j);
		rpc_error(b, id, idlen, RPC_INTERNAL,
		    "the tool's answer was no object", NULL);
		return;
	}
	rpc_compact(&flat, out, n);
	begin_result(&o, b, is_modern, id, idlen);
	json_name(&o, "content");
	json_open(&o, '[');
	json_open(&o, '{');
	json_member(&o, "type", "text");
	v = json_get(&j, 0, "text");
	json_name(&o, "text");
	if ((text = json_str(&j, v, &n)) != NULL)
		json_put_strn(&o, text, n);
	else
		json_put_strn(&o, flat.p, flat.len);
	free(text);
	json_close(&o, '}');
	json_close(&o, ']');
	json_name(&o, "structuredContent");
	json_put_raw(&o, flat.p, flat.len);
	json_member_bool(&o, "isError", status == 1);
	json_close(&o, '}');
	json_close(&o, '}');
	b->bad |= flat.bad;
	buf_free(&flat);
	json_free(&j);
}

void
mcp_progress(struct buf *b, const char *token, size_t n, int progress)
{
	struct json_out o;

	json_begin(&o, b);
	json_open(&o, '{');
	json_member(&o, "jsonrpc", "2.0");
	json_member(&o, "method", "notifications/progress");
	json_name(&o, "params");
	json_open(&o, '{');
	json_name(&o, "progressToken");
	json_put_raw(&o, token, n);
	json_member_int(&o, "progress", progress);
	json_member(&o, "message", "waiting for the host");
	json_close(&o, '}');
	json_close(&o, '}');
}
