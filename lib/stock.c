#include <stdlib.h>
#include <string.h>

#include "stock.h"

void *
stock_take(struct stock *s, size_t size)
{
	return s->n > 0 ? memset(s->v[--s->n], 0, size) : calloc(1, size);
}

void
stock_give(struct stock *s, void *p)
{
	if (p != NULL && s->n < STOCK_MAX)
		s->v[s->n++] = p;
	else
		free(p);
}

void
stock_free(struct stock *s)
{
	while (s->n > 0)
		free(s->v[--s->n]);
}
