#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "svcwire.h"

union control {
	struct cmsghdr	 align;
	char		 space[CMSG_SPACE(SVCWIRE_FDS * sizeof(int))];
};

int
svcwire_send(int fd, const int fds[SVCWIRE_FDS], const struct buf *env)
{
	uint32_t len = (uint32_t)env->len;
	union control c;
	struct iovec iov = { &len, sizeof(len) };
	struct msghdr m;
	struct cmsghdr *h;
	ssize_t n;

	memset(&c, 0, sizeof(c));
	memset(&m, 0, sizeof(m));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = c.space;
	m.msg_controllen = sizeof(c.space);
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(SVCWIRE_FDS * sizeof(int));
	memcpy(CMSG_DATA(h), fds, SVCWIRE_FDS * sizeof(int));
	while ((n = sendmsg(fd, &m, MSG_NOSIGNAL)) == -1 && errno == EINTR)
		;
	if (n != sizeof(len))
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

static int
take_descriptors(struct msghdr *m, int fds[SVCWIRE_FDS])
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int i;

	if (h == NULL || h->cmsg_level != SOL_SOCKET ||
	    h->cmsg_type != SCM_RIGHTS ||
	    h->cmsg_len != CMSG_LEN(SVCWIRE_FDS * sizeof(int))) {
		errno = EPROTO;
		return -1;
	}
	memcpy(fds, CMSG_DATA(h), SVCWIRE_FDS * sizeof(int));
	for (i = 0; i < SVCWIRE_FDS; i++)
		io_cloexec(fds[i], 1);
	return 0;
}

int
svcwire_recv(int fd, int fds[SVCWIRE_FDS], struct buf *env, int ms)
{
	uint32_t len = 0;
	union control c;
	struct iovec iov = { &len, sizeof(len) };
	struct msghdr m;
	ssize_t n;

	memset(&m, 0, sizeof(m));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = c.space;
	m.msg_controllen = sizeof(c.space);
	if (wait_for(fd, ms) == -1)
		return -1;
	while ((n = recvmsg(fd, &m, 0)) == -1 && errno == EINTR)
		;
	if (n == -1 || take_descriptors(&m, fds) == -1)
		return -1;
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
