/*
 * What the name, the value and the place of an assignment tell about it.
 */
#ifndef AIPOD_VALUE_H
#define AIPOD_VALUE_H

#include "look.h"

/* 1 when a user is named within the lines around. */
int	value_user_near(const struct look *, size_t at);
/* 1 when there is no blank in it. */
int	value_one_word(const struct look *, const struct assign *);
/* 1 when a bare value is code: an identifier, a call, an index. */
int	value_code(const struct look *, const struct assign *);
/* 1 when it is a parameter of an address: ?name=x, &name=x. */
int	value_in_url(const struct look *, const struct assign *);
/* 1 when it is a part of Server=x;User Id=y;Password=z; or the like. */
int	value_in_connection(const struct look *, const struct assign *);
/* 1 when the name ends with the text, which is in lower case. */
int	value_named(const struct look *, const struct assign *,
	    const char *text);
/* 1 when the name has a telling word and tells of no secret: a length, a
 * file, a label. */
int	value_harmless(const struct look *, const struct assign *);

/* 1 when there is a digit, a letter in it; when all are hexadecimal. */
int	value_digit(const unsigned char *, size_t n);
int	value_letter(const unsigned char *, size_t n);
int	value_hexadecimal(const unsigned char *, size_t n);

#endif
