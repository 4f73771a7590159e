#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "io.h"
#include "status.h"
#include "task.h"

static void
become(char *const *v, char *env, int out)
{
	static const int sigs[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE,
	    SIGCHLD, SIGTSTP, SIGWINCH, SIGSEGV, SIGBUS, SIGABRT, SIGFPE,
	    SIGILL, SIGALRM, SIGUSR1, SIGUSR2 };
	sigset_t none;
	size_t i;
	int in;

	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		signal(sigs[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	if ((in = open("/dev/null", O_RDONLY)) == -1 || dup2(in, 0) == -1 ||
	    dup2(out, 1) == -1 || dup2(out, 2) == -1)
		_exit(ST_SYS);
	if (in > 2)
		close(in);
	if (env != NULL)
		putenv(env);
	execvp(v[0], v);
	_exit(errno == ENOENT ? ST_NOTFOUND : ST_NOEXEC);
}

int
task_start(struct task *t, char *const *v, char *env)
{
	sigset_t all, old;
	int p[2];

	task_kill(t);
	if (pipe(p) == -1)
		return -1;
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	io_nonblock(p[0], 1);
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	if ((t->pid = fork()) == 0)
		become(v, env, p[1]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(p[1]);
	if (t->pid == -1) {
		t->pid = 0;
		close(p[0]);
		return -1;
	}
	setpgid(t->pid, t->pid);
	t->fd = p[0];
	return 0;
}

int
task_read(struct task *t)
{
	char s[8192];
	ssize_t n;
	size_t room;

	if (t->fd == -1)
		return 0;
	n = read(t->fd, s, sizeof(s));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close(t->fd);
		t->fd = -1;
		return 1;
	}
	room = TASK_OUTPUT_MAX - t->out.len;
	if ((size_t)n > room) {
		n = (ssize_t)room;
		t->cut = 1;
	}
	buf_add(&t->out, s, (size_t)n);
	if (t->cut && t->pid != 0)
		kill(-t->pid, SIGTERM);
	return 1;
}

int
task_reap(struct task *t)
{
	int status, i;

	if (t->pid == 0 || waitpid(t->pid, &status, WNOHANG) != t->pid)
		return 0;
	t->pid = 0;
	t->status = child_status(status);
	/* what it left running may write for ever */
	for (i = 0; i < 64 && task_read(t); i++)
		continue;
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
	return 1;
}

void
task_kill(struct task *t)
{
	if (t->pid != 0) {
		kill(-t->pid, SIGKILL);
		while (waitpid(t->pid, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	if (t->fd != -1)
		close(t->fd);
	t->pid = 0;
	t->fd = -1;
	t->cut = 0;
	t->status = 0;
	buf_clear(&t->out);
}
