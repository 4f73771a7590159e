/*
 * The grammar of JSON; used by lib/json.c alone.
 */
#ifndef AIPOD_JSONSCAN_H
#define AIPOD_JSONSCAN_H

#include <stddef.h>
#include <stdint.h>

struct json;

/*
 * Check j->len bytes at j->s against RFC 8259 and the bounds, names that
 * stand twice apart.  Returns 0 and sets j->n to the number of values and
 * names; or -1 with errno as json_parse has it, why and where.
 */
int	json_scan(struct json *, int depth, int maxtok);

/*
 * The character that the escape at s means; returns the bytes it takes, 0
 * when it is none, -1 for half a surrogate pair.
 */
int	json_unescape(const char *s, size_t n, uint32_t *cp);

#endif
