#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdint.h>
#include <string.h>

#include "handover.h"

union control {
	struct cmsghdr	head;
	char		room[CMSG_SPACE(sizeof(int))];
};

static void
message(struct msghdr *m, struct iovec *v, union control *c)
{
	memset(m, 0, sizeof(*m));
	memset(c, 0, sizeof(*c));
	m->msg_iov = v;
	m->msg_iovlen = 1;
	m->msg_control = c->room;
	m->msg_controllen = sizeof(c->room);
}

int
handover_send(int channel, const void *p, size_t n, int fd)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	struct msghdr m;
	union control c;
	struct cmsghdr *h;

	message(&m, &v, &c);
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(channel, &m, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    (ssize_t)n ? 0 : -1;
}

ssize_t
handover_recv(int channel, void *p, size_t n, int *fd)
{
	struct iovec v = { p, n };
	struct msghdr m;
	union control c;
	struct cmsghdr *h;
	ssize_t r;

	*fd = -1;
	message(&m, &v, &c);
	/* for one and no more: the room's padding would take a second */
	m.msg_controllen = CMSG_LEN(sizeof(*fd));
	if ((r = recvmsg(channel, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) == -1)
		return -1;
	h = CMSG_FIRSTHDR(&m);
	if (h != NULL && h->cmsg_level == SOL_SOCKET &&
	    h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(h), sizeof(*fd));
	return r;
}

int
handover_good(int fd)
{
	unsigned char state;
	socklen_t len = sizeof(state);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &len) == 0;
}
