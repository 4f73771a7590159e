/*
 * Fuzz target for lib/dns: whatever is taken for a query can be answered, and
 * the answer fits, echoes the question and is itself no query.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(int ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct dns_record rec = { DNS_A, 5, 0x7f400001, NULL };
	unsigned char out[DNS_UDP_MAX];
	struct dns_query q, again;
	uint32_t addr;
	size_t len;
	int rc;

	if ((rc = dns_read(&q, p, n)) == -1)
		return 0;
	check(strlen(q.name) < DNS_NAME_MAX - 1 && q.question <= n);
	dns_reverse(q.name, &addr);
	if (rc != DNS_NOERROR)
		rec.type = 0;
	len = dns_write(out, &q, p, rc, &rec);
	check(len >= 12 && len <= sizeof(out));
	check(out[0] == p[0] && out[1] == p[1] && (out[2] & 0x80) != 0);
	check(q.question == 0 || memcmp(out + 12, p + 12, q.question) == 0);
	check(dns_read(&again, out, len) == -1);
	if (rc == DNS_NOERROR) {
		rec.type = DNS_PTR;
		rec.name = q.name;
		len = dns_write(out, &q, p, rc, &rec);
		check(len <= sizeof(out));
	}
	return 0;
}
