/*
 * Files with many names: what was clean under one of them is not read again
 * under the next, lest a thousand links to a big file cost a thousand readings.
 */
#ifndef AIPOD_SCANLINK_H
#define AIPOD_SCANLINK_H

#include <sys/stat.h>

struct scanlink;

/* NULL when out of memory. */
struct scanlink *scanlink_new(void);
void	 scanlink_free(struct scanlink *);
/* 1 when the file was clean, read as this kind (see look_kind). */
int	 scanlink_has(struct scanlink *, const struct stat *, int kind);
/* It was; beyond some number of them it is forgotten. */
void	 scanlink_add(struct scanlink *, const struct stat *, int kind);

#endif
