#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scanlink.h"

#define SLOTS		8192		/* a power of two */
#define WORTH		(64 * 1024)	/* bytes that it pays for */

struct entry {
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	struct timespec	 changed;
	int		 kind;		/* and 1 more: 0 is an empty slot */
};

struct scanlink {
	pthread_mutex_t	 lock;
	struct entry	 slot[SLOTS];
};

struct scanlink *
scanlink_new(void)
{
	struct scanlink *t = calloc(1, sizeof(*t));

	if (t != NULL)
		pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
scanlink_free(struct scanlink *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* The only slot for it: a newer file takes an older one's place. */
static struct entry *
slot(struct scanlink *t, const struct stat *st)
{
	return &t->slot[((unsigned long)st->st_ino * 2654435761UL >> 7) &
	    (SLOTS - 1)];
}

static int
worth(const struct stat *st)
{
	return st->st_nlink > 1 && st->st_size >= WORTH;
}

int
scanlink_has(struct scanlink *t, const struct stat *st, int kind)
{
	const struct entry *e;
	int rc;

	if (!worth(st))
		return 0;
	pthread_mutex_lock(&t->lock);
	e = slot(t, st);
	rc = e->kind == kind + 1 && e->dev == st->st_dev &&
	    e->ino == st->st_ino && e->size == st->st_size &&
	    e->changed.tv_sec == st->st_ctim.tv_sec &&
	    e->changed.tv_nsec == st->st_ctim.tv_nsec;
	pthread_mutex_unlock(&t->lock);
	return rc;
}

void
scanlink_add(struct scanlink *t, const struct stat *st, int kind)
{
	struct entry *e;

	if (!worth(st))
		return;
	pthread_mutex_lock(&t->lock);
	e = slot(t, st);
	e->dev = st->st_dev;
	e->ino = st->st_ino;
	e->size = st->st_size;
	e->changed = st->st_ctim;
	e->kind = kind + 1;
	pthread_mutex_unlock(&t->lock);
}
