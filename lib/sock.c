#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "sock.h"

static int
address(struct sockaddr_un *sun, const char *name)
{
	size_t n = strlen(name);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (n >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun->sun_path, name, n);
	return 0;
}

static int
make(void)
{
	int fd;

	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1)
		io_cloexec(fd, 1);
	return fd;
}

/* Call with the working directory changed to dir; errno is kept. */
static int
inside(const char *dir, const char *name,
    int (*call)(int, const struct sockaddr *, socklen_t), int fd)
{
	struct sockaddr_un sun;
	int back, rc = -1, saved;

	if (address(&sun, name) == -1)
		return -1;
	if ((back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if (chdir(dir) == 0)
		rc = call(fd, (struct sockaddr *)&sun, sizeof(sun));
	saved = errno;
	if (fchdir(back) == -1)
		rc = -1;
	close(back);
	errno = saved;
	return rc;
}

/*
 * Bound and listening under another name first: who watches the directory
 * would otherwise find a socket that still refuses.
 */
int
sock_listen_at(const char *dir, const char *name, int backlog)
{
	char early[64];
	mode_t mask;
	int dirfd, fd, rc, saved;

	if (snprintf(early, sizeof(early), ".%ld.new", (long)getpid()) < 0 ||
	    (dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if ((fd = make()) == -1) {
		close(dirfd);
		return -1;
	}
	mask = umask(0177);
	rc = inside(dir, early, bind, fd);
	umask(mask);
	if (rc == 0) {
		if ((rc = listen(fd, backlog)) == 0)
			rc = linkat(dirfd, early, dirfd, name, 0);
		saved = errno == EEXIST ? EADDRINUSE : errno;
		unlinkat(dirfd, early, 0);
		errno = saved;
	}
	saved = errno;
	close(dirfd);
	if (rc == -1) {
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
sock_connect(const char *path)
{
	struct sockaddr_un sun;
	char *dir, *slash;
	int fd, rc, saved;

	if ((fd = make()) == -1)
		return -1;
	if (address(&sun, path) == 0)
		rc = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	else {
		dir = xstrdup(path);
		if ((slash = strrchr(dir, '/')) == NULL) {
			rc = -1;
		} else {
			*slash = '\0';
			rc = inside(dir, slash + 1, connect, fd);
		}
		free(dir);
	}
	if (rc == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}
