/*
 * UTF-8 (RFC 3629), and showing foreign bytes to a person.
 */
#ifndef AIPOD_UTF8_H
#define AIPOD_UTF8_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Decode one character of the n > 0 bytes at s.  Returns its length and sets
 * *cp; when the bytes are not valid (overlong, surrogate, past U+10FFFF, cut
 * short) sets *cp to 0xfffd and returns minus the length of the maximal
 * invalid part (Unicode, section 3.9, "substitution of maximal subparts").
 */
int	utf8_next(const char *s, size_t n, uint32_t *cp);
int	utf8_valid(const char *s, size_t n);
int	utf8_put(struct buf *, uint32_t cp);

/*
 * Columns that a terminal gives a character: 0, 1 or 2; -1 when it has no
 * business on a terminal (controls, bidi controls, zero-width, tag, private
 * use, surrogates, noncharacters, and spaces that are not U+0020).
 */
int	utf8_width(uint32_t cp);

/*
 * Append the bytes so that what a person sees is what they are: printable
 * characters as they stand, everything for which utf8_width is -1 and every
 * invalid byte escaped (\n, \t, \r, \x1b, \u202e, \U000e0041), and a
 * backslash as "\\".  With VIS_LINES a newline stays one, with VIS_ASCII
 * everything beyond ASCII is escaped too.
 */
#define VIS_LINES	1
#define VIS_ASCII	2
int	vis_add(struct buf *, const char *, size_t, int flags);
/* The same for a string as a new string; dies when out of memory. */
char	*xvis(const char *);

#endif
