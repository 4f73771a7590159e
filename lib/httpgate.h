/*
 * What a client may say on the way to one host in clear HTTP: each head is
 * read, must name that host, and goes on rewritten, without what is meant for
 * the next hop alone; bodies end where they say.
 */
#ifndef AIPOD_HTTPGATE_H
#define AIPOD_HTTPGATE_H

#include "buf.h"
#include "http.h"

struct httpgate {
	const char	*name;		/* the caller's; normalised */
	int		 port;
	int		 once;		/* one request, then nothing more */
	int		 state;
	uint64_t	 left;
	struct http_chunks chunks;
	struct buf	 head;		/* a head that is not all there */
	const char	*why;		/* after a refusal: a static phrase */
};

#define HTTPGATE_HEAD_MAX	32768

/*
 * From all zero with name and port set.  Add to out what may go on of these n
 * bytes, which are overwritten; 0, or -1 with why set: the client is to be cut
 * off.
 */
int	httpgate_feed(struct httpgate *, char *p, size_t n, struct buf *out);
/*
 * The same for a head that was parsed already and is to go on with this target
 * in origin form.
 */
int	httpgate_head(struct httpgate *, const struct http_head *,
	    const char *target, struct buf *out);
void	httpgate_free(struct httpgate *);

#endif
