#include <stdlib.h>
#include <string.h>

#include "names.h"

#define NET	0x7f400000u		/* 127.64.0.0/10 */
#define HOSTS	0x003fffffu

struct name *
names_by_host(const struct names *t, const char *host)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->v[i]->host, host) == 0)
			return t->v[i];
	return NULL;
}

struct name *
names_by_addr(const struct names *t, uint32_t addr)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->v[i]->addr == addr)
			return t->v[i];
	return NULL;
}

struct name *
names_oldest(const struct names *t, long long now)
{
	struct name *oldest = NULL, *e;
	size_t i;

	for (i = 0; i < t->n; i++) {
		e = t->v[i];
		if (e->conns == 0 && now - e->used > NAMES_HOLD &&
		    (oldest == NULL || e->used < oldest->used))
			oldest = e;
	}
	return oldest;
}

/* An address that follows from the name, so that it outlives this table. */
static uint32_t
address(const struct names *t, const char *host)
{
	uint32_t h = 2166136261u, a;

	for (; *host != '\0'; host++)
		h = (h ^ (unsigned char)*host) * 16777619u;
	do
		a = NET | (h++ & HOSTS);
	while ((a & 0xff) == 0 || (a & 0xff) == 0xff ||
	    names_by_addr(t, a) != NULL);
	return a;
}

struct name *
names_add(struct names *t, const char *host, long long now)
{
	struct name *e;

	if (t->n == NAMES_MAX || strlen(host) >= sizeof(e->host) ||
	    (e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	memcpy(e->host, host, strlen(host) + 1);
	e->addr = address(t, host);
	e->used = now;
	t->v[t->n++] = e;
	return e;
}

void
names_drop(struct names *t, struct name *e)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->v[i] == e) {
			t->v[i] = t->v[--t->n];
			break;
		}
	free(e);
}
