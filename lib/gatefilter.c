#if HAVE_EPOLL
#include <string.h>

#include "gate.h"
#include "tls_hello.h"

int
gate_filter_http(struct pump *p, char *s, size_t n, struct buf *out)
{
	struct gate_conn *c = p->arg;

	if (httpgate_feed(c->http, s, n, out) == -1) {
		c->why = c->http->why;
		return -1;
	}
	if (out->len > 0)
		alarm_clear(&c->gate->alarms, &c->alarm);
	return 0;
}

int
gate_filter_tls(struct pump *p, char *s, size_t n, struct buf *out)
{
	struct gate_conn *c = p->arg;
	char sni[NAME_HOST_MAX];
	const char *why;
	int rc;

	c->in.max = TLS_HELLO_MAX + 65536;
	if (buf_add(&c->in, s, n) == -1) {
		c->why = "a ClientHello that is too long";
		return -1;
	}
	rc = tls_hello((unsigned char *)c->in.p, c->in.len, sni, &why);
	if (rc == 0 && c->in.len < TLS_HELLO_MAX)
		return 0;
	if (rc != 1) {
		c->why = rc == 0 ? "a ClientHello that is too long" : why;
		return -1;
	}
	/* who dials an address by a rule has no name to ask for */
	if (strcmp(sni, c->name) != 0 &&
	    !(c->kind == NAME_ADDRESS && sni[0] == '\0')) {
		c->why = sni[0] == '\0' ? "a ClientHello without server name" :
		    "a ClientHello that asks for another server";
		return -1;
	}
	alarm_clear(&c->gate->alarms, &c->alarm);
	p->filter = NULL;
	buf_add(out, c->in.p, c->in.len);
	buf_free(&c->in);
	return out->bad ? -1 : 0;
}

#else
typedef int gatefilter_needs_epoll;
#endif
