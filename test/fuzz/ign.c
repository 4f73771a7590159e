/* .gitignore: rules up to the first NUL, then a path. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ign.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *nul = memchr(p, '\0', n);
	struct ign *g;
	char *path;

	if (nul == NULL)
		return 0;
	g = ign_parse(NULL, (const char *)p, (size_t)(nul - p), "");
	path = strndup((const char *)nul + 1, n - (size_t)(nul - p) - 1);
	if (g != NULL && path != NULL) {
		ign_match(g, path, 0);
		ign_match(g, path, 1);
	}
	free(path);
	ign_free(g);
	return 0;
}
