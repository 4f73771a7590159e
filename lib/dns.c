#include <ctype.h>
#include <string.h>

#include "dns.h"

#define HEADER		12
#define QUESTION_TAIL	4		/* type and class */
#define CLASS_IN	1
#define EDNS_SIZE	1232		/* what a UDP packet may safely be */

static unsigned int
get16(const unsigned char *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void
put16(unsigned char *p, unsigned int v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static void
put32(unsigned char *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static int
host_byte(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

/*
 * The name at p, which a query has no reason to compress.  Returns its length
 * on the wire, or 0 when it is none.
 */
static size_t
read_name(struct dns_query *q, const unsigned char *p, size_t n)
{
	size_t at = 0, out = 0, len, i;
	int c;

	for (;;) {
		if (at >= n)
			return 0;
		len = p[at++];
		if (len == 0)
			break;
		if (len > 63 || len > n - at || at + len > 254)
			return 0;
		if (out != 0)
			q->name[out++] = '.';
		for (i = 0; i < len; i++) {
			c = p[at++];
			if (c >= 'A' && c <= 'Z')
				c += 'a' - 'A';
			if (!host_byte(c)) {
				q->odd = 1;
				c = '?';
			}
			q->name[out++] = (char)c;
		}
	}
	q->name[out] = '\0';
	return at;
}

/* The one record that may follow a question is EDNS's. */
static int
read_opt(struct dns_query *q, const unsigned char *p, size_t n)
{
	if (n < 11 || p[0] != 0 || get16(p + 1) != DNS_OPT ||
	    get16(p + 9) != n - 11)
		return DNS_FORMERR;
	q->edns = 1;
	return p[6] == 0 ? DNS_NOERROR : DNS_BADVERS;
}

int
dns_read(struct dns_query *q, const unsigned char *p, size_t n)
{
	size_t len;

	memset(q, 0, sizeof(*q));
	if (n < HEADER || (p[2] & 0x80) != 0)
		return -1;
	q->id = (uint16_t)get16(p);
	q->opcode = p[2] >> 3 & 15;
	q->rd = p[2] & 1;
	if (q->opcode != 0)
		return DNS_NOTIMP;
	if (get16(p + 4) != 1 || get16(p + 6) != 0 || get16(p + 8) != 0 ||
	    get16(p + 10) > 1)
		return DNS_FORMERR;
	if ((len = read_name(q, p + HEADER, n - HEADER)) == 0 ||
	    n - HEADER - len < QUESTION_TAIL)
		return DNS_FORMERR;
	q->question = len + QUESTION_TAIL;
	q->type = (int)get16(p + HEADER + len);
	len += HEADER + QUESTION_TAIL;
	if (get16(p + 10) == 0) {
		if (n != len)
			return DNS_FORMERR;
	} else {
		int rc = read_opt(q, p + len, n - len);

		if (rc != DNS_NOERROR)
			return rc;
	}
	return get16(p + len - 2) == CLASS_IN ? DNS_NOERROR : DNS_REFUSED;
}

/* A name as labels; its length on the wire, or 0. */
static size_t
write_name(unsigned char *out, size_t room, const char *s)
{
	size_t at = 0, len;

	while (*s != '\0') {
		len = strcspn(s, ".");
		if (len == 0 || len > 63 || at + len + 2 > room ||
		    at + len + 2 > 255)
			return 0;
		out[at++] = (unsigned char)len;
		memcpy(out + at, s, len);
		at += len;
		s += len;
		if (*s == '.')
			s++;
	}
	out[at++] = 0;
	return at;
}

static size_t
write_record(unsigned char *out, size_t room, const struct dns_record *r)
{
	size_t len = 4;

	if (room < 12 + len)
		return 0;
	put16(out, 0xc000 | HEADER);	/* the name of the question */
	put16(out + 2, (unsigned int)r->type);
	put16(out + 4, CLASS_IN);
	put32(out + 6, r->ttl);
	if (r->type == DNS_A)
		put32(out + 12, r->addr);
	else if ((len = write_name(out + 12, room - 12, r->name)) == 0)
		return 0;
	put16(out + 10, (unsigned int)len);
	return 12 + len;
}

size_t
dns_write(unsigned char *out, const struct dns_query *q,
    const unsigned char *query, int rcode, const struct dns_record *r)
{
	size_t at = HEADER, len, tail = q->edns ? 11 : 0;
	int answers = 0;

	memset(out, 0, HEADER);
	put16(out, q->id);
	out[2] = (unsigned char)(0x80 | q->opcode << 3 | q->rd);
	out[3] = (unsigned char)(0x80 | (rcode & 15));
	if (q->question != 0) {
		memcpy(out + at, query + at, q->question);
		at += q->question;
		put16(out + 4, 1);
	}
	if (r != NULL && r->type != 0) {
		len = write_record(out + at, DNS_UDP_MAX - at - tail, r);
		if (len == 0)
			return 0;
		at += len;
		answers = 1;
	}
	put16(out + 6, (unsigned int)answers);
	if (q->edns) {
		memset(out + at, 0, tail);
		put16(out + at + 1, DNS_OPT);
		put16(out + at + 3, EDNS_SIZE);
		out[at + 5] = (unsigned char)(rcode >> 4);
		put16(out + 10, 1);
		at += tail;
	}
	return at;
}

int
dns_reverse(const char *name, uint32_t *addr)
{
	uint32_t a = 0;
	unsigned int v;
	int i, digits;

	for (i = 0; i < 4; i++) {
		v = 0;
		for (digits = 0; isdigit((unsigned char)*name); name++)
			if (++digits > 3 || (digits > 1 && v == 0))
				return 0;
			else
				v = v * 10 + (unsigned int)(*name - '0');
		if (digits == 0 || v > 255 || *name++ != '.')
			return 0;
		a |= (uint32_t)v << (8 * i);
	}
	if (strcmp(name, "in-addr.arpa") != 0)
		return 0;
	*addr = a;
	return 1;
}
