#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "throttle.h"

int
throttle(const char *dir, const char *name, int max, int seconds)
{
	char *path, *line, *next;
	struct buf old = BUF_INIT, new = BUF_INIT;
	long long now = (long long)time(NULL), t;
	int fd, n = 0, rc = -1;

	path = xasprintf("%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	free(path);
	if (fd == -1)
		return 1;
	while ((rc = flock(fd, LOCK_EX)) == -1 && errno == EINTR)
		;
	if (rc == 0)
		rc = io_slurp(fd, &old, 64 * 1024);
	for (line = rc == 0 ? buf_str(&old) : NULL;
	    line != NULL && *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (num_parse(line, 0, LLONG_MAX, &t) == 0 &&
		    t > now - seconds && t <= now) {
			buf_printf(&new, "%lld\n", t);
			n++;
		}
	}
	buf_printf(&new, "%lld\n", now);
	if (rc == 0 && n < max && (new.bad || ftruncate(fd, 0) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1 ||
	    io_writeall(fd, new.p, new.len) == -1))
		rc = -1;
	close(fd);
	buf_free(&old);
	buf_free(&new);
	return rc == -1 || n >= max;
}
