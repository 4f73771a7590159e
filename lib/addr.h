/*
 * Internet addresses and where they lead.
 */
#ifndef AIPOD_ADDR_H
#define AIPOD_ADDR_H

#include <sys/socket.h>
#include <netinet/in.h>

#include "name.h"

#define ADDR_MAX	16		/* addresses of one name that count */

struct addr {
	int		family;		/* AF_INET or AF_INET6 */
	unsigned char	a[16];		/* network order; 4 bytes for IPv4 */
};

enum addr_class {
	ADDR_PUBLIC,
	ADDR_LOCAL,		/* this host, or a network of the user's */
	ADDR_FORBIDDEN		/* link-local, metadata, multicast, reserved */
};

/*
 * Where the address leads.  An IPv6 address that carries an IPv4 one (mapped,
 * compatible, 6to4, NAT64, ISATAP) is judged by what it carries.  *what is a
 * phrase for people, e.g. "a loopback address".
 */
enum addr_class addr_class(const struct addr *, const char **what);

/* From the text that name_normalise gives as NAME_ADDRESS; 0, or -1. */
int	 addr_parse(struct addr *, const char *);
/* The same text back. */
void	 addr_show(const struct addr *, char out[NAME_HOST_MAX]);
socklen_t addr_sockaddr(const struct addr *, int port,
	    struct sockaddr_storage *);

#endif
