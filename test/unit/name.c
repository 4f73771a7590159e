/*
 * name: normalise each argument and print kind and result; -p: split it into
 * host and port instead; -: take the bytes from standard input.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "name.h"

static void
normalise(const char *s, size_t n)
{
	static const char *const kinds[] = { "bad", "host", "single",
	    "address" };
	char out[NAME_HOST_MAX];
	enum name_kind kind;

	kind = name_normalise(s, n, out);
	printf("%s%s%s\n", kinds[kind], out[0] != '\0' ? " " : "", out);
}

static void
split(const char *s)
{
	const char *host;
	size_t len;
	int port;

	if (name_split_port(s, strlen(s), &host, &len, &port) == -1)
		puts("no");
	else
		printf("%.*s %d\n", (int)len, host, port);
}

int
main(int argc, char *argv[])
{
	char in[1024];
	ssize_t n;
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "-") == 0) {
			if ((n = read(STDIN_FILENO, in, sizeof(in))) >= 0)
				normalise(in, (size_t)n);
		} else if (strcmp(argv[1], "-p") == 0) {
			if (i > 1)
				split(argv[i]);
		} else
			normalise(argv[i], strlen(argv[i]));
	return 0;
}
