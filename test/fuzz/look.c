/* The content scanner, with the rules that are shipped. */
#include <stdint.h>
#include <stdlib.h>

#include "look.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct scan_rules *rules;
	static struct look l;
	size_t i;

	if (rules == NULL) {
		const char *file = getenv("SECRETS");

		rules = xscan_rules(file != NULL ? file :
		    "share/rules/secrets.tsv");
		l.rules = rules;
		l.spot = calloc(LOOK_SPOTS, sizeof(*l.spot));
	}
	if (n < 1)
		return 0;
	l.kind = p[0] % 4;
	l.tests = (p[0] & 4) != 0;
	l.s = p + 1;
	l.n = l.hi = n - 1;
	l.lo = 0;
	look_at(&l);
	for (i = 0; i < l.nspot; i++)
		if (l.spot[i].from >= l.spot[i].to || l.spot[i].to > l.n)
			abort();
	return 0;
}
