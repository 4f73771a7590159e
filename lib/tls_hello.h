/*
 * The first message of a TLS client: which server does it ask for?
 */
#ifndef AIPOD_TLS_HELLO_H
#define AIPOD_TLS_HELLO_H

#include <stddef.h>

#include "name.h"

#define TLS_HELLO_MAX	17408		/* bytes with their record headers */

/*
 * Read a ClientHello (RFC 8446, 4.1.2; RFC 6066, 3), which may be spread over
 * records, from the n bytes at p.  1: it is all there and well-formed, and sni
 * has the normalised name, empty when it asks for none (with an encrypted
 * ClientHello it is the outer name).  0: more is needed.  -1: it is no TLS or
 * malformed, and *why a static phrase.
 */
int	tls_hello(const unsigned char *p, size_t n, char sni[NAME_HOST_MAX],
	    const char **why);

#endif
