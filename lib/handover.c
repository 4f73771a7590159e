#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "handover.h"
#include "rights.h"

int
handover_send(int channel, const void *p, size_t n, int fd)
{
	return rights_send(channel, p, n, &fd, 1, MSG_DONTWAIT) ==
	    (ssize_t)n ? 0 : -1;
}

ssize_t
handover_recv(int channel, void *p, size_t n, int *fd)
{
	return rights_recv(channel, p, n, fd, 1, MSG_DONTWAIT);
}

int
handover_good(int fd)
{
	unsigned char state;
	socklen_t len = sizeof(state);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &len) == 0;
}
