/*
 * Is a value a secret, or a name, a placeholder, an expression?
 */
#ifndef AIPOD_GUESS_H
#define AIPOD_GUESS_H

#include <stddef.h>

struct pairs;

/* 1 when it stands for a value that is put in later, or is written out. */
int	guess_placeholder(const unsigned char *, size_t n);
/* 1 when somebody else puts it in: braces, brackets, a sign in front. */
int	guess_template(const unsigned char *, size_t n);
/* 1 when it is a run of few characters, a piece again and again, or long and
 * with a part of the alphabet in it: xxxx, 000000, abababab, klmnopqrstuv. */
int	guess_dull(const unsigned char *, size_t n);
/* 1 when a generator could have made it; level 0 (lenient) to 2 (strict). */
int	guess_random(const struct pairs *, const unsigned char *, size_t n,
	    int level);
/* 1 when a person could have chosen it for a password. */
int	guess_password(const struct pairs *, const unsigned char *, size_t n);
/* 1 when it is eight bytes or more and three of: digits, capitals, small
 * letters, others. */
int	guess_strong(const unsigned char *, size_t n);
/* 1 when a word of the language, and so perhaps no password. */
int	guess_word(const unsigned char *, size_t n);
/* 1 when the bytes begin with the text, which is in lower case. */
int	guess_begins(const unsigned char *, size_t n, const char *text);
/* 1 when the bytes contain the text, without regard to case. */
int	guess_has(const unsigned char *, size_t n, const char *text);
/* 1 when they contain any of the texts, the last of which is NULL. */
int	guess_any(const unsigned char *, size_t n, const char *const *texts);

#endif
