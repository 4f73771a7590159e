/*
 * dns HEX [RCODE [A|PTR VALUE]]: read a query and show it; with a code, show
 * the answer in hex instead.  dns -r NAME: the address of a reverse name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"

static size_t
unhex(const char *s, unsigned char *out, size_t max)
{
	char pair[3] = "";
	size_t n = 0;

	for (; s[0] != '\0' && s[1] != '\0' && n < max; s += 2) {
		memcpy(pair, s, 2);
		out[n++] = (unsigned char)strtol(pair, NULL, 16);
	}
	return n;
}

static int
reverse(const char *name)
{
	uint32_t addr;

	if (!dns_reverse(name, &addr))
		puts("no");
	else
		printf("%08lx\n", (unsigned long)addr);
	return 0;
}

int
main(int argc, char *argv[])
{
	unsigned char in[1024], out[DNS_UDP_MAX], *exact;
	struct dns_record rec = { 0, 5, 0, NULL };
	struct dns_query q;
	size_t i, n;
	int rc;

	if (argc < 2)
		return 100;
	if (strcmp(argv[1], "-r") == 0)
		return reverse(argv[2]);
	n = unhex(argv[1], in, sizeof(in));
	/* just as long as it is, for the sanitizers */
	if ((exact = malloc(n + 1)) == NULL)
		return 111;
	memcpy(exact, in, n);
	rc = dns_read(&q, exact, n);
	if (argc < 3) {
		printf("%d", rc);
		if (rc == DNS_NOERROR)
			printf(" '%s' %d%s%s%s", q.name, q.type,
			    q.rd ? " rd" : "", q.edns ? " edns" : "",
			    q.odd ? " odd" : "");
		putchar('\n');
	} else {
		if (argc > 4 && strcmp(argv[3], "A") == 0) {
			rec.type = DNS_A;
			rec.addr = (uint32_t)strtoul(argv[4], NULL, 16);
		} else if (argc > 4) {
			rec.type = DNS_PTR;
			rec.name = argv[4];
		}
		n = dns_write(out, &q, exact, (int)strtol(argv[2], NULL, 10),
		    &rec);
		for (i = 0; i < n; i++)
			printf("%02x", out[i]);
		putchar('\n');
	}
	free(exact);
	return 0;
}
