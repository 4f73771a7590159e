/*
 * A few objects of one size that are not in use, so that what comes and goes
 * often costs no memory that comes and goes.  Start from all zero.
 */
#ifndef AIPOD_STOCK_H
#define AIPOD_STOCK_H

#include <stddef.h>

#define STOCK_MAX	32

struct stock {
	void	*v[STOCK_MAX];
	size_t	 n;
};

/* An object, all zero, to be given back or freed; NULL with errno. */
void	*stock_take(struct stock *, size_t size);
void	 stock_give(struct stock *, void *);
void	 stock_free(struct stock *);

#endif
