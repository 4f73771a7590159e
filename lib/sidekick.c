#include <sys/types.h>
#include <sys/socket.h>

#include <signal.h>
#include <unistd.h>

#include "io.h"
#include "sidekick.h"

#define INHERITED	256		/* descriptors looked at */

int
sidekick_start(void (*serve)(int fd, void *arg), void *arg)
{
	int i, sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		return -1;
	io_cloexec(sv[0], 1);
	io_cloexec(sv[1], 1);
	if ((pid = fork()) == -1) {
		close(sv[0]);
		close(sv[1]);
		return -1;
	}
	if (pid != 0) {
		close(sv[1]);
		return sv[0];
	}
	for (i = STDERR_FILENO + 1; i < INHERITED; i++)
		if (i != sv[1])
			close(i);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	serve(sv[1], arg);
	_exit(0);
}
