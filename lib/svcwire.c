#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "io.h"
#include "rights.h"
#include "svcwire.h"

int
svcwire_send(int fd, const int fds[SVCWIRE_FDS], const struct buf *env)
{
	uint32_t len = (uint32_t)env->len;

	if (rights_send(fd, &len, sizeof(len), fds, SVCWIRE_FDS, 0) !=
	    sizeof(len))
		return -1;
	return io_writeall(fd, env->p, env->len);
}

static int
wait_for(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int n;

	while ((n = poll(&p, 1, ms)) == -1 && errno == EINTR)
		;
	if (n == 0)
		errno = ETIMEDOUT;
	return n == 1 ? 0 : -1;
}

int
svcwire_recv(int fd, int fds[SVCWIRE_FDS], struct buf *env, int ms)
{
	uint32_t len = 0;
	ssize_t n;

	if (wait_for(fd, ms) == -1 || (n = rights_recv(fd, &len, sizeof(len),
	    fds, SVCWIRE_FDS, 0)) == -1)
		return -1;
	if (fds[0] == -1) {
		errno = EPROTO;
		return -1;
	}
	if (n != sizeof(len) || len > SVCWIRE_ENV) {
		errno = EPROTO;
		return -1;
	}
	while (env->len < len) {
		if (wait_for(fd, ms) == -1 ||
		    buf_reserve(env, len - env->len) == -1)
			return -1;
		n = recv(fd, env->p + env->len, len - env->len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		env->len += (size_t)n;
	}
	return 0;
}

void
svcwire_end(int fd, int status, int oom)
{
	unsigned char end[3] = { 'x', (unsigned char)status,
	    (unsigned char)oom };

	send(fd, end, sizeof(end), MSG_NOSIGNAL);
}

int
svcwire_ended(int fd, int *status, int *oom)
{
	unsigned char end[3];

	if (recv(fd, end, sizeof(end), MSG_DONTWAIT) != sizeof(end) ||
	    end[0] != 'x')
		return 0;
	*status = end[1];
	*oom = end[2] != 0;
	return 1;
}
