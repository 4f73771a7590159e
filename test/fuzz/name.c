/*
 * Whatever comes in, what comes out is a fixed point of its kind, in bounds
 * and of the permitted bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "name.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const char *s, size_t n)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	char again[NAME_HOST_MAX], out[NAME_HOST_MAX];
	enum name_kind kind;
	size_t len;

	kind = name_normalise(s, n, out);
	len = strlen(out);
	if (kind == NAME_BAD) {
		if (len != 0)
			abort();
		return;
	}
	if (len == 0 || len >= NAME_HOST_MAX || out[len - 1] == '.')
		abort();
	if (kind != NAME_ADDRESS && strspn(out, ok) != len)
		abort();
	if (name_normalise(out, len, again) != kind || strcmp(out, again) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *host, *s = (const char *)data;
	size_t len;
	int port;

	check(s, size);
	if (name_split_port(s, size, &host, &len, &port) == 0) {
		if (port < 1 || port > 65535 || host < s ||
		    host + len > s + size || len == 0)
			abort();
		check(host, len);
	}
	return 0;
}
