#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "buf.h"
#include "check.h"
#include "child.h"

static char sh[] = "/bin/sh", c[] = "-c";

static int
shell(const char *script)
{
	char *v[] = { sh, c, (char *)(size_t)script, NULL };

	return child_run(v);
}

static int
capture(const char *script, const struct buf *in, struct buf *out, size_t max)
{
	char *v[] = { sh, c, (char *)(size_t)script, NULL };

	return child_capture(v, in, out, max);
}

static void
check_capture(void)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	size_t i;

	CHECK(capture("cat; exit 3", NULL, &out, 100) == 3 && out.len == 0);
	/* more than any pipe holds, both ways at once */
	for (i = 0; i < 1000000; i++)
		buf_addc(&in, (int)(i * 31 % 251));
	CHECK(capture("cat", &in, &out, in.len) == 0);
	CHECK(out.len == in.len && memcmp(in.p, out.p, in.len) == 0);
	buf_clear(&out);
	errno = 0;
	CHECK(capture("cat; sleep 100", &in, &out, in.len - 1) == -1);
	CHECK(errno == EMSGSIZE && out.len < in.len);
	/* who does not read all is no error, nor kills us by SIGPIPE */
	buf_clear(&out);
	CHECK(capture("head -c 1 >/dev/null; echo no", &in, &out, 10) == 0);
	CHECK(out.len == 3);
	/* the bound is for what is added */
	CHECK(capture("printf 12345", NULL, &out, 5) == 0 && out.len == 8);
	buf_free(&in);
	buf_free(&out);
}

static void
check_descriptors(void)
{
	char script[] = "echo out; echo err >&2; cat", text[64];
	char *v[] = { sh, c, script, NULL };
	int p[2], q[2], in, r;
	pid_t pid;

	/* out as the child's err and err as its out: neither overwritten */
	CHECK(pipe(p) == 0 && pipe(q) == 0);
	for (r = 0; r < 2; r++) {
		fcntl(p[r], F_SETFD, FD_CLOEXEC);
		fcntl(q[r], F_SETFD, FD_CLOEXEC);
	}
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid = child_start(v, in, p[1], q[1]);
	CHECK(pid > 0 && child_wait(pid) == 0);
	close(p[1]);
	close(q[1]);
	CHECK(read(p[0], text, sizeof(text)) == 4 && memcmp(text, "out\n", 4) == 0);
	CHECK(read(q[0], text, sizeof(text)) == 4 && memcmp(text, "err\n", 4) == 0);
	close(p[0]);
	close(q[0]);
	close(in);
}

/* With standard input closed, pipes take descriptor 0. */
static void
check_closed(void)
{
	struct buf out = BUF_INIT;
	int keep = fcntl(0, F_DUPFD_CLOEXEC, 10);

	close(0);
	CHECK(capture("cat; echo here", NULL, &out, 100) == 0 && out.len == 5);
	if (keep != -1) {
		dup2(keep, 0);
		close(keep);
	}
	buf_free(&out);
}

int
main(void)
{
	char gone[] = "/nonexistent/program", dir[] = "/", name[] = "no-such-x";
	char *v[] = { gone, NULL }, *w[] = { dir, NULL }, *x[] = { name, NULL };
	sigset_t set;

	CHECK(shell("exit 0") == 0);
	CHECK(shell("exit 7") == 7);
	CHECK(shell("kill -TERM $$") == 128 + SIGTERM);
	CHECK(shell("kill -KILL $$") == 128 + SIGKILL);
	CHECK(child_run(v) == 127);
	CHECK(child_run(w) == 126);
	CHECK(child_run(x) == 127);
	CHECK(child_wait(-5) == -1);
	/* what is ignored or blocked here is not in the child */
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(shell("kill -TERM $$; exit 0") == 128 + SIGTERM);
	check_capture();
	check_descriptors();
	check_closed();
	return failed;
}
