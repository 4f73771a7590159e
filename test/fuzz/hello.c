/*
 * A ClientHello cut anywhere must ask for more or refuse, never say a name
 * other than the whole does; the name is in its one spelling.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "tls_hello.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char sni[NAME_HOST_MAX], part[NAME_HOST_MAX], again[NAME_HOST_MAX];
	const char *why;
	int whole, cut;
	size_t n;

	whole = tls_hello(data, size, sni, &why);
	if (whole == 1 && sni[0] != '\0' &&
	    (name_normalise(sni, strlen(sni), again) == NAME_BAD ||
	    strcmp(sni, again) != 0))
		abort();
	n = size / 2;
	cut = tls_hello(data, n, part, &why);
	if (cut == -1 && whole != -1)
		abort();
	if (cut == 1 && (whole != 1 || strcmp(part, sni) != 0))
		abort();
	return 0;
}
