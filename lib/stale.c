#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "session.h"
#include "stale.h"

static int
open_commands(const struct workspace *w)
{
	int fd[3] = { -1, -1, -1 }, flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int saved;

	fd[0] = open(w->path, flags);
	if (fd[0] != -1)
		fd[1] = openat(fd[0], ".aipod", flags | O_NOFOLLOW);
	if (fd[1] != -1)
		fd[2] = openat(fd[1], "commands", flags | O_NOFOLLOW);
	saved = errno;
	close(fd[0]);
	close(fd[1]);
	errno = saved;
	return fd[2];
}

static int
is_old(int dirfd, const char *name, long age)
{
	struct stat st;

	return is_hex(name, SESSION_ID - 1) &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) && time(NULL) - st.st_mtime >= age;
}

int
stale_list(const struct workspace *w, long age, struct stale **out)
{
	const struct session *found;
	struct session *s;
	struct dirent *e;
	DIR *d;
	int fd, i, kept = 0, n = 0, ns;

	*out = NULL;
	if ((fd = open_commands(w)) == -1)
		return -1;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return -1;
	}
	while ((e = readdir(d)) != NULL)
		if (is_old(fd, e->d_name, age)) {
			*out = xreallocarray(*out, (size_t)n + 1,
			    sizeof(**out));
			memcpy((*out)[n++].session, e->d_name, SESSION_ID);
		}
	closedir(d);
	/* a session is there before its output: list the sessions last */
	if ((ns = sessions_list(w->hash, &s)) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		found = sessions_find(s, ns, w->hash, (*out)[i].session);
		if (found == NULL || !found->alive)
			(*out)[kept++] = (*out)[i];
	}
	sessions_free(s, ns);
	return kept;
}

char *
stale_path(const struct workspace *w, const struct stale *s)
{
	return xasprintf("%s/.aipod/commands/%s", w->path, s->session);
}

int
stale_remove(const struct workspace *w, const struct stale *s)
{
	int fd = open_commands(w), rc, saved;

	if (fd == -1)
		return -1;
	rc = io_remove(fd, s->session);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}
