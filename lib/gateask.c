#if HAVE_EPOLL
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "io.h"

struct gate_question {
	struct gate_question *next;
	struct gate_conn     *waiting;
	unsigned	      id;
	int		      port;
	char		      name[NAME_HOST_MAX];
};

void
gate_unask(struct gate_conn *c)
{
	struct gate_question *q;
	struct gate_conn **p;

	for (q = c->gate->questions; q != NULL; q = q->next)
		for (p = &q->waiting; *p != NULL; p = &(*p)->nextasked)
			if (*p == c) {
				*p = c->nextasked;
				return;
			}
}

/* Many connections to one name ask once. */
void
gate_ask(struct gate_conn *c)
{
	struct gate *g = c->gate;
	struct gate_question *q;
	struct asker_question m;
	int n = 0;

	for (q = g->questions; q != NULL; q = q->next, n++)
		if (strcmp(q->name, c->name) == 0)
			break;
	if (q == NULL) {
		if (n >= ASKER_QUESTIONS ||
		    (q = calloc(1, sizeof(*q))) == NULL) {
			gate_turn_away(c, "no rule, and too many questions are open");
			return;
		}
		memset(&m, 0, sizeof(m));
		m.id = q->id = ++g->lastid;
		m.port = q->port = c->port;
		snprintf(m.name, sizeof(m.name), "%s", c->name);
		snprintf(q->name, sizeof(q->name), "%s", c->name);
		q->next = g->questions;
		g->questions = q;
		if (io_writeall(g->asker.fd, &m, sizeof(m)) == -1)
			g->failed = 1;
	}
	c->state = GATE_ASKING;
	c->nextasked = q->waiting;
	q->waiting = c;
	gate_within(c, GATE_ASK_MS);
}

void
gate_answered(struct watch *w, int events)
{
	struct gate *g = w->arg;
	struct gate_question *q, **p;
	struct gate_conn *c, *next;
	struct asker_reply r;
	char why[JUDGE_WHY + 32];

	(void)events;
	if (io_readfull(w->fd, &r, sizeof(r)) != (ssize_t)sizeof(r)) {
		g->failed = 1;
		return;
	}
	for (p = &g->questions; *p != NULL && (*p)->id != r.id;
	    p = &(*p)->next)
		continue;
	if ((q = *p) == NULL)
		return;
	*p = q->next;
	r.why[sizeof(r.why) - 1] = '\0';
	snprintf(why, sizeof(why), "no rule, and the answer was no%s%s",
	    r.why[0] != '\0' ? ": " : "", r.why);
	if (r.answer != ASKER_FAILED)
		judge_remember(g->judge, q->name, q->port,
		    r.answer != ASKER_NO, r.answer != ASKER_ONCE);
	for (c = q->waiting; c != NULL; c = next) {
		next = c->nextasked;
		c->state = GATE_HEAD;
		if (r.answer == ASKER_FAILED)
			gate_turn_away(c, "no rule, and the user cannot be asked");
		else if (r.answer == ASKER_NO && c->port == q->port)
			gate_turn_away(c, why);
		else
			gate_judge(c);
	}
	free(q);
}

void
gate_forget(struct gate *g)
{
	struct gate_question *q;

	while ((q = g->questions) != NULL) {
		g->questions = q->next;
		free(q);
	}
}
#else
typedef int gateask_needs_epoll;
#endif
