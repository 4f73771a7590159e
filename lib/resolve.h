/*
 * Looking names up in processes of their own, because getaddrinfo(3) waits
 * and its parser reads what strangers send.
 */
#ifndef AIPOD_RESOLVE_H
#define AIPOD_RESOLVE_H

#include "addr.h"
#include "loop.h"

#define RESOLVERS	4

/* The caller's, zero at first; must live until fn was called or cancelled. */
struct lookup {
	struct lookup	*next;
	const char	*name;		/* the caller's; normalised */
	/* n addresses, best first; 0 with why, a phrase. */
	void		(*fn)(struct lookup *, const struct addr *, int n,
			    const char *why);
	void		*arg;
	int		 busy;
};

struct resolver {
	struct resolvers *all;
	struct watch	 watch;		/* fd -1: the process is gone */
	struct lookup	*now;		/* what it works on */
	int		 late;		/* its answer is wanted by nobody */
};

struct resolvers {
	struct loop	*loop;
	struct resolver	 r[RESOLVERS];
	struct lookup	*head, **tail;	/* that wait for a process */
};

/*
 * Start the processes, to be done before this one confines itself.  They end
 * with it.  0, or -1 with errno.
 */
int	resolvers_start(struct resolvers *, struct loop *);
/* Begin; fn is called from the loop, never from here. */
void	resolve(struct resolvers *, struct lookup *);
void	resolve_cancel(struct resolvers *, struct lookup *);

#endif
