#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "alarm.h"

long long
alarm_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
put(struct alarms *as, struct alarm *a, size_t i)
{
	as->v[i] = a;
	a->slot = i + 1;
}

static void
rise(struct alarms *as, struct alarm *a, size_t i)
{
	while (i > 0 && as->v[(i - 1) / 2]->at > a->at) {
		put(as, as->v[(i - 1) / 2], i);
		i = (i - 1) / 2;
	}
	put(as, a, i);
}

static void
sink(struct alarms *as, struct alarm *a, size_t i)
{
	size_t c;

	while ((c = 2 * i + 1) < as->n) {
		if (c + 1 < as->n && as->v[c + 1]->at < as->v[c]->at)
			c++;
		if (as->v[c]->at >= a->at)
			break;
		put(as, as->v[c], i);
		i = c;
	}
	put(as, a, i);
}

int
alarm_set(struct alarms *as, struct alarm *a, long long ms)
{
	struct alarm **grown;
	size_t cap;

	alarm_clear(as, a);
	if (as->n == as->cap) {
		cap = as->cap != 0 ? as->cap * 2 : 64;
		if ((grown = realloc(as->v, cap * sizeof(*grown))) == NULL)
			return -1;
		as->v = grown;
		as->cap = cap;
	}
	a->at = alarm_now() + ms;
	rise(as, a, as->n++);
	return 0;
}

void
alarm_clear(struct alarms *as, struct alarm *a)
{
	struct alarm *last;
	size_t i;

	if (a->slot == 0)
		return;
	i = a->slot - 1;
	a->slot = 0;
	last = as->v[--as->n];
	if (last == a)
		return;
	if (i > 0 && as->v[(i - 1) / 2]->at > last->at)
		rise(as, last, i);
	else
		sink(as, last, i);
}

void
alarms_ring(struct alarms *as)
{
	long long now = alarm_now();
	struct alarm *a;

	while (as->n > 0 && as->v[0]->at <= now) {
		a = as->v[0];
		alarm_clear(as, a);
		a->fn(a->arg);
	}
}

int
alarms_wait(const struct alarms *as)
{
	long long ms;

	if (as->n == 0)
		return -1;
	ms = as->v[0]->at - alarm_now();
	if (ms < 0)
		return 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void
alarms_free(struct alarms *as)
{
	free(as->v);
	as->v = NULL;
	as->n = as->cap = 0;
}
