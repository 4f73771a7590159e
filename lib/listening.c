#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "listening.h"

#define LISTEN	0x0a			/* the state, as Linux numbers it */

static void
add(int port, int ports[LISTENING_MAX], size_t *count)
{
	size_t i, n = *count;

	for (i = 0; i < n && ports[i] < port; i++)
		;
	if (i == LISTENING_MAX || (i < n && ports[i] == port))
		return;
	if (n == LISTENING_MAX)
		n--;
	memmove(&ports[i + 1], &ports[i], (n - i) * sizeof(ports[0]));
	ports[i] = port;
	*count = n + 1;
}

void
listening_parse(const char *s, size_t n, int ports[LISTENING_MAX],
    size_t *count)
{
	char line[512];
	const char *nl;
	unsigned int port, state;
	size_t len;

	for (; n > 0; s += len, n -= len) {
		nl = memchr(s, '\n', n);
		len = nl != NULL ? (size_t)(nl - s) + 1 : n;
		if (len >= sizeof(line))
			continue;
		memcpy(line, s, len);
		line[len] = '\0';
		if (sscanf(line, " %*[0-9]: %*[0-9A-F]:%4x %*[0-9A-F]:%*4x %2x",
		    &port, &state) == 2 && state == LISTEN && port != 0)
			add((int)port, ports, count);
	}
}

/* Those that listen stand first: what is beyond the buffer is of no interest. */
size_t
listening(int ports[LISTENING_MAX])
{
	static const char *const files[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	char text[32768];
	size_t count = 0;
	ssize_t n;
	int fd, i;

	for (i = 0; i < 2; i++) {
		if ((fd = open(files[i], O_RDONLY | O_CLOEXEC)) == -1)
			continue;
		n = io_readfull(fd, text, sizeof(text));
		close(fd);
		if (n > 0)
			listening_parse(text, (size_t)n, ports, &count);
	}
	return count;
}
