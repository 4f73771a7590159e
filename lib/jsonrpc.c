#include <errno.h>
#include <limits.h>

#include "buf.h"
#include "jsonrpc.h"

static int
fail(struct rpc *r, int code, const char *why)
{
	r->code = code;
	r->why = why;
	return -1;
}

static int
read_id(struct rpc *r)
{
	int v = json_get(&r->j, 0, "id");
	size_t n, i;
	const char *s;

	if (v == -1)
		return 0;
	s = json_raw(&r->j, v, &n);
	if (json_type(&r->j, v) == JSON_NUMBER) {
		for (i = s[0] == '-'; i < n; i++)
			if (s[i] < '0' || s[i] > '9')
				return fail(r, RPC_INVALID,
				    "id is neither a string nor an integer");
	} else if (json_type(&r->j, v) != JSON_STRING)
		return fail(r, RPC_INVALID,
		    "id is neither a string nor an integer");
	if (n > RPC_ID_MAX)
		return fail(r, RPC_INVALID, "id is too long");
	r->id = s;
	r->idlen = n;
	return 0;
}

/* What kind of message the object is. */
static int
classify(struct rpc *r)
{
	int result, error, has_id = json_get(&r->j, 0, "id") != -1;

	if (!json_eq(&r->j, json_get(&r->j, 0, "jsonrpc"), "2.0"))
		return fail(r, RPC_INVALID, "jsonrpc is not \"2.0\"");
	r->method = json_get(&r->j, 0, "method");
	r->params = json_get(&r->j, 0, "params");
	result = json_get(&r->j, 0, "result");
	error = json_get(&r->j, 0, "error");
	if (r->method == -1) {
		if ((result == -1) == (error == -1))
			return fail(r, RPC_INVALID, "method is missing");
		r->kind = RPC_RESPONSE;
		return 0;
	}
	if (json_type(&r->j, r->method) != JSON_STRING)
		return fail(r, RPC_INVALID, "method is no string");
	if (result != -1 || error != -1)
		return fail(r, RPC_INVALID,
		    "request and response in one message");
	r->kind = has_id ? RPC_REQUEST : RPC_NOTIFICATION;
	if (r->params != -1 && json_type(&r->j, r->params) != JSON_OBJECT)
		return fail(r, RPC_PARAMS, "params is no object");
	return 0;
}

int
rpc_parse(struct rpc *r, const char *s, size_t n)
{
	r->id = NULL;
	r->idlen = 0;
	r->method = r->params = -1;
	r->kind = RPC_REQUEST;
	if (json_parse(&r->j, s, n, JSON_DEPTH, RPC_VALUES_MAX) == -1)
		switch (errno) {
		case E2BIG:
			return fail(r, RPC_INVALID,
			    "nested too deeply or too many values");
		case ENOMEM:
			return fail(r, RPC_INTERNAL, "out of memory");
		default:
			return fail(r, RPC_PARSE, r->j.why);
		}
	if (json_type(&r->j, 0) == JSON_ARRAY)
		fail(r, RPC_INVALID, "batches are not supported");
	else if (json_type(&r->j, 0) != JSON_OBJECT)
		fail(r, RPC_INVALID, "the message is no object");
	else if (read_id(r) == 0 && classify(r) == 0)
		return 0;
	json_free(&r->j);
	return -1;
}

void
rpc_free(struct rpc *r)
{
	json_free(&r->j);
}

void
rpc_error(struct buf *b, const char *id, size_t idlen, int code,
    const char *why, const char *data)
{
	struct json_out o;

	json_begin(&o, b);
	json_open(&o, '{');
	json_member(&o, "jsonrpc", "2.0");
	if (id != NULL) {
		json_name(&o, "id");
		json_put_raw(&o, id, idlen);
	}
	json_name(&o, "error");
	json_open(&o, '{');
	json_member_int(&o, "code", code);
	json_member(&o, "message", why);
	if (data != NULL) {
		json_name(&o, "data");
		json_put_raw(&o, data, strlen(data));
	}
	json_close(&o, '}');
	json_close(&o, '}');
}

void
rpc_compact(struct buf *b, const char *s, size_t n)
{
	size_t i, from = 0;
	int in_string = 0;

	for (i = 0; i < n; i++) {
		if (in_string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			in_string = !in_string;
		else if (!in_string && (s[i] == ' ' || s[i] == '\n' ||
		    s[i] == '\r' || s[i] == '\t')) {
			buf_add(b, s + from, i - from);
			from = i + 1;
		}
	}
	buf_add(b, s + from, n - from);
}
