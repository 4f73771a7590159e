/*
 * Host names as the rules see them.
 */
#ifndef AIPOD_NAME_H
#define AIPOD_NAME_H

#include <stddef.h>

#define NAME_HOST_MAX	254		/* 253 bytes and a NUL */

enum name_kind {
	NAME_BAD,		/* no name at all: refuse */
	NAME_HOST,		/* letters, digits, hyphens, at least one dot */
	NAME_SINGLE,		/* one label: a service, or localhost */
	NAME_ADDRESS		/* an IP address in any spelling */
};

/*
 * Normalise the n bytes at s into out: lower case, no trailing dot; an IPv4
 * or IPv6 address in whatever spelling inet_aton(3) or a browser would take
 * becomes its canonical form.  Bytes outside of the LDH rule (RFC 952, RFC
 * 1123) plus '_', empty or over-long labels (RFC 1035, 2.3.4) are NAME_BAD, as
 * are A-labels (xn--) that are not valid lower-case Punycode.
 */
enum name_kind name_normalise(const char *s, size_t n, char out[NAME_HOST_MAX]);

/*
 * Split "name:port" or "[v6]:port"; the port must be there and be 1 to 65535,
 * decimal, without leading zero.  0, or -1.
 */
int	name_split_port(const char *s, size_t n, const char **host,
	    size_t *hostlen, int *port);

#endif
