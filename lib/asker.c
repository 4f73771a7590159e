#include <sys/wait.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "asker.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "rec.h"
#include "sidekick.h"
#include "status.h"
#include "workspace.h"

/* ---- questions ----------------------------------------------------------- */

/*
 * aipod-approve takes the subject on standard input and answers with a record:
 * the choice and the user's words.
 */
static int
approve(const struct workspace *w, const char *subject, char choice[16],
    char why[JUDGE_WHY])
{
	struct argv v = ARGV_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *tool, *f[2] = { NULL, NULL };
	int rc;

	choice[0] = why[0] = '\0';
	if ((tool = conf_tool("aipod-approve")) == NULL)
		return -1;
	argv_add(&v, tool);
	argv_add(&v, "--kind");
	argv_add(&v, "host");
	argv_add(&v, "--workdir");
	argv_add(&v, w->path);
	buf_puts(&in, subject);
	rc = child_capture(v.v, &in, &out, 65536);
	if (rc != -1 && buf_str(&out) != NULL) {
		out.p[strcspn(out.p, "\n")] = '\0';
		if (rec_split(out.p, f, 2) >= 1 && f[0] != NULL)
			snprintf(choice, 16, "%s", f[0]);
		if (f[1] != NULL)
			snprintf(why, JUDGE_WHY, "%s", f[1]);
	}
	argv_free(&v);
	buf_free(&in);
	buf_free(&out);
	free(tool);
	return rc;
}

/* What it says has been done by then: the record and the rule. */
static enum asker_answer
ask(const struct workspace *w, const struct asker_question *q,
    char why[JUDGE_WHY])
{
	char subject[NAME_HOST_MAX + 8], choice[16];
	int rc;

	snprintf(subject, sizeof(subject), "%s:%d", q->name, q->port);
	rc = approve(w, subject, choice, why);
	if (rc == ST_YES && strcmp(choice, "once") == 0)
		return ASKER_ONCE;
	if (rc == ST_YES && strncmp(choice, "always", 6) == 0)
		return ASKER_ALWAYS;
	return rc == ST_NO ? ASKER_NO : ASKER_FAILED;
}

struct asking {
	pid_t		pid;
	unsigned	id;
};

static int
reply(int fd, unsigned id, enum asker_answer answer, const char *why)
{
	struct asker_reply r;

	memset(&r, 0, sizeof(r));
	r.id = id;
	r.answer = answer;
	snprintf(r.why, sizeof(r.why), "%s", why);
	return io_writeall(fd, &r, sizeof(r));
}

/* A process that was killed has given no answer. */
static void
reap(int fd, struct asking *a, int *n)
{
	pid_t pid;
	int i, status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < *n; i++)
			if (a[i].pid == pid) {
				if (status != 0)
					reply(fd, a[i].id, ASKER_FAILED, "");
				a[i] = a[--*n];
			}
}

static void
serve_questions(int fd, void *arg)
{
	struct asking a[ASKER_QUESTIONS];
	struct asker_question q;
	struct pollfd p = { fd, POLLIN, 0 };
	char why[JUDGE_WHY];
	enum asker_answer answer;
	int n = 0;
	pid_t pid;

	for (;;) {
		reap(fd, a, &n);
		if (poll(&p, 1, n > 0 ? 500 : -1) < 1)
			continue;
		if (io_readfull(fd, &q, sizeof(q)) != (ssize_t)sizeof(q))
			break;
		q.name[sizeof(q.name) - 1] = '\0';
		pid = n < ASKER_QUESTIONS ? fork() : -1;
		if (pid == 0) {
			answer = ask(arg, &q, why);
			_exit(reply(fd, q.id, answer, why) == -1);
		}
		if (pid == -1)
			reply(fd, q.id, ASKER_FAILED, "");
		else
			a[n++] = (struct asking){ pid, q.id };
	}
	_exit(0);
}

int
asker_start(struct workspace *w)
{
	return sidekick_start(serve_questions, w);
}
