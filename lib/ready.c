#include <err.h>
#include <unistd.h>

#include "io.h"
#include "num.h"
#include "ready.h"
#include "status.h"

int
xready_fd(const char *s)
{
	int fd = (int)xnum("--ready", s, 0, 1 << 20);

	if (io_cloexec(fd, 1) == -1)
		err(ST_USAGE, "cannot use descriptor %s", s);
	return fd;
}

void
ready_tell(int fd)
{
	if (fd == -1)
		return;
	if (io_writeall(fd, "\n", 1) == -1) {
		/* who does not listen misses nothing */
	}
	close(fd);
}
