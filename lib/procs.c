#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "mem.h"
#include "procs.h"

struct proc {
	pid_t	pid;
	pid_t	parent;
	int	below;		/* a descendant */
};

void
procs_noop(int sig)
{
	(void)sig;
}

/* The parent of a process, -1 when it is gone or only waits to be reaped. */
static pid_t
parent_of(const char *pid)
{
	struct buf b = BUF_INIT;
	char *path = xasprintf("/proc/%s/stat", pid), *p;
	long parent = -1;
	char state;

	/* the name, in parentheses, may hold anything */
	if (io_slurp_at(AT_FDCWD, path, &b, 4096) == 0 && buf_str(&b) != NULL &&
	    (p = strrchr(b.p, ')')) != NULL &&
	    (sscanf(p, ") %c %ld", &state, &parent) != 2 || state == 'Z'))
		parent = -1;
	buf_free(&b);
	free(path);
	return (pid_t)parent;
}

static int
list(struct proc **out)
{
	struct dirent *e;
	DIR *d = opendir("/proc");
	struct proc *v = NULL;
	int n = 0, cap = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 256;
			v = xreallocarray(v, (size_t)cap, sizeof(*v));
		}
		v[n].pid = (pid_t)strtol(e->d_name, NULL, 10);
		v[n].parent = parent_of(e->d_name);
		v[n++].below = 0;
	}
	if (d != NULL)
		closedir(d);
	*out = v;
	return n;
}

int
procs_signal(pid_t top, int sig)
{
	struct proc *v;
	int i, j, n = list(&v), found = 0, more = 1;

	while (more) {
		more = 0;
		for (i = 0; i < n; i++) {
			if (v[i].below || v[i].parent == -1)
				continue;
			for (j = 0; j < n && !(v[j].below &&
			    v[j].pid == v[i].parent); j++)
				;
			if (v[i].parent == top || j < n)
				v[i].below = more = 1;
		}
	}
	for (i = 0; i < n; i++)
		if (v[i].below && v[i].pid != top && kill(v[i].pid, sig) == 0)
			found++;
	free(v);
	return found;
}

void
procs_end(pid_t self)
{
	int status;

	for (;;) {
		procs_signal(self, SIGKILL);
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
		if (waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD)
			return;
		poll(NULL, 0, 20);
	}
}

static int
is_marked(pid_t pid, const char *mark)
{
	struct buf b = BUF_INIT;
	char *path = xasprintf("/proc/%ld/environ", (long)pid), *p;
	int yes = 0;

	if (io_slurp_at(AT_FDCWD, path, &b, 4 * 1024 * 1024) == 0 &&
	    buf_str(&b) != NULL)
		for (p = b.p; p < b.p + b.len && !yes; p += strlen(p) + 1)
			yes = strcmp(p, mark) == 0;
	buf_free(&b);
	free(path);
	return yes;
}

void
procs_kill_marked(const char *mark)
{
	struct proc *v;
	int i, n = list(&v);

	for (i = 0; i < n; i++)
		if (v[i].pid != getpid() && v[i].parent != -1 &&
		    is_marked(v[i].pid, mark))
			kill(v[i].pid, SIGKILL);
	free(v);
}
