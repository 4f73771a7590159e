#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mcpc.h"
#include "mem.h"

#define MODERN		"2026-07-28"
#define LEGACY		"2025-11-25"
#define META		"io.modelcontextprotocol/"

/* Errors of the modern era that mean what they say. */
#define HEADER_MISMATCH		(-32020)
#define MISSING_CAPABILITY	(-32021)
#define UNSUPPORTED_VERSION	(-32022)
#define INVALID_PARAMS		(-32602)
#define PARSE_ERROR		(-32700)

/* Fields of server-sent events; what is fed in comes in any pieces. */
struct events {
	struct buf	 line;
	struct buf	 data;
	int		 cr;		/* the last byte was CR */
	int		 any;		/* there was a data line */
};

int
mcpc_open(struct mcpc *m, const char *where)
{
	memset(m, 0, sizeof(*m));
	m->timeout = 120;
	return post_to(&m->to, where);
}

void
mcpc_close(struct mcpc *m)
{
	post_to_free(&m->to);
	free(m->session);
	m->session = NULL;
	buf_free(&m->why);
}

void
mcpc_answer_free(struct mcpc_answer *a)
{
	json_free(&a->j);
	buf_free(&a->text);
}

static int
fail(struct mcpc *m, const char *why)
{
	buf_clear(&m->why);
	buf_puts(&m->why, why);
	buf_str(&m->why);
	return -1;
}

/*
 * A message of the server's: 1 when it is the answer to request m->id, which
 * `a' then holds, 0 when it is something else, -1 when it is nonsense.
 */
static int
take_message(struct mcpc *m, const struct buf *text, struct mcpc_answer *a)
{
	long long id = -1;
	int v, params;

	memset(a, 0, sizeof(*a));
	if (buf_add(&a->text, text->p, text->len) == -1)
		return fail(m, "out of memory");
	if (json_parse(&a->j, a->text.p, a->text.len, JSON_DEPTH,
	    MCPC_VALUES_MAX) == -1) {
		fail(m, "it answered what is not JSON: ");
		buf_puts(&m->why, a->j.why);
		buf_str(&m->why);
		buf_free(&a->text);
		return -1;
	}
	if (!json_eq(&a->j, json_get(&a->j, 0, "jsonrpc"), "2.0")) {
		mcpc_answer_free(a);
		return fail(m, "it answered what is not JSON-RPC");
	}
	if ((v = json_get(&a->j, 0, "method")) != -1) {
		params = json_get(&a->j, 0, "params");
		if (m->progress != NULL &&
		    json_eq(&a->j, v, "notifications/progress") &&
		    json_int(&a->j, json_get(&a->j, params, "progressToken"),
		    0, INT_MAX, &id) == 0 && id == m->id)
			m->progress(&a->j, params);
		mcpc_answer_free(a);
		return 0;
	}
	a->result = json_get(&a->j, 0, "result");
	a->error = json_get(&a->j, 0, "error");
	v = json_get(&a->j, 0, "id");
	if ((v == -1 || json_type(&a->j, v) == JSON_NULL) && a->error != -1)
		id = m->id;
	else
		json_int(&a->j, v, 0, INT_MAX, &id);
	if (id != m->id || (a->result == -1) == (a->error == -1) ||
	    json_type(&a->j, a->result != -1 ? a->result : a->error) !=
	    JSON_OBJECT) {
		mcpc_answer_free(a);
		return fail(m, "it answered something else");
	}
	return 1;
}

/* One line of an event stream; as take_message. */
static int
take_line(struct mcpc *m, struct events *e, struct mcpc_answer *a)
{
	const char *s = e->line.p;
	size_t n = e->line.len, skip;
	int rc = 0;

	if (n == 0) {
		if (e->any)
			rc = take_message(m, &e->data, a);
		buf_clear(&e->data);
		e->any = 0;
	} else if (n >= 4 && memcmp(s, "data", 4) == 0 &&
	    (n == 4 || s[4] == ':')) {
		skip = n == 4 ? 4 : n > 5 && s[5] == ' ' ? 6 : 5;
		if (e->any)
			buf_addc(&e->data, '\n');
		buf_add(&e->data, s + skip, n - skip);
		e->any = 1;
	}
	if (e->data.bad || e->line.bad)
		rc = fail(m, "its answer is too long");
	buf_clear(&e->line);
	return rc;
}

static int
feed(struct mcpc *m, struct events *e, const char *s, size_t n,
    struct mcpc_answer *a)
{
	size_t k;
	int rc;

	while (n > 0) {
		if (e->cr && *s == '\n') {
			e->cr = 0;
			s++;
			n--;
			continue;
		}
		for (k = 0; k < n && s[k] != '\n' && s[k] != '\r'; k++)
			continue;
		if (buf_add(&e->line, s, k) == -1)
			return fail(m, "its answer is too long");
		e->cr = k < n && s[k] == '\r';
		if (k == n)
			break;
		if ((rc = take_line(m, e, a)) != 0)
			return rc;
		s += k + 1;
		n -= k + 1;
	}
	return 0;
}

/* The body of p; as take_message. */
static int
read_events(struct mcpc *m, struct post *p, struct mcpc_answer *a)
{
	struct events e = { BUF_INIT, BUF_INIT, 0, 0 };
	char s[8192];
	ssize_t n;
	int rc = 0;

	e.line.max = e.data.max = MCPC_ANSWER_MAX;
	while (rc == 0 && (n = post_read(p, s, sizeof(s))) != 0)
		rc = n == -1 ? fail(m, p->why) : feed(m, &e, s, (size_t)n, a);
	buf_free(&e.line);
	buf_free(&e.data);
	return rc != 0 ? rc : fail(m, "it ended its stream without an answer");
}

static int
read_body(struct mcpc *m, struct post *p, struct buf *b)
{
	char s[8192];
	ssize_t n;

	b->max = MCPC_ANSWER_MAX;
	while ((n = post_read(p, s, sizeof(s))) > 0)
		if (buf_add(b, s, (size_t)n) == -1)
			return fail(m, "its answer is too long");
	return n == -1 ? fail(m, p->why) : 0;
}

/* 1 when the field Content-Type names this type, whatever its parameters. */
static int
is_type(const struct http_head *h, const char *type)
{
	const char *s = http_field(h, "Content-Type");
	size_t n = strlen(type);

	return s != NULL && strncasecmp(s, type, n) == 0 &&
	    (s[n] == '\0' || s[n] == ';' || s[n] == ' ' || s[n] == '\t');
}

static void
put_client(struct json_out *o, const char *name)
{
	json_name(o, name);
	json_open(o, '{');
	json_member(o, "name", "aipod-call");
	json_member(o, "version", AIPOD_VERSION);
	json_close(o, '}');
}

static void
put_request(const struct mcpc *m, struct buf *b, const char *method,
    const struct buf *params)
{
	struct json_out o;

	json_begin(&o, b);
	json_open(&o, '{');
	json_member(&o, "jsonrpc", "2.0");
	json_member_int(&o, "id", m->id);
	json_member(&o, "method", method);
	json_name(&o, "params");
	json_open(&o, '{');
	json_name(&o, "_meta");
	json_open(&o, '{');
	json_member_int(&o, "progressToken", m->id);
	if (!m->legacy) {
		json_member(&o, META "protocolVersion", MODERN);
		json_name(&o, META "clientCapabilities");
		json_open(&o, '{');
		json_close(&o, '}');
		put_client(&o, META "clientInfo");
	}
	json_close(&o, '}');
	if (params != NULL && params->len > 0)
		json_put_raw(&o, params->p, params->len);
	json_close(&o, '}');
	json_close(&o, '}');
}

static int
send_text(struct mcpc *m, struct post *p, const char *method,
    const char *name, const struct buf *text)
{
	struct buf f = BUF_INIT;
	int rc;

	buf_puts(&f, "Accept: application/json, text/event-stream\r\n");
	if (m->version[0] != '\0')
		buf_printf(&f, "MCP-Protocol-Version: %s\r\n", m->version);
	if (!m->legacy) {
		buf_printf(&f, "Mcp-Method: %s\r\n", method);
		if (name != NULL)
			buf_printf(&f, "Mcp-Name: %s\r\n", name);
	}
	if (m->session != NULL)
		buf_printf(&f, "Mcp-Session-Id: %s\r\n", m->session);
	if (m->token != NULL)
		buf_printf(&f, "Authorization: Bearer %s\r\n", m->token);
	if (f.bad || text->bad || buf_str(&f) == NULL)
		rc = fail(m, "out of memory");
	else if ((rc = post_send(p, &m->to, f.p, text->p, text->len,
	    m->timeout)) == -1)
		fail(m, p->why);
	buf_free(&f);
	return rc;
}

/*
 * One request, as it stands.  0 and the answer, or -1; m->status is HTTP's
 * status either way.
 */
static int
exchange(struct mcpc *m, const char *method, const char *name,
    const struct buf *text, struct mcpc_answer *a)
{
	struct buf body = BUF_INIT;
	const char *s;
	struct post p;
	int rc;

	m->status = 0;
	if (send_text(m, &p, method, name, text) == -1)
		return -1;
	m->status = p.head.status;
	if (m->status == 200 && is_type(&p.head, "text/event-stream"))
		rc = read_events(m, &p, a);
	else if ((rc = read_body(m, &p, &body)) == 0 &&
	    is_type(&p.head, "application/json"))
		rc = take_message(m, &body, a);
	if (rc != 1 && m->status != 200) {
		fail(m, "it answered with HTTP status ");
		buf_printf(&m->why, "%d", m->status);
		buf_str(&m->why);
	} else if (rc == 0)
		fail(m, "it answered neither JSON nor an event stream");
	s = http_field(&p.head, "Mcp-Session-Id");
	if (rc == 1 && strcmp(method, "initialize") == 0 && s != NULL)
		m->session = xstrdup(s);
	buf_free(&body);
	post_close(&p);
	return rc == 1 ? 0 : -1;
}

/* initialize and notifications/initialized of the legacy era. */
static int
initialize(struct mcpc *m)
{
	static const char note[] = "{\"jsonrpc\":\"2.0\","
	    "\"method\":\"notifications/initialized\"}";
	struct mcpc_answer a;
	struct json_out o;
	struct buf b = BUF_INIT;
	struct post p;
	char *version;
	int rc;

	m->legacy = 1;
	m->version[0] = '\0';
	json_begin(&o, &b);
	json_open(&o, '{');
	json_member(&o, "jsonrpc", "2.0");
	json_member_int(&o, "id", ++m->id);
	json_member(&o, "method", "initialize");
	json_name(&o, "params");
	json_open(&o, '{');
	json_member(&o, "protocolVersion", LEGACY);
	json_name(&o, "capabilities");
	json_open(&o, '{');
	json_close(&o, '}');
	put_client(&o, "clientInfo");
	json_close(&o, '}');
	json_close(&o, '}');
	rc = exchange(m, "initialize", NULL, &b, &a);
	if (rc == 0) {
		version = json_str(&a.j, json_get(&a.j, a.result,
		    "protocolVersion"), NULL);
		if (version == NULL || strlen(version) != strlen(LEGACY) ||
		    strspn(version, "0123456789-") != strlen(LEGACY))
			rc = fail(m, "it speaks no revision of the protocol"
			    " that is known here");
		else
			memcpy(m->version, version, strlen(LEGACY) + 1);
		free(version);
		mcpc_answer_free(&a);
	}
	if (rc == 0) {
		buf_clear(&b);
		buf_puts(&b, note);
		if ((rc = send_text(m, &p, "", NULL, &b)) == 0)
			post_close(&p);
	}
	buf_free(&b);
	return rc;
}

/* Is this how a server of the legacy era takes a modern request? */
static int
is_legacy_answer(const struct mcpc *m, const struct mcpc_answer *a)
{
	long long code = 0;
	int v, c;

	if (m->status != 400 && m->status != 404)
		return 0;
	if (a == NULL)
		return 1;
	json_int(&a->j, json_get(&a->j, a->error, "code"), INT_MIN, INT_MAX,
	    &code);
	switch (code) {
	case HEADER_MISMATCH:
	case MISSING_CAPABILITY:
	case INVALID_PARAMS:
	case PARSE_ERROR:
		return 0;
	case UNSUPPORTED_VERSION:
		v = json_get(&a->j, json_get(&a->j, a->error, "data"),
		    "supported");
		for (c = json_first(&a->j, v); c != -1;
		    c = json_next(&a->j, v, c))
			if (json_eq(&a->j, c, LEGACY))
				return 1;
		return 0;
	}
	return 1;
}

int
mcpc_request(struct mcpc *m, const char *method, const char *name,
    const struct buf *params, struct mcpc_answer *a)
{
	struct buf b = BUF_INIT;
	int rc, type;

	if (m->version[0] == '\0')
		memcpy(m->version, MODERN, sizeof(MODERN));
	m->id++;
	put_request(m, &b, method, params);
	rc = exchange(m, method, name, &b, a);
	if (!m->legacy && is_legacy_answer(m, rc == 0 ? a : NULL)) {
		if (rc == 0)
			mcpc_answer_free(a);
		if ((rc = initialize(m)) == 0) {
			m->id++;
			buf_clear(&b);
			put_request(m, &b, method, params);
			rc = exchange(m, method, name, &b, a);
		}
	}
	buf_free(&b);
	if (rc == -1)
		return -1;
	type = json_get(&a->j, a->result, "resultType");
	if (type != -1 && !json_eq(&a->j, type, "complete")) {
		mcpc_answer_free(a);
		return fail(m, "it asks for more input, which this client"
		    " cannot give");
	}
	return 0;
}
