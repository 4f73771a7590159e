/*
 * The shape of a token, in a small language without choice or repetition of
 * groups, so that matching is a walk over a table.  Words with a space
 * between:
 *
 *	"text"		these bytes
 *	'text'		these letters, in either case
 *	[a-z0-9_]20	20 of a class; 20-40; 20+ (to 4096); 0-1 is "perhaps"
 *	w d x X b	[A-Za-z0-9] [0-9] [0-9a-f] [0-9A-Fa-f] [A-Za-z0-9_-]
 *	u l B		[A-Z0-9] [a-z0-9] [A-Za-z0-9+/]
 *	p		blanks and punctuation
 *	uuid		8-4-4-4-12 hexadecimal digits
 *	<		what stands before ends where the literal begins
 *	^ or $		first or last: no boundary wanted there
 *	(		last but one mark: the secret begins here
 *
 * A boundary is: no letter or digit beside it, and nothing more of the last
 * class.
 */
#ifndef AIPOD_SHAPE_H
#define AIPOD_SHAPE_H

#include <stddef.h>

#define SHAPE_ITEMS	16

struct shape_item {
	unsigned char	 set[32];
	char		*text;		/* NULL: the class */
	size_t		 min;
	size_t		 max;
	int		 fold;
};

struct shape {
	struct shape_item item[SHAPE_ITEMS];
	int		 n;
	int		 before;	/* items that stand before the literal */
	int		 secret;	/* item that the secret begins with */
	int		 open_left;
	int		 open_right;
};

/* 0, or -1 when the text is no shape; shape_free after 0 only. */
int	shape_compile(struct shape *, const char *);
void	shape_free(struct shape *);

/*
 * Match where the literal begins, at s[at].  1, and [*from, *to) is the secret.
 */
int	shape_match(const struct shape *, const unsigned char *s, size_t n,
	    size_t at, size_t *from, size_t *to);

/* 1 when no word goes on at s[at]; an escape before it, \n or %3D, is none. */
int	shape_may_begin(const unsigned char *s, size_t at);

/* 1 when all n bytes have the shape. */
int	shape_whole(const struct shape *, const unsigned char *s, size_t n);

#endif
