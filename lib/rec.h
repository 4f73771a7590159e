/*
 * Records, aipod-records(5): one a line, fields separated by TAB, the key
 * first.  In a field \t, \n and \\ are two characters; "-" alone is absent and
 * the empty field is written "-" as well; a field that really is "-" is \-.
 */
#ifndef AIPOD_REC_H
#define AIPOD_REC_H

#include <stddef.h>
#include <stdio.h>

struct buf;

/* One field, escaped; NULL is absent.  Output errors show in ferror(3). */
void	rec_put(FILE *, const char *);
void	rec_putn(FILE *, const char *, size_t);
/* All fields and the newline; the list ends with n. */
void	rec_line(FILE *, size_t n, const char *const *);
int	rec_add(struct buf *, const char *, size_t);
/*
 * Split a line (without its newline) in place, unescaping; absent fields
 * become NULL.  Returns the number of fields found, at most max kept; -1 when
 * an escape is malformed.
 */
int	rec_split(char *line, char **fields, int max);

#endif
