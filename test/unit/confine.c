/*
 * Try, under lib/confine, what a parser that was taken over would try.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"

static int failed;

static void
refused(const char *what, long rc)
{
	if (rc == -1 && (errno == EPERM || errno == EACCES))
		return;
	printf("%s: not refused (%ld)\n", what, rc);
	failed = 1;
}

static void
tries(int fd, int dir)
{
	static char *argv[] = { (char *)"/bin/sh", NULL };
	struct sockaddr_in sin = { .sin_family = AF_INET };

	refused("open to read", open("/etc/passwd", O_RDONLY));
	refused("open to write", open("/tmp/x", O_WRONLY | O_CREAT, 0600));
	refused("openat", openat(dir, "etc", O_RDONLY));
	refused("unlink", unlink("/tmp/nothing"));
	refused("mkdir", mkdtemp((char[]){ "/tmp/confineXXXXXX" }) ? 0 : -1);
	refused("execve", execve(argv[0], argv, argv + 1));
	refused("fork", fork());
	refused("socket", socket(AF_INET, SOCK_STREAM, 0));
	refused("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }));
	refused("connect", connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	refused("kill", kill(getppid(), 0));
	refused("chdir", chdir("/tmp"));
	refused("dup2", dup2(fd, 0));
}

int
main(void)
{
	int got, fd, dir;
	char c;

	dir = open("/", O_RDONLY | O_DIRECTORY);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 || dir == -1)
		return 111;
	if ((got = confine_server()) == -1) {
		perror("confine");
		return 111;
	}
	if ((got & CONFINE_CALLS) == 0) {
		printf("no seccomp filter on this machine\n");
		return 99;
	}
	tries(fd, dir);
	if (read(dir, &c, 1) != -1 || errno != EISDIR)
		failed = 1;
	return failed;
}
