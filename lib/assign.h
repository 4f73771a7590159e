/*
 * A name and the value given to it, in whatever language: name = "value",
 * "name": "value", <name>value</name>, set("name", "value"), and so on.
 */
#ifndef AIPOD_ASSIGN_H
#define AIPOD_ASSIGN_H

#include <stddef.h>

#define ASSIGN_VALUE	4096		/* a longer value is cut */

struct assign {
	size_t	name;			/* [name, name_end) */
	size_t	name_end;
	size_t	from;			/* [from, to): without quotes */
	size_t	to;
	int	quote;			/* the character, or 0 */
	int	op;			/* '=', ':', ',', '(', '>', 'v' (value=) */
	int	call;			/* the value stands in a call: f("x") */
	int	named;			/* the name stands in quotes */
};

/* The last value without quotes: what begins in it ends with it. */
struct assign_memo {
	size_t	from;
	size_t	to;
};

/*
 * The assignment to the name of which [at, end) is a part; 0 when there is
 * none.  Looks at a bounded number of bytes, and with a memo (all zero at
 * first) at the bytes of a value once for all the names in it.
 */
int	assign_parse(const unsigned char *s, size_t n, size_t at, size_t end,
	    struct assign *, struct assign_memo *);

/* Only a value, from `at` on. */
int	assign_value(const unsigned char *s, size_t n, size_t at,
	    struct assign *, struct assign_memo *);

#endif
