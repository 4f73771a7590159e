/*
 * A generated value near a telling word that no operator ties to it: behind
 * it in a sentence, a table or a list, or among the words of its value.
 */
#ifndef AIPOD_HINT_H
#define AIPOD_HINT_H

#include "look.h"

/* 1 when a word of [from, to), which is cut to 512 bytes, was generated. */
int	hint_among(const struct look *, size_t from, size_t to, size_t *word,
	    size_t *word_end);
/* 1 when what stands behind the telling word that ends at `end` was:
 * token - 'x'; | token | x |; the token is x; tokenSECRET-x. */
int	hint_behind(const struct look *, size_t end, int strict, size_t *word,
	    size_t *word_end);
/* 1 when the text at `at` stands in a comment of a programming language. */
int	hint_comment(const struct look *, size_t at);

#endif
