/*
 * The records of a list on the screen: read as they come, filtered, marked.
 */
#ifndef AIPOD_ITEMS_H
#define AIPOD_ITEMS_H

#include <stddef.h>

#include "buf.h"

#define ITEMS_MAX	1000000
#define ITEM_FIELDS	32		/* kept apart; more stay unseen */
#define ITEM_MAX	(1UL << 20)	/* bytes of a record */
#define ITEMS_BYTES	(256UL << 20)

struct item {
	char	*line;			/* as it came, without its end */
	size_t	 len;
	int	 marked;
};

struct items {
	struct item	*all;
	size_t		 n;
	size_t		 cap;
	size_t		*view;		/* those that match, in order */
	size_t		 nview;
	size_t		 vcap;
	struct buf	 part;		/* of a line */
	size_t		 bytes;
	int		 end;		/* '\n' or '\0' */
	char		*filter;
	int		 full;		/* a bound was hit: more is dropped */
};

void	 items_init(struct items *, int end);
void	 items_free(struct items *);
/* Drop the records, but not what has come of the next. */
void	 items_forget(struct items *);
/* Take what was read; n 0 is the end.  Exit ST_USAGE past ITEM_MAX. */
void	 xitems_feed(struct items *, const char *, size_t n);
/*
 * Show only the records that hold every word of the filter ("!word": that do
 * not), without case where the word has no capital.
 */
void	 xitems_filter(struct items *, const char *);
/*
 * The fields of a record, unescaped, each with a NUL: n of them at most;
 * absent ones are "".  *copy is what they point into, for free(3).
 */
int	 xitems_fields(const struct item *, char **f, int n, char **copy);

#endif
