/* unixcat PATH: what is read goes there, what comes back is written. */
#include <sys/socket.h>

#include <unistd.h>

#include "io.h"
#include "sock.h"

int
main(int argc, char *argv[])
{
	char b[4096];
	ssize_t n;
	int fd;

	if (argc != 2 || (fd = sock_connect(argv[1])) == -1)
		return 1;
	while ((n = read(STDIN_FILENO, b, sizeof(b))) > 0)
		if (send(fd, b, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, b, sizeof(b))) > 0)
		if (io_writeall(STDOUT_FILENO, b, (size_t)n) == -1)
			return 1;
	return 0;
}
