/*
 * Many deadlines on one monotonic clock, a binary heap.
 */
#ifndef AIPOD_ALARM_H
#define AIPOD_ALARM_H

#include <stddef.h>

/* Zero before first use. */
struct alarm {
	size_t	   slot;	/* 1 and up while it is set */
	long long  at;
	void	 (*fn)(void *arg);
	void	  *arg;
};

struct alarms {
	struct alarm	**v;
	size_t		  n;
	size_t		  cap;
};

/* Milliseconds of a clock that never goes back. */
long long alarm_now(void);
/* Ring once, ms from now; set again it moves.  0, or -1 with errno. */
int	  alarm_set(struct alarms *, struct alarm *, long long ms);
void	  alarm_clear(struct alarms *, struct alarm *);
/* Ring all that are due. */
void	  alarms_ring(struct alarms *);
/* Milliseconds until the next is due; -1: none is set. */
int	  alarms_wait(const struct alarms *);
void	  alarms_free(struct alarms *);

#endif
