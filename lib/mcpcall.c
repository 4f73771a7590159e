#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "jsonrpc.h"
#include "mcpcall.h"
#include "mcpchan.h"

#define ARGS_HELD	(8 * 1024 * 1024)	/* of all open calls */
#define ENDED		32

struct call {
	uint64_t	 id;		/* 0: not in use */
	struct conn	*c;		/* NULL: the client is gone */
	int		 modern;
	int		 notify;	/* POST /notify_user */
	char		*rid;		/* the request's id */
	size_t		 ridlen;
	char		*token;		/* for progress, or NULL */
	size_t		 tokenlen;
	uint64_t	 who;
	long long	 next;		/* ms: stream or sign of life */
	int		 progress;
	size_t		 held;
};

struct ended {
	uint64_t	 who;
	char		 id[40];
};

struct calls {
	const struct front_config	*conf;
	struct chan			 chan;
	struct call			 call[FRONT_CALLS];
	struct ended			 ended[ENDED];
	unsigned int			 nended;
	uint64_t			 serial;
	size_t				 held;
};

struct calls *
calls_make(const struct front_config *conf, int channel)
{
	struct calls *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->conf = conf;
	s->chan.fd = channel;
	return s;
}

static void
forget(struct calls *s, struct call *k)
{
	free(k->rid);
	free(k->token);
	s->held -= k->held;
	memset(k, 0, sizeof(*k));
}

void
calls_free(struct calls *s)
{
	int i;

	for (i = 0; i < FRONT_CALLS; i++)
		if (s->call[i].id != 0)
			forget(s, &s->call[i]);
	buf_free(&s->chan.in);
	buf_free(&s->chan.out);
	free(s);
}

static char *
copy(const char *s, size_t n)
{
	char *p = malloc(n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

/* A free place for a call of n bytes, its frame queued; NULL: too many. */
static struct call *
place(struct calls *s, int tool, const char *args, size_t n)
{
	const char *name = s->conf->tools.t[tool].name;
	struct call *k = NULL;
	int i;

	for (i = 0; i < FRONT_CALLS && k == NULL; i++)
		if (s->call[i].id == 0)
			k = &s->call[i];
	if (k == NULL || s->held + n > ARGS_HELD ||
	    chan_put(&s->chan, CHAN_CALL, s->serial + 1, name,
	    strlen(name) + 1, args, n) == -1)
		return NULL;
	k->id = ++s->serial;
	k->held = n;
	s->held += n;
	return k;
}

static void
attach(struct calls *s, struct call *k, struct conn *c, long long now)
{
	k->c = c;
	k->who = c->pass.who;
	k->next = now + FRONT_QUICK;
	c->call = (int)(k - s->call);
	c->state = CONN_CALL;
	c->deadline = 0;
}

int
calls_start(struct calls *s, struct conn *c, const struct mcp_request *q,
    long long now)
{
	char *rid, *token = NULL;
	struct call *k;

	rid = copy(q->id, q->idlen);
	if (q->token != NULL)
		token = copy(q->token, q->tokenlen);
	if (rid == NULL || (q->token != NULL && token == NULL) ||
	    (k = place(s, q->tool, q->args, q->argslen)) == NULL) {
		free(rid);
		free(token);
		return -1;
	}
	k->modern = q->modern;
	k->rid = rid;
	k->ridlen = q->idlen;
	k->token = token;
	k->tokenlen = q->tokenlen;
	attach(s, k, c, now);
	return 0;
}

int
calls_notify(struct calls *s, struct conn *c, const char *body, size_t n,
    long long now)
{
	int tool = mcptools_find(&s->conf->tools, "notify_user");
	struct buf b = BUF_INIT;
	struct json_out o;
	struct call *k = NULL;
	struct json j;

	if (tool == -1)
		return -1;
	if (c->pass.plain) {
		json_begin(&o, &b);
		json_open(&o, '{');
		json_name(&o, "message");
		json_put_strn(&o, body != NULL ? body : "", n);
		json_close(&o, '}');
		body = b.p;
		n = b.len;
	} else {
		if (json_parse(&j, body, n, JSON_DEPTH, RPC_VALUES_MAX) == -1)
			return -1;
		if (json_type(&j, 0) != JSON_OBJECT)
			body = NULL;
		json_free(&j);
	}
	if (body != NULL && !b.bad)
		k = place(s, tool, body, n);
	buf_free(&b);
	if (k == NULL)
		return -1;
	k->notify = 1;
	attach(s, k, c, now);
	return 0;
}

void
calls_hangup(struct calls *s, int i)
{
	struct call *k = &s->call[i];

	k->c = NULL;
	if (!k->modern)
		return;
	chan_put(&s->chan, CHAN_CANCEL, k->id, "", 0, "", 0);
	forget(s, k);
}

static int
just_ended(struct calls *s, uint64_t who, const char *id, size_t n)
{
	int i;

	for (i = 0; i < ENDED; i++)
		if (s->ended[i].who == who && strlen(s->ended[i].id) == n &&
		    memcmp(s->ended[i].id, id, n) == 0) {
			memset(&s->ended[i], 0, sizeof(s->ended[i]));
			return 1;
		}
	return 0;
}

static void
remember(struct calls *s, const struct call *k)
{
	struct ended *e = &s->ended[s->nended++ % ENDED];

	memset(e, 0, sizeof(*e));
	if (k->modern || k->notify || k->ridlen >= sizeof(e->id))
		return;
	e->who = k->who;
	memcpy(e->id, k->rid, k->ridlen);
}

void
calls_cancel(struct calls *s, uint64_t who, const char *id, size_t n)
{
	struct call *k, *found = NULL;
	int i, many = 0;

	if (n == 0 || just_ended(s, who, id, n))
		return;
	for (i = 0; i < FRONT_CALLS; i++) {
		k = &s->call[i];
		if (k->id == 0 || k->modern || k->notify || k->who != who ||
		    k->ridlen != n || memcmp(k->rid, id, n) != 0)
			continue;
		found = k;
		many++;
	}
	if (many != 1)
		return;
	chan_put(&s->chan, CHAN_CANCEL, found->id, "", 0, "", 0);
	if (found->c != NULL) {
		/* nothing is said to it any more: a stream without events */
		calls_open_stream(s, found->c);
		conn_stream_end(found->c);
		found->c->call = -1;
	}
	forget(s, found);
}

void
calls_open_stream(struct calls *s, struct conn *c)
{
	struct call *k = &s->call[c->call];

	if (c->state != CONN_CALL || k->notify)
		return;
	conn_stream(c);
	conn_comment(c);
	k->next = 0;		/* reckoned by the next tick */
}

/* The JSON-RPC message that ends a call goes to its connection. */
static void
answer(struct call *k, const struct buf *b, int status)
{
	struct conn *c = k->c;

	if (c->state == CONN_STREAM) {
		conn_event(c, b->p, b->len);
		conn_stream_end(c);
	} else
		conn_reply(c, status, "application/json", b->p, b->len);
	if (b->bad)
		c->out.bad = 1;
	c->call = -1;
}

void
calls_stop(struct calls *s, struct conn *c)
{
	struct call *k = &s->call[c->call];
	struct buf b = BUF_INIT;

	c->close = 1;
	if (k->notify)
		conn_reply(c, 503, NULL, "", 0);
	else {
		rpc_error(&b, k->rid, k->ridlen, RPC_INTERNAL,
		    "the server is ending; the call was stopped", NULL);
		answer(k, &b, 200);
	}
	buf_free(&b);
	c->call = -1;
	forget(s, k);
}

static void
result(struct calls *s, struct call *k, int status, const char *out, size_t n)
{
	struct buf b = BUF_INIT;

	remember(s, k);
	if (k->c != NULL && k->notify)
		conn_reply(k->c, status == 0 ? 200 : 500, "application/json",
		    out, n);
	else if (k->c != NULL) {
		mcp_result(&b, k->modern, k->rid, k->ridlen, status, out, n);
		answer(k, &b, 200);
	}
	if (k->c != NULL)
		k->c->call = -1;
	buf_free(&b);
	forget(s, k);
}

int
calls_read(struct calls *s)
{
	struct chan_frame f;
	const char *data;
	int32_t status;
	int i, rc;

	if (chan_fill(&s->chan) == -1)
		return -1;
	while ((rc = chan_next(&s->chan, &f, &data)) == 1) {
		if (f.type != CHAN_RESULT || f.len < sizeof(status))
			return -1;
		memcpy(&status, data, sizeof(status));
		for (i = 0; i < FRONT_CALLS; i++)
			if (s->call[i].id == f.id && f.id != 0)
				result(s, &s->call[i], (int)status,
				    data + sizeof(status),
				    f.len - sizeof(status));
		chan_drop(&s->chan, &f);
	}
	return rc;
}

static void
sign_of_life(struct call *k)
{
	struct buf b = BUF_INIT;

	/* who does not even read what is there gets no more */
	if (k->c->sent < k->c->out.len)
		return;
	if (k->token != NULL) {
		mcp_progress(&b, k->token, k->tokenlen, ++k->progress);
		conn_event(k->c, b.p, b.len);
	} else
		conn_comment(k->c);
	buf_free(&b);
}

void
calls_tick(struct calls *s, long long now)
{
	struct call *k;
	int i;

	for (i = 0; i < FRONT_CALLS; i++) {
		k = &s->call[i];
		if (k->id == 0 || k->c == NULL || k->notify)
			continue;
		if (k->next == 0)
			k->next = now + s->conf->tick;
		if (now < k->next)
			continue;
		if (k->c->state == CONN_CALL)
			calls_open_stream(s, k->c);
		else
			sign_of_life(k);
		k->next = now + s->conf->tick;
	}
}

long long
calls_next(const struct calls *s)
{
	const struct call *k;
	long long at = 0;
	int i;

	for (i = 0; i < FRONT_CALLS; i++) {
		k = &s->call[i];
		if (k->id != 0 && k->c != NULL && !k->notify &&
		    (at == 0 || k->next < at))
			at = k->next;
	}
	return at;
}

int
calls_waiting(const struct calls *s)
{
	return s->chan.out.len > 0;
}

int
calls_flush(struct calls *s)
{
	return chan_flush(&s->chan);
}
