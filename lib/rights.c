#include <sys/socket.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "rights.h"

#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC	0
#endif

union control {
	struct cmsghdr	head;
	char		room[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
};

static void
message(struct msghdr *m, struct iovec *v, union control *c, int n)
{
	memset(m, 0, sizeof(*m));
	memset(c, 0, sizeof(*c));
	m->msg_iov = v;
	m->msg_iovlen = 1;
	m->msg_control = c->room;
	/* no more than these: the padding's room would take another */
	m->msg_controllen = CMSG_LEN((size_t)n * sizeof(int));
}

ssize_t
rights_send(int sock, const void *p, size_t len, const int *fds, int n,
    int flags)
{
	struct iovec v = { (void *)(uintptr_t)p, len };
	struct msghdr m;
	union control c;
	struct cmsghdr *h;
	ssize_t r;

	message(&m, &v, &c, n);
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	memcpy(CMSG_DATA(h), fds, (size_t)n * sizeof(int));
	while ((r = sendmsg(sock, &m, MSG_NOSIGNAL | flags)) == -1 &&
	    errno == EINTR)
		;
	return r;
}

ssize_t
rights_recv(int sock, void *p, size_t len, int *fds, int n, int flags)
{
	struct iovec v = { p, len };
	struct msghdr m;
	union control c;
	struct cmsghdr *h;
	size_t came = 0;
	ssize_t r;
	int i;

	for (i = 0; i < n; i++)
		fds[i] = -1;
	message(&m, &v, &c, n);
	while ((r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | flags)) == -1 &&
	    errno == EINTR)
		;
	if (r == -1)
		return -1;
	if ((h = CMSG_FIRSTHDR(&m)) == NULL || h->cmsg_level != SOL_SOCKET ||
	    h->cmsg_type != SCM_RIGHTS || h->cmsg_len < CMSG_LEN(0))
		return r;
	came = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (came > (size_t)n)
		came = (size_t)n;
	memcpy(fds, CMSG_DATA(h), came * sizeof(int));
	for (i = 0; i < (int)came; i++)
		if (MSG_CMSG_CLOEXEC == 0)
			io_cloexec(fds[i], 1);
	if (came == (size_t)n && (m.msg_flags & MSG_CTRUNC) == 0)
		return r;
	for (i = 0; i < (int)came; i++) {
		close(fds[i]);
		fds[i] = -1;
	}
	errno = EPROTO;
	return -1;
}
