/*
 * What a client says in clear HTTP on its way to a host: whatever goes on has
 * the one Host in each head, and is the same however it was cut up.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "httpgate.h"
#include "name.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
feed(struct buf *out, const uint8_t *data, size_t size, size_t step, int once)
{
	struct httpgate g;
	char *copy;
	size_t at, n;
	int rc = 0;

	memset(&g, 0, sizeof(g));
	g.name = "a.example";
	g.port = 80;
	g.once = once;
	if ((copy = malloc(size + 1)) == NULL)
		abort();
	memcpy(copy, data, size);
	for (at = 0; at < size && rc == 0; at += n) {
		n = size - at < step ? size - at : step;
		rc = httpgate_feed(&g, copy + at, n, out);
	}
	if ((rc == -1) != (g.why != NULL))
		abort();
	httpgate_free(&g);
	free(copy);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, bits = BUF_INIT;
	struct http_head h;
	const char *host;
	char name[NAME_HOST_MAX];
	int once, rc;

	if (size < 1)
		return 0;
	once = data[0] & 1;
	rc = feed(&whole, data + 1, size - 1, size, once);
	if (feed(&bits, data + 1, size - 1, 7, once) != rc)
		abort();
	if (whole.len > 0 && http_request(&h, whole.p, whole.len) > 0) {
		host = http_field(&h, "Host");
		if (host == NULL || http_field_count(&h, "Host") != 1 ||
		    http_field(&h, "Upgrade") != NULL ||
		    (strcmp(host, "a.example") != 0 &&
		    name_normalise(host, strcspn(host, ":"), name) ==
		    NAME_BAD))
			abort();
	}
	buf_free(&whole);
	buf_free(&bits);
	return 0;
}
