/*
 * Argument vectors: built piece by piece, executed, or shown as a line that
 * a POSIX shell reads back to the same words.
 */
#ifndef AIPOD_ARGV_H
#define AIPOD_ARGV_H

#include <stddef.h>

struct buf;

struct argv {
	char	**v;		/* NULL-terminated once a word is added */
	size_t	  n;
	size_t	  cap;
};

#define ARGV_INIT	{ NULL, 0, 0 }

/* Add a copy of the word; dies when out of memory. */
void	 argv_add(struct argv *, const char *);
void	 argv_addf(struct argv *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* Add all words of a NULL-terminated vector. */
void	 argv_addv(struct argv *, char *const *);
void	 argv_free(struct argv *);

/* Append a word, quoted for sh(1) where it must be. */
int	 argv_quote(struct buf *, const char *);
/*
 * Append all words with a space between, the first so that the shell takes it
 * for a program's name and not for an assignment or a word of its own.
 */
int	 argv_show(struct buf *, char *const *);

#endif
