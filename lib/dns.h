/*
 * DNS messages (RFC 1035, RFC 6891) as far as a resolver of one's own needs
 * them: strict reading of a query, writing of its answer.
 */
#ifndef AIPOD_DNS_H
#define AIPOD_DNS_H

#include <stddef.h>
#include <stdint.h>

#define DNS_UDP_MAX	512		/* every answer of ours fits */
#define DNS_NAME_MAX	256		/* as text, with a NUL */

enum dns_type {
	DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_SVCB = 64,
	DNS_HTTPS = 65, DNS_ANY = 255
};

enum dns_rcode {
	DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4, DNS_REFUSED = 5, DNS_BADVERS = 16
};

struct dns_query {
	uint16_t	 id;
	int		 rd;			/* recursion desired */
	int		 opcode;
	int		 type;
	size_t		 question;		/* its bytes; 0: none readable */
	int		 edns;			/* an OPT record was there */
	char		 name[DNS_NAME_MAX];	/* "" is the root */
	int		 odd;			/* a byte no host name has */
};

/* What an answer says: nothing beyond its code unless type is set. */
struct dns_record {
	int		 type;			/* DNS_A, DNS_PTR or 0 */
	uint32_t	 ttl;			/* seconds */
	uint32_t	 addr;			/* DNS_A: in host order */
	const char	*name;			/* DNS_PTR */
};

/*
 * Read a query of n bytes.  Returns DNS_NOERROR, the code to answer it with
 * (dns_write takes the query then, too), or -1 when it deserves no answer:
 * no whole header, or itself a response.  The name is given as it was sent,
 * in lower case, without trailing dot; when a label holds a byte that is
 * neither letter, digit, '-' nor '_', odd is set and the byte shown as '?'.
 */
int	dns_read(struct dns_query *, const unsigned char *, size_t n);

/*
 * Write the answer to that query (its bytes are wanted again) to out, which
 * has room for DNS_UDP_MAX bytes.  Returns the length, or 0 when the record
 * cannot be written.
 */
size_t	dns_write(unsigned char *out, const struct dns_query *,
	    const unsigned char *query, int rcode, const struct dns_record *);

/*
 * The address that d.c.b.a.in-addr.arpa asks for, in host order: 1, or 0 when
 * the name is not of this form.
 */
int	dns_reverse(const char *name, uint32_t *addr);

#endif
