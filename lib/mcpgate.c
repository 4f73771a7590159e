#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hash.h"
#include "mcpgate.h"

/* "name" or "name:port", the name one of ours. */
static int
is_host(const struct gate *g, const char *s, size_t n)
{
	const char *c;
	size_t i, len = n, port;

	c = memchr(s, ']', n);		/* [::1]:7822 */
	if ((c = memchr(c != NULL ? c : s, ':',
	    n - (c != NULL ? (size_t)(c - s) : 0))) != NULL) {
		len = (size_t)(c - s);
		port = n - len - 1;
		if (port > 5 || strspn(c + 1, "0123456789") < port)
			return 0;
	}
	for (i = 0; i < g->nhost; i++)
		if (strlen(g->host[i]) == len &&
		    strncasecmp(g->host[i], s, len) == 0)
			return 1;
	return 0;
}

static int
is_origin(const struct gate *g, const char *s)
{
	if (strncasecmp(s, "http://", 7) == 0)
		s += 7;
	else if (strncasecmp(s, "https://", 8) == 0)
		s += 8;
	else
		return 0;
	return is_host(g, s, strlen(s));
}

/* The path of the target and its length; NULL when it is none of ours. */
static const char *
target_path(const struct gate *g, const char *s, size_t *n)
{
	const char *slash;

	if (strncasecmp(s, "http://", 7) == 0) {
		s += 7;
		if ((slash = strchr(s, '/')) == NULL ||
		    !is_host(g, s, (size_t)(slash - s)))
			return NULL;
		s = slash;
	}
	*n = strcspn(s, "?#");
	return s[0] == '/' ? s : NULL;
}

static int
is_path(const char *s, size_t n, const char *want)
{
	return strlen(want) == n && memcmp(s, want, n) == 0;
}

/* "/install/AGENT.sh" */
static int
install_agent(const char *s, size_t n, char agent[33])
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t k;

	if (n < 13 || memcmp(s, "/install/", 9) != 0)
		return 0;
	k = strspn(s + 9, ok);
	if (k == 0 || k > 32 || 9 + k + 3 != n || memcmp(s + 9 + k, ".sh", 3))
		return 0;
	memcpy(agent, s + 9, k);
	agent[k] = '\0';
	return 1;
}

static int
find_route(const struct gate *g, const struct http_head *h,
    struct gate_pass *p)
{
	const char *s;
	size_t n;

	if ((s = target_path(g, h->target, &n)) == NULL)
		return 404;
	if (is_path(s, n, "/mcp"))
		p->route = GATE_MCP;
	else if (is_path(s, n, "/notify_user"))
		p->route = GATE_NOTIFY;
	else if (is_path(s, n, "/health"))
		p->route = GATE_HEALTH;
	else if (is_path(s, n, "/version"))
		p->route = GATE_VERSION;
	else if (install_agent(s, n, p->agent))
		p->route = GATE_INSTALL;
	else
		return 404;
	return 0;
}

/* Digests are compared, so that neither content nor length shows in time. */
static int
has_token(const struct gate *g, const struct http_head *h)
{
	const char *s = http_field(h, "Authorization");
	char a[HASH_HEX], b[HASH_HEX];

	if (g->token == NULL)
		return 1;
	if (s == NULL || http_field_count(h, "Authorization") != 1 ||
	    strncasecmp(s, "Bearer ", 7) != 0)
		return 0;
	for (s += 7; *s == ' '; s++)
		;
	hash_bytes_hex(s, strlen(s), a);
	hash_bytes_hex(g->token, strlen(g->token), b);
	return hash_equal(a, b, sizeof(a));
}

/* Does a comma-separated list of media ranges have this type? */
static int
accepts(const struct http_head *h, const char *type)
{
	size_t i, n, len, major = (size_t)(strchr(type, '/') - type) + 1;
	const char *s;
	int any = 0;

	for (i = 0; i < h->nfield; i++) {
		if (strcasecmp(h->field[i].name, "Accept") != 0)
			continue;
		any = 1;
		for (s = h->field[i].value; *s != '\0'; s += n) {
			s += strspn(s, ", \t");
			n = strcspn(s, ",");
			len = strcspn(s, ",; \t");
			if ((len == strlen(type) &&
			    strncasecmp(s, type, len) == 0) ||
			    (len == 3 && strncmp(s, "*/*", 3) == 0) ||
			    (len == major + 1 && s[major] == '*' &&
			    strncasecmp(s, type, major) == 0))
				return 1;
		}
	}
	return !any;
}

static int
is_type(const struct http_head *h, const char *type)
{
	const char *s = http_field(h, "Content-Type");
	size_t n = strlen(type);

	return s != NULL && http_field_count(h, "Content-Type") == 1 &&
	    strncasecmp(s, type, n) == 0 &&
	    (s[n] == '\0' || s[n] == ';' || s[n] == ' ' || s[n] == '\t');
}

static int
check_post(const struct http_head *h, struct gate_pass *p)
{
	static const char *const once[3] = { "MCP-Protocol-Version",
	    "Mcp-Method", "Mcp-Name" };
	const char *expect = http_field(h, "Expect");
	size_t i;

	for (i = 0; i < 3; i++)
		if (http_field_count(h, once[i]) > 1)
			return 400;
	p->plain = p->route == GATE_NOTIFY && is_type(h, "text/plain");
	if (!p->plain && !is_type(h, "application/json"))
		return 415;
	if (p->route == GATE_MCP && (!accepts(h, "application/json") ||
	    !accepts(h, "text/event-stream")))
		return 406;
	if (p->framing == HTTP_LENGTH && p->length > GATE_BODY)
		return 413;
	if (expect != NULL) {
		if (strcasecmp(expect, "100-continue") != 0)
			return 417;
		p->expects = h->minor > 0;
	}
	mcp_head_set(p->mcp.version, sizeof(p->mcp.version),
	    http_field(h, once[0]));
	mcp_head_set(p->mcp.method, sizeof(p->mcp.method),
	    http_field(h, once[1]));
	mcp_head_set(p->mcp.name, sizeof(p->mcp.name),
	    http_field(h, once[2]));
	return 0;
}

/* FNV-1a: tells one client's ids from another's, proves nothing. */
static uint64_t
fingerprint(const char *s)
{
	uint64_t f = UINT64_C(14695981039346656037);

	for (; s != NULL && *s != '\0'; s++)
		f = (f ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return f;
}

int
gate_check(const struct gate *g, const struct http_head *h,
    struct gate_pass *p)
{
	const char *host = http_field(h, "Host"), *origin;
	int post = strcmp(h->method, "POST") == 0, rc;

	memset(p, 0, sizeof(*p));
	p->minor = h->minor;
	p->head_only = strcmp(h->method, "HEAD") == 0;
	if ((rc = http_body(h, 0, &p->framing, &p->length)) != 0)
		return -rc;
	p->keep = http_keepalive(h);
	p->who = fingerprint(http_field(h, "User-Agent"));
	if (host == NULL)
		return 400;
	origin = http_field(h, "Origin");
	if (!is_host(g, host, strlen(host)) ||
	    http_field_count(h, "Origin") > 1 ||
	    (origin != NULL && !is_origin(g, origin)))
		return 403;
	if ((rc = find_route(g, h, p)) != 0)
		return rc;
	if (p->route == GATE_MCP || p->route == GATE_NOTIFY) {
		if (!has_token(g, h))
			return 401;
		return post ? check_post(h, p) : 405;
	}
	return strcmp(h->method, "GET") == 0 || p->head_only ? 0 : 405;
}
