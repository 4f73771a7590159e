/*
 * Find many literals at once, without regard to case, in one pass over the
 * bytes (Aho and Corasick, 1975); four parts of the text are read in turn, so
 * that one does not wait for the memory of the other.
 */
#ifndef AIPOD_AC_H
#define AIPOD_AC_H

#include <stddef.h>

struct ac;

#define AC_LANES	4		/* parts of the text read in turn */

/*
 * n literals; where begins[i] is set, the i'th is told of only where a word
 * begins: not behind a letter or digit, unless that ends an escape ("\\n",
 * "%3D").  Parts of words cost nothing so: the automaton has one root for where
 * a word may begin and one for where it goes on, without those literals.  NULL
 * when out of memory or for more than 65,000 states.
 */
struct ac *ac_new(const char *const *literal, const char *begins, size_t n);
void	 ac_free(struct ac *);

/*
 * Call hit for every literal in the n bytes at s, with its number and where it
 * begins; by rising places of its end within each quarter.
 */
void	 ac_run(const struct ac *, const unsigned char *s, size_t n,
	    void (*hit)(void *, size_t literal, size_t at), void *);

#endif
